//! The machine a configuration is meant for, which need not be this one: what is known of it, and what may be
//! asked of the outside when that does not say.

mod facts;
mod guarded;

pub use facts::{Facts, FactsError, User, zone};
pub use guarded::{Allowed, Guarded, Kind, NotAsked, kind_of_class};
