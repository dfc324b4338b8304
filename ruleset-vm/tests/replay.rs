//! Rules that ask maps do the same whether a tracer watches each of them or what they did before is
//! replayed, whatever maps answer.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code, reason = "the world is needed, the naive engine knows no maps")]
mod naive;
#[allow(dead_code, reason = "rules and addresses are needed, single-rule generators are not")]
mod random;

use std::hash::{DefaultHasher, Hash, Hasher};

use naive::world::loaded;
use proptest::prelude::*;
use random::{Address, Program, address, program, rule, twin};
use ruleset_vm::load::Configuration;
use ruleset_vm::trace::{Event, Scene, Tracer};
use ruleset_vm::{
    Answer, Exit, KeyStyle, KnownMaps, Lookups, Machine, Macros, Question, Request, Rewriter,
};

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Happened {
    Entered(usize, Vec<u8>),
    Left(usize, Vec<u8>),
    Said(Vec<u8>),
    /// A map without an answer, whatever the arguments are, and the key.
    Missed(Vec<u8>, Vec<u8>),
    Asked(Request),
}

/// Answers by the hash of the question, and writes questions down.
struct Maps<'a> {
    log: &'a std::cell::RefCell<Vec<Happened>>,
    salt: u64,
}

impl KnownMaps for Maps<'_> {
    fn key_style(&self, map: &[u8]) -> Option<KeyStyle> {
        match map {
            b"quoting" => Some(KeyStyle { keep_quotes: true, blank: Some(b'+'), number: 0 }),
            b"plain" | b"host" => Some(KeyStyle::default()),
            _ => None,
        }
    }

    fn has_none(&mut self, question: Question<'_>) -> bool {
        let mut hasher = DefaultHasher::new();
        (self.salt, question.map, question.key).hash(&mut hasher);
        let has_none = hasher.finish().is_multiple_of(3);
        if has_none {
            let missed = Happened::Missed(question.map.to_vec(), question.key.to_vec());
            self.log.borrow_mut().push(missed);
        }
        has_none
    }
}

impl Lookups for Maps<'_> {
    fn lookup(&mut self, request: &Request, macros: &mut Macros) -> Answer {
        self.log.borrow_mut().push(Happened::Asked(request.clone()));
        let mut hasher = DefaultHasher::new();
        (self.salt, &request.map, &request.key, &request.args).hash(&mut hasher);
        let value = || [b"found.", request.key.as_slice()].concat();
        match hasher.finish() % 16 {
            0 => Answer::Found(value()),
            1 => Answer::Found(b"a.b @ c".to_vec()),
            7 => Answer::Found(b"a.b@c".to_vec()),
            2 => Answer::Found(Vec::new()),
            3 => Answer::Failed(Exit::TEMPFAIL),
            4 => Answer::Substitute(value(), Exit::TEMPFAIL),
            // As a `macro` map does; rules read `$&U`.
            5 => {
                macros.set(b"U", b"set");
                Answer::NotFound
            }
            6 => {
                macros.clear(b"U");
                Answer::NotFound
            }
            _ => Answer::NotFound,
        }
    }
}

struct Watcher<'a> {
    log: &'a std::cell::RefCell<Vec<Happened>>,
    rules: bool,
}

impl Tracer for Watcher<'_> {
    fn wants_rules(&self) -> bool {
        self.rules
    }

    fn event(&mut self, scene: Scene<'_>, event: &Event<'_>) {
        let text = |workspace: &[_]| scene.table.join(workspace, Some(b' '));
        self.log.borrow_mut().push(match event {
            Event::Enter { ruleset, workspace } => Happened::Entered(*ruleset, text(workspace)),
            Event::Leave { ruleset, workspace } => Happened::Left(*ruleset, text(workspace)),
            Event::Message(text) => Happened::Said(text.to_vec()),
            _ => return,
        });
    }
}

/// The first two rulesets for an address, one by one if rules are watched, else as a chain: what
/// happened, the tokens that were left, the status.
fn run(
    machine: &mut Machine,
    configuration: &Configuration,
    address: &str,
    rules: bool,
    salt: u64,
) -> (Vec<Happened>, Vec<Vec<u8>>, Exit) {
    let log = std::cell::RefCell::new(Vec::new());
    let mut macros = configuration.macros.clone();
    let rulesets = [b"s0", b"s1"].map(|name| configuration.program.number(name).unwrap());
    let mut rewriter = Rewriter {
        machine,
        configuration,
        macros: &mut macros,
        lookups: &mut Maps { log: &log, salt },
        tracer: &mut Watcher { log: &log, rules },
    };
    let tokens = rewriter.tokenize(address.as_bytes(), None).0.unwrap_or_default();
    let outcome = if rules {
        let first = rewriter.apply(rulesets[0], tokens);
        let mut second = rewriter.apply(rulesets[1], first.workspace);
        if first.exit == Exit::TEMPFAIL {
            second.exit = first.exit;
        }
        second
    } else {
        rewriter.apply_all(rulesets[0], &rulesets[1..], tokens)
    };
    let table = rewriter.machine.table();
    let left = outcome.workspace.iter().map(|token| table.text(*token).to_vec()).collect();
    (log.into_inner(), left, outcome.exit)
}

/// Some wildcards on right-hand sides are keys, arguments and defaults of lookups. Rulesets call later
/// ones only: those that call themselves can go on for long.
fn with_lookups(cf: &str) -> String {
    const FORMS: [&str; 9] = [
        "$( plain @ $: @ . $)",
        "$( plain @ $)",
        "$( plain . @ $@ @ $@ x y $: no $)",
        "$( quoting @ @ $: a b . @ $)",
        "$[ @ $]",
        "$[ @ $: @ ! $]",
        "$( unknown @ $: none $)",
        "$( plain @ $: < @ > $) $( plain x . @ $: $)",
        "$>s3 $( plain @ $: @ $) ! @",
    ];
    let (mut count, mut own) = (0, 0);
    let mut line = |line: &str| {
        if let Some(number) = line.strip_prefix("Ss") {
            own = number.parse().unwrap_or(0);
        }
        let later = |call: &str| call.parse().is_ok_and(|callee: usize| callee > own);
        let Some((left, right)) = line.strip_prefix('R').and_then(|rule| rule.split_once('\t'))
        else {
            return line.to_owned();
        };
        let part = |part: &str| {
            count += 1;
            let wildcard = matches!(part.as_bytes(), [b'$', b'1'..=b'9']);
            match FORMS.get(count * 7 % 14) {
                Some(form) if wildcard => form
                    .split(' ')
                    .map(|word| if word == "@" { part } else { word })
                    .collect::<Vec<_>>()
                    .join(" "),
                _ => part.to_owned(),
            }
        };
        let parts = right.split(' ').map(part).collect::<Vec<_>>().join(" ");
        let parts = parts.split(' ').map(|part| match part.strip_prefix("$>s") {
            Some(call) if !later(call) => "$>none",
            _ => part,
        });
        format!("R{left}\t{}", parts.collect::<Vec<_>>().join(" "))
    };
    cf.lines().map(|text| line(text) + "\n").collect()
}

fn holds(program: &Program, addresses: &[Address], salt: u64) -> Result<usize, TestCaseError> {
    let cf = with_lookups(&program.cf());
    let (configuration, _) = loaded(cf.as_bytes());
    let mut machine = Machine::new(configuration.program.clone());
    let mut asked = 0;
    for address in addresses.iter().map(|address| address.text(program)) {
        for address in [twin(&address), twin(&twin(&address)), address] {
            let watched = run(&mut machine, &configuration, &address, true, salt);
            asked += watched.0.iter().filter(|event| matches!(event, Happened::Asked(_))).count();
            // Cold, recorded, replayed; what follows an answer, and an answer behind that, later.
            for _ in 0..8 {
                let replayed = run(&mut machine, &configuration, &address, false, salt);
                prop_assert_eq!(&watched, &replayed, "{}\naddress: {}", &cf, &address);
            }
        }
    }
    Ok(asked)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn lookups(
        program in program(prop::collection::vec(prop::collection::vec(rule(5), 1..12), 2..5)),
        addresses in prop::collection::vec(address(), 1..6),
        salt in any::<u64>(),
    ) {
        holds(&program, &addresses, salt)?;
    }
}

/// The rules above ask: counted over a fixed sample.
#[test]
fn samples_ask() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let rulesets = prop::collection::vec(prop::collection::vec(rule(5), 1..12), 2..5);
    let case = (program(rulesets), prop::collection::vec(address(), 1..6));
    let mut asking = 0;
    for salt in 0..60 {
        let (program, addresses) = case.new_tree(&mut runner).unwrap().current();
        asking += usize::from(holds(&program, &addresses, salt).unwrap() > 0);
    }
    assert!(asking > 20, "{asking} of 60 programs ask maps");
}

/// One map has the same value for all keys.
struct Answers;

impl KnownMaps for Answers {
    fn key_style(&self, _map: &[u8]) -> Option<KeyStyle> {
        Some(KeyStyle::default())
    }
}

impl Lookups for Answers {
    fn lookup(&mut self, request: &Request, _macros: &mut Macros) -> Answer {
        match &request.map[..] {
            b"some" => Answer::Found(b"relay:mx.example".to_vec()),
            _ => Answer::NotFound,
        }
    }
}

/// Rules that ask for the host, two maps of which answer; `words` are named by a rule.
fn asking_rules(words: &[String]) -> String {
    format!(
        "V10/Berkeley\nO OperatorChars=.:%@!^/[]+\nKsome hash x\nKnone hash x\nSs0\nR$+ $| {}\t$@ no\n\
        R$* @ $+\t$: < $( none $2 $: $) > $1 @ $2\nR< > $* @ $*\t$: $1 @ $>s1 $2\n\
        Ss1\nR$+\t$: < $( some $1 $) > $1\nR< $- : $+ > $*\t$: < $( some . $2 $: $3 $) > $3\n\
        R< $- : $+ > $*\t$@ $1 ! $3\n",
        words.join(" ")
    )
}

/// What [`asking_rules`] make of an address.
fn asked(machine: &mut Machine, configuration: &Configuration, address: &str) -> String {
    let mut macros = configuration.macros.clone();
    let mut rewriter = Rewriter {
        machine,
        configuration,
        macros: &mut macros,
        lookups: &mut Answers,
        tracer: &mut ruleset_vm::trace::NoTracer,
    };
    let tokens = rewriter.tokenize(address.as_bytes(), None).0.unwrap();
    let ruleset = configuration.program.number(b"s0").unwrap();
    let left = rewriter.apply(ruleset, tokens).workspace;
    String::from_utf8(rewriter.machine.table().join(&left, None)).unwrap()
}

#[test]
fn what_follows_answers_is_replayed() {
    let (configuration, _) = loaded(asking_rules(&[]).as_bytes());
    let mut machine = Machine::new(configuration.program.clone());
    let mut steps = Vec::new();
    for host in ["a.b", "c.d", "e.f", "g.h", "i.j", "k.l"] {
        let text = asked(&mut machine, &configuration, &format!("user@{host}"));
        assert_eq!(text, format!("user@relay!{host}"));
        steps.push(machine.steps());
    }
    // Seen, recorded, replayed, in three parts: no rule is tried any more.
    let [.., before, last] = steps[..] else { unreachable!() };
    assert!(steps[0] < before && before == last, "{steps:?}");
}

#[test]
fn more_ways_than_are_kept() {
    let words: Vec<String> = (0..10).map(|number| format!("word{number}")).collect();
    let (configuration, _) = loaded(asking_rules(&words).as_bytes());
    let mut machine = Machine::new(configuration.program.clone());
    // Each is another shape, of which three recordings are made.
    for shape in 0..1000 {
        let [a, b, c] = [shape / 100, shape / 10 % 10, shape % 10].map(|word| &words[word]);
        for number in 0..6 {
            let host = format!("{a}.{b}.{c}.host{number}");
            let text = asked(&mut machine, &configuration, &format!("user{number}@{host}"));
            assert_eq!(text, format!("user{number}@relay!{host}"));
        }
    }
}

#[test]
fn a_macro_that_was_not_set_when_the_way_was_recorded() {
    let cf = "V10/Berkeley\nO OperatorChars=.:%@!^/[]+\nSs0\nR$+ @ $+\t$: $&{who} ! $1 @ $2\n";
    let (configuration, _) = loaded(cf.as_bytes());
    let mut machine = Machine::new(configuration.program.clone());
    let mut macros = configuration.macros.clone();
    let ruleset = configuration.program.number(b"s0").unwrap();
    for (who, expected) in
        [("", "!a@b"), ("", "!a@b"), ("", "!a@b"), ("me", "me!a@b"), ("", "!a@b")]
    {
        macros.set(b"who", who.as_bytes());
        let mut rewriter = Rewriter {
            machine: &mut machine,
            configuration: &configuration,
            macros: &mut macros,
            lookups: &mut Answers,
            tracer: &mut ruleset_vm::trace::NoTracer,
        };
        let tokens = rewriter.tokenize(b"a@b", None).0.unwrap();
        let left = rewriter.apply(ruleset, tokens).workspace;
        let text = rewriter.machine.table().join(&left, None);
        assert_eq!(String::from_utf8(text).unwrap(), expected, "{who:?}");
        assert!(machine.steps() < 1000, "the rule is tried over and over");
    }
}
