//! `rmail`: takes a message from UUCP and hands it to sendmail (LG-062, AD-081).

use std::io::{BufRead, BufReader, Read as _};

use ruleset_vm::Exit;

use super::complain;
use super::getopt::Getopt;
use crate::sys::exec::{self, Ended};
use crate::sys::{errors, terminal};

const USAGE: &[u8] = b"usage: rmail [-T] [-D domain] user ...";
/// What a host without a dot is completed with.
const DOMAIN: &[u8] = b"UUCP";
/// Longest line at the beginning of a message, its end included (observed).
const MAX_LINE: u64 = 2047;
/// The From lines of one message together, so that a message without end does not fill the memory.
const MAX_PATH: usize = 64 * 1024;

/// `rmail [-T] [-D domain] user ...`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let mut flags = Getopt::new(b"D:T", words);
    let (mut domain, mut trace) = (DOMAIN, false);
    for flag in flags.by_ref() {
        match flag {
            Ok((b'D', value)) => domain = value,
            Ok(_) => trace = true,
            Err(error) => {
                failed(&error.to_string());
                complain(USAGE);
                return Exit::USAGE.0;
            }
        }
    }
    if flags.operands.is_empty() {
        complain(USAGE);
        return Exit::USAGE.0;
    }
    match hand_over(domain, trace, &flags.operands) {
        Ok(exit) => exit,
        Err((exit, text)) => {
            complain(&[b"rmail: ", &text[..]].concat());
            exit
        }
    }
}

fn failed(text: &str) {
    complain(&[b"rmail: ", text.as_bytes()].concat());
}

/// The exit status and what to say.
type Failure = (u8, Vec<u8>);

fn hand_over(domain: &[u8], trace: bool, users: &[Vec<u8>]) -> Result<u8, Failure> {
    let input =
        terminal::input().map_err(|error| (Exit::OSERR.0, errors::describe(&error).into()))?;
    let mut input = BufReader::new(input);
    let mut origin = Origin::default();
    let first = origin.read(&mut input)?;
    if trace {
        origin.trace.iter().for_each(|line| complain(line));
    }
    let words = origin.words(domain, users)?;
    if trace {
        complain(b"Sendmail arguments:");
        let name = std::iter::once(&b"sendmail"[..]);
        name.chain(words.iter().map(Vec::as_slice))
            .for_each(|word| complain(&[b"\t", word].concat()));
    }
    match exec::run_as_sendmail(&words, &first, &mut input) {
        Ok(Ended::Exited(0)) => Ok(0),
        Ok(Ended::Exited(status)) => {
            failed(&format!("sendmail: terminated with {status} (non-zero) status"));
            Ok(status)
        }
        Ok(_) => Err((Exit::OSERR.0, b"sendmail: did not terminate normally".to_vec())),
        Err(error) => Err((Exit::IOERR.0, errors::describe(&error).into())),
    }
}

/// What the From lines say of where a message comes from.
#[derive(Debug, Default, PartialEq, Eq)]
struct Origin {
    /// The host that sent it here.
    system: Vec<u8>,
    /// The hosts on the way, each with a `!`.
    path: Vec<u8>,
    user: Vec<u8>,
    /// What `-T` shows.
    trace: Vec<Vec<u8>>,
}

impl Origin {
    /// Reads the From lines; returns the line behind them, which is of the message.
    fn read(&mut self, input: &mut dyn BufRead) -> Result<Vec<u8>, Failure> {
        let data = |text: &[u8], line: &[u8]| (Exit::DATAERR.0, [text, line].concat());
        for number in 0.. {
            let mut line = Vec::new();
            let read = input.take(MAX_LINE).read_until(b'\n', &mut line);
            read.map_err(|error| (Exit::IOERR.0, errors::describe(&error).into()))?;
            if line.is_empty() {
                return Err(data(b"no data", b""));
            }
            let Some(text) = line.strip_suffix(b"\n").filter(|text| !text.contains(&0)) else {
                return Err(data(b"line too long", b""));
            };
            match text.strip_prefix(b">").unwrap_or(text).strip_prefix(b"From ") {
                None if number == 0 => {
                    return Err(data(b"missing or empty From line: ", text));
                }
                None => return Ok(line),
                Some(b"") => return Err(data(b"corrupted From line: ", text)),
                Some(rest) => self.take(rest)?,
            }
            if self.path.len() > MAX_PATH {
                return Err(data(b"too many From lines", b""));
            }
        }
        Ok(Vec::new())
    }

    /// Takes what stands behind `From `: an address, a date, perhaps `remote from HOST`.
    fn take(&mut self, rest: &[u8]) -> Result<(), Failure> {
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let (address, behind) = rest.split_at(end);
        let bang = address.iter().rposition(|byte| *byte == b'!');
        let (host, user) = match (remote_host(behind), bang) {
            (Some(host), _) => (Some((&b"remote from: "[..], host)), address),
            (None, Some(0)) => {
                return Err((Exit::DATAERR.0, [b"bang starts address: ", rest].concat()));
            }
            (None, Some(bang)) => (Some((&b"bang: "[..], &address[..bang])), &address[bang + 1..]),
            (None, None) => (None, address),
        };
        if let Some((how, host)) = host {
            self.trace.push([how, host].concat());
            if self.system.is_empty() {
                self.system = host.to_vec();
                self.trace.push([b"from_sys: ", host].concat());
            }
            self.path.extend_from_slice(host);
            self.path.push(b'!');
        }
        if !self.path.is_empty() {
            self.trace.push([b"from_path: ", &self.path[..]].concat());
        }
        self.user = if user.is_empty() { b"<>".to_vec() } else { user.to_vec() };
        self.trace.push([b"from_user: ", &self.user[..]].concat());
        Ok(())
    }

    /// The arguments of sendmail.
    fn words(&self, domain: &[u8], users: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
        let mut words: Vec<Vec<u8>> =
            [&b"-G"[..], b"-oee", b"-odi", b"-oi"].iter().map(|word| word.to_vec()).collect();
        words.push(if self.system.is_empty() {
            [b"-p", domain].concat()
        } else if self.system.contains(&b'.') {
            [b"-p", domain, b":", &self.system].concat()
        } else {
            [b"-p", domain, b":", &self.system, b".", domain].concat()
        });
        words.push([b"-f", &self.path[..], &self.user].concat());
        for user in users {
            if user.starts_with(b"-") {
                return Err((Exit::USAGE.0, [b"dash precedes argument: ", &user[..]].concat()));
            }
            let list = user.contains(&b',') && !user.contains(&b'<');
            words.push(if list { [b"<", &user[..], b">"].concat() } else { user.clone() });
        }
        Ok(words)
    }
}

/// The host behind `remote from `.
fn remote_host(text: &[u8]) -> Option<&[u8]> {
    const WORDS: &[u8] = b"remote from ";
    let at = text.windows(WORDS.len()).position(|part| part == WORDS)?;
    text.get(at + WORDS.len()..)?.split(u8::is_ascii_whitespace).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(message: &str, users: &[&str]) -> String {
        let mut origin = Origin::default();
        let users: Vec<Vec<u8>> = users.iter().map(|user| user.as_bytes().to_vec()).collect();
        let read = origin.read(&mut message.as_bytes());
        let text = match read.and_then(|_| origin.words(DOMAIN, &users)) {
            Ok(words) => words.get(4..).unwrap_or_default().join(&b' '),
            Err((exit, text)) => [exit.to_string().as_bytes(), b": ", &text[..]].concat(),
        };
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn from_lines_become_a_path() {
        // LG-062, AD-081
        let rows = [
            ("From joe Fri Nov 27 remote from hosta\nx\n", "-pUUCP:hosta.UUCP -fhosta!joe b"),
            ("From joe Fri Nov 27 remote from h.dom\nx\n", "-pUUCP:h.dom -fh.dom!joe b"),
            ("From joe\nx\n", "-pUUCP -fjoe b"),
            ("From a!b!joe Fri\nx\n", "-pUUCP:a!b.UUCP -fa!b!joe b"),
            (
                "From a remote from h\n>From k!c remote from i\n>From l!d\nx\n",
                "-pUUCP:h.UUCP -fh!i!l!d b",
            ),
            ("From joe! Fri\nx\n", "-pUUCP:joe.UUCP -fjoe!<> b"),
            ("From  joe Fri\nx\n", "-pUUCP -f<> b"),
            ("From !joe Fri\nx\n", "65: bang starts address: !joe Fri"),
            ("From \nx\n", "65: corrupted From line: From "),
            ("Subject: x\n", "65: missing or empty From line: Subject: x"),
            ("From joe\n", "65: no data"),
            ("From joe\nx", "65: line too long"),
        ];
        for (message, expected) in rows {
            assert_eq!(arguments(message, &["b"]), expected, "{message}");
        }
        assert_eq!(arguments("From j\nx\n", &["a,b", "<a,b>"]), "-pUUCP -fj <a,b> <a,b>");
        assert_eq!(arguments("From j\nx\n", &["-b"]), "64: dash precedes argument: -b");
    }

    #[test]
    fn lines_and_paths_have_limits() {
        let long = "a".repeat(MAX_LINE as usize);
        assert_eq!(arguments(&format!("From {long}\nx\n"), &[]), "65: line too long");
        let many = "From hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh!u\n".repeat(5000);
        assert_eq!(arguments(&many, &[]), "65: too many From lines");
    }
}
