//! Log lines of the programs beside sendmail: under their own names, most without a process id (observed).

use crate::events::{Severity, printable};
use crate::sys::clock::{TimeZoneSpec, Zone};
use crate::sys::ids;
use crate::sys::syslog::{Stamp, Syslog};

/// The system log, as one program writes to it.
pub(super) struct CompanionLog {
    log: Syslog,
    zone: Zone,
    pid: Option<u32>,
}

impl CompanionLog {
    pub(super) fn new(program: &str) -> Self {
        Self { log: Syslog::new(program), zone: Zone::load(&TimeZoneSpec::System), pid: None }
    }

    /// One whose lines have the process id.
    pub(super) fn with_process_id(program: &str) -> Self {
        Self { pid: Some(ids::process_id()), ..Self::new(program) }
    }

    /// Writes one line.
    pub(super) fn write(&self, severity: Severity, text: &[u8]) {
        // octets that are no control characters stay as they are (observed)
        let shown = |byte: &u8| match byte.is_ascii_control() {
            true => printable(&[*byte]),
            false => vec![*byte],
        };
        let line: Vec<u8> = text.iter().flat_map(shown).collect();
        self.log.write(severity, Stamp::now(&self.zone), self.pid, [line.as_slice()]);
    }
}
