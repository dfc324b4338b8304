//! What a replay found, for people and for machines.

use super::findings::{Cause, Example, Findings, Group, Kind};
use crate::json::{Value, json, text};
use crate::source::Source;

/// Causes shown to people; JSON has all.
const SHOWN: usize = 100;

/// What is needed to show findings.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// The findings.
    pub findings: &'a Findings,
    /// The configuration.
    pub source: &'a Source,
    /// What the files of the log are called.
    pub files: &'a [Vec<u8>],
    /// Lines, and those of them that say something about mail.
    pub lines: (u64, u64),
}

impl Report<'_> {
    /// As a text.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut out = self.table().into_bytes();
        let causes = self.findings.causes();
        for (cause, group) in causes.iter().take(SHOWN) {
            out.push(b'\n');
            self.cause(cause, group, &mut out);
        }
        let more = causes.len().saturating_sub(SHOWN);
        if more > 0 {
            out.extend(format!("\n{} more causes\n", number(more as u64)).into_bytes());
        }
        if self.findings.others > 0 {
            let count = number(self.findings.others);
            out.extend(format!("\n{count} more for causes that were too many\n").into_bytes());
        }
        out
    }

    fn table(&self) -> String {
        let tally = &self.findings.tally;
        let (lines, mail) = self.lines;
        let files = self.files.len() as u64;
        let mut out = format!(
            "{}, {}, {} about mail\n\n",
            counted(files, "file"),
            counted(lines, "line"),
            number(mail)
        );
        let compared = tally.deliveries - tally.submissions;
        let hosts = self.count(Kind::Host) + tally.same_host;
        let rows = [
            ("recipients, by mailer", compared, tally.same_mailer),
            ("  and host", hosts, tally.same_host),
            ("senders accepted", tally.senders, tally.same_senders),
            ("recipients accepted", tally.recipients, tally.same_recipients),
            ("refusals", tally.refusals, tally.same_refusals),
        ];
        out.push_str(&format!("{:<24}{:>14}{:>14}\n", "", "compared", "same"));
        for (name, compared, same) in rows {
            out.push_str(&format!("{name:<24}{:>14}{:>14}\n", number(compared), number(same)));
        }
        out.push('\n');
        if tally.hosts_not_told > 0 {
            let count = counted(tally.hosts_not_told, "host");
            out.push_str(&format!("{count} not compared: who takes mail for them is not known\n"));
        }
        if tally.submissions > 0 {
            let count = counted(tally.submissions, "recipient");
            out.push_str(&format!(
                "{count} not compared: handed on by the program for submission\n"
            ));
        }
        let different = match tally.different {
            0 => "nothing differs".to_owned(),
            count => format!("{} differ", number(count)),
        };
        out.push_str(&different);
        if tally.undecided > 0 {
            out.push_str(&format!(", {} undecided", number(tally.undecided)));
        }
        out.push('\n');
        out
    }

    /// How many differ, or may, in this.
    fn count(&self, kind: Kind) -> u64 {
        let causes = self.findings.causes();
        causes.iter().filter(|(cause, _)| cause.kind == kind).map(|(_, group)| group.count).sum()
    }

    fn cause(&self, cause: &Cause, group: &Group, out: &mut Vec<u8>) {
        out.extend(headline(cause, group.count));
        if let Some(doubt) = cause.doubt {
            out.extend(format!("  undecided: {}\n", doubt.words()).into_bytes());
        }
        match &cause.rule {
            Some(rule) => {
                let line = self.source.line(rule.line);
                let place = self.source.place(rule.line);
                let shown = String::from_utf8_lossy(line).replace('\t', "  ").into_bytes();
                let ruleset = &rule.ruleset[..];
                out.extend([b"  ", &place[..], b" (", ruleset, b")  ", &shown, b"\n"].concat());
            }
            None => out.extend_from_slice(b"  no rule decided\n"),
        }
        for example in &group.examples {
            out.extend(self.example(example));
        }
    }

    fn example(&self, example: &Example) -> Vec<u8> {
        let mut out = [b"    ", &example.subject[..]].concat();
        for (word, value) in [(&b"  from "[..], &example.sender), (b"  by ", &example.client)] {
            if !value.is_empty() {
                out.extend([word, value].concat());
            }
        }
        out.extend([b"  ", self.file(example)].concat());
        out.extend(format!(":{}\n", example.place.line).into_bytes());
        out
    }

    fn file(&self, example: &Example) -> &[u8] {
        let number = usize::try_from(example.place.file).unwrap_or(usize::MAX);
        self.files.get(number).map_or(b"", |file| file)
    }

    /// As objects: one for each cause, and one with the counts.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        let causes = self.findings.causes();
        let mut objects: Vec<Value> =
            causes.iter().map(|(cause, group)| self.difference(cause, group)).collect();
        let (lines, mail) = self.lines;
        let mut object = json!({
            "type": "replay",
            "files": self.files.len(),
            "lines": lines,
            "mail_lines": mail,
            "causes_left_out": self.findings.others,
        });
        if let Some(map) = object.as_object_mut() {
            for (name, count) in self.findings.tally.rows() {
                map.insert(name.to_owned(), Value::from(count));
            }
        }
        objects.push(object);
        objects
    }

    fn difference(&self, cause: &Cause, group: &Group) -> Value {
        let examples: Value = group
            .examples
            .iter()
            .map(|example| {
                json!({
                    "subject": text(&example.subject),
                    "sender": text(&example.sender),
                    "client": text(&example.client),
                    "file": text(self.file(example)),
                    "line": example.place.line,
                })
            })
            .collect();
        json!({
            "type": "replay_difference",
            "kind": cause.kind.name(),
            "log": cause.system.name().to_ascii_lowercase(),
            "asked": text(&cause.asked),
            "was": text(&cause.was),
            "now": text(&cause.now),
            "ruleset": cause.rule.as_ref().map(|rule| text(&rule.ruleset)),
            "line": cause.rule.as_ref().map(|rule| rule.line),
            "doubt": cause.doubt.map(super::Doubt::name),
            "count": group.count,
            "examples": examples,
        })
    }
}

/// What differs, in a sentence.
fn headline(cause: &Cause, count: u64) -> Vec<u8> {
    let many = number(count).into_bytes();
    let Cause { kind, asked, was, now, .. } = cause;
    let system: &[u8] = cause.system.name().as_bytes();
    let times: &[u8] = if count == 1 { b" time " } else { b" times " };
    match (kind, asked.is_empty()) {
        (Kind::Mailer, _) => {
            [&many, times, b"went by ", was, b", would go by ", now, b"\n"].concat()
        }
        (Kind::Host, _) => [&many, times, b"went to ", was, b", would go to ", now, b"\n"].concat(),
        (Kind::Refused, true) => {
            [&many, times, b"went by ", was, b", would be refused: ", now, b"\n"].concat()
        }
        (Kind::Refused, false) => {
            let verb: &[u8] = if is_reply(now) { b", would be refused: " } else { b", would be " };
            [&many, times, b"accepted, ", asked, verb, now, b"\n"].concat()
        }
        (Kind::Accepted, true) => {
            [&many, times, b"refused (", was, b"), would go by ", now, b"\n"].concat()
        }
        (Kind::Accepted, false) => {
            [&many, times, system, b" said ", was, b", ", asked, b" would accept\n"].concat()
        }
        (Kind::Verdict | Kind::Words, _) => {
            let asked: &[u8] = if asked.is_empty() { b"rules" } else { asked };
            [&many, times, asked, b" said ", was, b", would say ", now, b"\n"].concat()
        }
    }
}

fn is_reply(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// `1 line`, `1,234 lines`
fn counted(count: u64, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {what}{end}", number(count))
}

/// A number with commas.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (value, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(number(value), expected);
        }
        assert_eq!((counted(1, "line"), counted(2, "line")), ("1 line".into(), "2 lines".into()));
    }
}
