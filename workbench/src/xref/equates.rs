//! What `M`, `Q` and `X` lines mention.

use cf_parser::PlacedLine;
use cf_parser::item::{Directive, Equate};
use cf_parser::text::Piece;

use super::reading::{Walk, bytes_while, ruleset_symbol};
use super::{Kind, Role, Symbol};

impl Walk<'_> {
    /// A line that defines something with fields.
    pub(super) fn equates(&mut self, line: &PlacedLine, kind: Kind, name: Vec<u8>) {
        let symbol = Symbol::new(kind, name);
        self.own(symbol.clone());
        let written = bytes_while(line, 1, |byte| byte != b',' && !byte.is_ascii_whitespace());
        let place = self.from(line, 1, written.len());
        self.mention(symbol, Role::Define, place);
        self.all(line, Role::ReadLate);
        let Some(Directive::Mailer { equates, .. }) = &line.directive else { return };
        for equate in equates {
            match equate.letter {
                b'S' => self.rulesets(line, equate, Role::Sender),
                b'R' => self.rulesets(line, equate, Role::Recipient),
                _ => {}
            }
        }
    }

    /// `S=envelope/header`.
    fn rulesets(&mut self, line: &PlacedLine, equate: &Equate, role: Role) {
        let begins = |at: &usize| {
            line.place(*at).is_some_and(|place| {
                (place.line, place.column) == (equate.span.line, equate.span.column)
            })
        };
        let Some(start) = (1..line.pieces().len()).find(begins) else { return };
        let mut at = start;
        for _ in 0..2 {
            at = self.behind_blanks(line, at);
            let word = self.word(line, at);
            if word.is_empty() {
                return;
            }
            let place = self.from(line, at, word.len());
            self.mention(ruleset_symbol(&word), role, place);
            at = self.behind_blanks(line, at + word.len());
            if line.pieces().get(at) != Some(&Piece::Byte(b'/')) {
                return;
            }
            at += 1;
        }
    }
}
