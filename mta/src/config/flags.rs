//! The mailer flags (`F=`) as a set; what each means is in [`ruleset_vm::mailer_flags`].

use std::fmt;

/// The flags of one mailer: any printable ASCII characters. Undefined ones are kept, because `H`
/// lines may test them (ML-092).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct MailerFlags(u128);

impl MailerFlags {
    /// The flags named in `text`; white space and bytes outside ASCII are ignored (ML-013).
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let mut flags = Self::default();
        for &byte in text {
            flags.insert(byte);
        }
        flags
    }

    /// Whether `flag` is set.
    #[must_use]
    pub fn has(self, flag: u8) -> bool {
        flag < 128 && self.0 & (1 << flag) != 0
    }

    /// Whether one of `flags` is set, as an `H?flags?` condition asks.
    #[must_use]
    pub fn has_any(self, flags: &[u8]) -> bool {
        flags.iter().any(|&flag| self.has(flag))
    }

    /// Sets `flag`.
    pub fn insert(&mut self, flag: u8) {
        if flag.is_ascii_graphic() {
            self.0 |= 1 << flag;
        }
    }

    /// Clears `flag`.
    pub fn remove(&mut self, flag: u8) {
        if flag < 128 {
            self.0 &= !(1 << flag);
        }
    }

    /// The flags in ASCII order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0u8..128).filter(move |&flag| self.has(flag))
    }
}

impl fmt::Debug for MailerFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.iter().map(char::from).collect();
        write!(f, "MailerFlags({text:?})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_a_set_of_printable_characters() {
        let flags = MailerFlags::parse(b"ls DF\tM\xe4|");
        assert!(flags.has(b'l') && flags.has(b'|') && flags.has_any(b"xM"));
        assert!(!flags.has(b' ') && !flags.has(0xe4) && !flags.has_any(b"xyz"));
        let text: Vec<u8> = flags.iter().collect();
        assert_eq!(text, b"DFMls|");
    }
}
