//! What is common to all mailers: addresses as mailers are told them, size limit, log lines.

use super::testing::{Letter, World};
use super::*;
use crate::delivery::report::{Occasion, events};

fn shell(flags: &[u8], script: &'static [u8]) -> Mailer {
    Mailer::new(b"log", b"/bin/sh", flags, &[b"sh", b"-c", script, b"$u"])
}

#[test]
fn quotes_are_stripped_with_flag_s() {
    // ML-062; as observed for `"a\"b c"`.
    let rows: &[(&str, &str)] =
        &[(r#""a\"b c""#, r#"a"b c"#), (r"\joe", "joe"), ("plain", "plain"), ("\"end\\", "end")];
    for (given, expected) in rows {
        assert_eq!(strip_quotes(given.as_bytes()), expected.as_bytes());
    }
    let mailer = Mailer::new(b"m", b"/bin/echo", b"", &[b"echo", b"$h", b"$u"]);
    let shown = World::new(mailer, "HOST", &[r#""a b""#]).show(&Letter(Vec::new()));
    insta::assert_snapshot!(shown, @r#"
    "a b": Sent [2.0.0]
    | host "a b"
    "#);
}

#[test]
fn a_program_loses_its_bar_only_on_the_prog_mailer() {
    let mut prog = Mailer::builtin()[0].clone();
    let shown = |mailer: &Mailer| {
        World::new(mailer.clone(), "", &[r#""|echo hi""#]).show(&Letter(Vec::new()))
    };
    assert!(shown(&prog).ends_with("| hi"), "{}", shown(&prog));
    prog.name = b"other".to_vec();
    assert!(!shown(&prog).ends_with("| hi"));
}

#[test]
fn messages_beyond_the_limit_are_refused() {
    // ML-018
    let mut mailer = shell(b"", b"cat >/dev/null");
    mailer.max_size = 10;
    let world = World::new(mailer, "", &["joe"]);
    insta::assert_snapshot!(world.show(&Letter(b"eleven bytes".to_vec())), @"
    joe: Service unavailable [5.3.4]
    | 552 5.3.4 Message is too large; 10 bytes max
    | 554 5.0.0 Service unavailable
    ");
    assert!(world.show(&Letter(b"ten bytes.".to_vec())).starts_with("joe: Sent"));
}

#[test]
fn one_log_line_names_all_recipients_with_success() {
    // LG-008; the last recipient stands first, as observed.
    let world = World::new(shell(b"m", b"exit 0"), "h1", &["r1", "r2", "r3"]);
    let mut lines = Vec::new();
    for (group, report) in world.deliver(&Letter(Vec::new())) {
        let occasion = Occasion {
            id: b"ID",
            envelope: &world.envelope,
            mailer: &world.mailers[0],
            sender: None,
            delay: 1,
            transaction_delay: 0,
        };
        lines.extend(events(&report, &group, &occasion));
    }
    let shown: Vec<Vec<u8>> = lines.iter().flat_map(crate::events::lines).collect();
    insta::assert_snapshot!(String::from_utf8_lossy(&shown.concat()), @"ID: to=r3,r2,r1, delay=00:00:01, xdelay=00:00:00, mailer=log, pri=0, relay=h1, dsn=2.0.0, stat=Sent");
}

#[test]
fn verbose_lines_are_those_of_sendmail() {
    // ML-149
    let world = World::new(shell(b"m", b"exit 75"), "h1", &["r1", "r2"]);
    let _ = world.deliver(&Letter(Vec::new()));
    insta::assert_snapshot!(world.verbose.borrow().join("\n"), @"
    r2,r1... Connecting to h1 via log...
    r2,r1... Deferred: log mailer (/bin/sh) exited with EX_TEMPFAIL
    ");
}
