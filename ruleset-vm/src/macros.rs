//! Macros: their store and their expansion (RS-069..RS-073).

use hashbrown::HashMap;
use std::sync::{Arc, OnceLock};

use cf_parser::text::{Name, Op, Piece, Text, plain};

use crate::limits::{MAX_EXPANSION, MAX_MACRO_DEPTH};

/// Values of macros: those of the configuration, shared, and the changes of one session or message
/// in front of them.
#[derive(Clone, Debug, Default)]
pub struct Macros {
    base: Arc<HashMap<Name, Text>>,
    local: HashMap<Name, Value>,
}

/// A change to a macro.
#[derive(Clone, Debug)]
enum Value {
    /// It has no value any more.
    Gone,
    /// A value that may refer to other macros.
    Text(Text),
    /// A plain value, which becomes a text when somebody wants to see it.
    Plain(Vec<u8>, OnceLock<Text>),
}

impl Value {
    fn text(&self) -> Option<&Text> {
        match self {
            Self::Gone => None,
            Self::Text(text) => Some(text),
            Self::Plain(bytes, text) => Some(text.get_or_init(|| plain(bytes))),
        }
    }

    fn into_text(self) -> Option<Text> {
        match self {
            Self::Gone => None,
            Self::Text(text) => Some(text),
            Self::Plain(bytes, text) => Some(text.into_inner().unwrap_or_else(|| plain(&bytes))),
        }
    }
}

impl Macros {
    /// The value, which may refer to other macros; `None` if undefined.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&Text> {
        match self.local.get(name) {
            Some(value) => value.text(),
            None => self.base.get(name),
        }
    }

    /// The value in full, as bytes; empty if undefined.
    #[must_use]
    pub fn value(&self, name: &[u8]) -> Vec<u8> {
        let name = Name::new(name);
        self.get(&name).map_or_else(Vec::new, |text| bytes(&self.expand(text).text))
    }

    /// Whether the macro is defined, be it with an empty value.
    #[must_use]
    pub fn is_defined(&self, name: &[u8]) -> bool {
        self.get(&Name::new(name)).is_some()
    }

    /// Gives a macro a value that may refer to others.
    pub fn define(&mut self, name: Name, value: Text) {
        self.local.insert(name, Value::Text(value));
    }

    /// Gives a macro a plain value.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        // What is set for every address keeps its memory.
        match self.local.get_mut(name) {
            Some(Value::Plain(bytes, _)) if bytes == value => {}
            Some(Value::Plain(bytes, text)) => {
                bytes.clear();
                bytes.extend_from_slice(value);
                text.take();
            }
            Some(other) => *other = Value::Plain(value.to_vec(), OnceLock::new()),
            None => {
                let value = Value::Plain(value.to_vec(), OnceLock::new());
                self.local.insert(Name::new(name), value);
            }
        }
    }

    /// Takes a macro's value away.
    pub fn clear(&mut self, name: &[u8]) {
        match self.local.get_mut(name) {
            Some(value) => *value = Value::Gone,
            None => {
                self.local.insert(Name::new(name), Value::Gone);
            }
        }
    }

    /// Makes all values so far the shared ones, so that copies are cheap.
    pub fn freeze(&mut self) {
        let mut all = (*self.base).clone();
        for (name, value) in self.local.drain() {
            match value.into_text() {
                Some(value) => all.insert(name, value),
                None => all.remove(&name),
            };
        }
        self.base = Arc::new(all);
    }

    /// All defined names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        let mut names: Vec<Name> = self.base.keys().chain(self.local.keys()).cloned().collect();
        names.sort();
        names.dedup();
        names.retain(|name| self.get(name).is_some());
        names
    }

    /// Replaces `$x` and decides `$?x…$|…$.`; other operators stay.
    #[must_use]
    pub fn expand(&self, text: &[Piece]) -> Expanded {
        let out = Text::with_capacity(text.len());
        let mut expander = Expander { macros: self, out, too_deep: false };
        expander.expand(text, 0);
        Expanded { text: expander.out, too_deep: expander.too_deep }
    }

    /// [`Macros::expand`] of a text that nobody else needs: without references it stays as it is.
    pub(crate) fn expanded(&self, mut text: Text) -> Expanded {
        if text.iter().any(|piece| matches!(piece, Piece::Macro(_) | Piece::If(_))) {
            return self.expand(&text);
        }
        text.truncate(MAX_EXPANSION);
        Expanded { text, too_deep: false }
    }

    /// [`Macros::expand`] to bytes.
    #[must_use]
    pub fn expand_bytes(&self, text: &[Piece]) -> Vec<u8> {
        bytes(&self.expand(text).text)
    }
}

/// An expanded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// Text without macro references, cut at 4096 pieces.
    pub text: Text,
    /// `expand: recursion too deep (10 max)` is to be said (RS-070).
    pub too_deep: bool,
}

/// The bytes of a text; what is left of operators comes out as it is written.
#[must_use]
pub fn bytes(text: &[Piece]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for piece in text {
        match piece {
            Piece::Byte(byte) => out.push(*byte),
            other => out.extend(cf_parser::text::write(std::slice::from_ref(other))),
        }
    }
    out
}

/// What stands for `$` in a value (observed).
const DOLLAR: u8 = 0x81;

/// The bytes of a value as sendmail holds it: an operator is octet 0201 and what stands behind its `$`,
/// which is what a late reference (`$&x`) cuts into tokens (observed).
#[must_use]
pub(crate) fn held(text: &[Piece]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for piece in text {
        match piece {
            Piece::Byte(byte) => out.push(*byte),
            other => {
                let written = cf_parser::text::write(std::slice::from_ref(other));
                out.push(DOLLAR);
                out.extend_from_slice(written.get(1..).unwrap_or_default());
            }
        }
    }
    out
}

struct Expander<'a> {
    macros: &'a Macros,
    out: Text,
    too_deep: bool,
}

impl Expander<'_> {
    fn expand(&mut self, text: &[Piece], depth: usize) {
        // For each open conditional, whether its current branch is left out.
        let mut skipping: Vec<bool> = Vec::new();
        for piece in text {
            match piece {
                Piece::If(name) => {
                    let set = self.macros.get(name).is_some_and(|value| !value.is_empty());
                    skipping.push(!set);
                }
                Piece::Op(Op::Bar) if !skipping.is_empty() => {
                    if let Some(last) = skipping.last_mut() {
                        *last = !*last;
                    }
                }
                Piece::Op(Op::Dot) if !skipping.is_empty() => {
                    skipping.pop();
                }
                _ if skipping.contains(&true) => {}
                Piece::Macro(name) => self.reference(name, depth),
                other if self.out.len() < MAX_EXPANSION => self.out.push(other.clone()),
                _ => {}
            }
        }
    }

    fn reference(&mut self, name: &Name, depth: usize) {
        let Some(value) = self.macros.get(name) else { return };
        if depth >= MAX_MACRO_DEPTH {
            self.too_deep = true;
            return;
        }
        if self.out.len() < MAX_EXPANSION {
            self.expand(value, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &str) -> Name {
        Name::new(bytes.as_bytes())
    }

    #[test]
    fn conditionals_nest_and_undefined_is_empty() {
        let mut macros = Macros::default();
        macros.set(b"x", b"ex");
        macros.set(b"e", b"");
        macros.define(name("r"), vec![Piece::Macro(name("x")), Piece::Byte(b'!')]);
        // RS-069, RS-072: $?x a$?e b$|c$.$. $r $n
        let text = vec![
            Piece::If(name("x")),
            Piece::Byte(b'a'),
            Piece::If(name("e")),
            Piece::Byte(b'b'),
            Piece::Op(Op::Bar),
            Piece::Byte(b'c'),
            Piece::Op(Op::Dot),
            Piece::Op(Op::Dot),
            Piece::Macro(name("r")),
            Piece::Macro(name("n")),
        ];
        assert_eq!(macros.expand_bytes(&text), b"acex!");
    }

    #[test]
    fn recursion_ends_with_a_complaint() {
        let mut macros = Macros::default();
        macros.define(name("a"), vec![Piece::Byte(b'x'), Piece::Macro(name("a"))]);
        let expanded = macros.expand(&[Piece::Macro(name("a"))]);
        assert!(expanded.too_deep); // RS-070
    }
}
