//! What the line of an LDAP map says (MAP-062..MAP-077).

use std::io::Read;

use cf_parser::options::{LdapFlag, LdapFlags, ldap_word};

use crate::answer::NO_SECRET;
use crate::class::arith;
use crate::files;
use crate::flags::{self, Common, Words};
use crate::ldap::url::{self, Server};

/// Most attributes of one map.
const MAX_ATTRIBUTES: usize = 64;
/// The version of the protocol if `-w` does not say: that of libldap.
const VERSION: u32 = 2;
/// Longest password, bytes, with the end of its line.
const MAX_SECRET: u64 = 256;
/// Seconds for reaching the server if `-c` does not say.
const NETWORK_TIMEOUT: u32 = 60;
/// What the system has left behind when no server could be reached (observed).
pub(super) const NOT_CONNECTED: &str = "Transport endpoint is not connected";
/// The ways to log in, as places in [`cf_parser::options::LDAP_METHOD`].
pub(super) const SIMPLE: usize = 1;

/// What an attribute's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The answer.
    Normal,
    /// Names of entries to look at.
    Dn,
    /// Filters to search with.
    Filter,
    /// URLs of searches.
    Url,
}

/// Names of the kinds; the first is that of an attribute without one.
const KINDS: [(&[u8], Kind); 4] =
    [(b"NORMAL", Kind::Normal), (b"DN", Kind::Dn), (b"FILTER", Kind::Filter), (b"URL", Kind::Url)];

/// One attribute of `-v`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// Object classes of which an entry must have one; none: any entry will do.
    pub(super) classes: Vec<Vec<u8>>,
}

/// Whom maps must have in common to share a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Login {
    /// `-h` or `-H`, as written; a map without either shares what one with `-h localhost` has opened, but
    /// would open another port (observed).
    pub(super) server: Vec<u8>,
    pub(super) is_uri: bool,
    pub(super) port: u16,
    /// `-w`; a map that says nothing shares no connection with one that says what is the default.
    version: Option<u32>,
    pub(super) name: Vec<u8>,
    pub(super) secret: Vec<u8>,
}

impl Login {
    pub(super) fn version(&self) -> u32 {
        self.version.unwrap_or(VERSION)
    }

    /// Servers of the words of `server`, none for a word that names no host. No list of URLs at all if one of
    /// them is none.
    fn servers(&self, port: u16) -> Option<Vec<Option<Server>>> {
        if !self.is_uri {
            return Some(url::hosts(&self.server, port));
        }
        url::words(&self.server).map(|word| Some(Some(url::parse(word)?.server))).collect()
    }
}

/// A map's line, but for what is common to all classes.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) login: Login,
    pub(super) method: usize,
    pub(super) base: Vec<u8>,
    pub(super) scope: u32,
    pub(super) deref: u32,
    pub(super) filter: Vec<u8>,
    pub(super) attributes: Vec<Wanted>,
    pub(super) size_limit: u32,
    pub(super) time_limit: u32,
    pub(super) network_timeout: u32,
    pub(super) names_only: bool,
    pub(super) single: bool,
    /// `-V`: what stands between name and value.
    pub(super) name_separator: Option<u8>,
    has_server: bool,
    secret_file: Vec<u8>,
    wanted: Vec<u8>,
}

impl Default for Spec {
    fn default() -> Self {
        let server = b"localhost".to_vec();
        Self {
            login: Login { server, port: url::PORT, ..Login::default() },
            method: SIMPLE,
            base: Vec::new(),
            // a whole tree
            scope: 2,
            deref: 0,
            filter: Vec::new(),
            attributes: Vec::new(),
            size_limit: 0,
            time_limit: 0,
            network_timeout: NETWORK_TIMEOUT,
            names_only: false,
            single: false,
            name_separator: None,
            has_server: false,
            secret_file: Vec::new(),
            wanted: Vec::new(),
        }
    }
}

/// Reads a line and the defaults before it. The complaints; and the map, if it can be used.
pub(super) fn read(
    common: &mut Common,
    defaults: &[u8],
    line: &[u8],
) -> (Option<Spec>, Vec<Vec<u8>>) {
    let mut spec = Spec::default();
    let mut errors = Vec::new();
    let name = common.name.clone();
    let mut server = None;
    for flag in LdapFlags::new(defaults, b"O LDAPDefaultSpec") {
        // what is wrong with the option was said when it was read; `-z` has no effect (observed)
        if let LdapFlag::Flag(letter, value) = flag
            && !flag.is_own()
            && letter != b'z'
        {
            if matches!(letter, b'h' | b'H') {
                server = Some(letter);
            }
            spec.apply(common, letter, value);
        }
    }
    for flag in LdapFlags::new(line, &name).with_server(server) {
        match flag {
            LdapFlag::Flag(letter, value) => spec.apply(common, letter, value),
            LdapFlag::Illegal(text) => errors.push(text),
            LdapFlag::Wrong(text) => {
                errors.push(text);
                return (None, errors);
            }
        }
    }
    match spec.complete(&name) {
        Ok(()) => (Some(spec), errors),
        Err(text) => {
            errors.push(text);
            (None, errors)
        }
    }
}

fn number(value: &[u8]) -> u32 {
    u32::try_from(arith::number(value)).unwrap_or_default()
}

impl Spec {
    fn apply(&mut self, common: &mut Common, letter: u8, value: &[u8]) {
        let word = ldap_word(letter, value).unwrap_or_default();
        let place = u32::try_from(word).unwrap_or_default();
        match letter {
            b'h' | b'H' => {
                self.login.server = value.to_vec();
                self.login.is_uri = letter == b'H';
                self.has_server = true;
            }
            b'p' => self.login.port = u16::try_from(number(value)).unwrap_or_default(),
            b'b' => self.base = value.to_vec(),
            b's' => self.scope = place,
            b'r' => self.deref = place,
            b'M' => self.method = word,
            b'k' => self.filter = value.to_vec(),
            b'v' => self.wanted = value.to_vec(),
            b'Z' => self.size_limit = number(value),
            b'l' => self.time_limit = number(value),
            b'c' => self.network_timeout = number(value),
            b'd' => self.login.name = value.to_vec(),
            b'P' => self.secret_file = value.to_vec(),
            b'w' => self.login.version = Some(number(value)),
            b'n' => self.names_only = true,
            b'1' => self.single = true,
            b'K' => common.many_keys = true,
            b'V' => self.name_separator = value.first().copied(),
            // at the end of the line it says nothing (observed)
            b'z' if value.is_empty() => common.delimiter = None,
            _ => {
                flags::apply(common, letter, value, &mut Words::new(b""));
            }
        }
    }

    /// Checks what only the whole line tells, and reads the password.
    fn complete(&mut self, map: &[u8]) -> Result<(), Vec<u8>> {
        if self.method == SIMPLE && !self.secret_file.is_empty() {
            self.login.secret = secret(&self.secret_file)?;
        }
        if self.filter.is_empty() {
            return Err([b"No filter given in map ", map].concat());
        }
        if self.single {
            // one more than wanted tells whether there are more
            self.size_limit = 2;
        }
        self.attributes = attributes(&self.wanted, map)?;
        let recursive = self.is_recursive();
        if recursive && self.attributes.iter().all(|wanted| wanted.kind != Kind::Normal) {
            let words = b" but no returnable attribute given";
            return Err([b"LDAP recursion requested in ", map, words].concat());
        }
        if recursive && self.names_only {
            let words = b" can not be used with -n";
            return Err([b"LDAP recursion requested in ", map, words].concat());
        }
        Ok(())
    }

    /// Where to connect, in order; see [`Login::servers`].
    pub(super) fn servers(&self) -> Option<Vec<Option<Server>>> {
        // without `-h` the port only tells whose connection is shared (observed)
        self.login.servers(if self.has_server { self.login.port } else { url::PORT })
    }

    /// Whether values may lead to further searches.
    pub(super) fn is_recursive(&self) -> bool {
        self.attributes.iter().any(|wanted| wanted.kind != Kind::Normal)
    }

    /// The attribute of this name.
    pub(super) fn wanted(&self, name: &[u8]) -> Option<&Wanted> {
        self.attributes.iter().find(|wanted| wanted.name.eq_ignore_ascii_case(name))
    }
}

/// The first line of a file.
fn secret(file: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let refuse = |words: &[u8]| [NO_SECRET, file, b": ", words].concat();
    let opened = std::fs::File::open(files::path(file)).map_err(|e| refuse(&files::reason(&e)))?;
    let mut line = Vec::new();
    let mut beginning = opened.take(MAX_SECRET.saturating_add(1));
    beginning.read_to_end(&mut line).map_err(|e| refuse(&files::reason(&e)))?;
    let end = line.iter().position(|byte| *byte == b'\n');
    // its end counts (observed)
    let length = end.map_or(line.len(), |end| end + 1);
    if u64::try_from(length).is_ok_and(|length| length > MAX_SECRET) {
        return Err([b"LDAP map: secret in ", file, b" too long"].concat());
    }
    line.truncate(end.unwrap_or(line.len()));
    Ok(line)
}

/// Reads `NAME[:KIND[:CLASS[|CLASS...]]],...` (MAP-066).
fn attributes(text: &[u8], map: &[u8]) -> Result<Vec<Wanted>, Vec<u8>> {
    let mut found: Vec<Wanted> = Vec::new();
    for item in text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii_start) {
        let mut fields = item.splitn(3, |byte| *byte == b':');
        let name = fields.next().unwrap_or_default().to_vec();
        if name.is_empty() {
            continue;
        }
        let kind = match fields.next().unwrap_or_default() {
            b"" => Kind::Normal,
            word => match KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
                Some((_, kind)) => *kind,
                None => {
                    return Err([b"Unknown attribute type (", word, b") in ", map].concat());
                }
            },
        };
        let classes = fields.next().unwrap_or_default().split(|byte| *byte == b'|');
        let classes = classes.filter(|class| !class.is_empty()).map(<[u8]>::to_vec).collect();
        if found.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            return Err([b"Duplicate attribute (", &name[..], b") in ", map].concat());
        }
        // the object class, which is asked for with them, counts
        if found.len() + 1 == MAX_ATTRIBUTES {
            let words = format!(" (max {MAX_ATTRIBUTES})").into_bytes();
            return Err([b"Too many return attributes in ", map, &words].concat());
        }
        found.push(Wanted { name, kind, classes });
    }
    Ok(found)
}
