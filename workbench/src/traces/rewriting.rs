//! Category 21: rules (RS-078).

use cf_parser::debug::{Category, Levels};
use ruleset_vm::machine::Subject;
use ruleset_vm::machine::stepwise::{Step, walk};
use ruleset_vm::program::{Instr, Rule, Ruleset};
use ruleset_vm::token::{Token, TokenTable};
use ruleset_vm::trace::{Event, Scene};

use super::pointers::pointer;
use crate::show::{self, Look};

/// Levels of category 21, by what they add.
const MACROS: u8 = 2;
const SKIPPED: u8 = 3;
const RESULTS: u8 = 4;
const FAILURES: u8 = 10;
const RULES: u8 = 12;
const LINES_AND_CAPTURES: u8 = 15;
const MACRO_TOKENS: u8 = 19;
const COMPARISONS: u8 = 35;
const BACKING_UP: u8 = 36;

pub(super) fn write(levels: &Levels, scene: Scene<'_>, event: &Event<'_>, out: &mut Vec<u8>) {
    let at = |level| levels.at(Category::Rewrite, level);
    let table = scene.table;
    let look = Look::of(levels);
    match event {
        Event::Try { ruleset, rule, subject } if at(RULES) => {
            if let Some((set, rule)) = rule_of(scene, *ruleset, *rule) {
                trying(levels, set, rule, *subject, out);
            }
        }
        Event::Try { ruleset, rule, subject } if at(MACROS) => {
            if let Some((set, rule)) = rule_of(scene, *ruleset, *rule) {
                steps(levels, &set.code[rule.lhs.clone()], *subject, out);
            }
        }
        Event::Fail { .. } if at(FAILURES) => out.extend_from_slice(b"----- rule fails\n"),
        Event::Match { ruleset, rule, .. } if at(RULES) => {
            if let Some((set, rule)) = rule_of(scene, *ruleset, *rule) {
                out.extend_from_slice(b"-----rule matches: ");
                line(look.right_side(set, rule, table).trim_ascii_end().to_vec(), out);
            }
        }
        Event::Copied { number, tokens } if at(LINES_AND_CAPTURES) => {
            captured(*number, tokens, table, out);
        }
        Event::Rewritten { workspace, .. } if at(RESULTS) => {
            out.extend_from_slice(b"rewritten as:");
            look.workspace(workspace, table, out);
            out.push(b'\n');
        }
        Event::Macro { name, value } if at(MACROS) => macro_read(b"RHS", name, *value, out),
        Event::MacroTokens(tokens) if at(MACRO_TOKENS) => {
            for token in *tokens {
                out.extend_from_slice(b" ... ");
                line(table.text(*token).to_vec(), out);
            }
            out.extend_from_slice(b" ... DONE\n");
        }
        Event::Skipped { ruleset } if at(SKIPPED) => {
            out.extend_from_slice(b"-----skip subr ");
            out.extend(scene.program.name(*ruleset));
            line(format!(" ({ruleset})").into_bytes(), out);
        }
        Event::Looping { workspace } if at(1) => {
            out.extend_from_slice(b"workspace: ");
            look.workspace(workspace, table, out);
            out.push(b'\n');
        }
        _ => {}
    }
}

fn rule_of(scene: Scene<'_>, ruleset: usize, rule: usize) -> Option<(&Ruleset, &Rule)> {
    let set = scene.program.ruleset(ruleset)?;
    Some((set, set.rules.get(rule)?))
}

fn line(text: Vec<u8>, out: &mut Vec<u8>) {
    out.extend(text);
    out.push(b'\n');
}

fn trying(levels: &Levels, set: &Ruleset, rule: &Rule, subject: Subject<'_>, out: &mut Vec<u8>) {
    let code = &set.code[rule.lhs.clone()];
    out.extend_from_slice(b"-----trying rule");
    if levels.at(Category::Rewrite, LINES_AND_CAPTURES) {
        out.extend(format!(" (line {})", rule.span.last_line).into_bytes());
    }
    out.push(b':');
    for instr in code {
        out.push(b' ');
        out.extend(Look::of(levels).instruction(instr, subject.table));
    }
    out.push(b'\n');
    steps(levels, code, subject, out);
}

/// Every comparison, or only what macros are compared with.
fn steps(levels: &Levels, code: &[Instr], subject: Subject<'_>, out: &mut Vec<u8>) {
    let all = levels.at(Category::Rewrite, COMPARISONS);
    let backing_up = levels.at(Category::Rewrite, BACKING_UP);
    if !all && !code.iter().any(|instr| matches!(instr, Instr::Deferred(_))) {
        return;
    }
    let table = subject.table;
    let look = Look { pointers: false, ..Look::of(levels) };
    let pair = |word: &[u8], instr: Option<&Instr>, token: Option<Token>, out: &mut Vec<u8>| {
        out.extend_from_slice(word);
        out.extend(instr.map_or(look.nothing(), |instr| look.instruction(instr, table)));
        out.extend_from_slice(b", ap=");
        out.extend(token.map_or(look.nothing(), |token| look.token(token, table)));
        out.push(b'\n');
    };
    walk(code, subject, &mut |step| match step {
        Step::Advance(instr, token) if all => pair(b"ADVANCE rp=", instr, token, out),
        Step::Backup(instr, token) if backing_up => {
            pair(b"BACKUP  rp=", Some(instr), token, out);
        }
        Step::Extend(instr, token) if backing_up => {
            pair(b"EXTEND  rp=", Some(instr), Some(token), out);
        }
        Step::Member if backing_up => out.extend_from_slice(b"CLMATCH\n"),
        Step::Macro { name, value } => macro_read(b"LHS", name, value.as_deref(), out),
        _ => {}
    });
}

fn macro_read(side: &[u8], name: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) {
    let value = value.unwrap_or(b"(NULL)");
    out.extend([b"rewrite: ", side, b" $&{", name, b"} => \"", value, b"\"\n"].concat());
}

/// What a wildcard took; the addresses of its tokens are made up.
fn captured(number: u8, tokens: &[Token], table: &TokenTable, out: &mut Vec<u8>) {
    out.extend([b'$', b'0' + number, b':']);
    let mut offset = usize::from(number) * 0x100;
    for token in tokens {
        let text = table.text(*token);
        out.extend(format!(" {}=\"", pointer(offset)).into_bytes());
        out.extend(show::octets(table, *token));
        out.push(b'"');
        offset += text.len() + 1;
    }
    out.push(b'\n');
}
