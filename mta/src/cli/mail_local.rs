//! `mail.local`: appends messages to mailboxes, from standard input or by LMTP (LG-060).

mod lines;
mod mailbox;
mod message;

use std::io::{self, BufRead, BufReader};

use ruleset_vm::Exit;

use self::lines::Lines;
use self::mailbox::{Failure, Rules};
use self::message::{Builder, Message, Piece};
use super::companion_log::CompanionLog;
use super::getopt::Getopt;
use super::{complain, print};
use crate::events::Severity;
use crate::message::date::{self, Moment};
use crate::protocol::lmtp::{Known, Session, Step};
use crate::sys::clock::{self, TimeZoneSpec, Zone};
use crate::sys::{errors, hostname, scratch, terminal, users};

const USAGE: &str =
    "usage: mail.local [-7] [-b] [-d] [-l] [-f from|-r from] [-h filename] user ...";
/// Longest command of LMTP.
const MAX_COMMAND: usize = 2048;

/// What the command line asks for.
#[derive(Default)]
struct Request<'w> {
    rules: Rules<'w>,
    seven_bits: bool,
    lmtp: bool,
    from: Option<&'w [u8]>,
}

/// `mail.local [flags] user ...`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let log = CompanionLog::new("mail.local");
    let warn = |text: &[u8]| {
        complain(&[b"mail.local: ", text].concat());
        log.write(Severity::Error, text);
    };
    let misused = || {
        warn(USAGE.as_bytes());
        Exit::UNAVAILABLE.0
    };
    let mut flags = Getopt::new(b"7bdD:f:h:r:l", words);
    let mut request = Request::default();
    for flag in flags.by_ref() {
        match flag {
            Ok((b'D', name)) if !mailbox::DATABASES.contains(&name) => {
                let text = b"Can not open mailbox database ";
                warn(&[text, name, b": Service unavailable"].concat());
                return Exit::UNAVAILABLE.0;
            }
            Ok((b'f' | b'r', _)) if request.from.is_some() => {
                warn(b"Multiple -f options");
                return misused();
            }
            Ok((letter, value)) => request.take(letter, value),
            Err(error) => {
                complain(format!("mail.local: {error}").as_bytes());
                return misused();
            }
        }
    }
    let names = &flags.operands;
    let input = match terminal::input() {
        Ok(input) => Lines::new(BufReader::new(input)),
        Err(error) => {
            warn(errors::describe(&error).as_bytes());
            return Exit::TEMPFAIL.0;
        }
    };
    match (request.lmtp, names.is_empty()) {
        (true, false) => {
            say(b"421 Users should not be specified in command line if LMTP required");
            Exit::TEMPFAIL.0
        }
        (true, true) => converse(input, &request, &warn),
        (false, true) => misused(),
        (false, false) => deliver_to(names, input, &request, &warn),
    }
}

impl<'w> Request<'w> {
    fn take(&mut self, letter: u8, value: &'w [u8]) {
        match letter {
            b'7' => self.seven_bits = true,
            b'D' => self.rules.no_database = value != b"pw",
            b'b' => self.rules.quota_is_final = true,
            b'f' | b'r' => self.from = Some(value),
            b'h' => self.rules.home_file = Some(value),
            b'l' => self.lmtp = true,
            _ => {}
        }
    }

    /// The sender named by `-f`, or whoever runs this.
    fn sender(&self) -> Vec<u8> {
        let own = || users::by_uid(users::real_uid()).ok().flatten().map(|account| account.name);
        self.from.map(<[u8]>::to_vec).or_else(own).unwrap_or_else(|| b"???".to_vec())
    }
}

fn builder(sender: &[u8]) -> io::Result<Builder> {
    let seconds = clock::now();
    let offset = Zone::load(&TimeZoneSpec::Environment).offset_at(seconds).seconds;
    Builder::new(scratch::file()?, sender, &date::ctime(&Moment { seconds, offset }))
}

/// Standard input is the message.
fn deliver_to(
    names: &[Vec<u8>],
    mut input: Lines<impl BufRead>,
    request: &Request<'_>,
    warn: &dyn Fn(&[u8]),
) -> u8 {
    let mut read = || -> io::Result<Message> {
        let mut builder = builder(&request.sender())?;
        while let Some((piece, _)) = input.next()? {
            builder.push(piece)?;
        }
        builder.finish()
    };
    let mut message = match read() {
        Ok(message) => message,
        Err(error) => {
            warn(errors::describe(&error).as_bytes());
            return Exit::TEMPFAIL.0;
        }
    };
    let mut worst = Exit::OK;
    for name in names {
        if let Err(failure) = mailbox::deliver(name, &mut message, request.rules) {
            warn(&failure.text);
            // what may be tried again must be
            if worst != Exit::TEMPFAIL {
                worst = failure.exit;
            }
        }
    }
    worst.0
}

fn say(reply: &[u8]) {
    print(&[reply, b"\r\n"].concat());
}

/// `-l`: standard input and output are a client's.
fn converse(mut input: Lines<impl BufRead>, request: &Request<'_>, warn: &dyn Fn(&[u8])) -> u8 {
    let mut session = Session::new(&hostname::node_name(), !request.seven_bits);
    say(&session.greeting());
    loop {
        let line = match command(&mut input) {
            Ok(Some(line)) => line,
            Ok(None) => return Exit::OK.0,
            Err(error) => {
                warn(errors::describe(&error).as_bytes());
                return Exit::TEMPFAIL.0;
            }
        };
        match session.command(&line) {
            Step::Say(reply) => say(&reply),
            Step::End(reply) => {
                say(&reply);
                return Exit::OK.0;
            }
            Step::Find(name) => {
                let known = match mailbox::user(&name, request.rules) {
                    Ok(_) => Known::Yes,
                    Err(failure) if failure.exit == Exit::TEMPFAIL => Known::Unclear,
                    Err(_) => Known::No,
                };
                say(&session.known(known));
            }
            Step::Take(reply) => {
                say(&reply);
                match take(&mut input, session.sender()) {
                    // a client that goes away in the middle has sent nothing
                    Ok(None) => return Exit::OK.0,
                    Ok(Some(message)) => answer(&session, Ok(message), request),
                    Err(error) => answer(&session, Err(error), request),
                }
                session.delivered();
            }
        }
    }
}

/// One command, cut at the length it may have.
fn command(input: &mut Lines<impl BufRead>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    while let Some((piece, ended)) = input.next()? {
        let room = MAX_COMMAND.saturating_sub(line.len());
        line.extend_from_slice(piece.text.get(..room).unwrap_or(piece.text));
        if ended {
            return Ok(Some(line));
        }
    }
    Ok(None)
}

/// The message up to the dot; `None` if the input ends before.
fn take(input: &mut Lines<impl BufRead>, sender: &[u8]) -> io::Result<Option<Message>> {
    let sender = if sender.is_empty() { b"MAILER-DAEMON" } else { sender };
    let mut builder = builder(sender)?;
    while let Some((piece, _)) = input.next()? {
        let text = match piece.text {
            b"." if piece.starts && piece.ends => return builder.finish().map(Some),
            [b'.', rest @ ..] if piece.starts => rest,
            text => text,
        };
        builder.push(Piece { text, ..piece })?;
    }
    Ok(None)
}

/// Delivers, and answers for each recipient.
fn answer(session: &Session, message: io::Result<Message>, request: &Request<'_>) {
    let mut message = message.map_err(|error| Failure::temporary(errors::describe(&error).into()));
    for name in session.recipients() {
        let delivered = match &mut message {
            Ok(message) => mailbox::deliver(name, message, request.rules),
            Err(failure) => Err(failure.clone()),
        };
        match delivered {
            Ok(()) => say(&[b"250 2.1.5 ", &name[..], b" Ok"].concat()),
            Err(failure) => say(&[failure.code.as_bytes(), b" ", &failure.text].concat()),
        }
    }
}
