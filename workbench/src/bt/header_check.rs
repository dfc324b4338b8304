//! `/header`: a header field is read as in a message, its check ruleset runs (CMD-119, RS-120, RS-121).

use cf_parser::item::HeaderAction;
use ruleset_vm::Exit;
use ruleset_vm::current_header;
use ruleset_vm::error_mailer::{error_status, status_text};
use ruleset_vm::prescan::{Mode, prescan};
use ruleset_vm::split_codes;
use ruleset_vm::validity::shorten;

use super::Session;

/// The mark of every field that is no default.
const USER_FIELD: u32 = 0x0004_0000;
/// The mark of a field whose check does not see comments.
const STRIPPED: u32 = 0x0001_0000;
/// Recipient and sender fields.
const RECIPIENT: u32 = 0x0002;
const SENDER: u32 = 0x0100;

/// Fields with marks of their own (observed).
const MARKS: [(&str, u32); 29] = [
    ("Apparently-To", RECIPIENT),
    ("Bcc", 0x4002),
    ("Cc", RECIPIENT),
    ("Comments", 0x8040),
    ("Content-Length", 0x0020),
    ("Content-Transfer-Encoding", 0x1000),
    ("Content-Type", 0x2000),
    ("Disposition-Notification-To", SENDER),
    ("Errors-To", 0x0900),
    ("From", SENDER),
    ("Full-Name", 0x0020),
    ("Mail-From", 0x00c0),
    ("Received", 0x00c0),
    ("Reply-To", SENDER),
    ("Resent-Bcc", 0x400a),
    ("Resent-Cc", 0x000a),
    ("Resent-Date", 0x0008),
    ("Resent-From", 0x0108),
    ("Resent-Message-ID", 0x0008),
    ("Resent-Reply-To", 0x0108),
    ("Resent-Sender", 0x0108),
    ("Resent-To", 0x000a),
    ("Return-Path", 0x0002_0060),
    ("Return-Receipt-To", 0x0400),
    ("Sender", SENDER),
    ("Subject", 0x8000),
    ("To", RECIPIENT),
    ("Via", 0x00c0),
    ("X400-Received", 0x00c0),
];

impl Session<'_> {
    pub(super) fn header(&mut self, line: &[u8]) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = halves.next().unwrap_or_default().trim_ascii_end();
        let name_ok = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic());
        let Some(value) = halves.next().filter(|_| name_ok) else {
            self.complain([b"header syntax error, line \"", &shorten(line)[..], b"\""].concat());
            return self.say("ul = 00000000");
        };
        if name.eq_ignore_ascii_case(b"Text") {
            return self.say("ul = 0x00000001");
        }
        let row = MARKS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        let mut marks = row.map_or(0, |(_, marks)| *marks)
            | if name.eq_ignore_ascii_case(b"X-Authentication-Warning") { 0x0040 } else { 0 };
        if let Some((ruleset, keep_comments, own)) = self.header_ruleset(name) {
            if own && !keep_comments {
                marks |= STRIPPED;
            }
            if !value.trim_ascii().is_empty() {
                self.check_header(name, value, marks, &ruleset, keep_comments);
            }
        }
        self.say(format!("ul = 0x{:08x}", USER_FIELD | marks));
    }

    /// The check of a field: its own, or that of `*`; whether it sees comments and is its own.
    fn header_ruleset(&self, name: &[u8]) -> Option<(Vec<u8>, bool, bool)> {
        let check = |wanted: &[u8]| {
            let headers = &self.configuration.headers;
            headers.iter().rev().find_map(|header| match &header.action {
                HeaderAction::Check { ruleset, keep_comments }
                    if header.name.eq_ignore_ascii_case(wanted) =>
                {
                    Some((ruleset.clone(), *keep_comments))
                }
                _ => None,
            })
        };
        let own = check(name).map(|(ruleset, keep)| (ruleset, keep, true));
        own.or_else(|| check(b"*").map(|(ruleset, keep)| (ruleset, keep, false)))
    }

    fn check_header(
        &mut self,
        name: &[u8],
        value: &[u8],
        marks: u32,
        ruleset: &[u8],
        keep_comments: bool,
    ) {
        let Some(number) = self.configuration.program.number(ruleset) else { return };
        let kind: &[u8] = match marks {
            marks if marks & RECIPIENT != 0 => b"h r",
            marks if marks & SENDER != 0 => b"h s",
            _ => b"h",
        };
        self.macros.set(b"addr_type", kind);
        self.macros.set(b"hdr_name", name);
        self.macros.set(b"hdrlen", value.len().to_string().as_bytes());
        self.macros.set(b"currHeader", &current_header(value));
        self.quiet = true;
        let verdict = self.with_rewriter(|rewriter| {
            rewriter.machine.reset();
            let program = rewriter.machine.program().clone();
            let mode = Mode {
                operators: program.operators(),
                delimiter: None,
                comments: !keep_comments,
                ignore: keep_comments,
            };
            let tokens = prescan(value, mode).tokens.filter(|tokens| !tokens.is_empty())?;
            let workspace = rewriter.machine.intern(&tokens);
            let outcome = rewriter.apply(number, workspace);
            rewriter.verdict(&outcome.workspace)
        });
        self.quiet = false;
        let Some((mailer, host, text)) = verdict else { return };
        let text = ruleset_vm::error_mailer::strip_quotes(&text);
        if !mailer.eq_ignore_ascii_case(b"error") {
            return;
        }
        if host.as_deref().is_some_and(|host| host.eq_ignore_ascii_case(b"quarantine")) {
            return self.macros.set(b"quarantine", &text);
        }
        let status = error_status(host.as_deref(), &text);
        let shown = status_text(b"", &status);
        let (_, words) = split_codes(&shown);
        self.say(words.strip_prefix(b"... ").unwrap_or(words));
        if status.exit != Exit::TEMPFAIL {
            self.fail(status.exit.0);
        }
    }
}
