//! Greeting, hello, further transactions, quit.

use super::*;

#[test]
fn one_message() {
    // SM-130
    let told = play(
        settings(),
        &[order(&["a@x"])],
        &[
            "220 peer ESMTP",
            PLAIN,
            "250 2.1.0 ok",
            "250 2.1.5 ok",
            "354 go",
            "250 2.0.0 stored",
            "221 bye",
        ],
    );
    insta::assert_snapshot!(told, @"
    S: 220 peer ESMTP
    C: EHLO me.example
    S: 250-peer hi|250 ENHANCEDSTATUSCODES
    C: MAIL From:<s@me.example>
    S: 250 2.1.0 ok
    C: RCPT To:<a@x>
    S: 250 2.1.5 ok
    C: DATA
    S: 354 go
    C: (message)
    C: .
    S: 250 2.0.0 stored
    -- Dot 0 2.0.0 250 stored
    C: QUIT
    S: 221 bye
    -- close
    ");
}

#[test]
fn helo_after_a_refused_ehlo_and_without_esmtp_in_the_greeting() {
    // SM-085, SM-140
    let helo = ["250 peer", "250 ok", "250 ok", "354 go", "250 2.0.0 stored", "221 bye"];
    let refused = [&["220 peer ESMTP", "500 5.5.1 what"], &helo[..]].concat();
    insta::assert_snapshot!(play(settings(), &[order(&["a@x"])], &refused), @"
    S: 220 peer ESMTP
    C: EHLO me.example
    S: 500 5.5.1 what
    C: HELO me.example
    S: 250 peer
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    S: 250 ok
    C: DATA
    S: 354 go
    C: (message)
    C: .
    S: 250 2.0.0 stored
    -- Dot 0 2.0.0 250 2.0.0 stored
    C: QUIT
    S: 221 bye
    -- close
    ");
    for greeting in ["220 peer", "220 peer esmtp", "220-peer|220 hello"] {
        let told = play(settings(), &[order(&["a@x"])], &[&[greeting], &helo[..]].concat());
        assert!(told.contains("C: HELO me.example\n"), "{told}");
    }
    for greeting in ["220 ESMTP", "220 xESMTPx", "220-peer ESMTP|220 hello", "220-peer|220 ESMTP"] {
        let told = play(settings(), &[], &[greeting]);
        assert!(told.contains("C: EHLO me.example\n"), "{told}");
    }
    let never = Settings { esmtp: Esmtp::Never, ..settings() };
    assert!(play(never, &[], &["220 peer ESMTP"]).contains("C: HELO"));
    let always = Settings { esmtp: Esmtp::Always, ..settings() };
    assert!(play(always, &[], &["220 peer"]).contains("C: EHLO"));
}

#[test]
fn a_peer_that_takes_no_mail() {
    // SM-094, SM-141, SM-142; observed: codes of the peer do not count before the hello is over
    #[rustfmt::skip]
    let rows: &[(&[&str], &str)] = &[
        (&["450 4.7.1 x"],             "Greeting 75 4.5.0 450 4.7.1 x"),
        (&["421 x"],                   "Greeting 75 4.5.0 421 x"),
        (&["554 5.7.1 no"],            "Greeting 69 5.5.0 554 5.7.1 no"),
        (&["354 x"],                   "Greeting 69 5.5.0 354 x"),
        (&["650 x"],                   "Greeting 69 5.5.0 650 x"),
        (&["220 ESMTP", "450 4.1.1 x"],"Hello 75 4.5.0 450 4.1.1 x"),
        (&["220 ESMTP", "354 x"],      "Hello 75 4.5.0 354 x"),
        (&["220 ESMTP", "500 no", "550 5.0.0 no"], "Hello 69 5.5.0 550 5.0.0 no"),
        (&["220 ESMTP", "500 no", "421 no"], "Hello 75 4.5.0 421 no"),
        (&["220 ESMTP", "500 no", "354 no"], "Hello 75 4.5.0 354 no"),
    ];
    for (replies, refusal) in rows {
        let told = play(settings(), &[order(&["a@x"])], &[replies, &["221 bye"][..]].concat());
        let end = format!("C: QUIT\n-- refused: {refusal}\nS: 221 bye\n-- close\n");
        assert!(told.ends_with(&end), "{told}");
    }
}

#[test]
fn a_connection_lost_before_a_transaction() {
    // SM-103
    #[rustfmt::skip]
    let rows: &[(&[&str], &str)] = &[
        (&["CLOSE"],              "Greeting 75 4.4.2 - Connection reset by [127.0.0.1]"),
        (&["HANG"],               "Greeting 75 4.4.2 - Connection timed out with [127.0.0.1]"),
        (&["220 ESMTP", "CLOSE"], "Hello 75 4.4.2 - Connection reset by [127.0.0.1]"),
        (&["220 ESMTP", "RESET"], "Hello 75 4.4.2 - Connection reset by [127.0.0.1]"),
    ];
    for (replies, refusal) in rows {
        let told = play(settings(), &[order(&["a@x"])], replies);
        assert!(told.ends_with(&format!("-- refused: {refusal}\n-- close\n")), "{told}");
    }
}

#[test]
fn a_host_that_talks_to_itself() {
    // SM-083; the second and third replies are those of other hosts
    let told = play(settings(), &[order(&["a@x"])], &["220 ESMTP", "250-ME.example hi|250 HELP"]);
    insta::assert_snapshot!(told, @"
    S: 220 ESMTP
    C: EHLO me.example
    S: 250-ME.example hi|250 HELP
    C: QUIT
    -- refused: Hello 78 5.3.5 553 config error: mail loops back to me (MX problem?)
    -- close
    ");
    for hello in ["250 me.example, hi", "250-x|250 me.example"] {
        let told = play(settings(), &[order(&["a@x"])], &["220 me.example ESMTP", hello]);
        assert!(told.contains("C: MAIL"), "{told}");
    }
    let lmtp = Settings { protocol: Protocol::Lmtp, ..settings() };
    assert!(play(lmtp, &[order(&["a@x"])], &["220 x", "250 me.example"]).contains("C: MAIL"));
    let flag_k = Settings { loop_name: None, ..settings() };
    assert!(play(flag_k, &[order(&["a@x"])], &["220 x", "250 me.example"]).contains("C: MAIL"));
}

#[test]
fn a_further_transaction_begins_with_rset() {
    // SM-101, SM-144
    let told = play(
        settings(),
        &[order(&["a@x"]), order(&["b@x"])],
        &[
            "220 ESMTP",
            PLAIN,
            "550 5.7.1 not you",
            "250 reset",
            "250 ok",
            "250 ok",
            "354 go",
            "250 ok",
            "221 bye",
        ],
    );
    insta::assert_snapshot!(told, @"
    S: 220 ESMTP
    C: EHLO me.example
    S: 250-peer hi|250 ENHANCEDSTATUSCODES
    C: MAIL From:<s@me.example>
    S: 550 5.7.1 not you
    -- Mail 69 5.7.1 550 not you
    C: RSET
    S: 250 reset
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<b@x>
    S: 250 ok
    C: DATA
    S: 354 go
    C: (message)
    C: .
    S: 250 ok
    -- Dot 0 2.0.0 250 ok
    C: QUIT
    S: 221 bye
    -- close
    ");
}

#[test]
fn a_stale_connection_is_refused_not_the_message() {
    // observed: another connection is made
    let first = ["220 ESMTP", PLAIN, "250 ok", "250 ok", "354 go", "250 ok"];
    for (reset, status) in [
        ("421 4.4.2 idle", "Reset 75 4.5.0 421 idle"),
        ("500 what", "Reset 75 4.5.0 500 what"),
        ("CLOSE", "Reset 75 4.4.2 - Connection reset by [127.0.0.1]"),
    ] {
        let replies = [&first[..], &[reset, "221 bye"]].concat();
        let told = play(settings(), &[order(&["a@x"]), order(&["b@x"])], &replies);
        assert!(told.contains(&format!("-- refused: {status}\n")), "{told}");
    }
}

#[test]
fn verb_is_sent_with_flag_i() {
    // ML-046; observed: offered or not, and whatever the reply
    let told = play(
        Settings { verbose: true, ..settings() },
        &[order(&["a@x"])],
        &["220 peer", "250 peer", "500 what", "550 no"],
    );
    assert!(told.contains("C: VERB\nS: 500 what\nC: MAIL"), "{told}");
}

#[test]
fn line_end_and_helo_name_are_the_mailers() {
    let mut client = Client::new(Settings {
        eol: b"\n".to_vec(),
        hello_name: b"he\r\nlo".to_vec(),
        ..settings()
    });
    client.feed(b"220 ESMTP\n");
    assert_eq!(client.step(), Step::Write(b"EHLO helo\n".to_vec()));
    assert_eq!(client.step(), Step::Wait { what: Timeout::Helo });
}

#[test]
fn waits_are_named() {
    // OPT-216..OPT-228
    let talk = ["220 ESMTP", PLAIN, "250 ok", "250 ok", "354 go", "250 ok", "250 ok"];
    let names = ["Initial", "Helo", "Mail", "Rcpt", "DataInit", "DataFinal", "Rset"];
    for (at, name) in names.iter().enumerate() {
        let replies = [&talk[..at], &["HANG"]].concat();
        let told = play(settings(), &[order(&["a@x"]), order(&["b@x"])], &replies);
        assert!(told.contains(&format!("-- waited for {name}\n")), "{told}");
    }
    let told = play(settings(), &[], &["220 ESMTP", PLAIN, "HANG"]);
    assert!(told.ends_with("C: QUIT\n-- waited for Quit\n-- close\n"), "{told}");
    let lmtp = Settings { protocol: Protocol::Lmtp, ..settings() };
    assert!(play(lmtp, &[], &["220 x", "HANG"]).contains("-- waited for Lhlo\n"));
}

#[test]
fn calls_out_of_turn_do_nothing() {
    let mut client = Client::new(settings());
    assert!(!client.begin(order(&["a@x"])));
    client.quit();
    client.message_sent();
    client.abandon(ruleset_vm::Status::ok());
    assert_eq!(client.step(), Step::Wait { what: Timeout::Initial });
    client.lost(&Loss::Closed);
    assert!(matches!(client.step(), Step::Refused(_)));
    assert_eq!(client.step(), Step::Close);
    client.lost(&Loss::TimedOut);
    assert_eq!(client.step(), Step::Close);
}
