//! Reports to senders: bounces, delay warnings, receipts and notices to the postmaster (QU-082 to
//! QU-109; RFC 3464). Pure: the text is made from recipients, transcript lines and times.
//!
//! A report is three texts around the original message: what comes before its header, and what comes
//! behind its body. The body itself is streamed by the caller.

use ruleset_vm::Enhanced;

use crate::message::date::{self, Moment};
use crate::message::envelope::Field;

/// The mailer flags with which the header of the original message is written into a report; its
/// addresses are not rewritten (observed).
pub const RETURNED_HEADER_FLAGS: &[u8] = b"ADEFMP";

/// Why the report is sent; gives subject and `Auto-Submitted` (QU-086, QU-087).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Recipients failed.
    Failure,
    /// The message is late: seconds of Timeout.queuewarn, and of Timeout.queuereturn.
    Warning {
        /// After how many seconds the warning is sent.
        after: u64,
        /// The age at which the message is given up, seconds.
        give_up: u64,
    },
    /// Recipients were reached, and that was asked for.
    Receipt,
    /// A failure told to the postmaster.
    Postmaster,
    /// A delay told to the postmaster.
    PostmasterWarning {
        /// After how many seconds the warning is sent.
        after: u64,
        /// The age at which the message is given up, seconds.
        give_up: u64,
    },
}

impl Kind {
    /// The subject of the report.
    #[must_use]
    pub fn subject(self) -> String {
        match self {
            Self::Failure => "Returned mail: see transcript for details".to_owned(),
            Self::Warning { after, .. } | Self::PostmasterWarning { after, .. } => {
                format!("Warning: could not send message for past {}", interval(after))
            }
            Self::Receipt => "Return receipt".to_owned(),
            Self::Postmaster => "Postmaster notify: see transcript for details".to_owned(),
        }
    }

    /// The comment of `Auto-Submitted: auto-generated (…)`.
    #[must_use]
    pub fn auto_submitted(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Warning { .. } => "warning-timeout",
            Self::PostmasterWarning { .. } => "postmaster-warning",
            Self::Receipt => "return-receipt",
            Self::Postmaster => "postmaster-notification",
        }
    }

    fn is_warning(self) -> bool {
        matches!(self, Self::Warning { .. } | Self::PostmasterWarning { .. })
    }

    fn is_to_postmaster(self) -> bool {
        matches!(self, Self::Postmaster | Self::PostmasterWarning { .. })
    }
}

/// What became of a recipient (QU-091).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Failed for good.
    Failed,
    /// Still waiting.
    Delayed,
    /// In a mailbox.
    Delivered,
    /// Passed to a host that will not report.
    Relayed,
    /// Passed to the members of a list with an owner; the address is the list's.
    DeliveredToList,
    /// Replaced by the addresses of an alias.
    Expanded,
}

impl Action {
    fn field(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered (to mailbox)",
            Self::Relayed => "relayed (to non-DSN-aware mailer)",
            Self::DeliveredToList => "delivered (to mailing list)",
            Self::Expanded => "expanded (to multi-recipient alias)",
        }
    }

    /// What the list of successes says behind the address.
    fn remark(self) -> Option<&'static str> {
        match self {
            Self::Failed | Self::Delayed | Self::Expanded => None,
            Self::Delivered => Some("successfully delivered to mailbox"),
            Self::Relayed => Some("relayed to non-DSN-aware mailer"),
            Self::DeliveredToList => Some("successfully delivered to mailing list"),
        }
    }
}

/// One recipient of the original message in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The address as it was given (`R` line).
    pub address: Vec<u8>,
    /// The alias it came from.
    pub expanded_from: Option<Vec<u8>>,
    /// The words behind `reason:`: the remote reply or the exit status in words.
    pub reason: Option<Vec<u8>>,
    /// What became of it.
    pub action: Action,
    /// `Status:`
    pub status: Enhanced,
    /// ORCPT, decoded: `rfc822;foo@bar`.
    pub original: Option<Vec<u8>>,
    /// `RFC822; x@y`, the type being the address type of the mailer (QU-033).
    pub final_recipient: Vec<u8>,
    /// `rfc822; x@y`; `None` with the privacy option noactualrecipient.
    pub actual: Option<Vec<u8>>,
    /// The remote host's name.
    pub remote_mta: Option<Vec<u8>>,
    /// Type and text of the diagnostic: `SMTP`, `550 5.1.1 no such user`; `X-Unix`, `67`.
    pub diagnostic: Option<(Vec<u8>, Vec<u8>)>,
    /// Time of the last attempt, seconds since 1970.
    pub last_attempt: Option<u64>,
}

/// How much of the original message the report carries (QU-092).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// Header and body.
    Full,
    /// The header.
    Headers,
    /// Nothing was collected.
    Nothing,
    /// The body file is gone.
    Lost,
}

/// What a report is made from.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Why.
    pub kind: Kind,
    /// Id of the report's own envelope, for the boundary.
    pub id: &'a [u8],
    /// Id of the original message, told to the postmaster.
    pub original_id: &'a [u8],
    /// The name of this host (`$j`).
    pub host: &'a [u8],
    /// Where the original came from, as `$_` has it.
    pub origin: &'a [u8],
    /// The HELO name of the client, if the original came by SMTP from another host.
    pub received_from_mta: Option<&'a [u8]>,
    /// ENVID, decoded.
    pub envid: Option<&'a [u8]>,
    /// When the original arrived, seconds since 1970.
    pub arrived: u64,
    /// DeliverBy's end, seconds since 1970.
    pub deliver_by: Option<u64>,
    /// Now, seconds since 1970.
    pub now: u64,
    /// Seconds east of Greenwich at a moment.
    pub offset_at: fn(u64) -> i32,
    /// SendMimeErrors (QU-088).
    pub mime: bool,
    /// The original has octets above 127.
    pub has_8bit: bool,
    /// Lines of ErrorHeader, expanded.
    pub error_header: &'a [u8],
    /// Whom it concerns, in the order they are to be told.
    pub recipients: &'a [Reported],
    /// The session in lines.
    pub transcript: &'a [Vec<u8>],
    /// How much is returned.
    pub returned: Returned,
    /// The original's header (written with [`RETURNED_HEADER_FLAGS`]).
    pub header: &'a [u8],
}

/// A report, but for the lines that every message gets from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `To:` and the fields behind it.
    pub fields: Vec<Field>,
    /// The report's body up to where the original's body belongs.
    pub before_body: Vec<u8>,
    /// Whether the original's body belongs there.
    pub with_body: bool,
    /// The rest of the report's body.
    pub after_body: Vec<u8>,
}

/// Makes a report to the given addresses.
#[must_use]
pub fn report(request: &Request<'_>, to: &[&[u8]]) -> Report {
    let boundary = boundary(request);
    let mut out = Text::default();
    if request.mime {
        out.line("This is a MIME-encapsulated message").blank();
        out.delimiter(&boundary).blank();
    }
    explanation(&mut out, request);
    if request.mime {
        out.delimiter(&boundary).line("Content-Type: message/delivery-status").blank();
        delivery_status(&mut out, request);
    }
    let after_body = original(&mut out, request, &boundary);
    Report {
        fields: fields(request, to, &boundary),
        before_body: out.0,
        with_body: request.returned == Returned::Full,
        after_body,
    }
}

/// `ID.TIME/HOST` (QU-088).
fn boundary(request: &Request<'_>) -> Vec<u8> {
    [request.id, b".", request.now.to_string().as_bytes(), b"/", request.host].concat()
}

/// Lines of text.
#[derive(Default)]
struct Text(Vec<u8>);

impl Text {
    fn line(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        self.0.extend_from_slice(text.as_ref());
        self.0.push(b'\n');
        self
    }

    fn blank(&mut self) -> &mut Self {
        self.line("")
    }

    fn field(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b": ");
        self.line(value)
    }

    fn delimiter(&mut self, boundary: &[u8]) -> &mut Self {
        self.line([b"--", boundary].concat())
    }
}

fn fields(request: &Request<'_>, to: &[&[u8]], boundary: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut add = |name: &str, value: &[u8]| {
        let value = [b" ", value].concat();
        fields.push(Field { condition: Vec::new(), name: name.into(), value, is_default: false });
    };
    for address in to {
        add("To", address);
    }
    if request.mime {
        add("MIME-Version", b"1.0");
        let start = b"multipart/report; report-type=delivery-status;\n\tboundary=\"";
        add("Content-Type", &[start, boundary, b"\""].concat());
        if request.has_8bit {
            add("Content-Transfer-Encoding", b"8bit");
        }
    }
    add("Subject", request.kind.subject().as_bytes());
    let reason = request.kind.auto_submitted();
    add("Auto-Submitted", format!("auto-generated ({reason})").as_bytes());
    fields
}

fn local_date(request: &Request<'_>, seconds: u64) -> Vec<u8> {
    date::rfc822(&Moment { seconds, offset: (request.offset_at)(seconds) })
}

/// The part for people (QU-089).
fn explanation(out: &mut Text, request: &Request<'_>) {
    if request.kind.is_warning() {
        out.line("    **********************************************")
            .line("    **      THIS IS A WARNING MESSAGE ONLY      **")
            .line("    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **")
            .line("    **********************************************")
            .blank();
    }
    let arrived = local_date(request, request.arrived);
    out.line([b"The original message was received at ".as_slice(), &arrived].concat());
    out.line([b"from ", request.origin].concat());
    if request.kind.is_to_postmaster() {
        out.line([b"with id ", request.original_id].concat());
    }
    out.blank();
    if !request.error_header.is_empty() {
        out.line(request.error_header.strip_suffix(b"\n").unwrap_or(request.error_header)).blank();
    }
    recipient_lists(out, request.recipients);
    if !request.transcript.is_empty() {
        out.line("   ----- Transcript of session follows -----");
        for line in request.transcript {
            out.line(line);
        }
        out.blank();
    }
}

fn recipient_lists(out: &mut Text, recipients: &[Reported]) {
    let failed: Vec<_> = recipients.iter().filter(|r| r.action == Action::Failed).collect();
    if !failed.is_empty() {
        out.line("   ----- The following addresses had permanent fatal errors -----");
        for recipient in failed {
            out.line(&recipient.address);
            if let Some(reason) = &recipient.reason {
                let first = reason.split(|&b| b == b'\n').next().unwrap_or_default();
                out.line([b"    (reason: ", first, b")"].concat());
            }
            expanded_from(out, recipient);
        }
        out.blank();
    }
    let successes: Vec<_> =
        recipients.iter().filter_map(|r| Some((r, r.action.remark()?))).collect();
    if !successes.is_empty() {
        out.line("   ----- The following addresses had successful delivery notifications -----");
        for (recipient, remark) in successes {
            out.line([&recipient.address, b"  (".as_slice(), remark.as_bytes(), b")"].concat());
            expanded_from(out, recipient);
        }
        out.blank();
    }
}

fn expanded_from(out: &mut Text, recipient: &Reported) {
    if let Some(alias) = &recipient.expanded_from {
        out.line([b"    (expanded from: ", alias.as_slice(), b")"].concat());
    }
}

/// The part for programs (QU-090, QU-091).
fn delivery_status(out: &mut Text, request: &Request<'_>) {
    if let Some(envid) = request.envid {
        out.field("Original-Envelope-Id", envid);
    }
    out.field("Reporting-MTA", &[b"dns; ", request.host].concat());
    if let Some(name) = request.received_from_mta {
        out.field("Received-From-MTA", &[b"DNS; ", name].concat());
    }
    out.field("Arrival-Date", &local_date(request, request.arrived));
    if let Some(end) = request.deliver_by {
        out.field("Deliver-By-Date", &local_date(request, end));
    }
    out.blank();
    for recipient in request.recipients {
        recipient_status(out, request, recipient);
    }
}

fn recipient_status(out: &mut Text, request: &Request<'_>, recipient: &Reported) {
    if let Some(original) = &recipient.original {
        out.field("Original-Recipient", original);
    }
    out.field("Final-Recipient", &recipient.final_recipient);
    if let Some(actual) = recipient.actual.as_ref().filter(|it| **it != recipient.final_recipient) {
        out.field("X-Actual-Recipient", actual);
    }
    out.field("Action", recipient.action.field().as_bytes());
    out.field("Status", recipient.status.to_string().as_bytes());
    if let Some(host) = &recipient.remote_mta {
        out.field("Remote-MTA", &[b"DNS; ", host.as_slice()].concat());
    }
    if let Some((kind, text)) = &recipient.diagnostic {
        let first = text.split(|&b| b == b'\n').next().unwrap_or_default();
        out.field("Diagnostic-Code", &[kind, b"; ".as_slice(), first].concat());
    }
    if let Some(last) = recipient.last_attempt {
        out.field("Last-Attempt-Date", &local_date(request, last));
    }
    if let Kind::Warning { give_up, .. } | Kind::PostmasterWarning { give_up, .. } = request.kind
        && recipient.action == Action::Delayed
    {
        let end = request.arrived.saturating_add(give_up);
        out.field("Will-Retry-Until", &local_date(request, end));
    }
    out.blank();
}

/// The original's header, and what stands behind its body (QU-092).
fn original(out: &mut Text, request: &Request<'_>, boundary: &[u8]) -> Vec<u8> {
    let mut end = Text::default();
    let returned = request.returned;
    if matches!(returned, Returned::Nothing | Returned::Lost) {
        out.line(match returned {
            Returned::Lost => "   ----- Original message lost -----",
            _ => "  ----- No message was collected -----",
        });
        end.blank();
    } else if request.mime {
        let kind = match returned {
            Returned::Full => "message/rfc822",
            _ => "text/rfc822-headers",
        };
        out.delimiter(boundary).field("Content-Type", kind.as_bytes());
        if request.has_8bit {
            out.field("Content-Transfer-Encoding", b"8bit");
        }
        out.blank();
        out.0.extend_from_slice(request.header);
        out.blank();
        if returned == Returned::Full {
            end.blank();
        }
    } else {
        let title = match returned {
            Returned::Full => "   ----- Original message follows -----",
            _ => "   ----- Message header follows -----",
        };
        out.line(title).blank();
        out.0.extend_from_slice(request.header);
        out.blank();
        if returned != Returned::Full {
            out.line("   ----- Message body suppressed -----");
        }
        end.blank();
    }
    if request.mime {
        end.line([b"--", boundary, b"--"].concat()).blank();
    }
    end.0
}

/// The last lines of the transcript of a warning (QU-082).
#[must_use]
pub fn warning_lines(after: u64, give_up: u64) -> [Vec<u8>; 2] {
    [
        format!("Warning: message still undelivered after {}", interval(after)).into_bytes(),
        format!("Will keep trying until message is {} old", interval(give_up)).into_bytes(),
    ]
}

/// The last lines of the transcript of a message that is given up (QU-083).
#[must_use]
pub fn give_up_lines(after: u64) -> [Vec<u8>; 2] {
    [
        format!("Message could not be delivered for {}", interval(after)).into_bytes(),
        b"Message will be deleted from queue".to_vec(),
    ]
}

/// A length of time in words: `1 day, 3 hours, 5 minutes` (observed).
#[must_use]
pub fn interval(seconds: u64) -> String {
    const UNITS: [(&str, u64); 5] =
        [("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, length) in UNITS {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests;
