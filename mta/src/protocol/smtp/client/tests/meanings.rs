//! The table of meanings, as observed reply by reply with sendmail 8.17.1.9 (SM-094..SM-099).

use super::*;

/// Status of the one recipient when the reply at `stage` is this one.
fn at(stage: Stage, hello: &str, reply: &str) -> String {
    let talk = ["250 ok", "250 ok", "354 go", "250 ok"];
    let before = match stage {
        Stage::Mail => 0,
        Stage::Rcpt => 1,
        Stage::Data => 2,
        _ => 3,
    };
    let replies = [&["220 ESMTP", hello], &talk[..before], &[reply], &["250 x", "250 x"]].concat();
    let told = play(settings(), &[order(&["a@x"])], &replies);
    let line = told.lines().find(|line| line.starts_with("-- ")).unwrap_or_default();
    let mut words = line.split(' ').skip(1);
    let stage = words.next().unwrap_or_default();
    let exit = words.next().unwrap_or_default();
    let enhanced = words.next().unwrap_or_default();
    assert!(!stage.is_empty(), "{told}");
    format!("{exit} {enhanced}")
}

#[test]
fn codes() {
    #[rustfmt::skip]
    let rows: &[(Stage, &str, &str, &str)] = &[
        // stage, reply, with ENHANCEDSTATUSCODES, without
        (Stage::Mail, "450 4.3.3 later", "75 4.3.3", "75 4.2.0"),
        (Stage::Mail, "450 later",       "75 4.2.0", "75 4.2.0"),
        (Stage::Mail, "421 4.3.2 bye",   "75 4.0.0", "75 4.0.0"),
        (Stage::Mail, "455 x",           "75 4.0.0", "75 4.0.0"),
        (Stage::Mail, "500 bad",         "69 5.0.0", "69 5.0.0"),
        (Stage::Mail, "501 5.1.7 x",     "65 5.1.7", "65 5.5.2"),
        (Stage::Mail, "501 x",           "65 5.5.2", "65 5.5.2"),
        (Stage::Mail, "550 5.7.1 no",    "69 5.7.1", "69 5.0.0"),
        (Stage::Mail, "552 5.2.3 big",   "69 5.2.3", "69 5.3.4"),
        (Stage::Mail, "553 5.1.8 z",     "65 5.1.8", "65 5.1.3"),
        (Stage::Mail, "554 no",          "69 5.0.0", "69 5.0.0"),
        (Stage::Mail, "571 5.7.1 x",     "69 5.7.1", "69 5.0.0"),
        (Stage::Mail, "354 5.0.0 what",  "76 5.0.0", "76 5.5.1"),
        (Stage::Mail, "399 huh",         "76 5.5.1", "76 5.5.1"),
        (Stage::Mail, "650 hm",          "76 5.5.1", "76 5.5.1"),
        (Stage::Mail, "150 hm",          "76 5.5.1", "76 5.5.1"),
        (Stage::Rcpt, "450 4.3.3 later", "75 4.3.3", "75 4.2.0"),
        (Stage::Rcpt, "451 x",           "75 4.3.0", "75 4.3.0"),
        (Stage::Rcpt, "452 x",           "75 4.3.1", "75 4.3.1"),
        (Stage::Rcpt, "454 x",           "75 4.0.0", "75 4.0.0"),
        (Stage::Rcpt, "421 4.3.2 bye",   "75 4.3.2", "75 4.0.0"),
        (Stage::Rcpt, "500 bad",         "69 5.5.2", "69 5.5.2"),
        (Stage::Rcpt, "501 5.1.3 syn",   "69 5.1.3", "69 5.5.4"),
        (Stage::Rcpt, "502 x",           "69 5.5.1", "69 5.5.1"),
        (Stage::Rcpt, "503 x",           "69 5.5.1", "69 5.5.1"),
        (Stage::Rcpt, "504 x",           "69 5.5.4", "69 5.5.4"),
        (Stage::Rcpt, "505 x",           "69 5.0.0", "69 5.0.0"),
        (Stage::Rcpt, "530 x",           "69 5.0.0", "69 5.0.0"),
        (Stage::Rcpt, "550 5.7.1 no",    "67 5.7.1", "67 5.1.1"),
        (Stage::Rcpt, "550 4.7.1 mixed", "67 5.1.1", "67 5.1.1"),
        (Stage::Rcpt, "550",             "67 5.1.1", "67 5.1.1"),
        (Stage::Rcpt, "551 x",           "67 5.1.6", "67 5.1.6"),
        (Stage::Rcpt, "552 5.2.3 big",   "69 5.2.3", "69 5.2.2"),
        (Stage::Rcpt, "553 z",           "67 5.1.3", "67 5.1.3"),
        (Stage::Rcpt, "554 5.6.7 no",    "69 5.6.7", "69 5.0.0"),
        (Stage::Rcpt, "354 5.0.0 what",  "76 5.0.0", "76 5.0.0"),
        (Stage::Rcpt, "100 5.1.1 x",     "76 5.1.1", "76 5.0.0"),
        (Stage::Rcpt, "650 hm",          "76 5.0.0", "76 5.0.0"),
        (Stage::Rcpt, "550-5.1.1 a|550-5.1.2 b|550 5.1.3 c", "67 5.1.3", "67 5.1.1"),
        (Stage::Rcpt, "550-5.1.9 first|550 last", "67 5.1.9", "67 5.1.1"),
        (Stage::Rcpt, "550-5.1.9 a|550-b|550-4.3.3 c|550 2.3.3 d", "67 5.1.1", "67 5.1.1"),
        (Stage::Rcpt, "550-5.1.1 first|450 4.2.0 last", "75 4.2.0", "75 4.2.0"),
        (Stage::Rcpt, "550 5.1.1hello",  "67 5.1.1", "67 5.1.1"),
        (Stage::Rcpt, "550 5.7.1234 x",  "67 5.1.1", "67 5.1.1"),
        (Stage::Rcpt, "25|2x0 hi|250hi|5500 x| 550 x|550\tx|000 x|099 x||550 5.7.2 no", "67 5.7.2", "67 5.1.1"),
        (Stage::Data, "450 4.3.3 later", "75 4.0.0", "75 4.0.0"),
        (Stage::Data, "503 x",           "69 5.0.0", "69 5.0.0"),
        (Stage::Data, "550 5.7.1 no",    "69 5.0.0", "69 5.0.0"),
        (Stage::Data, "250 ok",          "76 5.5.1", "76 5.5.1"),
        (Stage::Data, "650 hm",          "76 5.5.1", "76 5.5.1"),
        (Stage::Dot,  "450 4.3.3 later", "75 4.3.3", "75 4.2.0"),
        (Stage::Dot,  "452 4.2.2 full",  "75 4.2.2", "75 4.3.1"),
        (Stage::Dot,  "421 4.3.2 bye",   "75 4.3.2", "75 4.0.0"),
        (Stage::Dot,  "471 x",           "75 4.0.0", "75 4.0.0"),
        (Stage::Dot,  "500 bad",         "76 5.5.2", "76 5.5.2"),
        (Stage::Dot,  "530 x",           "76 5.0.0", "76 5.0.0"),
        (Stage::Dot,  "571 5.7.1 x",     "76 5.7.1", "76 5.0.0"),
        (Stage::Dot,  "550 5.7.1 no",    "69 5.7.1", "69 5.2.0"),
        (Stage::Dot,  "551 x",           "69 5.1.6", "69 5.1.6"),
        (Stage::Dot,  "552 big",         "69 5.2.2", "69 5.2.2"),
        (Stage::Dot,  "553 x",           "69 5.1.0", "69 5.1.0"),
        (Stage::Dot,  "554 no",          "69 5.0.0", "69 5.0.0"),
        (Stage::Dot,  "354 ok",          "76 5.0.0", "76 5.0.0"),
        (Stage::Dot,  "250 ok",          "0 2.0.0",  "0 2.0.0"),
        (Stage::Dot,  "299 2.6.0 ok",    "0 2.6.0",  "0 2.0.0"),
        (Stage::Dot,  "250-one|250-2.0.1 two|250 three", "0 2.0.1", "0 2.0.0"),
    ];
    for (stage, reply, with, without) in rows {
        assert_eq!(at(*stage, PLAIN, reply), *with, "{stage:?} {reply}");
        assert_eq!(at(*stage, "250 peer", reply), *without, "{stage:?} {reply}");
    }
}

#[test]
fn texts() {
    // SM-133
    let text = |hello, dot| {
        let replies = ["220 ESMTP", hello, "250 ok", "250 ok", "354 go", dot, "221 bye"];
        let told = play(settings(), &[order(&["a@x"])], &replies);
        let line = told.lines().find(|line| line.starts_with("-- Dot")).unwrap_or_default();
        line.splitn(6, ' ').nth(5).unwrap_or_default().to_owned()
    };
    assert_eq!(text(PLAIN, "250 2.0.0 stored"), "stored");
    assert_eq!(text("250 x", "250 2.0.0 stored"), "2.0.0 stored");
    assert_eq!(text(PLAIN, "250 2.0.0hello"), "2.0.0hello");
    assert_eq!(text(PLAIN, "250-2.0.0 one|250 2.0.0 two"), "one");
}
