//! The SMTP server as a machine without input or output: bytes in, replies and questions out.
//!
//! The caller asks [`Session::poll`] what to do and does it: it writes replies, reads when told to,
//! lets pauses pass, and answers each [`Question`] with an [`Answer`]. Every reply text stands in
//! [`replies`]; what a [`Status`](ruleset_vm::Status) becomes on the wire is decided in [`Reply`].
//!
//! Invariants:
//! - a reply is one write of one or more lines, in the order of the commands;
//! - the message leaves piece by piece ([`Action::Body`]) and is never held;
//! - a transaction once accepted ends in exactly one [`Question::Message`] or [`Action::Abandon`];
//! - no bytes of the peer panic, and nothing kept grows beyond what was fed and not yet used.
//!
//! Source: RFC 5321 and the extensions named in the files; texts and order as observed with
//! sendmail 8.17.1.9.

mod action;
mod auth;
mod base64;
mod body;
mod hello;
mod help;
mod inquiry;
mod opening;
mod parameters;
pub mod replies;
mod reply;
mod session;
mod settings;
mod slowdown;
mod starttls;
#[cfg(test)]
mod tests;
mod transaction;
mod verbs;

pub use action::{
    Abandoned, Action, Answer, Lost, Note, Question, Received, Timeout, UnexpectedAnswer, Verified,
};
pub use help::{help_about, help_has_macros};
pub use parameters::{
    Body, DeliverBy, MAX_PARAMETERS, MailParameters, Notify, RcptParameters, Return,
};
pub use reply::{MAX_REPLY_LINE, Reply, shortened};
pub use session::{MAX_COMMAND, MAX_LINE, Session};
pub use settings::{Admission, BareEnd, Features, Limits, Peer, Privacy, Settings, StartTls};
