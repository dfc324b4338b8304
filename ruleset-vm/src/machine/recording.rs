//! What a recording holds ([`super::record`] makes them, [`super::replay`] plays them).

use std::ops::Range;

use cf_parser::text::{Name, Op};

use super::chain::Chain;
use super::lookup::Pending;
use crate::token::{Token, meta};

/// A row of places in the first workspace with the recording's own tokens behind it.
pub(super) type Places = Range<usize>;

/// One way through rules, on which maps may be asked that have no answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    /// Ruleset, rule, applications of it, rulesets that follow, and what rules see of each token.
    pub(super) key: Vec<u32>,
    pub(super) places: Vec<u16>,
    /// Tokens that rules put in.
    pub(super) own: Vec<Token>,
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
    /// [`work`](crate::limits::work) until here, in the ruleset of the chain that runs.
    pub(super) work: usize,
    /// Rulesets that follow the outermost one.
    pub(super) chain: Chain,
    /// What the way depends on from here.
    pub(super) on: On,
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
    pub(super) key: Places,
    pub(super) args: Box<[Places]>,
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

    /// [`Recording::tokens`] instead of what `out` has.
    #[inline]
    pub(super) fn fill(&self, places: &Places, base: &[Token], out: &mut Vec<Token>) {
        out.clear();
        out.extend(self.tokens(places, base));
    }
}
