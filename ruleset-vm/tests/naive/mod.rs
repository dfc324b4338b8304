//! A second rule engine, written from the operation guide ("R and S -- Rewriting Rules") and from what
//! sendmail 8.17.1.9 was seen doing, not from the engine it judges: byte strings, plain recursion,
//! nothing interned, remembered or skipped. It is slow and meant to be.
//!
//! It reads a part of the language (see [`reader`]) and says so when a file or a run leaves that part.
//! Shared by the property tests beside it and by the fuzz target `program`.

pub(crate) mod applier;
pub(crate) mod compare;
pub(crate) mod matcher;
pub(crate) mod reader;
pub(crate) mod world;

/// A token: its bytes. Dollar operators are the one octet that sendmail holds them in.
pub(crate) type Token = Vec<u8>;

/// The octet of a dollar operator that can stand in a workspace.
pub(crate) fn octet(letter: u8) -> Option<u8> {
    match letter {
        b'#' => Some(0x96),
        b'@' => Some(0x97),
        b':' => Some(0x98),
        b'>' => Some(0x99),
        b'|' => Some(0x9b),
        _ => None,
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// Something outside the part of the language that is understood here.
    NotUnderstood,
    /// Plain backtracking would take too long.
    TooLong,
}
