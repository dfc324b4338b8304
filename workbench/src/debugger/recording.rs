//! Makes a run of the events that a tracer is told.

use ruleset_vm::Macros;
use ruleset_vm::machine::progress::progress;
use ruleset_vm::token::Token;
use ruleset_vm::trace::{Event, Scene, Tracer};

use super::run::{Happening, Moment, RuleText, RulesetText, Run};
use crate::engine::Unasked;
use crate::show::Look;
use crate::story::Asking;

/// Moments that are kept: an address of ordinary length takes some thousand.
const MOST_MOMENTS: usize = 100_000;
/// Words of workspaces that are kept.
const MOST_WORDS: usize = 4_000_000;

/// A ruleset that has begun and not ended.
struct Open {
    ruleset: usize,
    rule: Option<usize>,
    workspace: usize,
}

/// Records a run.
pub struct Recording {
    run: Run,
    open: Vec<Open>,
    words: usize,
    /// The workspace outside of all rulesets.
    outside: usize,
    /// Macros as they were when they were last looked at, sorted by name; empty before.
    current: Vec<(Vec<u8>, Vec<u8>)>,
    /// A map has answered since macros were last looked at.
    stale: bool,
    asking: Option<Asking>,
    /// Where in [`Unasked::lookup`]'s count the run began.
    first_lookup: usize,
}

impl Recording {
    /// A recording for an engine with these macros that has made so many lookups.
    #[must_use]
    pub fn new(macros: &Macros, lookups: usize) -> Self {
        let current = values(macros);
        let run = Run { macros: current.clone(), workspaces: vec![Vec::new()], ..Run::default() };
        Self {
            run,
            open: Vec::new(),
            words: 0,
            outside: 0,
            current: Vec::new(),
            stale: true,
            asking: None,
            first_lookup: lookups,
        }
    }

    /// What was recorded. `macros` are those at the end; lookups that were not asked are marked.
    #[must_use]
    pub fn finish(mut self, macros: &Macros, unasked: &[Unasked], conclusion: Vec<Vec<u8>>) -> Run {
        self.compare_macros(macros);
        self.open.clear();
        // the end is there even if there was more than is kept
        self.run.moments.push(Moment {
            happening: Happening::Ended,
            depth: 0,
            rule: None,
            workspace: self.outside,
        });
        let mut asked = self.first_lookup;
        for moment in &mut self.run.moments {
            let (asking, last) = match &mut moment.happening {
                Happening::Asked(asking) => (asking, false),
                Happening::Answered(asking) => (asking, true),
                _ => continue,
            };
            let found = unasked.iter().find(|unasked| unasked.lookup == asked);
            asking.unasked = found.map(|unasked| unasked.what.kind);
            asked += usize::from(last);
        }
        self.run.conclusion = conclusion;
        self.run
    }

    fn add(&mut self, happening: Happening) {
        if self.run.moments.len() >= MOST_MOMENTS || self.words >= MOST_WORDS {
            self.run.cut = true;
            return;
        }
        let (rule, workspace) = match self.open.last() {
            Some(open) => (Some((open.ruleset, open.rule)), open.workspace),
            None => (None, self.outside),
        };
        self.run.moments.push(Moment { happening, depth: self.open.len(), rule, workspace });
    }

    /// Keeps a workspace; where.
    fn keep(&mut self, tokens: &[Token], scene: Scene<'_>) -> usize {
        let last = self.run.workspaces.len() - 1;
        if self.run.cut {
            return last;
        }
        let words = crate::story::words(tokens, scene);
        if self.run.workspaces.get(last) == Some(&words) {
            return last;
        }
        self.words += words.len();
        self.run.workspaces.push(words);
        last + 1
    }

    fn work_on(&mut self, tokens: &[Token], scene: Scene<'_>) {
        let workspace = self.keep(tokens, scene);
        if let Some(open) = self.open.last_mut() {
            open.workspace = workspace;
        }
    }

    fn at_rule(&mut self, rule: Option<usize>, scene: Scene<'_>) {
        let Some(open) = self.open.last_mut() else { return };
        open.rule = rule;
        let (number, Some(index)) = (open.ruleset, rule) else { return };
        if self.run.rules.contains_key(&(number, index)) {
            return;
        }
        let set = scene.program.ruleset(number);
        if let Some((set, rule)) = set.and_then(|set| Some((set, set.rules.get(index)?))) {
            let look = Look::default();
            let code = set.code.get(rule.lhs.clone()).unwrap_or_default();
            let text = RuleText {
                lhs: code.iter().map(|i| look.instruction(i, scene.table)).collect(),
                rhs: look.right_side(set, rule, scene.table).trim_ascii_end().to_vec(),
                span: rule.span,
            };
            self.run.rules.insert((number, index), text);
        }
    }

    fn enter(&mut self, number: usize, tokens: &[Token], scene: Scene<'_>) {
        let set = scene.program.ruleset(number);
        let line = set.and_then(|set| set.rules.first()).map_or(0, |rule| rule.span.line);
        let name = scene.program.name(number);
        self.run.rulesets.entry(number).or_insert(RulesetText { name, line });
        let workspace = self.keep(tokens, scene);
        self.open.push(Open { ruleset: number, rule: None, workspace });
        self.add(Happening::Entered);
    }

    fn leave(&mut self, tokens: &[Token], scene: Scene<'_>) {
        self.work_on(tokens, scene);
        self.add(Happening::Left);
        if let Some(open) = self.open.pop()
            && self.open.is_empty()
        {
            self.outside = open.workspace;
            // between rulesets macros may be set, too
            self.stale = true;
        }
    }

    /// Notes what has another value than before.
    fn compare_macros(&mut self, macros: &Macros) {
        if !std::mem::take(&mut self.stale) || self.run.cut {
            return;
        }
        let now = values(macros);
        if self.current.is_empty() {
            // what was set on the way to the first rule was there from the beginning
            self.run.macros.clone_from(&now);
            self.current = now;
            return;
        }
        let find = |list: &[(Vec<u8>, Vec<u8>)], name: &[u8]| {
            let found = list.binary_search_by(|(known, _)| known.as_slice().cmp(name));
            found.ok().and_then(|index| list.get(index)).map(|(_, value)| value.clone())
        };
        let names = now.iter().chain(&self.current).map(|(name, _)| name.clone());
        let names: std::collections::BTreeSet<Vec<u8>> = names.collect();
        for name in names {
            let value = find(&now, &name);
            if value != find(&self.current, &name) {
                self.add(Happening::Set { name, value });
            }
        }
        self.current = now;
    }
}

/// All macros with their values, sorted by name.
fn values(macros: &Macros) -> Vec<(Vec<u8>, Vec<u8>)> {
    let value = |name: cf_parser::Name| {
        let name = name.as_bytes().to_vec();
        let value = macros.value(&name);
        (name, value)
    };
    let mut values: Vec<_> = macros.names().into_iter().map(value).collect();
    values.sort_unstable();
    values
}

impl Tracer for Recording {
    fn wants_rules(&self) -> bool {
        true
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        match event {
            Event::Enter { ruleset, workspace } => self.enter(*ruleset, workspace, scene),
            Event::Leave { workspace, .. } => self.leave(workspace, scene),
            Event::Try { ruleset, rule, subject } => {
                self.compare_macros(subject.macros);
                self.at_rule(Some(*rule), scene);
                if self.run.cut {
                    return;
                }
                let set = scene.program.ruleset(*ruleset);
                let code = set.and_then(|set| set.code.get(set.rules.get(*rule)?.lhs.clone()));
                let far = progress(code.unwrap_or_default(), *subject);
                self.add(Happening::Failed { good: far.instructions, used: far.tokens });
            }
            Event::Match { captures, .. } => {
                let took = captures.iter().map(|taken| (taken.start, taken.end)).collect();
                // it was thought to fail
                if !self.run.cut
                    && let Some(moment) = self.run.moments.last_mut()
                {
                    moment.happening = Happening::Matched(took);
                }
            }
            Event::Rewritten { rule, workspace, .. } => {
                self.at_rule(Some(*rule), scene);
                self.work_on(workspace, scene);
                self.add(Happening::Rewritten);
            }
            Event::Asked { map, key, args } => {
                let (map, key) = (map.to_vec(), key.to_vec());
                let asking = Asking { map, key, args: args.to_vec(), ..Asking::default() };
                self.asking = Some(asking.clone());
                self.add(Happening::Asked(asking));
            }
            Event::Answered { value, .. } => {
                let mut asking = self.asking.take().unwrap_or_default();
                asking.value = value.map(<[u8]>::to_vec);
                self.stale = true;
                self.add(Happening::Answered(asking));
            }
            Event::Macro { name, value } => {
                let value = value.map(<[u8]>::to_vec);
                self.add(Happening::Read { name: name.to_vec(), value });
            }
            Event::Skipped { ruleset } => {
                self.add(Happening::Skipped(scene.program.name(*ruleset)));
            }
            Event::Looping { .. } => self.add(Happening::Looping),
            Event::Message(text) => self.add(Happening::Said(text.to_vec())),
            _ => {}
        }
    }
}
