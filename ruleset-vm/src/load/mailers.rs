//! `M` lines into mailers: defaults, checks and what old versions imply (ML-001..ML-029, ML-106..).

use std::iter::Peekable;
use std::vec::IntoIter;

use cf_parser::Diagnostic;
use cf_parser::item::Equate;
use cf_parser::text::{Piece, Text, plain};

use super::rulesets::Numbering;
use super::surroundings::{Complaint, Surroundings};
use crate::limits::MAX_MAILERS;
use crate::macros::bytes;
use crate::mailer::{MAX_RECIPIENTS, Mailer, RulesetPair, find};
use crate::program::{Program, seven_bits};

/// Line limit that flag `L` stands for (CF-099).
const SMTP_LINE_LIMIT: i64 = 990;

/// What making a mailer needs.
pub(super) struct Maker<'a> {
    pub(super) program: &'a mut Program,
    pub(super) numbering: &'a mut Numbering,
    pub(super) level: i32,
    pub(super) surroundings: &'a mut dyn Surroundings,
    pub(super) queue_groups: &'a [Vec<u8>],
    /// What the reader has said about fields of the line that do not exist, in order.
    pub(super) unknown: Peekable<IntoIter<Diagnostic>>,
    pub(super) complaints: Vec<Complaint>,
}

/// Fields that stay as they are for an empty value, and what sendmail calls it where it says so
/// (observed).
const NULL_VALUES: [(u8, Option<&str>); 7] = [
    (b'A', None),
    (b'P', None),
    (b'E', Some("end-of-line string")),
    (b'C', Some("charset")),
    (b'D', Some("working directory")),
    (b'/', Some("root directory")),
    (b'Q', Some("queue")),
];

/// The mailers that exist before the file is read (ML-106..ML-108).
pub(super) fn built_in() -> Vec<Mailer> {
    let words = |line: &str| -> Vec<Text> {
        line.split(' ')
            .map(|word| match word {
                "$u" => vec![Piece::Macro(cf_parser::Name::new(b"u"))],
                word => plain(word.as_bytes()),
            })
            .collect()
    };
    let unix = || Some(b"X-Unix".to_vec());
    let rows: [(&str, &str, &str, &str, bool); 3] = [
        ("prog", "/bin/sh", "lsouDq9", "sh -c $u", true),
        ("*file*", "[FILE]", "lsDFMPEouq9", "FILE $u", true),
        ("*include*", "/dev/null", "su", "INCLUDE $u", false),
    ];
    rows.into_iter()
        .map(|(name, path, flags, argv, typed)| {
            let mut mailer = Mailer::named(name.as_bytes());
            mailer.path = path.as_bytes().to_vec();
            flags.bytes().for_each(|flag| mailer.flags.set(flag));
            mailer.argv = words(argv);
            mailer.eol = b"\n".to_vec();
            if typed {
                mailer.types.mta = unix();
                mailer.types.address = unix();
                mailer.types.diagnostic = unix();
            }
            mailer
        })
        .collect()
}

impl Maker<'_> {
    /// Makes a mailer of a line and puts it in its place; `None` if the line is refused.
    pub(super) fn make(&mut self, mailers: &mut Vec<Mailer>, name: &[u8], equates: &[Equate]) {
        let mut mailer = Mailer::named(name);
        for equate in equates {
            self.tell_unknown(Some(equate));
            if !self.equate(&mut mailer, equate) {
                return;
            }
        }
        self.tell_unknown(None);
        if !self.complete(&mut mailer) {
            return;
        }
        dns_types(&mut mailer);
        self.old_versions(&mut mailer);
        match find(mailers, name) {
            Some(index) => mailers[index] = mailer,
            None if mailers.len() >= MAX_MAILERS => {
                self.say(format!("too many mailers defined ({MAX_MAILERS} max)"));
            }
            None => mailers.push(mailer),
        }
    }

    /// Tells of the fields in front of this one, or of all that are left, that they do not exist.
    fn tell_unknown(&mut self, next: Option<&Equate>) {
        let earlier = |found: &Diagnostic| next.is_none_or(|equate| found.span < equate.span);
        while let Some(found) = self.unknown.next_if(earlier) {
            self.complaints.push(Complaint::error(found.text, 70));
        }
    }

    /// Whether an empty value is not taken; says so.
    fn is_null(&mut self, mailer: &Mailer, letter: u8) -> bool {
        let row = NULL_VALUES.iter().find(|(known, _)| *known == letter);
        if let Some((_, Some(what))) = row {
            self.say(format!("mailer {}: null {what}", seven_bits(&mailer.name)));
        }
        row.is_some()
    }

    /// Takes one field; false if the line is refused for it.
    fn equate(&mut self, mailer: &mut Mailer, equate: &Equate) -> bool {
        let value = bytes(&equate.value);
        if value.is_empty() && self.is_null(mailer, equate.letter) {
            return true;
        }
        match equate.letter {
            b'S' | b'R' => {
                let Some(pair) = self.rulesets(&value) else { return false };
                if equate.letter == b'S' { mailer.sender = pair } else { mailer.recipient = pair }
            }
            b'P' => mailer.path = value,
            b'F' => flags(mailer, &value),
            b'E' => mailer.eol = value,
            b'A' => mailer.argv = words(&equate.value),
            b'M' => mailer.max_size = number(&value),
            b'm' => mailer.max_messages = small_number(&value).into(),
            b'r' => mailer.max_recipients = small_number(&value).into(),
            b'L' => mailer.line_limit = small_number(&value).max(0).into(),
            b'N' => mailer.nice = small_number(&value).into(),
            b'D' => mailer.directory = Some(equate.value.clone()),
            b'/' => mailer.root = Some(equate.value.clone()),
            b'C' => mailer.charset = Some(value),
            b'T' => types(mailer, &value),
            b'U' => self.user(mailer, &value),
            b'W' => mailer.wait = self.seconds(&value),
            b'Q' => self.queue_group(mailer, value),
            _ => {}
        }
        true
    }

    /// `set` or `set/set` (ML-014, ML-015); a set that is refused takes the mailer with it (observed).
    fn rulesets(&mut self, value: &[u8]) -> Option<RulesetPair> {
        let Self { program, numbering, complaints, .. } = self;
        let mut say = |text: String| complaints.push(Complaint::error(text, 70));
        let declared = numbering.number(program, value, &mut say);
        let envelope = declared.number?;
        let header = match declared.rest.trim_ascii_start().strip_prefix(b"/") {
            Some(text) => numbering.number(program, text, &mut say).number?,
            None => envelope,
        };
        Some(RulesetPair { envelope, header })
    }

    /// `W=`: a time in seconds (ML-028).
    fn seconds(&mut self, value: &[u8]) -> u64 {
        let (seconds, wrong) = cf_parser::options::time(value, b's');
        for unit in wrong {
            self.complaints
                .push(Complaint::error(format!("Invalid time unit `{}'", char::from(unit)), 0));
        }
        u64::try_from(seconds).unwrap_or(0)
    }

    fn user(&mut self, mailer: &mut Mailer, value: &[u8]) {
        let (user, group) = match value.iter().position(|b| matches!(b, b':' | b'.')) {
            Some(at) => (value[..at].trim_ascii(), Some(value[at + 1..].trim_ascii())),
            None => (value.trim_ascii(), None),
        };
        let name = seven_bits(&mailer.name);
        if user.is_empty() {
            self.say(format!("mailer {name}: null user name"));
            return;
        }
        if user.iter().all(u8::is_ascii_digit) {
            mailer.uid = u32::try_from(small_number(user)).ok();
        } else if let Some(found) = self.surroundings.user(user) {
            mailer.uid = Some(found.uid);
            mailer.gid = Some(found.gid);
        } else {
            let user = seven_bits(user);
            self.say(format!("readcf: mailer U= flag: unknown user {user}"));
            return;
        }
        let Some(group) = group else { return };
        if group.is_empty() {
            self.say(format!("mailer {name}: null group name"));
        } else if group.iter().all(u8::is_ascii_digit) {
            mailer.gid = u32::try_from(small_number(group)).ok();
        } else if let Some(gid) = self.surroundings.group(group) {
            mailer.gid = Some(gid);
        } else {
            let group = seven_bits(group);
            self.say(format!("readcf: mailer U= flag: unknown group {group}"));
        }
    }

    fn queue_group(&mut self, mailer: &mut Mailer, value: Vec<u8>) {
        if self.queue_groups.iter().any(|group| group.eq_ignore_ascii_case(&value)) {
            mailer.queue_group = Some(value);
        } else {
            let name = seven_bits(&mailer.name);
            let value = seven_bits(&value);
            self.say(format!("mailer {name}: unknown queue {value}"));
        }
    }

    /// Fills in defaults; false if the mailer cannot be used (ML-006, ML-012, ML-095, ML-098).
    fn complete(&mut self, mailer: &mut Mailer) -> bool {
        let name = seven_bits(&mailer.name);
        if mailer.argv.is_empty() {
            self.say(format!("M{name}: A= argument required"));
            return false;
        }
        if mailer.path.is_empty() {
            self.say(format!("M{name}: P= argument required"));
            return false;
        }
        if mailer.path.eq_ignore_ascii_case(b"[TCP]") {
            self.say(format!("M{name}: P=[TCP] must be replaced by P=[IPC]"));
            return false;
        }
        if !self.transport_words(mailer, &name) {
            return false;
        }
        if mailer.eol.is_empty() {
            let has_user = mailer
                .argv
                .iter()
                .any(|word| word.iter().any(|p| *p == Piece::Macro(cf_parser::Name::new(b"u"))));
            mailer.eol = if has_user { b"\n".to_vec() } else { b"\r\n".to_vec() };
        }
        if mailer.max_recipients <= 0 {
            mailer.max_recipients = MAX_RECIPIENTS;
        }
        if mailer.flags.has(b'L') && mailer.line_limit == 0 {
            mailer.line_limit = SMTP_LINE_LIMIT;
        }
        true
    }

    fn transport_words(&mut self, mailer: &mut Mailer, name: &str) -> bool {
        let first = mailer.argv.first().map(|word| bytes(word)).unwrap_or_default();
        let is_file = first.eq_ignore_ascii_case(b"FILE");
        if mailer.path == b"[FILE]" {
            if !is_file {
                self.say(format!("M{name}: first argument in [FILE] mailer must be FILE"));
                return false;
            }
            if mailer.argv.len() != 2 {
                let fault = if mailer.argv.len() < 2 { "few" } else { "many" };
                self.say(format!("M{name}: too {fault} parameters for [FILE] mailer"));
                return false;
            }
        } else if mailer.path.eq_ignore_ascii_case(b"[IPC]") {
            if mailer.argv.len() < 2 {
                self.say(format!("M{name}: too few parameters for [IPC] mailer"));
                return false;
            }
            if !is_file && !first.eq_ignore_ascii_case(b"TCP") {
                self.warn(format!(
                    "M{name}: Warning: first argument in [IPC] mailer must be TCP or FILE"
                ));
            }
            let fill = |part: &mut Option<Vec<u8>>, word: &str| {
                part.get_or_insert_with(|| word.as_bytes().to_vec());
            };
            fill(&mut mailer.types.mta, "dns");
            fill(&mut mailer.types.address, "rfc822");
            fill(&mut mailer.types.diagnostic, if is_file { "x-unix" } else { "smtp" });
        }
        true
    }

    /// Flags that older levels imply (ML-011).
    fn old_versions(&mut self, mailer: &mut Mailer) {
        let local = mailer.name.eq_ignore_ascii_case(b"local");
        if self.level < 6 && local {
            b"Aw5:|/@".iter().for_each(|flag| mailer.flags.set(*flag));
        }
        let prog = mailer.name.eq_ignore_ascii_case(b"prog");
        if self.level < 6 && prog {
            mailer.flags.set(b'o');
        }
        if self.level < 7 && (local || prog) {
            mailer.flags.set(b'q');
        }
        if prog || mailer.name.eq_ignore_ascii_case(b"*file*") {
            // One invocation for each recipient, whatever the line says (observed).
            mailer.flags.clear(b'm');
        }
        if self.level < 2 && mailer.flags.has(b'L') {
            mailer.flags.set(b'7');
        }
    }

    fn say(&mut self, text: String) {
        self.complaints.push(Complaint::error(text, 70));
    }

    fn warn(&mut self, text: String) {
        self.complaints.push(Complaint::bare(text));
    }
}

/// A type of MTA names `dns` brings the other types with it (observed).
fn dns_types(mailer: &mut Mailer) {
    let types = &mut mailer.types;
    if types.mta.as_ref().is_some_and(|mta| mta.eq_ignore_ascii_case(b"dns")) {
        types.address.get_or_insert_with(|| b"rfc822".to_vec());
        types.diagnostic.get_or_insert_with(|| b"smtp".to_vec());
    }
}

fn flags(mailer: &mut Mailer, value: &[u8]) {
    value.iter().filter(|b| !b.is_ascii_whitespace()).for_each(|flag| mailer.flags.set(*flag));
}

/// Words separated by white space (ML-016).
fn words(value: &Text) -> Vec<Text> {
    let mut words: Vec<Text> = Vec::new();
    let mut inside = false;
    for piece in value {
        if matches!(piece, Piece::Byte(b) if b.is_ascii_whitespace()) {
            inside = false;
            continue;
        }
        if !inside {
            words.push(Text::new());
            inside = true;
        }
        if let Some(word) = words.last_mut() {
            word.push(piece.clone());
        }
    }
    words
}

fn types(mailer: &mut Mailer, value: &[u8]) {
    // The third takes all that is left (observed).
    let parts = value.trim_ascii().splitn(3, |b| *b == b'/');
    let mut parts = parts.map(|part| (!part.is_empty()).then(|| part.to_vec()));
    // Parts left out have the types of the Internet (ML-027).
    let mut part =
        |default: &str| Some(parts.next().flatten().unwrap_or_else(|| default.as_bytes().to_vec()));
    mailer.types.mta = part("dns");
    mailer.types.address = part("rfc822");
    mailer.types.diagnostic = part("smtp");
}

/// `atoi`: what 32 bits hold of the number (observed).
#[expect(clippy::cast_possible_truncation, reason = "as the C library's atoi")]
fn small_number(value: &[u8]) -> i32 {
    number(value) as i32
}

/// `atol`: a sign and the digits in front.
pub(super) fn number(value: &[u8]) -> i64 {
    let value = value.trim_ascii_start();
    let (negative, digits) = match value.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, value),
    };
    let magnitude = digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0i64, |n, b| n.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    if negative { -magnitude } else { magnitude }
}

/// The number that the digits in front make.
pub(crate) fn leading_number(value: &[u8]) -> u64 {
    u64::try_from(number(value)).unwrap_or(0)
}
