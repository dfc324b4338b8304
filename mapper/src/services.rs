//! What maps ask of the outside world: names, programs, users, connections, the clock, files.

use std::io;
use std::net::IpAddr;
use std::time::Instant;

use crate::alias_file::{AliasPart, AliasReader};

/// A DNS record type that map classes ask for; the discriminant is the wire value (RFC 1035 and
/// successors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum RecordType {
    /// IPv4 address.
    A = 1,
    /// Name server.
    Ns = 2,
    /// Alias.
    Cname = 5,
    /// Pointer.
    Ptr = 12,
    /// Mail exchanger.
    Mx = 15,
    /// Text.
    Txt = 16,
    /// AFS database.
    Afsdb = 18,
    /// IPv6 address.
    Aaaa = 28,
    /// Service location.
    Srv = 33,
    /// Certificate association.
    Tlsa = 52,
}

/// The data of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME, NS or PTR: a name without the final dot.
    Name(Vec<u8>),
    /// MX or AFSDB: preference or subtype, and name without the final dot (empty: the root).
    Preferred(u16, Vec<u8>),
    /// SRV: priority, weight, port, target.
    Service(u16, u16, u16, Vec<u8>),
    /// TXT: its character strings.
    Text(Vec<Vec<u8>>),
    /// TLSA: usage, selector, matching type, data.
    Association(u8, u8, u8, Vec<u8>),
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Owner name without the final dot.
    pub owner: Vec<u8>,
    /// Its type.
    pub kind: RecordType,
    /// Seconds the record may be kept.
    pub ttl: u32,
    /// Its data.
    pub data: RecordData,
}

/// One question to the name service: exactly this name, no search list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuery<'a> {
    /// Name without the final dot.
    pub name: &'a [u8],
    /// Type.
    pub kind: RecordType,
    /// Seconds to wait per try.
    pub retrans: u32,
    /// Number of tries.
    pub retry: u32,
}

/// What the name service said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsAnswer {
    /// NOERROR: the answer section in order, CNAMEs included; empty means no data of this type.
    Records(Vec<Record>),
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL, REFUSED, timeout, unreachable.
    Failure,
}

/// The `search`/`domain` and `ndots` settings of the resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchList {
    /// Domains to try, without final dots.
    pub domains: Vec<Vec<u8>>,
    /// Names with at least so many dots are tried as they are first.
    pub ndots: usize,
}

/// An entry of the password database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passwd {
    /// Login name.
    pub name: Vec<u8>,
    /// Password field.
    pub password: Vec<u8>,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Full name and friends.
    pub gecos: Vec<u8>,
    /// Home directory.
    pub dir: Vec<u8>,
    /// Login shell.
    pub shell: Vec<u8>,
}

/// The full name in a GECOS field: what stands in front of the first comma, semicolon or percent sign, `&` being the login name
/// with a capital.
#[must_use]
pub fn full_name(gecos: &[u8], login: &[u8]) -> Vec<u8> {
    let field = gecos.split(|byte| b",;%".contains(byte)).next().unwrap_or_default();
    let mut out = Vec::new();
    for &byte in field {
        if byte == b'&' {
            out.extend(login.iter().enumerate().map(|(at, byte)| match at {
                0 => byte.to_ascii_uppercase(),
                _ => *byte,
            }));
        } else {
            out.push(byte);
        }
    }
    out
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// With this exit status.
    Exited(u8),
    /// Killed by this signal.
    Signalled(i32),
}

/// The result of running a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOutput {
    /// The beginning of standard output, at most the asked number of bytes.
    pub stdout: Vec<u8>,
    /// How it ended. A program that cannot be executed counts as exit 78 (observed).
    pub end: ProgramEnd,
}

/// A program to run for class `program` (MAP-043).
#[derive(Clone, Debug)]
pub struct ProgramCall<'a> {
    /// Path and arguments.
    pub argv: &'a [Vec<u8>],
    /// The complete environment, `NAME=value` each.
    pub environment: &'a [Vec<u8>],
    /// User and group to run as; none: stay.
    pub user: Option<(u32, u32)>,
    /// How much output to keep, bytes; the rest is read and dropped.
    pub max_output: usize,
}

/// Where the server of a socket map (MAP-051) or a directory server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A local socket's path.
    Unix(Vec<u8>),
    /// Host name or address, port, and whether only IPv6 is wanted.
    Inet {
        /// Host name or address literal.
        host: Vec<u8>,
        /// Port.
        port: u16,
        /// `inet6:`.
        v6: bool,
    },
    /// A directory server at any address of a host.
    Directory {
        /// Host name or address literal.
        host: Vec<u8>,
        /// Port.
        port: u16,
    },
}

/// How to protect a connection to a directory server.
#[derive(Clone, Copy, Debug)]
pub struct Protection<'a> {
    /// Whom the server's certificate must name: host name or address literal.
    pub host: &'a [u8],
    /// Seconds until the connection must be protected; 0 counts as 1.
    pub limit: u32,
    /// The variables of `E` lines, `NAME=value` each, some of which say whom to trust.
    pub environment: &'a [Vec<u8>],
}

/// A byte stream with the timeout given when it was opened.
pub trait Stream: io::Read + io::Write + Send {
    /// Makes reads and writes give up after so many seconds from now on; 0 counts as 1.
    ///
    /// # Errors
    /// As the system gives them.
    fn set_limit(&mut self, seconds: u32) -> io::Result<()>;
}

/// A line for the system log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLine {
    /// A text about the message that is worked on.
    Text {
        /// 0 emergency to 7 debug.
        severity: u8,
        /// Option `LogLevel` must be above this, if there is something.
        above: Option<u8>,
        /// The text.
        text: Vec<u8>,
    },
    /// The same about no message in particular.
    General {
        /// As for `Text`.
        severity: u8,
        /// As for `Text`.
        above: Option<u8>,
        /// The text.
        text: Vec<u8>,
    },
    /// What a [`crate::Notice`] of an error says, as `SYSERR(USER): TEXT`.
    Error(Vec<u8>),
}

/// The outcome of parsing the left side of an alias entry as an address (AD-001, AD-005).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AliasName {
    /// It resolves to a mailer with flag `A`: the key to store.
    Local(Vec<u8>),
    /// It resolves elsewhere.
    NotLocal,
    /// It is no address.
    Illegal,
}

/// Reads the name with which a line of an alias file begins, without rules.
pub(crate) fn plain_alias_left(line: &[u8]) -> (AliasName, AliasPart) {
    let mut name_of = |name: &[u8]| match name {
        name if name.contains(&b'@') => AliasName::NotLocal,
        name => AliasName::Local(name.to_ascii_lowercase()),
    };
    name_of.left(line)
}

/// What map classes may ask of the outside. Every method may block; none may be called before a
/// lookup needs it.
pub trait Services {
    /// Asks the name service one question.
    fn resolve(&mut self, query: &DnsQuery<'_>) -> DnsAnswer;
    /// The resolver's search list.
    fn search_list(&mut self) -> SearchList;
    /// Runs a program to its end.
    ///
    /// # Errors
    /// When no process can be made at all.
    fn run_program(&mut self, call: &ProgramCall<'_>) -> io::Result<ProgramOutput>;
    /// Looks a user up in the password database.
    ///
    /// # Errors
    /// When the database cannot be asked.
    fn passwd(&mut self, login: &[u8]) -> io::Result<Option<Passwd>>;
    /// Opens a connection whose reads and writes give up after `timeout` seconds.
    ///
    /// # Errors
    /// When the connection cannot be made.
    fn connect(&mut self, endpoint: &Endpoint, timeout: u32) -> io::Result<Box<dyn Stream>>;
    /// Speaks TLS over a connection from now on, as the client. Whose certificates are good say the
    /// system's settings for LDAP.
    ///
    /// # Errors
    /// `NotFound` when a file that names whom to trust is missing, `TimedOut` at the limit; else whatever went
    /// wrong with the connection, or that the server is not to be trusted. Services that cannot do it: `Unsupported`.
    fn protect(
        &mut self,
        _stream: Box<dyn Stream>,
        _protection: &Protection<'_>,
    ) -> io::Result<Box<dyn Stream>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Whether the name service was not asked when it should have been, so that its last answer is none; what keeps such
    /// an answer says so each time it gives it, with [`Services::leave_unasked`].
    fn left_unasked(&mut self) -> bool {
        false
    }
    /// A question about this name is not put to the name service, as it was not before.
    fn leave_unasked(&mut self, _name: &[u8]) {}
    /// Seconds since the epoch.
    fn now(&mut self) -> u64;
    /// Now, by a clock that does not go back; `None` where there is none that is cheap enough to be read for
    /// every address.
    fn instant(&mut self) -> Option<Instant> {
        None
    }
    /// Uniformly distributed random bits.
    fn random(&mut self) -> u64;
    /// Takes a line for the system log.
    fn log(&mut self, line: LogLine);
    /// Sets a macro, or with `None` removes it. `name` is without braces.
    fn set_macro(&mut self, name: &[u8], value: Option<&[u8]>);
    /// Reads the name with which a line of an alias file begins. The default takes any name without `@`, in lower
    /// case.
    fn alias_left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        plain_alias_left(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_end_at_the_comma() {
        let rows: [(&[u8], &[u8]); 4] = [
            (b"Alice Example,Room 1,,", b"Alice Example"),
            (b"& Builder", b"Bob Builder"),
            (b"", b""),
            (b",x", b""),
        ];
        for (gecos, name) in rows {
            assert_eq!(full_name(gecos, b"bob"), name);
        }
    }
}
