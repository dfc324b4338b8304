//! One message on its way: sender, recipients, flags, priority and the macros that travel with it.
//!
//! Pure data. The queue codec (`queue::codec`) is its written form; times are seconds since 1970.

use std::sync::Arc;

use super::address_list::{ListStyle, elements_in_place};
use ruleset_vm::Status;

/// A queue identifier such as `6AM0hspE005925` (QU-001).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueId(pub Vec<u8>);

/// The body type declared with `BODY=` or `-B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyType {
    /// `7BIT`
    SevenBit,
    /// `8BITMIME`
    EightBitMime,
}

/// The letters of the `F` line in a qf file, and their meaning while the message is worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnvelopeFlags {
    /// `w`: a delay warning has been sent.
    pub warning_sent: bool,
    /// `r`: the message is itself an error response.
    pub response: bool,
    /// `8`: the body has octets above 127.
    pub has_8bit: bool,
    /// `b`: the Bcc header is to be removed.
    pub delete_bcc: bool,
    /// `d`: RET was given.
    pub ret_given: bool,
    /// `n`: RET=HDRS, or a negative precedence: the body is not returned.
    pub no_body_return: bool,
    /// `s`: the envelope was split.
    pub split: bool,
    /// `e`: SMTPUTF8.
    pub smtputf8: bool,
}

/// One header field. `value` keeps its leading space and its folding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What stands between the question marks of an `H` line in cf or qf: mailer flags, or
    /// `${macro}`; empty for an unconditional field.
    pub condition: Vec<u8>,
    /// The field name as received.
    pub name: Vec<u8>,
    /// The text behind the colon, leading space and folding kept, without the final line end.
    pub value: Vec<u8>,
    /// The field came from an `H` line of the configuration, not from the message.
    pub is_default: bool,
}

impl Field {
    /// Whether it has this name; case does not count.
    #[must_use]
    pub fn is_named(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The value of the first field of this name.
#[must_use]
pub fn value_of<'h>(header: &'h [Field], name: &[u8]) -> Option<&'h [u8]> {
    header.iter().find(|field| field.is_named(name)).map(|field| &field.value[..])
}

/// The wish of RFC 2852 (QU-030).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    /// Bits: 1 notify (`N`), 2 return (`R`), 16 trace (`T`) (observed).
    pub mode: u8,
    /// Seconds after the message came in; may be negative with `N`.
    pub seconds: i64,
}

impl DeliverBy {
    const NOTIFY: u8 = 1;
    const RETURN: u8 = 2;
    const TRACE: u8 = 16;

    /// What `BY=` asks for.
    #[must_use]
    pub fn of(return_if_late: bool, trace: bool, seconds: i64) -> Self {
        let mode = if return_if_late { Self::RETURN } else { Self::NOTIFY };
        Self { mode: if trace { mode | Self::TRACE } else { mode }, seconds }
    }

    /// A message that is late goes back.
    #[must_use]
    pub fn returns(self) -> bool {
        self.mode & Self::RETURN != 0
    }

    /// Relays tell where it passed.
    #[must_use]
    pub fn traces(self) -> bool {
        self.mode & Self::TRACE != 0
    }

    /// The moment, for a message that came in at `created`.
    #[must_use]
    pub fn moment(self, created: u64) -> i64 {
        i64::try_from(created).unwrap_or(i64::MAX).saturating_add(self.seconds)
    }
}

/// The user a program or file recipient runs as (the `C` line).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllingUser {
    /// Login name.
    pub user: Vec<u8>,
    /// Numeric user id.
    pub uid: u32,
    /// Numeric group id.
    pub gid: u32,
}

/// DSN and origin flags of a recipient (the letters in front of the colon of an `R` line).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipientFlags {
    /// `P`: named by the submitter, not by an alias.
    pub primary: bool,
    /// `N`: NOTIFY was given.
    pub notify_given: bool,
    /// `S`: notify on success.
    pub on_success: bool,
    /// `F`: notify on failure.
    pub on_failure: bool,
    /// `D`: notify on delay.
    pub on_delay: bool,
    /// `A`: came out of an alias.
    pub from_alias: bool,
    /// `B`: a blind copy added internally.
    pub internal_bcc: bool,
    /// `X`: the MX of the recipient's host was found securely.
    pub mx_secure: bool,
}

/// What has become of a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RecipientState {
    /// To be tried.
    #[default]
    Pending,
    /// Replaced by other recipients (alias, forward, include): not delivered, not reported.
    Expanded,
    /// A second occurrence of another recipient.
    Duplicate,
    /// Delivered or accepted by the next hop.
    Sent(Status),
    /// Kept for the next queue run.
    Deferred(Status),
    /// Failed for good.
    Failed(Status),
}

impl RecipientState {
    /// It is still to be delivered to.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Pending | Self::Deferred(_))
    }
}

/// A mailer triple: what ruleset 0 (and 5) made of an address, after the mailer's rewriting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Index into the configuration's mailer table.
    pub mailer: usize,
    /// The `$@` part (`$h`); several hosts separated by `:` are tried in order.
    pub host: Vec<u8>,
    /// The `$:` part after rewriting (`$u`).
    pub user: Vec<u8>,
}

impl Route {
    /// In place of a mailer: ruleset 0 has returned `$#error` with a failure for now. The host is its `$@`, the
    /// user its text.
    pub const ERROR: usize = usize::MAX;

    /// Whether it is that of an error for now.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.mailer == Self::ERROR
    }
}

/// The name of the error mailer in log lines and in what `-bv` says.
pub const ERROR_MAILER: &[u8] = b"*error*";

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address as it stands in the `R` line and in reports.
    pub address: Vec<u8>,
    /// Flags.
    pub flags: RecipientFlags,
    /// ORCPT, `type;addr` as given (the `Q` line).
    pub original: Option<Vec<u8>>,
    /// `RFC822; x@y` (the `r` line).
    pub final_recipient: Option<Vec<u8>>,
    /// The user a program or file runs as.
    pub controlling_user: Option<ControllingUser>,
    /// The alias this recipient came from (the `C` line's last field).
    pub alias: Option<Vec<u8>>,
    /// Where it goes, once resolved; not stored.
    pub route: Option<Route>,
    /// What became of it; only the text of a deferral is stored (`M` before the `R` line).
    pub state: RecipientState,
    /// A list has taken its place in reports of success, or it is such a list; not stored.
    pub listing: Listing,
    /// The list that it was named in; not stored.
    pub listed: Option<Listed>,
}

/// Where a recipient stands in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    list: Arc<[u8]>,
    /// Where it begins there.
    at: usize,
    /// It is the last one, which comes first in an envelope.
    pub is_last: bool,
}

impl Listed {
    /// The list from this address on, for messages about its syntax.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        self.list.get(self.at..).unwrap_or_default()
    }
}

/// How reports of success name a recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// By itself.
    #[default]
    Own,
    /// Not at all: it is one of several that an alias was just expanded to.
    Hidden,
    /// As a list with an owner, whose members hear from it.
    List,
    /// The same, with more than one member.
    ListOfSeveral,
}

impl Recipient {
    /// A recipient as a submitter names it, to be resolved.
    #[must_use]
    pub fn primary(address: impl Into<Vec<u8>>) -> Self {
        let flags = RecipientFlags {
            primary: true,
            on_failure: true,
            on_delay: true,
            ..RecipientFlags::default()
        };
        Self {
            address: address.into(),
            flags,
            original: None,
            final_recipient: None,
            controlling_user: None,
            alias: None,
            route: None,
            state: RecipientState::Pending,
            listing: Listing::Own,
            listed: None,
        }
    }

    /// The recipients that a submitter names in a list, the last one first.
    #[must_use]
    pub fn of_list(list: &[u8], style: ListStyle) -> Vec<Self> {
        let whole: Arc<[u8]> = Arc::from(list);
        let listed = |number: usize, element: &[u8], rest: &[u8]| match style {
            ListStyle::Commas => {
                let at = list.len().saturating_sub(rest.len());
                Listed { list: Arc::clone(&whole), at, is_last: number == 0 }
            }
            // words between blanks are no list
            ListStyle::Spaces => Listed { list: Arc::from(element), at: 0, is_last: true },
        };
        let found = elements_in_place(list, style).into_iter().rev().enumerate();
        let recipient = |(number, (element, rest)): (usize, (&[u8], &[u8]))| Self {
            listed: Some(listed(number, element, rest)),
            ..Self::primary(element)
        };
        found.map(recipient).collect()
    }
}

/// What rules have made of a sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedSender {
    /// Where mail to it would go; none where rules refuse it.
    pub route: Option<Route>,
    /// As it is known before any mailer has seen it: `$f`.
    pub canonical: Vec<u8>,
    /// `@domain` for addresses without one, if its mailer wants that (flag `C`, RS-085).
    pub domain: Option<Vec<u8>>,
}

impl ResolvedSender {
    /// Index of the mailer.
    #[must_use]
    pub fn mailer(&self) -> Option<usize> {
        self.route.as_ref().map(|route| route.mailer)
    }
}

/// One message without its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The queue id, once assigned.
    pub id: Option<QueueId>,
    /// `T`: creation time, seconds since 1970.
    pub created: u64,
    /// `K`: time of the last delivery attempt; 0 for none.
    pub last_try: u64,
    /// `N`: number of attempts.
    pub tries: u32,
    /// `P`: priority; smaller runs first.
    pub priority: i64,
    /// The message class (Precedence:); not stored.
    pub class: i64,
    /// Hops that the caller has counted (`-h`); not stored.
    pub hops: usize,
    /// `I`: device and inode of the body file as last seen, `major/minor/inode`; information only.
    pub body_identity: Option<Vec<u8>>,
    /// `B`: body type.
    pub body_type: Option<BodyType>,
    /// How whoever gave it has spelled it; empty for the usual words.
    pub body_word: Vec<u8>,
    /// `q`: quarantine reason.
    pub quarantine: Option<Vec<u8>>,
    /// `M`: status text for the queue listing.
    pub message: Option<Vec<u8>>,
    /// `F`: flags.
    pub flags: EnvelopeFlags,
    /// `$`: macros of class `{persistentMacros}`: name without `$` (`r`, `{daemon_flags}`), value.
    pub macros: Vec<(Vec<u8>, Vec<u8>)>,
    /// `S`: envelope sender; empty for the null sender `<>`.
    pub sender: Vec<u8>,
    /// What rules have made of the sender, once they were asked; not stored.
    pub resolved_sender: Option<ResolvedSender>,
    /// `Z`: ENVID.
    pub envid: Option<Vec<u8>>,
    /// `A`: AUTH= parameter, xtext.
    pub auth: Option<Vec<u8>>,
    /// `!`: until when it is to be delivered, and what else.
    pub deliver_by: Option<DeliverBy>,
    /// `d`: directory of the body when it is not the control file's.
    pub body_directory: Option<Vec<u8>>,
    /// Size of the message in bytes, for SIZE=, priorities and the listing; not stored.
    pub size: u64,
    /// The recipients.
    pub recipients: Vec<Recipient>,
    /// The header, in order.
    pub header: Vec<Field>,
}

impl Envelope {
    /// The body type as it was spelled.
    #[must_use]
    pub fn body_name(&self) -> Option<&[u8]> {
        let usual: &[u8] = match self.body_type? {
            BodyType::SevenBit => b"7BIT",
            BodyType::EightBitMime => b"8BITMIME",
        };
        Some(if self.body_word.is_empty() { usual } else { &self.body_word })
    }

    /// Bytes of the header as it counts for the size of a queued message: two for each field beside name and
    /// value, and the blank in front of a value only where the field has a condition (observed).
    #[must_use]
    pub fn header_size(&self) -> u64 {
        let sizes = self.header.iter().map(|field| {
            let blank = field.condition.is_empty() && field.value.starts_with(b" ");
            field.name.len() + field.value.len() + 2 - usize::from(blank)
        });
        sizes.map(|size| size as u64).sum()
    }

    /// Whether no report may be sent about this message: it has the null sender, or is itself a
    /// report (whose `S` line names MAILER-DAEMON, QU-102).
    #[must_use]
    pub fn is_from_nobody(&self) -> bool {
        self.sender.is_empty() || self.flags.response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_of_deliver_by_are_bits() {
        // QU-030, observed
        let rows = [(true, false, 2), (false, false, 1), (false, true, 17), (true, true, 18)];
        for (returns, traces, mode) in rows {
            let by = DeliverBy::of(returns, traces, -5);
            assert_eq!((by.mode, by.returns(), by.traces()), (mode, returns, traces));
            assert_eq!(by.moment(100), 95);
        }
        assert_eq!(DeliverBy::of(true, false, i64::MAX).moment(u64::MAX), i64::MAX);
    }
}
