//! What there is to say while recipients are resolved: lines of `-v`, errors, log lines.

use ruleset_vm::validity::label;
use ruleset_vm::{Enhanced, Exit, Status, split_codes};

use crate::events::{ControllingAddress, Event, Happening, Severity};

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `FILE: line N: ` when it concerns a line of a list; else empty.
    pub place: Vec<u8>,
    /// The address concerned.
    pub address: Vec<u8>,
    /// What happened.
    pub what: What,
}

/// What happened to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is an alias for this list (AD-010).
    Aliased {
        /// The list.
        value: Vec<u8>,
        /// What was said of the alias file has taken away the address that stands in front of lines (observed).
        unnamed: bool,
    },
    /// This file is read for it (AD-028).
    Including(Vec<u8>),
    /// A line of a list (AD-028).
    Sending(Vec<u8>),
    /// A line of the `.forward` of the address (AD-036).
    Forwarding(Vec<u8>),
    /// It is there already (AD-048).
    Duplicate,
    /// It failed or is put off.
    Failed(Status),
    /// Ruleset 0 has returned an error for now.
    Doubtful(Status),
    /// Something is wrong with a map or its file, codes in front, which asks for this exit status; the log has it
    /// already.
    Trouble(Vec<u8>, Exit),
    /// Rules, maps or the tokenizer said this; codes in front.
    Said(Vec<u8>),
    /// A `.forward` file was passed over (AD-032, AD-033).
    ForwardSkipped {
        /// Its path.
        file: Vec<u8>,
        /// Why, in the system's words.
        reason: Vec<u8>,
        /// Trying again may help.
        transient: bool,
    },
    /// Only for the log, written when LogLevel is above the number.
    Logged(i16, Vec<u8>),
    /// A mailer would have been asked, had the address not failed: for the log (LG-008).
    Undelivered(Box<Undelivered>),
    /// A list with an owner is expanded: for the transcript of reports.
    ListDelivered,
    /// It is expanded to several, and success is to be reported: for the transcript of reports.
    Multiple,
    /// It is put off silently.
    Waits(Status),
}

/// An address that failed although its mailer is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Index of the mailer.
    pub mailer: usize,
    /// What it came from, and whom that runs as.
    pub controlling: Option<ControllingAddress>,
    /// Why it failed.
    pub status: Status,
}

/// Reply codes whose text has the address in front (RS-100).
const ADDRESS_CODES: [u16; 6] = [50, 250, 252, 450, 550, 553];

impl Note {
    /// The line as it is printed to a user, without reply codes; nothing if it is only for the log.
    /// Errors are printed always, the rest with `-v`.
    #[must_use]
    pub fn verbose(&self) -> Option<Vec<u8>> {
        let (_, text) = self.parts().filter(|_| !self.is_for_reports())?;
        Some([self.place.as_slice(), &text].concat())
    }

    fn is_for_reports(&self) -> bool {
        matches!(self.what, What::ListDelivered | What::Multiple)
    }

    /// The line as it stands in the transcript of a report, reply codes in front.
    #[must_use]
    pub fn transcript(&self) -> Option<Vec<u8>> {
        let (codes, text) = self.parts()?;
        Some([codes.as_slice(), &self.place, &text].concat())
    }

    /// The refusal an error means for an SMTP client; its text names the address.
    #[must_use]
    pub fn refusal(&self) -> Option<Status> {
        let exit = self.exit()?;
        let line = self.transcript()?;
        let (codes, text) = split_codes(&line);
        let mut words = codes.split(|byte| *byte == b' ');
        let reply = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        let enhanced = words.next().and_then(Enhanced::parse_prefix).map(|(code, _)| code);
        Some(Status { reply: Some(reply), enhanced, ..Status::from_exit(exit, text) })
    }

    /// Whether it is an error that is said whether or not somebody watches.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self.what, What::Doubtful(_)) || self.exit().is_some()
    }

    /// The exit status an error asks for; `None` if this is none.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        match &self.what {
            What::Failed(status) if !status.retry && status.exit == Exit::OK => Some(Exit::USAGE),
            What::Failed(status) if !status.retry => Some(status.exit),
            What::Doubtful(status) => Some(status.exit).filter(|exit| *exit != Exit::TEMPFAIL),
            What::Trouble(_, exit) => Some(*exit),
            What::Said(text)
                if matches!(text.first(), Some(b'5')) && !split_codes(text).0.is_empty() =>
            {
                Some(Exit::USAGE)
            }
            _ => None,
        }
    }

    /// Whether something is wrong with the recipient: trouble with maps is nobody's fault who wants to be one.
    #[must_use]
    pub fn is_flaw(&self) -> bool {
        self.exit().is_some() && !matches!(self.what, What::Trouble(..))
    }

    /// The event for the log.
    #[must_use]
    pub fn event(&self, id: &[u8]) -> Option<Event> {
        let text =
            |severity, level, text: Vec<u8>| Some(Event::text(Some(id), severity, level, text));
        match &self.what {
            What::Aliased { value, .. } => Some(Event {
                id: Some(id.to_vec()),
                severity: Severity::Info,
                level: 10,
                what: Happening::Alias { name: self.address.clone(), value: value.clone() },
            }),
            What::Forwarding(to) => {
                text(Severity::Info, 10, [b"forward ", &self.address[..], b" => ", to].concat())
            }
            What::ForwardSkipped { file, reason, transient } => {
                let kind: &[u8] = if *transient { b": transient error: " } else { b": " };
                text(Severity::Warning, 2, [b"forward ", &file[..], kind, reason].concat())
            }
            What::Logged(level, line) => text(Severity::Notice, *level, line.clone()),
            What::Trouble(..) => None,
            _ => {
                let line = self.verbose().filter(|_| self.is_error())?;
                text(Severity::Notice, 3, line)
            }
        }
    }

    /// Codes with the blank behind them, and the text without its place.
    fn parts(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let with_address =
            |text: &[&[u8]]| [&label(&self.address)[..], b"... ", &text.concat()].concat();
        let plain = |text: Vec<u8>| Some((b"050 ".to_vec(), text));
        match &self.what {
            What::Aliased { value, unnamed: true } => plain([b"aliased to ", &value[..]].concat()),
            What::Aliased { value, .. } => plain(with_address(&[b"aliased to ", value])),
            What::Including(file) => plain(with_address(&[b"including file ", file])),
            What::Sending(to) => plain([b"sending to ", &to[..]].concat()),
            What::Forwarding(to) => plain([b"forwarding to ", &to[..]].concat()),
            What::Duplicate => plain(with_address(&[b"duplicate suppressed"])),
            What::ForwardSkipped { file, reason, transient } => {
                let kind: &[u8] = if *transient { b": transient error: " } else { b": " };
                plain(with_address(&[b"forward: ", file, kind, reason]))
            }
            What::Logged(..) | What::Undelivered(_) | What::Waits(_) => None,
            What::Multiple => {
                Some((Vec::new(), with_address(&[b"expanded to multiple addresses"])))
            }
            What::ListDelivered => {
                let text = [b"Message delivered to mailing list ", &self.address[..]].concat();
                Some((Vec::new(), text))
            }
            What::Trouble(text, _) | What::Said(text) => {
                let (codes, text) = split_codes(text);
                Some((completed(codes), text.to_vec()))
            }
            What::Failed(status) | What::Doubtful(status) => {
                let code = status.reply.unwrap_or(if status.retry { 450 } else { 550 });
                let mut codes = code.to_string().into_bytes();
                if let Some(enhanced) = status.enhanced {
                    codes.extend_from_slice(format!(" {enhanced}").as_bytes());
                }
                codes.push(b' ');
                let text = if ADDRESS_CODES.contains(&code) {
                    with_address(&[&status.text])
                } else {
                    status.text.clone()
                };
                Some((codes, text))
            }
        }
    }
}

/// What the tokenizer complains of in a message about an address that can be read all the same: `Unbalanced '<'`.
#[must_use]
pub fn complaint(message: &[u8]) -> Option<&[u8]> {
    let (codes, text) = split_codes(message);
    let at = text.windows(14).rposition(|window| window == b"... Unbalanced")?;
    text.get(at + 4..).filter(|_| codes.starts_with(b"553 "))
}

/// Codes of an error with an enhanced one, `X.0.0` where none was given (observed).
fn completed(codes: &[u8]) -> Vec<u8> {
    match codes.first() {
        Some(class @ (b'4' | b'5')) if codes.len() == 4 => [codes, &[*class], b".0.0 "].concat(),
        _ => codes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(place: &str, what: What) -> Note {
        Note { place: place.into(), address: b"list".to_vec(), what }
    }

    #[test]
    fn lines_read_as_observed() {
        let unknown = Status::from_reply(Exit::NOUSER, 550, Enhanced::new(5, 1, 1), "User unknown");
        let loops = Status::from_reply(Exit::USAGE, 554, Enhanced::new(5, 4, 6), "loop broken");
        let skipped = What::ForwardSkipped {
            file: b"/home/a/.forward".to_vec(),
            reason: b"Group writable file".to_vec(),
            transient: false,
        };
        let rows = [
            note("", What::Aliased { value: b"a, b".to_vec(), unnamed: false }),
            note("/l: line 9: ", What::Including(b"/m".to_vec())),
            note("/l: line 9: ", What::Sending(b"bob, carol".to_vec())),
            note("/f: line 1: ", What::Forwarding(b"bob".to_vec())),
            note("", What::Duplicate),
            note("/l: line 6: ", What::Failed(unknown)),
            note("", What::Failed(loops)),
            note("", What::Said(b"553 5.1.3 x... Unbalanced '<'".to_vec())),
            note("", skipped),
        ];
        let mut out = Vec::new();
        for row in &rows {
            let exit = row.exit().map(|exit| exit.0);
            let event = row.event(b"ID").map(|event| crate::events::lines(&event).concat());
            for line in [row.verbose(), row.transcript(), event] {
                out.extend_from_slice(&line.unwrap_or_default());
                out.push(b'\n');
            }
            out.extend_from_slice(format!("{exit:?}\n").as_bytes());
        }
        insta::assert_snapshot!(String::from_utf8_lossy(&out), @r"
        list... aliased to a, b
        050 list... aliased to a, b
        ID: alias list => a, b
        None
        /l: line 9: list... including file /m
        050 /l: line 9: list... including file /m

        None
        /l: line 9: sending to bob, carol
        050 /l: line 9: sending to bob, carol

        None
        /f: line 1: forwarding to bob
        050 /f: line 1: forwarding to bob
        ID: forward list => bob
        None
        list... duplicate suppressed
        050 list... duplicate suppressed

        None
        /l: line 6: list... User unknown
        550 5.1.1 /l: line 6: list... User unknown
        ID: /l: line 6: list... User unknown
        Some(67)
        loop broken
        554 5.4.6 loop broken
        ID: loop broken
        Some(64)
        x... Unbalanced '<'
        553 5.1.3 x... Unbalanced '<'
        ID: x... Unbalanced '<'
        Some(64)
        list... forward: /home/a/.forward: Group writable file
        050 list... forward: /home/a/.forward: Group writable file
        ID: forward /home/a/.forward: Group writable file
        None
        ");
    }
}
