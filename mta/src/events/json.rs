//! An event as one line of JSON, for machines. Names of fields are those of sendmail's log lines; what the log writes as text, times
//! and counts, are numbers here. Octets that are not UTF-8 become U+FFFD.

use serde_json::Value;

use super::{Accepted, ControllingAddress, Delivered, Event, Happening, Severity};

/// The line, without its end: `time` (RFC 3339), `pid`, `id` (absent for none), `severity`, `level`, `event`, then the fields of
/// that kind of event. A field without a value is absent.
#[must_use]
pub fn line(event: &Event, time: &str, pid: u32) -> Vec<u8> {
    let mut object = Object::new();
    object.put("time", time);
    object.put("pid", pid);
    object.bytes("id", event.id.as_deref());
    object.put("severity", severity(event.severity));
    object.put("level", event.level);
    happening(&mut object, &event.what);
    object.finish()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Emergency => "emergency",
        Severity::Alert => "alert",
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
        Severity::Info => "info",
        Severity::Debug => "debug",
    }
}

fn happening(object: &mut Object, what: &Happening) {
    match what {
        Happening::Accepted(accepted) => self::accepted(object, accepted),
        Happening::Delivered(delivered) => self::delivered(object, delivered),
        Happening::SystemError { user, text } => {
            object.put("event", "system error");
            object.bytes("user", Some(user));
            object.bytes("text", Some(text));
        }
        Happening::Done { delay, tries } => {
            object.put("event", "done");
            object.put("delay", *delay);
            object.put("ntries", *tries);
        }
        Happening::Reported { id, kind, text } => {
            object.put("event", "reported");
            object.bytes("report", Some(id));
            object.put("kind", *kind);
            object.bytes("text", Some(text));
        }
        Happening::Cloned { id, owner } => {
            object.put("event", "cloned");
            object.bytes("clone", Some(id));
            object.bytes("owner", Some(owner));
        }
        Happening::Alias { name, value } => {
            object.put("event", "alias");
            object.bytes("name", Some(name));
            object.bytes("value", Some(value));
        }
        Happening::Text(text) => {
            object.put("event", "text");
            object.bytes("text", Some(text));
        }
    }
}

fn accepted(object: &mut Object, accepted: &Accepted) {
    object.put("event", "accepted");
    object.bytes("from", accepted.from.as_deref());
    object.put("size", accepted.size);
    object.put("class", accepted.class);
    object.put("nrcpts", accepted.recipients);
    object.bytes("msgid", accepted.message_id.as_deref());
    object.bytes("bodytype", accepted.body_type.as_deref());
    object.bytes("proto", accepted.protocol.as_deref());
    object.bytes("daemon", accepted.daemon.as_deref());
    object.bytes("relay", Some(&accepted.relay));
}

fn delivered(object: &mut Object, delivered: &Delivered) {
    object.put("event", "delivered");
    let to: Vec<Value> = delivered.to.iter().map(|to| text(to).into()).collect();
    object.put("to", to);
    if let Some(ControllingAddress { address, ids }) = &delivered.controlling {
        object.bytes("ctladdr", Some(address));
        if let Some((uid, gid)) = ids {
            object.put("ctluid", *uid);
            object.put("ctlgid", *gid);
        }
    }
    object.put("delay", delivered.delay);
    object.maybe("xdelay", delivered.transaction_delay);
    object.bytes("mailer", delivered.mailer.as_deref());
    object.put("pri", delivered.priority);
    object.bytes("relay", delivered.relay.as_deref());
    object.maybe("dsn", delivered.dsn.map(|code| code.to_string()));
    object.bytes("quarantine", delivered.quarantine.as_deref());
    object.maybe("ntries", delivered.tries);
    object.bytes("reply", delivered.reply.as_deref());
    object.bytes("stat", Some(&delivered.stat));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An object whose fields stay in the order in which they come.
struct Object {
    text: String,
}

impl Object {
    fn new() -> Self {
        Self { text: "{".to_owned() }
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let comma = if self.text.len() > 1 { "," } else { "" };
        let value: Value = value.into();
        self.text.push_str(&format!("{comma}\"{name}\":{value}"));
    }

    fn maybe(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn bytes(&mut self, name: &str, value: Option<&[u8]>) {
        self.maybe(name, value.map(text));
    }

    fn finish(self) -> Vec<u8> {
        (self.text + "}").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruleset_vm::Enhanced;

    fn shown(what: Happening) -> String {
        let event = Event { id: Some(b"ID".to_vec()), severity: Severity::Info, level: 4, what };
        String::from_utf8(line(&event, "2026-11-28T01:00:00.000001Z", 7)).unwrap()
    }

    #[test]
    fn fields_are_those_of_the_log() {
        let accepted = Accepted {
            from: Some(b"<a\"b\xff@c>".to_vec()),
            size: 17,
            recipients: 2,
            relay: b"root@localhost".to_vec(),
            ..Accepted::default()
        };
        insta::assert_snapshot!(shown(Happening::Accepted(Box::new(accepted))), @r#"{"time":"2026-11-28T01:00:00.000001Z","pid":7,"id":"ID","severity":"info","level":4,"event":"accepted","from":"<a\"b�@c>","size":17,"class":0,"nrcpts":2,"relay":"root@localhost"}"#);
        let delivered = Delivered {
            to: vec![b"x".to_vec(), b"y".to_vec()],
            controlling: Some(ControllingAddress { address: b"joe".to_vec(), ids: Some((1, 2)) }),
            delay: 3,
            transaction_delay: Some(1),
            priority: 30_017,
            dsn: Some(Enhanced::new(2, 0, 0)),
            stat: b"Sent\n".to_vec(),
            ..Delivered::default()
        };
        insta::assert_snapshot!(shown(Happening::Delivered(Box::new(delivered))), @r#"{"time":"2026-11-28T01:00:00.000001Z","pid":7,"id":"ID","severity":"info","level":4,"event":"delivered","to":["x","y"],"ctladdr":"joe","ctluid":1,"ctlgid":2,"delay":3,"xdelay":1,"pri":30017,"dsn":"2.0.0","stat":"Sent\n"}"#);
        insta::assert_snapshot!(shown(Event::cloned(b"ID", b"NEW", b"joe").what), @r#"{"time":"2026-11-28T01:00:00.000001Z","pid":7,"id":"ID","severity":"info","level":4,"event":"cloned","clone":"NEW","owner":"joe"}"#); // LG-014
        insta::assert_snapshot!(shown(Happening::Text(b"done".to_vec())), @r#"{"time":"2026-11-28T01:00:00.000001Z","pid":7,"id":"ID","severity":"info","level":4,"event":"text","text":"done"}"#);
    }

    proptest::proptest! {
        #[test]
        fn every_line_is_json(id: Option<Vec<u8>>, from: Vec<u8>, to: Vec<Vec<u8>>) {
            let delivered = Delivered { to, reply: Some(from), ..Delivered::default() };
            let what = Happening::Delivered(Box::new(delivered));
            let event = Event { id, severity: Severity::Alert, level: 0, what };
            let line = line(&event, "now", 1);
            proptest::prop_assert!(!line.contains(&b'\n'));
            proptest::prop_assert!(serde_json::from_slice::<Value>(&line).unwrap().is_object());
        }
    }
}
