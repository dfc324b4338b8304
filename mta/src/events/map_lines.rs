//! What maps want logged, as events.

use mapper::LogLine;

use super::{Event, Severity};

/// The event for a line of a map; `id` is the message that is worked on, and `user` who runs this process.
#[must_use]
pub fn event(line: LogLine, id: Option<&[u8]>, user: &[u8]) -> Event {
    /// What stands in front of lines about nothing in particular.
    const NO_ID: Option<&[u8]> = Some(b"");
    let (id, severity, above, text) = match line {
        LogLine::Error(text) => return Event::system_error(id, user, text),
        LogLine::Text { severity, above, text } => (id, severity, above, text),
        LogLine::General { severity, above, text } => (NO_ID, severity, above, text),
    };
    let level = above.map_or(Event::ALWAYS, i16::from);
    Event::text(id, Severity::from_number(severity), level, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::lines;

    #[test]
    fn lines_as_observed() {
        // MAP-028, MAP-047, MAP-049
        let text = b"hello".to_vec();
        let check = |line, level, severity, expected: &[u8]| {
            let event = event(line, Some(b"ID"), b"root");
            assert_eq!((event.level, event.severity), (level, severity));
            assert_eq!(lines(&event), [expected]);
        };
        let line = LogLine::Text { severity: 6, above: Some(9), text: text.clone() };
        check(line, 9, Severity::Info, b"ID: hello");
        let line = LogLine::Text { severity: 0, above: None, text: text.clone() };
        check(line, Event::ALWAYS, Severity::Emergency, b"ID: hello");
        let line = LogLine::General { severity: 4, above: Some(10), text: text.clone() };
        check(line, 10, Severity::Warning, b"hello");
        check(LogLine::Error(text), 0, Severity::Critical, b"ID: SYSERR(root): hello");
    }
}
