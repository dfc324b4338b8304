//! A document as the editor has it.

use super::position::{Encoding, offset, range};
use crate::json::Value;
use crate::xref::{CrossReference, Places};

/// Largest document, in bytes.
const LARGEST: usize = 64 << 20;

/// Text and what is known of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) text: Vec<u8>,
    pub(super) version: Option<i64>,
    pub(super) reference: CrossReference,
}

impl Document {
    pub(super) fn new(text: Vec<u8>, version: Option<i64>) -> Self {
        let reference = CrossReference::of(&text);
        Self { text, version, reference }
    }

    /// Makes the changes of the editor, one after the other. What cannot be a change is passed over.
    pub(super) fn change(&mut self, changes: &[Value], version: Option<i64>, encoding: Encoding) {
        for change in changes {
            let Some(new) = change.get("text").and_then(Value::as_str) else { continue };
            match change.get("range") {
                None => self.text = new.as_bytes().to_vec(),
                Some(range) => self.splice(range, new.as_bytes(), encoding),
            }
        }
        self.text.truncate(LARGEST);
        self.version = version;
        self.reference = CrossReference::of(&self.text);
    }

    fn splice(&mut self, range: &Value, new: &[u8], encoding: Encoding) {
        let places = Places::of(&self.text);
        let place = |name| offset(&self.text, &places, encoding, range.get(name)?);
        let (Some(start), Some(end)) = (place("start"), place("end")) else { return };
        let end = end.max(start);
        self.text.splice(start..end, new.iter().copied());
    }

    /// The byte that a request points at.
    pub(super) fn offset(&self, parameters: &Value, encoding: Encoding) -> Option<usize> {
        offset(&self.text, &self.reference.places, encoding, parameters.get("position")?)
    }

    /// The range of some bytes.
    pub(super) fn range(&self, bytes: std::ops::Range<usize>, encoding: Encoding) -> Value {
        range(&self.text, &self.reference.places, encoding, bytes)
    }
}
