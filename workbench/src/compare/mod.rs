//! Two configurations on the same addresses: what differs, and by which rule.

pub mod cause;
pub mod facets;
pub mod render;
pub mod tally;
pub mod traced;
pub mod transcript;

pub use cause::{Cause, Trail};
pub use facets::{Facet, Plan};
pub use tally::{Example, Tally};

use crate::answering::MapServices;
use crate::engine::Engine;
use facets::Results;

/// Two engines side by side.
pub struct Pair<S> {
    plan: Plan,
    old: Engine<S>,
    new: Engine<S>,
    results: (Results, Results),
}

impl<S: MapServices> Pair<S> {
    /// Compares by this plan.
    #[must_use]
    pub fn new(plan: Plan, old: Engine<S>, new: Engine<S>) -> Self {
        Self { plan, old, new, results: (Results::default(), Results::default()) }
    }

    /// Compares the two on one address.
    pub fn compare(&mut self, address: &[u8], tally: &mut Tally) {
        let (old, new) = &mut self.results;
        self.plan.evaluate(facets::Side::Old, &mut self.old, address, old);
        self.plan.evaluate(facets::Side::New, &mut self.new, address, new);
        tally.addresses += 1;
        tally.unanswered.take(&mut self.old);
        tally.unanswered.take(&mut self.new);
        if old == new {
            return;
        }
        let facets = self.plan.facets().iter().enumerate();
        let different: Vec<(Facet, Vec<u8>, Vec<u8>)> = facets
            .map(|(at, facet)| (*facet, old.of(at), new.of(at)))
            .filter(|(_, old, new)| old != new)
            .map(|(facet, old, new)| (facet, old.to_vec(), new.to_vec()))
            .collect();
        let Some((first, ..)) = different.first() else { return };
        let cause = self.cause(address, *first);
        let examples = different.into_iter().map(|(facet, old, new)| Example {
            address: address.to_vec(),
            facet: self.plan.name(facet),
            old,
            new,
        });
        tally.count(cause, examples.collect());
    }

    /// The first event in which the two part on the way to one result.
    fn cause(&mut self, address: &[u8], facet: Facet) -> Cause {
        let mut old = Trail::new(&self.plan.texts.0);
        self.plan.follow(facets::Side::Old, &mut self.old, address, facet, &mut old);
        let mut new = Trail::new(&self.plan.texts.1);
        self.plan.follow(facets::Side::New, &mut self.new, address, facet, &mut new);
        let cause = Cause::of(old, new);
        // the same questions as before
        for engine in [&mut self.old, &mut self.new] {
            engine.forget_unanswered();
        }
        cause
    }
}
