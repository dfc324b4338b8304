//! L3: the queue: control file codec, stores, order of runs, listing.

pub mod codec;
pub mod directory;
pub mod id;
pub mod listing;
pub mod null;
pub mod priority;
pub mod quarantine;
pub mod recovery;
pub mod scheduling;
pub mod selection;
pub mod store;
