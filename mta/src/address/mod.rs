//! L2: addresses of a message: the configuration's rules and maps applied to them.

pub mod expand;
pub mod worker;
