//! Events as lines of JSON, those that LogLevel wants (`--log json`).

use super::log_sink;
use crate::config::site::Site;
use crate::events::{Event, EventSink, json};
use crate::sys::line_file::LineFile;
use crate::sys::{clock, ids};

/// Writes events to a file.
#[derive(Debug)]
pub struct JsonSink {
    lines: LineFile,
    level: i64,
}

impl JsonSink {
    /// A sink with the LogLevel of `site`.
    #[must_use]
    pub fn new(lines: LineFile, site: &Site) -> Self {
        Self { lines, level: log_sink::level(site) }
    }
}

impl EventSink for JsonSink {
    fn report(&self, event: Event) {
        if self.level > i64::from(event.level) {
            self.lines.write(&json::line(&event, &clock::timestamp(), ids::process_id()));
        }
    }
}
