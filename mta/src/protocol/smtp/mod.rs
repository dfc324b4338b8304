//! SMTP and LMTP, both sides, without input or output.

pub mod client;
pub mod server;
