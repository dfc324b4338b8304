//! Mailers as the configuration defines them (`M` lines).

use cf_parser::Text;

/// Most recipients at once where a mailer says nothing of it (ML-023).
pub(crate) const MAX_RECIPIENTS: i64 = 100;

/// A set of mailer flags, one character each (ML-013).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flags([bool; 256]);

impl Default for Flags {
    fn default() -> Self {
        Self([false; 256])
    }
}

impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(&self.sorted()))
    }
}

impl Flags {
    /// Whether the flag is set.
    #[must_use]
    pub fn has(&self, flag: u8) -> bool {
        self.0[usize::from(flag)]
    }

    /// Sets a flag.
    pub fn set(&mut self, flag: u8) {
        self.0[usize::from(flag)] = true;
    }

    /// Takes a flag away.
    pub fn clear(&mut self, flag: u8) {
        self.0[usize::from(flag)] = false;
    }

    /// All flags in the order of their codes.
    #[must_use]
    pub fn sorted(&self) -> Vec<u8> {
        (0u8..=255).filter(|flag| self.has(*flag)).collect()
    }
}

/// The rulesets of an `S=` or `R=` equate; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RulesetPair {
    /// For envelope addresses.
    pub envelope: usize,
    /// For header addresses.
    pub header: usize,
}

/// DSN types of the `T=` equate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types {
    /// Type of MTA names (`dns`).
    pub mta: Option<Vec<u8>>,
    /// Type of addresses (`rfc822`).
    pub address: Option<Vec<u8>>,
    /// Type of diagnostics (`smtp`).
    pub diagnostic: Option<Vec<u8>>,
}

/// One mailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailer {
    /// Its name as written.
    pub name: Vec<u8>,
    /// `P=`: program path, `[IPC]` or `[FILE]`.
    pub path: Vec<u8>,
    /// `F=`
    pub flags: Flags,
    /// `S=`
    pub sender: RulesetPair,
    /// `R=`
    pub recipient: RulesetPair,
    /// `A=`: the words, unexpanded.
    pub argv: Vec<Text>,
    /// `E=`: the end of a line.
    pub eol: Vec<u8>,
    /// `M=`: largest message in bytes; 0 for none.
    pub max_size: i64,
    /// `m=`: messages per connection; 0 for no limit.
    pub max_messages: i64,
    /// `r=`: recipients per transaction.
    pub max_recipients: i64,
    /// `L=`: line limit in bytes; 0 for none.
    pub line_limit: i64,
    /// `D=`: working directories, unexpanded.
    pub directory: Option<Text>,
    /// `/=`: new root, unexpanded.
    pub root: Option<Text>,
    /// `U=`: user id.
    pub uid: Option<u32>,
    /// `U=`: group id.
    pub gid: Option<u32>,
    /// `N=`: nice increment.
    pub nice: i64,
    /// `C=`: default character set.
    pub charset: Option<Vec<u8>>,
    /// `T=`
    pub types: Types,
    /// `W=`: longest wait for the program after the data, seconds; 0 for no limit.
    pub wait: u64,
    /// `Q=`: queue group.
    pub queue_group: Option<Vec<u8>>,
}

impl Mailer {
    /// A mailer with nothing but a name and the defaults.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            path: Vec::new(),
            flags: Flags::default(),
            sender: RulesetPair::default(),
            recipient: RulesetPair::default(),
            argv: Vec::new(),
            eol: Vec::new(),
            max_size: 0,
            max_messages: 0,
            max_recipients: MAX_RECIPIENTS,
            line_limit: 0,
            directory: None,
            root: None,
            uid: None,
            gid: None,
            nice: 0,
            charset: None,
            types: Types::default(),
            wait: 0,
            queue_group: None,
        }
    }
}

/// The position of a mailer by name, case-insensitive.
#[must_use]
pub fn find(mailers: &[Mailer], name: &[u8]) -> Option<usize> {
    mailers.iter().position(|mailer| mailer.name.eq_ignore_ascii_case(name))
}
