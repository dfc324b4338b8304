//! What a recording holds ([`super::record`] makes them, [`super::replay`] plays them).

use std::ops::Range;

use cf_parser::text::{Name, Op};

use super::KeyStyle;
use super::chain::Chain;
use super::lookup::{Pending, finish_key};
use super::onward::{Onward, Resolved};
use crate::token::{Token, TokenTable, meta};
use crate::validity::is_sound;

/// A row of places in the first workspace with the recording's own tokens behind it.
pub(super) type Places = Range<usize>;

/// A row of [`Span`]s: the text of a row of places.
pub(super) type Spans = Range<usize>;

/// A piece of a text that is put together from what stands in the first workspace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The blank substitute comes first: two atoms would meet.
    pub(super) blank: bool,
    /// It is of the text of the recording's own tokens, in bytes; else of the workspace, in tokens.
    pub(super) own: bool,
    pub(super) start: u16,
    pub(super) end: u16,
}

/// Spans that one recording may have.
const MAX_SPANS: usize = 4096;

/// The workspace that is replaced, as a recording needs it.
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    /// With the recording's own tokens behind it.
    pub(super) tokens: Vec<Token>,
    /// Its text without blanks, and where each token begins in it, with the end of the last one.
    text: Vec<u8>,
    starts: Vec<u32>,
    /// There is a quote or a backslash in it.
    quoted: bool,
    /// It is printable ASCII, and has no such byte.
    sound: bool,
}

impl Base {
    /// Takes a workspace for this recording; returns the memory of the one before.
    pub(super) fn take(
        &mut self,
        workspace: Vec<Token>,
        recording: &Recording,
        table: &TokenTable,
    ) -> Vec<Token> {
        let old = std::mem::replace(&mut self.tokens, workspace);
        self.text.clear();
        self.starts.clear();
        self.quoted = false;
        if !recording.spans.is_empty() {
            self.sound = table.texts_into(&self.tokens, &mut self.text, &mut self.starts);
            self.quoted = !self.sound && has_quotes(&self.text);
        }
        self.tokens.extend_from_slice(&recording.own);
        old
    }

    /// Takes in what a map has answered, behind the `length` tokens that were there, for this recording.
    pub(super) fn extend(
        &mut self,
        length: usize,
        answer: &[Token],
        recording: &Recording,
        table: &TokenTable,
    ) {
        self.tokens.truncate(length);
        if self.starts.pop().is_none() {
            self.sound = table.texts_into(&self.tokens, &mut self.text, &mut self.starts);
            self.quoted = !self.sound && has_quotes(&self.text);
            self.starts.pop();
        }
        // Such an answer has no quotes.
        table.texts_into(answer, &mut self.text, &mut self.starts);
        self.tokens.extend_from_slice(answer);
        self.tokens.extend_from_slice(&recording.own);
    }

    /// Whether its text, which was read, is sure to be printable ASCII without quotes and backslashes.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Whether its text was read: not for a recording that had no texts yet.
    pub(super) fn has_text(&self) -> bool {
        !self.starts.is_empty()
    }
}

/// Whether quotes may have to be taken out of a text.
pub(super) fn has_quotes(text: &[u8]) -> bool {
    memchr::memchr2(b'"', b'\\', text).is_some()
}

/// One way through rules, on which maps may be asked that have no answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    /// What it begins with ([`super::replay::Recordings`]).
    pub(super) key: Vec<u32>,
    /// How many tokens that has: its own tokens stand behind them.
    pub(super) base: usize,
    pub(super) places: Vec<u16>,
    /// Tokens that rules put in.
    pub(super) own: Vec<Token>,
    pub(super) spans: Vec<Span>,
    /// The texts of own tokens in [`Recording::spans`].
    pub(super) own_text: Vec<u8>,
    /// There is a quote or a backslash in it.
    pub(super) own_quoted: bool,
    /// There is something in it that is not [`is_sound`].
    pub(super) own_loud: bool,
    pub(super) passages: Vec<Passage>,
    /// The frames of all stops.
    pub(super) ends: Vec<End>,
    /// Where maps are asked; the last one may be where the machine is to go on itself. Empty if nothing
    /// is gained.
    pub(super) stops: Vec<Stop>,
    /// Most frames at one time.
    pub(super) depth: usize,
}

/// A place on the way where the machine may have to go on itself.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    /// The frames there, from the one that ran first to the one that is to go on.
    pub(super) ends: Range<usize>,
    /// How many rulesets were entered and left on the way.
    pub(super) passages: usize,
    /// [`work`](crate::limits::work) since the last stop, or since the ruleset of the chain began that
    /// runs here.
    pub(super) work: usize,
    /// That ruleset began behind the last stop.
    pub(super) anew: bool,
    /// Rulesets that follow the outermost one.
    pub(super) chain: Chain,
    /// What the way depends on from here.
    pub(super) on: On,
    /// What is known of what is left here.
    pub(super) onward: Vec<Onward>,
    pub(super) resolved: Vec<Resolved>,
}

/// What a way depends on behind a stop.
#[derive(Clone, Debug)]
pub(super) enum On {
    /// It ends here.
    Nothing,
    /// It goes on at the next stop if the map has no answer.
    Map(Ask),
    /// It goes on at the next stop if the macro has no value.
    Unset(Name),
}

/// A question to a map.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) map: Box<[u8]>,
    pub(super) style: KeyStyle,
    pub(super) key: Spans,
    pub(super) args: Box<[Spans]>,
    /// Where its parts stand in the right-hand side of the top frame.
    pub(super) pending: Pending,
}

/// A frame where a recording stops.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) ruleset: usize,
    pub(super) rule: usize,
    pub(super) loops: usize,
    pub(super) workspace: Places,
    /// In front of the call that the next frame is; none for the last frame.
    pub(super) head: Option<Places>,
    /// A right-hand side for which maps are to be asked, and how much of it is settled.
    pub(super) asking: Option<(Places, usize)>,
}

/// A ruleset that was entered or left on the way.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    pub(super) entered: bool,
    pub(super) ruleset: usize,
    pub(super) workspace: Places,
}

impl Recording {
    /// How much memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.key[..])
            + size_of_val(&self.places[..])
            + size_of_val(&self.own[..])
            + size_of_val(&self.spans[..])
            + self.own_text.len()
            + size_of_val(&self.passages[..])
            + size_of_val(&self.ends[..])
            + size_of_val(&self.stops[..])
    }

    /// The tokens that stand in these places; `base` is the workspace now with the own tokens behind it.
    #[inline]
    pub(super) fn tokens<'a>(
        &'a self,
        places: &Places,
        base: &'a [Token],
    ) -> impl Iterator<Item = Token> + 'a {
        // There is always a token: places are made from workspaces of the same length.
        let nothing = meta(Op::Hash);
        let places = self.places.get(places.clone()).unwrap_or_default();
        places.iter().map(move |at| base.get(usize::from(*at)).copied().unwrap_or(nothing))
    }

    /// Keeps the text of a row of tokens, each with its place in the workspace (`base`) or, if it is one of
    /// the recording's own, without: pieces as long as may be. `None` if there is no room.
    pub(super) fn add_text(
        &mut self,
        mut row: Vec<(Token, Option<u16>)>,
        base: &[Token],
        table: &TokenTable,
    ) -> Option<Spans> {
        find_places(&mut row, base, table);
        let Self { spans, own_text, .. } = self;
        let first = spans.len();
        let mut after_atom = false;
        for (token, place) in row {
            let blank = after_atom && token.is_atom();
            after_atom = token.is_atom();
            let text = own_text.len();
            if place.is_none() {
                table.put_text(token, own_text);
            }
            let own = |at: usize| u16::try_from(at).ok();
            let (start, end) = match place {
                Some(place) => (place, place.checked_add(1)?),
                None => (own(text)?, own(own_text.len())?),
            };
            let own = place.is_none();
            match spans.get_mut(first..).and_then(<[Span]>::last_mut) {
                Some(last) if !blank && last.own == own && last.end == start => last.end = end,
                _ => spans.push(Span { blank, own, start, end }),
            }
        }
        self.own_quoted |= has_quotes(own_text);
        self.own_loud |= !own_text.iter().all(|byte| is_sound(*byte));
        (spans.len() <= MAX_SPANS).then_some(first..spans.len())
    }

    /// The text of these spans instead of what `out` has; true if there may be quotes in it.
    #[inline]
    pub(super) fn put(&self, spans: &Spans, base: &Base, blank: u8, out: &mut Vec<u8>) -> bool {
        out.clear();
        for span in self.spans.get(spans.clone()).unwrap_or_default() {
            if span.blank {
                out.push(blank);
            }
            let (start, end) = (usize::from(span.start), usize::from(span.end));
            let text = match span.own {
                true => self.own_text.get(start..end),
                false => {
                    let place = |at: usize| base.starts.get(at).map(|place| *place as usize);
                    place(start).zip(place(end)).and_then(|(start, end)| base.text.get(start..end))
                }
            };
            out.extend_from_slice(text.unwrap_or_default());
        }
        base.quoted || self.own_quoted
    }

    /// The key of a question instead of what `out` has.
    #[inline]
    pub(super) fn put_key(&self, ask: &Ask, base: &Base, blank: u8, out: &mut Vec<u8>) {
        let quoted = self.put(&ask.key, base, ask.style.blank.unwrap_or(blank), out);
        finish_key(out, quoted && !ask.style.keep_quotes);
    }

    /// [`Recording::tokens`] instead of what `out` has.
    #[inline]
    pub(super) fn fill(&self, places: &Places, base: &[Token], out: &mut Vec<Token>) {
        out.clear();
        out.extend(self.tokens(places, base));
    }
}

/// Gives own operators the place beside their neighbour's if the same stands there in the workspace, so that
/// pieces get longer: the `@` that rules have put between user and host, where it was before.
fn find_places(row: &mut [(Token, Option<u16>)], base: &[Token], table: &TokenTable) {
    // What rules cannot tell from such an operator has the same text.
    let stands = |token: Token, place: &u16| {
        let text = table.text(token);
        base.get(usize::from(*place)) == Some(&token)
            && !token.is_atom()
            && matches!(text, [byte] if !byte.is_ascii_alphabetic())
    };
    let mut before = None;
    for (token, place) in row.iter_mut() {
        let beside = before.and_then(|before: u16| before.checked_add(1));
        *place = place.or(beside.filter(|place| stands(*token, place)));
        before = *place;
    }
    let mut behind = None;
    for (token, place) in row.iter_mut().rev() {
        let beside = behind.and_then(|behind: u16| behind.checked_sub(1));
        *place = place.or(beside.filter(|place| stands(*token, place)));
        behind = *place;
    }
}
