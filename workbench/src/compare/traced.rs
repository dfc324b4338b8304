//! Which rules fired, out of the trace that test mode prints: of a program whose rules nobody can watch.

use ruleset_vm::program::Program;

use super::cause::{Mark, RuleNumber, Trail, hash};
use super::transcript::{Passage, passage};

/// The debugging flags that let test mode print what [`trail`] reads: rules, and lookups.
pub const FLAGS: &[u8] = b"-d21.12,60.1";
/// The flags that end it.
pub const NO_FLAGS: &[u8] = b"-d21.0,60.0";

/// A ruleset at work.
struct Frame {
    ruleset: Option<usize>,
    /// The rule that is tried, and its left side as it is printed.
    rule: Option<usize>,
    left: Vec<u8>,
    /// The next time another rule is tried.
    over: bool,
}

/// What the trace says that happened. Rules are numbered as they are tried: one that has matched is tried again, unless
/// its right side begins with `$:`.
#[must_use]
pub fn trail(trace: &[u8], program: &Program) -> Trail<'static> {
    let mut trail = Trail::default();
    let mut frames: Vec<Frame> = Vec::new();
    let mut workspace: &[u8] = b"";
    for line in trace.split(|byte| *byte == b'\n') {
        match passage(line) {
            Some((name, Passage::Input, words)) => {
                let ruleset = program.number(name);
                frames.push(Frame { ruleset, rule: None, left: Vec::new(), over: true });
                workspace = words;
                continue;
            }
            Some((_, Passage::Returns, words)) => {
                frames.pop();
                workspace = words;
                continue;
            }
            None => {}
        }
        let Some(frame) = frames.last_mut() else { continue };
        if let Some(left) = line.strip_prefix(b"-----trying rule:") {
            if frame.over || frame.left != left {
                frame.rule = Some(frame.rule.map_or(0, |rule| rule + 1));
            }
            frame.left = left.to_vec();
            frame.over = false;
        } else if line.starts_with(b"----- rule fails") {
            frame.over = true;
        } else if let Some(right) = line.strip_prefix(b"-----rule matches:") {
            frame.over = right.trim_ascii_start().starts_with(b"$:");
            if let (Some(ruleset), Some(rule)) = (frame.ruleset, frame.rule) {
                let text = hash(&(&frame.left, right));
                trail.note(Mark::Rule {
                    rule: RuleNumber { ruleset, rule },
                    text,
                    before: hash(&workspace),
                });
            }
        } else if let Some(words) = line.strip_prefix(b"rewritten as:") {
            workspace = words;
        } else if let Some(asked) = line.strip_prefix(b"map_lookup(") {
            let name = asked.split(|byte| *byte == b',').next().unwrap_or_default();
            trail.note(Mark::Map { name: name.to_vec(), what: hash(&asked) });
        }
    }
    trail
}

#[cfg(test)]
mod tests {
    use super::super::Cause;
    use super::*;
    use crate::nowhere;

    const CF: &[u8] = b"V10/Berkeley\nScanonify=3\nR$-\t$: <$1>\nR<$+>\t$1\nR$+ @ a\t$1 @ b\nRnever\t$@ x\nRx\t$>4 y\nS4\nR$*\t$: $1\n";

    fn trace(lines: &[&str]) -> Vec<u8> {
        lines.join("\n").into_bytes()
    }

    #[test]
    fn rules_are_those_that_the_trace_tries() {
        let (config, said) = cf_parser::parse(CF);
        let (configuration, _) = nowhere::load(&config, said);
        let head =
            ["canonify           input: u", "-----trying rule: $-", "-----rule matches: $: < $1 >"];
        let old = trace(
            &[
                &head[..],
                &[
                    "rewritten as: < u >",
                    "-----trying rule: < $+ >",
                    "-----rule matches: $1",
                    "rewritten as: u",
                ],
                &["-----trying rule: < $+ >", "----- rule fails", "canonify         returns: u"],
            ]
            .concat(),
        );
        let new = trace(
            &[
                &head[..],
                &["rewritten as: < u >", "-----trying rule: < $+ >", "----- rule fails"],
                &["-----trying rule: $+ @ a", "-----rule matches: $1 @ b", "rewritten as: u"],
            ]
            .concat(),
        );
        let cause = |old: &[u8], new: &[u8]| {
            Cause::of(trail(old, &configuration.program), trail(new, &configuration.program))
        };
        let rule = |rule| Some(RuleNumber { ruleset: 3, rule });
        assert_eq!(cause(&old, &new), Cause::Rules { old: rule(1), new: rule(2) });
        assert_eq!(cause(&old, &old), Cause::Around);
        let map = |answer: &str| {
            trace(&["canonify           input: u", &format!("map_lookup(host, u) => {answer}")])
        };
        assert_eq!(cause(&map("u. (0)"), &map("NOT FOUND (68)")), Cause::Map(b"host".to_vec()));
    }
}
