//! Log lines of the programs beside sendmail: under their own names and without a process id (observed).

use crate::events::{Severity, printable};
use crate::sys::clock::{self, TimeZoneSpec, Zone};
use crate::sys::syslog::{Stamp, Syslog};

/// The system log, as one program writes to it.
pub(super) struct CompanionLog {
    log: Syslog,
    zone: Zone,
}

impl CompanionLog {
    pub(super) fn new(program: &str) -> Self {
        Self { log: Syslog::new(program), zone: Zone::load(&TimeZoneSpec::System) }
    }

    /// Writes one line.
    pub(super) fn write(&self, severity: Severity, text: &[u8]) {
        let now = clock::now();
        let offset = i64::from(self.zone.offset_at(now).seconds);
        let stamp = Stamp::from_local_seconds(i64::try_from(now).unwrap_or(0) + offset);
        // these do not double backslashes (observed)
        let parts: Vec<Vec<u8>> = text.split(|byte| *byte == b'\\').map(printable).collect();
        self.log.write(severity, stamp, None, [parts.join(&b'\\').as_slice()]);
    }
}
