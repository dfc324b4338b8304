//! What the fields of `Q` and `X` lines mean (QU-047, MI-001..MI-004).

use super::Equate;
use crate::diagnostic::Severity;
use crate::numbers::atoi;
use crate::options::time;
use crate::translate::flat;

/// A queue group, as its line gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueGroup {
    /// `P=`; `None` for the queue directory.
    pub path: Option<Vec<u8>>,
    /// `F=`: `f` runs several runners.
    pub flags: Vec<u8>,
    /// `I=`, seconds.
    pub interval: Option<i64>,
    /// `N=`
    pub nice: Option<i32>,
    /// `R=`
    pub runners: Option<i32>,
    /// `J=`
    pub jobs: Option<i32>,
    /// `r=`
    pub recipients: Option<i32>,
}

/// A mail filter, as its line gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Milter {
    /// `S=`; `None` when it was missing or wrong.
    pub socket: Option<Socket>,
    /// `F=`: `R` reject, `T` temporary failure, `4` close with 421.
    pub failure: Option<u8>,
    /// `T=C:`, seconds.
    pub connect: Option<i64>,
    /// `T=S:`, seconds.
    pub send: Option<i64>,
    /// `T=R:`, seconds.
    pub receive: Option<i64>,
    /// `T=E:`, seconds.
    pub end_of_message: Option<i64>,
}

/// Where a filter listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Socket {
    /// A path.
    Unix(Vec<u8>),
    /// `inet:port@host`, `inet6:port@host`; names are looked up by the caller.
    Inet {
        /// Version 6.
        v6: bool,
        /// Number or service name.
        port: Vec<u8>,
        /// Address or name.
        host: Vec<u8>,
    },
}

/// A message about a field: text and what it does to the exit status.
pub(crate) type Said = (Vec<u8>, Severity);

const ERROR: Severity = Severity::Error { exit: 70, fatal: false };

/// With the text of a system error (CF-010).
const SYSTEM: Severity = Severity::Error { exit: 71, fatal: false };

/// A time with a message for each bad unit.
fn seconds(value: &[u8], unit: u8, said: &mut Vec<Said>) -> i64 {
    let (seconds, bad) = time(value, unit);
    said.extend(bad.iter().map(|b| {
        ([b"Invalid time unit `".as_slice(), &[b & 0x7f], b"'"].concat(), Severity::Mistake)
    }));
    seconds
}

impl QueueGroup {
    /// Reads the fields; a later one replaces an earlier one.
    #[must_use]
    pub fn of(equates: &[Equate]) -> Self {
        let mut group = Self::default();
        for equate in equates {
            group.field(b"", equate, &mut Vec::new());
        }
        group
    }

    pub(crate) fn field(&mut self, name: &[u8], equate: &Equate, said: &mut Vec<Said>) {
        let value = flat(&equate.value);
        let number = Some(atoi(&value));
        match equate.letter {
            b'P' if value.is_empty() => {
                said.push(([b"queue ".as_slice(), name, b": empty path name"].concat(), ERROR));
            }
            b'P' => self.path = Some(value),
            b'F' => self.flags = value,
            b'I' => self.interval = Some(seconds(&value, b'm', said)),
            b'N' => self.nice = number,
            b'R' => self.runners = number,
            b'J' => self.jobs = number,
            b'r' => self.recipients = number,
            _ => {}
        }
    }
}

impl Milter {
    /// Reads the fields; a later one replaces an earlier one.
    #[must_use]
    pub fn of(equates: &[Equate]) -> Self {
        let mut milter = Self::default();
        for equate in equates {
            milter.field(b"", equate, &mut Vec::new());
        }
        milter.socket(b"", equates, &mut Vec::new());
        milter
    }

    pub(crate) fn field(&mut self, name: &[u8], equate: &Equate, said: &mut Vec<Said>) {
        let value = flat(&equate.value);
        match equate.letter {
            b'F' => self.failure = value.iter().rfind(|b| b"RT4".contains(b)).copied(),
            b'T' => self.timeouts(name, &value, said),
            _ => {}
        }
    }

    /// `C:1m;S:10s`
    fn timeouts(&mut self, name: &[u8], value: &[u8], said: &mut Vec<Said>) {
        let blank = |b: &u8| b.is_ascii_whitespace() || *b == b';';
        let mut rest = value;
        loop {
            let start = rest.iter().position(|b| !blank(b)).unwrap_or(rest.len());
            rest = rest.get(start..).unwrap_or_default();
            let Some(&letter) = rest.first() else { return };
            let end = rest.iter().position(|b| *b == b';').unwrap_or(rest.len());
            let (item, behind) = rest.split_at(end);
            rest = behind;
            let Some(colon) = item.iter().position(|b| *b == b':') else {
                said.push(([b"X".as_slice(), name, b", T=: `:' expected"].concat(), ERROR));
                return;
            };
            let time = item.get(colon + 1..).unwrap_or_default();
            let start = time.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(time.len());
            let time = seconds(time.get(start..).unwrap_or_default(), b's', said);
            match letter {
                b'C' => self.connect = Some(time),
                b'S' => self.send = Some(time),
                b'R' => self.receive = Some(time),
                b'E' => self.end_of_message = Some(time),
                other => {
                    let text =
                        [b"X".as_slice(), name, b": unknown filter timeout ", &[other & 0x7f]];
                    said.push((text.concat(), ERROR));
                }
            }
        }
    }

    /// The socket, read behind the last field (MI-002).
    pub(crate) fn socket(&mut self, name: &[u8], equates: &[Equate], said: &mut Vec<Said>) {
        let last = equates.iter().rev().find(|e| e.letter == b'S').map(|e| flat(&e.value));
        let mut error = |parts: &[&[u8]], severity| {
            said.push(([b"X", name, &parts.concat()].concat(), severity));
        };
        let Some(value) = last.filter(|v| !v.is_empty()) else {
            return error(&[b": empty or missing socket information"], ERROR);
        };
        let Some(colon) = value.iter().position(|b| *b == b':') else {
            self.socket = Some(Socket::Unix(value));
            return;
        };
        let (kind, address) = value.split_at(colon);
        let address = address.get(1..).unwrap_or_default();
        let v6 = match kind {
            b"inet" => false,
            b"inet6" => true,
            b"local" | b"unix" => {
                self.socket = Some(Socket::Unix(address.to_vec()));
                return;
            }
            kind => {
                return error(
                    &[b": unknown socket type ", kind, b": Protocol not supported"],
                    SYSTEM,
                );
            }
        };
        let Some(at) = address.iter().position(|b| *b == b'@') else {
            return error(&[b": bad address ", address, b" (expected port@host)"], ERROR);
        };
        let (port, host) = address.split_at(at);
        let host = host.get(1..).unwrap_or_default();
        match (port, host) {
            (b"", _) => error(&[b": unknown port name "], ERROR),
            (_, b"") => error(&[b": Unknown host name "], ERROR),
            _ => self.socket = Some(Socket::Inet { v6, port: port.to_vec(), host: host.to_vec() }),
        }
    }
}
