//! The settings of LDAP clients that say whom to trust (ldap.conf(5), as libldap reads them).

/// Where they stand.
pub(crate) const FILE: &[u8] = b"/etc/ldap/ldap.conf";
/// The variable of the environment that names a further file, and the one that makes none count.
const FILE_VARIABLE: &[u8] = b"LDAPCONF";
const NONE_VARIABLE: &[u8] = b"LDAPNOINIT";
/// What stands in front of the keyword in variables.
const VARIABLE_PREFIX: &[u8] = b"LDAP";

/// Whose certificates are good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    /// `TLS_CACERT`: a file of certificates.
    pub(crate) file: Option<Vec<u8>>,
    /// `TLS_CACERTDIR`: a directory of such files.
    pub(crate) directory: Option<Vec<u8>>,
    /// `TLS_REQCERT never` or `allow`: any server is good.
    pub(crate) anybody: bool,
}

/// A keyword and what its value does.
type Keyword = (&'static [u8], fn(&mut Trust, &[u8]));

/// The settings; a value that means nothing changes nothing (observed).
static KEYWORDS: &[Keyword] = &[
    (b"TLS_CACERT", |trust, value| trust.file = Some(value.to_vec())),
    (b"TLS_CACERTDIR", |trust, value| trust.directory = Some(value.to_vec())),
    (b"TLS_REQCERT", |trust, value| match &value.to_ascii_lowercase()[..] {
        b"never" | b"allow" => trust.anybody = true,
        b"try" | b"demand" | b"hard" => trust.anybody = false,
        _ => {}
    }),
];

impl Trust {
    /// What the files and the environment (`NAME=value` each) say; a file that cannot be read says nothing.
    pub(crate) fn of(environment: &[Vec<u8>], read: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Self {
        let variable = |name: &[u8]| {
            let mut values = environment.iter().filter_map(|variable| {
                variable.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"="))
            });
            values.next()
        };
        let mut trust = Self::default();
        if variable(NONE_VARIABLE).is_some() {
            return trust;
        }
        for file in [Some(FILE), variable(FILE_VARIABLE)].into_iter().flatten() {
            trust.read(&read(file).unwrap_or_default());
        }
        for (keyword, set) in KEYWORDS {
            if let Some(value) = variable(&[VARIABLE_PREFIX, keyword].concat()) {
                set(&mut trust, value);
            }
        }
        trust
    }

    /// Takes in the lines of a file: a keyword, blanks, and the value, which goes to the end of the line.
    fn read(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
            let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
            let (word, value) = line.split_at(end);
            let value = value.trim_ascii();
            let row = KEYWORDS.iter().find(|(keyword, _)| keyword.eq_ignore_ascii_case(word));
            if let Some((_, set)) = row.filter(|_| !value.is_empty()) {
                set(self, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(text: &[u8], environment: &[&[u8]]) -> (String, String, bool) {
        let environment: Vec<Vec<u8>> = environment.iter().map(|v| v.to_vec()).collect();
        let read = |name: &[u8]| match name {
            FILE => Some(text.to_vec()),
            b"/other" => Some(b"TLS_CACERT /its".to_vec()),
            _ => None,
        };
        let shown = |path: Option<Vec<u8>>| {
            String::from_utf8_lossy(&path.unwrap_or_else(|| b"-".to_vec())).into_owned()
        };
        let Trust { file, directory, anybody } = Trust::of(&environment, read);
        (shown(file), shown(directory), anybody)
    }

    #[test]
    fn lines_as_observed() {
        for (text, file, directory, anybody) in [
            (&b""[..], "-", "-", false),
            (b"TLS_CACERT /a\nTLS_CACERT /b\n", "/b", "-", false),
            (b"\ttls_cacert\t/a  \n", "/a", "-", false),
            (b"TLS_CACERT /a # x", "/a # x", "-", false),
            (b"TLS_CACERT \"/a\"", "\"/a\"", "-", false),
            (b"#TLS_CACERT /a\nTLS_CACERT=/b\nTLS_CACERT\n", "-", "-", false),
            (b"TLS_CACERTDIR /d\nTLS_REQCERT NEVER", "-", "/d", true),
            (b"TLS_REQCERT allow", "-", "-", true),
            (b"TLS_REQCERT never\nTLS_REQCERT no", "-", "-", true),
            (b"TLS_REQCERT never\nTLS_REQCERT hard", "-", "-", false),
        ] {
            let expected = (file.to_owned(), directory.to_owned(), anybody);
            assert_eq!(trust(text, &[]), expected, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn variables_as_observed() {
        for (environment, file, anybody) in [
            (&[&b"LDAPTLS_CACERT=/v"[..]][..], "/v", false),
            (&[b"LDAPTLS_REQCERT=never"], "/a", true),
            (&[b"LDAPCONF=/other"], "/its", false),
            (&[b"LDAPCONF=/nosuch"], "/a", false),
            (&[b"LDAPTLS_CACERTX=/v", b"TLS_CACERT=/v", b"LDAPTLS_CACERT"], "/a", false),
            (&[b"LDAPNOINIT=1", b"LDAPTLS_CACERT=/v"], "-", false),
        ] {
            let expected = (file.to_owned(), "-".to_owned(), anybody);
            assert_eq!(trust(b"TLS_CACERT /a", environment), expected, "{environment:?}");
        }
    }
}
