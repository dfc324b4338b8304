//! `R` and `S` lines (RS-022..RS-025).

use nom::bytes::complete::take_while;
use nom::character::complete::{char, multispace0};
use nom::combinator::{opt, recognize};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use super::Directive;
use crate::numbers::strtoul;
use crate::reading::Context;
use crate::text::Piece;
use crate::translate::{CODE, Line, flat, is_space};

/// `Rlhs TAB rhs TAB comment` (RS-022, RS-023).
pub(super) fn rule(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let end = line.view.len();
    let lhs_end = tab_behind(line, 1);
    if !context.in_ruleset {
        context.quoting("missing valid ruleset for \"", &line.text, "\"");
    } else if lhs_end == end {
        context.quoting("invalid rewrite line \"", &line.text, "\" (tab expected)");
    }
    if lhs_end == end {
        return None;
    }
    let rhs_start = behind_tabs(line, lhs_end);
    let rhs_end = tab_behind(line, rhs_start);
    let comment = flat(line.tail(behind_tabs(line, rhs_end)));
    let rhs = line.take(rhs_start, rhs_end);
    let lhs = line.take(1, lhs_end);
    Some(Directive::Rule { lhs, rhs, comment })
}

/// Whether a piece ends a column.
fn is_tab(line: &Line, at: usize) -> bool {
    match line.text.get(at) {
        Some(Piece::Byte(byte)) => *byte == b'\t',
        // A `$` in front of the tab is lost (observed).
        Some(Piece::Macro(name)) => name.as_bytes() == b"\t",
        _ => false,
    }
}

/// Where the next tab from `from` on stands, or the end.
fn tab_behind(line: &Line, from: usize) -> usize {
    let mut at = from;
    while let Some(rest) = line.view.get(at..) {
        let Some(next) = rest.iter().position(|seen| matches!(*seen, b'\t' | CODE)) else { break };
        at += next;
        if is_tab(line, at) {
            return at;
        }
        at += 1;
    }
    line.view.len()
}

/// Where the tabs from `from` on end.
fn behind_tabs(line: &Line, from: usize) -> usize {
    (from..line.view.len()).find(|at| !is_tab(line, *at)).unwrap_or(line.view.len())
}

/// A ruleset's name: a letter, then letters, digits and `_`.
fn word(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let letter = nom::bytes::complete::take_while_m_n(1, 1, |b: u8| b.is_ascii_alphabetic());
    recognize(pair(letter, take_while(|b: u8| b.is_ascii_alphanumeric() || b == b'_'))).parse(input)
}

/// How much of a refused name is shown (observed).
const SHOWN: usize = 20;

/// The name or number at `from`, as name or decimal digits, and where it ends: `010` is 10, and
/// `0x10` is 0 (observed).
fn word_at(line: &Line, from: usize) -> Option<(Vec<u8>, usize)> {
    let input = line.view.get(from..).unwrap_or_default();
    if input.first().is_some_and(u8::is_ascii_digit) {
        let (number, used) = strtoul(input, 10);
        return Some((number.to_string().into_bytes(), from + used));
    }
    let (rest, name) = word(input).ok()?;
    Some((name.to_vec(), line.view.len() - rest.len()))
}

/// The plain bytes from `from` on; none when an operator stands first, where the oracle expands
/// macros and shows what is left.
fn plain_tail(line: &Line, from: usize) -> Vec<Piece> {
    let tail = line.tail(from);
    if !matches!(tail.first(), Some(Piece::Byte(_))) {
        return Vec::new();
    }
    let byte = |piece: &&Piece| matches!(piece, Piece::Byte(_));
    let mut plain: Vec<Piece> = tail.iter().filter(byte).cloned().collect();
    while matches!(plain.last(), Some(Piece::Byte(b)) if is_space(*b)) {
        plain.pop();
    }
    plain
}

/// The ruleset a header check names.
pub(super) fn checked_ruleset(line: &Line, from: usize, context: &mut Context) -> Option<Vec<u8>> {
    if let Some((name, _)) = word_at(line, from) {
        return Some(name);
    }
    let mut shown = plain_tail(line, from);
    shown.truncate(SHOWN);
    context.quoting("invalid ruleset name: \"", &shown, "\"");
    None
}

/// `= number` behind a name.
fn number(input: &[u8]) -> IResult<&[u8], Option<char>> {
    preceded(multispace0, opt(pair(char('='), multispace0).map(|(c, _)| c))).parse(input)
}

/// Numbers of rulesets are below this (RS-025).
const MAX_NUMBER: u64 = 100;

/// `Sname`, `Sn`, `Sname=n` (RS-024). Macros may stand in it; what is wrong with it the loader tells
/// (RS-025), who has expanded them.
pub(super) fn ruleset(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let text = line.tail(1).to_vec();
    // Of what a macro stands for nothing is known here.
    context.in_ruleset = line.view.contains(&CODE) || names_a_ruleset(line);
    Some(Directive::Ruleset(text))
}

fn names_a_ruleset(line: &Line) -> bool {
    let input = line.view.get(1..).unwrap_or_default();
    let start = 1 + input.iter().take_while(|b| is_space(**b)).count();
    let Some((name, end)) = word_at(line, start) else { return false };
    let in_range = |digits: &[u8]| {
        digits.first().is_some_and(u8::is_ascii_digit) && strtoul(digits, 10).0 < MAX_NUMBER
    };
    if name.first().is_some_and(u8::is_ascii_digit) {
        return in_range(&name);
    }
    let rest = line.view.get(end..).unwrap_or_default();
    match number(rest) {
        Ok((value, Some(_))) => in_range(value),
        _ => true,
    }
}
