//! The text of the system log for an event, as sendmail 8.17 writes it (chapter 11 of the op guide's
//! log format, and observed).

use std::io::Write;

use super::{Accepted, ControllingAddress, Delivered, Event, Happening};

/// The size a line may have, all parts included (LG-002).
pub const MAX_LINE: usize = 1024;
/// What the stamp, name and queue id in front of a `to=` line are taken to need (observed).
const RESERVED: usize = 100;
/// Bytes shown of a sender (observed).
const MAX_SENDER: usize = 200;
/// Bytes shown of a Message-Id (observed).
const MAX_MESSAGE_ID: usize = 100;

/// The lines to write for `event`: one as a rule, several when a `to=` list or a text is too long.
#[must_use]
pub fn lines(event: &Event) -> Vec<Vec<u8>> {
    let id = event.id.as_deref().unwrap_or(b"NOQUEUE");
    let texts = match &event.what {
        Happening::Accepted(accepted) => vec![accepted_text(accepted)],
        Happening::Delivered(delivered) => delivered_texts(delivered),
        Happening::SystemError { user, text } => {
            vec![[b"SYSERR(", user.as_slice(), b"): ", text].concat()]
        }
        Happening::Done { delay, tries } => {
            vec![format!("done; delay={}, ntries={tries}", interval(*delay)).into_bytes()]
        }
        Happening::Reported { id, kind, text } => {
            vec![[id.as_slice(), b": ", kind.as_bytes(), b": ", text].concat()]
        }
        Happening::Cloned { id, owner } => {
            vec![[id.as_slice(), b": clone: owner=", owner].concat()]
        }
        Happening::Alias { name, value } => {
            vec![[b"alias ", name.as_slice(), b" => ", value].concat()]
        }
        Happening::Text(text) => vec![text.clone()],
    };
    texts.iter().flat_map(|text| split(id, &printable(text))).collect()
}

/// `hh:mm:ss`, with the days and `+` in front if there are any (LG-006).
#[must_use]
pub fn interval(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if days == 0 { clock } else { format!("{days}+{clock}") }
}

/// Control characters made visible, so that no message can forge a line: `\t`, `\n`, `\r`, others in
/// octal, as octets above 127; a backslash is doubled (LG-003; observed).
#[must_use]
pub fn printable(text: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'\t' => shown.extend_from_slice(b"\\t"),
            b'\n' => shown.extend_from_slice(b"\\n"),
            b'\r' => shown.extend_from_slice(b"\\r"),
            b'\\' => shown.extend_from_slice(b"\\\\"),
            0..=31 | 127.. => {
                let _ = write!(shown, "\\{byte:03o}");
            }
            _ => shown.push(byte),
        }
    }
    shown
}

/// `text` behind the queue id (none if that is empty), in pieces that fit a log line; a piece that goes on ends, and the
/// next begins, with `...`.
fn split(id: &[u8], text: &[u8]) -> Vec<Vec<u8>> {
    let room = MAX_LINE.saturating_sub(id.len() + 40).max(80);
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let mut line = if id.is_empty() { Vec::new() } else { [id, b": "].concat() };
        if !lines.is_empty() {
            line.extend_from_slice(b"...");
        }
        let (piece, more) = rest.split_at(rest.len().min(room));
        line.extend_from_slice(piece);
        if more.is_empty() {
            lines.push(line);
            return lines;
        }
        line.extend_from_slice(b"...");
        lines.push(line);
        rest = more;
    }
}

/// Collects `, name=value` parts.
#[derive(Default)]
struct Parts(Vec<u8>);

impl Parts {
    fn add(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.0.extend_from_slice(b", ");
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
        self.0.extend_from_slice(value.as_ref());
    }

    fn add_some(&mut self, name: &str, value: Option<impl AsRef<[u8]>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

fn cut(text: &[u8], limit: usize) -> &[u8] {
    text.get(..limit).unwrap_or(text)
}

fn accepted_text(accepted: &Accepted) -> Vec<u8> {
    let from = accepted.from.as_deref().unwrap_or(b"<NONE>");
    let mut parts = Parts(b"from=".to_vec());
    parts.0.extend_from_slice(cut(from, MAX_SENDER));
    parts.add("size", accepted.size.to_string());
    parts.add("class", accepted.class.to_string());
    parts.add("nrcpts", accepted.recipients.to_string());
    parts.add_some("msgid", accepted.message_id.as_deref().map(|id| cut(id, MAX_MESSAGE_ID)));
    parts.add_some("bodytype", accepted.body_type.as_ref());
    parts.add_some("proto", accepted.protocol.as_ref());
    parts.add_some("daemon", accepted.daemon.as_ref());
    parts.add("relay", &accepted.relay);
    parts.0
}

fn controlling(address: &ControllingAddress) -> Vec<u8> {
    let mut text = address.address.clone();
    if let Some((uid, gid)) = address.ids {
        let _ = write!(text, " ({uid}/{gid})");
    }
    text
}

/// The part of a delivery line behind the recipients.
fn delivery_tail(delivered: &Delivered) -> Vec<u8> {
    let mut parts = Parts::default();
    parts.add_some("ctladdr", delivered.controlling.as_ref().map(controlling));
    parts.add("delay", interval(delivered.delay));
    parts.add_some("xdelay", delivered.transaction_delay.map(interval));
    parts.add_some("mailer", delivered.mailer.as_ref());
    // sendmail shows none below zero but as the largest there is (observed)
    let priority = u64::try_from(delivered.priority).unwrap_or(i64::MAX.unsigned_abs());
    parts.add("pri", priority.to_string());
    parts.add_some("relay", delivered.relay.as_ref());
    parts.add_some("dsn", delivered.dsn.map(|code| code.to_string()));
    parts.add_some("quarantine", delivered.quarantine.as_ref());
    parts.add_some("ntries", delivered.tries.map(|tries| tries.to_string()));
    parts.add_some("reply", delivered.reply.as_ref());
    parts.add("stat", &delivered.stat);
    parts.0
}

/// The lines of a delivery: a list of recipients that does not fit is continued in another line, and
/// marked `[more]` (LG-002).
fn delivered_texts(delivered: &Delivered) -> Vec<Vec<u8>> {
    let tail = delivery_tail(delivered);
    let room = MAX_LINE.saturating_sub(RESERVED + tail.len());
    let mut texts = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    for address in &delivered.to {
        if !line.is_empty() && line.len() + 1 + address.len() >= room {
            texts.push([b"to=", line.as_slice(), b", [more]", &tail].concat());
            line.clear();
        }
        if !line.is_empty() {
            line.push(b',');
        }
        line.extend_from_slice(address);
    }
    texts.push([b"to=", line.as_slice(), &tail].concat());
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruleset_vm::{Enhanced, Status};

    fn text(event: &Event) -> String {
        let lines = lines(event);
        lines.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn delivery_lines_are_those_of_sendmail() {
        let mut delivered = Delivered {
            to: vec![b"r2@h1".to_vec(), b"r1@h1".to_vec()],
            controlling: Some(ControllingAddress { address: b"root".to_vec(), ids: Some((0, 0)) }),
            transaction_delay: Some(0),
            mailer: Some(b"log".to_vec()),
            priority: 240_017,
            relay: Some(b"h1".to_vec()),
            dsn: Some(Enhanced::new(2, 0, 0)),
            stat: b"Sent".to_vec(),
            ..Delivered::default()
        };
        let event = Event::delivered(b"6AM2xA3q008171", delivered.clone(), &Status::ok());
        insta::assert_snapshot!(text(&event), @"6AM2xA3q008171: to=r2@h1,r1@h1, ctladdr=root (0/0), delay=00:00:00, xdelay=00:00:00, mailer=log, pri=240017, relay=h1, dsn=2.0.0, stat=Sent");
        assert_eq!(event.level, 7);
        delivered.to = vec![b"far@remote.example".to_vec()];
        delivered.controlling = None;
        delivered.delay = 2 * 86_400 + 559;
        delivered.reply = Some(b"550 5.1.1 User unknown".to_vec());
        delivered.tries = Some(3);
        insta::assert_snapshot!(text(&Event::delivered(b"ID", delivered, &Status::ok())), @"ID: to=far@remote.example, delay=2+00:09:19, xdelay=00:00:00, mailer=log, pri=240017, relay=h1, dsn=2.0.0, ntries=3, reply=550 5.1.1 User unknown, stat=Sent");
    }

    #[test]
    fn long_recipient_lists_are_continued() {
        // LG-002: 60 addresses of 42 bytes make lines of 18, 18, 18 and 6.
        let address =
            |n: usize| format!("recipient-with-a-long-name-{n:02}@logn.h1.prog").into_bytes();
        let delivered = Delivered {
            to: (0..60).rev().map(address).collect(),
            controlling: Some(ControllingAddress { address: b"root".to_vec(), ids: Some((0, 0)) }),
            transaction_delay: Some(0),
            mailer: Some(b"logn".to_vec()),
            priority: 1_800_038,
            relay: Some(b"h1".to_vec()),
            dsn: Some(Enhanced::new(2, 0, 0)),
            stat: b"Sent".to_vec(),
            ..Delivered::default()
        };
        let lines = lines(&Event::delivered(b"6AM3DxGw022263", delivered, &Status::ok()));
        let counts: Vec<usize> = lines
            .iter()
            .map(|line| {
                line.windows(11)
                    .filter(|part| *part == b"long-name-0" || part.starts_with(b"@logn.h1.p"))
                    .count()
            })
            .collect();
        assert_eq!(lines.len(), 4, "{counts:?}");
        assert!(lines[0].windows(8).any(|part| part == b", [more]"));
        assert!(!lines[3].windows(8).any(|part| part == b", [more]"));
        assert!(lines[0].starts_with(b"6AM3DxGw022263: to=recipient-with-a-long-name-59@"));
        assert!(lines[1].starts_with(b"6AM3DxGw022263: to=recipient-with-a-long-name-41@"));
    }

    #[test]
    fn accepted_lines_leave_out_what_is_not_known() {
        // LG-007
        let accepted = Accepted {
            from: Some(b"jo\te".to_vec()),
            size: 18,
            recipients: 1,
            message_id: Some(vec![b'm'; 900]),
            relay: b"root@localhost".to_vec(),
            ..Accepted::default()
        };
        let what = Happening::Accepted(Box::new(accepted));
        let event = Event {
            id: Some(b"ID".to_vec()),
            severity: super::super::Severity::Info,
            level: 4,
            what,
        };
        let expected = format!(
            "ID: from=jo\\te, size=18, class=0, nrcpts=1, msgid={}, relay=root@localhost",
            "m".repeat(100)
        );
        assert_eq!(text(&event), expected);
    }

    #[test]
    fn other_lines() {
        let severity = super::super::Severity::Notice;
        let event = Event::text(None, severity, 0, b"a\x01b".to_vec());
        assert_eq!(text(&event), "NOQUEUE: a\\001b"); // LG-003
        let event =
            Event::system_error(Some(b"ID"), b"root", b"mailer prog died with signal 9".to_vec());
        assert_eq!(text(&event), "ID: SYSERR(root): mailer prog died with signal 9"); // LG-005
        assert_eq!(text(&Event::cloned(b"ID", b"NEW", b"joe")), "ID: NEW: clone: owner=joe"); // LG-014
        let event = Event::text(None, severity, 0, vec![b'x'; 2000]);
        let all = lines(&event);
        assert!(all.len() == 3 && all.iter().all(|line| line.len() < MAX_LINE));
        assert!(all[0].ends_with(b"x...") && all[1].starts_with(b"NOQUEUE: ...x"));
    }

    #[test]
    fn intervals() {
        // LG-006
        for (seconds, expected) in [(0, "00:00:00"), (3661, "01:01:01"), (90_000, "1+01:00:00")] {
            assert_eq!(interval(seconds), expected);
        }
    }
}
