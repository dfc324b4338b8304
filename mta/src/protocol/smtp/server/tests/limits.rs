//! Slowing down and sending away.

use super::world::World;
use super::{Player, check};

/// What the last of `count` equal commands brings, after a greeting.
fn last(world: World, command: &str, count: usize) -> String {
    let mut player = Player::new(world);
    for _ in 0..count {
        player.log.clear();
        player.send(command.as_bytes());
    }
    player.log.join("\n")
}

#[test]
fn repeated_commands_get_slow() {
    // SM-022, SM-028, SM-061; VRFY doubles only when it yields something
    let ok = "S: 250 2.0.0 OK";
    let root = "S: 250 2.1.5 root <root@mail.example.com>";
    let missing = "S: 501 5.5.2 Argument required";
    let queuing = "S: 250 2.0.0 Queuing for node a started";
    for (command, count, expected) in [
        ("NOOP\r\n", 19, ok.to_owned()),
        ("NOOP\r\n", 20, format!("P: 1\n{ok}")),
        ("NOOP\r\n", 23, format!("P: 8\n{ok}")),
        ("VRFY root\r\n", 5, root.to_owned()),
        ("VRFY root\r\n", 8, format!("P: 4\n{root}")),
        ("VRFY\r\n", 5, missing.to_owned()),
        ("VRFY\r\n", 8, format!("P: 1\n{missing}")),
        ("ETRN a\r\n", 7, queuing.to_owned()),
        ("ETRN a\r\n", 9, format!("P: 2\n{queuing}")),
        ("ETRN\r\n", 30, "S: 500 5.5.2 Parameter required".to_owned()),
        ("RSET\r\n", 100, "S: 250 2.0.0 Reset state".to_owned()),
    ] {
        assert_eq!(last(World::default(), command, count), expected, "{count} times {command}");
    }
}

#[test]
fn guessing_passwords_gets_slow() {
    // SM-067; unknown mechanisms count too (observed)
    let world = || {
        let mut world = World::default();
        world.admission.features.auth = vec![b"CRAM-MD5".to_vec()];
        world
    };
    let failed = "S: 535 5.7.0 authentication failed";
    assert_eq!(last(world(), "AUTH CRAM-MD5 YmFk\r\n", 11), failed);
    let slow = format!("P: 2\n{failed}");
    assert_eq!(last(world(), "AUTH CRAM-MD5 YmFk\r\n", 13), slow);
    let unknown = "P: 1\nS: 504 5.3.3 AUTH mechanism FOO not available";
    assert_eq!(last(world(), "AUTH FOO\r\n", 12), unknown);
}

#[test]
fn noop_and_verb_count_together() {
    let mut world = World::default();
    world.settings.limits.noop = 2;
    check(
        world,
        "C: NOOP
        S: 250 2.0.0 OK
        C: VERB
        P: 1
        S: 250 2.0.0 Verbose mode",
    );
}

#[test]
fn too_many_bad_commands_end_the_session() {
    // SM-033: the 26th
    let unknown = "S: 500 5.5.1 Command unrecognized: \"FOO\"";
    assert_eq!(last(World::default(), "FOO\r\n", 25), unknown);
    let end = "S: 421 4.7.0 mail.example.com Too many bad commands; closing connection\nQ:";
    assert_eq!(last(World::default(), "FOO\r\n", 26), end);
    // Known commands and syntax errors are not counted (observed).
    let refused = "S: 502 5.5.1 Command not implemented: \"SEND\"";
    assert_eq!(last(World::default(), "SEND\r\n", 40), refused);
    let syntax = "S: 501 5.5.2 Syntax error in parameters scanning \"\"";
    assert_eq!(last(World::default(), "MAIL\r\n", 40), syntax);
}

#[test]
fn twice_the_limit_ends_the_session_with_max_daemon_children() {
    // SM-061
    let mut world = World::default();
    world.settings.limits.close_at_twice = true;
    let end = "S: 421 4.7.0 mail.example.com Too many bad commands; closing connection\nQ:";
    assert_eq!(last(world, "HELO x\r\n", 6), end);
}

#[test]
fn recipients_are_limited_and_bad_ones_slowed() {
    // SM-062, SM-064, OPT-129
    let mut world = World::default();
    world.settings.limits.recipients = 1;
    world.settings.limits.bad_recipients = 2;
    check(
        world,
        "C: MAIL FROM:<a@b.com>
        S: 250 2.1.0 <a@b.com>... Sender ok
        C: RCPT TO:<x1>
        S: 550 5.1.1 <x1>... User unknown
        C: RCPT TO:<x2>
        S: 550 5.1.1 <x2>... User unknown
        C: RCPT TO:<root>
        P: 1
        S: 250 2.1.5 <root>... Recipient ok
        C: RCPT
        P: 1
        S: 452 4.5.3 Too many recipients
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>",
    );
}

#[test]
fn long_lines() {
    // SM-009 as observed: 2048 bytes with the line end, whatever it is
    let ok = "S: 250 2.0.0 OK";
    let end = "S: 421 4.7.0 mail.example.com Command too long, possible attack \
               localhost.example.com [127.0.0.1]\nQ:";
    for (fill, line_end, expected) in
        [(2041, "\r\n", ok), (2042, "\r\n", end), (2042, "\n", ok), (2043, "\n", end)]
    {
        let line = format!("NOOP {}{line_end}", "x".repeat(fill));
        assert_eq!(last(World::default(), &line, 1), expected, "{fill}");
    }
    let mut world = World::default();
    world.admission.features.auth = vec![b"CRAM-MD5".to_vec()];
    let line = format!("AUTH CRAM-MD5 {}\r\n", "A".repeat(4000));
    assert_eq!(last(world, &line, 1), "S: 535 5.7.0 authentication failed");
    // Beyond 12287 octets the rest is a command of its own.
    let refused = "S: 503 5.3.3 AUTH not available\n";
    for (fill, rest) in [(12_280, ""), (12_281, "S: 500 5.5.1 Command unrecognized: \"\"\n")] {
        let lines = format!("AUTH {}\r\nNOOP\r\n", "x".repeat(fill));
        assert_eq!(last(World::default(), &lines, 2), format!("{refused}{rest}{ok}"), "{fill}");
    }
}

#[test]
fn long_texts_are_shortened_in_replies() {
    let line = format!("FOO {}\r\n", "x".repeat(1500));
    let (head, tail) = (format!("FOO {}", "x".repeat(96)), "x".repeat(100));
    let expected = format!("S: 500 5.5.1 Command unrecognized: \"{head}...{tail}\"");
    assert_eq!(last(World::default(), &line, 1), expected);
}
