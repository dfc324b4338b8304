//! L2: the message: envelope, header, body.

pub mod date;
pub mod envelope;
