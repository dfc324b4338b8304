//! Files of other vendors' sendmails, line by line put into the language of sendmail 8, so that
//! everything behind knows one language only. What each construct becomes is in [`CONSTRUCTS`].

mod bsd;
mod document;
mod ida;
mod sun;
mod table;

pub use document::dialects_markdown;
pub use table::{CONSTRUCTS, Construct, NOT_RUN};

use crate::{Diagnostic, Span};
use memchr::memchr;

/// Whose sendmail a file was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 4.2BSD, 4.3BSD and sendmail 8 before 8.12.
    Bsd,
    /// `SunOS` and Solaris.
    Sun,
    /// sendmail 5.6x with the IDA enhancements.
    Ida,
}

impl Dialect {
    /// All of them, with the names they are chosen by.
    pub const NAMES: [(&'static str, Self); 3] =
        [("bsd", Self::Bsd), ("ida", Self::Ida), ("sun", Self::Sun)];

    /// The dialect of a name.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Self> {
        let row = Self::NAMES.iter().find(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name));
        row.map(|(_, dialect)| *dialect)
    }

    /// The dialect that a file's `V` line names: `V1/Sun`.
    #[must_use]
    pub fn of_file(bytes: &[u8]) -> Option<Self> {
        logical_lines(bytes).find_map(|line| Self::by_name(version(line)?.1))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let row = Self::NAMES.iter().find(|(_, dialect)| *dialect == self);
        row.map_or("", |(name, _)| name)
    }
}

/// What a file can refer to beside itself.
pub trait NameSpace {
    /// The value of a key in the table `sendmailvars`.
    fn variable(&self, key: &[u8]) -> Option<Vec<u8>>;
    /// The names and aliases of all known hosts.
    fn hosts(&self) -> Vec<Vec<u8>>;
    /// The domain of this host.
    fn domain(&self) -> Vec<u8>;
}

/// A file put into the language of sendmail 8: each line is where it was, what had to be added is
/// at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translation {
    /// The file.
    pub bytes: Vec<u8>,
    /// What is not run.
    pub diagnostics: Vec<Diagnostic>,
}

/// What becomes of a line.
enum Line {
    /// It means the same in sendmail 8.
    Same,
    /// This; with as many line breaks.
    Becomes(Vec<u8>),
    /// It has no meaning any more.
    Nothing,
    /// Leaving it out changes where mail goes; why it is left out.
    NotRun(String),
}

/// Translates a file.
#[must_use]
pub fn translate(dialect: Dialect, bytes: &[u8], names: &dyn NameSpace) -> Translation {
    let mut out = Translation::default();
    let mut sun = sun::Sun::new(names);
    let mut number = 0_u32;
    for line in logical_lines(bytes) {
        let first = number.saturating_add(1);
        let breaks = line.iter().filter(|byte| **byte == b'\n').count();
        let open = usize::from(!line.ends_with(b"\n"));
        number = number.saturating_add(u32::try_from(breaks + open).unwrap_or(u32::MAX));
        let own = match dialect {
            Dialect::Bsd => Line::Same,
            Dialect::Sun => sun.line(line),
            Dialect::Ida => ida::line(line),
        };
        match if let Line::Same = own { bsd::line(line) } else { own } {
            Line::Same => out.bytes.extend_from_slice(line),
            Line::Becomes(text) => out.bytes.extend(text),
            Line::Nothing => comment(line, &mut out.bytes),
            Line::NotRun(why) => {
                comment(line, &mut out.bytes);
                let span = Span { line: first, last_line: number, column: 1 };
                let text = format!("dialect {}: not run: {why}", dialect.name());
                out.diagnostics.push(Diagnostic::error(span, text));
            }
        }
    }
    if dialect == Dialect::Sun {
        let added = sun.definitions();
        if !added.is_empty() && !out.bytes.ends_with(b"\n") {
            out.bytes.push(b'\n');
        }
        out.bytes.extend(added);
    }
    out
}

/// The lines of a file with their continuations, line ends included.
fn logical_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0;
        loop {
            end = memchr(b'\n', &rest[end..]).map_or(rest.len(), |at| end + at + 1);
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (line, behind) = rest.split_at(end);
        rest = behind;
        Some(line)
    })
}

/// Makes each physical line a comment.
fn comment(line: &[u8], out: &mut Vec<u8>) {
    for physical in line.split_inclusive(|byte| *byte == b'\n') {
        out.push(b'#');
        out.extend_from_slice(physical);
    }
}

/// Level and vendor of a `V` line.
fn version(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = line.strip_prefix(b"V")?.trim_ascii();
    let slash = memchr(b'/', text)?;
    Some((&text[..slash], &text[slash + 1..]))
}

/// `text` with `to` for every `from`.
fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests;
