//! One mail transaction as the caller orders it.

use crate::message::envelope::BodyType;

/// `RET=`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// `FULL`
    Full,
    /// `HDRS`
    Headers,
}

/// `NOTIFY=`; no flag set means `NEVER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// `SUCCESS`
    pub success: bool,
    /// `FAILURE`
    pub failure: bool,
    /// `DELAY`
    pub delay: bool,
}

/// `BY=`, RFC 2852.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    /// Seconds left; may be negative in mode `N`.
    pub seconds: i64,
    /// `R` or `N`.
    pub mode: u8,
    /// Whether `T` (trace) follows the mode.
    pub trace: bool,
}

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address without angle brackets (`$u`).
    pub address: Vec<u8>,
    /// `NOTIFY=`, if the submitter gave one.
    pub notify: Option<Notify>,
    /// `ORCPT=`, `type;xtext` as given.
    pub orcpt: Option<Vec<u8>>,
}

impl Recipient {
    /// A recipient without DSN parameters.
    #[must_use]
    pub fn new(address: impl Into<Vec<u8>>) -> Self {
        Self { address: address.into(), notify: None, orcpt: None }
    }
}

/// One message to one or more recipients. Parameters the peer does not offer are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The sender without angle brackets; empty for the null sender.
    pub sender: Vec<u8>,
    /// `SIZE=`: the size in bytes, if known.
    pub size: Option<u64>,
    /// `BODY=`; `None` for 7-bit data of undeclared type (SM-130).
    pub body: Option<BodyType>,
    /// `SMTPUTF8`
    pub smtputf8: bool,
    /// `ENVID=`, xtext as given.
    pub envid: Option<Vec<u8>>,
    /// `RET=`
    pub ret: Option<Return>,
    /// `AUTH=`, xtext or `<>`.
    pub auth: Option<Vec<u8>>,
    /// `BY=`
    pub by: Option<DeliverBy>,
    /// The recipients, in the order they are named to the peer.
    pub recipients: Vec<Recipient>,
}
