//! What is done with an address.

use ruleset_vm::Role;

/// What a run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// The address is resolved to its triple.
    Resolve(Role),
    /// It is rewritten for a mailer.
    For {
        /// The mailer's name.
        mailer: Vec<u8>,
        /// What the address is.
        role: Role,
    },
    /// Rulesets, separated by commas, are applied to the text, as address test mode does.
    Apply(Vec<u8>),
}

impl Default for Task {
    fn default() -> Self {
        Self::Resolve(Role::default())
    }
}

impl Task {
    /// What the address is.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Resolve(role) | Self::For { role, .. } => *role,
            Self::Apply(_) => Role::default(),
        }
    }

    /// The same for another role.
    #[must_use]
    pub fn with_role(self, role: Role) -> Self {
        match self {
            Self::For { mailer, .. } => Self::For { mailer, role },
            _ => Self::Resolve(role),
        }
    }

    /// In words.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let role = |role: &Role| match role {
            Role { header: false, sender: false } => "envelope recipient",
            Role { header: false, sender: true } => "envelope sender",
            Role { header: true, sender: false } => "header recipient",
            Role { header: true, sender: true } => "header sender",
        };
        match self {
            Self::Resolve(given) => role(given).as_bytes().to_vec(),
            Self::For { mailer, role: given } => {
                [role(given).as_bytes(), b" for ", mailer].concat()
            }
            Self::Apply(rulesets) => [b"rulesets ", &rulesets[..]].concat(),
        }
    }
}

/// The words `envelope`, `header`, `sender`, `recipient` as a role; `None` if there are others.
#[must_use]
pub(super) fn role(words: &[u8]) -> Option<Role> {
    let mut role = Role::default();
    for word in words.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match word {
            b"envelope" => role.header = false,
            b"header" => role.header = true,
            b"sender" => role.sender = true,
            b"recipient" => role.sender = false,
            _ => return None,
        }
    }
    Some(role)
}
