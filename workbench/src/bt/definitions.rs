//! `.D`, `.C` and `$`: defining and showing macros and classes (CMD-102..CMD-104, CMD-109, CMD-110).

use cf_parser::debug::Category;
use cf_parser::names::parse_name;
use cf_parser::parse_text;
use cf_parser::{Name, Piece};
use ruleset_vm::load::{ClassWord, NO_CLASS_NAME, class_words};
use ruleset_vm::macros::bytes;

use super::Session;
use crate::show;
use crate::traces::definition;

impl Session<'_> {
    pub(super) fn define(&mut self, rest: &[u8]) {
        match rest.first() {
            None => self.say("Usage: .[DC]macro value(s)"),
            Some(b'D') => {
                if let Some((name, value)) = self.name(&rest[1..]) {
                    let (text, _) = parse_text(value);
                    if self.levels.at(Category::Macros, 9) {
                        let again = self.macros.get(&name).is_some();
                        let value = bytes(&text);
                        self.out.extend(definition(name.as_bytes(), Some(&value), again));
                    }
                    self.macros.define(name, text);
                }
            }
            Some(b'C') => self.class(&rest[1..]),
            Some(_) => self.say([b"Unknown \".\" command .", rest].concat()),
        }
    }

    fn class(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            return;
        }
        let Some((name, words)) = self.name(rest) else { return };
        let (text, _) = parse_text(words);
        let words = self.macros.expand(&text).text;
        for word in class_words(&words) {
            if self.levels.at(Category::Options, 8) {
                let shown = match &word {
                    ClassWord::Member(word) => word.clone(),
                    ClassWord::Class(from) => bytes(&[Piece::Class(from.clone())]),
                    ClassWord::Nameless => b"$=".to_vec(),
                };
                self.say([b"setclass(", name.as_bytes(), b", ", &shown[..], b")"].concat());
            }
            match word {
                ClassWord::Member(word) => self.configuration.classes.add(&name, &word),
                ClassWord::Class(from) => self.configuration.classes.copy(&name, &from),
                ClassWord::Nameless => self.complain(NO_CLASS_NAME),
            }
        }
        self.configuration.classes_changed();
        self.machine.set_program(self.configuration.program.clone());
    }

    /// `$x`, `${name}` and `$=x`
    pub(super) fn dollar(&mut self, rest: &[u8]) {
        if let Some(class) = rest.strip_prefix(b"=") {
            let Some((name, _)) = self.name(class) else { return };
            for word in self.configuration.classes.list(&name) {
                self.say(word);
            }
            return;
        }
        let Some((name, _)) = self.name(rest) else {
            // A name of which nothing is left is a name all the same (observed).
            let parsed = parse_name(rest);
            let harmless = |error: &Vec<u8>| error.starts_with(b"Invalid");
            if parsed.name.is_none() && parsed.errors.iter().all(harmless) {
                self.say("Undefined");
            }
            return;
        };
        match self.macros.get(&name).cloned() {
            Some(value) => {
                let shown = show::macro_value(&bytes(&value));
                self.say(shown);
            }
            None => self.say("Undefined"),
        }
    }

    /// A name and what follows it; complains.
    fn name<'t>(&mut self, text: &'t [u8]) -> Option<(Name, &'t [u8])> {
        let parsed = parse_name(text);
        for error in parsed.errors {
            self.complain(error);
        }
        let name = parsed.name?;
        self.meet(&name).then_some((name, parsed.rest))
    }

    /// Whether there is a code for a long name; complains.
    pub(super) fn meet(&mut self, name: &Name) -> bool {
        let met = self.machine.meet(name);
        let is_met = met.is_ok();
        met.err().into_iter().flatten().for_each(|error| self.complain(error));
        is_met
    }
}
