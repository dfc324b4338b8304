//! A compiled configuration's rules: names, rulesets, and one flat instruction array for each.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cf_parser::Span;
use cf_parser::text::Name;

use crate::classes::ClassId;
use crate::limits::MAX_RULESETS;
use crate::prescan::Operators;
use crate::token::{ProgramTexts, Token};

/// One instruction of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instr {
    /// Match this token.
    Literal(Token),
    /// `$*`
    ZeroOrMore,
    /// `$+`
    OneOrMore,
    /// `$-`
    One,
    /// `$=x`: a phrase of the class.
    Class(ClassId, Name),
    /// `$~x`: one token that is not in the class.
    NotClass(ClassId, Name),
    /// `$@` on the left: nothing.
    Nothing,
    /// `$&x`: the macro's value when the rule runs; matched on the left, put on the right.
    Deferred(Name),
    /// Put this token.
    Emit(Token),
    /// `$1` to `$9`: put what the n-th wildcard matched.
    Copy(u8),
    /// An operator that the oracle refuses here with a message but keeps; matches nothing.
    Inert(Token),
}

/// What happens after a rule has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Try the same rule again.
    Repeat,
    /// `$:` in front: go on with the next rule.
    Next,
    /// `$@` or `$#` in front: leave the ruleset.
    Return,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its left-hand side in the ruleset's code.
    pub lhs: Range<usize>,
    /// Its right-hand side in the ruleset's code, a `$:` or `$@` in front left out.
    pub rhs: Range<usize>,
    /// The `$:` or `$@` left out, for listings.
    pub prefix: Option<Token>,
    /// What follows.
    pub after: After,
    /// Where the rule stands.
    pub span: Span,
    /// Fewest tokens it can match.
    pub min_tokens: usize,
    /// It matches no more than `min_tokens` tokens.
    pub fixed: bool,
    /// Bits of the literals it needs.
    pub needs: u64,
}

/// A ruleset.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// Instructions of all its rules.
    pub code: Vec<Instr>,
    /// Its rules in order.
    pub rules: Vec<Rule>,
}

/// All rulesets of a configuration.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) texts: Arc<ProgramTexts>,
    pub(crate) operators: Operators,
    pub(crate) comments_in_rules: bool,
    pub(crate) rulesets: Vec<Ruleset>,
    pub(crate) numbers: HashMap<Vec<u8>, usize>,
    pub(crate) shown_names: HashMap<usize, Vec<u8>>,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            texts: Arc::default(),
            operators: Operators::default(),
            comments_in_rules: true,
            rulesets: vec![Ruleset::default(); MAX_RULESETS],
            numbers: HashMap::new(),
            shown_names: HashMap::new(),
        }
    }
}

impl Program {
    /// The number behind a ruleset's name or digits; trailing text is ignored as the oracle does.
    #[must_use]
    pub fn number(&self, name: &[u8]) -> Option<usize> {
        let start = name.iter().position(|b| !b.is_ascii_whitespace())?;
        let name = &name[start..];
        let digits = name.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            let number = std::str::from_utf8(&name[..digits]).ok()?.parse().ok()?;
            return (number < MAX_RULESETS / 2).then_some(number);
        }
        let end = name.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        self.numbers.get(&name[..end]).copied()
    }

    /// The name shown in traces: the last one declared, or the number.
    #[must_use]
    pub fn name(&self, number: usize) -> Vec<u8> {
        self.shown_names.get(&number).cloned().unwrap_or_else(|| number.to_string().into_bytes())
    }

    /// A ruleset; numbers without rules have an empty one.
    #[must_use]
    pub fn ruleset(&self, number: usize) -> Option<&Ruleset> {
        self.rulesets.get(number)
    }

    /// Whether a ruleset of this name has rules.
    #[must_use]
    pub fn has_rules(&self, name: &[u8]) -> bool {
        self.number(name).and_then(|n| self.ruleset(n)).is_some_and(|set| !set.rules.is_empty())
    }

    /// The names of all rulesets, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<Vec<u8>> {
        let mut names: Vec<_> = self.numbers.keys().cloned().collect();
        names.sort();
        names
    }

    /// The operator characters in force.
    #[must_use]
    pub fn operators(&self) -> &Operators {
        &self.operators
    }

    /// Whether rules (and `-bt` input) lose RFC 822 comments: below V9.
    #[must_use]
    pub fn comments_in_rules(&self) -> bool {
        self.comments_in_rules
    }

    /// The texts that rules name.
    #[must_use]
    pub fn texts(&self) -> &Arc<ProgramTexts> {
        &self.texts
    }
}
