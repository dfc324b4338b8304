//! Reading the machine's part of a report, `message/delivery-status` (RFC 3464), to see that it is well-formed.

use std::collections::BTreeSet;

/// A field: its name as written, and its value, unfolded and without white space around it.
pub type Field<'a> = (&'a [u8], Vec<u8>);

/// A `message/delivery-status` that is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// `Reporting-MTA`.
    pub reporting_mta: Typed,
    /// The recipients, at least one.
    pub recipients: Vec<RecipientStatus>,
}

/// What is said of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientStatus {
    /// `Final-Recipient`.
    pub recipient: Typed,
    /// What became of it.
    pub action: Action,
    /// Class, subject and detail (RFC 3463).
    pub status: [u16; 3],
    /// `Diagnostic-Code`.
    pub diagnostic: Option<Typed>,
}

/// A value with its type in front: `dns; mail.example.test`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The type, in lower case.
    pub kind: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// `Action` (RFC 3464 section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Given up.
    Failed,
    /// Tried again later.
    Delayed,
    /// Delivered.
    Delivered,
    /// Passed to a system that does not report.
    Relayed,
    /// Replaced by several others.
    Expanded,
}

/// The names of actions, and the classes of status codes that go with them.
const ACTIONS: [(&str, Action, &[u16]); 5] = [
    ("failed", Action::Failed, &[4, 5]),
    ("delayed", Action::Delayed, &[4]),
    ("delivered", Action::Delivered, &[2]),
    ("relayed", Action::Relayed, &[2]),
    ("expanded", Action::Expanded, &[2]),
];

/// Why a text is no `message/delivery-status`. Names are those of fields, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A line that is neither field nor continuation.
    #[error("line {0} is no field")]
    Line(usize),
    /// A field that must be there is not.
    #[error("no {0}")]
    Missing(&'static str),
    /// A field that may be there once.
    #[error("{0} again")]
    Twice(String),
    /// A value that its field must not have.
    #[error("{0}: {1:?}")]
    Value(String, String),
    /// Nothing is said of any recipient.
    #[error("no recipients")]
    NoRecipients,
}

/// Forms of values.
#[derive(Clone, Copy)]
enum Form {
    Typed,
    Date,
    Text,
}

const OF_MESSAGE: [(&str, Form); 5] = [
    ("original-envelope-id", Form::Text),
    ("reporting-mta", Form::Typed),
    ("dsn-gateway", Form::Typed),
    ("received-from-mta", Form::Typed),
    ("arrival-date", Form::Date),
];

const OF_RECIPIENT: [(&str, Form); 9] = [
    ("original-recipient", Form::Typed),
    ("final-recipient", Form::Typed),
    ("action", Form::Text),
    ("status", Form::Text),
    ("remote-mta", Form::Typed),
    ("diagnostic-code", Form::Typed),
    ("last-attempt-date", Form::Date),
    ("final-log-id", Form::Text),
    ("will-retry-until", Form::Date),
];

/// Reads the text of the part, without its header. Lines end in LF or CR LF; fields beyond those of RFC 3464 are
/// extensions, which may have any value.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &[u8]) -> Result<DeliveryStatus, Malformed> {
    let mut groups = groups(text)?.into_iter();
    let message = Group::new(groups.next().unwrap_or_default(), &OF_MESSAGE)?;
    let reporting_mta = message.typed("reporting-mta")?;
    let recipients: Vec<RecipientStatus> = groups
        .map(|fields| recipient(&Group::new(fields, &OF_RECIPIENT)?))
        .collect::<Result<_, _>>()?;
    if recipients.is_empty() {
        return Err(Malformed::NoRecipients);
    }
    Ok(DeliveryStatus { reporting_mta, recipients })
}

fn recipient(group: &Group<'_>) -> Result<RecipientStatus, Malformed> {
    let recipient = group.typed("final-recipient")?;
    let action = group.value("action")?;
    let status = group.value("status")?;
    let word = action.split(|byte| b" (\t".contains(byte)).next().unwrap_or_default();
    let known = ACTIONS.iter().find(|(name, ..)| word.eq_ignore_ascii_case(name.as_bytes()));
    let (_, action, classes) = known.ok_or_else(|| wrong("action", action))?;
    let code = code(status).filter(|code| code.first().is_some_and(|c| classes.contains(c)));
    let status = code.ok_or_else(|| wrong("status", status))?;
    let diagnostic = match group.value("diagnostic-code") {
        Ok(_) => Some(group.typed("diagnostic-code")?),
        Err(_) => None,
    };
    Ok(RecipientStatus { recipient, action: *action, status, diagnostic })
}

/// Lines of fields, cut at empty lines; empty lines at the end count as nothing.
fn groups(text: &[u8]) -> Result<Vec<Vec<Field<'_>>>, Malformed> {
    let mut groups: Vec<Vec<Field<'_>>> = Vec::new();
    let mut is_open = false;
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            is_open = false;
            continue;
        }
        if !std::mem::replace(&mut is_open, true) {
            groups.push(Vec::new());
        }
        let Some(group) = groups.last_mut() else { continue };
        let continues = matches!(line.first(), Some(b' ' | b'\t'));
        match (continues, group.last_mut(), name_of(line)) {
            (true, Some((_, value)), _) => {
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
            }
            (false, _, Some((name, value))) => group.push((name, value.trim_ascii().to_vec())),
            _ => return Err(Malformed::Line(number + 1)),
        }
    }
    Ok(groups)
}

fn name_of(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some((name, value.get(1..)?))
}

/// The fields of one group, each known one at most once and with a value of its form.
struct Group<'a>(Vec<Field<'a>>);

impl<'a> Group<'a> {
    fn new(fields: Vec<Field<'a>>, known: &[(&str, Form)]) -> Result<Self, Malformed> {
        let mut seen = BTreeSet::new();
        for (name, value) in &fields {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            let Some((_, form)) = known.iter().find(|(known, _)| *known == name) else { continue };
            let fits = match form {
                Form::Typed => typed(value).is_some(),
                Form::Date => is_date(value),
                Form::Text => !value.is_empty(),
            };
            if !fits {
                return Err(wrong(&name, value));
            }
            if !seen.insert(name.clone()) {
                return Err(Malformed::Twice(name));
            }
        }
        Ok(Self(fields))
    }

    fn value(&self, name: &'static str) -> Result<&[u8], Malformed> {
        let found = self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_slice()).ok_or(Malformed::Missing(name))
    }

    fn typed(&self, name: &'static str) -> Result<Typed, Malformed> {
        let value = self.value(name)?;
        typed(value).ok_or_else(|| wrong(name, value))
    }
}

fn wrong(name: &str, value: &[u8]) -> Malformed {
    Malformed::Value(name.to_owned(), String::from_utf8_lossy(value).into_owned())
}

/// `type; value`: the type is an atom.
fn typed(text: &[u8]) -> Option<Typed> {
    let at = text.iter().position(|byte| *byte == b';')?;
    let kind = text.get(..at)?.trim_ascii().to_ascii_lowercase();
    let value = text.get(at + 1..)?.trim_ascii().to_vec();
    let is_atom = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(byte);
    (!kind.is_empty() && kind.iter().all(is_atom)).then_some(Typed { kind, value })
}

/// `5.1.1`: a class of one digit, subject and detail of at most three (RFC 3463 section 2).
fn code(text: &[u8]) -> Option<[u16; 3]> {
    let mut out = [0; 3];
    let mut parts = text.split(|byte| *byte == b'.');
    for (number, limit) in out.iter_mut().zip([1, 3, 3]) {
        let part = parts.next()?;
        let fits = (1..=limit).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
        *number = std::str::from_utf8(part).ok().filter(|_| fits)?.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

/// `Sun, 22 Nov 2026 03:35:52 GMT` (RFC 5322 section 3.3), comments aside; not whether there is such a day.
fn is_date(text: &[u8]) -> bool {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let text = text.split(|byte| *byte == b'(').next().unwrap_or_default();
    let words: Vec<&[u8]> =
        text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let [rest @ .., day, month, year, time, zone] = words.as_slice() else { return false };
    let digits = |text: &[u8], lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
    };
    let week_day = match rest {
        [] => true,
        [word] => word.strip_suffix(b",").is_some_and(|word| DAYS.contains(&word)),
        _ => false,
    };
    let mut clock = time.split(|byte| *byte == b':');
    let parts = clock.clone().count();
    let zone_fits = match zone {
        [b'+' | b'-', digits_of @ ..] => digits(digits_of, 4..=4),
        name => name.iter().all(u8::is_ascii_uppercase),
    };
    week_day
        && digits(day, 1..=2)
        && MONTHS.contains(month)
        && digits(year, 4..=4)
        && (2..=3).contains(&parts)
        && clock.all(|part| digits(part, 2..=2))
        && zone_fits
}

/// The parts of this kind in a text that holds whole messages: between their header and the boundary behind them, the one
/// that is in front of it too. One that is cut off is none.
pub fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    const HEAD: &[u8] = b"\nContent-Type: message/delivery-status\n\n";
    let starts = text.windows(HEAD.len()).enumerate().filter(|(_, window)| *window == HEAD);
    starts.filter_map(move |(at, _)| {
        let boundary = text.get(..at)?.rsplit(|byte| *byte == b'\n').next()?;
        let boundary = boundary.strip_prefix(b"--").filter(|boundary| !boundary.is_empty())?;
        let behind = [b"\n--", boundary, b"\n"].concat();
        let part = text.get(at + HEAD.len()..)?;
        let end = part.windows(behind.len()).position(|window| window == behind)?;
        part.get(..=end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Reporting-MTA: dns; mail.example.test\nArrival-Date: Sun, 22 Nov 2026 03:35:52 GMT\n\n\
        Final-Recipient: RFC822; a@b\nX-Actual-Recipient: anything\nAction: failed\nStatus: 5.1.1\n\
        Diagnostic-Code: X-Unix; 550 5.1.1\n\tUser unknown\nLast-Attempt-Date: Sun, 22 Nov 2026 03:35:52 +0100 (CET)\n\n";

    #[test]
    fn what_is_well_formed_is_read() {
        let typed = |kind: &str, value: &str| Typed { kind: kind.into(), value: value.into() };
        let recipient = RecipientStatus {
            recipient: typed("rfc822", "a@b"),
            action: Action::Failed,
            status: [5, 1, 1],
            diagnostic: Some(typed("x-unix", "550 5.1.1 User unknown")),
        };
        let expected = DeliveryStatus {
            reporting_mta: typed("dns", "mail.example.test"),
            recipients: vec![recipient],
        };
        assert_eq!(parse(GOOD.as_bytes()), Ok(expected.clone()));
        assert_eq!(parse(GOOD.replace('\n', "\r\n").as_bytes()), Ok(expected));
    }

    #[test]
    fn what_is_not_is_named() {
        let value = |name: &str, text: &str| Malformed::Value(name.into(), text.into());
        let table = [
            ("Reporting-MTA: dns;", "Reporting-MTA:", value("reporting-mta", "mail.example.test")),
            ("Reporting-MTA", "Reporting-Mta2", Malformed::Missing("reporting-mta")),
            ("Action: failed\n", "", Malformed::Missing("action")),
            ("Action: failed", "Action: lost", value("action", "lost")),
            ("Action: failed", "Action: delivered", value("status", "5.1.1")),
            ("Status: 5.1.1", "Status: 5.1.1 x", value("status", "5.1.1 x")),
            ("Status: 5.1.1", "Status: 5.1.1111", value("status", "5.1.1111")),
            ("X-Actual-Recipient", "Remote-MTA", value("remote-mta", "anything")),
            ("X-Actual-Recipient: anything", "Action: failed", Malformed::Twice("action".into())),
            ("03:35:52 +0100", "3:35:52 +0100", {
                value("last-attempt-date", "Sun, 22 Nov 2026 3:35:52 +0100 (CET)")
            }),
            ("Action:", "Action", Malformed::Line(6)),
            ("Final-Recipient", " Final-Recipient", Malformed::Line(4)),
        ];
        for (from, to, expected) in table {
            let text = GOOD.replacen(from, to, 1);
            assert_eq!(parse(text.as_bytes()), Err(expected), "{to}");
        }
        let head = GOOD.split_inclusive("\n\n").next().unwrap();
        assert_eq!(parse(head.as_bytes()), Err(Malformed::NoRecipients));
        assert_eq!(parse(b""), Err(Malformed::Missing("reporting-mta")));
    }

    #[test]
    fn parts_of_messages_are_found() {
        let head = "Content-Type: message/delivery-status\n\n";
        let message = format!("x\n\n--b\n{head}{GOOD}--b\nmore\n--b--\n");
        let cut = format!("--c\n{head}Reporting-MTA: dns; x\n");
        let text = format!("{message}{cut}{message}");
        assert_eq!(parts(text.as_bytes()).collect::<Vec<_>>(), [GOOD.as_bytes(), GOOD.as_bytes()]);
    }
}
