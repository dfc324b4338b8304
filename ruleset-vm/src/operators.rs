//! Which bytes are tokens by themselves (RS-001).

/// What the tokenizer needs to know of a byte.
pub(crate) mod class {
    /// A token by itself.
    pub(crate) const OPERATOR: u8 = 1;
    /// It steers the scanner, or is no printable ASCII.
    pub(crate) const STEERS: u8 = 2;
    /// Not printable ASCII.
    pub(crate) const LOUD: u8 = 4;
    /// Not [`is_simple`](super::is_simple).
    pub(crate) const ODD: u8 = 8;
}

/// Bytes of simple atoms: such an atom stays one when it is read again, wherever these are no operators.
pub(crate) const fn is_simple(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// What the tokenizer makes of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Octet {
    /// Its classes.
    pub(crate) classes: u8,
    /// The byte in lower case.
    pub(crate) folded: u8,
}

/// All bytes where none is an operator.
pub(crate) const OCTETS: [Octet; 256] = {
    let mut octets = [Octet { classes: 0, folded: 0 }; 256];
    let mut byte = 0;
    while byte < octets.len() {
        let octet = byte as u8;
        let steers = matches!(octet, b'"' | b'\\' | b'(' | b')' | b'<' | b'>' | b',');
        let classes = match octet {
            0x21..0x7f if !steers => 0,
            b' '..0x7f => class::STEERS,
            _ => class::STEERS | class::LOUD,
        };
        let odd = if is_simple(octet) { 0 } else { class::ODD };
        octets[byte] = Octet { classes: classes | odd, folded: octet.to_ascii_lowercase() };
        byte += 1;
    }
    octets
};

/// Which bytes are operators: `OperatorChars` and the fixed set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operators([Octet; 256]);

/// Operators that no option can take away.
const FIXED: &[u8] = b"()<>,;\r\n";

/// How many characters of `OperatorChars` count (RS-001).
const OPERATOR_CHARS_MAX: usize = 40;

impl Operators {
    /// The set for this value of `OperatorChars`.
    #[must_use]
    pub fn new(operator_chars: &[u8]) -> Self {
        let mut octets = OCTETS;
        for &byte in operator_chars.iter().take(OPERATOR_CHARS_MAX).chain(FIXED) {
            octets[usize::from(byte)].classes |= class::OPERATOR;
        }
        // White space and quotes keep their own meaning whatever the option says.
        for byte in *b" \t\n\x0b\x0c\r\"" {
            octets[usize::from(byte)].classes &= !class::OPERATOR;
        }
        Self(octets)
    }

    /// Takes in the octets of sendmail's own operators.
    pub(crate) fn add_reserved(&mut self) {
        self.0[0x80..0xa0].iter_mut().for_each(|octet| octet.classes |= class::OPERATOR);
    }

    /// What becomes of `byte`.
    #[inline]
    pub(crate) fn octet(&self, byte: u8) -> Octet {
        self.0[usize::from(byte)]
    }

    /// Whether `byte` is a token by itself.
    #[must_use]
    pub fn contains(&self, byte: u8) -> bool {
        self.octet(byte).classes & class::OPERATOR != 0
    }
}

impl Default for Operators {
    fn default() -> Self {
        Self::new(b".:@[]")
    }
}
