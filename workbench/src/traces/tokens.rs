//! Category 22: the tokenizer.

use cf_parser::Piece;
use cf_parser::debug::{Category, Levels};
use ruleset_vm::prescan::Scanned;

use crate::show::{self, Look};

/// The text and, at high levels, its tokens one by one.
pub fn scan(levels: &Levels, text: &[Piece], tokens: Option<&[Scanned]>, out: &mut Vec<u8>) {
    if levels.at(Category::Tokens, 11) {
        out.extend_from_slice(b"prescan: ");
        out.extend(show::visible_text(text));
        out.push(b'\n');
    }
    if levels.at(Category::Tokens, 36) {
        for token in tokens.unwrap_or_default() {
            out.extend_from_slice(b"tok=");
            out.extend(shown(token));
            out.push(b'\n');
        }
    }
}

/// The tokens as a vector.
pub fn scanned(levels: &Levels, tokens: Option<&[Scanned]>, out: &mut Vec<u8>) {
    let Some(tokens) = tokens.filter(|_| levels.at(Category::Tokens, 12)) else { return };
    out.extend_from_slice(b"prescan==>");
    Look::of(levels).words(tokens.iter().map(shown), out);
    out.push(b'\n');
    if tokens.is_empty() {
        out.extend_from_slice(b"prescan: null leading token\n");
    }
}

fn shown(token: &Scanned) -> Vec<u8> {
    match token {
        Scanned::Word(_, text) => show::visible(text),
        Scanned::Piece(piece) => show::visible_text(std::slice::from_ref(piece)),
    }
}
