//! `vacation`: answers a message for a user who is away, once to each sender (vacation(1) of sendmail 8.17).
//!
//! What gets no answer: see `incoming`, `sender` and `ledger`, which do no input or output.

mod answer;
mod incoming;
mod ledger;
mod ledger_file;
mod reply;
mod request;
mod sender;
mod upkeep;
mod user;

use std::io::{self, BufReader};

use ruleset_vm::Exit;

use self::request::Request;
use self::user::User;
use super::companion_log::CompanionLog;
use super::complain;
use crate::events::Severity;
use crate::sys::{errors, terminal, users};

const USAGE: &str = "usage: vacation [-a alias] [-C cfpath] [-d] [-f db] [-i] [-j] [-l] [-m msg] [-R returnaddr] \
    [-r interval] [-s sender] [-t time] [-U] [-x] [-z] login";

/// Why there is no answer.
struct Failure {
    exit: Exit,
    severity: Severity,
    text: Vec<u8>,
}

impl Failure {
    fn new(exit: Exit, text: Vec<u8>) -> Self {
        Self { exit, severity: Severity::Notice, text: [b"vacation: ", &text[..]].concat() }
    }

    fn error(exit: Exit, text: Vec<u8>) -> Self {
        Self { severity: Severity::Error, ..Self::new(exit, text) }
    }

    fn usage() -> Self {
        let text = format!("uid {}: {USAGE}", users::real_uid()).into_bytes();
        Self { text, ..Self::new(Exit::USAGE, Vec::new()) }
    }

    /// Standard input cannot be read.
    fn input(error: &io::Error) -> Self {
        let text = [b"cannot read standard input: ", errors::describe(error).as_bytes()].concat();
        Self::error(Exit::TEMPFAIL, text)
    }
}

/// `vacation [flags] login`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let request = Request::read(words);
    match serve(&request) {
        Ok(()) => Exit::OK.0,
        Err(failure) => {
            tell(&request, &failure);
            failure.exit.0
        }
    }
}

fn tell(request: &Request<'_>, failure: &Failure) {
    match request.debug {
        true => complain(&failure.text),
        false => {
            let log = CompanionLog::with_process_id("vacation");
            log.write(failure.severity, &failure.text);
        }
    }
}

fn serve(request: &Request<'_>) -> Result<(), Failure> {
    let user = User::of(request)?;
    let input = terminal::input().map_err(|error| Failure::input(&error))?;
    let input = BufReader::new(input);
    if request.list {
        upkeep::list(&user)
    } else if request.is_upkeep() {
        upkeep::keep(&user, input)
    } else {
        reply::receive(&user, input)
    }
}
