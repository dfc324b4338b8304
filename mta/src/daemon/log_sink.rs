//! Events to the system log, those that LogLevel wants.

use crate::config::site::Site;
use crate::events::{self, Event, EventSink};
use crate::sys::clock::{TimeZoneSpec, Zone};
use crate::sys::ids;
use crate::sys::syslog::{Stamp, Syslog};

/// LogLevel without the option (OPT-039).
pub const DEFAULT_LOG_LEVEL: i64 = 9;

/// Writes events to syslog.
#[derive(Debug)]
pub struct LogSink {
    log: Syslog,
    level: i64,
    zone: Zone,
}

impl LogSink {
    /// A sink with the LogLevel of `site`, under the name `ident` (`sendmail`, or the `-L` tag).
    #[must_use]
    pub fn new(site: &Site, ident: &str) -> Self {
        Self::with(Syslog::new(ident), level(site))
    }

    /// A sink that writes what `level` is above of to `log`.
    #[must_use]
    pub fn with(log: Syslog, level: i64) -> Self {
        Self { log, level, zone: Zone::load(&TimeZoneSpec::System) }
    }
}

/// The LogLevel of a site.
pub(super) fn level(site: &Site) -> i64 {
    site.configuration.options.number("LogLevel", DEFAULT_LOG_LEVEL)
}

impl EventSink for LogSink {
    fn report(&self, event: Event) {
        if self.level <= i64::from(event.level) {
            return;
        }
        let stamp = Stamp::now(&self.zone);
        let lines = events::lines(&event);
        let lines = lines.iter().map(Vec::as_slice);
        self.log.write(event.severity, stamp, Some(ids::process_id()), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Severity;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn the_level_decides() {
        // LG-046: a line of level 4 is written at LogLevel 5, not at 4.
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let server = UnixDatagram::bind(&path).unwrap();
        server.set_nonblocking(true).unwrap();
        for (level, expected) in [(4, false), (5, true)] {
            let sink = LogSink::with(Syslog::at(path.clone(), "sendmail"), level);
            sink.report(Event::text(Some(b"ID"), Severity::Info, 4, b"a text".to_vec()));
            let mut buffer = [0; 200];
            let got = server.recv(&mut buffer).map(|count| buffer[..count].to_vec());
            assert_eq!(got.is_ok(), expected);
            if let Ok(line) = got {
                assert!(line.starts_with(b"<22>") && line.ends_with(b"]: ID: a text"));
            }
        }
    }
}
