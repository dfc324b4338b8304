//! The log lines of an SMTP dialogue (LG-023..LG-030, LG-035, LG-037).

use super::smtp_session::Server;
use crate::events::{Event, Severity};
use crate::protocol::smtp::server::{Abandoned, Lost, Note, shortened};

/// Longest name in `HELO` that the log shows (observed).
const MAX_NAME: usize = 255;

impl Server<'_> {
    /// Logs what the session has noticed.
    pub(super) fn note(&mut self, note: &Note) {
        match note {
            Note::Command { verb, .. } => {
                self.stage = verb.map_or_else(|| "startup".to_owned(), str::to_ascii_lowercase);
            }
            Note::Inquiry { .. } | Note::TurnRequested { .. } | Note::EarlyTraffic(_) => {
                self.issued = true;
            }
            Note::LostMessage { sender, how } => self.message_lost(sender, *how),
            _ => {}
        }
        let (name, address) = self.connection.name_and_address();
        let about = About {
            peer: &self.connection.display,
            name,
            address,
            daemon: self.connection.daemon_name(),
            stage: &self.stage,
            in_transaction: self.in_transaction,
            seconds: self.started.elapsed().as_secs(),
        };
        if let Some((severity, level, text)) = line(note, &about) {
            self.log(severity, level, &[&text]);
        }
    }

    /// The connection ended inside a message.
    fn message_lost(&self, sender: &[u8], how: Lost) {
        let (name, _) = self.connection.name_and_address();
        let collect =
            |info: &[u8]| [b"collect: relay=", name, b", from=", sender, b", info=", info].concat();
        if how == Lost::TimedOut {
            return self.system_error(collect(b"read timeout"));
        }
        let reset = [b"Connection reset by ", name].concat();
        let cause: &[u8] = if self.broken { &reset } else { b"unexpected close" };
        self.log(Severity::Warning, 1, &[b"collect: premature EOM: ", cause]);
        if self.broken {
            self.system_error(collect(b"I/O error"));
        } else {
            self.log(Severity::Notice, 0, &[&collect(cause)]);
        }
    }

    fn system_error(&self, text: Vec<u8>) {
        self.post.events.report(Event::system_error(Some(&self.id.0), b"root", text));
    }

    /// `ADDR... text` about a recipient that is refused (LG-012), when the reply is out.
    pub(super) fn log_recipient(&mut self, text: &[u8]) {
        self.intake.tell_late(Event::text(Some(&self.id.0), Severity::Notice, 3, text));
    }
}

/// What lines say of the connection.
struct About<'a> {
    /// Name and address in one, as in `relay=`.
    peer: &'a [u8],
    name: &'a [u8],
    address: &'a [u8],
    daemon: &'a [u8],
    /// The last command.
    stage: &'a str,
    in_transaction: bool,
    /// Since the connection began.
    seconds: u64,
}

/// The line about `note`: severity, level, text.
fn line(note: &Note, about: &About<'_>) -> Option<(Severity, i16, Vec<u8>)> {
    use Severity::{Critical, Info, Notice};
    let &About { peer, name, address, .. } = about;
    let rejected = |is: bool| if is { &b" [rejected]"[..] } else { b"" };
    Some(match note {
        Note::Command { line, .. } => (Info, 14, [b"<-- ", &line[..]].concat()),
        Note::Inquiry { line, rejected: is } => {
            (Info, 5, [peer, b": ", &shortened(line), rejected(*is)].concat())
        }
        Note::TurnRequested { node, rejected: is } => {
            (Info, 5, [peer, b": ETRN ", &shortened(node), rejected(*is)].concat())
        }
        Note::BadHello(word) => {
            let word: &[u8] = if word.len() > MAX_NAME { b"too long" } else { word };
            (Info, 9, [b"invalid domain name (", word, b") from ", peer].concat())
        }
        Note::RecipientRefused(text) => (Notice, 3, text.clone()),
        Note::Attack { command, count } => {
            let text = format!(": possible SMTP attack: command={command}, count={count}");
            (Info, 5, [peer, text.as_bytes()].concat())
        }
        Note::PreGreetingTraffic => {
            let why = format!("pre-greeting traffic after {} seconds", about.seconds);
            (Info, 0, rejecting("commands", about, why.as_bytes()))
        }
        Note::EarlyTraffic(command) => {
            let what = format!("server {command}");
            (Info, 5, rejecting(&what, about, b"traffic before response"))
        }
        Note::CommandTooLong(length) => {
            let text = format!(": SMTP violation, input too long: {length}");
            (Info, 5, [peer, text.as_bytes()].concat())
        }
        Note::OpenProxy(command) => {
            (Info, 5, [peer, b": probable open proxy: command=", command, b"\r\n"].concat())
        }
        Note::Intruder(command) => {
            let text = [b"\"", &command[..], b"\" command from ", peer, b" (", address, b")"];
            (Critical, 0, text.concat())
        }
        Note::RecipientFlood => {
            (Info, 5, [peer, b": Possible SMTP RCPT flood, throttling."].concat())
        }
        Note::LostInput(_) => {
            let level = if about.in_transaction { 1 } else { 19 };
            let (daemon, stage) = (about.daemon, about.stage.as_bytes());
            let text = [b"lost input channel from ", peer, b" to ", daemon, b" after ", stage];
            (Notice, level, text.concat())
        }
        Note::BadLineEnd { sender, info, in_header } => {
            let place: &[u8] = if *in_header { b"header" } else { b"body" };
            let text: [&[u8]; 9] = [
                b"collect: relay=",
                name,
                b", from=",
                sender,
                b", info=",
                info,
                b", where=",
                place,
                b", status=tempfail",
            ];
            (Notice, 0, text.concat())
        }
        Note::TooManyBadCommands | Note::LostMessage { .. } => return None,
    })
}

fn rejecting(what: &str, about: &About<'_>, why: &[u8]) -> Vec<u8> {
    let (what, &About { name, address, .. }) = (what.as_bytes(), about);
    [b"rejecting ", what, b" from ", name, b" [", address, b"] due to ", why].concat()
}

/// What the log says of recipients when their message is given up, and above which level.
pub(super) fn cause(why: Abandoned) -> Option<(i16, &'static [u8])> {
    match why {
        Abandoned::Reset => Some((10, b"RSET")),
        Abandoned::Hello { extended: true } => Some((10, b"EHLO")),
        Abandoned::Hello { extended: false } => Some((10, b"HELO")),
        Abandoned::Quit => Some((9, b"aborted by sender")),
        Abandoned::Ended | Abandoned::Refused | Abandoned::TooLarge { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_observed() {
        let about = About {
            peer: b"h [192.0.2.5]",
            name: b"h",
            address: b"192.0.2.5",
            daemon: b"MTA",
            stage: "rcpt",
            in_transaction: true,
            seconds: 3,
        };
        let rows = [
            // LG-023
            (
                Note::Command { line: b"ehlo x".to_vec(), verb: Some("EHLO") },
                (Severity::Info, 14, "<-- ehlo x"),
            ),
            // LG-025
            (
                Note::LostInput(Lost::Closed),
                (Severity::Notice, 1, "lost input channel from h [192.0.2.5] to MTA after rcpt"),
            ),
            // LG-030
            (
                Note::Inquiry { line: b"vrfy  a".to_vec(), rejected: true },
                (Severity::Info, 5, "h [192.0.2.5]: vrfy  a [rejected]"),
            ),
            (
                Note::TurnRequested { node: b"x".to_vec(), rejected: false },
                (Severity::Info, 5, "h [192.0.2.5]: ETRN x"),
            ),
            (
                Note::BadHello(b"<x>".to_vec()),
                (Severity::Info, 9, "invalid domain name (<x>) from h [192.0.2.5]"),
            ),
            (
                Note::BadHello(vec![b'x'; 256]),
                (Severity::Info, 9, "invalid domain name (too long) from h [192.0.2.5]"),
            ),
            // LG-012
            (
                Note::RecipientRefused(b"<... Unbalanced '<'".to_vec()),
                (Severity::Notice, 3, "<... Unbalanced '<'"),
            ),
            // LG-035
            (
                Note::PreGreetingTraffic,
                (
                    Severity::Info,
                    0,
                    "rejecting commands from h [192.0.2.5] due to pre-greeting traffic after 3 seconds",
                ),
            ),
            // LG-080
            (
                Note::BadLineEnd {
                    sender: b"<a@b>".to_vec(),
                    info: b"Bare CR".to_vec(),
                    in_header: false,
                },
                (
                    Severity::Notice,
                    0,
                    "collect: relay=h, from=<a@b>, info=Bare CR, where=body, status=tempfail",
                ),
            ),
            (
                Note::EarlyTraffic("EHLO"),
                (
                    Severity::Info,
                    5,
                    "rejecting server EHLO from h [192.0.2.5] due to traffic before response",
                ),
            ),
        ];
        for (note, (severity, level, text)) in rows {
            assert_eq!(line(&note, &about), Some((severity, level, text.as_bytes().to_vec())));
        }
        assert_eq!(line(&Note::TooManyBadCommands, &about), None);
    }
}
