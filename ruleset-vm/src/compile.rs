//! Rule text into instructions, with the checks made when a rule is read (RS-029, RS-030).

use cf_parser::Span;
use cf_parser::text::{Op, Piece, Text};

use crate::classes::Classes;
use crate::limits::{MAX_MAP_ARGS, MAX_WILDCARDS};
use crate::machine::glob::Glob;
use crate::prescan::{Complaint, Mode, Sink, prescan_text_into};
use crate::program::{After, Instr, Rule, Ruleset, Steering};
use crate::status::split_codes;
use crate::token::{Kind, ProgramTexts, Token, meta};
use crate::validity::shorten;

/// Appends one rule, already macro-expanded, to `ruleset`; returns what is wrong with it.
pub(crate) fn add_rule(
    ruleset: &mut Ruleset,
    texts: &mut ProgramTexts,
    classes: &mut Classes,
    columns: (&Text, &Text),
    mode: Mode<'_>,
    span: Span,
) -> Vec<String> {
    let mut compiler = Compiler { texts, classes, messages: Vec::new(), wildcards: 0 };
    let lhs_tokens = compiler.scan(columns.0, mode).unwrap_or_default();
    let mut lhs = compiler.left(&lhs_tokens);
    if lhs_tokens.is_empty() {
        compiler.messages.push("R line: null LHS".into());
    }
    if compiler.wildcards > MAX_WILDCARDS {
        compiler.messages.push("R line: too many wildcards".into());
        lhs.clear();
    }
    let rhs_tokens = compiler.scan(columns.1, mode).unwrap_or_default();
    let mut rhs = compiler.right(&rhs_tokens);
    if rhs_tokens.is_empty() {
        compiler.messages.push("R line: null RHS".into());
    }
    let messages = compiler.messages;
    let (prefix, after) = take_prefix(&mut rhs);
    let start = ruleset.code.len();
    let middle = start + lhs.len();
    ruleset.filter.add(&lhs);
    let steering = steering(&rhs);
    let glob = Glob::new(&lhs);
    ruleset.code.extend(lhs);
    ruleset.code.extend(rhs);
    let end = ruleset.code.len();
    ruleset.rules.push(Rule {
        lhs: start..middle,
        rhs: middle..end,
        prefix,
        after,
        span,
        glob,
        parts: Vec::new(),
        steering,
    });
    messages
}

fn take_prefix(rhs: &mut Vec<Instr>) -> (Option<Token>, After) {
    let Some(Instr::Emit(first)) = rhs.first() else { return (None, After::Repeat) };
    let first = *first;
    if first == meta(Op::Colon) {
        rhs.remove(0);
        (Some(first), After::Next)
    } else if first == meta(Op::At) {
        rhs.remove(0);
        (Some(first), After::Return)
    } else if first == meta(Op::Hash) {
        (None, After::Return)
    } else {
        (None, After::Repeat)
    }
}

/// What is to be done with a right-hand side when it is built.
fn steering(rhs: &[Instr]) -> Steering {
    let calls = |instr: &&Instr| **instr == Instr::Emit(meta(Op::Call));
    let looks_up = |instr: &Instr| matches!(instr, Instr::Emit(token) if [meta(Op::HostBegin), meta(Op::MapBegin)].contains(token));
    match rhs.iter().filter(calls).count() {
        _ if rhs.iter().any(looks_up) => Steering::Lookups,
        0 => Steering::None,
        1 => Steering::Call { target: None },
        _ => Steering::Calls,
    }
}

struct Compiler<'a> {
    texts: &'a mut ProgramTexts,
    classes: &'a mut Classes,
    messages: Vec<String>,
    wildcards: usize,
}

/// What the tokenizer finds in a side of a rule.
enum Found {
    Word(Token),
    Piece(Piece),
}

struct Finds<'a> {
    texts: &'a mut ProgramTexts,
    all: Vec<Found>,
}

impl Sink for Finds<'_> {
    fn word(&mut self, kind: Kind, text: &[u8]) {
        self.all.push(Found::Word(self.texts.add(kind, text)));
    }

    fn piece(&mut self, piece: &Piece) {
        self.all.push(Found::Piece(piece.clone()));
    }
}

impl Compiler<'_> {
    fn scan(&mut self, text: &Text, mode: Mode<'_>) -> Option<Vec<Found>> {
        // Octets of the operator range stand alone in rules (observed).
        let mut operators = mode.operators.clone();
        operators.add_reserved();
        let mut finds = Finds { texts: self.texts, all: Vec::with_capacity(text.len() / 2) };
        let mode = Mode { operators: &operators, ..mode };
        let ending = prescan_text_into(text, mode, &mut finds);
        let found = finds.all;
        for complaint in &ending.complaints {
            if matches!(
                complaint,
                Complaint::TooManyTokens | Complaint::TokenTooLong | Complaint::AddressTooLong
            ) {
                let complaint = complaint.to_string();
                let shown = shorten(&cf_parser::octets(text));
                let mut message: String =
                    shown.iter().map(|byte| char::from(byte & 0x7f)).collect();
                message.push_str("... ");
                message.push_str(&String::from_utf8_lossy(split_codes(complaint.as_bytes()).1));
                self.messages.push(message);
            }
        }
        ending.complete.then_some(found)
    }

    fn left(&mut self, tokens: &[Found]) -> Vec<Instr> {
        tokens.iter().map(|token| self.left_one(token)).collect()
    }

    fn left_one(&mut self, found: &Found) -> Instr {
        let piece = match found {
            Found::Word(token) => return Instr::Literal(*token),
            Found::Piece(piece) => piece,
        };
        match piece {
            Piece::Op(Op::ZeroOrMore) => self.wildcard(Instr::ZeroOrMore),
            Piece::Op(Op::OneOrMore) => self.wildcard(Instr::OneOrMore),
            Piece::Op(Op::One) => self.wildcard(Instr::One),
            Piece::Class(name) => {
                let id = self.classes.id(name);
                self.wildcard(Instr::Class(id, name.clone()))
            }
            Piece::NotClass(name) => {
                let id = self.classes.id(name);
                self.wildcard(Instr::NotClass(id, name.clone()))
            }
            Piece::Deferred(name) => Instr::Deferred(name.clone()),
            Piece::Op(Op::At) => Instr::Nothing,
            Piece::Op(op @ (Op::Bar | Op::Hash)) => Instr::Literal(meta(*op)),
            Piece::Op(op) => {
                self.misplaced(&format!("${}", char::from(op.letter())), "LHS");
                Instr::Literal(meta(*op))
            }
            Piece::Arg(_) => {
                self.misplaced("$1-$9", "LHS");
                self.inert(piece)
            }
            Piece::If(_) => {
                self.misplaced("$?", "LHS");
                self.inert(piece)
            }
            Piece::Byte(_) | Piece::Macro(_) => self.inert(piece),
        }
    }

    fn wildcard(&mut self, instr: Instr) -> Instr {
        self.wildcards += 1;
        instr
    }

    fn misplaced(&mut self, what: &str, side: &str) {
        self.messages.push(format!("Inappropriate use of {what} on {side}"));
    }

    fn inert(&mut self, piece: &Piece) -> Instr {
        let text = cf_parser::text::write(std::slice::from_ref(piece));
        Instr::Inert(self.texts.add(Kind::Operator, &text))
    }

    fn right(&mut self, tokens: &[Found]) -> Vec<Instr> {
        let mut open: Option<Op> = None;
        let mut arguments = 0;
        let mut out = Vec::with_capacity(tokens.len());
        for found in tokens {
            if let Found::Piece(Piece::Op(op)) = found {
                self.lookup_brackets(*op, &mut open, &mut arguments);
            }
            out.push(self.right_one(found));
        }
        if open.is_some() {
            self.messages.push("missing map closing token".into());
        }
        out
    }

    fn lookup_brackets(&mut self, op: Op, open: &mut Option<Op>, arguments: &mut usize) {
        match op {
            Op::HostBegin | Op::MapBegin => {
                if open.is_some() {
                    self.messages.push("cannot nest map lookups".into());
                } else {
                    *open = Some(if op == Op::HostBegin { Op::HostEnd } else { Op::MapEnd });
                    *arguments = 0;
                }
            }
            Op::HostEnd | Op::MapEnd if *open == Some(op) => *open = None,
            Op::At if open.is_some() => {
                *arguments += 1;
                if *arguments >= MAX_MAP_ARGS {
                    self.messages.push("too many arguments for map lookup".into());
                }
            }
            _ => {}
        }
    }

    fn right_one(&mut self, found: &Found) -> Instr {
        let piece = match found {
            Found::Word(token) => return Instr::Emit(*token),
            Found::Piece(piece) => piece,
        };
        match piece {
            Piece::Arg(number) => {
                if *number == 0 || usize::from(*number) > self.wildcards {
                    self.messages.push(format!("replacement ${number} out of bounds"));
                }
                Instr::Copy(*number)
            }
            Piece::Deferred(name) => Instr::Deferred(name.clone()),
            Piece::Op(op @ (Op::ZeroOrMore | Op::OneOrMore | Op::One)) => {
                self.misplaced(&format!("${}", char::from(op.letter())), "RHS");
                Instr::Emit(meta(*op))
            }
            Piece::Op(op) => Instr::Emit(meta(*op)),
            Piece::Class(_) | Piece::NotClass(_) => {
                let sign = if matches!(piece, Piece::Class(_)) { "$=" } else { "$~" };
                self.misplaced(sign, "RHS");
                self.emit_written(piece)
            }
            Piece::Byte(_) | Piece::Macro(_) | Piece::If(_) => self.emit_written(piece),
        }
    }

    fn emit_written(&mut self, piece: &Piece) -> Instr {
        let text = cf_parser::text::write(std::slice::from_ref(piece));
        Instr::Emit(self.texts.add(Kind::Operator, &text))
    }
}
