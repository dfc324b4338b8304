//! L4: protocols and report formats as pure machines and functions; sockets belong to the layers above.

pub mod control;
pub mod dsn;
pub mod lmtp;
pub mod smtp;
