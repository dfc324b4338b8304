//! The services of the real system, for address test mode, tools and delivery threads.

mod connection;
mod names;
mod program;
mod tls;
mod udp;

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use nix::unistd::User;

use crate::alias_file::AliasPart;
use crate::services::{
    AliasName, DnsAnswer, DnsQuery, Endpoint, LogLine, Passwd, ProgramCall, ProgramOutput,
    Protection, SearchList, Services, Stream, plain_alias_left,
};

/// Log lines and macro changes are kept up to this number.
const MAX_KEPT: usize = 10_000;

/// Reads the name with which a line of an alias file begins, as rulesets say.
pub type LeftReader = Box<dyn FnMut(&[u8]) -> (AliasName, AliasPart) + Send>;

/// A macro set (`Some`) or removed (`None`) by class `macro`: name without braces, value.
pub type MacroChange = (Vec<u8>, Option<Vec<u8>>);

/// Asks the real system. Nothing is started, opened or read before it is needed; the resolver and
/// its runtime come to life with the first question.
///
/// What a lookup wants of its caller is collected: log lines and macro changes are to be taken
/// ([`Self::take_log`], [`Self::take_macro_changes`]) after each lookup.
///
/// Not to be used inside an asynchronous task: questions block the thread.
#[derive(Default)]
pub struct SystemServices {
    names: names::NameService,
    log: Vec<LogLine>,
    macros: Vec<MacroChange>,
    alias_reader: Option<LeftReader>,
    random_state: u64,
}

impl SystemServices {
    /// Sets how names in the text of an alias file are read; without it every name without `@` is local.
    pub fn set_alias_reader(&mut self, reader: LeftReader) {
        self.alias_reader = Some(reader);
    }

    /// The lines to log since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.log)
    }

    /// The macro changes since the last call, in order.
    pub fn take_macro_changes(&mut self) -> Vec<MacroChange> {
        std::mem::take(&mut self.macros)
    }
}

impl Services for SystemServices {
    fn resolve(&mut self, query: &DnsQuery<'_>) -> DnsAnswer {
        self.names.resolve(query)
    }

    fn search_list(&mut self) -> SearchList {
        self.names.search_list()
    }

    fn run_program(&mut self, call: &ProgramCall<'_>) -> io::Result<ProgramOutput> {
        program::run(call)
    }

    fn passwd(&mut self, login: &[u8]) -> io::Result<Option<Passwd>> {
        let Ok(login) = std::str::from_utf8(login) else { return Ok(None) };
        let user = User::from_name(login)?;
        Ok(user.map(|user| Passwd {
            name: user.name.into_bytes(),
            password: user.passwd.into_bytes(),
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            gecos: user.gecos.into_bytes(),
            dir: user.dir.as_os_str().as_bytes().to_vec(),
            shell: user.shell.as_os_str().as_bytes().to_vec(),
        }))
    }

    fn connect(&mut self, endpoint: &Endpoint, timeout: u32) -> io::Result<Box<dyn Stream>> {
        connection::connect(endpoint, timeout)
    }

    fn protect(
        &mut self,
        stream: Box<dyn Stream>,
        protection: &Protection<'_>,
    ) -> io::Result<Box<dyn Stream>> {
        tls::protect(stream, protection)
    }

    fn now(&mut self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn instant(&mut self) -> Option<Instant> {
        Some(Instant::now())
    }

    /// Good enough to spread load, which is all that maps use it for.
    fn random(&mut self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        self.random_state = self.random_state.wrapping_add(1);
        RandomState::new().hash_one(self.random_state)
    }

    fn log(&mut self, line: LogLine) {
        if self.log.len() < MAX_KEPT {
            self.log.push(line);
        }
    }

    fn set_macro(&mut self, name: &[u8], value: Option<&[u8]>) {
        if self.macros.len() < MAX_KEPT {
            self.macros.push((name.to_vec(), value.map(<[u8]>::to_vec)));
        }
    }

    fn alias_left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        match &mut self.alias_reader {
            Some(read) => read(line),
            None => plain_alias_left(line),
        }
    }
}
