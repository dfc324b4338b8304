//! A store that keeps nothing: for `-bv`, `-bt`, syntax checks and tests of the layers above.

use crate::message::envelope::{Envelope, QueueId};
use crate::queue::store::{Claimed, Draft, Entry, Kind, Place, QueueStore, StoreError};

/// Accepts everything and has nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullStore;

struct NullDraft(QueueId);

fn claimed(id: QueueId, envelope: Envelope) -> Claimed {
    let place = Place { directory: 0, kind: Kind::Normal, id };
    Claimed { place, envelope, body: None, unsafe_owner: false, lock: None }
}

impl Draft for NullDraft {
    fn write(&mut self, _bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit(self: Box<Self>, envelope: Envelope) -> Result<Claimed, StoreError> {
        Ok(claimed(self.0, envelope))
    }
}

impl QueueStore for NullStore {
    fn begin(&self, id: &QueueId, _choice: usize) -> Result<Box<dyn Draft>, StoreError> {
        Ok(Box::new(NullDraft(id.clone())))
    }

    fn split(&self, _from: &Claimed, envelope: Envelope) -> Result<Claimed, StoreError> {
        let id = envelope.id.clone().ok_or(StoreError::NoId)?;
        Ok(claimed(id, envelope))
    }

    fn claim(&self, place: &Place) -> Result<Claimed, StoreError> {
        Err(StoreError::Gone(place.id.clone()))
    }

    fn update(&self, _claimed: &mut Claimed) -> Result<(), StoreError> {
        Ok(())
    }

    fn finish(&self, _claimed: Claimed) -> Result<(), StoreError> {
        Ok(())
    }

    fn set_kind(&self, _claimed: Claimed, _kind: Kind) -> Result<(), StoreError> {
        Ok(())
    }

    fn scan(&self, _kind: Kind) -> Result<Box<dyn Iterator<Item = Entry> + Send + '_>, StoreError> {
        Ok(Box::new(std::iter::empty()))
    }
}
