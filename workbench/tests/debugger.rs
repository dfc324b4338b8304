//! The debugger: ways through a run, breakpoints, edits, and its screens.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

#[allow(dead_code)] // benchmarks use all of it
#[path = "../benches/common/mod.rs"]
mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use mapper::SystemServices;
use ruleset_vm::load::Configuration;
use workbench::debugger::view::{Look, screen};
use workbench::debugger::{
    Command, Debugger, Ended, Happening, Key, Recording, Run, Runner, Task, manual,
};
use workbench::engine::Engine;
use workbench::machine::{Allowed, Facts, Guarded};
use workbench::source::Source;
use workbench::story::sentence;

const CF: &[u8] = b"\
V10
DMhub.example.net
D{tag}old
Kaccess hash /etc/mail/access
Kstore macro
C{Local}localhost here.example
# canonical form
S3
R$* < $* > $*\t\t$2\t\tstrip the phrase
R$- @ $+\t\t\t$: $>96 $1 < @ $2 >
S96
R$* < @ $={Local} >\t$: $1 < @ $2 . LOCAL >
R$* < @ $+ >\t\t$: $1 < @ $(access $2 $: $2 $) > $(store {tag} $@ new $)
R$* < @ $+ >\t\t$: $1 < @ $2 > $>Empty $&{tag}
# to a triple
S0
R$* < @ $* . LOCAL > $*\t$#local $: $1
R$* < @ $+ > $*\t\t$#relay $@ $M $: $1 < @ $2 >
R$*\t\t\t$#local $: $1
S4
R$* < $+ > $*\t\t$1 $2 $3
SEmpty
Mlocal, P=/bin/mail, F=lsDFMA, A=mail -d $u
Mrelay, P=[IPC], F=mDFMuX, A=TCP $h
";

/// Runs addresses in a world without files.
#[derive(Default)]
struct World {
    /// What was written last.
    written: Option<(Vec<u8>, Vec<u8>)>,
}

impl Runner for World {
    fn run(
        &mut self,
        file: &[u8],
        task: &Task,
        address: &[u8],
    ) -> Result<(Run, Arc<Configuration>), Vec<u8>> {
        let (configuration, mut maps) = common::configuration(file);
        maps.give(b"access", &[(b"other.example".to_vec(), b"elsewhere.example".to_vec())]);
        let configuration = Arc::new(configuration);
        let services = SystemServices::default();
        let services = Guarded::new(services, Arc::new(Facts::default()), Allowed::default());
        let mut engine = Engine::new(Arc::clone(&configuration), maps, services);
        let mut recording = Recording::new(&engine.macros, engine.lookups());
        let conclusion = match task {
            Task::Resolve(role) => {
                let parsed = engine.resolve(address, *role, &mut recording);
                vec![sentence::closing(&configuration, parsed.as_ref(), None)]
            }
            Task::For { mailer, .. } => return Err([b"no mailer ", &mailer[..]].concat()),
            Task::Apply(name) => {
                let number = configuration.program.number(name).ok_or(b"no such ruleset")?;
                engine.apply(&[number], address, &mut recording);
                Vec::new()
            }
        };
        let unasked = engine.take_unasked();
        Ok((recording.finish(&engine.macros, &unasked, conclusion), configuration))
    }

    fn write(&mut self, path: &[u8], bytes: &[u8]) -> Result<(), Vec<u8>> {
        if path.starts_with(b"/none") {
            return Err(b"No such file or directory".to_vec());
        }
        self.written = Some((path.to_vec(), bytes.to_vec()));
        Ok(())
    }
}

fn debugger(address: &[u8]) -> Debugger<World> {
    let source = Source::new(b"/etc/mail/test.cf", CF);
    Debugger::new(World::default(), source, Task::default(), address.to_vec()).unwrap()
}

/// Runs commands, and what the debugger reports behind each.
fn transcript(address: &[u8], commands: &[&str]) -> String {
    let mut debugger = debugger(address);
    let mut out = String::from_utf8(debugger.report()).unwrap();
    for command in commands {
        debugger.uncover();
        assert_eq!(debugger.command(command.as_bytes()), Ended::No);
        out.push_str(&format!("> {command}\n"));
        out.push_str(std::str::from_utf8(&debugger.report()).unwrap());
    }
    out
}

fn keys(debugger: &mut Debugger<World>, text: &str) {
    for character in text.chars() {
        debugger.key(Key::Character(character));
    }
}

#[test]
fn every_moment_of_a_run() {
    let mut all = vec!["step"; 40];
    all.truncate(debugger(b"joe@other.example").run().last());
    insta::assert_snapshot!(transcript(b"joe@other.example", &all));
}

#[test]
fn ways_through_a_run() {
    insta::assert_snapshot!(transcript(
        b"joe@other.example",
        &[
            "fires",
            "next",
            "next back",
            "step",
            "step",
            "out",
            "out back",
            "fires",
            "next",
            "step back",
            "to 19",
            "to 13 back",
            "to 9",
            "end",
            "next",
            "next back",
            "out back",
            "begin",
            "step back",
            "fires back",
            "continue",
        ]
    ));
}

#[test]
fn breakpoints_stop_both_ways() {
    insta::assert_snapshot!(transcript(
        b"joe@other.example",
        &[
            "break map access",
            "break value else where",
            "break ruleset 96",
            "break ruleset Empty",
            "break macro tag",
            "break 19 match",
            "break 18",
            "break 18",
            "c",
            "c",
            "c",
            "c",
            "c",
            "c",
            "c",
            "c",
            "c",
            "c",
            "c back",
            "c back",
            "delete 7",
            "delete 9",
            "delete",
            "c back",
        ]
    ));
}

#[test]
fn what_is_watched() {
    insta::assert_snapshot!(transcript(
        b"joe@here.example",
        &[
            "watch {tag}",
            "class {Local}",
            "watch nothing",
            "to 12",
            "end",
            "unwatch nothing",
            "addr joe@other.example",
            "end",
            "unwatch"
        ]
    ));
}

#[test]
fn edits_show_what_they_change() {
    insta::assert_snapshot!(transcript(
        b"joe@other.example",
        &[
            "edit 18 R$* < @ $+ > $*\t\t$#local $: $1",
            "undo",
            "undo",
            "edit 99 x",
            "edit 7 # another comment",
            "edit 7 # another comment",
            "difference",
            "addr root",
            "difference",
            "write /none/x",
            "write /tmp/new.cf",
        ]
    ));
    let mut debugger = debugger(b"joe@other.example");
    debugger.command(b"edit 7 # other");
    assert!(debugger.is_edited());
    debugger.command(b"undo");
    assert!(!debugger.is_edited());
}

#[test]
fn other_addresses_and_tasks() {
    insta::assert_snapshot!(transcript(
        b"joe@other.example",
        &[
            "addr",
            "addr root",
            "end",
            "rulesets 96",
            "end",
            "rulesets nothing",
            "mailer nothing",
            "resolve",
            "as header sender",
            "as nonsense",
            "addr <>",
            "search LOCAL>",
            "search",
            "search nothing like this",
            "1",
            "frob",
            "break",
            "break 0x"
        ]
    ));
}

#[test]
fn for_machines() {
    let mut debugger = debugger(b"joe@other.example");
    let mut out = vec![debugger.object(None)];
    for command in [
        "watch tag",
        "class {Local}",
        "fires",
        "next back",
        "to 12",
        "to 13",
        "step",
        "step",
        "edit 13 #",
    ] {
        debugger.uncover();
        debugger.command(command.as_bytes());
        out.push(debugger.object(Some(command.as_bytes())));
    }
    let lines: Vec<String> = out.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_way_and_its_opposite() {
    let debugger = debugger(b"joe@other.example");
    let run = debugger.run();
    let go = |from: usize, command: &str| {
        let Ok(Command::Go(motion, way)) = Command::parse(command.as_bytes()) else {
            panic!("{command}")
        };
        run.go(from, motion, way, &|_| false)
    };
    for at in 0..=run.last() {
        let depth = |at: usize| run.moments()[at].depth;
        assert_eq!(go(at, "step"), (at < run.last()).then_some(at + 1));
        assert_eq!(go(at, "step back"), at.checked_sub(1));
        for (command, forward) in
            [("next", true), ("out", true), ("next back", false), ("out back", false)]
        {
            let Some(to) = go(at, command) else {
                assert!(at == if forward { run.last() } else { 0 }, "{command} from {at}");
                continue;
            };
            assert_eq!(to > at, forward, "{command} from {at}");
            let edge = to == 0 || to == run.last();
            let outside = depth(at).max(1);
            assert!(edge || depth(to) <= outside, "{command} from {at} leads inside");
            // what was passed by one step lies further inside, or belongs to the rule
            if command == "next" && !edge {
                let passed = &run.moments()[at + 1..to];
                let inside = |m: &workbench::debugger::Moment| {
                    m.depth > depth(at)
                        || !matches!(m.happening, Happening::Matched(_) | Happening::Rewritten)
                };
                assert!(passed.iter().all(inside));
            }
        }
    }
    assert_eq!(run.moments().last().unwrap().happening, Happening::Ended);
}

#[test]
fn screens() {
    let look = Look { colour: true, unicode: true };
    let mut debugger = debugger(b"joe@other.example");
    let shown = |debugger: &mut Debugger<World>, name: &str| {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let text = screen(debugger, look, columns, rows);
            assert_eq!(text.lines().count(), usize::from(rows));
            insta::assert_snapshot!(format!("screen_{name}_{columns}x{rows}"), text);
        }
    };
    shown(&mut debugger, "beginning");
    keys(&mut debugger, "wtag");
    debugger.key(Key::Enter);
    debugger.command(b"class {Local}");
    debugger.command(b"break map *");
    keys(&mut debugger, "f");
    shown(&mut debugger, "matches");
    debugger.command(b"to 17");
    shown(&mut debugger, "does_not_match");
    keys(&mut debugger, "C");
    shown(&mut debugger, "map_is_asked");
    keys(&mut debugger, "b:watch \u{fc}");
    shown(&mut debugger, "typing");
    debugger.key(Key::Escape);
    keys(&mut debugger, "e");
    debugger.key(Key::Home);
    debugger.key(Key::Character('#'));
    shown(&mut debugger, "editing");
    debugger.key(Key::Enter);
    shown(&mut debugger, "difference");
    keys(&mut debugger, "qG");
    shown(&mut debugger, "end");
    keys(&mut debugger, "?");
    shown(&mut debugger, "help");
}

#[test]
fn screens_without_colours_and_unicode_say_the_same() {
    let mut debugger = debugger("joe@\u{fc}.example".as_bytes());
    let plain = screen(&mut debugger, Look::default(), 80, 24);
    assert!(plain.is_ascii() && plain.contains("joe@\\u{fc}.example"), "{plain}");
    let rich = screen(&mut debugger, Look { colour: true, unicode: true }, 80, 24);
    assert!(rich.contains("joe@\u{fc}.example"), "{rich}");
}

#[test]
fn no_size_and_no_key_is_too_much() {
    let all = [
        Key::Enter,
        Key::Escape,
        Key::Tab,
        Key::Backspace,
        Key::Delete,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Control('u'),
        Key::Control('w'),
        Key::Character('\u{fc}'),
    ];
    let letters = "snofcSNOFCgGjk][.rRb eudaw/:?haddrbreakedit18map*ruleset96 $*<@>";
    let all: Vec<Key> = all.into_iter().chain(letters.chars().map(Key::Character)).collect();
    let mut debugger = debugger(b"joe@other.example");
    let mut state = 1_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut visited = BTreeSet::new();
    for _ in 0..3_000 {
        if debugger.key(all[next(all.len())]) == Ended::Yes {
            debugger.command(b"begin");
        }
        visited.insert(debugger.at());
        assert!(debugger.at() <= debugger.run().last());
        let (columns, rows) = (1 + next(130), 1 + next(50));
        let text = screen(&mut debugger, Look::default(), columns as u16, rows as u16);
        assert!(text.lines().all(|line| line.chars().count() <= columns));
    }
    assert!(visited.len() > 10, "{visited:?}");
}

#[test]
fn the_manual_has_all_keys_and_commands() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/debugger.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- keys and commands -->\n", "<!-- end of keys and commands -->");
    let (head, rest) = text.split_once(begin).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let wanted = format!("{head}{begin}{}{end}{tail}", manual());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &wanted).unwrap();
        return;
    }
    assert_eq!(text, wanted, "UPDATE_DOCS=1 cargo test -p workbench --test debugger writes it");
}
