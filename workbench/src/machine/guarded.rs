//! Services that answer from facts about the machine, touch nothing else without leave, and remember what they
//! were not allowed to ask.

use std::io;
use std::sync::Arc;

use mapper::{
    AliasName, AliasPart, DnsAnswer, DnsQuery, Endpoint, LogLine, Passwd, ProgramCall, ProgramEnd,
    ProgramOutput, Protection, SearchList, Services, Stream,
};

use super::Facts;
use crate::answering::MapServices;

/// What an unknown configuration could touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Programs of `F|` lines and of maps of class `program`.
    Programs,
    /// Servers of maps of class `socket`.
    Sockets,
    /// Directory servers.
    Ldap,
    /// The name service.
    Dns,
}

impl Kind {
    /// Names as `--allow` takes them.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("programs", Self::Programs),
        ("sockets", Self::Sockets),
        ("ldap", Self::Ldap),
        ("dns", Self::Dns),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// What a map of this class touches beside files and users.
#[must_use]
pub fn kind_of_class(class: &[u8]) -> Option<Kind> {
    match class.to_ascii_lowercase().as_slice() {
        b"program" => Some(Kind::Programs),
        b"socket" => Some(Kind::Sockets),
        b"ldap" => Some(Kind::Ldap),
        b"dns" | b"host" | b"bestmx" => Some(Kind::Dns),
        _ => None,
    }
}

/// The kinds that may be touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Bit `n` for the kind of row `n` of [`Kind::NAMES`].
    kinds: u8,
}

impl Allowed {
    /// Everything.
    pub const ALL: Self = Self { kinds: 0b1111 };

    /// The list of `--allow`: names with commas between, or `all`.
    ///
    /// # Errors
    /// The name that is none.
    pub fn of(list: &str) -> Result<Self, String> {
        let mut allowed = Self::default();
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match Kind::NAMES.iter().find(|(known, _)| *known == name) {
                Some((_, kind)) => allowed.kinds |= Self::bit(*kind),
                None if name == "all" => allowed = Self::ALL,
                None => return Err(name.to_owned()),
            }
        }
        Ok(allowed)
    }

    /// Whether this kind may be touched.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.kinds & Self::bit(kind) != 0
    }

    fn bit(kind: Kind) -> u8 {
        1 << (kind as u8)
    }
}

/// A question that was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAsked {
    /// What it would have touched.
    pub kind: Kind,
    /// The question in short: a name and its type, a command, a server.
    pub question: Vec<u8>,
}

/// The services of `S`, guarded.
pub struct Guarded<S> {
    inner: S,
    facts: Arc<Facts>,
    allowed: Allowed,
    not_asked: Vec<NotAsked>,
}

/// Questions that are remembered between two calls of [`Guarded::take_not_asked`].
const REMEMBERED: usize = 64;

impl<S: MapServices> Guarded<S> {
    /// What `facts` do not answer is asked of `inner`, if allowed.
    pub fn new(inner: S, facts: Arc<Facts>, allowed: Allowed) -> Self {
        Self { inner, facts, allowed, not_asked: Vec::new() }
    }

    /// The services behind it.
    pub fn inner(&mut self) -> &mut S {
        &mut self.inner
    }

    fn may(&mut self, kind: Kind, question: impl FnOnce() -> Vec<u8>) -> bool {
        if self.allowed.has(kind) {
            return true;
        }
        if self.not_asked.len() < REMEMBERED {
            self.not_asked.push(NotAsked { kind, question: question() });
        }
        false
    }
}

/// The error of a connection that may not be made.
fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "not asked")
}

impl<S: MapServices> Services for Guarded<S> {
    fn resolve(&mut self, query: &DnsQuery<'_>) -> DnsAnswer {
        if let Some(known) = self.facts.resolve(query.name, query.kind) {
            return known;
        }
        let question =
            || [query.name, format!(" {:?}", query.kind).to_ascii_uppercase().as_bytes()].concat();
        match self.may(Kind::Dns, question) {
            true => self.inner.resolve(query),
            false => DnsAnswer::NoSuchName,
        }
    }

    fn search_list(&mut self) -> SearchList {
        // that of this machine means nothing for another one
        if self.facts.host.is_none() && self.allowed.has(Kind::Dns) {
            return self.inner.search_list();
        }
        SearchList { domains: Vec::new(), ndots: 1 }
    }

    fn run_program(&mut self, call: &ProgramCall<'_>) -> io::Result<ProgramOutput> {
        /// `EX_NOTFOUND`: what programs of maps say when they have no answer.
        const NO_ANSWER: ProgramEnd = ProgramEnd::Exited(68);
        match self.may(Kind::Programs, || call.argv.join(&b' ')) {
            true => self.inner.run_program(call),
            false => Ok(ProgramOutput { stdout: Vec::new(), end: NO_ANSWER }),
        }
    }

    fn passwd(&mut self, login: &[u8]) -> io::Result<Option<Passwd>> {
        if self.facts.users.is_empty() {
            return self.inner.passwd(login);
        }
        Ok(self.facts.user(login).map(|user| Passwd {
            name: user.name.clone(),
            password: b"x".to_vec(),
            uid: user.uid,
            gid: user.gid,
            gecos: user.gecos.clone(),
            dir: user.home.clone(),
            shell: b"/bin/sh".to_vec(),
        }))
    }

    fn connect(&mut self, endpoint: &Endpoint, timeout: u32) -> io::Result<Box<dyn Stream>> {
        let (kind, question) = match endpoint {
            Endpoint::Directory { host, port } => {
                (Kind::Ldap, [host, format!(":{port}").as_bytes()].concat())
            }
            Endpoint::Inet { host, port, .. } => {
                (Kind::Sockets, [host, format!(":{port}").as_bytes()].concat())
            }
            Endpoint::Unix(path) => (Kind::Sockets, path.clone()),
        };
        if self.may(kind, || question) {
            self.inner.connect(endpoint, timeout)
        } else {
            Err(refused())
        }
    }

    fn protect(
        &mut self,
        stream: Box<dyn Stream>,
        protection: &Protection<'_>,
    ) -> io::Result<Box<dyn Stream>> {
        self.inner.protect(stream, protection)
    }

    fn now(&mut self) -> u64 {
        self.inner.now()
    }

    fn instant(&mut self) -> Option<std::time::Instant> {
        self.inner.instant()
    }

    fn random(&mut self) -> u64 {
        self.inner.random()
    }

    fn log(&mut self, line: LogLine) {
        self.inner.log(line);
    }

    fn set_macro(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.inner.set_macro(name, value);
    }

    fn alias_left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        self.inner.alias_left(line)
    }
}

impl<S: MapServices> MapServices for Guarded<S> {
    fn take_macros(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        self.inner.take_macros()
    }

    fn take_log(&mut self) -> Vec<LogLine> {
        self.inner.take_log()
    }

    fn take_not_asked(&mut self) -> Vec<NotAsked> {
        std::mem::take(&mut self.not_asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapper::{RecordType, SystemServices};

    #[test]
    fn nothing_is_touched_without_leave() {
        let mut facts = Facts::default();
        facts.add(b"dns a.example A 192.0.2.1\nuser alice\n").unwrap();
        let mut services =
            Guarded::new(SystemServices::default(), Arc::new(facts), Allowed::default());
        let query = |name| DnsQuery { name, kind: RecordType::A, retrans: 1, retry: 1 };
        assert!(matches!(services.resolve(&query(b"a.example")), DnsAnswer::Records(_)));
        assert!(services.take_not_asked().is_empty());
        assert_eq!(services.resolve(&query(b"b.example")), DnsAnswer::NoSuchName);
        let call = ProgramCall {
            argv: &[b"/bin/false".to_vec()],
            environment: &[],
            user: None,
            max_output: 9,
        };
        assert_eq!(services.run_program(&call).unwrap().end, ProgramEnd::Exited(68));
        assert!(services.connect(&Endpoint::Unix(b"/nowhere".to_vec()), 1).is_err());
        let asked: Vec<_> = services.take_not_asked();
        let kinds: Vec<Kind> = asked.iter().map(|asked| asked.kind).collect();
        assert_eq!(kinds, [Kind::Dns, Kind::Programs, Kind::Sockets]);
        assert_eq!(asked[0].question, b"b.example A");
        assert!(services.passwd(b"alice").unwrap().is_some());
        assert!(services.passwd(b"root").unwrap().is_none());
    }

    #[test]
    fn lists_of_what_is_allowed() {
        let allowed = Allowed::of("dns, ldap").unwrap();
        assert!(allowed.has(Kind::Dns) && allowed.has(Kind::Ldap) && !allowed.has(Kind::Programs));
        assert_eq!(Allowed::of("all"), Ok(Allowed::ALL));
        assert_eq!(Allowed::of("dns,dsn"), Err("dsn".to_owned()));
        assert!(Kind::NAMES.iter().enumerate().all(|(row, (_, kind))| *kind as usize == row));
    }
}
