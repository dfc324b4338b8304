//! `D`, `E`, `K`, `P`, `T` and `V` lines.

use nom::character::complete::{alpha0, char, digit1, multispace0};
use nom::combinator::opt;
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::Directive;
use crate::munch::munch;
use crate::numbers;
use crate::reading::Context;
use crate::text::{Piece, Text};
use crate::translate::{Line, flat, is_space};

/// Most `P` lines of a file (CF-024, CF-087).
const MAX_PRECEDENCES: usize = 25;

/// The vendor words this build knows (CF-036).
const VENDORS: [&[u8]; 1] = [b"Berkeley"];

/// `Dxvalue` (CF-016).
pub(super) fn define(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let (name, from) = context.name(line, 1)?;
    let (value, _) = munch(line, from, None);
    Some(Directive::Macro { name, value })
}

/// `Ename=value` (CF-017). The name is what stands before the first `=`.
pub(super) fn environment(line: &mut Line, _: &mut Context) -> Option<Directive> {
    let equals = line.view.iter().position(|b| *b == b'=');
    let name = flat(line.slice(1, equals.unwrap_or(line.view.len())));
    let value = equals.map(|at| line.tail(at + 1).to_vec());
    Some(Directive::Environment { name, value })
}

/// `K…`: split into words when it is loaded, after macro expansion (MAP-001).
pub(super) fn map(line: &mut Line, _: &mut Context) -> Option<Directive> {
    Some(Directive::Map(line.tail(1).to_vec()))
}

/// `Pname=number` (CF-024).
pub(super) fn precedence(line: &mut Line, context: &mut Context) -> Option<Directive> {
    if context.precedences >= MAX_PRECEDENCES {
        context.error(format!("too many P lines, {MAX_PRECEDENCES} max"));
        return None;
    }
    let Some(equals) = line.view.iter().position(|b| *b == b'=') else {
        context.unknown(line);
        return None;
    };
    context.precedences += 1;
    let name = flat(line.slice(1, equals));
    let value = numbers::atoi(line.view.get(equals + 1..).unwrap_or_default());
    Some(Directive::Precedence { name, value: i64::from(value) })
}

/// `Twords` (CF-028): not macro-expanded.
pub(super) fn trusted(line: &mut Line, _: &mut Context) -> Option<Directive> {
    // A blank behind `$=` is no name, but ends the word.
    let blank_name = |piece: &Piece| match piece {
        Piece::Class(name)
        | Piece::NotClass(name)
        | Piece::Deferred(name)
        | Piece::If(name)
        | Piece::Macro(name) => name.as_bytes().iter().all(|byte| is_space(*byte)),
        _ => false,
    };
    let mut words = vec![Text::new()];
    for piece in line.tail(1) {
        let ends = blank_name(piece) || matches!(piece, Piece::Byte(byte) if is_space(*byte));
        if let Some(word) = words.last_mut()
            && !matches!(piece, Piece::Byte(byte) if is_space(*byte))
        {
            word.push(piece.clone());
        }
        if ends {
            words.push(Text::new());
        }
    }
    words.retain(|word| !word.is_empty());
    Some(Directive::Trusted(words))
}

/// Digits, and the letters behind a slash.
type LevelAndVendor<'a> = (&'a [u8], Option<&'a [u8]>);

fn version_grammar(input: &[u8]) -> IResult<&[u8], LevelAndVendor<'_>> {
    preceded(multispace0, (digit1, opt(preceded(char('/'), alpha0)))).parse(input)
}

/// `Vn/vendor` (CF-036). Blanks behind the number end the line; the vendor is its leading letters.
pub(super) fn version(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let argument = line.view.get(1..).unwrap_or_default();
    let Ok((_, (digits, vendor))) = version_grammar(argument) else {
        let shown = context.shown(line.tail(1));
        context.error([b"invalid argument to V line: \"".as_slice(), &shown, b"\""].concat());
        return None;
    };
    let level = numbers::atoi(digits);
    context.level = level;
    if let Some(vendor) =
        vendor.filter(|v| !VENDORS.iter().any(|known| known.eq_ignore_ascii_case(v)))
    {
        context.error([b"invalid V line vendor code: \"".as_slice(), vendor, b"\""].concat());
    }
    Some(Directive::Version { level, vendor: vendor.map(<[u8]>::to_vec) })
}
