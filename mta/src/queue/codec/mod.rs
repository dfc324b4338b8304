//! The text of a control file (qf, hf, Qf): version 8, as sendmail 8.13 to 8.18 write and read it.
//!
//! Source: QU-015 to QU-041, QU-100 to QU-102, QU-112 to QU-114. Pure: files are the store's.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::encode;

/// The version written, and the highest one read (QU-015).
pub const VERSION: u32 = 8;

/// The octet in front of those of a field that would be operators.
const QUOTE: u8 = 0xff;

/// Octets in which sendmail keeps its operators, or that quote them.
fn is_operator(byte: u8) -> bool {
    matches!(byte, 0x80..=0x9f | QUOTE)
}

/// What is wrong with a control file, and in which line (1 for the first).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {damage}")]
pub struct QfError {
    /// The line at which reading stopped.
    pub line: u32,
    /// What is wrong with it.
    pub damage: Damage,
}

/// The kinds of damage; the texts are the oracle's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Written by a later program (QU-015).
    #[error("Version number in queue file ({0}) greater than max ({VERSION})")]
    Version(u32),
    /// A line whose first letter is not known; the line, cut to 100 bytes (QU-038).
    #[error("bad line \"{}\"", String::from_utf8_lossy(.0))]
    UnknownLine(Vec<u8>),
    /// A `From ` line, which only an attack puts there (QU-025).
    #[error("SECURITY ALERT: bogus qf line \"{}\"", String::from_utf8_lossy(.0))]
    FromLine(Vec<u8>),
    /// Data behind the dot (QU-036).
    #[error("SECURITY ALERT: extra or bogus data in queue file: \"{}\"", String::from_utf8_lossy(.0))]
    ExtraData(Vec<u8>),
    /// No final dot: the file is still being written or was cut (QU-039).
    #[error("incomplete queue file read")]
    Incomplete,
    /// A `d` line that names no directory of the queue; nothing is said but that the file is lost.
    #[error("bogus queue file directory")]
    BodyDirectory,
    /// No `S` line; the oracle's runner aborts on it (QU-112).
    #[error("no sender in queue file")]
    NoSender,
}

/// What is to be done with a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Renamed to Qf, with this reason in the log (QU-114).
    Lose(&'static str),
    /// Left as it is and not worked on (QU-039).
    Skip,
}

impl Damage {
    /// What happens to the file.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Version(_) => Disposition::Lose("unsupported queue file version"),
            Self::UnknownLine(_) => Disposition::Lose("unrecognized line"),
            Self::FromLine(_) | Self::ExtraData(_) => Disposition::Lose("bogus queue line"),
            Self::BodyDirectory => Disposition::Lose("bogus queue file directory"),
            Self::Incomplete | Self::NoSender => Disposition::Skip,
        }
    }
}
