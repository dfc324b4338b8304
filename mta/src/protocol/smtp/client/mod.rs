//! The SMTP and LMTP client as a machine without input or output: one connection, any number of
//! transactions, one [`Status`](ruleset_vm::Status) per recipient.
//!
//! The caller asks [`Client::step`] what to do and does it:
//!
//! - [`Step::Write`]: send these bytes;
//! - [`Step::Wait`]: read from the peer, at most as long as the named [`Timeout`] allows, and hand
//!   the bytes to [`Client::feed`], or a failure to [`Client::lost`];
//! - [`Step::SendMessage`]: write header and body through a [`DotStuffer`], then call
//!   [`Client::message_sent`];
//! - [`Step::Idle`]: [`Client::begin`] a transaction or [`Client::quit`];
//! - [`Step::Done`], [`Step::Refused`]: results; ask again for what follows;
//! - [`Step::Close`]: close the connection.
//!
//! Invariants: every recipient of a transaction gets exactly one verdict; no bytes of the peer
//! panic, and what is kept of a reply is bounded ([`MAX_REPLY_LINE`], [`MAX_REPLY_LINES`]); no
//! address or parameter can smuggle a second command (see [`command`]).

pub mod command;
mod data;
mod dialogue;
mod ehlo;
mod exchange;
mod meaning;
mod outcome;
mod reply;
mod session;
mod settings;
mod transaction;

pub use data::DotStuffer;
pub use dialogue::{Dialogue, Line, Settled, Transcript};
pub use ehlo::Offers;
pub use outcome::{Loss, Outcome, Refusal, Stage, Verdict};
pub use reply::{MAX_REPLY_LINE, MAX_REPLY_LINES, Reply, ReplyError, ReplyReader};
pub use session::{Client, Step, Timeout};
pub use settings::{Esmtp, Protocol, Settings};
pub use transaction::{DeliverBy, Notify, Recipient, Return, Transaction};

#[cfg(test)]
mod tests;
