//! `$( map key $@ args $: default $)` and `$[ host $: default $]` in a built right-hand side
//! (RS-055..RS-060): asked left to right, results are not looked at again.

use cf_parser::text::{Op, plain};

use super::calls::Call;
use super::{Answer, Control, Env, Machine, Phase, Request};
use crate::error_mailer::strip_quotes;
use crate::limits::{MAX_ATOMS, MAX_KEY};
use crate::token::{Token, meta};
use crate::trace::{Event, Scene};

/// The right-hand side and how far its lookups have come.
#[derive(Debug)]
pub(super) struct Lookup {
    built: Vec<Token>,
    /// Everything before this index is settled.
    settled: usize,
    /// The lookup that has been asked.
    pending: Option<Pending>,
}

/// A lookup cut into its parts.
#[derive(Debug)]
struct Pending {
    map: Vec<u8>,
    key: Vec<Token>,
    default: Option<Vec<Token>>,
    /// Where the construct begins and what stands behind it.
    start: usize,
    end: usize,
}

impl Lookup {
    pub(super) fn new(built: Vec<Token>) -> Self {
        Self { built, settled: 0, pending: None }
    }
}

impl Machine {
    /// One round: take an answer, or ask the next map, or go on to the calls.
    pub(super) fn lookups(&mut self, env: &mut Env<'_>) -> Control {
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        let Phase::Lookups(lookup) = &mut frame.phase else { return Control::Continue };
        if let Some(pending) = lookup.pending.take() {
            let answer = self.answer.take().unwrap_or(Answer::NotFound);
            return self.take_answer(pending, answer, env);
        }
        let next = lookup.built[lookup.settled..]
            .iter()
            .position(|t| *t == meta(Op::HostBegin) || *t == meta(Op::MapBegin));
        let Some(offset) = next else {
            let built = std::mem::take(&mut lookup.built);
            frame.phase = Phase::Calls(Call::new(built));
            return Control::Continue;
        };
        let start = lookup.settled + offset;
        let (pending, arguments) = cut(&lookup.built, start, &self.table);
        self.ask(pending, &arguments, env)
    }

    fn ask(&mut self, pending: Pending, arguments: &[Vec<Token>], env: &mut Env<'_>) -> Control {
        let style = (env.key_style)(&pending.map);
        let blank = style.and_then(|style| style.blank).or(Some(env.blank));
        let mut key = self.table.join(&pending.key, blank);
        key.truncate(MAX_KEY - 1);
        let args: Vec<Vec<u8>> = arguments.iter().map(|arg| self.table.join(arg, blank)).collect();
        let map = pending.map.clone();
        if !style.unwrap_or_default().keep_quotes {
            key = strip_quotes(&key);
        }
        let known = style.is_some();
        if known && env.tracer.wants_rules() {
            let event = Event::Asked { map: &map, key: &key, args: &args };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
        if let Some(Phase::Lookups(lookup)) = self.frames.last_mut().map(|f| &mut f.phase) {
            lookup.pending = Some(pending);
        }
        if known {
            return Control::Wait(Request { map, key, args });
        }
        self.say(env, &[b"554 5.3.0 rewrite: map ", &map, b" not found"]);
        self.answer = Some(Answer::NotFound);
        Control::Continue
    }

    fn take_answer(&mut self, pending: Pending, answer: Answer, env: &mut Env<'_>) -> Control {
        if env.tracer.wants_rules() {
            let value =
                if let Answer::Found(value) = &answer { Some(value.as_slice()) } else { None };
            let event = Event::Answered { map: &pending.map, value };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
        let mut failure = None;
        let replacement = match answer {
            Answer::Found(value) => self.scan(&plain(&value), &value, env).unwrap_or_default(),
            Answer::NotFound => self.fallback(pending.default, pending.key, env),
            Answer::Substitute(value, exit) => {
                failure = Some(exit);
                self.scan(&plain(&value), &value, env).unwrap_or_default()
            }
            Answer::Failed(exit) => {
                failure = Some(exit);
                self.fallback(pending.default, pending.key, env)
            }
        };
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        if let Some(exit) = failure {
            frame.fail(exit);
        }
        let Phase::Lookups(lookup) = &mut frame.phase else { return Control::Continue };
        lookup.settled = pending.start + replacement.len();
        lookup.built.splice(pending.start..pending.end, replacement);
        if lookup.built.len() > MAX_ATOMS {
            return self.too_long(env);
        }
        Control::Continue
    }
}

impl Machine {
    /// What stands for a value that is not there: the default, which is read anew as text (observed:
    /// blanks between atoms become the blank substitute), or the tokens of the key.
    fn fallback(
        &mut self,
        default: Option<Vec<Token>>,
        key: Vec<Token>,
        env: &mut Env<'_>,
    ) -> Vec<Token> {
        let Some(default) = default else { return key };
        let text = self.table.join(&default, Some(env.blank));
        let pieces = self.table.pieces(&default, env.blank);
        self.scan(&pieces, &text, env).unwrap_or_default()
    }
}

/// Cuts the construct that begins at `start`: `$@` and `$:` each end the part before them.
fn cut(
    built: &[Token],
    start: usize,
    table: &crate::token::TokenTable,
) -> (Pending, Vec<Vec<Token>>) {
    let host = built.get(start) == Some(&meta(Op::HostBegin));
    let close = meta(if host { Op::HostEnd } else { Op::MapEnd });
    let mut at = start + 1;
    let map = if host {
        b"host".to_vec()
    } else {
        let name = built.get(at).map_or(&b""[..], |token| table.text(*token)).to_vec();
        at += 1;
        name
    };
    let mut parts: Vec<(Option<Op>, Vec<Token>)> = vec![(None, Vec::new())];
    while let Some(token) = built.get(at).copied() {
        at += 1;
        if token == close {
            break;
        }
        if token == meta(Op::At) {
            parts.push((Some(Op::At), Vec::new()));
        } else if token == meta(Op::Colon) {
            parts.push((Some(Op::Colon), Vec::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push(token);
        }
    }
    let mut pending =
        Pending { map, key: Vec::new(), default: None, start, end: at.min(built.len()) };
    let mut arguments = Vec::new();
    for (kind, tokens) in parts {
        match kind {
            None => pending.key = tokens,
            Some(Op::Colon) => pending.default = Some(tokens),
            Some(_) => arguments.push(tokens),
        }
    }
    (pending, arguments)
}
