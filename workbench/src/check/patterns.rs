//! Left-hand sides as sets of addresses: whether one takes all that another could.

use cf_parser::Name;
use cf_parser::text::Op;
use ruleset_vm::program::Instr;
use ruleset_vm::token::{TokenTable, meta};

/// One element of a side of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Elem {
    /// This token, by its symbol.
    Literal(u32),
    /// `$*`
    Any,
    /// `$+`
    Some,
    /// `$-`
    One,
    /// `$=x`
    Class(Name),
    /// `$~x`
    NotClass(Name),
    /// A text of unknown length: `$&x`.
    Unknown,
    /// Matches nothing.
    Never,
}

impl Elem {
    /// Whether it always takes a token.
    fn takes(&self) -> bool {
        !matches!(self, Self::Any | Self::Unknown)
    }

    /// Whether it takes one token, always.
    fn is_single(&self) -> bool {
        matches!(self, Self::Literal(_) | Self::One | Self::NotClass(_))
    }
}

/// The elements of a left-hand side.
pub(super) fn left(code: &[Instr], table: &TokenTable) -> Vec<Elem> {
    let elem = |instr: &Instr| {
        Some(match instr {
            Instr::Literal(token) => Elem::Literal(table.symbol(*token)),
            Instr::ZeroOrMore => Elem::Any,
            Instr::OneOrMore => Elem::Some,
            Instr::One => Elem::One,
            Instr::Class(_, name) => Elem::Class(name.clone()),
            Instr::NotClass(_, name) => Elem::NotClass(name.clone()),
            Instr::Nothing => return None,
            Instr::Deferred(_) => Elem::Unknown,
            Instr::Emit(_) | Instr::Copy(_) | Instr::Inert(_) => Elem::Never,
        })
    };
    code.iter().filter_map(elem).collect()
}

/// What a right-hand side makes of a left-hand side, as elements; nothing if it calls rulesets or asks maps,
/// so that nobody knows.
pub(super) fn result(lhs: &[Elem], rhs: &[Instr], table: &TokenTable) -> Option<Vec<Elem>> {
    let wildcard = |number: u8| {
        let wild = |elem: &&Elem| !matches!(elem, Elem::Literal(_) | Elem::Unknown | Elem::Never);
        lhs.iter().filter(wild).nth(usize::from(number).checked_sub(1)?)
    };
    rhs.iter()
        .map(|instr| match instr {
            Instr::Emit(token) => {
                let asks = [Op::Call, Op::HostBegin, Op::MapBegin].map(meta);
                (!asks.contains(token)).then(|| Elem::Literal(table.symbol(*token)))
            }
            Instr::Copy(number) => wildcard(*number).cloned(),
            Instr::Deferred(_) => Some(Elem::Unknown),
            _ => None,
        })
        .collect()
}

/// Whether it matches whatever comes.
pub(super) fn is_universal(pattern: &[Elem]) -> bool {
    !pattern.is_empty() && pattern.iter().all(|elem| *elem == Elem::Any)
}

/// Longest patterns that are compared.
const LONGEST: usize = 64;

/// Whether every workspace that `narrow` matches is matched by `wide`. False if it cannot be told.
pub(super) fn covers(wide: &[Elem], narrow: &[Elem]) -> bool {
    if wide.len() > LONGEST || narrow.len() > LONGEST || narrow.contains(&Elem::Never) {
        return false;
    }
    // ends[j]: whether what is left of `wide` covers what is left of `narrow` from j on
    let ends = |elem: &Elem, behind: &[bool]| -> Vec<bool> {
        let mut out = vec![false; narrow.len() + 1];
        for j in (0..=narrow.len()).rev() {
            let next = narrow.get(j);
            let skip = |out: &[bool]| next.is_some() && out.get(j + 1).copied().unwrap_or(false);
            let step = |fits: bool| fits && behind.get(j + 1).copied().unwrap_or(false);
            out[j] = match elem {
                Elem::Any => behind[j] || skip(&out),
                Elem::Literal(_) | Elem::Class(_) | Elem::NotClass(_) => step(next == Some(elem)),
                Elem::One => step(next.is_some_and(Elem::is_single)),
                Elem::Some | Elem::Unknown | Elem::Never => false,
            };
        }
        out
    };
    let mut behind = vec![false; narrow.len() + 1];
    if let Some(last) = behind.last_mut() {
        *last = true;
    }
    for elem in wide.iter().rev() {
        behind = if *elem == Elem::Some {
            // one element that takes a token, after any that need not, and then whatever comes
            let rest = ends(&Elem::Any, &behind);
            let mut out = vec![false; narrow.len() + 1];
            for j in (0..narrow.len()).rev() {
                out[j] = if narrow[j].takes() { rest[j + 1] } else { out[j + 1] };
            }
            out
        } else {
            ends(elem, &behind)
        };
    }
    behind.first().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `*`, `+`, `-` are wildcards, `=` a class, `&` a macro, other letters literals.
    fn pattern(text: &str) -> Vec<Elem> {
        text.bytes()
            .map(|byte| match byte {
                b'*' => Elem::Any,
                b'+' => Elem::Some,
                b'-' => Elem::One,
                b'=' => Elem::Class(Name::new(b"w")),
                b'~' => Elem::NotClass(Name::new(b"w")),
                b'&' => Elem::Unknown,
                other => Elem::Literal(u32::from(other)),
            })
            .collect()
    }

    #[test]
    fn what_one_pattern_takes_of_another() {
        let rows = [
            ("*", "", true),
            ("*", "a+b", true),
            ("+", "*", false),
            ("+", "*a", true),
            ("+", "+", true),
            ("+", "&", false),
            ("*@*", "+@-", true),
            ("+@+", "*@+", false),
            ("+@+", "a@b@c", true),
            ("-", "=", false),
            ("-", "~", true),
            ("=", "=", true),
            ("*=*", "a=b", true),
            ("a", "b", false),
            ("a&", "a&", false),
            ("*<@*.>*", "*<@*..>*", true),
            ("*<@*..>*", "*<@*.>*", false),
            ("++", "+", false),
            ("++", "+*+", true),
            ("", "", true),
            ("", "*", false),
        ];
        for (wide, narrow, expected) in rows {
            assert_eq!(covers(&pattern(wide), &pattern(narrow)), expected, "{wide} {narrow}");
        }
    }
}
