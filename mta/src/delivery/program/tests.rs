//! Programs written as shell scripts.

use crate::config::mailer::Mailer;
use crate::delivery::testing::{Broken, Letter, World};

use super::*;

fn letter() -> Letter {
    Letter(b"Subject: x\n\nbody\n".to_vec())
}

fn script(flags: &[u8], text: &[u8]) -> Mailer {
    Mailer::new(b"prog", b"/bin/sh", flags, &[b"sh", b"-c", text, b"$u"])
}

fn show(flags: &[u8], text: &str) -> String {
    World::new(script(flags, text.as_bytes()), "", &["joe"]).show(&letter())
}

#[test]
fn the_message_comes_in_and_the_output_goes_to_the_transcript() {
    // ML-093
    insta::assert_snapshot!(show(b"", "cat; echo err >&2; exit 67"), @r"
    joe: User unknown [5.1.1]
    | From me
    | Subject: x
    | 
    | body
    | err
    | 550 5.1.1 joe... User unknown
    ");
    assert!(!show(b"n", "cat").contains("From me")); // ML-054
}

#[test]
fn statuses_are_those_of_the_table() {
    // ML-124, ML-128, ML-120
    insta::assert_snapshot!(show(b"", "exit 75"), @r"
    joe: Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL [4.0.0]
    | joe... Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL
    ");
    insta::assert_snapshot!(show(b"", "exit 3"), @r"
    joe: unknown mailer error 3 [5.3.0]
    | 554 5.3.0 unknown mailer error 3
    ");
    insta::assert_snapshot!(show(b"", "exit 71"), @r"
    joe: Operating system error [4.0.0]
    | 451 4.0.0 Operating system error
    ");
}

#[test]
fn a_signal_defers_and_is_a_system_error() {
    // ML-129
    let world = World::new(script(b"", b"kill -9 $$"), "", &["joe"]);
    let reports = world.deliver(&letter());
    let outcome = &reports[0].1.outcomes[0];
    assert_eq!(outcome.stat, b"Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL");
    assert_eq!(outcome.queue_text, b"mailer prog died with signal 9");
    assert_eq!(reports[0].1.transcript[0], b"451 4.3.0 mailer prog died with signal 9");
    assert!(world.log().ends_with("): mailer prog died with signal 9"), "{}", world.log());
}

#[test]
fn a_program_that_takes_too_long_is_stopped() {
    // ML-130
    let mut mailer = script(b"", b"exec sleep 60");
    mailer.wait = 1;
    let world = World::new(mailer, "", &["joe"]);
    let reports = world.deliver(&letter());
    assert!(reports[0].1.outcomes[0].status.retry);
    assert!(world.log().contains("endmailer prog: wait timeout (1)"), "{}", world.log());
}

#[test]
fn a_program_that_cannot_be_run_is_refused_or_kept() {
    // ML-131
    let missing = |flags: &[u8]| {
        let mut mailer = script(flags, b"");
        mailer.path = b"/no/such/mailer".to_vec();
        let world = World::new(mailer, "", &["joe"]);
        let shown = world.show(&letter());
        assert!(world.log().ends_with("Cannot exec /no/such/mailer: No such file or directory"));
        assert!(
            world.log().starts_with(
                "ID: Warning: program /no/such/mailer unsafe: No such file or directory"
            )
        ); // ML-152
        shown.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(missing(b""), "joe: Service unavailable [5.0.0]");
    assert_eq!(missing(b"l"), "joe: Operating system error [4.0.0]");
}

#[test]
fn a_program_need_not_read_its_message() {
    let world = World::new(script(b"", b"exit 0"), "", &["joe"]);
    let big = Letter(b"line of text\n".repeat(100_000));
    assert_eq!(world.show(&big), "joe: Sent [2.0.0]");
}

#[test]
fn half_a_message_is_no_delivery() {
    let directory = tempfile::tempdir().unwrap();
    let marker = directory.path().join("delivered");
    let text = format!("cat >/dev/null; : > {}", marker.display());
    let world = World::new(script(b"", text.as_bytes()), "", &["joe"]);
    assert!(world.deliver(&Broken)[0].1.outcomes[0].status.retry);
    assert!(!marker.exists());
}

/// The arguments a program sees, one per line.
fn arguments_seen(flags: &[u8], explicit: bool, users: &[&str]) -> String {
    let argv: &[&[u8]] =
        &[b"sh", b"-c", b"printf '[%s]' \"$@\"", b"-", b"-h", b"$h", b"$u", b"end", b"$u"];
    let mut world = World::new(Mailer::new(b"m", b"/bin/sh", flags, argv), "H1", users);
    world.explicit_sender = explicit;
    let reports = world.deliver(&letter());
    let lines: Vec<String> = reports
        .iter()
        .flat_map(|(_, report)| &report.transcript)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    lines.join("\n")
}

#[test]
fn the_user_word_is_repeated() {
    // ML-100; the last word as observed.
    assert_eq!(arguments_seen(b"m", false, &["r1", "r2"]), "[-h][h1][r1][r2][end][r2]");
    assert_eq!(
        arguments_seen(b"", false, &["r1", "r2"]),
        "[-h][h1][r1][end][r1]\n[-h][h1][r2][end][r2]"
    );
}

#[test]
fn the_sender_is_passed_only_when_it_was_named() {
    // ML-101
    let mailer = |flags: &[u8]| Mailer::new(b"m", b"/bin/echo", flags, &[b"echo", b"$u"]);
    for (flags, explicit, expected) in [
        (&b"f"[..], true, "-f sender@x joe"),
        (b"r", true, "-r sender@x joe"),
        (b"f", false, "joe"),
        (b"", true, "joe"),
    ] {
        let mut world = World::new(mailer(flags), "", &["joe"]);
        world.explicit_sender = explicit;
        let reports = world.deliver(&letter());
        assert_eq!(reports[0].1.transcript[0], expected.as_bytes(), "{flags:?} {explicit}");
    }
}

#[test]
fn too_many_arguments_are_an_error() {
    let users: Vec<String> = (0..300).map(|n| format!("u{n}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let mut mailer = script(b"m", b"exit 0");
    mailer.max_recipients = 0;
    let shown = World::new(mailer, "", &users).show(&letter());
    assert!(shown.contains("pv overflow after $u"), "{shown}");
}

#[test]
fn a_local_user_gets_mail_as_itself_with_flag_o() {
    // ML-056, as observed for the user games.
    let Ok(Some(games)) = users::by_name(b"games") else { return };
    if users::effective_uid() != 0 {
        return;
    }
    let seen = |flags: &[u8]| {
        let mut world = World::new(script(flags, b"id -u"), "", &["games"]);
        world.settings.default_user.uid = 65534;
        let reports = world.deliver(&letter());
        String::from_utf8_lossy(&reports[0].1.transcript[0]).into_owned()
    };
    assert_eq!(seen(b"lsw"), "65534");
    assert_eq!(seen(b"lswo"), games.uid.to_string());
}
