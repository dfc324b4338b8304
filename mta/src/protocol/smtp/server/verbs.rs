//! The verbs of the server: one row each.

use super::session::Session;

/// One command of the protocol.
pub(super) struct Verb {
    pub(super) name: &'static str,
    /// Works even in a refused session (SM-003).
    pub(super) always: bool,
    pub(super) run: fn(&mut Session, &Command),
}

/// A command line taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The line as it came, without its end.
    pub(super) line: Vec<u8>,
    /// What follows the verb, without surrounding blanks.
    pub(super) argument: Vec<u8>,
}

const fn row(name: &'static str, always: bool, run: fn(&mut Session, &Command)) -> Verb {
    Verb { name, always, run }
}

/// All verbs; the last rows are commands known but never carried out (SM-031, SM-032).
pub(super) const VERBS: &[Verb] = &[
    row("MAIL", false, Session::mail),
    row("RCPT", false, Session::rcpt),
    row("DATA", false, Session::data),
    row("RSET", true, Session::rset),
    row("HELO", true, Session::helo),
    row("EHLO", true, Session::ehlo),
    row("NOOP", true, Session::noop),
    row("QUIT", true, Session::quit),
    row("VRFY", false, Session::vrfy),
    row("EXPN", false, Session::expn),
    row("ETRN", false, Session::etrn),
    row("HELP", false, Session::help),
    row("VERB", false, Session::verb),
    row("AUTH", false, Session::auth),
    row("STARTTLS", false, Session::starttls),
    row("SEND", false, Session::not_implemented),
    row("SAML", false, Session::not_implemented),
    row("SOML", false, Session::not_implemented),
    row("TURN", false, Session::not_implemented),
    row("WIZ", false, Session::intruder),
    row("DEBUG", false, Session::intruder),
    row("SHOWQ", false, Session::intruder),
];

/// Commands of a browser or an open-proxy scanner (SM-010).
pub(super) const HTTP_COMMANDS: [&str; 4] = ["GET", "POST", "CONNECT", "USER"];

/// Takes a line apart: verb and command. The line ends at a NUL, as a string does; a blank ends the
/// verb.
pub(super) fn take_apart(line: &[u8]) -> (Vec<u8>, Command) {
    let line = line.split(|&byte| byte == 0).next().unwrap_or_default();
    let text = line.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (verb, argument) = text.split_at(end);
    let command = Command { line: line.to_vec(), argument: argument.trim_ascii().to_vec() };
    (verb.to_ascii_uppercase(), command)
}

/// Looks a verb up; `verb` is in upper case.
pub(super) fn find(verb: &[u8]) -> Option<&'static Verb> {
    VERBS.iter().find(|row| row.name.as_bytes() == verb)
}
