//! Text of a configuration line after `$` has been read (CF-008): bytes and operators.
//!
//! sendmail replaces `$x` by internal codes in every line; here they are typed pieces, so that an
//! octet of the file can never be taken for an operator.

use std::fmt;

/// The name of a macro or class: one byte, or a long name without its braces. `{x}` is `x`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<[u8]>);

impl Name {
    /// A name from its bytes (without `$` and braces).
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends the name as it is written: `x` or `{name}`.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.0.len() == 1 {
            out.extend_from_slice(&self.0);
        } else {
            out.push(b'{');
            out.extend_from_slice(&self.0);
            out.push(b'}');
        }
    }
}

impl std::borrow::Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out);
        write!(f, "{}", String::from_utf8_lossy(&out))
    }
}

/// A dollar operator without a name behind it, named by its character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// `$*`
    ZeroOrMore,
    /// `$+`
    OneOrMore,
    /// `$-`
    One,
    /// `$@`
    At,
    /// `$:`
    Colon,
    /// `$#`
    Hash,
    /// `$>`
    Call,
    /// `$[`
    HostBegin,
    /// `$]`
    HostEnd,
    /// `$(`
    MapBegin,
    /// `$)`
    MapEnd,
    /// `$|`: else branch of a conditional, or the argument separator of hook rulesets
    Bar,
    /// `$.`: end of a conditional
    Dot,
}

/// Every operator with the character behind its `$`.
pub const OPS: [(Op, u8); 13] = [
    (Op::ZeroOrMore, b'*'),
    (Op::OneOrMore, b'+'),
    (Op::One, b'-'),
    (Op::At, b'@'),
    (Op::Colon, b':'),
    (Op::Hash, b'#'),
    (Op::Call, b'>'),
    (Op::HostBegin, b'['),
    (Op::HostEnd, b']'),
    (Op::MapBegin, b'('),
    (Op::MapEnd, b')'),
    (Op::Bar, b'|'),
    (Op::Dot, b'.'),
];

/// [`OPS`] by the character: every `$` of a file asks.
const BY_LETTER: [Option<Op>; 256] = {
    let mut by_letter = [None; 256];
    let mut row = 0;
    while row < OPS.len() {
        let (op, letter) = OPS[row];
        by_letter[letter as usize] = Some(op);
        row += 1;
    }
    by_letter
};

impl Op {
    /// The character behind the `$`.
    #[must_use]
    pub fn letter(self) -> u8 {
        OPS.iter().find(|(op, _)| *op == self).map_or(b'?', |(_, letter)| *letter)
    }

    /// The octet in which sendmail holds it: what is left of an operator in rebuilt text (observed).
    #[must_use]
    pub fn octet(self) -> u8 {
        match self {
            Self::ZeroOrMore => 0x90,
            Self::OneOrMore => 0x91,
            Self::One => 0x92,
            Self::Hash => 0x96,
            Self::At => 0x97,
            Self::Colon => 0x98,
            Self::Call => 0x99,
            Self::Bar => 0x9b,
            Self::Dot => 0x9c,
            Self::HostBegin => 0x9d,
            Self::HostEnd => 0x9e,
            Self::MapBegin => 0x85,
            Self::MapEnd => 0x86,
        }
    }

    /// The operator that sendmail holds as this octet.
    #[must_use]
    pub fn from_octet(octet: u8) -> Option<Self> {
        OPS.iter().map(|(op, _)| *op).find(|op| op.octet() == octet)
    }

    /// The operator written `$letter`.
    #[must_use]
    pub fn from_letter(letter: u8) -> Option<Self> {
        BY_LETTER.get(usize::from(letter)).copied().flatten()
    }
}

/// One piece of text.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// An ordinary octet; `$$` is the octet `$`.
    Byte(u8),
    /// `$x`, `${name}`
    Macro(Name),
    /// `$&x`, `$&{name}`: read when used, not when the line is read
    Deferred(Name),
    /// `$=x`, `$={name}`
    Class(Name),
    /// `$~x`, `$~{name}`
    NotClass(Name),
    /// `$?x`, `$?{name}`
    If(Name),
    /// `$0` to `$9`
    Arg(u8),
    /// Any other operator
    Op(Op),
}

impl Clone for Piece {
    /// Nearly all pieces are bytes: those are copied where they stand.
    #[inline]
    fn clone(&self) -> Self {
        if let Self::Byte(byte) = self { Self::Byte(*byte) } else { self.clone_operator() }
    }
}

impl Piece {
    fn clone_operator(&self) -> Self {
        match self {
            Self::Byte(byte) => Self::Byte(*byte),
            Self::Macro(name) => Self::Macro(name.clone()),
            Self::Deferred(name) => Self::Deferred(name.clone()),
            Self::Class(name) => Self::Class(name.clone()),
            Self::NotClass(name) => Self::NotClass(name.clone()),
            Self::If(name) => Self::If(name.clone()),
            Self::Arg(number) => Self::Arg(*number),
            Self::Op(op) => Self::Op(*op),
        }
    }
}

/// A text: what stands in a macro value, a header template, a rule column, an option value.
pub type Text = Vec<Piece>;

/// Text of plain bytes.
#[must_use]
pub fn plain(bytes: &[u8]) -> Text {
    bytes.iter().copied().map(Piece::Byte).collect()
}

/// Writes text the way it stands in a cf file; the result reads back to the same pieces.
#[must_use]
pub fn write(text: &[Piece]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in text {
        match piece {
            Piece::Byte(b'$') => out.extend_from_slice(b"$$"),
            Piece::Byte(byte) => out.push(*byte),
            Piece::Macro(name) => named(&mut out, b"$", name),
            Piece::Deferred(name) => named(&mut out, b"$&", name),
            Piece::Class(name) => named(&mut out, b"$=", name),
            Piece::NotClass(name) => named(&mut out, b"$~", name),
            Piece::If(name) => named(&mut out, b"$?", name),
            Piece::Arg(n) => out.extend_from_slice(&[b'$', b'0' + n]),
            Piece::Op(op) => out.extend_from_slice(&[b'$', op.letter()]),
        }
    }
    out
}

fn named(out: &mut Vec<u8>, prefix: &[u8], name: &Name) {
    out.extend_from_slice(prefix);
    name.write(out);
}
