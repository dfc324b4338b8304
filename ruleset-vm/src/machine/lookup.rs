//! `$( map key $@ args $: default $)` and `$[ host $: default $]` in a built right-hand side
//! (RS-055..RS-060): asked left to right, results are not looked at again.

use std::ops::Range;

use cf_parser::debug::Category;
use cf_parser::text::Op;
use smallvec::SmallVec;

use super::calls::Call;
use super::recording::has_quotes;
use super::{Answer, Control, Env, KeyStyle, Machine, Phase, Question, Request};
use crate::error_mailer::strip_quotes;
use crate::limits::{MAX_ATOMS, MAX_KEY};
use crate::operators::is_simple;
use crate::token::{Kind, Token, TokenTable, meta};
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

/// A lookup that has been asked: where its parts stand in what was built.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) key: Range<usize>,
    pub(super) default: Option<Range<usize>>,
    /// Where the construct begins and what stands behind it.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Lookup {
    pub(super) fn new(built: Vec<Token>) -> Self {
        Self::settled(built, 0)
    }

    /// Whose lookups in front of `settled` are through.
    pub(super) fn settled(built: Vec<Token>, settled: usize) -> Self {
        Self { built, settled, pending: None }
    }

    /// This lookup has been asked.
    pub(super) fn wait(&mut self, pending: Pending) {
        self.pending = Some(pending);
    }
}

/// Where the next lookup begins, from `settled` on.
pub(super) fn next_lookup(built: &[Token], settled: usize) -> Option<usize> {
    let begins = |token: &Token| *token == meta(Op::HostBegin) || *token == meta(Op::MapBegin);
    Some(settled + built.get(settled..)?.iter().position(begins)?)
}

/// Cuts a key; takes its quotes out where there may be some that are not wanted.
pub(super) fn finish_key(key: &mut Vec<u8>, strip: bool) {
    key.truncate(MAX_KEY - 1);
    if strip && has_quotes(key) {
        *key = strip_quotes(key);
    }
}

impl Machine {
    /// Tokens of a lookup's value (RS-056). An octet that sendmail holds an operator in, standing alone,
    /// is that operator; octet 0377 loses its upper bit (observed). `None` if there is text but no token.
    fn value_tokens(&mut self, mut value: Vec<u8>, env: &mut Env<'_>) -> Option<Vec<Token>> {
        if value.is_empty() {
            return Some(self.fresh());
        }
        value.iter_mut().filter(|byte| **byte == 0xff).for_each(|byte| *byte = 0x7f);
        let mut tokens = self.scan_bytes(&value, env).filter(|tokens| !tokens.is_empty())?;
        for token in &mut tokens {
            if let [octet] = self.table.text(*token)
                && let Some(op) = Op::from_octet(*octet)
            {
                *token = meta(op);
                self.strays = true;
            }
        }
        Some(tokens)
    }

    /// One round: take an answer, or ask the next map, or go on to the calls.
    pub(super) fn lookups(&mut self, env: &mut Env<'_>) -> Control {
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        let Phase::Lookups(lookup) = &mut frame.phase else { return Control::Continue };
        if let Some(pending) = lookup.pending.take() {
            let answer = self.answer.take().unwrap_or(Answer::NotFound);
            return self.take_answer(&pending, answer, env);
        }
        let Some(start) = next_lookup(&lookup.built, lookup.settled) else {
            let built = std::mem::take(&mut lookup.built);
            if !built.contains(&meta(Op::Call)) {
                return self.finish_rule(built, env);
            }
            frame.phase = Phase::Calls(Box::new(Call::new(built)));
            return Control::Continue;
        };
        self.ask(start, env)
    }

    /// Asks the map of the construct that begins at `start`.
    fn ask(&mut self, start: usize, env: &mut Env<'_>) -> Control {
        let Self { frames, table, request, program, spare_texts, .. } = self;
        let Some(Phase::Lookups(lookup)) = frames.last_mut().map(|frame| &mut frame.phase) else {
            return Control::Leave;
        };
        let parts = cut(&lookup.built, start);
        let map = parts.map_name(table);
        let style = env.maps.key_style(map);
        request.name(map, style.unwrap_or_default());
        let KeyStyle { keep_quotes, blank, .. } = style.unwrap_or_default();
        let blank = blank.or(Some(env.blank));
        let put = |range: &Range<usize>, room: &mut Vec<u8>| {
            let tokens = lookup.built.get(range.clone()).unwrap_or_default();
            room.clear();
            table.join_into(tokens.iter().copied(), blank, room);
        };
        put(&parts.pending.key, &mut request.key);
        finish_key(&mut request.key, !keep_quotes);
        request.make_room(parts.arguments.len(), spare_texts);
        for (room, range) in request.args.iter_mut().zip(&parts.arguments) {
            put(range, room);
        }
        if style.is_some() && env.tracer.wants_rules() {
            let event = Event::Asked { map: &request.map, key: &request.key, args: &request.args };
            env.tracer.event(Scene { program, table }, &event);
        }
        lookup.pending = Some(parts.pending);
        if style.is_some() {
            let Request { map, number, key, .. } = &*request;
            if !env.maps.has_none(Question { map, number: *number, key }) {
                return Control::Wait;
            }
            self.answer = Some(Answer::NotFound);
            return Control::Continue;
        }
        self.say(env, &[b"554 5.3.0 rewrite: map ", &self.request.map, b" not found"]);
        self.answer = Some(Answer::NotFound);
        Control::Continue
    }

    fn take_answer(&mut self, pending: &Pending, answer: Answer, env: &mut Env<'_>) -> Control {
        if env.tracer.wants_rules() {
            let value =
                if let Answer::Found(value) = &answer { Some(value.as_slice()) } else { None };
            let event = Event::Answered { map: &self.request.map, value };
            env.tracer.event(Scene { program: &self.program, table: &self.table }, &event);
        }
        let (value, failure) = match answer {
            Answer::Found(value) => (Some(value), None),
            Answer::Substitute(value, exit) => (Some(value), Some(exit)),
            Answer::NotFound => (None, None),
            Answer::Failed(exit) => (None, Some(exit)),
        };
        let replacement = match value {
            Some(value) => self.value_tokens(value, env),
            None => self.fallback(pending, env),
        };
        let Some(replacement) = replacement else { return self.no_tokens() };
        let Some(frame) = self.frames.last_mut() else { return Control::Leave };
        if let Some(exit) = failure {
            frame.fail(exit);
        }
        let Phase::Lookups(lookup) = &mut frame.phase else { return Control::Continue };
        lookup.settled = pending.start + replacement.len();
        lookup.built.splice(pending.start..pending.end, replacement.iter().copied());
        let too_long = lookup.built.len() > MAX_ATOMS;
        self.recycle(replacement);
        if too_long { self.too_long(env) } else { Control::Continue }
    }

    /// What stands for a value that is not there: the default, which is read anew as text (observed:
    /// blanks between atoms become the blank substitute), or the tokens of the key.
    fn fallback(&mut self, pending: &Pending, env: &mut Env<'_>) -> Option<Vec<Token>> {
        let mut tokens = self.fresh();
        let Some(Phase::Lookups(lookup)) = self.frames.last().map(|frame| &frame.phase) else {
            return Some(tokens);
        };
        let range = pending.default.as_ref().unwrap_or(&pending.key);
        tokens.extend_from_slice(lookup.built.get(range.clone()).unwrap_or_default());
        let watch = env.tracer.wants(Category::Tokens);
        if pending.default.is_none() || (self.reads_back(&tokens) && !watch) {
            return Some(tokens);
        }
        let text = self.table.join(&tokens, Some(env.blank));
        if text.is_empty() {
            return Some(tokens);
        }
        let pieces = self.table.pieces(&tokens, env.blank);
        self.scan(&pieces, &text, env).filter(|tokens| !tokens.is_empty())
    }

    /// [`Machine::reads_back`] for all workspaces that rules cannot tell apart.
    pub(super) fn is_read_back_by_shape(&self, tokens: &[Token]) -> bool {
        let operators = self.program.operators();
        self.reads_back(tokens)
            && !tokens.iter().any(|token| token.is_odd())
            && !(0..=u8::MAX).any(|byte| is_simple(byte) && operators.contains(byte))
    }

    /// Whether the text of these tokens is cut into the same tokens again: nothing in it steers the
    /// tokenizer, and no two atoms stand side by side.
    fn reads_back(&self, tokens: &[Token]) -> bool {
        let operators = self.program.operators();
        let mut depth = 0usize;
        let mut after_atom = false;
        let plain = |byte: &u8| {
            !operators.contains(*byte) && !matches!(byte, b'"' | b'\\' | b'\x7f'..) && *byte > b' '
        };
        for token in tokens {
            let text = self.table.text(*token);
            let kind = self.table.kind(*token);
            let sound = match (kind, text) {
                (Kind::Meta(_), _) => true,
                (Kind::Atom, text) => !after_atom && text.iter().all(plain),
                (Kind::Operator, b"<") => {
                    depth += 1;
                    true
                }
                (Kind::Operator, b">") => {
                    let open = depth > 0;
                    depth = depth.saturating_sub(1);
                    open
                }
                (Kind::Operator, [byte]) => {
                    operators.contains(*byte) && !matches!(byte, b'(' | b')' | 0x80..)
                }
                (Kind::Operator, _) => false,
            };
            if !sound {
                return false;
            }
            after_atom = kind == Kind::Atom;
        }
        depth == 0
    }
}

/// The parts of a lookup.
pub(super) struct Parts {
    /// It began with `$[`.
    host: bool,
    /// The map's name behind `$(`.
    map: Option<Token>,
    pub(super) arguments: SmallVec<[Range<usize>; 4]>,
    pub(super) pending: Pending,
}

impl Parts {
    pub(super) fn map_name<'t>(&self, table: &'t TokenTable) -> &'t [u8] {
        if self.host { b"host" } else { self.map.map_or(&b""[..], |map| table.text(map)) }
    }
}

/// Cuts the construct that begins at `start`: `$@` and `$:` each end the part before them.
pub(super) fn cut(built: &[Token], start: usize) -> Parts {
    let host = built.get(start) == Some(&meta(Op::HostBegin));
    let close = meta(if host { Op::HostEnd } else { Op::MapEnd });
    let map = built.get(start + 1).copied().filter(|_| !host);
    let begin = (start + 1 + usize::from(!host)).min(built.len());
    let end = built.iter().skip(begin).position(|token| *token == close);
    let end = end.map_or(built.len(), |offset| begin + offset);
    let mut parts = Parts {
        host,
        map,
        arguments: SmallVec::new(),
        pending: Pending {
            key: begin..begin,
            default: None,
            start,
            end: (end + 1).min(built.len()),
        },
    };
    let (mut kind, mut from) = (None, begin);
    for at in begin..=end {
        let next = built.get(at).filter(|_| at < end);
        let mark = next.filter(|token| **token == meta(Op::At) || **token == meta(Op::Colon));
        if at < end && mark.is_none() {
            continue;
        }
        match kind {
            None => parts.pending.key = from..at,
            Some(colon) if colon == meta(Op::Colon) => parts.pending.default = Some(from..at),
            Some(_) => parts.arguments.push(from..at),
        }
        (kind, from) = (mark.copied(), at + 1);
    }
    parts
}
