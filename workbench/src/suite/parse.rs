//! Reads a file of tests.

use super::{Expectation, Expected, ROLES, Subject, Suite, Test};
use ruleset_vm::Role;

/// A line that is none of this format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct SuiteError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// Words with which facts begin (`docs/host-facts.md`).
const FACTS: [&[u8]; 9] =
    [b"host", b"node", b"alias", b"macro", b"class", b"user", b"service", b"map", b"dns"];

/// Reads tests.
///
/// # Errors
/// The first line that cannot be understood.
pub fn parse(text: &[u8]) -> Result<Suite, SuiteError> {
    let mut reader = Reader::default();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        reader.number = at + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        reader.line(line).map_err(|problem| SuiteError { line: at + 1, problem })?;
    }
    match reader.name {
        Some(_) => {
            let problem = "no test follows this name".to_owned();
            Err(SuiteError { line: reader.name_line, problem })
        }
        None => Ok(reader.suite),
    }
}

#[derive(Default)]
struct Reader {
    suite: Suite,
    number: usize,
    /// The name of the next test.
    name: Option<Vec<u8>>,
    name_line: usize,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() || trimmed.starts_with(b"#") {
            return Ok(());
        }
        let (word, rest) = first_word(trimmed);
        if self.suite.tests.is_empty() && self.name.is_none() && FACTS.contains(&word) {
            self.suite.facts.push((self.number, trimmed.to_vec()));
            return Ok(());
        }
        if word == b"test" {
            if rest.is_empty() || self.name.is_some() {
                return Err("test NAME, once in front of what is tried".to_owned());
            }
            (self.name, self.name_line) = (Some(value(rest)), self.number);
            return Ok(());
        }
        if let Some(subject) = subject(word, rest)? {
            let name = self.name.take();
            let test =
                Test { line: self.number, name, subject, settings: vec![], expected: vec![] };
            self.suite.tests.push(test);
            return Ok(());
        }
        if self.name.is_some() {
            return Err("what is tried is missing behind the name".to_owned());
        }
        let number = self.number;
        let Some(test) = self.suite.tests.last_mut() else {
            return Err(format!("neither a fact nor what is tried: {}", lossy(word)));
        };
        match word {
            b"set" if matches!(test.subject, Subject::Session(_)) => {
                return Err("macros of a session come from client, tls and auth lines".to_owned());
            }
            b"set" => {
                let (name, rest) = first_word(rest);
                let bare = name.strip_prefix(b"{").and_then(|name| name.strip_suffix(b"}"));
                match bare.unwrap_or(name) {
                    b"" => return Err("set NAME VALUE".to_owned()),
                    name => test.settings.push((value(name), value(rest))),
                }
            }
            b">" => match &mut test.subject {
                // the blank behind the sign is not part of the line
                Subject::Session(lines) => lines.push(value(behind_sign(line))),
                _ => return Err("> stands in a session only".to_owned()),
            },
            _ => {
                let what = expectation(word, rest, &test.subject)?;
                test.expected.push(Expected { line: number, what });
            }
        }
        Ok(())
    }
}

/// What stands behind `>` and one blank.
fn behind_sign(line: &[u8]) -> &[u8] {
    let rest = line.trim_ascii_start().get(1..).unwrap_or_default();
    rest.strip_prefix(b" ").unwrap_or(rest)
}

fn subject(word: &[u8], rest: &[u8]) -> Result<Option<Subject>, String> {
    let two = |form: &str| match first_word(rest) {
        (_, b"") => Err(form.to_owned()),
        (first, rest) => Ok((value(first), rest)),
    };
    if let Some(role) = role(word) {
        if rest.is_empty() {
            return Err(format!("{} ADDRESS", lossy(word)));
        }
        return Ok(Some(Subject::Address { role, address: value(rest) }));
    }
    Ok(Some(match word {
        b"rewrite" => {
            let form = "rewrite recipient|sender|header-recipient|header-sender MAILER ADDRESS";
            let (first, rest) = two(form)?;
            let role = role(&first).ok_or_else(|| form.to_owned())?;
            match first_word(rest) {
                (_, b"") => return Err(form.to_owned()),
                (mailer, address) => {
                    Subject::Rewrite { role, mailer: value(mailer), address: value(address) }
                }
            }
        }
        b"rules" => {
            let (rulesets, text) = two("rules RULESET[,RULESET...] TEXT")?;
            Subject::Rules { rulesets, text: value(text) }
        }
        b"hook" => {
            let (ruleset, rest) = first_word(rest);
            if ruleset.is_empty() {
                return Err("hook RULESET [ARGUMENT [$| ARGUMENT]...]".to_owned());
            }
            let arguments = match rest {
                b"" => Vec::new(),
                _ => arguments(rest),
            };
            Subject::Hook { ruleset: value(ruleset), arguments }
        }
        b"session" if rest.is_empty() => Subject::Session(Vec::new()),
        b"session" => return Err("session stands alone; lines follow behind >".to_owned()),
        _ => return Ok(None),
    }))
}

/// Texts with `$|` between.
fn arguments(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"$|") {
        let (one, more) = rest.split_at(at);
        found.push(value(one.trim_ascii()));
        rest = more.get(2..).unwrap_or_default();
    }
    found.push(value(rest.trim_ascii()));
    found
}

fn expectation(word: &[u8], rest: &[u8], subject: &Subject) -> Result<Expectation, String> {
    let text = || value(rest);
    let bare = |what: Expectation| match rest {
        b"" => Ok(what),
        _ => Err(format!("{} stands alone", lossy(word))),
    };
    let given = |what: fn(Vec<u8>) -> Expectation| match rest {
        b"" => Err(format!("nothing behind {}", lossy(word))),
        _ => Ok(what(text())),
    };
    let what = match word {
        b"mailer" => given(Expectation::Mailer)?,
        b"host" => Expectation::Host(text()),
        b"user" => Expectation::User(text()),
        b"deferred" => bare(Expectation::Deferred)?,
        b"nothing" => bare(Expectation::Nothing)?,
        b"gives" => Expectation::Gives(text()),
        b"accepted" => bare(Expectation::Accepted)?,
        b"refused" => Expectation::Refused(text()),
        b"discarded" => bare(Expectation::Discarded)?,
        b"quarantined" => Expectation::Quarantined(text()),
        b"<" => match subject {
            Subject::Session(lines) => Expectation::Reply { after: lines.len(), text: text() },
            _ => return Err("< stands in a session only".to_owned()),
        },
        b"relayed" => match rest {
            b"yes" => Expectation::Relayed(true),
            b"no" => Expectation::Relayed(false),
            _ => return Err("relayed yes|no".to_owned()),
        },
        _ if FACTS.contains(&word) => return Err("facts stand in front of all tests".to_owned()),
        _ => return Err(format!("nothing begins with {}", lossy(word))),
    };
    match fits(subject, &what) {
        true => Ok(what),
        false => Err(format!("{} is not what comes of this", lossy(word))),
    }
}

/// Whether a subject can have this outcome.
fn fits(subject: &Subject, what: &Expectation) -> bool {
    use Expectation as E;
    match subject {
        Subject::Address { .. } => matches!(
            what,
            E::Mailer(_) | E::Host(_) | E::User(_) | E::Deferred | E::Nothing | E::Refused(_)
        ),
        Subject::Rewrite { .. } => matches!(what, E::Gives(_) | E::Deferred),
        Subject::Rules { .. } => matches!(what, E::Gives(_) | E::Nothing),
        Subject::Hook { .. } => matches!(
            what,
            E::Accepted | E::Refused(_) | E::Discarded | E::Quarantined(_) | E::Gives(_)
        ),
        Subject::Session(_) => matches!(what, E::Reply { .. } | E::Relayed(_)),
    }
}

fn role(word: &[u8]) -> Option<Role> {
    ROLES.iter().find(|(name, _)| name.as_bytes() == word).map(|(_, role)| *role)
}

/// A value as it is meant: `\xHH` is an octet, `\\` a backslash; any other backslash is one.
fn value(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, more)) = rest.split_first() {
        let (put, left) = match (byte, more) {
            (b'\\', [b'\\', more @ ..]) => (b'\\', more),
            (b'\\', [b'x', high, low, more @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, more),
                _ => (byte, &rest[1..]),
            },
            _ => (byte, more),
        };
        out.push(put);
        rest = left;
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The first word, and what follows without the blanks between.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::super::write;
    use super::*;
    use proptest::prelude::*;

    const EXAMPLE: &str = "\
# a hub
host hub.example.com
map access Connect:192.0.2 RELAY

test somebody here
recipient alice
set {verify} OK
mailer local
host
user alice

rewrite header-sender esmtp alice
gives alice@hub.example.com
rules canonify,parse a $| b
nothing
hook check_relay a.example $| 192.0.2.9
refused 550 5.7.1
session
> HELO x
< 250
>  indented \\x41
< 500
relayed no
";

    #[test]
    fn a_file_of_each() {
        let suite = parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(suite.facts.len(), 2);
        assert_eq!(suite.tests.len(), 5);
        assert_eq!(suite.tests[0].title(), b"somebody here");
        assert_eq!(suite.tests[0].settings, [(b"verify".to_vec(), b"OK".to_vec())]);
        assert_eq!(suite.tests[0].expected[1].what, Expectation::Host(Vec::new()));
        let hook = &suite.tests[3].subject;
        assert!(matches!(hook, Subject::Hook { arguments, .. } if arguments.len() == 2));
        let Subject::Session(lines) = &suite.tests[4].subject else { panic!() };
        assert_eq!(lines[1], b" indented A");
        let reply = Expectation::Reply { after: 2, text: b"500".to_vec() };
        assert_eq!(suite.tests[4].expected[1].what, reply);
        assert_eq!(suite.facts_text().split(|byte| *byte == b'\n').count(), 4);
    }

    #[test]
    fn lines_that_are_wrong() {
        for (text, expected) in [
            ("mailer x", "line 1: neither a fact nor what is tried: mailer"),
            ("recipient a\nmap access x", "line 2: facts stand in front of all tests"),
            ("recipient a\ngives b", "line 2: gives is not what comes of this"),
            ("recipient a\n> b", "line 2: > stands in a session only"),
            ("recipient", "line 1: recipient ADDRESS"),
            ("test a\ntest b", "line 2: test NAME, once in front of what is tried"),
            ("\ntest a", "line 2: no test follows this name"),
            ("session\nrelayed maybe", "line 2: relayed yes|no"),
            (
                "rewrite alice esmtp a",
                "line 1: rewrite recipient|sender|header-recipient|header-sender MAILER ADDRESS",
            ),
            ("hook h\ndiscarded x", "line 2: discarded stands alone"),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), expected, "{text}");
        }
    }

    /// Parts of lines, and octets that stand nowhere.
    fn parts() -> impl Strategy<Value = Vec<u8>> {
        const PARTS: [&str; 26] = [
            "\n",
            "\n",
            "\n",
            " ",
            "recipient ",
            "rewrite sender ",
            "rules a,b ",
            "hook ",
            "session\n",
            "> ",
            "< ",
            "gives ",
            "set {x} ",
            "test ",
            "user ",
            "map a b ",
            "relayed yes\n",
            "accepted\n",
            "a",
            "$| ",
            "\\",
            "\\x41",
            "\\x20",
            "x4",
            "\r",
            "refused ",
        ];
        let part = prop_oneof![
            8 => proptest::sample::select(&PARTS[..]).prop_map(|part| part.as_bytes().to_vec()),
            1 => any::<u8>().prop_map(|byte| vec![byte]),
        ];
        proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn what_is_read_is_written_and_read_again(text in parts()) {
            if let Ok(suite) = parse(&text) {
                let again = parse(&write(&suite)).unwrap();
                prop_assert_eq!(strip(again), strip(suite));
            }
        }
    }

    /// Without places.
    fn strip(mut suite: Suite) -> Suite {
        suite.facts.iter_mut().for_each(|(line, _)| *line = 0);
        for test in &mut suite.tests {
            test.line = 0;
            test.expected.iter_mut().for_each(|expected| expected.line = 0);
        }
        suite
    }
}
