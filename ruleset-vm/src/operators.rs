//! Which bytes are tokens by themselves (RS-001).

/// Which bytes are operators: `OperatorChars` and the fixed set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operators([bool; 256]);

/// Operators that no option can take away.
const FIXED: &[u8] = b"()<>,;\r\n";

/// How many characters of `OperatorChars` count (RS-001).
const OPERATOR_CHARS_MAX: usize = 40;

impl Operators {
    /// The set for this value of `OperatorChars`.
    #[must_use]
    pub fn new(operator_chars: &[u8]) -> Self {
        let mut set = [false; 256];
        for &byte in operator_chars.iter().take(OPERATOR_CHARS_MAX).chain(FIXED) {
            set[usize::from(byte)] = true;
        }
        // White space and quotes keep their own meaning whatever the option says.
        for byte in *b" \t\n\x0b\x0c\r\"" {
            set[usize::from(byte)] = false;
        }
        Self(set)
    }

    /// Takes in the octets of sendmail's own operators.
    pub(crate) fn add_reserved(&mut self) {
        self.0[0x80..0xa0].fill(true);
    }

    /// Whether `byte` is a token by itself.
    #[must_use]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

impl Default for Operators {
    fn default() -> Self {
        Self::new(b".:@[]")
    }
}
