//! The first cut of an address: runs of ordinary bytes and the single bytes that steer the
//! tokenizer. What is an operator is decided later, because a configuration may say so.

use logos::Logos;

/// One lexeme. Every byte string splits into these; there is no error case.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(utf8 = false)]
pub(crate) enum Lexeme {
    /// Bytes without a meaning of their own here.
    #[regex(br#"[^"\\()<>, \t\n\x0b\x0c\r]+"#)]
    Run,
    /// `"`
    #[token(b"\"")]
    Quote,
    /// `\`
    #[token(b"\\")]
    Backslash,
    /// `(`
    #[token(b"(")]
    Open,
    /// `)`
    #[token(b")")]
    Close,
    /// `<`
    #[token(b"<")]
    Less,
    /// `>`
    #[token(b">")]
    Greater,
    /// `,`
    #[token(b",")]
    Comma,
    /// SP, TAB, LF, VT, FF, CR
    #[regex(br"[ \t\n\x0b\x0c\r]")]
    Space,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The generated lexer against the definition written out by hand.
        #[test]
        fn lexer_agrees_with_definition(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut lexer = Lexeme::lexer(&bytes);
            let mut at = 0;
            while let Some(lexeme) = lexer.next() {
                let span = lexer.span();
                prop_assert_eq!(span.start, at);
                at = span.end;
                let single = |byte: u8| match byte {
                    b'"' => Lexeme::Quote,
                    b'\\' => Lexeme::Backslash,
                    b'(' => Lexeme::Open,
                    b')' => Lexeme::Close,
                    b'<' => Lexeme::Less,
                    b'>' => Lexeme::Greater,
                    b',' => Lexeme::Comma,
                    b' ' | b'\t'..=b'\r' => Lexeme::Space,
                    _ => Lexeme::Run,
                };
                let lexeme = lexeme.map_err(|()| TestCaseError::fail("error lexeme"))?;
                for &byte in &bytes[span.clone()] {
                    prop_assert_eq!(single(byte), lexeme);
                }
                if lexeme == Lexeme::Run {
                    prop_assert!(at == bytes.len() || single(bytes[at]) != Lexeme::Run);
                } else {
                    prop_assert_eq!(span.len(), 1);
                }
            }
            prop_assert_eq!(at, bytes.len());
        }
    }
}
