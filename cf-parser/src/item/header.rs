//! `H` lines (CF-059..CF-065).

use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, multispace0};
use nom::combinator::opt;
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};

use super::rule::checked_ruleset;
use super::{Directive, Header, HeaderAction, HeaderCondition};
use crate::reading::Context;
use crate::text::{Op, Piece};
use crate::translate::{CODE, Line};

/// Flags between question marks; no operator may stand there.
fn flags(input: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited(char('?'), take_while(|b| b != b'?' && b != CODE), char('?')).parse(input)
}

/// One macro between question marks.
fn macro_condition(input: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited(char('?'), tag(&[CODE][..]), char('?')).parse(input)
}

/// A field name: printing characters but blank and colon, then blanks and the colon.
fn field(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let name = take_while1(|b: u8| b.is_ascii_graphic() && b != b':');
    terminated(name, (multispace0, char(':'))).parse(input)
}

fn condition<'a>(line: &Line, input: &'a [u8]) -> Option<(&'a [u8], HeaderCondition)> {
    if input.first() != Some(&b'?') {
        return Some((input, HeaderCondition::Always));
    }
    if let Ok((rest, _)) = macro_condition(input)
        && let Some(Piece::Macro(name)) = line.text.get(2)
    {
        return Some((rest, HeaderCondition::MacroSet(name.clone())));
    }
    let (rest, flags) = flags(input).ok()?;
    Some((rest, HeaderCondition::MailerFlags(flags.to_vec())))
}

/// `H?condition?Name: template` or `$>ruleset`.
pub(super) fn header(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let input = line.view.get(1..).unwrap_or_default();
    let Some((rest, condition)) = condition(line, input) else {
        syntax_error(line, line.view.len(), context);
        return None;
    };
    let Ok((value, name)) = field(rest) else {
        // The oracle has cut the line at the second question mark by now.
        let end = if rest.len() < input.len() {
            line.view.len() - rest.len() - 1
        } else {
            line.view.len()
        };
        syntax_error(line, end, context);
        return None;
    };
    let start = line.view.len() - value.len();
    let action = action(line, start, value, context)?;
    Some(Directive::Header(Header { condition, name: name.to_vec(), action }))
}

fn syntax_error(line: &Line, end: usize, context: &mut Context) {
    context.quoting("header syntax error, line \"", line.slice(1, end), "\"");
}

/// `+` and the blanks in front of the ruleset's name.
fn check(input: &[u8]) -> IResult<&[u8], bool> {
    terminated(opt(char('+')), multispace0).map(|plus| plus.is_some()).parse(input)
}

fn action(line: &Line, start: usize, value: &[u8], context: &mut Context) -> Option<HeaderAction> {
    let blanks = value.iter().take_while(|b| crate::translate::is_space(**b)).count();
    if line.text.get(start + blanks) != Some(&Piece::Op(Op::Call)) {
        return Some(HeaderAction::Template(line.tail(start).to_vec()));
    }
    let behind = value.get(blanks + 1..).unwrap_or_default();
    let (name, keep_comments) = check(behind).unwrap_or((behind, false));
    let ruleset = checked_ruleset(line, line.view.len() - name.len(), context)?;
    Some(HeaderAction::Check { ruleset, keep_comments })
}
