//! Recipients, data, pipelining, LMTP, transcripts.

use super::*;

/// Greeting and hello, then `replies`.
fn talk(hello: &str, recipients: &[&str], replies: &[&str]) -> String {
    let replies = [&["220 ESMTP", hello], replies].concat();
    let told = play(settings(), &[order(recipients)], &replies);
    told.split_once("C: MAIL").map(|(_, rest)| format!("C: MAIL{rest}")).unwrap_or(told)
}

#[test]
fn each_recipient_has_its_verdict() {
    // SM-096, SM-132
    insta::assert_snapshot!(talk(PLAIN, &["a@x", "b@x", "c@x"], &[
        "250 2.1.0 ok", "550-5.1.1 first|550 5.1.2 no such", "452 4.2.2 full", "250 2.1.5 ok",
        "354 go", "250 2.6.0 stored", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 2.1.0 ok
    C: RCPT To:<a@x>
    S: 550-5.1.1 first|550 5.1.2 no such
    C: RCPT To:<b@x>
    S: 452 4.2.2 full
    C: RCPT To:<c@x>
    S: 250 2.1.5 ok
    C: DATA
    S: 354 go
    C: (message)
    C: .
    S: 250 2.6.0 stored
    -- Rcpt 67 5.1.2 550 first
    -- Rcpt 75 4.2.2 452 full
    -- Dot 0 2.6.0 250 stored
    C: QUIT
    S: 221 bye
    -- close
    ");
}

#[test]
fn pipelining_waits_for_mail_only() {
    // SM-092, SM-131
    insta::assert_snapshot!(talk(PIPED, &["a@x", "b@x"], &[
        "250 ok", "250 ok|550 5.1.1 no|354 go|250 2.0.0 stored", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    C: RCPT To:<b@x>
    C: DATA
    S: 250 ok|550 5.1.1 no|354 go|250 2.0.0 stored
    C: (message)
    C: .
    -- Dot 0 2.0.0 250 stored
    -- Rcpt 67 5.1.1 550 no
    C: QUIT
    S: 221 bye
    -- close
    ");
}

#[test]
fn pipelined_data_accepted_for_nobody_gets_a_lone_dot() {
    // observed; RFC 2920 3.1
    insta::assert_snapshot!(talk(PIPED, &["a@x", "b@x"], &[
        "250 ok", "550 no|550 no|354 go", "250 stored", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    C: RCPT To:<b@x>
    C: DATA
    S: 550 no|550 no|354 go
    C: .
    S: 250 stored
    -- Rcpt 67 5.1.1 550 no
    -- Rcpt 67 5.1.1 550 no
    C: QUIT
    S: 221 bye
    -- close
    ");
    insta::assert_snapshot!(talk(PIPED, &["a@x", "b@x"], &[
        "250 ok", "450 4.2.1 busy|550 no|503 5.0.0 need", "250 reset", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    C: RCPT To:<b@x>
    C: DATA
    S: 450 4.2.1 busy|550 no|503 5.0.0 need
    C: RSET
    S: 250 reset
    -- Rcpt 75 4.2.1 450 busy
    -- Rcpt 67 5.1.1 550 no
    C: QUIT
    S: 221 bye
    -- close
    ");
}

#[test]
fn nobody_accepted_ends_in_rset() {
    // observed
    insta::assert_snapshot!(talk(PLAIN, &["a@x", "b@x"], &[
        "250 ok", "550 no", "450 later", "250 reset", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    S: 550 no
    C: RCPT To:<b@x>
    S: 450 later
    C: RSET
    S: 250 reset
    -- Rcpt 67 5.1.1 550 no
    -- Rcpt 75 4.2.0 450 later
    C: QUIT
    S: 221 bye
    -- close
    ");
}

#[test]
fn data_refused() {
    // SM-097: for now closes, for good resets
    insta::assert_snapshot!(talk(PLAIN, &["a@x", "b@x"], &[
        "250 ok", "250 ok", "450 4.2.1 busy", "451 4.7.1 later", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    S: 250 ok
    C: RCPT To:<b@x>
    S: 450 4.2.1 busy
    C: DATA
    S: 451 4.7.1 later
    C: QUIT
    -- Data 75 4.0.0 451 later
    -- Rcpt 75 4.2.1 450 busy
    S: 221 bye
    -- close
    ");
    insta::assert_snapshot!(talk(PLAIN, &["a@x", "b@x"], &[
        "250 ok", "250 ok", "450 4.2.1 busy", "554 5.7.1 no", "250 reset", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    S: 250 ok
    C: RCPT To:<b@x>
    S: 450 4.2.1 busy
    C: DATA
    S: 554 5.7.1 no
    C: RSET
    S: 250 reset
    -- Data 69 5.0.0 554 no
    -- Rcpt 75 4.2.1 450 busy
    C: QUIT
    S: 221 bye
    -- close
    ");
}

#[test]
fn final_dot_refused() {
    // SM-098
    let dot = |reply| talk(PLAIN, &["a@x"], &["250 ok", "250 ok", "354 go", reply, "221 bye"]);
    assert!(dot("452 4.2.2 full").contains("-- Dot 75 4.2.2 452 full\nC: QUIT"));
    assert!(dot("451 4.3.0 hm").contains("-- Dot 75 4.3.0 451 hm\n-- host: hm\n"));
    assert!(dot("554 5.7.1 spam").contains("-- Dot 69 5.7.1 554 spam\nC: QUIT"));
}

#[test]
fn a_message_too_large_is_not_quoted() {
    // SM-095: only if the peer offered SIZE
    let mail = |hello| talk(hello, &["a@x"], &["552 5.3.4 too big", "221 bye"]);
    assert!(mail("250-x|250 SIZE 10").contains("-- headers only"));
    assert!(!mail("250 x").contains("-- headers only"));
}

#[test]
fn closing_421_ends_everything() {
    // SM-100; codes observed
    insta::assert_snapshot!(talk(PLAIN, &["a@x", "b@x", "c@x"], &[
        "250 ok", "250 ok", "421 4.3.2 bye", "221 bye",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    S: 250 ok
    C: RCPT To:<b@x>
    S: 421 4.3.2 bye
    C: QUIT
    -- Rcpt 75 4.0.0 421 bye
    -- Rcpt 75 4.3.2 421 bye
    -- Rcpt 75 4.2.0 421 bye
    S: 221 bye
    -- close
    ");
    insta::assert_snapshot!(talk(PIPED, &["a@x", "b@x", "c@x"], &[
        "250 ok", "250 ok|421 4.3.2 bye|250 ok|354 go", "CLOSE",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    C: RCPT To:<b@x>
    C: RCPT To:<c@x>
    C: DATA
    S: 250 ok|421 4.3.2 bye|250 ok|354 go
    C: QUIT
    -- Rcpt 75 4.0.0 421 bye
    -- Rcpt 75 4.3.2 421 bye
    -- Rcpt 75 4.2.0 421 bye
    -- close
    ");
    insta::assert_snapshot!(talk(PLAIN, &["a@x"], &["421 4.3.2 bye", "221 bye"]), @"
    C: MAIL From:<s@me.example>
    S: 421 4.3.2 bye
    C: QUIT
    -- Mail 75 4.0.0 421 bye
    S: 221 bye
    -- close
    ");
}

#[test]
fn a_connection_lost_in_a_transaction() {
    // SM-103
    insta::assert_snapshot!(talk(PLAIN, &["a@x", "b@x", "c@x"], &[
        "250 ok", "550 no", "250 ok", "CLOSE",
    ]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    S: 550 no
    C: RCPT To:<b@x>
    S: 250 ok
    C: RCPT To:<c@x>
    -- Rcpt 67 5.1.1 550 no
    -- Rcpt 75 4.4.2 - Connection reset by [127.0.0.1]
    -- Rcpt 75 4.4.2 - Connection reset by [127.0.0.1]
    -- close
    ");
    insta::assert_snapshot!(talk(PLAIN, &["a@x"], &["250 ok", "250 ok", "354 go", "HANG"]), @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<a@x>
    S: 250 ok
    C: DATA
    S: 354 go
    C: (message)
    C: .
    -- waited for DataFinal
    -- Dot 75 4.4.2 - Connection timed out with [127.0.0.1]
    -- close
    ");
}

#[test]
fn an_address_cannot_smuggle_a_command() {
    let told = talk(
        PLAIN,
        &["a@x>\r\nRSET", "b@x", "c\0@x"],
        &["250 ok", "250 ok", "354 go", "250 ok", "221 bye"],
    );
    insta::assert_snapshot!(told, @"
    C: MAIL From:<s@me.example>
    S: 250 ok
    C: RCPT To:<b@x>
    S: 250 ok
    C: DATA
    S: 354 go
    C: (message)
    C: .
    S: 250 ok
    -- Rcpt 65 5.1.3 553 Address contains control characters
    -- Dot 0 2.0.0 250 ok
    -- Rcpt 65 5.1.3 553 Address contains control characters
    C: QUIT
    S: 221 bye
    -- close
    ");
    let mut bad = order(&["a@x"]);
    bad.sender = b"a\n@x".to_vec();
    insta::assert_snapshot!(
        play(settings(), &[bad], &["220 ESMTP", PLAIN, "221 bye"]),
        @"
    S: 220 ESMTP
    C: EHLO me.example
    S: 250-peer hi|250 ENHANCEDSTATUSCODES
    -- Mail 65 5.1.3 553 Address contains control characters
    C: QUIT
    S: 221 bye
    -- close
    "
    );
}

#[test]
fn deliver_by_return_needs_a_peer_that_keeps_time() {
    // SM-104; texts and codes observed
    let by = |hello, mode, seconds| {
        let mut order = order(&["a@x"]);
        order.by = Some(DeliverBy { seconds, mode, trace: false });
        let told = play(settings(), &[order], &["220 ESMTP", hello, "221 bye"]);
        told.lines().nth(3).unwrap_or_default().to_owned()
    };
    assert_eq!(by("250 x", b'R', 100), "-- Mail 69 5.4.7 554 Server does not support Deliver By");
    assert_eq!(
        by("250-x|250 DELIVERBY 10", b'R', 5),
        "-- Mail 69 5.4.7 554 Message can't be delivered in time; 5 < 10"
    );
    assert_eq!(by("250-x|250 DELIVERBY 10", b'R', 10), "C: MAIL From:<s@me.example> BY=10;R");
    assert_eq!(by("250 x", b'N', 5), "C: MAIL From:<s@me.example>");
}

#[test]
fn lmtp_answers_for_every_recipient() {
    // SM-107, SM-108, SM-135
    let lmtp = Settings { protocol: Protocol::Lmtp, esmtp: Esmtp::Never, ..settings() };
    let hello = ["220 x", PLAIN, "250 ok", "250 ok", "550 5.1.1 no", "250 ok", "250 ok", "354 go"];
    let recipients = order(&["a@x", "b@x", "c@x", "d@x"]);
    let dot = |replies: &[&str]| {
        let told =
            play(lmtp.clone(), std::slice::from_ref(&recipients), &[&hello[..], replies].concat());
        told.split_once("C: .\n").map(|(_, rest)| rest.to_owned()).unwrap_or(told)
    };
    insta::assert_snapshot!(dot(&["250 2.0.0 one|452 4.2.2 full|550 5.2.0 never", "221 x"]), @"
    S: 250 2.0.0 one|452 4.2.2 full|550 5.2.0 never
    -- Dot 0 2.0.0 250 
    -- Rcpt 67 5.1.1 550 no
    -- Dot 75 4.2.2 452 full
    -- Dot 69 5.2.0 550 never
    C: QUIT
    S: 221 x
    -- close
    ");
    insta::assert_snapshot!(dot(&["250 2.0.0 one", "421 4.3.2 bye", "221 x"]), @"
    S: 250 2.0.0 one
    S: 421 4.3.2 bye
    C: QUIT
    -- Dot 0 2.0.0 250 
    -- Rcpt 67 5.1.1 550 no
    -- Dot 75 4.3.2 421 bye
    -- Dot 75 4.0.0 421 bye
    -- host: bye
    S: 221 x
    -- close
    ");
    insta::assert_snapshot!(dot(&["250 2.0.0 one", "CLOSE"]), @"
    S: 250 2.0.0 one
    -- Dot 0 2.0.0 250 
    -- Rcpt 67 5.1.1 550 no
    -- Dot 75 4.4.2 - Connection reset by [127.0.0.1]
    -- Dot 75 4.4.2 - Connection reset by [127.0.0.1]
    -- close
    ");
    let told = play(lmtp, &[order(&["a@x"])], &["220 x", "500 what", "221 x"]);
    assert!(told.contains("C: LHLO me.example\nS: 500 what\nC: QUIT"), "{told}");
}

#[test]
fn an_abandoned_message_is_not_ended() {
    let mut client = Client::new(settings());
    client.feed(b"220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    loop {
        match client.step() {
            Step::Write(_) => {}
            Step::Idle => assert!(client.begin(order(&["a@x"]))),
            Step::SendMessage => break,
            other => panic!("{other:?}"),
        }
    }
    client.abandon(ruleset_vm::Status::from_exit(ruleset_vm::Exit::IOERR, "disk"));
    let Step::Done(outcome) = client.step() else { panic!() };
    assert_eq!(outcome.recipients[0].status.text, b"disk");
    assert_eq!(client.step(), Step::Close);
}

/// The transcript of a session with these replies.
fn transcript(settings: Settings, recipients: &[&str], replies: &[&str]) -> String {
    let mut client = Client::new(settings);
    let mut transcript = Transcript::new("[127.0.0.1]");
    let mut lines = Vec::new();
    let mut replies = replies.iter();
    let mut begun = false;
    loop {
        let step = client.step();
        for line in client.take_dialogue() {
            transcript.note(&line, &mut lines);
            if let Line::Received { settles: Some(settled), .. } = line {
                let index = settled.index;
                lines.push(format!("({})", recipients[index]).into_bytes());
            }
        }
        match step {
            Step::Wait { .. } => match replies.next() {
                Some(text) => client.feed(format!("{}\n", text.replace('|', "\n")).as_bytes()),
                None => client.lost(&Loss::Closed),
            },
            Step::Idle if !begun => begun = client.begin(order(recipients)),
            Step::Idle => client.quit(),
            Step::SendMessage => client.message_sent(),
            Step::Close => return bstr::join("\n", lines).to_str_lossy().into_owned(),
            Step::Write(_) | Step::Done(_) | Step::Refused(_) => {}
        }
    }
}

#[test]
fn transcripts_tell_errors_behind_their_command() {
    // QU-104, SM-131; all observed
    let recipients = ["a@x", "b@x"];
    let told = transcript(
        settings(),
        &recipients,
        &[
            "220 ESMTP",
            PIPED,
            "250 ok",
            "550 5.1.1 no|450 4.2.1 busy|503 need",
            "250 reset",
            "221 x",
        ],
    );
    insta::assert_snapshot!(told, @"
    ... while talking to [127.0.0.1]:
    >>> DATA
    <<< 550 5.1.1 no
    (a@x)
    <<< 450 4.2.1 busy
    (b@x)
    <<< 503 need
    ");
    let told = transcript(
        settings(),
        &recipients,
        &[
            "220 ESMTP",
            PLAIN,
            "250 ok",
            "250-x|550-5.1.1 no|550 5.1.1 y",
            "250 ok",
            "354 go",
            "554 no",
        ],
    );
    insta::assert_snapshot!(told, @"
    ... while talking to [127.0.0.1]:
    >>> RCPT To:<a@x>
    <<< 550-5.1.1 no
    <<< 550 5.1.1 y
    (a@x)
    >>> DATA
    <<< 554 no
    ");
    insta::assert_snapshot!(transcript(settings(), &[], &["421-4.3.2 bye|421 there"]), @"
    ... while talking to [127.0.0.1]:
    <<< 421-4.3.2 bye
    <<< 421 there
    ");
    insta::assert_snapshot!(transcript(settings(), &[], &["220 ESMTP", "450 hm"]), @"
    ... while talking to [127.0.0.1]:
    >>> EHLO me.example
    <<< 450 hm
    ");
    insta::assert_snapshot!(transcript(settings(), &[], &["220 ESMTP", "550-x|550 hm", "554 no"]), @"
    ... while talking to [127.0.0.1]:
    >>> HELO me.example
    <<< 554 no
    ");
    let lmtp = Settings { protocol: Protocol::Lmtp, ..settings() };
    let told = transcript(
        lmtp,
        &recipients,
        &[
            "220 x",
            "250 x",
            "250 ok",
            "250 ok",
            "250 ok",
            "354 go",
            "452 4.2.2 full|550 5.1.1 nope",
        ],
    );
    insta::assert_snapshot!(told, @"
    ... while talking to [127.0.0.1]:
    >>> DATA
    <<< 452 4.2.2 full
    (a@x)
    <<< 550 5.1.1 nope
    (b@x)
    ");
    assert_eq!(
        Loss::Closed.transcript(b"[127.0.0.1]"),
        b"451 4.4.1 reply: read error from [127.0.0.1]"
    );
}
