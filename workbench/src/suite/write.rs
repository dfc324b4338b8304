//! Writes tests so that they can be read again.

use bstr::ByteSlice as _;

use super::{Expectation, Subject, Suite, Test, role_name};

/// The text of a file of tests.
#[must_use]
pub fn write(suite: &Suite) -> Vec<u8> {
    let mut out = Vec::new();
    for (_, fact) in &suite.facts {
        line(&mut out, &[fact]);
    }
    for test in &suite.tests {
        if !out.is_empty() {
            out.push(b'\n');
        }
        one(test, &mut out);
    }
    out
}

fn one(test: &Test, out: &mut Vec<u8>) {
    if let Some(name) = &test.name {
        line(out, &[b"test ", &value(name)]);
    }
    match &test.subject {
        Subject::Address { role, address } => {
            line(out, &[role_name(*role).as_bytes(), b" ", &value(address)]);
        }
        Subject::Rewrite { role, mailer, address } => {
            let role = role_name(*role).as_bytes();
            line(out, &[b"rewrite ", role, b" ", &word(mailer), b" ", &value(address)]);
        }
        Subject::Rules { rulesets, text } => {
            line(out, &[b"rules ", &word(rulesets), b" ", &value(text)]);
        }
        Subject::Hook { ruleset, arguments } => {
            let arguments: Vec<_> = arguments.iter().map(|text| argument(text)).collect();
            line(out, &[b"hook ", &word(ruleset), b" ", &arguments.join(&b" $| "[..])]);
        }
        Subject::Session(_) => line(out, &[b"session"]),
    }
    for (name, text) in &test.settings {
        line(out, &[b"set ", &word(name), b" ", &value(text)]);
    }
    let lines = match &test.subject {
        Subject::Session(lines) => lines.as_slice(),
        _ => &[],
    };
    // a reply stands behind the lines up to the one it answers
    let mut written = 0;
    let mut up_to = |end: usize, out: &mut Vec<u8>| {
        for typed in lines.get(written..end).unwrap_or_default() {
            line(out, &[b"> ", &value(typed)]);
        }
        written = written.max(end);
    };
    for expected in &test.expected {
        if let Expectation::Reply { after, .. } = &expected.what {
            up_to(*after, out);
        }
        expectation(&expected.what, out);
    }
    up_to(lines.len(), out);
}

/// One expectation as its line.
pub(super) fn expectation(what: &Expectation, out: &mut Vec<u8>) {
    use Expectation as E;
    let (word, text): (&[u8], &[u8]) = match what {
        E::Mailer(text) => (b"mailer", text),
        E::Host(text) => (b"host", text),
        E::User(text) => (b"user", text),
        E::Deferred => (b"deferred", b""),
        E::Nothing => (b"nothing", b""),
        E::Gives(text) => (b"gives", text),
        E::Accepted => (b"accepted", b""),
        E::Refused(text) => (b"refused", text),
        E::Discarded => (b"discarded", b""),
        E::Quarantined(text) => (b"quarantined", text),
        E::Reply { text, .. } => (b"<", text),
        E::Relayed(true) => (b"relayed", b"yes"),
        E::Relayed(false) => (b"relayed", b"no"),
    };
    line(out, &[word, b" ", &value(text)]);
}

fn line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
    while out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}

/// A value without blanks.
fn word(text: &[u8]) -> Vec<u8> {
    value(text).replace(b" ", b"\\x20")
}

/// A value without what separates arguments.
fn argument(text: &[u8]) -> Vec<u8> {
    value(text).replace(b"$|", b"\\x24|")
}

/// A value that stands in one line: octets that are not printable, blanks at its ends, and backslashes are written
/// as such.
fn value(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (at, &byte) in text.iter().enumerate() {
        let edge = at == 0 || at == last;
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b' ' if edge => out.extend_from_slice(b"\\x20"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\x{byte:02x}").into_bytes()),
        }
    }
    out
}
