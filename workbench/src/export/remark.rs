//! What could not be carried over, or not as it was, and why.

use super::features::Feature;
use crate::json::{Value, json, text};

/// A line of the configuration, or of one of its tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file; `None` is the configuration.
    pub file: Option<Vec<u8>>,
    /// The line, from 1; 0 where there are no lines.
    pub line: u32,
}

impl Place {
    /// A line of the configuration.
    #[must_use]
    pub fn cf(line: u32) -> Self {
        Self { file: None, line }
    }

    /// `FILE:LINE`, or the file alone.
    #[must_use]
    pub fn shown(&self, cf: &[u8]) -> Vec<u8> {
        let file = self.file.as_deref().unwrap_or(cf);
        match self.line {
            0 => file.to_vec(),
            line => [file, format!(":{line}").as_bytes()].concat(),
        }
    }
}

/// How much of a thing is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// All of it.
    Left,
    /// It is there, but not quite the same.
    Changed,
}

impl Loss {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Changed => "changed",
        }
    }
}

/// One thing that was not carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it belongs to.
    pub feature: Feature,
    /// How much of it is lost.
    pub loss: Loss,
    /// The setting or entry, as the file has it.
    pub what: Vec<u8>,
    /// Why.
    pub why: Vec<u8>,
    /// Where it stands.
    pub places: Vec<Place>,
}

/// Places shown of one remark.
const SHOWN_PLACES: usize = 5;

impl Remark {
    /// The remark as a line for people; `cf` is what the configuration is called.
    #[must_use]
    pub fn line(&self, cf: &[u8]) -> Vec<u8> {
        let shown = self.places.iter().take(SHOWN_PLACES).map(|place| place.shown(cf));
        let mut places = shown.collect::<Vec<_>>().join(&b", "[..]);
        if self.places.len() > SHOWN_PLACES {
            places.extend(format!(" and {} more", self.places.len() - SHOWN_PLACES).into_bytes());
        }
        let row = self.feature.row();
        let what = if self.what.is_empty() { row.id.as_bytes() } else { &self.what };
        let mut line = places;
        if !line.is_empty() {
            line.extend_from_slice(b": ");
        }
        line.extend_from_slice(what);
        line.extend(format!(" [{}, {}]: ", row.id, self.loss.name()).into_bytes());
        line.extend_from_slice(&self.why);
        line.push(b'\n');
        line
    }

    /// The remark as an object.
    #[must_use]
    pub fn object(&self, cf: &[u8]) -> Value {
        let place = |place: &Place| json!({ "file": text(place.file.as_deref().unwrap_or(cf)), "line": place.line });
        json!({
            "type": "not_carried",
            "feature": self.feature.row().id,
            "loss": self.loss.name(),
            "what": text(&self.what),
            "why": text(&self.why),
            "places": self.places.iter().map(place).collect::<Value>(),
        })
    }
}
