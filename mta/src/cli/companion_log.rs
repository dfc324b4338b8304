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
        // other octets stay as they are (observed)
        let control = |byte: u8| byte.is_ascii_control();
        let shown = |byte: &u8| if control(*byte) { printable(&[*byte]) } else { vec![*byte] };
        let line: Vec<u8> = text.iter().flat_map(shown).collect();
        self.log.write(severity, stamp, None, [line.as_slice()]);
    }
}
