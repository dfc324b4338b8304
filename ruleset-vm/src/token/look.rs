//! What a text looks like while it is read byte by byte: what its bytes are, and a hash of it.

use crate::operators::{OCTETS, Octet, Operators, class};

/// How much of a text tells which members of classes can begin with it, bytes.
pub(crate) const HEAD: usize = 4;

/// A hash of a text without regard to case (FNV-1a): what tells most texts apart before they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextHash(u32);

impl TextHash {
    /// Of a text without bytes.
    pub(super) const NOTHING: Self = Self(0x811c_9dc5);

    /// Of this text.
    pub(crate) fn of(text: &[u8]) -> Self {
        text.iter().fold(Self::NOTHING, |hash, byte| hash.with(OCTETS[usize::from(*byte)]))
    }

    #[inline]
    fn with(self, octet: Octet) -> Self {
        Self((self.0 ^ u32::from(octet.folded)).wrapping_mul(0x0100_0193))
    }

    /// One of so many places, a power of two.
    #[inline]
    pub(crate) fn place(self, places: usize) -> usize {
        // The lower bits alone know little of the first bytes.
        (self.0 ^ self.0 >> 16) as usize & (places - 1)
    }
}

/// A text that has been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The classes of all bytes.
    pub(super) classes: u8,
    pub(super) hash: TextHash,
    /// The same of its first [`HEAD`] bytes.
    pub(super) head: TextHash,
}

impl Look {
    pub(super) const NOTHING: Self =
        Self { classes: 0, hash: TextHash::NOTHING, head: TextHash::NOTHING };

    /// Of a whole text.
    pub(super) fn of(text: &[u8]) -> Self {
        let classes = text.iter().fold(0, |all, byte| all | OCTETS[usize::from(*byte)].classes);
        let head = text.get(..HEAD).unwrap_or(text);
        Self { classes, hash: TextHash::of(text), head: TextHash::of(head) }
    }

    /// Of the atom with which a text begins, and its length: it ends where an operator stands or a byte
    /// that steers, which is the last of its classes then.
    #[inline]
    pub(super) fn of_atom(text: &[u8], operators: &Operators) -> (Self, usize) {
        let (head, rest) = text.split_at(text.len().min(HEAD));
        let mut look = Self::NOTHING;
        let mut length = look.read(head, operators);
        look.head = look.hash;
        if length == HEAD {
            length += look.read(rest, operators);
        }
        (look, length)
    }

    /// Reads on as far as the atom reaches; how many bytes these are.
    #[inline(always)]
    fn read(&mut self, text: &[u8], operators: &Operators) -> usize {
        for (at, byte) in text.iter().enumerate() {
            let octet = operators.octet(*byte);
            if octet.classes & (class::OPERATOR | class::STEERS) != 0 {
                self.classes |= octet.classes & class::STEERS;
                return at;
            }
            self.classes |= octet.classes;
            self.hash = self.hash.with(octet);
        }
        text.len()
    }
}
