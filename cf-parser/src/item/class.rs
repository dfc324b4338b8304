//! `C` and `F` lines.

use nom::bytes::complete::{tag, take_till};
use nom::character::complete::multispace0;
use nom::combinator::{consumed, opt};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use super::{ClassSource, Directive};
use crate::reading::Context;
use crate::text::{Piece, Text};
use crate::translate::{Line, is_space};

/// `Cx words` (CF-014).
pub(super) fn class(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let (name, from) = context.name(line, 1)?;
    Some(Directive::Class { name, words: line.tail(from).to_vec() })
}

/// Blanks, a word beginning `-o` if there is one, blanks (CF-050).
fn flag(input: &[u8]) -> IResult<&[u8], Option<&[u8]>> {
    let word = pair(tag(&b"-o"[..]), take_till(is_space));
    preceded(multispace0, pair(opt(consumed(word)), multispace0))
        .map(|(flag, _)| flag.map(|(text, _)| text))
        .parse(input)
}

/// `Fx…` (CF-048..CF-056).
pub(super) fn source(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let (name, from) = context.name(line, 1)?;
    let rest = line.view.get(from..).unwrap_or_default();
    let (rest, flag) = flag(rest).unwrap_or((rest, None));
    let start = line.view.len() - rest.len();
    let optional = flag.is_some();
    if let Some(at) = map_mark(rest) {
        let key = line.slice(start, start + at).to_vec();
        let spec = line.tail(start + at + 1).to_vec();
        return Some(Directive::ClassSource {
            name,
            optional,
            source: ClassSource::Lookup { key, spec },
        });
    }
    let Some((file, end)) = word(line, start) else {
        context.quoting("illegal filename '", line.tail(start), "'");
        return None;
    };
    let source = match file.split_first() {
        None => {
            context.error("fileclass: missing file name");
            return None;
        }
        Some((Piece::Byte(b'|'), command)) => {
            ClassSource::Program { command: trimmed(command), format: None }
        }
        Some(_) => ClassSource::File { path: file, format: format(line, end) },
    };
    Some(Directive::ClassSource { name, optional, source })
}

/// Where the `@` of `key@class:spec` stands (CF-055).
fn map_mark(rest: &[u8]) -> Option<usize> {
    if matches!(rest.first(), None | Some(b'/' | b'|')) {
        return None;
    }
    let at = memchr::memchr(b'@', rest)?;
    let spec = rest.get(at + 1..)?;
    let class = memchr::memchr(b':', spec);
    (spec == b"LDAP" || class.is_some_and(|colon| colon > 0)).then_some(at)
}

/// A word up to an unquoted space: quotes are dropped, and so is a backslash before a space, which
/// hides nothing; any other backslash stands for itself (CF-051, observed). `None`: a quote is not
/// closed, or a backslash is the last character.
fn word(line: &Line, start: usize) -> Option<(Text, usize)> {
    let mut text = Text::new();
    let mut quoted = false;
    let mut backslash = false;
    for (at, piece) in line.text.iter().enumerate().skip(start) {
        if backslash && *piece != Piece::Byte(b' ') {
            text.push(Piece::Byte(b'\\'));
        }
        backslash = *piece == Piece::Byte(b'\\');
        match piece {
            Piece::Byte(b'\\') => {}
            Piece::Byte(b'"') => quoted = !quoted,
            Piece::Byte(b' ') if !quoted => return Some((text, at)),
            other => text.push(other.clone()),
        }
    }
    (!quoted && !backslash).then_some((text, line.text.len()))
}

/// A command without a line break at its end, which would only separate words.
fn trimmed(command: &[Piece]) -> Text {
    command.strip_suffix(&[Piece::Byte(b'\n')]).unwrap_or(command).to_vec()
}

/// The format behind the path (CF-049).
fn format(line: &Line, end: usize) -> Option<Text> {
    let rest = line.view.get(end..).unwrap_or_default();
    let skip = rest.iter().position(|b| !is_space(*b))?;
    Some(line.tail(end + skip).to_vec())
}
