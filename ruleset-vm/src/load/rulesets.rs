//! Numbers of rulesets: given by the configuration, or from 199 downwards for names (RS-024..026).

use crate::limits::{MAX_NUMBERED, MAX_RULESETS};
use crate::program::Program;

/// Gives out numbers.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    next: usize,
}

impl Default for Numbering {
    fn default() -> Self {
        Self { next: MAX_RULESETS }
    }
}

impl Numbering {
    /// The number for `text`: digits, a name, or `name=number`; names that are new get one. Messages
    /// go to `say`.
    pub(crate) fn number(
        &mut self,
        program: &mut Program,
        text: &[u8],
        say: &mut dyn FnMut(String),
    ) -> Option<usize> {
        let text = trim_start(text);
        let first = text.first().copied().unwrap_or(0);
        if first.is_ascii_digit() {
            return explicit(text, say);
        }
        if !(first.is_ascii_alphabetic() || first == b'_') {
            let shown = String::from_utf8_lossy(&text[..text.len().min(20)]).into_owned();
            say(format!("invalid ruleset name: \"{shown}\""));
            return None;
        }
        let end = text.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let (name, rest) = text.split_at(end);
        let known = program.numbers.get(name).copied();
        let number = match trim_start(rest).strip_prefix(b"=") {
            Some(value) => Some(assigned(text, trim_start(value), say)?),
            None => None,
        };
        let number = match (known, number) {
            (Some(old), Some(new)) if old != new => {
                let shown = String::from_utf8_lossy(name);
                say(format!("{shown}: ruleset changed value (old {old}, new {new})"));
                old
            }
            (Some(old), _) => old,
            (None, Some(new)) => new,
            (None, None) => self.fresh(name, say)?,
        };
        program.numbers.insert(name.to_vec(), number);
        program.shown_names.insert(number, name.to_vec());
        Some(number)
    }

    fn fresh(&mut self, name: &[u8], say: &mut dyn FnMut(String)) -> Option<usize> {
        if self.next <= MAX_NUMBERED {
            let shown = String::from_utf8_lossy(name);
            say(format!("{shown}: too many named rulesets ({MAX_NUMBERED} max)"));
            return None;
        }
        self.next -= 1;
        Some(self.next)
    }
}

/// `S3`: the digits in front count.
fn explicit(text: &[u8], say: &mut dyn FnMut(String)) -> Option<usize> {
    let number = leading_number(text);
    if number >= MAX_NUMBERED {
        say(format!("bad ruleset {number} ({MAX_NUMBERED} max)"));
        return None;
    }
    Some(number)
}

/// `Sname=3`.
fn assigned(whole: &[u8], value: &[u8], say: &mut dyn FnMut(String)) -> Option<usize> {
    let shown = String::from_utf8_lossy(whole);
    if !value.first().is_some_and(u8::is_ascii_digit) {
        say(format!("bad ruleset definition \"{shown}\" (number required after `=')"));
        return None;
    }
    let number = leading_number(value);
    if number >= MAX_NUMBERED {
        say(format!("bad ruleset number {number} in \"{shown}\" ({MAX_NUMBERED} max)"));
        return None;
    }
    Some(number)
}

fn leading_number(text: &[u8]) -> usize {
    text.iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0usize, |n, b| n.saturating_mul(10).saturating_add(usize::from(b - b'0')))
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(text.len());
    &text[start..]
}
