//! Exit statuses, signals and enhanced codes: what they mean for a recipient, and their texts.
//!
//! One table each way: [`EXITS`] for what a program's exit status says, `CLASSES` for the exit status
//! an enhanced code stands for.

use std::io::Write;

use ruleset_vm::{Enhanced, Exit, Status};

use crate::config::mailer::Mailer;
use crate::sys::exec::ExecError;

/// What an exit status says (ML-112..ML-127, ML-132).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitRow {
    /// The exit status.
    pub exit: Exit,
    /// The reply code in transcripts.
    pub reply: u16,
    /// The enhanced code of the reply, and of `dsn=` in the log.
    pub logged: Enhanced,
    /// The `Status:` of a DSN, when no reply of another host says better.
    pub reported: Enhanced,
    /// The text.
    pub text: &'static str,
}

type Code = (u16, u16, u16);

const fn row(exit: Exit, reply: u16, logged: Code, reported: Code, text: &'static str) -> ExitRow {
    ExitRow {
        exit,
        reply,
        logged: Enhanced::new(logged.0, logged.1, logged.2),
        reported: Enhanced::new(reported.0, reported.1, reported.2),
        text,
    }
}

/// The exit statuses of `sysexits(3)`.
pub const EXITS: &[ExitRow] = &[
    row(Exit::OK, 250, (2, 0, 0), (2, 0, 0), "Sent"),
    row(Exit::USAGE, 500, (5, 0, 0), (5, 5, 4), "Command line usage error"),
    row(Exit::DATAERR, 501, (5, 6, 0), (5, 5, 2), "Data format error"),
    row(Exit::NOINPUT, 550, (5, 3, 0), (5, 3, 0), "Cannot open input"),
    row(Exit::NOUSER, 550, (5, 1, 1), (5, 1, 1), "User unknown"),
    row(Exit::NOHOST, 550, (5, 1, 2), (5, 1, 2), "Host unknown"),
    row(Exit::UNAVAILABLE, 554, (5, 0, 0), (5, 5, 0), "Service unavailable"),
    row(Exit::SOFTWARE, 554, (5, 3, 0), (5, 5, 0), "Internal error"),
    row(Exit::OSERR, 451, (4, 0, 0), (4, 5, 0), "Operating system error"),
    row(Exit::OSFILE, 554, (5, 3, 5), (5, 5, 0), "System file missing"),
    row(Exit::CANTCREAT, 550, (5, 0, 0), (5, 3, 0), "Can't create output"),
    row(Exit::IOERR, 451, (4, 0, 0), (4, 5, 0), "I/O error"),
    row(Exit::TEMPFAIL, 450, (4, 0, 0), (4, 2, 0), "Deferred"),
    row(Exit::PROTOCOL, 554, (5, 5, 0), (5, 5, 0), "Remote protocol error"),
    row(Exit::NOPERM, 550, (5, 0, 0), (5, 3, 0), "Insufficient permission"),
    row(Exit::CONFIG, 554, (5, 3, 5), (5, 5, 0), "Local configuration error"),
];

/// The row of an exit status; none for statuses without a name.
#[must_use]
pub fn exit_row(exit: Exit) -> Option<&'static ExitRow> {
    EXITS.iter().find(|row| row.exit == exit)
}

/// The outcome of a program that ended with `exit` (ML-112..ML-128). The text of a deferral names the
/// mailer, as the queue listing shows it (ML-145).
pub fn from_exit(exit: Exit, mailer: &Mailer) -> Status {
    let Some(row) = exit_row(exit) else {
        let text = format!("unknown mailer error {}", exit.0);
        return Status::from_reply(exit, 554, Enhanced::new(5, 3, 0), text);
    };
    let text = match exit {
        Exit::TEMPFAIL => exited_with_tempfail(mailer),
        _ => row.text.into(),
    };
    Status::from_reply(exit, row.reply, row.logged, text)
}

/// `M mailer (PATH) exited with EX_TEMPFAIL` (ML-145).
fn exited_with_tempfail(mailer: &Mailer) -> Vec<u8> {
    let (name, path) = (mailer.name.as_slice(), mailer.path.as_slice());
    [name, b" mailer (", path, b") exited with EX_TEMPFAIL"].concat()
}

/// `mailer M died with signal N`, with a note if a core was written (ML-129): a system error, and the
/// first line of the transcript behind `451 4.3.0`.
#[must_use]
pub fn signal_text(mailer: &Mailer, signal: i32, core_dumped: bool) -> Vec<u8> {
    let mut text = [b"mailer ", mailer.name.as_slice(), b" died with signal "].concat();
    let _ = write!(text, "{signal}{}", if core_dumped { " (core dumped)" } else { "" });
    text
}

/// `endmailer M: wait timeout (N)` (ML-130).
#[must_use]
pub fn wait_timeout_text(mailer: &Mailer) -> Vec<u8> {
    let mut text = [b"endmailer ", mailer.name.as_slice(), b": wait timeout"].concat();
    let _ = write!(text, " ({}): Connection timed out", mailer.wait);
    text
}

/// What is reported of a program that could not be started, as a system error.
#[must_use]
pub fn exec_error_text(error: &ExecError) -> Vec<u8> {
    error.to_string().into_bytes()
}

/// A program that cannot be run: kept for mailers with flag `l` and for passing troubles, else
/// refused (ML-131); a root directory that cannot be entered defers (observed).
pub fn from_exec_error(mailer: &Mailer, error: &ExecError) -> Status {
    let exit = match error {
        ExecError::Chroot { .. } => Exit::TEMPFAIL,
        _ if mailer.flags.has(b'l') || error.is_transient() => Exit::OSERR,
        _ => Exit::UNAVAILABLE,
    };
    from_exit(exit, mailer)
}

/// The `Status:` of a DSN for a recipient a program refused without words (ML-132).
#[must_use]
pub fn reported_code(exit: Exit) -> Enhanced {
    exit_row(exit).map_or(Enhanced::new(5, 0, 0), |row| row.reported)
}

/// The text of `stat=` in the log and of the verbose line (LG-009): `Sent`, `Sent (words)`,
/// `Deferred`, `Deferred: words`, or the words themselves.
#[must_use]
pub fn stat_text(status: &Status) -> Vec<u8> {
    let label: &[u8] = match status.exit {
        Exit::OK => b"Sent",
        Exit::TEMPFAIL => b"Deferred",
        _ if status.text.is_empty() => {
            return exit_row(status.exit).map_or_else(Vec::new, |row| row.text.into());
        }
        _ => return status.text.clone(),
    };
    if status.text.is_empty() || status.text == label {
        return label.to_vec();
    }
    let (before, after): (&[u8], &[u8]) = if status.is_ok() { (b" (", b")") } else { (b": ", b"") };
    [label, before, &status.text, after].concat()
}

/// The line of the transcript: `550 5.1.1 ADDR... User unknown`. Only replies with code 550 and
/// deferrals name the addresses; a deferral has no codes (observed).
#[must_use]
pub fn response_line(status: &Status, addresses: &[u8]) -> Vec<u8> {
    let stat = stat_text(status);
    let row = exit_row(status.exit);
    let reply = row.map_or(554, |row| row.reply);
    let code = row.map_or(Enhanced::new(5, 3, 0), |row| row.logged);
    let mut line = match status.exit {
        Exit::TEMPFAIL => Vec::new(),
        _ => format!("{reply} {code} ").into_bytes(),
    };
    if reply == 550 || status.exit == Exit::TEMPFAIL {
        line.extend_from_slice(addresses);
        line.extend_from_slice(b"... ");
    }
    line.extend_from_slice(&stat);
    line
}

/// A pattern over enhanced codes and the exit status it means; `None` matches any number.
struct ClassRow(Option<u16>, Option<u16>, Option<u16>, Exit);

/// The exit status of a `$#error $@ x.y.z` (ML-133..ML-143). The first row that matches counts.
const CLASSES: &[ClassRow] = &[
    ClassRow(Some(2), None, None, Exit::OK),
    ClassRow(Some(4), None, None, Exit::TEMPFAIL),
    ClassRow(Some(5), Some(0), None, Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(1), Some(0), Exit::DATAERR),
    ClassRow(Some(5), Some(1), Some(1), Exit::NOUSER),
    ClassRow(Some(5), Some(1), Some(2), Exit::NOHOST),
    ClassRow(Some(5), Some(1), Some(3), Exit::USAGE),
    ClassRow(Some(5), Some(1), Some(4), Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(1), Some(5), Exit::CONFIG),
    ClassRow(Some(5), Some(1), Some(6), Exit::NOUSER),
    ClassRow(Some(5), Some(1), Some(7), Exit::USAGE),
    ClassRow(Some(5), Some(1), Some(8), Exit::NOHOST),
    ClassRow(Some(5), Some(2), Some(0), Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(2), Some(1), Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(2), Some(2), Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(2), Some(3), Exit::DATAERR),
    ClassRow(Some(5), Some(2), Some(4), Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(3), None, Exit::OSERR),
    ClassRow(Some(5), Some(4), Some(0), Exit::IOERR),
    ClassRow(Some(5), Some(4), Some(1), Exit::TEMPFAIL),
    ClassRow(Some(5), Some(4), Some(2), Exit::IOERR),
    ClassRow(Some(5), Some(4), Some(3), Exit::TEMPFAIL),
    ClassRow(Some(5), Some(4), Some(4), Exit::PROTOCOL),
    ClassRow(Some(5), Some(4), Some(5), Exit::TEMPFAIL),
    ClassRow(Some(5), Some(4), Some(6), Exit::CONFIG),
    ClassRow(Some(5), Some(4), Some(7), Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(5), None, Exit::PROTOCOL),
    ClassRow(Some(5), Some(6), None, Exit::UNAVAILABLE),
    ClassRow(Some(5), Some(7), None, Exit::DATAERR),
];

/// The exit status an enhanced code stands for; a code of no known class is a fault of the
/// configuration (ML-143).
#[must_use]
pub fn exit_of(code: Enhanced) -> Exit {
    let fits = |wanted: Option<u16>, number| wanted.is_none_or(|wanted| wanted == number);
    CLASSES
        .iter()
        .find(|row| {
            fits(row.0, code.class) && fits(row.1, code.subject) && fits(row.2, code.detail)
        })
        .map_or(Exit::CONFIG, |row| row.3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> Mailer {
        Mailer::new(b"prog", b"/bin/sh", b"l", &[b"sh", b"-c", b"$u"])
    }

    #[test]
    fn exit_statuses_have_texts_and_codes() {
        // ML-113..ML-128, ML-145, ML-146; stat= and dsn= as logged.
        let rows = [
            (0, "Sent", "2.0.0", false),
            (67, "User unknown", "5.1.1", false),
            (69, "Service unavailable", "5.0.0", false),
            (71, "Operating system error", "4.0.0", true),
            (75, "Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL", "4.0.0", true),
            (3, "unknown mailer error 3", "5.3.0", false),
        ];
        for (exit, stat, dsn, retry) in rows {
            let status = from_exit(Exit(exit), &mailer());
            assert_eq!(String::from_utf8_lossy(&stat_text(&status)), stat);
            assert_eq!(status.enhanced.unwrap().to_string(), dsn);
            assert_eq!(status.retry, retry, "{exit}");
            assert_eq!(status.exit, Exit(exit));
        }
    }

    #[test]
    fn only_deferrals_and_successes_have_a_label() {
        let sent = Status { text: b"stored".to_vec(), ..Status::ok() };
        assert_eq!(stat_text(&sent), b"Sent (stored)"); // SM-133
        assert_eq!(stat_text(&Status::from_exit(Exit::TEMPFAIL, "")), b"Deferred");
        assert_eq!(stat_text(&Status::from_exit(Exit::IOERR, "")), b"I/O error");
    }

    #[test]
    fn response_lines_and_system_errors() {
        let status = from_exit(Exit::NOUSER, &mailer());
        assert_eq!(response_line(&status, b"joe"), b"550 5.1.1 joe... User unknown");
        let status = from_exit(Exit::UNAVAILABLE, &mailer());
        assert_eq!(response_line(&status, b"joe"), b"554 5.0.0 Service unavailable");
        let status = Status::from_exit(Exit::TEMPFAIL, "452 4.2.2 full");
        assert_eq!(response_line(&status, b"joe"), b"joe... Deferred: 452 4.2.2 full");
        assert_eq!(signal_text(&mailer(), 9, false), b"mailer prog died with signal 9");
        assert_eq!(
            signal_text(&mailer(), 6, true),
            b"mailer prog died with signal 6 (core dumped)"
        );
    }

    #[test]
    fn reports_use_their_own_codes() {
        // ML-132
        for (exit, code) in
            [(69, "5.5.0"), (75, "4.2.0"), (73, "5.3.0"), (65, "5.5.2"), (3, "5.0.0")]
        {
            assert_eq!(reported_code(Exit(exit)).to_string(), code);
        }
    }

    #[test]
    fn enhanced_codes_mean_exit_statuses() {
        // ML-133..ML-143
        let rows: &[(Code, Exit)] = &[
            ((2, 9, 9), Exit::OK),
            ((4, 3, 2), Exit::TEMPFAIL),
            ((5, 0, 7), Exit::UNAVAILABLE),
            ((5, 1, 0), Exit::DATAERR),
            ((5, 1, 6), Exit::NOUSER),
            ((5, 1, 8), Exit::NOHOST),
            ((5, 1, 7), Exit::USAGE),
            ((5, 2, 3), Exit::DATAERR),
            ((5, 2, 4), Exit::UNAVAILABLE),
            ((5, 3, 1), Exit::OSERR),
            ((5, 4, 2), Exit::IOERR),
            ((5, 4, 5), Exit::TEMPFAIL),
            ((5, 4, 4), Exit::PROTOCOL),
            ((5, 4, 6), Exit::CONFIG),
            ((5, 5, 9), Exit::PROTOCOL),
            ((5, 6, 3), Exit::UNAVAILABLE),
            ((5, 7, 1), Exit::DATAERR),
            ((6, 0, 0), Exit::CONFIG),
        ];
        for &((class, subject, detail), exit) in rows {
            assert_eq!(
                exit_of(Enhanced::new(class, subject, detail)),
                exit,
                "{class}.{subject}.{detail}"
            );
        }
    }
}
