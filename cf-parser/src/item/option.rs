//! `O` lines (OPT-001..OPT-004).

use super::{Directive, OptionLine};
use crate::munch::munch;
use crate::options::{self, Found};
use crate::reading::Context;
use crate::translate::{Line, flat};

/// `O Name.sub=value` or `Oxvalue`.
pub(super) fn option(line: &mut Line, context: &mut Context) -> Option<Directive> {
    let option =
        if line.view.get(1) == Some(&b' ') { long(line, context) } else { short(line, context) }?;
    context.queue_directory |= options::is_queue_directory(option.option);
    Some(Directive::Option(option))
}

fn short(line: &Line, context: &mut Context) -> Option<OptionLine> {
    let letter = line.view.get(1).copied().unwrap_or(0);
    let Some(option) = options::by_letter(letter) else {
        // High octets are quoted inside, so that their quote is what is looked at (CF-009).
        let shown = if matches!(line.text.get(1), Some(crate::text::Piece::Byte(0x80..=0x9f))) {
            0xff
        } else {
            letter
        };
        context.error(format!("readcf: unknown option name 0x{shown:x}"));
        return None;
    };
    Some(OptionLine { option, suboption: None, value: line.tail(2).to_vec(), short: true })
}

fn long(line: &Line, context: &mut Context) -> Option<OptionLine> {
    let equals = line.view.iter().position(|b| *b == b'=').unwrap_or(line.view.len());
    if equals == 2 {
        context.error("readcf: null option name");
        return None;
    }
    let (name, suboption) = names(line, equals);
    let found = options::by_name(line.view.get(2..name).unwrap_or_default());
    let shown = context.shown(line.slice(2, name));
    let option = match found {
        Found::Exact(option) => option,
        Found::Abbreviation(option) => {
            let full = options::name(option);
            context.note(
                [b"Option ".as_slice(), &shown, b" used as abbreviation for ", full.as_bytes()]
                    .concat(),
            );
            option
        }
        Found::Ambiguous(first, second) => {
            let matches =
                format!(" (matches {} and {})", options::name(first), options::name(second));
            context.error(
                [b"readcf: ambiguous option name ".as_slice(), &shown, matches.as_bytes()].concat(),
            );
            return None;
        }
        Found::Unknown => {
            context.error([b"readcf: unknown option name ".as_slice(), &shown].concat());
            return None;
        }
    };
    let rest = line.view.get(equals + 1..).unwrap_or_default();
    let blanks = rest.iter().take_while(|b| **b == b' ').count();
    let start = equals + 1 + blanks;
    let value = if options::is_template(option) {
        munch(line, start, None).0
    } else {
        line.tail(start).to_vec()
    };
    Some(OptionLine { option, suboption, value, short: false })
}

/// Where the name ends, and the suboption, in the text before the `=`; blanks, but no other white
/// space, before the `=` do not count.
fn names(line: &Line, equals: usize) -> (usize, Option<Vec<u8>>) {
    let text = line.view.get(2..equals).unwrap_or_default();
    let end = 2 + text.iter().rposition(|b| *b != b' ').map_or(0, |at| at + 1);
    match text.iter().position(|b| *b == b'.').map(|dot| dot + 2).filter(|dot| *dot < end) {
        Some(dot) => (dot, Some(flat(line.slice(dot + 1, end)))),
        None => (end, None),
    }
}
