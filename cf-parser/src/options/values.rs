//! Values of one piece: booleans, numbers, times, letters, words, users.

use std::net::{IpAddr, Ipv4Addr};

use super::lists::{AliasFile, MilterOption, Switch};
use super::ports::PortItem;
use super::{Interpreted, Kind, OptionSpec};
use crate::diagnostic::Severity;
use crate::names::parse_name;
use crate::numbers::{atoi, atol, strtoul};
use crate::text::Name;
use crate::translate::is_space;

/// A value as the program uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Int(i64),
    /// `a/b`; `None` when there is no slash.
    Pair(i64, Option<i64>),
    /// A file mode, at most 0777.
    Mode(u32),
    /// A time in seconds; negative numbers are taken as they are.
    Seconds(i64),
    /// One character or letter.
    Letter(u8),
    /// A word of a fixed set, in lower case.
    Word(&'static str),
    /// Text as it stands.
    Text(Vec<u8>),
    /// Words in order.
    List(Vec<Vec<u8>>),
    /// Letters in order.
    Letters(Vec<u8>),
    /// A user, and a group if one is named; the caller looks them up.
    User {
        /// Name or number.
        user: Vec<u8>,
        /// Name or number.
        group: Option<Vec<u8>>,
    },
    /// A group; the caller looks it up.
    Group(Vec<u8>),
    /// A macro definition.
    Macro {
        /// The macro.
        name: Name,
        /// Its value.
        value: Vec<u8>,
    },
    /// Words that add to those set before; `public` and `safe` clear.
    Flags(Vec<&'static str>),
    /// Flags switched on and off.
    Switches(Vec<Switch>),
    /// Times: index into [`super::TIMEOUTS`] and seconds (for `resolver.retry`, a count).
    Timeouts(Vec<(usize, i64)>),
    /// Keys of a port option.
    Ports(Vec<PortItem>),
    /// Alias databases.
    Aliases(Vec<AliasFile>),
    /// A milter setting.
    Milter(MilterOption),
    /// An address to connect to, and a port in front of an `@`.
    Address {
        /// The port.
        port: Option<Vec<u8>>,
        /// The address.
        address: IpAddr,
    },
}

/// OPT-005: empty, or beginning with `t`, `T`, `y` or `Y`.
#[must_use]
pub fn boolean(value: &[u8]) -> bool {
    matches!(value.first(), None | Some(b't' | b'T' | b'y' | b'Y'))
}

/// OPT-007: octal digits, masked to 0777.
#[must_use]
pub fn octal(value: &[u8]) -> u32 {
    let start = value.iter().position(|b| !is_space(*b)).unwrap_or(value.len());
    let (mode, _) = strtoul(value.get(start..).unwrap_or_default(), 8);
    u32::try_from(mode & 0o777).unwrap_or(0)
}

/// The units of times and their seconds.
const UNITS: [(u8, i64); 5] =
    [(b'w', 604_800), (b'd', 86_400), (b'h', 3600), (b'm', 60), (b's', 1)];

/// OPT-008: numbers with units; `default` is the unit of a number without one, and of one with a
/// letter that is none. Returns the seconds and each such letter.
#[must_use]
pub fn time(value: &[u8], default: u8) -> (i64, Vec<u8>) {
    let (negative, mut rest) = match value {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let seconds_of = |unit: u8| UNITS.iter().find(|(u, _)| *u == unit).map(|(_, s)| *s);
    let fallback = seconds_of(default).unwrap_or(60);
    let mut total: i64 = 0;
    let mut bad = Vec::new();
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = atol(rest.get(..digits).unwrap_or_default());
        let unit = rest.get(digits).map_or(Some(fallback), |unit| {
            seconds_of(*unit).or_else(|| {
                bad.push(*unit);
                None
            })
        });
        total = total.saturating_add(number.saturating_mul(unit.unwrap_or(fallback)));
        rest = rest.get(digits + 1..).unwrap_or_default();
    }
    (if negative { total.saturating_neg() } else { total }, bad)
}

impl Interpreted {
    /// A time, with a message for each bad unit.
    pub(super) fn time(&mut self, value: &[u8], default: u8) -> i64 {
        let (seconds, bad) = time(value, default);
        for unit in bad {
            let text = [b"Invalid time unit `".as_slice(), &[unit], b"'"].concat();
            self.say(text, Severity::Mistake, false);
        }
        seconds
    }
}

/// Longest value of MustQuoteChars (OPT-079, observed).
const MAX_QUOTE_CHARS: usize = 39;

/// A value that is one piece.
pub(super) fn interpret(spec: &OptionSpec, kind: Kind, value: &[u8]) -> Interpreted {
    let text = || Interpreted::of(OptionValue::Text(value.to_vec()));
    match kind {
        Kind::Bool => Interpreted::of(OptionValue::Bool(boolean(value))),
        Kind::Int => int(spec, value),
        Kind::Long => Interpreted::of(OptionValue::Int(atol(value))),
        Kind::Slash => pair(spec, value),
        Kind::Octal => Interpreted::of(OptionValue::Mode(octal(value))),
        Kind::Time(unit) => {
            let mut out = Interpreted::default();
            // OPT-018: the empty value is five minutes.
            let value = if value.is_empty() && spec.name == "AliasWait" { b"5m" } else { value };
            out.value = Some(OptionValue::Seconds(out.time(value, unit)));
            out
        }
        Kind::Char => Interpreted::of(OptionValue::Letter(value.first().copied().unwrap_or(b' '))),
        Kind::Letter(letters) => letter(spec, letters, value),
        Kind::Word(words) => word(words, value),
        Kind::User => user(spec, value),
        Kind::Group => Interpreted::of(OptionValue::Group(value.to_vec())),
        Kind::MacroDefinition => macro_definition(value),
        Kind::SortOrder => sort_order(value),
        Kind::NoRecipient => no_recipient(value),
        Kind::Address => address(value),
        Kind::SmtpUtf8 => smtp_utf8(value),
        _ => match (spec.name, value.is_empty()) {
            ("MustQuoteChars", _) if value.len() > MAX_QUOTE_CHARS => {
                let mut out = Interpreted::default();
                out.say("Warning: MustQuoteChars too long, ignored.", Severity::Warning, true);
                out
            }
            // OPT-013: names that an empty value stands for.
            ("HelpFile", true) => Interpreted::of(OptionValue::Text(b"helpfile".to_vec())),
            ("QueueDirectory", true) => Interpreted::of(OptionValue::Text(b"mqueue".to_vec())),
            ("StatusFile", true) => Interpreted::of(OptionValue::Text(b"statistics".to_vec())),
            _ => text(),
        },
    }
}

fn int(spec: &OptionSpec, value: &[u8]) -> Interpreted {
    let number = i64::from(atoi(value));
    let mut out = Interpreted::of(OptionValue::Int(number));
    if spec.name == "MaxHeadersLength" && (1..16_384).contains(&number) {
        let text = "Warning: MaxHeadersLength: headers length limit set lower than 16384";
        out.say(text, Severity::Warning, true);
    }
    out
}

/// `a/b` (OPT-020, OPT-102). Without a slash MaxMimeHeaderLength's second number is half the first.
fn pair(spec: &OptionSpec, value: &[u8]) -> Interpreted {
    let slash = value.iter().position(|b| *b == b'/');
    let first = atol(value);
    let second = slash.map(|at| atol(value.get(at + 1..).unwrap_or_default()));
    let mut out = Interpreted::of(OptionValue::Pair(first, second));
    if spec.name == "MaxMimeHeaderLength" {
        let second = second.unwrap_or(first / 2);
        out.value = Some(OptionValue::Pair(first, Some(second)));
        let limits = [("header", first, 128), ("field", second, 40)];
        for (what, _, least) in limits.iter().filter(|(_, got, least)| *got > 0 && got < least) {
            let text =
                format!("Warning: MaxMimeHeaderLength: {what} length limit set lower than {least}");
            out.say(text, Severity::Warning, true);
        }
    }
    out
}

/// A letter at the beginning; what an unknown one does depends on the option (OPT-012, OPT-025).
fn letter(spec: &OptionSpec, letters: &str, value: &[u8]) -> Interpreted {
    let what = match spec.name {
        "EightBitMode" => "8-bit",
        "DeliveryMode" if value.is_empty() => return Interpreted::of(OptionValue::Letter(b'i')),
        "DeliveryMode" => "delivery",
        _ => "",
    };
    let first = value.first().copied().unwrap_or(0);
    if letters.as_bytes().contains(&first) {
        return Interpreted::of(OptionValue::Letter(first));
    }
    let mut out = Interpreted::default();
    if !what.is_empty() {
        let mode = value.get(..1).unwrap_or_default();
        let what = ["Unknown ", what, " mode "].concat();
        out.say([what.as_bytes(), mode].concat(), Severity::Error { exit: 64, fatal: true }, false);
    }
    out
}

/// SuperSafe and DontProbeInterfaces (OPT-052, OPT-095): a boolean, or another word by its first
/// letter.
fn word(words: &'static [&'static str], value: &[u8]) -> Interpreted {
    let first = value.first().map_or(b't', u8::to_ascii_lowercase);
    let first = if first == b'y' { b't' } else { first };
    let found = words.iter().find(|w| w.as_bytes().first() == Some(&first)).or(words.first());
    Interpreted { value: found.map(|w| OptionValue::Word(w)), messages: Vec::new() }
}

/// `user[:group]`, with `/` and `.` for the colon (OPT-056); `TrustedUser` takes a user only.
fn user(spec: &OptionSpec, value: &[u8]) -> Interpreted {
    let mark = value.iter().position(|b| b":/.".contains(b)).filter(|_| spec.name != "TrustedUser");
    let Some(at) = mark else {
        return Interpreted::of(OptionValue::User { user: value.to_vec(), group: None });
    };
    let (user, group) = value.split_at(at);
    let group = group.get(1..).unwrap_or_default().to_vec();
    Interpreted::of(OptionValue::User { user: user.to_vec(), group: Some(group) })
}

/// `OMxvalue` (OPT-041).
fn macro_definition(value: &[u8]) -> Interpreted {
    let parsed = parse_name(value);
    let mut out = Interpreted::default();
    for error in parsed.errors {
        out.error(error);
    }
    out.value = parsed.name.map(|name| OptionValue::Macro { name, value: parsed.rest.to_vec() });
    out
}

/// The letters of QueueSortOrder (OPT-066).
const SORT_ORDERS: &[u8] = b"hfmptrsn";

fn sort_order(value: &[u8]) -> Interpreted {
    match value.first().map(u8::to_ascii_lowercase).filter(|b| SORT_ORDERS.contains(b)) {
        Some(letter) => Interpreted::of(OptionValue::Letter(letter)),
        None => {
            Interpreted::refuse([b"Invalid queue sort order \"".as_slice(), value, b"\""].concat())
        }
    }
}

/// The words of NoRecipientAction (OPT-072).
const NO_RECIPIENT: [&str; 5] =
    ["none", "add-to", "add-apparently-to", "add-bcc", "add-to-undisclosed"];

fn no_recipient(value: &[u8]) -> Interpreted {
    match NO_RECIPIENT.iter().find(|w| w.as_bytes().eq_ignore_ascii_case(value)) {
        Some(word) => Interpreted::of(OptionValue::Word(word)),
        None => Interpreted::refuse([b"Invalid NoRecipientAction: ".as_slice(), value].concat()),
    }
}

/// An IPv4 address as inet_addr(3) reads it: one to four numbers, the last one for all octets that
/// are left.
fn inet_addr(text: &[u8]) -> Option<Ipv4Addr> {
    let mut parts = Vec::new();
    for part in text.split(|b| *b == b'.') {
        let (number, used) = strtoul(part, 0);
        if used != part.len() || !part.first().is_some_and(u8::is_ascii_digit) || parts.len() > 3 {
            return None;
        }
        parts.push(u32::try_from(number).ok()?);
    }
    let last = parts.pop()?;
    let free = 32 - 8 * parts.len();
    if parts.iter().any(|part| *part > 255) || (free < 32 && last >> free != 0) {
        return None;
    }
    let high = parts.iter().enumerate().fold(0, |sum, (at, part)| sum | part << (24 - 8 * at));
    Some(Ipv4Addr::from(high | last))
}

/// OPT-100.
fn address(value: &[u8]) -> Interpreted {
    let at = value.iter().position(|b| *b == b'@');
    let (port, text) = match at {
        Some(at) => (value.get(..at), value.get(at + 1..).unwrap_or_default()),
        None => (None, value),
    };
    let tagged = text.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"IPv6:"));
    let v6 = if tagged { text.get(5..).unwrap_or_default() } else { text };
    let v6 = std::str::from_utf8(v6).ok().and_then(|text| text.parse().ok()).map(IpAddr::V6);
    match inet_addr(text).map(IpAddr::V4).or(v6) {
        Some(address) => {
            Interpreted::of(OptionValue::Address { port: port.map(<[u8]>::to_vec), address })
        }
        None => Interpreted::refuse(
            [b"readcf: option ConnectOnlyTo: invalid IP address ".as_slice(), text].concat(),
        ),
    }
}

/// The types of mailbox database (OPT-137); which one is asked for counts when the file has been
/// read.
pub const MAILBOX_DATABASES: [&str; 2] = ["pw", "ldap"];

/// OPT-181: the reference build cannot.
fn smtp_utf8(value: &[u8]) -> Interpreted {
    if boolean(value) {
        return Interpreted::refuse("readcf: option: SmtpUTF8 set but no USE_EAI support");
    }
    let mut out = Interpreted::of(OptionValue::Bool(false));
    out.say("Warning: Option: SmtpUTF8 requires USE_EAI support", Severity::Warning, true);
    out
}
