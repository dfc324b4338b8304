//! The classic command line: one table of flags, read as `getopt` reads it (CMD-008..CMD-064).

use cf_parser::debug::Levels;
use cf_parser::dialect::Dialect;

use crate::config::dialect_names::DialectChoice;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: further letters may follow in the same word.
    Nothing,
    /// The rest of the word, or the next word.
    Value,
    /// The rest of the word only; it may be empty.
    Attached,
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The letter.
    pub letter: u8,
    /// What it takes.
    pub takes: Takes,
    /// How a usage text calls the value.
    pub value: &'static str,
    /// What it means, for documentation.
    pub meaning: &'static str,
}

const fn flag(letter: u8, takes: Takes, value: &'static str, meaning: &'static str) -> Flag {
    Flag { letter, takes, value, meaning }
}

/// Every flag.
pub const FLAGS: &[Flag] = &[
    flag(b'A', Takes::Value, "c|m", "choose submit.cf or sendmail.cf"),
    flag(b'B', Takes::Value, "type", "body type, 7BIT or 8BITMIME"),
    flag(b'b', Takes::Value, "mode", "operation mode"),
    flag(b'C', Takes::Value, "file", "configuration file"),
    flag(b'c', Takes::Nothing, "", "old form of HoldExpensive"),
    flag(b'D', Takes::Value, "file", "debug output file"),
    flag(b'd', Takes::Attached, "spec", "debugging"),
    flag(b'e', Takes::Value, "mode", "old form of ErrorMode"),
    flag(b'F', Takes::Value, "name", "full name of the sender"),
    flag(b'f', Takes::Value, "address", "envelope sender"),
    flag(b'G', Takes::Nothing, "", "gateway submission"),
    flag(b'h', Takes::Value, "count", "hop count"),
    flag(b'I', Takes::Nothing, "", "rebuild aliases (old)"),
    flag(b'i', Takes::Nothing, "", "ignore dots"),
    flag(b'L', Takes::Value, "tag", "syslog tag"),
    flag(b'M', Takes::Value, "macro", "set a macro"),
    flag(b'm', Takes::Nothing, "", "me too"),
    flag(b'N', Takes::Value, "list", "DSN conditions"),
    flag(b'n', Takes::Nothing, "", "no aliasing"),
    flag(b'O', Takes::Value, "option=value", "set an option"),
    flag(b'o', Takes::Value, "xvalue", "set an option by letter"),
    flag(b'p', Takes::Value, "protocol[:host]", "received protocol and host"),
    flag(b'Q', Takes::Attached, "reason", "quarantine queue entries"),
    flag(b'q', Takes::Attached, "time or selection", "run the queue"),
    flag(b'R', Takes::Value, "full|hdrs", "what a bounce returns"),
    flag(b'r', Takes::Value, "address", "envelope sender (old)"),
    flag(b's', Takes::Nothing, "", "keep From_ lines"),
    flag(b'T', Takes::Nothing, "", "old form of an option"),
    flag(b't', Takes::Nothing, "", "recipients from the header"),
    flag(b'U', Takes::Nothing, "", "SMTPUTF8"),
    flag(b'V', Takes::Value, "envid", "envelope id"),
    flag(b'v', Takes::Nothing, "", "verbose"),
    flag(b'X', Takes::Value, "file", "traffic log"),
];

/// Names of dialects.
const DIALECTS: [&str; Dialect::NAMES.len()] = {
    let mut names = [""; Dialect::NAMES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = Dialect::NAMES[index].0;
        index += 1;
    }
    names
};

/// The file of a `-C` at the very end (observed).
const DEFAULT_FILE: &[u8] = b"sendmail.cf";

/// A command line cut into flags and operands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Flags in order, with their values.
    pub flags: Vec<(u8, Vec<u8>)>,
    /// What is no flag: recipients.
    pub operands: Vec<Vec<u8>>,
    /// Our own `--dialect NAME`, in front of all.
    pub dialect: Option<DialectChoice>,
    /// `--log`: where events go instead of the system log.
    pub log: Option<LogChoice>,
}

/// `--log json[:FILE]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogChoice {
    /// One JSON object a line, to standard error or to the end of a file.
    Json(Option<Vec<u8>>),
}

/// A command line that cannot be read (exit status 64).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// No such flag.
    #[error("illegal option -- {}", char::from(*.0))]
    Unknown(u8),
    /// No such dialect.
    #[error("no dialect {name} (auto, {known})", known = DIALECTS.join(", "))]
    Dialect {
        /// As it was given.
        name: String,
    },
    /// No such form of the log.
    #[error("no log {0} (json, json:FILE)")]
    Log(String),
    /// The value is missing.
    #[error("option requires an argument -- {}", char::from(*.0))]
    NoValue(u8),
}

impl Arguments {
    /// Reads the words behind the program's name. The first word that is no flag ends the flags;
    /// so does a word that starts with `--`, which is itself left out.
    ///
    /// # Errors
    /// An unknown flag, or a flag without its value.
    pub fn parse(words: &[Vec<u8>]) -> Result<Self, UsageError> {
        let mut out = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word.starts_with(b"--") {
                out.operands.extend(words.by_ref().cloned());
                break;
            }
            let Some(letters) = word.strip_prefix(b"-").filter(|rest| !rest.is_empty()) else {
                out.operands.push(word.clone());
                out.operands.extend(words.by_ref().cloned());
                break;
            };
            let mut letters = letters;
            while let Some((&letter, rest)) = letters.split_first() {
                let row = FLAGS.iter().find(|row| row.letter == letter);
                let value = match row.ok_or(UsageError::Unknown(letter))?.takes {
                    Takes::Nothing => {
                        out.flags.push((letter, Vec::new()));
                        letters = rest;
                        continue;
                    }
                    Takes::Attached => rest.to_vec(),
                    Takes::Value if !rest.is_empty() => rest.to_vec(),
                    Takes::Value => match words.next() {
                        Some(word) => word.clone(),
                        None if letter == b'C' => DEFAULT_FILE.to_vec(),
                        None => return Err(UsageError::NoValue(letter)),
                    },
                };
                out.flags.push((letter, value));
                break;
            }
        }
        Ok(out)
    }

    /// As [`Arguments::parse`], with `--dialect NAME` and `--log FORM` in front.
    ///
    /// # Errors
    /// The same, and a dialect or a form that does not exist.
    pub fn parse_extended(words: &[Vec<u8>]) -> Result<Self, UsageError> {
        let (mut dialect, mut log, mut words) = (None, None, words);
        while let [flag, value, rest @ ..] = words {
            let lossy = || String::from_utf8_lossy(value).into_owned();
            match flag.as_slice() {
                b"--dialect" => {
                    let choice = DialectChoice::by_name(value);
                    dialect = Some(choice.ok_or_else(|| UsageError::Dialect { name: lossy() })?);
                }
                b"--log" => log = Some(log_choice(value).ok_or_else(|| UsageError::Log(lossy()))?),
                _ => break,
            }
            words = rest;
        }
        Ok(Self { dialect, log, ..Self::parse(words)? })
    }

    /// The last value of a flag.
    #[must_use]
    pub fn last(&self, letter: u8) -> Option<&[u8]> {
        self.flags.iter().rev().find(|(l, _)| *l == letter).map(|(_, value)| value.as_slice())
    }

    /// All values of a flag, in order.
    pub fn all(&self, letter: u8) -> impl Iterator<Item = &[u8]> {
        self.flags.iter().filter(move |(l, _)| *l == letter).map(|(_, value)| value.as_slice())
    }

    /// What all `-d` together ask for (CMD-031).
    #[must_use]
    pub fn levels(&self) -> Levels {
        let mut levels = Levels::default();
        self.all(b'd').for_each(|text| levels.set(text));
        levels
    }

    /// Whether the flag was given.
    #[must_use]
    pub fn has(&self, letter: u8) -> bool {
        self.last(letter).is_some()
    }
}

fn log_choice(form: &[u8]) -> Option<LogChoice> {
    match form {
        b"json" => Some(LogChoice::Json(None)),
        form => {
            let file = form.strip_prefix(b"json:").filter(|file| !file.is_empty())?;
            Some(LogChoice::Json(Some(file.to_vec())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, UsageError> {
        let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        Arguments::parse(&words)
    }

    fn shown(line: &str) -> String {
        match parse(line) {
            Ok(arguments) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let flags = arguments
                    .flags
                    .iter()
                    .map(|(letter, value)| format!("{}={}", char::from(*letter), text(value)));
                let operands = arguments.operands.iter().map(|operand| text(operand));
                flags.chain(operands).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_dialect_stands_in_front() {
        let parse = |line: &str| {
            let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.into()).collect();
            Arguments::parse_extended(&words)
        };
        let dialect = |line| parse(line).unwrap().dialect;
        assert_eq!(dialect("--dialect sun -bt"), Some(DialectChoice::Named(Dialect::Sun)));
        assert_eq!(dialect("--dialect auto"), Some(DialectChoice::Auto));
        // Further behind it is what sendmail makes of it.
        assert_eq!(dialect("-bt --dialect sun"), None);
        let error = parse("--dialect vms -bt").unwrap_err();
        assert_eq!(error.to_string(), "no dialect vms (auto, bsd, ida, sun)");
        let log = |line| parse(line).unwrap().log;
        assert_eq!(log("--log json -bt"), Some(LogChoice::Json(None)));
        assert_eq!(log("--dialect sun --log json:/x"), Some(LogChoice::Json(Some(b"/x".to_vec()))));
        assert_eq!(parse("--log xml").unwrap_err().to_string(), "no log xml (json, json:FILE)");
    }

    #[test]
    fn words_are_read_as_getopt_reads_them() {
        let rows = [
            ("-bt", "b=t"),
            ("-b t -C x.cf", "b=t C=x.cf"),
            ("-q user@x", "q= user@x"), // CMD-048: the value is attached or absent
            ("-d0.1 -v a -bt", "d=0.1 v= a -bt"),
            ("-iv -t", "i= v= t="),
            ("-oi -odq -f a@b -- -x", "o=i o=dq f=a@b -x"), // CMD-063
            ("-Z", "illegal option -- Z"),                  // CMD-064
            ("-f", "option requires an argument -- f"),
            ("-C", "C=sendmail.cf"),
            ("-v --help a", "v= a"),
            ("- a", "- a"),
        ];
        for (line, expected) in rows {
            assert_eq!(shown(line), expected, "{line}");
        }
    }
}
