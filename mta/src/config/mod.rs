//! L1: the immutable snapshot a daemon runs with: options, mailers, maps, compiled rules.

pub mod default_user;
pub mod dialect_names;
pub mod flags;
pub mod mailer;
pub mod own_names;
pub mod program_environment;
pub mod reading;
pub mod root;
pub mod site;
