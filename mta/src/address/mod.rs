//! L2: addresses of a message: the configuration's rules and maps applied to them.

pub mod alias_names;
pub mod expand;
pub mod inquiry;
pub mod list;
pub mod list_safety;
pub mod note;
pub mod options;
pub mod sender;
pub mod verify;
mod walk;
pub mod worker;
