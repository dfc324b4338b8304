//! What is known of hosts from the last attempts to reach them: for one queue run or submission in memory, beyond it in the
//! files of `HostStatusDirectory` (op guide 3.9; QU-077..QU-079).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ruleset_vm::{Enhanced, Exit};

use crate::sys::host_status_files::{self, HeldFile};

/// The newest version of the files that is known (observed).
const VERSION: u32 = 0;
/// Hosts remembered in memory.
const MAX_HOSTS: usize = 10_000;

/// The outcome of the last attempt to reach a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostStatus {
    /// The system's error number; 0 for none.
    pub errno: i32,
    /// The resolver's error number; 0 for none.
    pub resolver: i32,
    /// Exit status; 0 for success.
    pub exit: u8,
    /// Enhanced status code.
    pub code: Option<Enhanced>,
    /// The reply, on one line.
    pub reply: Option<Vec<u8>>,
    /// When, in seconds since 1970.
    pub last_used: u64,
}

/// Why a file tells nothing of a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostStatusError {
    /// Made by a later version.
    #[error("Unknown host status version {0}: {VERSION} max")]
    Version(u32),
    /// A line is missing or of another kind.
    #[error("could not read status file")]
    Damaged,
}

impl HostStatus {
    /// The content of a host's file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { errno, resolver, exit, code, reply, last_used } = self;
        let mut text = format!("V{VERSION}\nE{errno}\nH{resolver}\nS{exit}\n").into_bytes();
        if let Some(code) = code {
            text.extend_from_slice(format!("D{code}\n").as_bytes());
        }
        if let Some(reply) = reply {
            let line = reply.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
            text.extend_from_slice(&[b"R", line, b"\n"].concat());
        }
        text.extend_from_slice(format!("U{last_used}\n.\n").as_bytes());
        text
    }

    /// Reads the content of a host's file. What is behind the dot, or missing behind a first line, counts as nothing.
    ///
    /// # Errors
    /// See [`HostStatusError`].
    pub fn decode(text: &[u8]) -> Result<Self, HostStatusError> {
        let mut status = Self::default();
        let mut begun = false;
        for line in text.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end()) {
            let Some((kind, value)) = line.split_first() else { continue };
            let number = || std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            match kind {
                b'V' => {
                    let version = number().and_then(|value: i64| u32::try_from(value).ok());
                    let version = version.ok_or(HostStatusError::Damaged)?;
                    if version > VERSION {
                        return Err(HostStatusError::Version(version));
                    }
                }
                b'E' => status.errno = number().and_then(|n: i64| n.try_into().ok()).unwrap_or(0),
                b'H' => {
                    status.resolver = number().and_then(|n: i64| n.try_into().ok()).unwrap_or(0)
                }
                b'S' => status.exit = number().and_then(|n: i64| n.try_into().ok()).unwrap_or(0),
                b'D' => status.code = Enhanced::parse_prefix(value).map(|(code, _)| code),
                b'R' => status.reply = Some(value.to_vec()),
                b'U' => {
                    status.last_used = number().and_then(|n: i64| n.try_into().ok()).unwrap_or(0)
                }
                b'.' if begun => return Ok(status),
                _ => return Err(HostStatusError::Damaged),
            }
            begun = true;
        }
        if begun { Ok(status) } else { Err(HostStatusError::Damaged) }
    }

    /// Whether another attempt is too early at `now`.
    fn forbids(&self, now: u64, validity: u64) -> bool {
        Exit(self.exit).is_temporary() && now < self.last_used.saturating_add(validity)
    }
}

/// The names of directories and of the file that a host's status has: the labels from the last one on, each with a dot but the
/// first; none for a name that has no place there (QU-078).
#[must_use]
pub fn place(host: &[u8]) -> Option<Vec<Vec<u8>>> {
    let bare = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host);
    let bare = bare.strip_suffix(b".").unwrap_or(bare);
    let odd = |label: &[u8]| label.is_empty() || label.contains(&0);
    if bare.len() > 255 || bare.split(|byte| *byte == b'.').any(odd) {
        return None;
    }
    let shown = |byte: &u8| if *byte == b'/' { b':' } else { byte.to_ascii_lowercase() };
    let labels: Vec<Vec<u8>> =
        bare.split(|byte| *byte == b'.').map(|label| label.iter().map(shown).collect()).collect();
    let mut place: Vec<Vec<u8>> =
        labels.iter().skip(1).rev().map(|label| [label, &b"."[..]].concat()).collect();
    place.extend(labels.first().cloned());
    Some(place)
}

/// The host of a place.
#[must_use]
pub fn host_of(place: &[Vec<u8>]) -> Vec<u8> {
    let labels = place.iter().rev().map(|part| part.strip_suffix(b".").unwrap_or(part));
    labels.collect::<Vec<_>>().join(&b'.')
}

/// What keeps others from a host, shared by all who talk to it in turn.
pub type Hold = Arc<HeldFile>;

/// Somebody else is connected to a host, and may be alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another connection to the host is open")]
pub struct HostBusy;

/// What is known of hosts.
#[derive(Debug, Default)]
pub struct HostStatuses {
    /// HostStatusDirectory.
    directory: Option<PathBuf>,
    /// Timeout.hoststatus, in seconds.
    validity: u64,
    /// SingleThreadDelivery.
    one_at_a_time: bool,
    memory: HashMap<Vec<u8>, HostStatus>,
}

impl HostStatuses {
    /// Nothing known yet beyond the files in `directory`; what is known counts for `validity` seconds.
    #[must_use]
    pub fn new(directory: Option<PathBuf>, validity: u64) -> Self {
        Self { directory, validity, ..Self::default() }
    }

    /// The same; where there is a directory, a host is talked to by one process at a time.
    #[must_use]
    pub fn one_at_a_time(self, one_at_a_time: bool) -> Self {
        Self { one_at_a_time, ..self }
    }

    /// Keeps others from connecting to `host` for as long as the answer lives; `None` where nobody need be kept away.
    ///
    /// # Errors
    /// Somebody else is connected to it, which counts as an attempt that failed (observed).
    pub fn hold(&mut self, host: &[u8], now: u64) -> Result<Option<Hold>, HostBusy> {
        let directory = self.directory.as_deref().filter(|_| self.one_at_a_time);
        let Some((directory, place)) = directory.zip(place(host)) else { return Ok(None) };
        match host_status_files::hold(directory, &place) {
            Ok(Some(file)) => Ok(Some(Arc::new(file))),
            Ok(None) => {
                let status = HostStatus {
                    exit: Exit::TEMPFAIL.0,
                    code: Some(Enhanced::new(4, 4, 5)),
                    last_used: now,
                    ..HostStatus::default()
                };
                self.remember(&place, status);
                Err(HostBusy)
            }
            // a file that cannot be made holds no mail up
            Err(_) => Ok(None),
        }
    }

    /// The status of a host that need not be tried again yet. `ignore_files` is flag `W` of the mailer.
    #[must_use]
    pub fn obstacle(&self, host: &[u8], now: u64, ignore_files: bool) -> Option<HostStatus> {
        let place = place(host)?;
        let read = || {
            let directory = self.directory.as_deref().filter(|_| !ignore_files)?;
            HostStatus::decode(&host_status_files::read(directory, &place).ok()?).ok()
        };
        let status = self.memory.get(&host_of(&place)).cloned().or_else(read)?;
        status.forbids(now, self.validity).then_some(status)
    }

    /// Remembers the outcome of an attempt, for which `hold` kept others away. A file that cannot be written is nobody's
    /// trouble.
    pub fn note(&mut self, host: &[u8], status: HostStatus, hold: Option<&HeldFile>) {
        let Some(place) = place(host) else { return };
        let _ = match (hold, &self.directory) {
            (Some(file), _) => file.write(&status.encode()),
            (None, Some(directory)) => {
                host_status_files::write(directory, &place, &status.encode())
            }
            (None, None) => Ok(()),
        };
        self.remember(&place, status);
    }

    fn remember(&mut self, place: &[Vec<u8>], status: HostStatus) {
        if self.memory.len() < MAX_HOSTS {
            self.memory.insert(host_of(place), status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_hosts() {
        // QU-078
        let shown = |host: &str| {
            place(host.as_bytes()).map(|place| String::from_utf8(place.join(&b'/')).unwrap())
        };
        assert_eq!(shown("Mail.example.com."), Some("com./example./mail".to_owned()));
        assert_eq!(shown("[1.2.3.4]"), Some("4./3./2./1".to_owned()));
        assert_eq!(shown("a/b"), Some("a:b".to_owned()));
        for host in ["", ".", ".x", "a..b", "..", "a\0b"] {
            assert_eq!(shown(host), None, "{host:?}");
        }
        assert_eq!(host_of(&place(b"a.b.c").unwrap()), b"a.b.c");
    }

    #[test]
    fn a_file_reads_back() {
        // QU-079
        let status = HostStatus {
            errno: 111,
            resolver: 0,
            exit: 75,
            code: Some(Enhanced::new(4, 4, 1)),
            reply: Some(b"421 later".to_vec()),
            last_used: 1_795_827_368,
        };
        let text = status.encode();
        insta::assert_snapshot!(String::from_utf8_lossy(&text), @r"
        V0
        E111
        H0
        S75
        D4.4.1
        R421 later
        U1795827368
        .
        ");
        assert_eq!(HostStatus::decode(&text), Ok(status));
        assert_eq!(HostStatus::decode(b"V1\n.\n"), Err(HostStatusError::Version(1)));
        for damaged in [&b""[..], b"garbage", b"\n\n", b"V0\nE1\nx\n", b"."] {
            assert_eq!(HostStatus::decode(damaged), Err(HostStatusError::Damaged), "{damaged:?}");
        }
    }

    #[test]
    fn a_failure_counts_for_a_while() {
        // QU-077
        let mut known = HostStatuses::new(None, 1800);
        let failed = HostStatus { exit: 75, last_used: 1000, ..HostStatus::default() };
        known.note(b"Down.test.", failed.clone(), None);
        known.note(b"up.test", HostStatus { last_used: 1000, ..HostStatus::default() }, None);
        known.note(
            b"gone.test",
            HostStatus { exit: 69, last_used: 1000, ..HostStatus::default() },
            None,
        );
        assert_eq!(known.obstacle(b"down.test", 2799, false), Some(failed));
        assert_eq!(known.obstacle(b"down.test", 2800, false), None);
        assert_eq!(known.obstacle(b"up.test", 1001, false), None);
        assert_eq!(known.obstacle(b"gone.test", 1001, false), None);
    }

    #[test]
    fn files_outlive_the_process_unless_the_mailer_ignores_them() {
        let directory = tempfile::tempdir().unwrap();
        let new = || HostStatuses::new(Some(directory.path().to_owned()), 1800);
        let failed = HostStatus { exit: 75, last_used: 1000, ..HostStatus::default() };
        new().note(b"down.test", failed.clone(), None);
        assert_eq!(new().obstacle(b"DOWN.test.", 1001, false), Some(failed));
        assert_eq!(new().obstacle(b"down.test", 1001, true), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            if let Ok(status) = HostStatus::decode(&bytes) {
                let _ = HostStatus::decode(&status.encode());
            }
        }
    }
}
