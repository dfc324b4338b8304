//! Open connections kept for the next message (`O ConnectionCacheSize`, `O ConnectionCacheTimeout`,
//! SM-101). The peer may have closed one meanwhile: then a new one is made.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::host_status::{Hold, HostStatuses};
use super::smtp::Session;

/// What a connection was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CacheKey {
    /// Name of the mailer.
    pub(super) mailer: Vec<u8>,
    /// The host as texts have it.
    pub(super) host: Vec<u8>,
    /// The port.
    pub(super) port: u16,
}

/// An open connection and its history.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) key: CacheKey,
    pub(super) session: Session,
    /// `relay=` of the log.
    pub(super) relay: Vec<u8>,
    /// Messages carried so far.
    pub(super) served: usize,
    /// Keeps others from the host.
    pub(super) hold: Option<Hold>,
}

/// The open connections of one queue run or submission, the oldest in front.
#[derive(Debug)]
pub struct ConnectionCache {
    capacity: usize,
    idle: Duration,
    entries: Vec<(Instant, Cached)>,
    /// What is known of hosts.
    pub(super) statuses: HostStatuses,
    /// The own end of the last connection that was made: its address and its name.
    pub own_end: Option<(IpAddr, Vec<u8>)>,
    /// Hosts whose mail exchangers debugging flags have shown.
    pub shown_hosts: BTreeSet<Vec<u8>>,
}

impl ConnectionCache {
    /// Keeps at most `capacity` connections (0: none), each unused for at most `idle`.
    #[must_use]
    pub fn new(capacity: usize, idle: Duration) -> Self {
        let statuses = HostStatuses::default();
        let shown_hosts = BTreeSet::new();
        Self { capacity, idle, entries: Vec::new(), statuses, own_end: None, shown_hosts }
    }

    /// The same, with what is known of hosts.
    #[must_use]
    pub fn with_statuses(self, statuses: HostStatuses) -> Self {
        Self { statuses, ..self }
    }

    /// Takes out the connection for `key` unless it has been idle too long.
    pub(super) fn take(
        &mut self,
        key: &CacheKey,
        now: Instant,
        verbose: &dyn Fn(&[u8]),
    ) -> Option<Cached> {
        let at = self.entries.iter().position(|(_, cached)| cached.key == *key)?;
        let (since, mut cached) = self.entries.remove(at);
        if now.saturating_duration_since(since) <= self.idle {
            return Some(cached);
        }
        cached.session.close(verbose);
        None
    }

    /// Closes connections, oldest first, until there is room for another one. `about` stands in front of what is said.
    pub(super) fn make_room(&mut self, about: &[u8], verbose: &dyn Fn(&[u8])) {
        while !self.entries.is_empty() && self.entries.len() >= self.capacity {
            let about = [about, b"... "].concat();
            close_about(self.entries.remove(0).1, &about, verbose);
        }
    }

    /// Keeps a connection; the ones that then are too many are closed, oldest first.
    pub(super) fn put(&mut self, cached: Cached, now: Instant, verbose: &dyn Fn(&[u8])) {
        self.entries.push((now, cached));
        while self.entries.len() > self.capacity {
            close(self.entries.remove(0).1, verbose);
        }
    }

    /// Closes all connections, at the end of a run.
    pub fn close_all(&mut self, verbose: &dyn Fn(&[u8])) {
        for (_, cached) in self.entries.drain(..) {
            close(cached, verbose);
        }
    }
}

/// `Closing connection to H`, and `QUIT`.
fn close(cached: Cached, verbose: &dyn Fn(&[u8])) {
    close_about(cached, b"", verbose);
}

fn close_about(mut cached: Cached, about: &[u8], verbose: &dyn Fn(&[u8])) {
    verbose(&[about, b"Closing connection to ", cached.key.host.as_slice()].concat());
    cached.session.close(verbose);
}
