//! Writes to the system log: RFC 3164 datagrams on `/dev/log`, as `syslog(3)` of the C library does.
//!
//! DIAGNOSTICS: none. A log that cannot be written must not stop mail; errors are ignored, and the
//! socket is opened again at the next line (the log daemon may have been restarted).

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Mutex;

use super::clock::{self, Zone};
use crate::events::Severity;

/// The number of facility `mail`, shifted as RFC 3164 says.
const FACILITY_MAIL: u8 = 2 << 3;

/// A moment for the stamp of a line, in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
}

impl Stamp {
    /// Now, in a zone.
    #[must_use]
    pub fn now(zone: &Zone) -> Self {
        let now = clock::now();
        let offset = i64::from(zone.offset_at(now).seconds);
        Self::from_local_seconds(i64::try_from(now).unwrap_or(0) + offset)
    }

    /// The stamp of `at` (seconds since 1970, already moved by the zone's offset).
    #[must_use]
    pub fn from_local_seconds(at: i64) -> Self {
        let moment = jiff::Timestamp::from_second(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let civil = jiff::tz::Offset::UTC.to_datetime(moment);
        let byte = |value: i8| u8::try_from(value).unwrap_or(0);
        Self {
            month: byte(civil.month()),
            day: byte(civil.day()),
            hour: byte(civil.hour()),
            minute: byte(civil.minute()),
            second: byte(civil.second()),
        }
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One datagram: `<PRI>Mon dd hh:mm:ss ident[pid]: text`, or `ident: text`.
#[must_use]
pub fn datagram(
    severity: Severity,
    stamp: Stamp,
    ident: &str,
    pid: Option<u32>,
    text: &[u8],
) -> Vec<u8> {
    let pid = pid.map_or_else(String::new, |pid| format!("[{pid}]"));
    let month = MONTHS.get(usize::from(stamp.month.saturating_sub(1))).copied().unwrap_or("Jan");
    let mut line = format!(
        "<{}>{month} {:2} {:02}:{:02}:{:02} {ident}{pid}: ",
        FACILITY_MAIL | severity.number(),
        stamp.day,
        stamp.hour,
        stamp.minute,
        stamp.second,
    )
    .into_bytes();
    line.extend_from_slice(text);
    line
}

/// The connection to the log daemon.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    ident: String,
    socket: Mutex<Option<UnixDatagram>>,
}

impl Syslog {
    /// A writer under the name `ident` (`sendmail`, or the `-L` tag).
    #[must_use]
    pub fn new(ident: &str) -> Self {
        Self::at("/dev/log".into(), ident)
    }

    /// A writer to another socket.
    #[must_use]
    pub fn at(path: PathBuf, ident: &str) -> Self {
        Self { path, ident: ident.to_owned(), socket: Mutex::new(None) }
    }

    /// Writes the lines of one message (already split and made printable, see `events`).
    pub fn write<'a>(
        &self,
        severity: Severity,
        stamp: Stamp,
        pid: Option<u32>,
        lines: impl IntoIterator<Item = &'a [u8]>,
    ) {
        for text in lines {
            self.send(&datagram(severity, stamp, &self.ident, pid, text));
        }
    }

    fn send(&self, datagram: &[u8]) {
        let mut held = self.socket.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for _ in 0..2 {
            if held.is_none() {
                *held = UnixDatagram::unbound()
                    .and_then(|socket| socket.connect(&self.path).map(|()| socket))
                    .ok();
            }
            match held.as_ref().map(|socket| socket.send(datagram)) {
                None | Some(Ok(_)) => return,
                Some(Err(_)) => *held = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_has_priority_stamp_and_ident() {
        let stamp = Stamp::from_local_seconds(1_795_305_661); // 22 November 2026, 00:01:01
        let line = datagram(Severity::Info, stamp, "sendmail", Some(42), b"NOQUEUE: x");
        insta::assert_snapshot!(String::from_utf8_lossy(&line), @"<22>Nov 22 00:01:01 sendmail[42]: NOQUEUE: x");
    }

    #[test]
    fn a_restarted_daemon_gets_the_next_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let log = Syslog::at(path.clone(), "sendmail");
        let stamp = Stamp::from_local_seconds(0);
        log.write(Severity::Notice, stamp, Some(1), [&b"lost"[..]]);
        for text in [&b"one"[..], b"two"] {
            let _ = std::fs::remove_file(&path);
            let server = UnixDatagram::bind(&path).unwrap();
            log.write(Severity::Notice, stamp, Some(1), [text]);
            let mut buffer = [0; 100];
            let count = server.recv(&mut buffer).unwrap();
            assert!(buffer[..count].starts_with(b"<21>Jan  1 ") && buffer[..count].ends_with(text));
        }
    }
}
