//! What rules mention.

use cf_parser::text::{Op, Piece};
use cf_parser::{Name, PlacedLine};

use super::reading::{Walk, bytes_while, ruleset_symbol};
use super::{Kind, Role, Symbol};

/// The pieces of the two sides of a rule in its line.
#[must_use]
pub fn sides(line: &PlacedLine, left: usize, right: usize) -> [std::ops::Range<usize>; 2] {
    let lhs = 1..1 + left;
    let tab = |piece: &Piece| match piece {
        Piece::Byte(byte) => *byte == b'\t',
        Piece::Macro(name) => name.as_bytes() == b"\t",
        _ => false,
    };
    let behind = line.pieces().get(lhs.end..).unwrap_or_default();
    let start = lhs.end + behind.iter().take_while(|piece| tab(piece)).count();
    [lhs, start..start + right]
}

impl Walk<'_> {
    /// `Rlhs rhs`, with this many pieces.
    pub(super) fn rule(&mut self, line: &PlacedLine, left: usize, right: usize) {
        let [lhs, rhs] = sides(line, left, right);
        self.names(line, lhs, Role::Read, Role::Member);
        self.names(line, rhs.clone(), Role::Read, Role::Member);
        for at in rhs.clone() {
            match line.pieces().get(at) {
                Some(Piece::Op(Op::Call)) => self.call(line, at),
                Some(Piece::Op(Op::Hash)) => self.choose(line, at, rhs.end),
                Some(Piece::Op(Op::MapBegin)) => self.lookup(line, at),
                _ => {}
            }
        }
    }

    /// `$>name`, `$>3`, `$>"name"`.
    fn call(&mut self, line: &PlacedLine, at: usize) {
        let mut start = self.behind_blanks(line, at + 1);
        if line.pieces().get(start) == Some(&Piece::Byte(b'"')) {
            start += 1;
        }
        let word = self.word(line, start);
        if word.is_empty() {
            let place = self.from(line, at, 2);
            return self.computed(Kind::Ruleset, Role::Call, place);
        }
        let place = self.from(line, start, word.len());
        self.mention(ruleset_symbol(&word), Role::Call, place);
    }

    /// `$#mailer $@ host $: user`: the name goes up to the next operator.
    fn choose(&mut self, line: &PlacedLine, at: usize, end: usize) {
        let start = self.behind_blanks(line, at + 1);
        let name = bytes_while(line, start, |byte| !byte.is_ascii_whitespace());
        let behind = self.behind_blanks(line, start + name.len());
        let whole = behind >= end || matches!(line.pieces().get(behind), Some(Piece::Op(_)));
        if name.is_empty() || !whole {
            let place = self.from(line, at, 2);
            return self.computed(Kind::Mailer, Role::Choose, place);
        }
        let place = self.from(line, start, name.len());
        let symbol = Symbol::new(Kind::Mailer, name.to_ascii_lowercase());
        self.mention(symbol, Role::Choose, place);
    }

    /// `$(map key $@ argument $: default $)`.
    fn lookup(&mut self, line: &PlacedLine, at: usize) {
        let start = self.behind_blanks(line, at + 1);
        let name = bytes_while(line, start, |byte| !byte.is_ascii_whitespace());
        if name.is_empty() {
            let place = self.from(line, at, 2);
            return self.computed(Kind::Map, Role::Lookup, place);
        }
        let place = self.from(line, start, name.len());
        let symbol = Symbol::new(Kind::Map, name.to_ascii_lowercase());
        let sets = self.out.map_classes.get(&symbol.name).is_some_and(|class| class == b"macro");
        self.mention(symbol, Role::Lookup, place);
        if sets {
            self.set(line, self.behind_blanks(line, start + name.len()));
        }
    }

    /// The macro that a lookup in a map of class `macro` sets: `{name}` or `x`.
    fn set(&mut self, line: &PlacedLine, at: usize) {
        let key = bytes_while(line, at, |byte| !byte.is_ascii_whitespace());
        let parsed = cf_parser::parse_name(&key);
        let used = key.len() - parsed.rest.len();
        let Some(name) = parsed.name.as_ref().map(Name::as_bytes) else { return };
        let place = self.from(line, at, used);
        self.mention(Symbol::new(Kind::Macro, name), Role::Set, place);
    }
}
