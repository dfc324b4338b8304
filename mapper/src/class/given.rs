//! Entries in memory that stand in for a map: what is known of the maps of another machine.

use std::collections::HashMap;

use super::{Answer, Class, Common, Env, Request};
use crate::interpolate;

/// Keys, folded as the map folds them, and values.
pub(crate) struct Given {
    entries: HashMap<Vec<u8>, Vec<u8>>,
}

impl Given {
    /// A map of these entries; of a key that comes twice the first counts.
    pub(crate) fn new(common: &Common, entries: &[(Vec<u8>, Vec<u8>)]) -> Self {
        let mut map = HashMap::with_capacity(entries.len());
        for (key, value) in entries {
            map.entry(common.fold(key)).or_insert_with(|| value.clone());
        }
        Self { entries: map }
    }
}

impl Class for Given {
    fn lookup(&mut self, common: &Common, request: Request<'_>, _env: &mut Env<'_>) -> Answer {
        match self.entries.get(&common.fold(request.key)) {
            Some(value) => {
                Answer::Found(interpolate::result(common, request.key, value, request.args))
            }
            None => Answer::MISS,
        }
    }
}
