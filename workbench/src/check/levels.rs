//! The level of a file, and what it changes (CF-013, CF-036..CF-047).

use cf_parser::item::Directive;
use cf_parser::{MAX_LEVEL, Piece};

use super::Context;
use super::catalogue;
use super::finding::{Finding, shown};

/// From this level on, `#` begins a comment anywhere.
const COMMENTS: i32 = 3;

pub(super) fn check(context: &mut Context<'_>) {
    let items = context.outline.items;
    let mut level = 0;
    let mut before = None;
    let mut found = false;
    for item in items {
        match &item.directive {
            Directive::Version { level: new, .. } => {
                let at = context.source.logical(item.span);
                let message = match new {
                    _ if *new > MAX_LEVEL => Some((
                        &catalogue::LEVEL_NEW,
                        format!("level {new} is newer than {MAX_LEVEL}, the newest that is known"),
                    )),
                    _ if *new < MAX_LEVEL => Some((
                        &catalogue::LEVEL_OLD,
                        format!("level {new} is older than {MAX_LEVEL}, and read as it was then"),
                    )),
                    _ => None,
                };
                if let Some((check, message)) = message {
                    context.report(Finding::new(check, at.clone(), message));
                }
                if let Some(first) = before.filter(|_| !found) {
                    let message = "lines above this one have been read as level 0";
                    let finding = Finding::new(&catalogue::LEVEL_LATE, at, message);
                    let first = context.source.logical(first);
                    context.report(match first {
                        Some(first) => finding.note_at(first, "such as this one"),
                        None => finding,
                    });
                }
                (level, found) = (*new, true);
            }
            // comments in rules, operators, flags of mailers depend on it
            Directive::Rule { .. } | Directive::Mailer { .. } => {
                before = before.or(Some(item.span));
            }
            _ => {}
        }
        if level < COMMENTS
            && let Directive::Class { words, .. } = &item.directive
        {
            hash(context, item.span, words);
        }
    }
    if !found && !items.is_empty() {
        let message = "there is no V line: the file is read as one of level 0";
        let finding = Finding::new(&catalogue::LEVEL_MISSING, None, message);
        context.report(
            finding.help(format!(
                "begin it with `V{MAX_LEVEL}/Berkeley` if it was made for sendmail 8"
            )),
        );
    }
}

/// A word of a class that begins with `#`.
fn hash(context: &mut Context<'_>, span: cf_parser::Span, words: &[Piece]) {
    let mut blank = true;
    let begins = words.iter().any(|piece| {
        let first = blank;
        blank = matches!(piece, Piece::Byte(b) if b.is_ascii_whitespace());
        first && *piece == Piece::Byte(b'#')
    });
    if !begins {
        return;
    }
    let at = context.source.find(span, b"#");
    let text = at
        .clone()
        .map(|at| shown(context.source.text(at.start..context.source.line(span.line).end)));
    let message = format!(
        "`{}` is no comment at this level: its words are members",
        text.unwrap_or_default()
    );
    context.report(Finding::new(&catalogue::HASH_TEXT, at, message));
}
