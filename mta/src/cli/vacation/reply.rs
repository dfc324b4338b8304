//! One message on standard input: whether it is answered, and the answer on its way.

use std::io::{self, BufRead, Read as _};

use ruleset_vm::Exit;

use super::incoming::{Incoming, MAX_HEADER};
use super::request::Request;
use super::sender::{self, Origin, is_answerable};
use super::user::User;
use super::{Failure, answer, tell};
use crate::sys::exec::{self, Ended};
use crate::sys::{clock, errors};

/// Standard input is a message.
pub(super) fn receive(user: &User<'_>, mut input: impl BufRead) -> Result<(), Failure> {
    let header = header(&mut input).map_err(|error| Failure::input(&error))?;
    // whoever writes the message shall not find that nobody reads it
    let rest = io::copy(&mut input, &mut io::sink());
    rest.map_err(|error| Failure::input(&error))?;
    let Some(header) = header else { return Ok(()) };
    let mut names = user.request.aliases.clone();
    names.push(&user.login);
    let incoming = Incoming::read(&header, &names);
    match recipient(&incoming, user.request)? {
        Some(recipient) => reply(user, &incoming, &recipient),
        None => Ok(()),
    }
}

/// The lines up to the empty one; none if they are too long.
fn header(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut limited = input.take(MAX_HEADER);
    let mut header = Vec::new();
    loop {
        let start = header.len();
        limited.read_until(b'\n', &mut header)?;
        match header.get(start..) {
            Some(b"\n" | b"\r\n") => return Ok(Some(header)),
            Some(b"") | None => return Ok((limited.limit() > 0).then_some(header)),
            _ => {}
        }
    }
}

/// Who is to be answered, if anybody.
fn recipient(incoming: &Incoming, request: &Request<'_>) -> Result<Option<Vec<u8>>, Failure> {
    if incoming.origin == Some(Origin::Malformed) {
        return Err(Failure::new(Exit::DATAERR, b"badly formatted \"From \" line.".to_vec()));
    }
    if incoming.is_automatic || !(incoming.is_addressed || request.any_recipient) {
        return Ok(None);
    }
    let recipient = match (request.recipient, &incoming.origin) {
        (Some(recipient), _) => sender::bare(recipient),
        (None, Some(Origin::Address(address))) => address,
        _ => {
            return Err(Failure::new(Exit::DATAERR, b"no initial \"From \" line.".to_vec()));
        }
    };
    Ok(is_answerable(recipient).then(|| recipient.to_vec()))
}

/// Answers, unless that was done lately.
fn reply(user: &User<'_>, incoming: &Incoming, recipient: &[u8]) -> Result<(), Failure> {
    let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
    let ledger = user.ledger();
    let mut due = false;
    let mut text = Ok(Vec::new());
    // noted first, so that of two messages at once only one is answered
    let noted = ledger.change(false, |ledger| {
        let other = user.request.interval.filter(|interval| *interval != ledger.interval());
        if let Some(interval) = other {
            ledger.set_interval(interval);
        }
        if ledger.is_due(recipient, now) {
            text = user.text();
            due = text.is_ok();
        }
        if due {
            ledger.note(recipient, now);
        }
        due || other.is_some()
    });
    noted.map_err(|error| user.unusable(&error))?;
    let text = text?;
    if !due {
        return Ok(());
    }
    send(user, recipient, &answer::compose(recipient, incoming, &text)).inspect_err(|_| {
        // the message will come again, and shall be answered then; that this could not be is told already
        let _ = ledger.change(false, |ledger| {
            ledger.take_back(recipient);
            true
        });
    })
}

/// Hands the answer to sendmail. What it refuses is told and over; what it cannot do now is to be tried again.
fn send(user: &User<'_>, recipient: &[u8], answer: &[u8]) -> Result<(), Failure> {
    let from = user.request.return_address.unwrap_or(&user.login);
    let words = [&b"-oi"[..], b"-f", from, b"--", recipient].map(<[u8]>::to_vec);
    let failed = |text: String| Err(Failure::error(Exit::TEMPFAIL, text.into_bytes()));
    match exec::run_as_sendmail(&words, answer, &mut io::empty()) {
        Ok(Ended::Exited(status)) if status == Exit::TEMPFAIL.0 || status == Exit::OSERR.0 => {
            failed(format!("sendmail: status {status}"))
        }
        Ok(Ended::Exited(0)) => Ok(()),
        Ok(Ended::Exited(status)) => {
            let told = Failure::error(Exit::OK, format!("sendmail: status {status}").into_bytes());
            tell(user.request, &told);
            Ok(())
        }
        Ok(_) => failed("sendmail did not terminate normally".to_owned()),
        Err(error) => failed(format!("cannot run sendmail: {}", errors::describe(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_with_an_empty_line_or_the_input() {
        let rows: [(&[u8], &[u8]); 5] = [
            (b"a: b\n\nc: d\n", b"a: b\n\n"),
            (b"a: b\r\n\r\nc: d\n", b"a: b\r\n\r\n"),
            (b"a: b\n", b"a: b\n"),
            (b"a: b", b"a: b"),
            (b"", b""),
        ];
        for (message, expected) in rows {
            assert_eq!(header(&mut &message[..]).unwrap().as_deref(), Some(expected));
        }
        let long = vec![b'x'; usize::try_from(MAX_HEADER).unwrap()];
        assert_eq!(header(&mut &long[..]).unwrap(), None);
        assert!(header(&mut &long[1..]).unwrap().is_some());
    }

    fn recipient_of(header: &str, line: &str) -> Result<Option<String>, String> {
        let words: Vec<Vec<u8>> = line.split_whitespace().map(Into::into).collect();
        let incoming = Incoming::read(header.as_bytes(), &[b"alice"]);
        match recipient(&incoming, &Request::read(&words)) {
            Ok(found) => Ok(found.map(|address| String::from_utf8(address).unwrap())),
            Err(failure) => Err(String::from_utf8(failure.text).unwrap()),
        }
    }

    #[test]
    fn who_is_answered() {
        let rows = [
            ("From s@x Sat\nTo: alice\n", "", Some("s@x")),
            ("From <s@x> Sat\nTo: alice\n", "", Some("s@x")),
            ("From s@x Sat\nTo: bob\n", "", None),
            ("From s@x Sat\nTo: bob\n", "-j", Some("s@x")),
            ("To: bob\n", "", None),
            ("From s@x Sat\nTo: alice\nPrecedence: bulk\n", "-j", None),
            ("To: alice\nPrecedence: bulk\n", "", None),
            ("From |prog Sat\nTo: alice\n", "", None),
            ("From a,b Sat\nTo: alice\n", "", None),
            ("From s@x Sat\nTo: alice\n", "-s o@y", Some("o@y")),
            ("From s@x Sat\nTo: alice\n", "-s <o@y>", Some("o@y")),
            ("From s@x Sat\nTo: alice\n", "-s postmaster", Some("postmaster")),
            ("From s@x Sat\nTo: alice\n", "-s <>", None),
            ("To: alice\n", "-s o@y", Some("o@y")),
            ("From postmaster Sat\nTo: alice\n", "-s o@y", None),
            ("From <> Sat\nTo: alice\n", "-s o@y", None),
        ];
        for (header, line, expected) in rows {
            assert_eq!(
                recipient_of(header, line),
                Ok(expected.map(str::to_owned)),
                "{header}{line}"
            );
        }
        assert_eq!(
            recipient_of("To: alice\n", ""),
            Err("vacation: no initial \"From \" line.".to_owned())
        );
        assert_eq!(
            recipient_of("From \"x\nTo: bob\n", "-j"),
            Err("vacation: badly formatted \"From \" line.".to_owned())
        );
    }
}
