//! A compiled configuration's rules: names, rulesets, and one flat instruction array for each.

use std::ops::Range;
use std::sync::Arc;

use cf_parser::Span;
use cf_parser::text::{Name, Op, Piece};
use hashbrown::{HashMap, HashSet};

use crate::classes::{ClassId, Classes};
use crate::filter::{Filter, Heads};
use crate::limits::{MAX_NUMBERED, MAX_RULESETS};
use crate::machine::glob::Glob;
use crate::operators::Operators;
use crate::prescan::{Mode, Sink, prescan_into};
use crate::token::{Kind, ProgramTexts, Token, meta};

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
    /// Its left-hand side, if it can be matched without going back.
    pub(crate) glob: Option<Glob>,
    /// Its right-hand side for putting together; made when all rules are known.
    pub(crate) parts: Vec<Part>,
    /// What is to be done with its right-hand side.
    pub(crate) steering: Steering,
}

/// A part of a right-hand side.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// These tokens.
    Tokens(Box<[Token]>),
    /// `$>`: a token, too, but one whose place counts.
    Call,
    /// What a wildcard took.
    Copy(u8),
    /// The value of a macro.
    Deferred(Name),
}

/// Parts that most right-hand sides have room in.
const FEW_PARTS: usize = 4;

impl Part {
    fn of(rhs: &[Instr]) -> Vec<Self> {
        let mut parts = Vec::with_capacity(rhs.len().min(FEW_PARTS));
        let mut rest = rhs;
        while let Some((first, behind)) = rest.split_first() {
            let length = rest.iter().map_while(Self::token).count();
            if length > 0 {
                let mut row = Vec::with_capacity(length);
                row.extend(rest.iter().map_while(Self::token));
                parts.push(Self::Tokens(row.into()));
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            match first {
                Instr::Emit(_) => parts.push(Self::Call),
                Instr::Copy(number) => parts.push(Self::Copy(*number)),
                Instr::Deferred(name) => parts.push(Self::Deferred(name.clone())),
                _ => {}
            }
            rest = behind;
        }
        parts
    }

    /// The token that an instruction puts, unless it is a call.
    fn token(instr: &Instr) -> Option<Token> {
        const CALL: Token = meta(Op::Call);
        match instr {
            Instr::Emit(token) if *token == CALL => None,
            Instr::Emit(token) | Instr::Literal(token) | Instr::Inert(token) => Some(*token),
            _ => None,
        }
    }
}

/// What is to be done with a right-hand side when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steering {
    /// It is the new workspace.
    None,
    /// One ruleset is called; the target is known once all rules are.
    Call {
        /// Its number, if it has rules.
        target: Option<usize>,
    },
    /// One is called that has no rules.
    Skip {
        /// Its number.
        target: usize,
    },
    /// Several are called.
    Calls,
    /// Maps are asked, and rulesets may be called.
    Lookups,
}

/// A ruleset.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// Instructions of all its rules.
    pub code: Vec<Instr>,
    /// Its rules in order.
    pub rules: Vec<Rule>,
    /// Which of them could match.
    pub(crate) filter: Filter,
}

/// All rulesets of a configuration.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) texts: Arc<ProgramTexts>,
    pub(crate) operators: Operators,
    pub(crate) comments_in_rules: bool,
    pub(crate) blank_sub: u8,
    pub(crate) rulesets: Vec<Ruleset>,
    pub(crate) numbers: HashMap<Vec<u8>, usize>,
    /// By number.
    pub(crate) shown_names: Vec<Option<Vec<u8>>>,
    /// Names for which there was no number left.
    pub(crate) refused: HashSet<Vec<u8>>,
}

/// The words of classes with more members get no symbols: that is for what most addresses have.
const MAX_NAMED: usize = 256;

/// Gives words symbols, so that a class need not look at their texts (see `opaque` of the matcher).
struct Naming<'t>(&'t mut ProgramTexts);

impl Sink for Naming<'_> {
    fn word(&mut self, kind: Kind, text: &[u8]) {
        self.0.name(kind, text);
    }

    fn piece(&mut self, _piece: &Piece) {}
}

/// Why a text stands for no ruleset (RS-024, RS-025), in the oracle's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRuleset {
    /// No ruleset of this name; the caller has words for it.
    #[error("unknown ruleset")]
    Unknown,
    /// Neither a letter nor a digit in front.
    #[error("invalid ruleset name: \"{}\"", seven_bits(.0.get(..SHOWN_NAME).unwrap_or(.0)))]
    BadName(Vec<u8>),
    /// A number that configurations may not use.
    #[error("bad ruleset {0} ({MAX_NUMBERED} max)")]
    BadNumber(usize),
    /// The file had one name too many.
    #[error("{}: too many named rulesets ({MAX_NUMBERED} max)", String::from_utf8_lossy(.0))]
    Refused(Vec<u8>),
}

/// Messages are shown in seven bits (observed).
pub(crate) fn seven_bits(name: &[u8]) -> String {
    name.iter().map(|byte| char::from(byte & 0x7f)).collect()
}

/// How much of a refused name is shown (observed).
const SHOWN_NAME: usize = 20;

/// A byte of a ruleset's name behind the first.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The decimal number in front of a text: `010` is 10 (observed).
pub(crate) fn decimal_number(text: &[u8]) -> usize {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0usize, |n, digit| n.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
}

/// A quoted name loses its quotes.
pub(crate) fn unquote(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name)
}

impl Default for Program {
    fn default() -> Self {
        Self {
            texts: Arc::default(),
            operators: Operators::default(),
            comments_in_rules: true,
            blank_sub: b' ',
            rulesets: vec![Ruleset::default(); MAX_RULESETS],
            numbers: HashMap::new(),
            shown_names: vec![None; MAX_RULESETS],
            refused: HashSet::new(),
        }
    }
}

impl Program {
    /// The number behind a ruleset's name or digits; trailing text is ignored as the oracle does.
    #[must_use]
    pub fn number(&self, name: &[u8]) -> Option<usize> {
        self.find(name).ok()
    }

    /// [`Program::number`] with what the oracle says of a name that stands for no ruleset.
    ///
    /// # Errors
    /// See [`NoRuleset`]; the oracle says `Undefined ruleset` or `Unknown ruleset` besides.
    pub fn find(&self, name: &[u8]) -> Result<usize, NoRuleset> {
        let name = name.trim_ascii_start();
        match name.first() {
            Some(b'0'..=b'9') => {
                let number = decimal_number(name);
                if number < MAX_NUMBERED { Ok(number) } else { Err(NoRuleset::BadNumber(number)) }
            }
            Some(first) if first.is_ascii_alphabetic() => {
                let end = name.iter().take_while(|b| is_name_byte(**b)).count();
                let name = name.get(..end).unwrap_or_default();
                match self.numbers.get(name) {
                    Some(number) => Ok(*number),
                    None if self.refused.contains(name) => Err(NoRuleset::Refused(name.to_vec())),
                    None => Err(NoRuleset::Unknown),
                }
            }
            _ => Err(NoRuleset::BadName(name.to_vec())),
        }
    }

    /// The name shown in traces: the last one declared, or the number.
    #[must_use]
    pub fn name(&self, number: usize) -> Vec<u8> {
        let name = self.shown_name(number);
        name.map_or_else(|| number.to_string().into_bytes(), <[u8]>::to_vec)
    }

    /// [`Program::name`] if it is not the number.
    #[must_use]
    pub fn shown_name(&self, number: usize) -> Option<&[u8]> {
        self.shown_names.get(number)?.as_deref()
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

    /// Prepares for running what depends on all rules.
    pub(crate) fn finish(&mut self, classes: &Classes) {
        self.renew(classes);
        let names: Vec<_> = self.rulesets.iter().map(|set| self.call_targets(set)).collect();
        for (set, targets) in self.rulesets.iter_mut().zip(names) {
            for (rule, target) in set.rules.iter_mut().zip(targets) {
                if let Some((target, has_rules)) = target
                    && matches!(rule.steering, Steering::Call { .. })
                {
                    rule.steering = match has_rules {
                        true => Steering::Call { target: Some(target) },
                        false => Steering::Skip { target },
                    };
                }
            }
            let Ruleset { code, rules, filter } = set;
            filter.finish(|rule| {
                rules.get(rule).and_then(|rule| code.get(rule.lhs.clone())).unwrap_or_default()
            });
        }
    }

    /// Takes in how the members of classes begin now.
    pub(crate) fn renew(&mut self, classes: &Classes) {
        let code = || self.rulesets.iter().flat_map(|set| &set.code);
        let mut ids: Vec<ClassId> = code()
            .filter_map(|instr| match instr {
                Instr::Class(id, _) | Instr::NotClass(id, _) => Some(*id),
                _ => None,
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let texts = Arc::make_mut(&mut self.texts);
        let (mode, mut room) = (Mode::of_text(&self.operators), Vec::new());
        // addresses and answers of maps have those that no rule names, too
        for byte in (b'!'..=b'~').filter(|byte| self.operators.contains(*byte)) {
            texts.add(Kind::Operator, &[byte]);
        }
        for id in &ids {
            let mut words: Vec<&[u8]> = classes.few(*id, MAX_NAMED).collect();
            words.sort_unstable();
            for word in words {
                prescan_into(word, mode, &mut Naming(texts), &mut room);
            }
        }
        texts.set_heads(Heads::of_classes(classes, &ids));
        let texts = Arc::clone(&self.texts);
        for instr in self.rulesets.iter_mut().flat_map(|set| &mut set.code) {
            if let Instr::Emit(token) | Instr::Literal(token) | Instr::Inert(token) = instr {
                *token = texts.renewed(*token);
            }
        }
        for Ruleset { code, rules, .. } in &mut self.rulesets {
            for rule in rules {
                rule.parts = Part::of(code.get(rule.rhs.clone()).unwrap_or_default());
            }
        }
    }

    /// For each rule with one call the ruleset it calls, and whether that has rules.
    fn call_targets(&self, set: &Ruleset) -> Vec<Option<(usize, bool)>> {
        let target = |rule: &Rule| {
            let rhs = set.code.get(rule.rhs.clone())?;
            let call = rhs.iter().position(|instr| *instr == Instr::Emit(meta(Op::Call)))?;
            let Instr::Emit(name) = rhs.get(call + 1)? else { return None };
            self.callee(*name)
        };
        set.rules.iter().map(target).collect()
    }

    /// The ruleset that a token of a rule behind `$>` names, and whether that has rules.
    pub(crate) fn callee(&self, name: Token) -> Option<(usize, bool)> {
        let number = self.number(unquote(self.texts.text(name)))?;
        Some((number, self.ruleset(number).is_some_and(|set| !set.rules.is_empty())))
    }

    /// How many numbers rulesets have; not each of them has one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rulesets.len()
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

    /// Option `BlankSub`; a space by default.
    #[must_use]
    pub fn blank_sub(&self) -> u8 {
        self.blank_sub
    }

    /// The texts that rules name.
    #[must_use]
    pub fn texts(&self) -> &Arc<ProgramTexts> {
        &self.texts
    }
}
