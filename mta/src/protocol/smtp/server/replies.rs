//! Every fixed reply of the server: code, enhanced code, text. `{}` stands for an argument.
//!
//! Texts observed with sendmail 8.17.1.9; the row is named where there is one.

use super::reply::Reply;
use ruleset_vm::{Enhanced, Exit, Status};

/// One fixed reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Three digits.
    pub code: u16,
    /// RFC 3463 code.
    pub enhanced: Option<Enhanced>,
    /// Text with `{}` for each argument.
    pub text: &'static str,
}

impl Template {
    /// The reply with its arguments filled in, in order; a missing argument is empty.
    #[must_use]
    pub fn with(&self, arguments: &[&[u8]]) -> Reply {
        let mut text = Vec::with_capacity(self.text.len());
        let mut arguments = arguments.iter();
        for (index, part) in self.text.split("{}").enumerate() {
            if index > 0 {
                text.extend(arguments.next().copied().unwrap_or_default());
            }
            text.extend_from_slice(part.as_bytes());
        }
        Reply { code: self.code, enhanced: self.enhanced, text }
    }

    /// The reply of a template without arguments.
    #[must_use]
    pub fn reply(&self) -> Reply {
        self.with(&[])
    }

    /// The same as a [`Status`], for answers of the caller.
    pub fn status(&self, arguments: &[&[u8]]) -> Status {
        let exit = match self.code {
            200..400 => Exit::OK,
            400..500 => Exit::TEMPFAIL,
            _ => Exit::UNAVAILABLE,
        };
        let reply = self.with(arguments);
        let mut status = Status::from_exit(exit, reply.text);
        status.reply = Some(reply.code);
        status.enhanced = reply.enhanced;
        status
    }
}

const fn coded(code: u16, enhanced: [u16; 3], text: &'static str) -> Template {
    let [class, subject, detail] = enhanced;
    Template { code, enhanced: Some(Enhanced::new(class, subject, detail)), text }
}

const fn plain(code: u16, text: &'static str) -> Template {
    Template { code, enhanced: None, text }
}

macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident = $maker:ident($code:literal, $($rest:tt)*);)*) => {
        $($(#[$doc])* pub const $name: Template = $maker($code, $($rest)*);)*
    };
}

replies! {
    /// SM-001
    GREETING = plain(220, "{}");
    /// SM-127
    NOT_ACCEPTING = plain(554, "{} ESMTP not accepting messages");
    /// SM-013
    HELLO = plain(250, "{} Hello {}, pleased to meet you");
    /// With AllowBogusHELO; observed.
    HELLO_BOGUS = plain(250, "{} Hello {}, accepting invalid domain name");
    /// SM-013
    HELLO_REQUIRES_DOMAIN = coded(501, [5, 0, 0], "{} requires domain address");
    /// SM-013
    INVALID_DOMAIN = coded(501, [5, 0, 0], "Invalid domain name");
    /// SM-022
    OK = coded(250, [2, 0, 0], "OK");
    /// SM-021
    RESET = coded(250, [2, 0, 0], "Reset state");
    /// SM-023
    CLOSING = coded(221, [2, 0, 0], "{} closing connection");
    /// SM-036
    SHUTTING_DOWN = coded(421, [4, 7, 0], "{} closing connection");
    /// SM-027
    VERBOSE = coded(250, [2, 0, 0], "Verbose mode");
    /// SM-027
    VERBOSE_UNAVAILABLE = coded(502, [5, 7, 0], "Verbose unavailable");
    /// SM-033
    UNRECOGNIZED = coded(500, [5, 5, 1], "Command unrecognized: \"{}\"");
    /// SM-031
    NOT_IMPLEMENTED = coded(502, [5, 5, 1], "Command not implemented: \"{}\"");
    /// SM-033
    TOO_MANY_BAD_COMMANDS = coded(421, [4, 7, 0], "{} Too many bad commands; closing connection");
    /// OPT-159
    TOO_MANY_BAD_RECIPIENTS =
        coded(421, [4, 7, 0], "{} Too many bad recipients; closing connection");
    /// SM-009
    COMMAND_TOO_LONG = coded(421, [4, 7, 0], "{} Command too long, possible attack {}");
    /// SM-010
    OPEN_PROXY = coded(421, [4, 7, 0], "{} Rejecting open proxy {}");
    /// RS-138
    HTTP_COMMAND = coded(421, [4, 7, 0], "{} HTTP command {}");
    /// RS-128
    TRY_AGAIN = coded(450, [4, 3, 0], "Please try again later.");
    /// SM-008
    PROTOCOL_ERROR = coded(554, [5, 5, 0], "SMTP protocol error");
    /// SM-008
    COMMAND_REJECTED = coded(550, [5, 0, 0], "Command rejected");
    /// SM-011
    COLLECT_LOST = coded(421, [4, 4, 1], "collect: relay={}, from={}, info={}");
    /// SM-016
    POLITE_PEOPLE = coded(503, [5, 0, 0], "Polite people say HELO first");
    /// OPT-245
    INTRODUCE_YOURSELF = coded(503, [5, 0, 0], "I demand that you introduce yourself first");
    /// SM-016
    SENDER_SPECIFIED = coded(503, [5, 5, 0], "Sender already specified");
    /// SM-110
    AUTH_REQUIRED = coded(530, [5, 7, 0], "Authentication required");
    /// SM-016
    PARAMETER_SCAN = coded(501, [5, 5, 2], "Syntax error in parameters scanning \"{}\"");
    /// SM-016; the text of an answer to `MAIL`.
    SENDER_OK = coded(250, [2, 1, 0], "Sender ok");
    /// SM-017; the text of an answer to `RCPT`.
    RECIPIENT_OK = coded(250, [2, 1, 5], "Recipient ok");
    /// SM-017
    RECIPIENT_QUEUED = coded(250, [2, 1, 5], "Recipient ok (will queue)");
    /// SM-017
    NEED_MAIL_FIRST = coded(503, [5, 0, 0], "Need MAIL before RCPT");
    /// SM-017
    MISSING_RECIPIENT = coded(501, [5, 0, 0], "Missing recipient");
    /// SM-064
    TOO_MANY_RECIPIENTS = coded(452, [4, 5, 3], "Too many recipients");
    /// For answers: SM-017
    USER_UNKNOWN = coded(550, [5, 1, 1], "User unknown");
    /// For answers: SM-016
    DISK_FULL = coded(452, [4, 4, 5], "Insufficient disk space; try again later");
    /// SM-018
    ENTER_MAIL = plain(354, "End data with <CR><LF>.<CR><LF>");
    /// SM-018
    NEED_MAIL = coded(503, [5, 0, 0], "Need MAIL command");
    /// SM-018
    NEED_RCPT = coded(503, [5, 0, 0], "Need RCPT (recipient)");
    /// SM-019
    ACCEPTED = coded(250, [2, 0, 0], "{} Message accepted for delivery");
    /// SM-016
    SIZE_OVER_LIMIT =
        coded(552, [5, 2, 3], "Message size exceeds fixed maximum message size ({})");
    /// SM-020
    MESSAGE_OVER_LIMIT = coded(552, [5, 2, 3], "Message exceeds maximum fixed size ({})");
    /// For answers: SM-020
    HEADERS_TOO_LARGE = coded(552, [5, 6, 0], "Headers too large ({} max)");
    /// SM-020
    EIGHT_BIT_DATA = coded(554, [5, 6, 1], "Eight bit data not allowed");
    /// SM-020
    NUL_BYTE = coded(554, [5, 6, 1], "NUL byte not allowed");
    /// SM-020
    BARE_LF = coded(421, [4, 5, 0], "Bare linefeed (LF) not allowed");
    /// SM-020
    BARE_CR = coded(421, [4, 5, 0], "Bare carriage return (CR) not allowed");
    /// SM-060
    TOO_MANY_PARAMETERS = coded(501, [5, 5, 4], "Too many parameters");
    /// SM-059
    PARAMETER_UNRECOGNIZED = coded(555, [5, 5, 4], "{} parameter unrecognized");
    /// SM-050..SM-058
    REQUIRES_VALUE = coded(501, [5, 5, 2], "{} requires a value");
    /// SM-052, SM-054, SM-058
    PARAMETER_SYNTAX = coded(501, [5, 5, 4], "Syntax error in {} parameter value");
    /// SM-052..SM-054, SM-058
    DUPLICATE_PARAMETER = coded(501, [5, 5, 0], "Duplicate {} parameter");
    /// SM-050
    SIZE_INVALID = coded(552, [5, 2, 3], "Message size invalid");
    /// SM-050
    SIZE_OVERFLOW = coded(552, [5, 2, 3], "Message size exceeds maximum value");
    /// SM-051
    UNKNOWN_BODY = coded(501, [5, 5, 4], "Unknown BODY type {}");
    /// SM-052, SM-053, SM-057, SM-058
    NO_DSN = coded(504, [5, 7, 0], "Sorry, {} not supported, we do not allow DSN");
    /// SM-053
    BAD_RET = coded(501, [5, 5, 2], "Bad argument \"{}\" to RET");
    /// SM-057
    BAD_NOTIFY = coded(501, [5, 5, 4], "Bad argument \"{}\"  to NOTIFY");
    /// SM-055
    BY_RANGE = coded(501, [5, 5, 2], "BY={} out of range");
    /// SM-055
    BY_SEMICOLON = coded(501, [5, 5, 2], "BY= missing ';'");
    /// SM-055
    BY_MODE = coded(501, [5, 5, 2], "illegal by-mode '{}'");
    /// SM-055
    BY_TRACE = coded(501, [5, 5, 2], "illegal by-trace '{}'");
    /// SM-055
    BY_POSITIVE = coded(501, [5, 5, 4], "mode R requires BY time > 0");
    /// SM-055
    BY_MINIMUM = coded(555, [5, 5, 2], "time {} less than {}");
    /// SM-024, SM-025
    ARGUMENT_REQUIRED = coded(501, [5, 5, 2], "Argument required");
    /// SM-024; argument: `VRFY` or `EXPN`.
    NOTHING_TO = coded(554, [5, 5, 2], "Nothing to {}");
    /// SM-024
    CANNOT_VRFY =
        coded(252, [2, 5, 2], "Cannot VRFY user; try RCPT to attempt delivery (or try finger)");
    /// SM-025, SM-028
    NOT_ALLOWED = coded(502, [5, 7, 0], "Sorry, we do not allow this operation");
    /// SM-024
    ADDRESS = coded(250, [2, 1, 5], "{}");
    /// SM-028
    PARAMETER_REQUIRED = coded(500, [5, 5, 2], "Parameter required");
    /// For answers: SM-028
    QUEUING_NODE = coded(250, [2, 0, 0], "Queuing for node {} started");
    /// For answers: SM-028
    QUEUING_GROUP = coded(250, [2, 0, 0], "Queuing for queue group {} started");
    /// For answers: SM-028
    QUEUE_UNKNOWN = coded(459, [4, 5, 4], "Queue {} unknown");
    /// SM-026
    HELP_LINE = coded(214, [2, 0, 0], "{}");
    /// SM-026
    HELP_END = coded(214, [2, 0, 0], "End of HELP info");
    /// SM-026
    HELP_UNKNOWN = coded(504, [5, 3, 0], "HELP topic \"{}\" unknown");
    /// SM-026
    HELP_MISSING = coded(502, [5, 3, 0], "{} -- HELP not implemented");
    /// SM-029
    TLS_READY = coded(220, [2, 0, 0], "Ready to start TLS");
    /// SM-119
    TLS_ARGUMENT = coded(501, [5, 5, 2], "Syntax error (no parameters allowed)");
    /// SM-029
    TLS_NOT_AVAILABLE = coded(503, [5, 5, 0], "TLS not available");
    /// SM-119
    TLS_NO_CERTIFICATE = coded(454, [4, 3, 3], "TLS not available after start");
    /// SM-029
    TLS_IN_TRANSACTION = coded(503, [5, 5, 0], "TLS not permitted during a mail transaction");
    /// SM-030
    AUTH_CHALLENGE = plain(334, "{}");
    /// SM-030
    AUTHENTICATED = coded(235, [2, 0, 0], "OK Authenticated");
    /// For answers: SM-030
    AUTH_FAILED = coded(535, [5, 7, 0], "authentication failed");
    /// For answers: SM-030
    AUTH_TEMPORARY = coded(454, [4, 5, 4], "Temporary authentication failure");
    /// SM-030
    AUTH_MECHANISM_MISSING = coded(501, [5, 5, 2], "AUTH mechanism must be specified");
    /// SM-030
    AUTH_MECHANISM_UNKNOWN = coded(504, [5, 3, 3], "AUTH mechanism {} not available");
    /// SM-030
    AUTH_NOT_AVAILABLE = coded(503, [5, 3, 3], "AUTH not available");
    /// SM-030
    ALREADY_AUTHENTICATED = coded(503, [5, 5, 0], "Already Authenticated");
    /// SM-030
    AUTH_IN_TRANSACTION = coded(503, [5, 5, 0], "AUTH not permitted during a mail transaction");
    /// SM-030
    AUTH_ABORTED = coded(501, [5, 0, 0], "AUTH aborted");
    /// SM-030, the initial response.
    AUTH_BASE64 = coded(501, [5, 5, 4], "cannot BASE64 decode '{}'");
    /// A later response; observed.
    AUTH_DECODE = coded(501, [5, 5, 4], "cannot decode AUTH parameter {}");
}
