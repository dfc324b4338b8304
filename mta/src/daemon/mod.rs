//! L6: what owns tasks and processes: taking messages in, attempts to deliver, queue runs, listeners.

pub mod attempt;
mod collect;
mod header_host;
pub mod intake;
pub mod log_sink;
mod names;
mod outgoing;
pub mod post;
pub mod queue_run;
mod reports;
pub mod settings;
