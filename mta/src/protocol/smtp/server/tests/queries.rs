//! VRFY, EXPN, ETRN, HELP, VERB, check_other, unknown and refused commands.

use super::check;
use super::world::{World, peer};
use crate::protocol::smtp::server::Note;
use crate::protocol::smtp::server::{Action, Privacy, Question, Session};

const HELP_FILE: &[u8] = b"#vers\t2\nsmtp\tTopics:\nsmtp\t\tHELO\tEHLO\nmail\tMAIL From:<sender>\n";

#[test]
fn vrfy_and_expn() {
    // SM-024, SM-025, SM-129
    check(
        World::default(),
        "C: VRFY root
        S: 250 2.1.5 root <root@mail.example.com>
        C: VRFY
        S: 501 5.5.2 Argument required
        C: VRFY nobodyhere
        S: 550 5.1.1 nobodyhere... User unknown
        C: VRFY bob@example.net
        S: 252 2.1.5 <bob@example.net>
        C: EXPN list
        S: 250-2.1.5 <alice@mail.example.com>
        S: 250 2.1.5 root <root@mail.example.com>",
    );
    check(
        World::default(),
        "C: VRFY ()
        S: 554 5.5.2 Nothing to VRFY
        C: VRFY v421
        S: 421 4.7.0 bye vrfy
        C: NOOP
        S: 250 2.0.0 OK",
    );
}

#[test]
fn the_line_is_passed_on_as_it_came() {
    // LG-030
    let mut session = Session::new(World::default().settings.into(), peer());
    session.feed(b"  Vrfy   alice  x \r\n");
    let mut noted = Vec::new();
    let argument = loop {
        match session.poll() {
            Action::Ask(Question::Verify(argument)) => break argument,
            Action::Note(Note::Inquiry { line, .. }) => noted = line,
            Action::Ask(question) => session.answer(World::default().answer(&question)).unwrap(),
            Action::Close => panic!("closed"),
            _ => {}
        }
    };
    assert_eq!(noted, b"  Vrfy   alice  x ");
    assert_eq!(argument, b"alice  x");
}

#[test]
fn privacy() {
    // OPT-243..OPT-245
    let mut world = World::default();
    world.settings.privacy = Privacy {
        need_mail_hello: true,
        need_expn_hello: true,
        need_vrfy_hello: true,
        no_receipts: true,
        ..Privacy::default()
    };
    check(
        world,
        "C: MAIL
        S: 503 5.0.0 Polite people say HELO first
        C: VRFY root
        S: 503 5.0.0 I demand that you introduce yourself first
        C: EXPN
        S: 503 5.0.0 I demand that you introduce yourself first
        C: HELO x
        S: 250 mail.example.com Hello localhost.example.com [127.0.0.1], pleased to meet you
        C: VRFY root
        S: 250 2.1.5 root <root@mail.example.com>
        C: MAIL FROM:<a@b.com> RET=FULL
        S: 504 5.7.0 Sorry, RET not supported, we do not allow DSN
        C: MAIL FROM:<a@b.com> ENVID
        S: 504 5.7.0 Sorry, ENVID not supported, we do not allow DSN
        C: MAIL FROM:<a@b.com>
        S: 250 2.1.0 <a@b.com>... Sender ok
        C: RCPT TO:<root> NOTIFY=never
        S: 504 5.7.0 Sorry, NOTIFY not supported, we do not allow DSN
        C: RCPT TO:<root> ORCPT=x
        S: 504 5.7.0 Sorry, ORCPT not supported, we do not allow DSN",
    );
    // OPT-246..OPT-249
    let mut world = World::default();
    world.settings.privacy =
        Privacy { no_expn: true, no_vrfy: true, no_etrn: true, ..Privacy::default() };
    check(
        world,
        "C: VRFY
        S: 252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery (or try finger)
        C: EXPN
        S: 502 5.7.0 Sorry, we do not allow this operation
        C: VERB
        S: 502 5.7.0 Verbose unavailable
        C: ETRN
        S: 502 5.7.0 Sorry, we do not allow this operation",
    );
}

#[test]
fn help_of_an_old_file() {
    // SM-026
    let mut world = World::default();
    world.settings.help = HELP_FILE.strip_prefix(b"#vers\t2\n").map(<[u8]>::to_vec);
    check(
        world,
        "C: HELP
        S: 214-2.0.0 This is Sendmail version 8.17.1.9
        S: 214-2.0.0 Topics:
        S: 214-2.0.0 \tHELO\tEHLO
        S: 214 2.0.0 End of HELP info",
    );
}

#[test]
fn etrn_help_verb() {
    // SM-026..SM-028, SM-117
    let mut world = World::default();
    world.settings.help = Some(HELP_FILE.to_vec());
    check(
        world,
        "C: ETRN
        S: 500 5.5.2 Parameter required
        C: ETRN foo.com
        S: 250 2.0.0 Queuing for node foo.com started
        C: ETRN #q
        S: 459 4.5.4 Queue q unknown
        C: HELP
        S: 214-2.0.0 Topics:
        S: 214-2.0.0 \tHELO\tEHLO
        S: 214 2.0.0 End of HELP info
        C: help MA
        S: 214-2.0.0 MAIL From:<sender>
        S: 214 2.0.0 End of HELP info
        C: HELP foo
        S: 504 5.3.0 HELP topic \"foo\" unknown
        C: VERB x
        S: 250 2.0.0 Verbose mode",
    );
    check(
        World::default(),
        "C: HELP mail
        S: 502 5.3.0 Sendmail 8.17.1.9 -- HELP not implemented",
    );
}

#[test]
fn unknown_and_refused_commands() {
    // SM-012, SM-031..SM-034, SM-112
    let world = World { notes: true, ..World::default() };
    check(
        world,
        "C: SEND FROM:<x>
        S: 502 5.5.1 Command not implemented: \"SEND FROM:<x>\"
        C: TURN
        S: 502 5.5.1 Command not implemented: \"TURN\"
        C: Wiz a b
        N: Intruder([119, 105, 122])
        S: 500 5.5.1 Command unrecognized: \"Wiz a b\"
        C: BDAT 5
        S: 500 5.5.1 Command unrecognized: \"BDAT 5\"
        C: noop:
        S: 500 5.5.1 Command unrecognized: \"noop:\"
        C:
        S: 500 5.5.1 Command unrecognized: \"\"
        R: \\r\\n NOOP\\nNO\\0OP\\r\\n
        S: 500 5.5.1 Command unrecognized: \"\"
        S: 250 2.0.0 OK
        S: 500 5.5.1 Command unrecognized: \"NO\"
        R:   FOO \\r\\n
        S: 500 5.5.1 Command unrecognized: \"  FOO \"
        R: F\\xff\\xfe\\x01O\\r\\n
        S: 500 5.5.1 Command unrecognized: \"F~O\"",
    );
}

#[test]
fn browsers_are_sent_away() {
    // SM-010
    check(
        World::default(),
        "C: GET / HTTP/1.0
        S: 421 4.7.0 mail.example.com Rejecting open proxy localhost.example.com [127.0.0.1]
        Q:",
    );
    check(
        World::default(),
        "C: GETT x
        S: 500 5.5.1 Command unrecognized: \"GETT x\"
        C: USER x
        S: 500 5.5.1 Command unrecognized: \"USER x\"",
    );
    let mut world = World::default();
    world.admission.features.refuse_http = true;
    check(
        world,
        "C: NOOP
        S: 250 2.0.0 OK
        C: CONNECT x
        S: 421 4.7.0 mail.example.com HTTP command localhost.example.com [127.0.0.1]
        Q:",
    );
}

#[test]
fn check_other_replaces_the_reply() {
    // RS-099, RS-119
    let mut world = World::default();
    world.settings.check_other = true;
    check(
        world,
        "C: NOOP
        S: 250 2.0.0 OK
        C: NOOP rno
        S: 550 5.7.0 no other
        C: FOO rno
        S: 450 4.7.0 foo 5
        C: VERB rno
        S: 550 5.7.0 no other
        C: RSET
        S: 250 2.0.0 Reset state
        C: NOOP r421
        S: 421 4.7.0 bye other
        Q:",
    );
}

#[test]
fn verbose_lines_only_after_verb() {
    // SM-027
    let mut player = super::Player::new(World::default());
    player.session.verbose_line(b"list... aliased to alice, bob");
    player.send(b"VERB\r\n");
    player.session.verbose_line(b"list... aliased to alice, bob");
    player.send(b"NOOP\r\n");
    insta::assert_snapshot!(player.log.join("\n"), @r"
    S: 250 2.0.0 Verbose mode
    S: 050 list... aliased to alice, bob
    S: 250 2.0.0 OK
    ");
}

#[test]
fn what_the_log_is_told_of() {
    // LG-012, LG-030: behind the reply where it is refused, in front of it where the world is asked
    let mut world = World { notes: true, ..World::default() };
    world.settings.privacy.no_expn = true;
    check(
        world,
        "C: HELO a<b c
        S: 501 5.0.0 Invalid domain name
        N: BadHello([97, 60, 98])
        C: EXPN x
        N: Inquiry { line: [69, 88, 80, 78, 32, 120], rejected: true }
        S: 502 5.7.0 Sorry, we do not allow this operation
        C: MAIL FROM:<a@b.com>
        S: 250 2.1.0 <a@b.com>... Sender ok
        C: RCPT TO
        S: 501 5.5.2 Syntax error in parameters scanning \"TO\"
        N: RecipientRefused([83, 121, 110, 116, 97, 120, 32, 101, 114, 114, 111, 114, 32, 105, 110, 32, 112, 97, 114, 97, 109, 101, 116, 101, 114, 115, 32, 115, 99, 97, 110, 110, 105, 110, 103, 32, 34, 84, 79, 34])",
    );
}
