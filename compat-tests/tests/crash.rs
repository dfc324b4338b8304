//! Messages whose final dot was answered 250 survive `kill -9` of the daemon at any moment.
//!
//! `BANGPATH_CRASH_SEED` repeats the random moments of an earlier run (as far as the machine does).

use bstr::ByteSlice;
use compat_tests::compare::say;
use compat_tests::subject::{self, Mode, Subject};
use compat_tests::world::{self, Step};
use compat_tests::{Result, config};
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// How often the daemon is killed, and how many messages are sent meanwhile.
const KILLS: u32 = 100;
const MESSAGES: u32 = 200;

#[test]
fn accepted_messages_survive() {
    check().unwrap();
}

fn check() -> Result<()> {
    if let Mode::Skip(why) = subject::mode()? {
        say(&format!("SKIPPED crash: {why}"));
        return Ok(());
    }
    let seed = seed();
    say(&format!("BANGPATH_CRASH_SEED={seed}"));
    let cf = include_str!("../cases/crash.cf");
    let script = format!(
        r#"peer crash {seed} {KILLS} {MESSAGES} 127.0.0.1:2525 \
            /run/sm/sendmail -C /tmp/case/test.cf -bD >accepted 2>crash.err
        rc=$?
        for n in 1 2 3; do timeout 60 sendmail -C test.cf -qf; settle; done >runs 2>&1
        cat accepted
        echo "== mailbox"
        grep '^Subject: crash-' /var/mail/alice
        echo "== queue"
        ls -A /var/spool/mqueue | cut -c1-2 | sort | uniq -c
        echo "== errors"
        cat runs crash.err | sort | uniq -c | sort -rn | head -20
        exit $rc"#
    );
    let step = Step::script("crash", &script).file("test.cf", cf.as_bytes()).seconds(240);
    let captures = world::run(Subject::under_test(), &config::etc_mail(), &[step])?;
    let capture = captures.get("crash").cloned().unwrap_or_default();
    let text = capture.stdout.to_str_lossy().into_owned();
    let (accepted, rest) = text.split_once("== mailbox\n").unwrap_or((&text, ""));
    let (mailbox, rest) = rest.split_once("== queue\n").unwrap_or((rest, ""));
    let accepted: BTreeSet<&str> = accepted.lines().collect();
    let delivered: Vec<&str> = mailbox.lines().filter_map(subject_number).collect();
    let present: BTreeSet<&str> = delivered.iter().copied().collect();
    let lost: Vec<&&str> = accepted.difference(&present).collect();
    say(&format!(
        "{} of {MESSAGES} messages were answered 250, {} are in the mailbox, {} of them twice or more",
        accepted.len(),
        present.len(),
        delivered.len() - present.len(),
    ));
    println!("left in the queue and printed by the daemon:\n{rest}");
    assert_eq!(capture.status, Some(0), "{text}\n{}", capture.stderr.as_bstr());
    assert!(lost.is_empty(), "seed {seed}: lost {lost:?}");
    assert_eq!(accepted.len(), MESSAGES as usize, "the client repeats a message until it is taken");
    Ok(())
}

fn subject_number(line: &str) -> Option<&str> {
    line.strip_prefix("Subject: crash-")?.strip_suffix("-end")
}

fn seed() -> u64 {
    let given = std::env::var("BANGPATH_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64)
    })
}
