//! Differences for people and for machines.

use cf_parser::Name;
use ruleset_vm::load::Configuration;
use ruleset_vm::program::Instr;

use super::cause::{Cause, RuleNumber};
use super::facets::Plan;
use super::tally::{Example, Group, Tally};
use crate::json::{Value, json, text};
use crate::source::Source;

/// One side as it is shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// What was loaded.
    pub configuration: &'a Configuration,
    /// The file.
    pub source: &'a Source,
}

/// Everything that is needed to name causes.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// The first side.
    pub old: Shown<'a>,
    /// The second.
    pub new: Shown<'a>,
    /// What was compared.
    pub plan: &'a Plan,
}

impl Report<'_> {
    /// The whole report.
    #[must_use]
    pub fn text(self, tally: &Tally) -> Vec<u8> {
        let mut out = Vec::new();
        let only = [(&self.plan.only_old, self.old), (&self.plan.only_new, self.new)];
        for (names, side) in only.into_iter().filter(|(names, _)| !names.is_empty()) {
            let file = side.source.name();
            out.extend([b"only in ", file, b": mailers ", &names.join(&b", "[..]), b"\n"].concat());
        }
        let (all, different) = (tally.addresses, tally.different());
        let same = all.saturating_sub(different);
        out.extend(
            format!("{all} addresses: {same} the same, {different} different\n").into_bytes(),
        );
        for (cause, group) in tally.groups() {
            out.extend(self.group(cause, group));
        }
        if tally.others > 0 {
            out.extend(
                format!("\n{} by causes too many to tell apart\n", tally.others).into_bytes(),
            );
        }
        out.extend(tally.unanswered.text());
        out
    }

    fn group(self, cause: &Cause, group: &Group) -> Vec<u8> {
        let mut out = format!("\n{} addresses, because ", group.addresses).into_bytes();
        out.extend(self.cause(cause));
        let facets = group.facets.iter().map(|(facet, count)| {
            [b"    ", &facet[..], format!(": {count}\n").as_bytes()].concat()
        });
        out.extend(facets.collect::<Vec<_>>().concat());
        for example in &group.examples {
            out.extend(example_text(example));
        }
        out
    }

    /// A cause in words, several lines.
    fn cause(self, cause: &Cause) -> Vec<u8> {
        match cause {
            Cause::Rules { old, new } => self.rules(*old, *new),
            Cause::Map(name) => [b"map ", &name[..], b" answers otherwise\n"].concat(),
            Cause::Macro(name) => [b"macro {", &name[..], b"} has another value\n"].concat(),
            Cause::Around => {
                b"the same rules fire, but what is around them differs: a mailer, an option\n"
                    .to_vec()
            }
            Cause::Ruleset(name) if name.is_empty() => b"the results differ\n".to_vec(),
            Cause::Ruleset(name) => [b"ruleset ", &name[..], b" does something else\n"].concat(),
        }
    }

    fn rules(self, old: Option<RuleNumber>, new: Option<RuleNumber>) -> Vec<u8> {
        let mut out = b"other rules fire\n".to_vec();
        for (sign, side, rule) in [(b"  - ", self.old, old), (b"  + ", self.new, new)] {
            out.extend_from_slice(sign);
            match rule.and_then(|rule| Some((rule, rule.span(&side.configuration.program)?))) {
                Some((rule, span)) => {
                    let name = side.configuration.program.name(rule.ruleset);
                    out.extend([&side.source.place(span.line)[..], b" (", &name, b")  "].concat());
                    out.extend_from_slice(side.source.line(span.line));
                }
                None => out.extend_from_slice(b"no more rules"),
            }
            out.push(b'\n');
        }
        out.extend(self.why(old, new));
        out
    }

    /// What may explain that a rule which both have fires on one side only: a class.
    fn why(self, old: Option<RuleNumber>, new: Option<RuleNumber>) -> Vec<u8> {
        let texts = (&self.plan.texts.0, &self.plan.texts.1);
        let mut out = Vec::new();
        if let Some(rule) = old
            && let Some(twin) = self
                .same_ruleset(self.old, self.new, rule)
                .and_then(|set| texts.1.twin(set, rule, texts.0))
        {
            out.extend(self.not_there(self.old, rule, self.new, twin));
        }
        if let Some(rule) = new
            && let Some(twin) = self
                .same_ruleset(self.new, self.old, rule)
                .and_then(|set| texts.0.twin(set, rule, texts.1))
        {
            out.extend(self.not_there(self.new, rule, self.old, twin));
        }
        out
    }

    /// The number of the other side's ruleset of the same name.
    fn same_ruleset(self, here: Shown<'_>, there: Shown<'_>, rule: RuleNumber) -> Option<usize> {
        there.configuration.program.number(&here.configuration.program.name(rule.ruleset))
    }

    fn not_there(
        self,
        here: Shown<'_>,
        rule: RuleNumber,
        there: Shown<'_>,
        twin: RuleNumber,
    ) -> Vec<u8> {
        let different: Vec<Vec<u8>> = classes(here.configuration, rule)
            .into_iter()
            .filter(|name| members(here.configuration, name) != members(there.configuration, name))
            .map(|name| [b"{", name.as_bytes(), b"}"].concat())
            .collect();
        let Some(span) = twin.span(&there.configuration.program).filter(|_| !different.is_empty())
        else {
            return Vec::new();
        };
        let place = there.source.place(span.line);
        let names = different.join(&b", "[..]);
        [
            b"    the rule is at ",
            &place[..],
            b" as well, but the members of class ",
            &names,
            b" differ\n",
        ]
        .concat()
    }

    /// An object for each cause, then one for all.
    #[must_use]
    pub fn json(self, tally: &Tally) -> Vec<Value> {
        let mut objects: Vec<Value> =
            tally.groups().into_iter().map(|(cause, group)| self.object(cause, group)).collect();
        objects.extend(tally.unanswered.json());
        let names = |names: &[Vec<u8>]| crate::json::texts(names);
        objects.push(json!({
            "type": "difference_summary",
            "addresses": tally.addresses,
            "different": tally.different(),
            "old": text(self.old.source.name()),
            "new": text(self.new.source.name()),
            "mailers_only_old": names(&self.plan.only_old),
            "mailers_only_new": names(&self.plan.only_new),
        }));
        objects
    }

    fn object(self, cause: &Cause, group: &Group) -> Value {
        let facets: Vec<Value> = group
            .facets
            .iter()
            .map(|(facet, count)| json!({ "facet": text(facet), "addresses": count }))
            .collect();
        let examples: Vec<Value> = group.examples.iter().flatten().map(example_object).collect();
        let mut object = json!({
            "type": "difference",
            "addresses": group.addresses,
            "facets": facets,
            "examples": examples,
        });
        let details = match cause {
            Cause::Rules { old, new } => json!({
                "cause": "rules",
                "old_rule": old.map(|rule| rule_object(self.old, rule)),
                "new_rule": new.map(|rule| rule_object(self.new, rule)),
            }),
            Cause::Map(name) => json!({ "cause": "map", "map": text(name) }),
            Cause::Macro(name) => json!({ "cause": "macro", "macro": text(name) }),
            Cause::Around => json!({ "cause": "definitions" }),
            Cause::Ruleset(name) => json!({ "cause": "ruleset", "ruleset": text(name) }),
        };
        if let (Some(object), Value::Object(details)) = (object.as_object_mut(), details) {
            object.extend(details);
        }
        object
    }
}

fn rule_object(side: Shown<'_>, rule: RuleNumber) -> Value {
    let program = &side.configuration.program;
    let line = rule.span(program).map(|span| span.line);
    json!({
        "ruleset": text(&program.name(rule.ruleset)),
        "line": line,
        "text": line.map(|line| text(side.source.line(line))),
    })
}

fn example_object(example: &Example) -> Value {
    json!({
        "address": text(&example.address),
        "facet": text(&example.facet),
        "old": text(&example.old),
        "new": text(&example.new),
    })
}

fn example_text(examples: &[Example]) -> Vec<u8> {
    /// Results of one address that are shown.
    const SHOWN: usize = 4;
    let mut out = Vec::new();
    if let Some(first) = examples.first() {
        out.extend([b"  ", &first.address[..], b"\n"].concat());
    }
    for Example { facet, old, new, .. } in examples.iter().take(SHOWN) {
        let line = |sign: &[u8], text: &[u8]| [b"    ", sign, b" ", text, b"\n"].concat();
        out.extend([b"    ", &facet[..], b"\n"].concat());
        out.extend(line(b"  -", &one_line(old)));
        out.extend(line(b"  +", &one_line(new)));
    }
    if let Some(more) = examples.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        out.extend(format!("    and {more} more\n").into_bytes());
    }
    out
}

fn one_line(text: &[u8]) -> Vec<u8> {
    bstr::ByteSlice::replace(text, "\n", " | ")
}

/// The classes that the left-hand side of a rule asks.
fn classes(configuration: &Configuration, rule: RuleNumber) -> Vec<Name> {
    let set = configuration.program.ruleset(rule.ruleset);
    let Some((set, rule)) = set.and_then(|set| Some((set, set.rules.get(rule.rule)?))) else {
        return Vec::new();
    };
    let code = set.code.get(rule.lhs.clone()).unwrap_or_default();
    let names = code.iter().filter_map(|instr| match instr {
        Instr::Class(_, name) | Instr::NotClass(_, name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

fn members(configuration: &Configuration, class: &Name) -> Vec<Vec<u8>> {
    let mut words = configuration.classes.list(class);
    words.sort_unstable();
    words
}
