//! L6: what owns tasks and processes: taking messages in, attempts to deliver, queue runs, listeners.

pub mod attempt;
pub mod client;
mod collect;
mod compat;
pub mod connection;
pub mod connection_rates;
pub mod dead_letter;
mod header_host;
mod hook_log;
pub mod intake;
pub mod json_sink;
pub mod listener;
pub mod log_sink;
mod names;
mod outgoing;
pub mod pidfile;
pub mod ports;
pub mod post;
pub mod queue_run;
mod reports;
pub mod service;
pub mod settings;
mod smtp_answers;
pub mod smtp_session;
mod smtp_settings;
mod statistics;
mod telling;
