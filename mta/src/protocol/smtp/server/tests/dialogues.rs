//! Greeting, HELO, transactions, refused sessions.

use super::check;
use super::world::{World, refused};
use crate::protocol::smtp::server::{Admission, Features, Privacy, Settings, StartTls};
use std::time::Duration;

const EHLO: &str = "C: EHLO x.example
    S: 250-mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
    S: 250-ENHANCEDSTATUSCODES
    S: 250-PIPELINING
    S: 250-EXPN
    S: 250-VERB
    S: 250-8BITMIME
    S: 250-SIZE
    S: 250-DSN
    S: 250-ETRN
    S: 250-DELIVERBY
    S: 250 HELP\n";

fn refusing(status: ruleset_vm::Status) -> World {
    let admission = Admission { refusal: Some(status), ..Admission::default() };
    World { admission, greet: true, ..World::default() }
}

#[test]
fn greeting_to_quit() {
    // SM-001, SM-013, SM-021..SM-023, SM-120
    check(
        World { greet: true, ..World::default() },
        "S: 220 mail.example.com ESMTP Sendmail
        C: HELO x.example
        S: 250 mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        C: noop x
        S: 250 2.0.0 OK
        C: RSET foo
        S: 250 2.0.0 Reset state
        C: QUIT now
        S: 221 2.0.0 mail.example.com closing connection
        Q:",
    );
}

#[test]
fn hello_needs_a_domain() {
    // SM-013, SM-015
    check(
        World::default(),
        "C: HELO
        S: 501 5.0.0 HELO requires domain address
        C: EHLO
        S: 501 5.0.0 EHLO requires domain address
        C: HELO a b
        P: 1
        S: 501 5.0.0 Invalid domain name
        C: HELO a_b.c[1:2]
        P: 2
        S: 250 mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you",
    );
}

#[test]
fn bogus_hello_is_said_to_be_so() {
    let settings = Settings { allow_bogus_hello: true, ..World::default().settings };
    check(
        World { settings, ..World::default() },
        "C: HELO
        S: 250 mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        C: HELO a!b
        S: 250 mail.example.com Hello localhost.example.com [127.0.0.1], accepting invalid domain name",
    );
}

#[test]
fn extensions_in_order() {
    // SM-037..SM-049
    check(World::default(), EHLO);
    let mut world = World::default();
    world.settings.limits.message_size = 100_000;
    world.settings.limits.deliver_by_min = 100;
    world.admission.features.auth = vec![b"DIGEST-MD5".to_vec(), b"CRAM-MD5".to_vec()];
    world.admission.features.starttls = StartTls::Offered;
    check(
        world,
        "C: ehlo x.example
        S: 250-mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        S: 250-ENHANCEDSTATUSCODES
        S: 250-PIPELINING
        S: 250-EXPN
        S: 250-VERB
        S: 250-8BITMIME
        S: 250-SIZE 100000
        S: 250-DSN
        S: 250-ETRN
        S: 250-AUTH DIGEST-MD5 CRAM-MD5
        S: 250-STARTTLS
        S: 250-DELIVERBY 100
        S: 250 HELP",
    );
}

#[test]
fn goaway_withdraws_extensions() {
    // OPT-246, OPT-248, OPT-254, OPT-257
    let mut world = World::default();
    world.settings.privacy =
        Privacy { no_expn: true, no_etrn: true, no_receipts: true, ..Privacy::default() };
    world.settings.limits.deliver_by_min = -1;
    check(
        world,
        "C: EHLO x
        S: 250-mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        S: 250-ENHANCEDSTATUSCODES
        S: 250-PIPELINING
        S: 250-8BITMIME
        S: 250-SIZE
        S: 250 HELP",
    );
}

#[test]
fn a_transaction_and_its_order() {
    // SM-016..SM-019, SM-114, SM-116
    check(
        World::default(),
        "C: RCPT TO:<root>
        S: 503 5.0.0 Need MAIL before RCPT
        C: DATA
        S: 503 5.0.0 Need MAIL command
        C: MAIL FROM:<a@example.org> SIZE=100
        S: 250 2.1.0 <a@example.org>... Sender ok
        C: MAIL FROM:<a@example.org>
        S: 503 5.5.0 Sender already specified
        C: DATA x
        S: 503 5.0.0 Need RCPT (recipient)
        C: RCPT
        S: 501 5.5.2 Syntax error in parameters scanning \"\"
        C: RCPT TO
        S: 501 5.5.2 Syntax error in parameters scanning \"TO\"
        C: RCPT TO:
        S: 501 5.5.2 Syntax error in parameters scanning \"TO\"
        C: RCPT FROM:<root>
        S: 501 5.5.2 Syntax error in parameters scanning \"FROM\"
        C: RCPT TO:()
        S: 501 5.0.0 Missing recipient
        C: RCPT TO:<>
        S: 553 5.0.0 <>... User address required
        C: RCPT TO:<nobodyhere>
        S: 550 5.1.1 <nobodyhere>... User unknown
        C: RCPT TO:<root>
        S: 250 2.1.5 <root>... Recipient ok
        C: RCPT TO:<root@mail.example.com>
        S: 250 2.1.5 <root>... Recipient ok
        C: RCPT TO: root
        S: 250 2.1.5 root... Recipient ok
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        R: Subject: x\\r\\n\\r\\nfoo\\r\\n.\\r\\n
        B: Subject: x\\n\\nfoo\\n
        S: 250 2.0.0 6AM3UtOf000058 Message accepted for delivery
        C: RCPT TO:<root>
        S: 503 5.0.0 Need MAIL before RCPT
        C: MAIL FROM:<>
        S: 250 2.1.0 <>... Sender ok
        C: RCPT TO:<queued@x.com>
        S: 250 2.1.5 <queued@x.com>... Recipient ok (will queue)
        C: RSET
        S: 250 2.0.0 Reset state
        A: Reset
        C: MAIL FROM:(x)
        S: 250 2.1.0 MAILER-DAEMON... Sender ok
        C: QUIT
        S: 221 2.0.0 mail.example.com closing connection
        A: Quit
        Q:",
    );
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    // SM-038
    check(
        World::default(),
        "R: MAIL FROM:<a@b.com>\\r\\nRCPT TO:<root>\\r\\nRCPT TO:<bob>\\r\\nNOOP\\r\\nDATA\\r\\n
        S: 250 2.1.0 <a@b.com>... Sender ok
        S: 250 2.1.5 <root>... Recipient ok
        S: 550 5.1.1 <bob>... User unknown
        S: 250 2.0.0 OK
        S: 354 End data with <CR><LF>.<CR><LF>
        R: foo\\r\\n.\\r\\nNOOP\\r\\n
        B: foo\\n
        S: 250 2.0.0 6AM3UtOf000058 Message accepted for delivery
        S: 250 2.0.0 OK",
    );
}

#[test]
fn refusals_of_hooks() {
    // RS-097..RS-101, RS-110..RS-114
    check(
        World::default(),
        "C: MAIL FROM:<m421@x.com>
        S: 421 4.7.0 bye mail
        C: NOOP
        S: 250 2.0.0 OK
        C: MAIL FROM:<mtemp@x.com>
        S: 451 4.7.1 later
        C: MAIL FROM:<mno@x.com>
        S: 553 5.3.0 <mno@x.com>... no code text
        C: MAIL FROM:<a@b.com
        S: 553 5.0.0 <a@b.com... Unbalanced '<'
        C: MAIL FROM:<a@x.com>
        S: 250 2.1.0 <a@x.com>... Sender ok
        C: RCPT TO:<rno@x.com>
        S: 550 5.1.8 <rno@x.com>... nope
        C: RCPT TO:<rml@x.com>
        S: 451 5.1.8 later
        R: RCPT TO:<a@x.com>\\r\\nRCPT TO:<b@x.com>\\r\\nRCPT TO:<c@x.com>\\r\\nRCPT TO:<d@x.com>\\r\\n
        S: 250 2.1.5 <a@x.com>... Recipient ok
        S: 250 2.1.5 <b@x.com>... Recipient ok
        S: 250 2.1.5 <c@x.com>... Recipient ok
        S: 250 2.1.5 <d@x.com>... Recipient ok
        C: DATA
        S: 550 5.7.1 four
        C: MAIL FROM:<a@x.com>
        S: 503 5.5.0 Sender already specified
        C: RCPT TO:<e@x.com>
        S: 250 2.1.5 <e@x.com>... Recipient ok
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        R: x: abc\\r\\n.\\r\\n
        B: x: abc\\n
        S: 554 5.6.0 eom bad
        C: MAIL FROM:<a@x.com>
        S: 250 2.1.0 <a@x.com>... Sender ok",
    );
}

#[test]
fn refused_connection() {
    // SM-003, RS-102, RS-109
    check(
        refusing(refused(550, [5, 7, 1], "no thanks")),
        "S: 220 mail.example.com ESMTP Sendmail
        C: NOOP
        S: 250 2.0.0 OK
        C: HELP
        S: 550 5.7.1 no thanks
        C: EHLO x
        S: 250-mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        S: 250 ENHANCEDSTATUSCODES
        C: MAIL FROM:<a@b.com>
        S: 550 5.7.1 no thanks
        C: STARTTLS
        S: 550 5.7.1 no thanks
        C: WIZ
        S: 550 5.7.1 no thanks
        C: FOO
        S: 500 5.5.1 Command unrecognized: \"FOO\"
        C: RSET
        S: 250 2.0.0 Reset state",
    );
    check(
        refusing(refused(0, [0, 0, 0], "plain text")),
        "S: 220 mail.example.com ESMTP Sendmail
        C: VERB
        S: 553 5.3.0 plain text",
    );
    check(
        refusing(refused(421, [4, 7, 0], "go away")),
        "S: 421 4.7.0 go away
        Q:",
    );
}

#[test]
fn early_talkers() {
    // SM-008, RS-149: before the reply to EHLO
    check(
        World::default(),
        "R: EHLO x\\r\\nMAIL FROM:<a@b.com>\\r\\nNOOP\\r\\n
        S: 554 5.5.0 SMTP protocol error
        S: 550 5.0.0 Command rejected
        S: 250 2.0.0 OK
        C: HELP
        S: 550 5.0.0 Command rejected
        C: EHLO y
        S: 250-mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        S: 250 ENHANCEDSTATUSCODES
        C: RCPT TO:<root>
        S: 550 5.0.0 Command rejected",
    );
    // SM-008: before the reply to DATA
    check(
        World { notes: true, ..World::default() },
        "R: MAIL FROM:<a@b.com>\\r\\nRCPT TO:<root>\\r\\nDATA\\r\\nfoo\\r\\n.\\r\\n
        S: 250 2.1.0 <a@b.com>... Sender ok
        S: 250 2.1.5 <root>... Recipient ok
        N: EarlyTraffic(\"DATA\")
        S: 554 5.5.0 SMTP protocol error
        A: Ended
        Q:",
    );
}

#[test]
fn early_talkers_may_be_let_through() {
    // RS-139, letter F
    let features = Features { early_input: true, ..Features::default() };
    let admission = Admission { features, ..Admission::default() };
    check(
        World { admission, ..World::default() },
        "R: HELO x\\r\\nMAIL FROM:<a@b.com>\\r\\nRCPT TO:<root>\\r\\nDATA\\r\\nfoo\\r\\n.\\r\\n
        S: 250 mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        S: 250 2.1.0 <a@b.com>... Sender ok
        S: 250 2.1.5 <root>... Recipient ok
        S: 354 End data with <CR><LF>.<CR><LF>
        B: foo\\n
        S: 250 2.0.0 6AM3UtOf000058 Message accepted for delivery",
    );
}

#[test]
fn talking_before_the_greeting() {
    // SM-007, SM-127, RS-132
    let admission = Admission { greet_pause: Some(Duration::from_secs(5)), ..Admission::default() };
    let mut player = super::Player::silent(World { admission, ..World::default() });
    player.send(b"EHLO x\r\n");
    player.send(b"MAIL FROM:<a@b.com>\r\n");
    insta::assert_snapshot!(player.log.join("\n"), @r"
    S: 554 mail.example.com ESMTP not accepting messages
    S: 250-mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
    S: 250 ENHANCEDSTATUSCODES
    S: 550 5.0.0 Command rejected
    ");
}

#[test]
fn the_end_of_input() {
    // A last command without line end counts; SM-138
    check(
        World::default(),
        "R: MAIL FROM:<a@b.com>\\r\\nNOOP
        S: 250 2.1.0 <a@b.com>... Sender ok
        EOF
        S: 250 2.0.0 OK
        A: Ended
        Q:",
    );
    check(World::default(), "TIMEOUT\nQ:");
    // SM-011
    check(
        World::default(),
        "R: MAIL FROM:<a@b.com>\\r\\nRCPT TO:<root>\\r\\nDATA\\r\\n
        S: 250 2.1.0 <a@b.com>... Sender ok
        S: 250 2.1.5 <root>... Recipient ok
        S: 354 End data with <CR><LF>.<CR><LF>
        R: foo
        B: foo
        TIMEOUT
        S: 421 4.4.1 collect: relay=localhost.example.com, from=<a@b.com>, info=read timeout
        A: Ended
        Q:",
    );
}

#[test]
fn soft_bounce_softens_every_refusal() {
    // SM-139
    let settings = Settings { soft_bounce: true, ..World::default().settings };
    check(
        World { settings, ..World::default() },
        "C: FOO
        S: 400 4.5.1 Command unrecognized: \"FOO\"
        C: VRFY xxx
        S: 450 4.1.1 xxx... User unknown
        C: HELO !
        S: 401 4.0.0 Invalid domain name",
    );
}

#[test]
fn encryption_and_authentication() {
    // SM-029, SM-030, SM-118, SM-119
    check(
        World::default(),
        "C: STARTTLS
        S: 454 4.3.3 TLS not available after start
        C: STARTTLS x
        S: 501 5.5.2 Syntax error (no parameters allowed)
        C: AUTH PLAIN
        S: 503 5.3.3 AUTH not available",
    );
    let mut world = World::default();
    world.admission.features.auth = vec![b"CRAM-MD5".to_vec()];
    world.admission.features.auth_required = true;
    world.admission.features.starttls = StartTls::Offered;
    check(
        world,
        "C: MAIL FROM:<a@b.com>
        S: 530 5.7.0 Authentication required
        C: STARTTLS
        S: 220 2.0.0 Ready to start TLS
        C: STARTTLS
        S: 503 5.5.0 TLS not available
        C: AUTH
        S: 501 5.5.2 AUTH mechanism must be specified
        C: AUTH PLAIN
        S: 504 5.3.3 AUTH mechanism PLAIN not available
        C: AUTH cram-md5
        S: 334 PDFAeD4=
        C: *
        S: 501 5.0.0 AUTH aborted
        C: AUTH CRAM-MD5
        S: 334 PDFAeD4=
        C: zz=zz
        S: 501 5.5.4 cannot decode AUTH parameter zz=zz
        C: AUTH CRAM-MD5 zz
        S: 501 5.5.4 cannot BASE64 decode 'zz'
        C: AUTH CRAM-MD5 YmFk
        S: 535 5.7.0 authentication failed
        C: AUTH CRAM-MD5
        S: 334 PDFAeD4=
        C: Z29vZA==
        S: 235 2.0.0 OK Authenticated
        C: AUTH CRAM-MD5
        S: 503 5.5.0 Already Authenticated
        C: MAIL FROM:<a@b.com>
        S: 250 2.1.0 <a@b.com>... Sender ok",
    );
}

#[test]
fn clear_text_behind_starttls_is_dropped() {
    // RFC 3207 section 6: commands injected before the handshake must not be carried out after it
    let mut world = World::default();
    world.admission.features.starttls = StartTls::Offered;
    check(
        world,
        "R: STARTTLS\\r\\nRSET\\r\\n
        S: 220 2.0.0 Ready to start TLS
        C: NOOP
        S: 250 2.0.0 OK",
    );
}

#[test]
fn a_refused_sender_is_abandoned_once() {
    // LG-073: whoever answers logs it then.
    check(
        World::default(),
        "C: MAIL FROM:<mtemp@x.com>
        S: 451 4.7.1 later
        C: RSET
        S: 250 2.0.0 Reset state
        A: Reset
        C: RSET
        S: 250 2.0.0 Reset state",
    );
}
