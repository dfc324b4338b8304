//! What a reply means: one table from stage and code to exit value and enhanced code
//! (SM-094..SM-103).

use ruleset_vm::{Enhanced, Exit, Status};

use super::outcome::Stage;
use super::reply::Reply;

/// Which codes a row is for.
enum Codes {
    One(u16),
    /// By the first two digits.
    Tens(u16),
    /// By the first digit.
    Class(u16),
    Any,
}

/// Where the enhanced code of an outcome comes from.
enum Code {
    /// This one, whatever the peer says.
    Always(u16, u16, u16),
    /// The peer's, else this one.
    Else(u16, u16, u16),
    /// The peer's, else the one [`DERIVED`] has for the reply code.
    Derived,
}

struct Row {
    stage: Stage,
    codes: Codes,
    exit: Exit,
    enhanced: Code,
}

const fn row(stage: Stage, codes: Codes, exit: Exit, enhanced: Code) -> Row {
    Row { stage, codes, exit, enhanced }
}

/// First row that fits counts. All rows were run against sendmail 8.17.1.9.
#[rustfmt::skip]
const MEANINGS: &[Row] = &[
    row(Stage::Greeting, Codes::Class(4), Exit::TEMPFAIL,    Code::Always(4, 5, 0)),
    row(Stage::Greeting, Codes::Any,      Exit::UNAVAILABLE, Code::Always(5, 5, 0)),
    row(Stage::Hello,    Codes::Class(5), Exit::UNAVAILABLE, Code::Always(5, 5, 0)),
    row(Stage::Hello,    Codes::Any,      Exit::TEMPFAIL,    Code::Always(4, 5, 0)),
    row(Stage::Reset,    Codes::Any,      Exit::TEMPFAIL,    Code::Always(4, 5, 0)),
    row(Stage::Mail,     Codes::Class(2), Exit::OK,          Code::Else(2, 1, 0)),
    row(Stage::Mail,     Codes::One(421), Exit::TEMPFAIL,    Code::Always(4, 0, 0)),
    row(Stage::Mail,     Codes::Class(4), Exit::TEMPFAIL,    Code::Derived),
    row(Stage::Mail,     Codes::One(501), Exit::DATAERR,     Code::Else(5, 5, 2)),
    row(Stage::Mail,     Codes::One(553), Exit::DATAERR,     Code::Else(5, 1, 3)),
    row(Stage::Mail,     Codes::One(552), Exit::UNAVAILABLE, Code::Else(5, 3, 4)),
    row(Stage::Mail,     Codes::Class(5), Exit::UNAVAILABLE, Code::Else(5, 0, 0)),
    row(Stage::Mail,     Codes::Any,      Exit::PROTOCOL,    Code::Else(5, 5, 1)),
    row(Stage::Rcpt,     Codes::Class(2), Exit::OK,          Code::Else(2, 1, 5)),
    row(Stage::Rcpt,     Codes::Class(4), Exit::TEMPFAIL,    Code::Derived),
    row(Stage::Rcpt,     Codes::One(550), Exit::NOUSER,      Code::Else(5, 1, 1)),
    row(Stage::Rcpt,     Codes::One(551), Exit::NOUSER,      Code::Else(5, 1, 6)),
    row(Stage::Rcpt,     Codes::One(553), Exit::NOUSER,      Code::Else(5, 1, 3)),
    row(Stage::Rcpt,     Codes::Class(5), Exit::UNAVAILABLE, Code::Derived),
    row(Stage::Rcpt,     Codes::Any,      Exit::PROTOCOL,    Code::Derived),
    row(Stage::Data,     Codes::Class(3), Exit::OK,          Code::Always(2, 0, 0)),
    row(Stage::Data,     Codes::Class(4), Exit::TEMPFAIL,    Code::Always(4, 0, 0)),
    row(Stage::Data,     Codes::Class(5), Exit::UNAVAILABLE, Code::Always(5, 0, 0)),
    row(Stage::Data,     Codes::Any,      Exit::PROTOCOL,    Code::Always(5, 5, 1)),
    row(Stage::Dot,      Codes::Class(2), Exit::OK,          Code::Else(2, 0, 0)),
    row(Stage::Dot,      Codes::Class(4), Exit::TEMPFAIL,    Code::Derived),
    row(Stage::Dot,      Codes::Tens(55), Exit::UNAVAILABLE, Code::Derived),
    row(Stage::Dot,      Codes::Any,      Exit::PROTOCOL,    Code::Derived),
];

/// Enhanced codes for reply codes of a peer that gives none (SM-099).
const DERIVED: &[(u16, (u16, u16, u16))] = &[
    (450, (4, 2, 0)),
    (451, (4, 3, 0)),
    (452, (4, 3, 1)),
    (500, (5, 5, 2)),
    (501, (5, 5, 4)),
    (502, (5, 5, 1)),
    (503, (5, 5, 1)),
    (504, (5, 5, 4)),
    (550, (5, 2, 0)),
    (551, (5, 1, 6)),
    (552, (5, 2, 2)),
    (553, (5, 1, 0)),
];

/// The row of [`DERIVED`]; without one `4.0.0` for class 4 and `5.0.0` for the rest.
fn derived(code: u16) -> (u16, u16, u16) {
    let general = if code / 100 == 4 { (4, 0, 0) } else { (5, 0, 0) };
    DERIVED.iter().find(|(reply, _)| *reply == code).map_or(general, |(_, enhanced)| *enhanced)
}

/// What `reply` to `stage` means. The enhanced code is the peer's only if it announced
/// ENHANCEDSTATUSCODES (`trusted`, SM-099).
pub(super) fn meaning(stage: Stage, reply: &Reply, trusted: bool) -> Status {
    let row = MEANINGS.iter().find(|row| {
        row.stage == stage
            && match row.codes {
                Codes::One(code) => reply.code == code,
                Codes::Tens(tens) => reply.code / 10 == tens,
                Codes::Class(class) => reply.class() == class,
                Codes::Any => true,
            }
    });
    let (exit, code) =
        row.map_or((Exit::PROTOCOL, &Code::Derived), |row| (row.exit, &row.enhanced));
    let given = reply.enhanced().filter(|_| trusted);
    let (class, subject, detail) = match (code, given) {
        (Code::Always(class, subject, detail), _) | (Code::Else(class, subject, detail), None) => {
            (*class, *subject, *detail)
        }
        (_, Some(given)) => (given.class, given.subject, given.detail),
        (Code::Derived, None) => derived(reply.code),
    };
    let text = if trusted { reply.words() } else { Reply::text_of(reply.first_line()) };
    Status {
        exit,
        reply: Some(reply.code),
        enhanced: Some(Enhanced::new(class, subject, detail)),
        text: text.to_vec(),
        retry: exit.is_temporary(),
    }
}
