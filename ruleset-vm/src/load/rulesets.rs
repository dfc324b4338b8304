//! Numbers of rulesets: given by the configuration, or from 199 downwards for names (RS-024..026).

use crate::limits::{MAX_NUMBERED, MAX_RULESETS};
use crate::program::{NoRuleset, Program, decimal_number, is_name_byte};

/// Gives out numbers.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    next: usize,
    /// Names whose number was refused.
    unnumbered: Vec<Vec<u8>>,
}

impl Default for Numbering {
    fn default() -> Self {
        Self { next: MAX_RULESETS, unnumbered: Vec::new() }
    }
}

/// What stands at the beginning of a text.
pub(crate) struct Declared<'t> {
    /// The ruleset's number; `None` if it was refused.
    pub(crate) number: Option<usize>,
    /// What follows the name and its number.
    pub(crate) rest: &'t [u8],
}

impl Numbering {
    /// The number for `text`: digits, a name, or `name=number`; names that are new get one. Messages
    /// go to `say`; they show the text as it is written.
    pub(crate) fn number<'t>(
        &mut self,
        program: &mut Program,
        text: &'t [u8],
        say: &mut dyn FnMut(String),
    ) -> Declared<'t> {
        let start = text.trim_ascii_start();
        let text = start;
        let first = start.first().copied().unwrap_or(0);
        if !first.is_ascii_alphabetic() {
            let digits = start.iter().take_while(|b| b.is_ascii_digit()).count();
            let rest = start.get(digits..).unwrap_or_default();
            let number = program.find(start).map_err(|error| say(error.to_string())).ok();
            return Declared { number, rest };
        }
        let end = start.iter().take_while(|b| is_name_byte(**b)).count();
        let (name, rest) = start.split_at(end);
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else {
            return Declared { number: self.named(program, name, None, text, say), rest };
        };
        // A blank behind the name ends what messages show of the text (observed).
        let shown = if rest.first() == Some(&b'=') { text } else { name };
        let value = value.trim_ascii_start();
        let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
        let rest = value.get(digits..).unwrap_or_default();
        let number = match assigned(shown, value, say) {
            Some(number) => self.named(program, name, Some(number), shown, say),
            None => {
                self.unnumbered.push(name.to_vec());
                None
            }
        };
        Declared { number, rest }
    }

    /// To be called at the end: a name whose number was refused still stands for an empty ruleset,
    /// which traces show by its number (observed: given when the name is asked for).
    pub(crate) fn finish(&mut self, program: &mut Program) {
        for name in std::mem::take(&mut self.unnumbered) {
            if !program.numbers.contains_key(&name)
                && let Some(number) = self.fresh(program, &name, &mut |_| {})
            {
                program.numbers.insert(name, number);
            }
        }
    }

    fn named(
        &mut self,
        program: &mut Program,
        name: &[u8],
        number: Option<usize>,
        shown: &[u8],
        say: &mut dyn FnMut(String),
    ) -> Option<usize> {
        let number = match (program.numbers.get(name).copied(), number) {
            (Some(old), Some(new)) if old != new => {
                let shown = String::from_utf8_lossy(shown);
                say(format!("{shown}: ruleset changed value (old {old}, new {new})"));
                old
            }
            (Some(old), _) => old,
            (None, Some(new)) => new,
            (None, None) => self.fresh(program, name, say)?,
        };
        program.numbers.insert(name.to_vec(), number);
        if let Some(place) = program.shown_names.get_mut(number) {
            *place = Some(name.to_vec());
        }
        Some(number)
    }

    fn fresh(
        &mut self,
        program: &mut Program,
        name: &[u8],
        say: &mut dyn FnMut(String),
    ) -> Option<usize> {
        if self.next <= MAX_NUMBERED {
            say(NoRuleset::Refused(name.to_vec()).to_string());
            program.refused.insert(name.to_vec());
            return None;
        }
        self.next -= 1;
        Some(self.next)
    }
}

/// The number of `Sname=3`.
fn assigned(shown: &[u8], value: &[u8], say: &mut dyn FnMut(String)) -> Option<usize> {
    let shown = String::from_utf8_lossy(shown);
    if !value.first().is_some_and(u8::is_ascii_digit) {
        say(format!("bad ruleset definition \"{shown}\" (number required after `=')"));
        return None;
    }
    let number = decimal_number(value);
    if number >= MAX_NUMBERED {
        say(format!("bad ruleset number {number} in \"{shown}\" ({MAX_NUMBERED} max)"));
        return None;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_as_observed() {
        // RS-024, RS-025: what 8.17.1.9 says of these lines, one after the other.
        let rows: [(&str, Option<usize>, &str); 17] = [
            ("foo = 55 junk", Some(55), ""),
            (" foo=55x", Some(55), ""),
            ("foo=56 ccc", Some(55), "foo=56 ccc: ruleset changed value (old 55, new 56)"),
            ("foo ddd", Some(55), ""),
            ("first", Some(199), ""),
            ("second-x", Some(198), ""),
            ("7", Some(7), ""),
            ("010", Some(10), ""),
            ("98=97", Some(98), ""),
            ("_x", None, "invalid ruleset name: \"_x\""),
            ("", None, "invalid ruleset name: \"\""),
            ("%abcdefghijklmnopqrstuvwxyz", None, "invalid ruleset name: \"%abcdefghijklmnopqrs\""),
            ("150", None, "bad ruleset 150 (100 max)"),
            ("b=", None, "bad ruleset definition \"b=\" (number required after `=')"),
            ("b=200", None, "bad ruleset number 200 in \"b=200\" (100 max)"),
            ("b=-1", None, "bad ruleset definition \"b=-1\" (number required after `=')"),
            ("b = x", None, "bad ruleset definition \"b\" (number required after `=')"),
        ];
        let mut program = Program::default();
        let mut numbering = Numbering::default();
        for (text, expected, message) in rows {
            let mut said = Vec::new();
            let mut say = |text| said.push(text);
            let found = numbering.number(&mut program, text.as_bytes(), &mut say).number;
            assert_eq!(found, expected, "{text}");
            assert_eq!(said.concat(), message, "{text}");
        }
        assert_eq!(program.number(b"b"), None);
        numbering.finish(&mut program);
        assert_eq!(program.number(b"b"), Some(197));
        assert_eq!(program.name(197), b"197");
    }

    #[test]
    fn the_hundred_and_first_name_fails() {
        let mut program = Program::default();
        let mut numbering = Numbering::default();
        let mut said = Vec::new();
        for n in 1..=101 {
            let name = format!("set{n}");
            let mut say = |text| said.push(text);
            numbering.number(&mut program, name.as_bytes(), &mut say);
        }
        assert_eq!(said, ["set101: too many named rulesets (100 max)"]); // RS-025
        assert_eq!(program.number(b"set100"), Some(100));
        assert_eq!(program.find(b"set101"), Err(NoRuleset::Refused(b"set101".to_vec())));
    }
}
