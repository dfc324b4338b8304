//! `R` and `S` lines (RS-022..RS-025).

use nom::bytes::complete::take_while;
use nom::character::complete::{char, multispace0};
use nom::combinator::{opt, recognize};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use super::{Directive, RulesetLine};
use crate::numbers::strtoul;
use crate::reading::Context;
use crate::text::Piece;
use crate::translate::{Line, flat, is_space};

/// `Rlhs TAB rhs TAB comment` (RS-022, RS-023).
pub(super) fn rule(line: &Line, context: &mut Context) -> Option<Directive> {
    let is_tab = |piece: &Piece| match piece {
        // A `$` in front of the tab is lost (observed).
        Piece::Macro(name) => name.as_bytes() == b"\t",
        piece => *piece == Piece::Byte(b'\t'),
    };
    let body = line.tail(1);
    let Some(tab) = body.iter().position(is_tab) else {
        // A rule without a ruleset is told of only once (RS-027); of those with a tab the loader
        // tells, which knows more about rulesets.
        if context.in_ruleset {
            context.quoting("invalid rewrite line \"", &line.text, "\" (tab expected)");
        } else {
            context.quoting("missing valid ruleset for \"", &line.text, "\"");
        }
        return None;
    };
    let (lhs, rest) = body.split_at(tab);
    let start = rest.iter().position(|p| !is_tab(p)).unwrap_or(rest.len());
    let rest = rest.get(start..).unwrap_or_default();
    let end = rest.iter().position(is_tab).unwrap_or(rest.len());
    let (rhs, comment) = rest.split_at(end);
    let blanks = comment.iter().take_while(|p| is_tab(p)).count();
    let comment = flat(comment.get(blanks..).unwrap_or_default());
    Some(Directive::Rule { lhs: lhs.to_vec(), rhs: rhs.to_vec(), comment })
}

/// A ruleset's name: a letter, then letters, digits and `_`.
fn word(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let letter = nom::bytes::complete::take_while_m_n(1, 1, |b: u8| b.is_ascii_alphabetic());
    recognize(pair(letter, take_while(|b: u8| b.is_ascii_alphanumeric() || b == b'_'))).parse(input)
}

/// The name or number at `from`, as name or decimal digits, and where it ends. Numbers are read in
/// C's manner: `010` is 8 (observed).
pub(super) fn ruleset_word(
    line: &Line,
    from: usize,
    context: &mut Context,
) -> Option<(Vec<u8>, usize)> {
    let input = line.view.get(from..).unwrap_or_default();
    if input.first().is_some_and(u8::is_ascii_digit) {
        let (number, used) = strtoul(input, 0);
        return Some((number.to_string().into_bytes(), from + used));
    }
    if let Ok((rest, name)) = word(input) {
        return Some((name.to_vec(), line.view.len() - rest.len()));
    }
    // The oracle expands macros here, and shows what is left of the text.
    let plain: Vec<Piece> =
        line.tail(from).iter().filter(|p| matches!(p, Piece::Byte(_))).cloned().collect();
    let shown = if line.text.get(from).is_some_and(|p| !matches!(p, Piece::Byte(_))) {
        &[]
    } else {
        &plain[..]
    };
    context.quoting("invalid ruleset name: \"", shown, "\"");
    None
}

/// `= number` behind a name.
fn number(input: &[u8]) -> IResult<&[u8], Option<char>> {
    preceded(multispace0, opt(pair(char('='), multispace0).map(|(c, _)| c))).parse(input)
}

/// Numbers of rulesets are below this (RS-025).
const MAX_NUMBER: u64 = 100;

/// `Sname`, `Sn`, `Sname=n` (RS-024, RS-025). A line with an error still ends the ruleset before
/// it: it gives an empty name. Whether a number is below 100 is told by the loader.
pub(super) fn ruleset(line: &Line, context: &mut Context) -> Option<Directive> {
    let read = named_ruleset(line, context);
    let number = read.as_ref().map(|r| r.number.as_ref().unwrap_or(&r.name));
    let small = number.is_some_and(|n| {
        !n.first().is_some_and(u8::is_ascii_digit) || strtoul(n, 10).0 < MAX_NUMBER
    });
    context.in_ruleset = small;
    Some(Directive::Ruleset(read.unwrap_or(RulesetLine { name: Vec::new(), number: None })))
}

fn named_ruleset(line: &Line, context: &mut Context) -> Option<RulesetLine> {
    let input = line.view.get(1..).unwrap_or_default();
    let start = 1 + input.iter().take_while(|b| is_space(**b)).count();
    let (name, end) = ruleset_word(line, start, context)?;
    let rest = line.view.get(end..).unwrap_or_default();
    let digits = name.first().is_some_and(u8::is_ascii_digit);
    let (rest, equals) = number(rest).unwrap_or((rest, None));
    if digits || equals.is_none() {
        return Some(RulesetLine { name, number: None });
    }
    if !rest.first().is_some_and(u8::is_ascii_digit) {
        // The oracle has cut the line behind the name when a blank stood there, and has expanded
        // the macros.
        let blank = line.view.get(end) != Some(&b'=');
        let quoted = if blank { line.slice(start, end) } else { line.tail(start) };
        let quoted: Vec<Piece> =
            quoted.iter().filter(|p| matches!(p, Piece::Byte(_))).cloned().collect();
        context.quoting("bad ruleset definition \"", &quoted, "\" (number required after `=')");
        return None;
    }
    let number = strtoul(rest, 0).0.to_string().into_bytes();
    Some(RulesetLine { name, number: Some(number) })
}
