//! The arguments of MAIL and RCPT.

use crate::protocol::smtp::server::parameters::{
    self, Body, DeliverBy, MailParameters, Notify, RcptParameters, Return, Rules,
};
use bstr::ByteSlice;
use proptest::prelude::*;

const RULES: Rules = Rules { dsn: true, message_size: 0, deliver_by_min: 0 };

fn line(reply: &crate::protocol::smtp::server::Reply) -> String {
    reply.render().trim_end().to_str_lossy().into_owned()
}

fn mail(text: &str) -> String {
    mail_with(text, RULES)
}

fn mail_with(text: &str, rules: Rules) -> String {
    parameters::mail(text.as_bytes(), rules)
        .1
        .map_or_else(|reply| line(&reply), |()| "ok".to_owned())
}

fn rcpt(text: &str) -> String {
    parameters::rcpt(text.as_bytes(), true).map_or_else(|reply| line(&reply), |_| "ok".to_owned())
}

#[test]
fn mail_parameters() {
    // SM-050..SM-056, SM-059
    for (text, expected) in [
        ("", "ok"),
        ("SIZE", "501 5.5.2 SIZE requires a value"),
        ("SIZE =3", "501 5.5.2 SIZE requires a value"),
        ("SIZE= 3", "555 5.5.4 3 parameter unrecognized"),
        ("SIZE=abc", "ok"),
        ("SIZE=-1", "552 5.2.3 Message size invalid"),
        ("SIZE=99999999999999999999", "552 5.2.3 Message size exceeds maximum value"),
        ("BODY", "501 5.5.2 BODY requires a value"),
        ("BODY=", "501 5.5.4 Unknown BODY type"),
        ("BODY=7bitx", "501 5.5.4 Unknown BODY type 7bitx"),
        ("body=8bitmime", "ok"),
        ("ENVID", "501 5.5.2 ENVID requires a value"),
        ("ENVID=", "ok"),
        ("ENVID=a+zz", "501 5.5.4 Syntax error in ENVID parameter value"),
        ("ENVID=a+3D", "ok"),
        ("ENVID=a=b", "555 5.5.4 b parameter unrecognized"),
        ("ENVID=a ENVID=b", "501 5.5.0 Duplicate ENVID parameter"),
        ("RET", "501 5.5.2 RET requires a value"),
        ("RET=", "501 5.5.2 Bad argument \"\" to RET"),
        ("RET=FULL RET=hdrs", "501 5.5.0 Duplicate RET parameter"),
        ("AUTH", "501 5.5.2 AUTH= requires a value"),
        ("AUTH=", "ok"),
        ("AUTH=a+z", "501 5.5.4 Syntax error in AUTH parameter value"),
        ("AUTH=a AUTH=b", "501 5.5.0 Duplicate AUTH parameter"),
        ("AUTH=<>", "ok"),
        ("BY", "501 5.5.2 BY= requires a value"),
        ("BY=", "501 5.5.2 BY= missing ';'"),
        ("BY=5x;R", "501 5.5.2 BY= missing ';'"),
        ("BY=100;", "501 5.5.2 illegal by-mode '?'"),
        ("BY=100;X", "501 5.5.2 illegal by-mode 'X'"),
        ("BY=100;RX", "501 5.5.2 illegal by-trace 'X'"),
        ("BY=100;RTT", "ok"),
        ("BY=0;R", "501 5.5.4 mode R requires BY time > 0"),
        ("BY=-1;n", "ok"),
        ("BY=999999999;R", "ok"),
        ("BY=1000000000;R", "501 5.5.2 BY=1000000000;R out of range"),
        ("BY=-99999999999999999999;N", "501 5.5.2 BY=-99999999999999999999;N out of range"),
        ("SMTPUTF8", "555 5.5.4 SMTPUTF8 parameter unrecognized"),
        ("FOO=x", "555 5.5.4 FOO parameter unrecognized"),
        ("=x", "555 5.5.4  parameter unrecognized"),
        ("(foo) SIZE=3", "555 5.5.4  parameter unrecognized"),
        ("FOO(x)", "555 5.5.4 FOO parameter unrecognized"),
        ("NOTIFY=NEVER", "555 5.5.4 NOTIFY parameter unrecognized"),
        ("SIZE=1 BODY=7BIT SIZE=2 BODY=7BIT", "ok"),
    ] {
        assert_eq!(mail(text), expected, "{text}");
    }
}

#[test]
fn limits_in_parameters() {
    // SM-048, SM-050, SM-055, SM-060, SM-112
    let rules = Rules { message_size: 100_000, deliver_by_min: 100, ..RULES };
    let over = "552 5.2.3 Message size exceeds fixed maximum message size (100000)";
    assert_eq!(mail_with("SIZE=200000", rules), over);
    assert_eq!(mail_with("SIZE=100000", rules), "ok");
    assert_eq!(mail_with("BY=50;R", rules), "555 5.5.2 time 50 less than 100");
    assert_eq!(mail_with("BY=50;N", rules), "ok");
    let none = Rules { deliver_by_min: -1, ..RULES };
    assert_eq!(mail_with("BY=50;N", none), "555 5.5.4 BY parameter unrecognized");
    assert_eq!(mail(&"SIZE=1 ".repeat(17)), "ok");
    assert_eq!(mail(&"SIZE=1 ".repeat(18)), "501 5.5.4 Too many parameters");
}

#[test]
fn rcpt_parameters() {
    // SM-057..SM-059
    for (text, expected) in [
        ("NOTIFY", "501 5.5.2 NOTIFY requires a value"),
        ("NOTIFY=", "501 5.5.4 Bad argument \"\"  to NOTIFY"),
        ("NOTIFY=never,success", "501 5.5.4 Bad argument \"never\"  to NOTIFY"),
        ("NOTIFY=success,x", "501 5.5.4 Bad argument \"x\"  to NOTIFY"),
        ("NOTIFY=success,", "501 5.5.4 Bad argument \"\"  to NOTIFY"),
        ("NOTIFY=success,delay,failure", "ok"),
        ("NOTIFY=never NOTIFY=success", "ok"),
        ("ORCPT", "501 5.5.2 ORCPT requires a value"),
        ("ORCPT=", "501 5.5.4 Syntax error in ORCPT parameter value"),
        ("ORCPT=x", "501 5.5.4 Syntax error in ORCPT parameter value"),
        ("ORCPT=;x", "501 5.5.4 Syntax error in ORCPT parameter value"),
        ("ORCPT=rfc822;", "ok"),
        ("ORCPT=rfc822;a+z", "501 5.5.4 Syntax error in ORCPT parameter value"),
        ("ORCPT=rfc822;a ORCPT=rfc822;b", "501 5.5.0 Duplicate ORCPT parameter"),
        ("ORCPT=rfc822;a=b", "555 5.5.4 b parameter unrecognized"),
        ("SIZE=3", "555 5.5.4 SIZE parameter unrecognized"),
    ] {
        assert_eq!(rcpt(text), expected, "{text}");
    }
}

#[test]
fn values_are_kept_as_given() {
    let given = b"size=12 BODY=8BITMIME ENVID=a+3D RET=hdrs AUTH=<> BY=-5;nt";
    let expected = MailParameters {
        size: Some(12),
        body: Some(Body::EightBitMime),
        body_word: b"8BITMIME".to_vec(),
        envid: Some(b"a+3D".to_vec()),
        ret: Some(Return::Headers),
        auth: Some(b"<>".to_vec()),
        by: Some(DeliverBy { seconds: -5, return_if_late: false, trace: true }),
    };
    assert_eq!(parameters::mail(given, RULES), (expected, Ok(())));
    let notify = Notify { success: true, failure: false, delay: true };
    let expected = RcptParameters { notify: Some(notify), orcpt: Some(b"rfc822;a@b".to_vec()) };
    let given = b"NOTIFY=Delay,success ORCPT=rfc822;a@b";
    assert_eq!(parameters::rcpt(given, true), Ok(expected));
}

#[test]
fn addresses_end_at_a_blank_outside_brackets_and_quotes() {
    // SM-114..SM-116
    for (argument, address, rest) in [
        ("<a@b.com> SIZE=3", "<a@b.com>", "SIZE=3"),
        ("<a@b.com>  SIZE=3   BODY=7BIT  ", "<a@b.com>", "SIZE=3   BODY=7BIT  "),
        ("<a@b.com>\tSIZE=3", "<a@b.com>", "SIZE=3"),
        ("<a@b.com>SIZE=3", "<a@b.com>SIZE=3", ""),
        ("<a b@c> X", "<a b@c>", "X"),
        ("a b", "a", "b"),
        ("a\\ b@c.com", "a\\", "b@c.com"),
        ("<\"a b\"@b.com> SIZE=3", "<\"a b\"@b.com>", "SIZE=3"),
        ("\"a b\"@b.com SIZE=3", "\"a b\"@b.com", "SIZE=3"),
        ("<\"a b@b.com> SIZE=3", "<\"a b@b.com> SIZE=3", ""),
        ("<a@b.com>,<b@c.com> SIZE=3", "<a@b.com>,<b@c.com>", "SIZE=3"),
        ("<a\\>b@b.com> SIZE=3", "<a\\>b@b.com>", "SIZE=3"),
        ("foo <a@b.com>", "foo", "<a@b.com>"),
        ("<   >", "<   >", ""),
        ("<a@b.com", "<a@b.com", ""),
    ] {
        let split = parameters::split_address(argument.as_bytes());
        assert_eq!(split, (address.as_bytes(), rest.as_bytes()), "{argument}");
    }
}

proptest! {
    #[test]
    fn any_argument_is_read_or_refused(text: Vec<u8>) {
        let (address, rest) = parameters::split_address(&text);
        prop_assert!(address.len() + rest.len() <= text.len());
        if let Err(reply) = parameters::mail(rest, RULES).1 {
            prop_assert!(reply.render().len() <= text.len() + 100);
        }
        let _ = parameters::rcpt(rest, true);
        let _ = parameters::after_word(&text, "FROM");
    }
}
