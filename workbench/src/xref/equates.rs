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
        let mut at = 1;
        for equate in equates {
            let role = match equate.letter {
                b'S' => Role::Sender,
                b'R' => Role::Recipient,
                _ => continue,
            };
            // They are in order: each is sought behind the one before.
            at = self.rulesets(line, at, equate, role);
        }
    }

    /// `S=envelope/header`, sought from a piece on; where it was found.
    fn rulesets(&mut self, line: &PlacedLine, from: usize, equate: &Equate, role: Role) -> usize {
        let begins = |at: &usize| {
            line.place(*at).is_some_and(|place| {
                (place.line, place.column) == (equate.span.line, equate.span.column)
            })
        };
        let Some(start) = (from..line.pieces().len()).find(begins) else { return from };
        let mut at = start;
        for _ in 0..2 {
            at = self.behind_blanks(line, at);
            let word = self.word(line, at);
            if word.is_empty() {
                break;
            }
            let place = self.from(line, at, word.len());
            self.mention(ruleset_symbol(&word), role, place);
            at = self.behind_blanks(line, at + word.len());
            if line.pieces().get(at) != Some(&Piece::Byte(b'/')) {
                break;
            }
            at += 1;
        }
        start
    }
}
