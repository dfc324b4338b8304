//! Rule text into instructions, with the checks made when a rule is read (RS-029, RS-030).

use cf_parser::Span;
use cf_parser::text::{Op, Piece, Text};

use crate::classes::Classes;
use crate::limits::{MAX_MAP_ARGS, MAX_WILDCARDS};
use crate::machine::glob::Glob;
use crate::prescan::{self, Complaint, Mode, Sink, prescan_text_into};
use crate::program::{After, Instr, Rule, Ruleset, Steering};
use crate::status::split_codes;
use crate::token::{Kind, ProgramTexts, Token, meta};
use crate::validity::shorten;

/// Memory for rules to be read in, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Room {
    found: Vec<Found>,
    prescan: prescan::Room,
}

/// Instructions of a few rules, which most rulesets have.
const FIRST_CODE: usize = 64;

/// Appends one rule, already macro-expanded, to `ruleset`; returns what is wrong with it. Octets of the
/// operator range stand alone in rules (observed): the operators of `mode` must have them.
pub(crate) fn add_rule(
    ruleset: &mut Ruleset,
    texts: &mut ProgramTexts,
    classes: &mut Classes,
    columns: (&Text, &Text),
    mode: Mode<'_>,
    span: Span,
    room: &mut Room,
) -> Vec<String> {
    let mut compiler = Compiler { texts, classes, messages: Vec::new(), wildcards: 0 };
    let code = &mut ruleset.code;
    let start = code.len();
    if start == 0 {
        code.reserve(FIRST_CODE);
    }
    compiler.scan(columns.0, mode, room);
    if compiler.left(room, code) == 0 {
        compiler.messages.push("R line: null LHS".into());
    }
    if compiler.wildcards > MAX_WILDCARDS {
        compiler.messages.push("R line: too many wildcards".into());
        code.truncate(start);
    }
    let middle = code.len();
    compiler.scan(columns.1, mode, room);
    if compiler.right(room, code) == 0 {
        compiler.messages.push("R line: null RHS".into());
    }
    let messages = compiler.messages;
    let (prefix, after) = take_prefix(code, middle);
    let (lhs, rhs) = code.get(start..).unwrap_or_default().split_at(middle - start);
    ruleset.filter.add(lhs);
    let rule = Rule {
        lhs: start..middle,
        rhs: middle..code.len(),
        prefix,
        after,
        span,
        glob: Glob::new(lhs),
        parts: Vec::new(),
        steering: steering(rhs),
    };
    ruleset.rules.push(rule);
    messages
}

/// Takes a `$:` or `$@` out of the code at `start`, where a right-hand side begins.
fn take_prefix(code: &mut Vec<Instr>, start: usize) -> (Option<Token>, After) {
    let Some(Instr::Emit(first)) = code.get(start) else { return (None, After::Repeat) };
    let first = *first;
    if first == COLON {
        code.remove(start);
        (Some(first), After::Next)
    } else if first == AT {
        code.remove(start);
        (Some(first), After::Return)
    } else if first == HASH {
        (None, After::Return)
    } else {
        (None, After::Repeat)
    }
}

// Operators that are looked for in every rule.
const COLON: Token = meta(Op::Colon);
const AT: Token = meta(Op::At);
const HASH: Token = meta(Op::Hash);
const CALL: Token = meta(Op::Call);
const HOST_BEGIN: Token = meta(Op::HostBegin);
const MAP_BEGIN: Token = meta(Op::MapBegin);

/// What is to be done with a right-hand side when it is built.
fn steering(rhs: &[Instr]) -> Steering {
    let mut calls = 0;
    for instr in rhs {
        let Instr::Emit(token) = instr else { continue };
        if *token == HOST_BEGIN || *token == MAP_BEGIN {
            return Steering::Lookups;
        }
        calls += usize::from(*token == CALL);
    }
    match calls {
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
#[derive(Debug)]
enum Found {
    Word(Token),
    Piece(Piece),
}

struct Finds<'a> {
    texts: &'a mut ProgramTexts,
    all: &'a mut Vec<Found>,
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
    /// Cuts a side into `room`; what cannot be cut is as if it were empty.
    fn scan(&mut self, text: &Text, mode: Mode<'_>, room: &mut Room) {
        room.found.clear();
        let mut finds = Finds { texts: self.texts, all: &mut room.found };
        let ending = prescan_text_into(text, mode, &mut finds, &mut room.prescan);
        if !ending.complete {
            room.found.clear();
        }
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
    }

    /// The code of a left-hand side; returns how many tokens it has.
    fn left(&mut self, room: &mut Room, code: &mut Vec<Instr>) -> usize {
        let count = room.found.len();
        code.extend(room.found.drain(..).map(|found| self.left_one(found)));
        count
    }

    fn left_one(&mut self, found: Found) -> Instr {
        let piece = match found {
            Found::Word(token) => return Instr::Literal(token),
            Found::Piece(piece) => piece,
        };
        match piece {
            Piece::Op(Op::ZeroOrMore) => self.wildcard(Instr::ZeroOrMore),
            Piece::Op(Op::OneOrMore) => self.wildcard(Instr::OneOrMore),
            Piece::Op(Op::One) => self.wildcard(Instr::One),
            Piece::Class(name) => {
                let id = self.classes.id(&name);
                self.wildcard(Instr::Class(id, name))
            }
            Piece::NotClass(name) => {
                let id = self.classes.id(&name);
                self.wildcard(Instr::NotClass(id, name))
            }
            Piece::Deferred(name) => Instr::Deferred(name),
            Piece::Op(Op::At) => Instr::Nothing,
            Piece::Op(op @ (Op::Bar | Op::Hash)) => Instr::Literal(meta(op)),
            Piece::Op(op) => {
                self.misplaced(&format!("${}", char::from(op.letter())), "LHS");
                Instr::Literal(meta(op))
            }
            Piece::Arg(_) => {
                self.misplaced("$1-$9", "LHS");
                self.inert(&piece)
            }
            Piece::If(_) => {
                self.misplaced("$?", "LHS");
                self.inert(&piece)
            }
            Piece::Byte(_) | Piece::Macro(_) => self.inert(&piece),
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

    /// The code of a right-hand side; returns how many tokens it has.
    fn right(&mut self, room: &mut Room, code: &mut Vec<Instr>) -> usize {
        let mut open: Option<Op> = None;
        let mut arguments = 0;
        let count = room.found.len();
        code.extend(room.found.drain(..).map(|found| {
            if let Found::Piece(Piece::Op(op)) = found {
                self.lookup_brackets(op, &mut open, &mut arguments);
            }
            self.right_one(found)
        }));
        if open.is_some() {
            self.messages.push("missing map closing token".into());
        }
        count
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

    fn right_one(&mut self, found: Found) -> Instr {
        let piece = match found {
            Found::Word(token) => return Instr::Emit(token),
            Found::Piece(piece) => piece,
        };
        match piece {
            Piece::Arg(number) => {
                if number == 0 || usize::from(number) > self.wildcards {
                    self.messages.push(format!("replacement ${number} out of bounds"));
                }
                Instr::Copy(number)
            }
            Piece::Deferred(name) => Instr::Deferred(name),
            Piece::Op(op @ (Op::ZeroOrMore | Op::OneOrMore | Op::One)) => {
                self.misplaced(&format!("${}", char::from(op.letter())), "RHS");
                Instr::Emit(meta(op))
            }
            Piece::Op(op) => Instr::Emit(meta(op)),
            Piece::Class(_) | Piece::NotClass(_) => {
                let sign = if matches!(piece, Piece::Class(_)) { "$=" } else { "$~" };
                self.misplaced(sign, "RHS");
                self.emit_written(&piece)
            }
            Piece::Byte(_) | Piece::Macro(_) | Piece::If(_) => self.emit_written(&piece),
        }
    }

    fn emit_written(&mut self, piece: &Piece) -> Instr {
        let text = cf_parser::text::write(std::slice::from_ref(piece));
        Instr::Emit(self.texts.add(Kind::Operator, &text))
    }
}
