//! Mail itself: envelope, spool, queue, delivery, SMTP, daemon; the program `bangpath`.
//!
//! Modules are layered; one may use its own and lower layers only (tests/layers.rs holds it so).

pub mod address;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod delivery;
pub mod events;
pub mod message;
pub mod protocol;
pub mod queue;
pub mod sys;
