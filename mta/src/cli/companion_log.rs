//! Log lines of the programs beside sendmail: under their own names and without a process id (observed).

use crate::events::{Severity, printable};
use crate::sys::clock::{TimeZoneSpec, Zone};
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
        // octets that are no control characters stay as they are (observed)
        let shown = |byte: &u8| match byte.is_ascii_control() {
            true => printable(&[*byte]),
            false => vec![*byte],
        };
        let line: Vec<u8> = text.iter().flat_map(shown).collect();
        self.log.write(severity, Stamp::now(&self.zone), None, [line.as_slice()]);
    }
}
