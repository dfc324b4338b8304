//! `M`, `Q` and `X` lines: a name and `letter=value` fields (ML-001..ML-005, QU-047, MI-001).

use nom::bytes::complete::take_till;
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::terminated;
use nom::{IResult, Parser};

use super::services::{Milter, QueueGroup, Said};
use super::{Directive, Equate};
use crate::diagnostic::Severity;
use crate::munch::munch;
use crate::reading::Context;
use crate::text::{Name, Piece};
use crate::translate::{Line, flat, is_space};

/// How much of a name messages about fields repeat, so that they stay linear in the line.
const NAME_SHOWN: usize = 256;

/// What distinguishes the three lines.
struct Kind {
    /// The field letters.
    letters: &'static [u8],
    /// Message for a line without a name.
    nameless: &'static str,
    /// In front of the name in ``: `=' expected``.
    expected: &'static str,
    /// The line's letter in `Xname: unknown … equate`.
    letter: &'static str,
    /// The word in `unknown … equate`.
    word: &'static str,
}

const MAILER: Kind = Kind {
    letters: b"/ACDEFLMNPQRSTUWmr",
    nameless: "name required for mailer",
    expected: "mailer ",
    letter: "M",
    word: "mailer",
};

const QUEUE: Kind = Kind {
    letters: b"PFINRJr",
    nameless: "name required for queue",
    expected: "queue ",
    letter: "Q",
    word: "queue",
};

const MILTER: Kind = Kind {
    letters: b"SFT",
    nameless: "name required for mail filter",
    expected: "X",
    letter: "X",
    word: "filter",
};

/// `Mname, P=…`
pub(super) fn mailer(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let (name, equates) = read(line, &MAILER, context, |_, _| Vec::new())?;
    Some(Directive::Mailer { name, equates })
}

/// `Qname, P=…` (QU-047, QU-048).
pub(super) fn queue_group(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let mut group = QueueGroup::default();
    let field = |name: &[u8], equate: &Equate| {
        let mut said = Vec::new();
        group.field(name, equate, &mut said);
        said
    };
    let (name, equates) = read(line, &QUEUE, context, field)?;
    if group.path.is_none() && !context.queue_directory {
        context.error("QueueDir must be defined before queue groups");
        return None;
    }
    Some(Directive::QueueGroup { name, equates })
}

/// `Xname, S=…` (MI-001).
pub(super) fn milter(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let mut milter = Milter::default();
    let field = |name: &[u8], equate: &Equate| {
        let mut said = Vec::new();
        milter.field(name, equate, &mut said);
        said
    };
    let (name, equates) = read(line, &MILTER, context, field)?;
    let mut said = Vec::new();
    milter.socket(&name, &equates, &mut said);
    context.say(said);
    if !context.milters.insert(name.to_ascii_lowercase()) {
        // The system error in the text is whatever happened last (observed).
        let text =
            [b"X".as_slice(), &name, b": duplicate filter definition: No such file or directory"];
        context.say(vec![(text.concat(), Severity::Error { exit: 71, fatal: false })]);
        return None;
    }
    Some(Directive::Milter { name, equates })
}

/// The name, and the one character behind it.
fn name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    terminated(take_till(|b| b == b',' || is_space(b)), opt(nom::number::complete::u8)).parse(input)
}

/// Commas and blanks in front of a field.
fn gap(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_till(|b| b != b',' && !is_space(b)).parse(input)
}

/// The name of a field with its `=`, and the blanks in front of its value. Only the first letter
/// of the name counts; a `=` in its place is the letter `=`.
fn field(input: &[u8]) -> IResult<&[u8], u8> {
    let (rest, word) = terminated(take_till(|b| b == b',' || b == b'='), char('=')).parse(input)?;
    let (rest, _) = take_till(|b| !is_space(b)).parse(rest)?;
    Ok((rest, word.first().copied().unwrap_or(b'=')))
}

/// Reads the line; `field_of` is shown each known field and says what is wrong with it.
fn read(
    line: &Line,
    kind: &Kind,
    context: &mut Context,
    mut field_of: impl FnMut(&[u8], &Equate) -> Vec<Said>,
) -> Option<(Vec<u8>, Vec<Equate>)> {
    let input = line.view.get(1..).unwrap_or_default();
    let (mut rest, word) = name(input).unwrap_or((&[], input));
    // A queue group may have an empty name; only a bare `Q` is refused (QU-048).
    if word.is_empty() && (kind.letter != "Q" || input.is_empty()) {
        context.error(kind.nameless);
        return None;
    }
    let name = line.slice(1, 1 + word.len());
    let mut shown = context.shown(name);
    shown.truncate(NAME_SHOWN);
    let mut equates = Vec::new();
    while !rest.is_empty() {
        let Ok((start, _)) = gap(rest) else { break };
        let at = line.view.len() - start.len();
        let Ok((value, letter)) = field(start) else {
            context.quoting(kind.expected, name, ": `=' expected");
            return None;
        };
        let from = line.view.len() - value.len();
        let (text, end) = munch(line, from, Some(b','));
        if kind.letters.contains(&letter) {
            let span = context.span_at(line, from);
            let equate = Equate { letter, value: text, span };
            context.say(field_of(&shown, &equate));
            equates.push(equate);
        } else {
            unknown(line, at, kind, &shown, context);
        }
        rest = line.view.get(end..).unwrap_or_default();
    }
    Some((flat(name), equates))
}

fn unknown(line: &Line, at: usize, kind: &Kind, name: &[u8], context: &mut Context) {
    let field = match line.text.get(at) {
        Some(Piece::Byte(byte)) => Piece::Byte(*byte),
        // The oracle sees the code of the operator only.
        _ => Piece::Macro(Name::new(b"")),
    };
    let field = context.shown(&[field]);
    let text = [
        kind.letter.as_bytes(),
        name,
        b": unknown ",
        kind.word.as_bytes(),
        b" equate ",
        &field,
        b"=",
    ];
    // Where it stands tells the loader which of the messages about the line come first.
    let span = context.span_at(line, at);
    context.error_at(span, text.concat());
}
