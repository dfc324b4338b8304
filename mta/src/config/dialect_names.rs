//! What files of other vendors refer to (`cf_parser::dialect`), as this system has it.

use cf_parser::dialect::{Dialect, NameSpace};

use crate::sys::{config_files, hostname};

/// Where Sun's sendmail looked values up when the name service switch said `files`.
const VARIABLES: &[u8] = b"/etc/mail/sendmailvars";
const HOSTS: &[u8] = b"/etc/hosts";

/// How a dialect is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialectChoice {
    /// By the vendor on the `V` line.
    Auto,
    /// This one.
    Named(Dialect),
}

impl DialectChoice {
    /// The choice of a name.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Self> {
        if name == b"auto" {
            return Some(Self::Auto);
        }
        Dialect::by_name(name).map(Self::Named)
    }

    /// The dialect of a file.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> Option<Dialect> {
        match self {
            Self::Auto => Dialect::of_file(bytes),
            Self::Named(dialect) => Some(dialect),
        }
    }
}

/// The files of this system.
#[derive(Clone, Debug)]
pub struct SystemNames {
    domain: Vec<u8>,
}

impl SystemNames {
    /// For a host of this name.
    #[must_use]
    pub fn new(host: &[u8]) -> Self {
        let dot = host.iter().position(|byte| *byte == b'.');
        Self { domain: dot.map_or(Vec::new(), |dot| host[dot + 1..].to_vec()) }
    }
}

impl NameSpace for SystemNames {
    fn variable(&self, key: &[u8]) -> Option<Vec<u8>> {
        value_of(&config_files::read_regular(VARIABLES).ok()?, key)
    }

    fn hosts(&self) -> Vec<Vec<u8>> {
        host_names(&config_files::read_regular(HOSTS).unwrap_or_default())
    }

    fn domain(&self) -> Vec<u8> {
        self.domain.clone()
    }
}

/// `key value ...`
fn value_of(text: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let rest = line.strip_prefix(key)?;
        let is_whole = rest.is_empty() || rest.starts_with(b" ") || rest.starts_with(b"\t");
        (is_whole && !key.is_empty()).then(|| rest.trim_ascii().to_vec())
    })
}

/// The names and aliases in a hosts file.
fn host_names(text: &[u8]) -> Vec<Vec<u8>> {
    let entries = hostname::parse_hosts(text);
    let mut names: Vec<Vec<u8>> = entries.into_iter().flat_map(|entry| entry.names).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_whole_keys() {
        let text = b"maildomain\tuofa.edu\nothers a b \nempty\n# x y\n";
        let rows: [(&[u8], Option<&[u8]>); 5] = [
            (b"maildomain", Some(b"uofa.edu")),
            (b"others", Some(b"a b")),
            (b"empty", Some(b"")),
            (b"mail", None),
            (b"", None),
        ];
        for (key, expected) in rows {
            assert_eq!(value_of(text, key).as_deref(), expected);
        }
    }

    #[test]
    fn hosts_have_names_and_aliases() {
        let names = host_names(b"127.0.0.1 localhost # x\n#1.2.3.4 no\n::1\tip6 localhost\n\n");
        assert_eq!(names, [&b"ip6"[..], b"localhost"]);
    }

    #[test]
    fn the_domain_is_behind_the_first_dot() {
        assert_eq!(SystemNames::new(b"a.b.c").domain(), b"b.c");
        assert_eq!(SystemNames::new(b"a").domain(), b"");
    }
}
