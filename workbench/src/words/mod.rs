//! Rules in plain words.

mod left;
mod right;

use cf_parser::text::{Piece, write};

pub use left::left;
pub use right::right;

use crate::xref::CrossReference;

/// Pieces of a text that are shown.
const MOST_SHOWN: usize = 400;

/// Lines that are told of one side of a rule.
const MOST_LINES: usize = 100;

/// What a rule does, as Markdown: what its left-hand side matches, and what becomes of it then.
#[must_use]
pub fn rule(lhs: &[Piece], rhs: &[Piece], reference: &CrossReference) -> String {
    let mut out = String::from("**If the whole workspace is**\n");
    for line in left(lhs, reference).into_iter().take(MOST_LINES) {
        out += &format!("- {line}\n");
    }
    out += "\n**then**\n";
    for line in right(rhs, reference).into_iter().take(MOST_LINES) {
        out += &format!("- {line}\n");
    }
    out
}

/// Text as it stands in the file, for Markdown: on one line, without backquotes.
fn code(pieces: &[Piece]) -> String {
    let shown = pieces.get(..MOST_SHOWN).unwrap_or(pieces);
    let text = String::from_utf8_lossy(&write(shown)).replace(['\n', '\t'], " ").replace('`', "'");
    match text.trim() {
        "" => "nothing".to_owned(),
        text => format!("`{text}`"),
    }
}

/// Whether a piece is white space.
fn is_blank(piece: &Piece) -> bool {
    matches!(piece, Piece::Byte(byte) if byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(file: &str) -> String {
        let reference = CrossReference::of(file.as_bytes());
        let mut out = String::new();
        for entry in &reference.lines {
            if let Some(cf_parser::Directive::Rule { lhs, rhs, .. }) = &entry.line.directive {
                out += &format!("R{}\t{}\n", code(lhs), code(rhs));
                out += &rule(lhs, rhs, &reference);
                out.push('\n');
            }
        }
        out
    }

    #[test]
    fn all_operators() {
        insta::assert_snapshot!(shown(
            "V10\nKaccess hash /x\nKmac macro\nKnum arith\nCwx\nDjhost\nS3\n\
R$* < @ $=w . > $~{Other}\t$: $1 < @ $2 . > $4\n\
R$+ $- $&j\t$@ $>Parse_it $1\n\
R$@\t$#local\n\
R<> $-\t$# esmtp $@ $j $: < $1 @ $[ $1 $: $1.NONE $] >\n\
R$*\t$#error $@ 5.7.1 $: \"550 no\"\n\
R$+\t$: $(access $1 $@ x $: NO $) $| $(mac {seen} $@ $1 $) $(num + $@ 1 $@ 2 $)\n\
R$+\t$>96 $2 $&{opMode} $>other\n\
R$* $| $=x\t$?x yes $| no $. $1\n\
R$\n"
        ));
    }
}
