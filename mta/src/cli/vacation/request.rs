//! The command line of vacation(1).

use super::ledger::Interval;
use crate::cli::getopt::Getopt;

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Request<'w> {
    /// `-d`: messages go to standard error, not to the system log.
    pub(super) debug: bool,
    /// `-i`, `-I`: begin a new database.
    pub(super) initialize: bool,
    /// `-l`: show the database.
    pub(super) list: bool,
    /// `-x`: standard input has addresses that get no answer.
    pub(super) exclude: bool,
    /// `-j`: whoever the message is addressed to.
    pub(super) any_recipient: bool,
    /// `-U`: the login is not looked up.
    pub(super) no_account: bool,
    /// `-a`: further names of the user.
    pub(super) aliases: Vec<&'w [u8]>,
    /// `-f`.
    pub(super) database: Option<&'w [u8]>,
    /// `-m`.
    pub(super) message: Option<&'w [u8]>,
    /// `-r`.
    pub(super) interval: Option<Interval>,
    /// `-R` or `-z`, of which the last one counts: the envelope's sender of answers.
    pub(super) return_address: Option<&'w [u8]>,
    /// `-s`: who gets the answer.
    pub(super) recipient: Option<&'w [u8]>,
    /// The words that are no flags.
    pub(super) logins: Vec<Vec<u8>>,
    /// A flag was wrong.
    pub(super) misused: bool,
}

/// The null reverse-path as a word of a command line.
pub(super) const NULL: &[u8] = b"<>";

impl<'w> Request<'w> {
    pub(super) fn read(words: &'w [Vec<u8>]) -> Self {
        let mut flags = Getopt::new(b"a:C:df:Iijlm:R:r:s:t:Uxz", words);
        let mut request = Self::default();
        for flag in flags.by_ref() {
            match flag {
                Ok((letter, value)) => request.take(letter, value),
                Err(_) => request.misused = true,
            }
        }
        request.logins = flags.operands;
        request
    }

    fn take(&mut self, letter: u8, value: &'w [u8]) {
        match letter {
            b'd' => self.debug = true,
            b'i' | b'I' => self.initialize = true,
            b'l' => self.list = true,
            b'x' => self.exclude = true,
            b'j' => self.any_recipient = true,
            b'U' => self.no_account = true,
            // an empty alias would be found in every header
            b'a' if !value.is_empty() => self.aliases.push(value),
            b'f' => self.database = Some(value),
            b'm' => self.message = Some(value),
            b'r' => match Interval::parse(value) {
                Some(interval) => self.interval = Some(interval),
                None => self.misused = true,
            },
            b'R' => self.return_address = Some(if value.is_empty() { NULL } else { value }),
            b'z' => self.return_address = Some(NULL),
            b's' if !value.is_empty() => self.recipient = Some(value),
            // -t is Sun's; in what -C names nothing matters here
            _ => {}
        }
    }

    /// Whether this only looks after the database, and no message is read.
    pub(super) fn is_upkeep(&self) -> bool {
        self.initialize || self.list || self.exclude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.trim_matches('\'').into()).collect()
    }

    #[test]
    fn flags_are_those_of_the_manual() {
        let line = words("-a b -ac -dj -f db -m msg -R r@x -r 3 -s s@x -t 1d -C cf -U alice");
        let expected = Request {
            debug: true,
            any_recipient: true,
            no_account: true,
            aliases: vec![b"b", b"c"],
            database: Some(b"db"),
            message: Some(b"msg"),
            interval: Some(Interval::days(3)),
            return_address: Some(b"r@x"),
            recipient: Some(b"s@x"),
            logins: vec![b"alice".to_vec()],
            ..Request::default()
        };
        assert_eq!(Request::read(&line), expected);
    }

    #[test]
    fn of_two_senders_the_last_counts() {
        let rows: [(&str, Option<&[u8]>); 5] = [
            ("alice", None),
            ("-z alice", Some(b"<>")),
            ("-z -R a alice", Some(b"a")),
            ("-R a -z alice", Some(b"<>")),
            ("-R '' alice", Some(b"<>")),
        ];
        for (line, expected) in rows {
            assert_eq!(Request::read(&words(line)).return_address, expected, "{line}");
        }
    }

    #[test]
    fn empty_values_and_wrong_flags() {
        let empty = words("-a '' -s '' alice");
        let request = Request::read(&empty);
        assert!(request.aliases.is_empty() && request.recipient.is_none() && !request.misused);
        for line in ["-Z alice", "-a", "alice -r", "-r 99999999999999999999 alice", "--help"] {
            assert!(Request::read(&words(line)).misused, "{line}");
        }
        for (line, upkeep) in
            [("-i", true), ("-I", true), ("-l", true), ("-x", true), ("-d", false)]
        {
            assert_eq!(Request::read(&words(line)).is_upkeep(), upkeep, "{line}");
        }
    }
}
