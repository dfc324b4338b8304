//! `bangpath session` says what sendmail says: the same dialogues with `sendmail -bs` and with a daemon, with
//! bangpath as both, and played without a network, on configurations made by m4.

use bstr::ByteSlice;
use compat_tests::compare::{Comparison, Pair, say};
use compat_tests::config::{self, Config};
use compat_tests::diff::printable;
use compat_tests::munge::munge;
use compat_tests::subject::{self, Mode, Subject};
use compat_tests::world::{self, Step};
use compat_tests::{Result, at};
use std::path::Path;

/// The clients of daemons: the address that they connect from, and how `bangpath session` is told of it. The hosts
/// file of the world knows the first two.
const CLIENTS: [(&str, &str, &str); 3] = [
    ("relayed", "127.0.0.1", "localhost 127.0.0.1 at 127.0.0.1 localhost"),
    ("known", "192.0.2.77", "static.example.test 192.0.2.77 at 127.0.0.1 localhost"),
    ("refused", "198.51.100.9", "198.51.100.9 at 127.0.0.1 localhost"),
];

/// Dialogues that clients of daemons hold.
const BY_NETWORK: [&str; 2] = ["relaying", "senders"];

/// Configurations in one world.
const AT_ONCE: usize = 8;

/// Seconds for the sessions of one configuration.
const SECONDS: u32 = 300;

struct Dialogue {
    name: String,
    lines: Vec<u8>,
}

/// One session: its name, and the commands that play it really and without a network.
struct Played {
    name: String,
    really: String,
    alone: String,
    by_network: bool,
}

#[test]
fn replies_are_those_of_sendmail() {
    check().unwrap();
}

fn check() -> Result<()> {
    if let Mode::Recorded(why) | Mode::Skip(why) = subject::mode()? {
        say(&format!("SKIPPED sessions: {why}"));
        return Ok(());
    }
    if !subject::installed("python3") {
        say("SKIPPED sessions: python3 is not installed");
        return Ok(());
    }
    let dialogues = dialogues()?;
    let sessions = sessions(&dialogues);
    let part = std::env::var("BANGPATH_COMPAT_CASE").unwrap_or_default();
    let mut configs = config::debian()?;
    configs.retain(|config| config.name == "debian-default");
    configs.extend(config::generated()?);
    configs.retain(|config| config.name.contains(&part));
    let mut served = Comparison::of_lines("served sessions");
    let mut alone = Comparison::of_lines("sessions");
    for some in configs.chunks(AT_ONCE) {
        compare(some, &dialogues, &sessions, &mut served, &mut alone)?;
    }
    served.report()?;
    alone.report()?;
    assert!(alone.totals().1 > 0, "the oracle served nobody");
    let failures: Vec<String> =
        [served.verdict(), alone.verdict()].into_iter().filter_map(|it| it.err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// The files of `sessions/`.
fn dialogues() -> Result<Vec<Dialogue>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let mut files: Vec<_> =
        at(&dir, std::fs::read_dir(&dir))?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Dialogue { name, lines: at(path, std::fs::read(path))? })
    };
    files.iter().map(read).collect()
}

fn sessions(dialogues: &[Dialogue]) -> Vec<Played> {
    const ALONE: &str = "./bangpath session -C test.cf --allow all -O DeliveryMode=q";
    let by_bs = dialogues.iter().map(|Dialogue { name, .. }| Played {
        name: format!("{name} by -bs"),
        really: format!("python3 /run/world/talk.py bs test.cf {name}"),
        alone: format!("{ALONE} {name}"),
        by_network: false,
    });
    let mut found: Vec<Played> = by_bs.collect();
    for Dialogue { name, .. } in dialogues {
        for (client, address, words) in CLIENTS {
            if BY_NETWORK.contains(&name.as_str()) {
                found.push(Played {
                    name: format!("{name} by a client that is {client}"),
                    really: format!("python3 /run/world/talk.py from {address} {name}"),
                    alone: format!("{ALONE} --client {words} -- {name}"),
                    by_network: true,
                });
            }
        }
    }
    found
}

/// A step that plays all sessions, a line with the name of each in front of it.
fn step(config: &Config, dialogues: &[Dialogue], script: &str) -> Step {
    let step = Step::script(&config.name, script).file("test.cf", &config.cf).seconds(SECONDS);
    dialogues.iter().fold(step, |step, Dialogue { name, lines }| step.file(name, lines))
}

fn compare(
    configs: &[Config],
    dialogues: &[Dialogue],
    sessions: &[Played],
    served: &mut Comparison,
    alone: &mut Comparison,
) -> Result<()> {
    // The addresses come after the programs have looked for their own ones.
    const DAEMON: &str = "daemon 25 -C test.cf -ODeliveryMode=q -ORefuseLA=1000 -OQueueLA=1000\n\
        for address in 192.0.2.77 198.51.100.9; do ip addr add $address/32 dev lo; done\n";
    let mut script = String::new();
    let mut own = "ln -s /run/sm/sendmail bangpath\n".to_owned();
    let mut started = false;
    for Played { name, really, alone, by_network } in sessions {
        if *by_network && !std::mem::replace(&mut started, true) {
            script += DAEMON;
        }
        script += &format!("echo '== {name}'\n{really}\n");
        own += &format!("echo '== {name}'\n{alone} | sed -n 's/^<<< //p'\n");
    }
    script += "stop_daemon\nfor address in 192.0.2.77 198.51.100.9; do ip addr del $address/32 dev lo; done\n";
    let steps = |script: &str| -> Vec<Step> {
        configs.iter().map(|config| step(config, dialogues, script)).collect()
    };
    let etc_mail = config::etc_mail();
    // they wait more than they work
    let [oracle, tested, played] = std::thread::scope(|scope| {
        let runs =
            [(Subject::Oracle, &script), (Subject::Bangpath, &script), (Subject::Bangpath, &own)];
        let (steps, etc_mail) = (&steps, &etc_mail);
        runs.map(|(subject, script)| {
            scope.spawn(move || world::run(subject, etc_mail, &steps(script)))
        })
        .map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let (oracle, tested, played) = (oracle?, tested?, played?);
    for Config { name: config, .. } in configs {
        let text = |captures: &world::Captures| {
            let capture = captures.get(config).cloned().unwrap_or_default();
            printable(&munge(&[capture.stdout.as_bytes(), capture.stderr.as_bytes()].concat()))
        };
        let (oracle, tested, played) = (text(&oracle), text(&tested), text(&played));
        for Played { name, .. } in sessions {
            let expected = part(&oracle, name);
            if expected.lines().count() < 4 {
                say(&format!("{config}: the oracle does not serve {name}"));
                continue;
            }
            for (comparison, actual) in [(&mut *served, &tested), (&mut *alone, &played)] {
                let (group, label) = (config.clone(), name.clone());
                let (expected, actual) = (expected.clone(), part(actual, name));
                if expected == actual {
                    expected.lines().for_each(|_| comparison.add_equal(&group));
                } else {
                    comparison.add(Pair { group, label, expected, actual });
                }
            }
        }
    }
    Ok(())
}

/// What stands behind the line with this name, up to the next.
fn part(text: &str, name: &str) -> String {
    let head = format!("== {name}\n");
    let rest = text.split(&head).nth(1).unwrap_or_default();
    rest.split("== ").next().unwrap_or_default().to_owned()
}
