//! The world around the session in tests: a host with the users `root` and `alice`, the alias
//! `list`, and hooks that judge by the local part.

use crate::protocol::smtp::server::{
    Admission, Answer, Peer, Question, Settings, Verified, replies,
};
use ruleset_vm::{Enhanced, Exit, Status};

pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) admission: Admission,
    /// The script begins with the greeting.
    pub(super) greet: bool,
    /// The script has the notes.
    pub(super) notes: bool,
}

impl Default for World {
    fn default() -> Self {
        let settings = Settings {
            program: b"Sendmail 8.17.1.9".to_vec(),
            ..Settings::new("mail.example.com")
        };
        Self { settings, admission: Admission::default(), greet: false, notes: false }
    }
}

pub(super) fn peer() -> Peer {
    Peer {
        name: b"localhost.example.com".to_vec(),
        display: b"localhost.example.com [127.0.0.1]".to_vec(),
    }
}

/// What a hook's `$#error $@ D.S.N $: NNN text` comes to.
pub(super) fn refused(reply: u16, enhanced: [u16; 3], text: &str) -> Status {
    let mut status = Status::from_exit(Exit::UNAVAILABLE, text);
    status.reply = (reply > 0).then_some(reply);
    let [class, subject, detail] = enhanced;
    status.enhanced = (class > 0).then(|| Enhanced::new(class, subject, detail));
    status
}

fn accepted(address: Option<&[u8]>) -> Answer {
    Answer::Accepted { address: address.map(<[u8]>::to_vec), will_queue: false }
}

impl World {
    pub(super) fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Connect => Answer::Admission(Box::new(self.admission.clone())),
            Question::Mail { address, .. } => mail(address),
            Question::FaultyRcpt { address } if address == b"()" => {
                Answer::Status(replies::MISSING_RECIPIENT.status(&[]))
            }
            Question::FaultyRcpt { .. } => Answer::Status(Status::ok()),
            Question::FaultyMail { address, .. } => match mail(address) {
                Answer::Status(status) => Answer::Status(status),
                _ => Answer::Status(Status::ok()),
            },
            Question::Rcpt { address, .. } => rcpt(address),
            Question::Data { recipients: 4 } => Answer::Status(refused(550, [5, 7, 1], "four")),
            Question::Message(received) if received.size == 7 => {
                Answer::Status(refused(554, [5, 6, 0], "eom bad"))
            }
            Question::Message(_) => Answer::Queued(b"6AM3UtOf000058".to_vec()),
            Question::Verify(argument) | Question::Expand(argument) => verify(argument),
            Question::Etrn(argument) if argument.starts_with(b"#") => {
                let queue = argument.get(1..).unwrap_or_default();
                Answer::Status(replies::QUEUE_UNKNOWN.status(&[queue]))
            }
            Question::Etrn(argument) => Answer::Status(replies::QUEUING_NODE.status(&[argument])),
            Question::Other { command, reply_class } => other(command, *reply_class),
            Question::Auth { response: None, .. } => Answer::Challenge(b"<1@x>".to_vec()),
            Question::Auth { response: Some(response), .. } if response == b"good" => {
                Answer::Status(Status::ok())
            }
            Question::Auth { .. } => Answer::Status(replies::AUTH_FAILED.status(&[])),
            Question::Hello { .. } | Question::Data { .. } | Question::AuthAborted => {
                Answer::Status(Status::ok())
            }
        }
    }
}

fn mail(address: &[u8]) -> Answer {
    let status = match address {
        b"<m421@x.com>" => refused(421, [4, 7, 0], "bye mail"),
        b"<mtemp@x.com>" => refused(451, [4, 7, 1], "later"),
        b"<mno@x.com>" => refused(0, [0, 0, 0], "no code text"),
        b"<a@b.com" => refused(553, [5, 0, 0], "Unbalanced '<'"),
        b"(x)" => return accepted(Some(b"MAILER-DAEMON")),
        _ => return accepted(None),
    };
    Answer::Status(status)
}

fn rcpt(address: &[u8]) -> Answer {
    let status = match address {
        b"<rno@x.com>" => refused(550, [5, 1, 8], "nope"),
        b"<rml@x.com>" => refused(451, [5, 1, 8], "later"),
        b"()" => replies::MISSING_RECIPIENT.status(&[]),
        b"<>" => refused(553, [5, 0, 0], "User address required"),
        b"<root@mail.example.com>" => return accepted(Some(b"<root>")),
        b"<queued@x.com>" => return Answer::Accepted { address: None, will_queue: true },
        _ if address.contains(&b'@') || address.ends_with(b"root>") || address == b"root" => {
            return accepted(None);
        }
        _ => replies::USER_UNKNOWN.status(&[]),
    };
    Answer::Status(status)
}

fn verify(argument: &[u8]) -> Answer {
    let verified = |certain, full_name: &str, address: &str| Verified {
        certain,
        full_name: full_name.into(),
        address: address.into(),
    };
    match argument {
        b"root" => Answer::Addresses(vec![verified(true, "root", "root@mail.example.com")]),
        b"list" => Answer::Addresses(vec![
            verified(true, "", "alice@mail.example.com"),
            verified(true, "root", "root@mail.example.com"),
        ]),
        b"bob@example.net" => Answer::Addresses(vec![verified(false, "", "bob@example.net")]),
        b"()" => Answer::Status(replies::NOTHING_TO.status(&[b"VRFY"])),
        b"v421" => Answer::Status(refused(421, [4, 7, 0], "bye vrfy")),
        _ => Answer::Status(replies::USER_UNKNOWN.status(&[])),
    }
}

fn other(command: &[u8], reply_class: u16) -> Answer {
    let class = reply_class.to_string();
    let status = match command {
        b"NOOP r421" => refused(421, [4, 7, 0], "bye other"),
        b"NOOP rno" | b"VERB rno" => refused(550, [5, 7, 0], "no other"),
        b"FOO rno" => refused(450, [4, 7, 0], &format!("foo {class}")),
        _ => Status::ok(),
    };
    Answer::Status(status)
}
