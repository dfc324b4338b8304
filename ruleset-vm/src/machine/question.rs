//! Questions to maps and their answers.

use crate::status::Exit;

/// How a map wants its key made (MAP-019, MAP-020).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyStyle {
    /// `-q`: quotes stay in the key.
    pub keep_quotes: bool,
    /// `-S`: between two atoms; else the blank substitute.
    pub blank: Option<u8>,
    /// Handed on in [`Request::number`].
    pub number: usize,
}

/// What is known of maps without asking them.
pub trait KnownMaps {
    /// How a map's key is made, the same as long as the program is; `None` if there is no such map.
    fn key_style(&self, map: &[u8]) -> Option<KeyStyle>;

    /// Whether the map surely has no answer, whatever the arguments are: it is not asked then.
    fn has_none(&mut self, _question: Question<'_>) -> bool {
        false
    }
}

/// A question to a map without its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The map's name.
    pub map: &'a [u8],
    /// As [`Request::number`].
    pub number: usize,
    /// The key.
    pub key: &'a [u8],
}

/// A question to a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The map's name.
    pub map: Vec<u8>,
    /// The map's number for those who answer, as [`KeyStyle::number`] had it.
    pub number: usize,
    /// The key.
    pub key: Vec<u8>,
    /// `%1` and following.
    pub args: Vec<Vec<u8>>,
}

/// A map's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The value that replaces the construct.
    Found(Vec<u8>),
    /// No entry: default or key.
    NotFound,
    /// Not now: as not found, and the ruleset ends with this status.
    Failed(Exit),
    /// Not now, with a value in its place (RS-068); the ruleset ends with this status.
    Substitute(Vec<u8>, Exit),
}

impl Request {
    /// Asks the map of this name.
    pub(super) fn name(&mut self, map: &[u8], style: KeyStyle) {
        self.map.clear();
        self.map.extend_from_slice(map);
        self.number = style.number;
    }

    /// Makes as many arguments; memory that is not needed goes to `spare`.
    pub(super) fn make_room(&mut self, count: usize, spare: &mut Vec<Vec<u8>>) {
        if self.args.len() != count {
            spare.extend(self.args.drain(count.min(self.args.len())..));
            self.args.resize_with(count, || spare.pop().unwrap_or_default());
        }
    }
}
