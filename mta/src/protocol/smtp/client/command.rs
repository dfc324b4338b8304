//! The commands as they go over the wire, without the line end (SM-091, SM-130).
//!
//! Nothing with a line end, a NUL or another control character in it becomes part of a command.

use thiserror::Error;

use super::ehlo::Offers;
use super::settings::{Protocol, Settings};
use super::transaction::{DeliverBy, Notify, Recipient, Return, Transaction};
use crate::message::envelope::BodyType;

/// An address that cannot be told to the peer: it has a control character in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("address with a control character")]
pub struct Unsendable;

/// `HELO name`, `EHLO name` or `LHLO name`.
#[must_use]
pub fn hello(settings: &Settings, extended: bool) -> Vec<u8> {
    let verb: &[u8] = match (settings.protocol, extended) {
        (Protocol::Lmtp, _) => b"LHLO ",
        (Protocol::Smtp, true) => b"EHLO ",
        (Protocol::Smtp, false) => b"HELO ",
    };
    let name = settings.hello_name.iter().copied().filter(|byte| !byte.is_ascii_control());
    verb.iter().copied().chain(name).collect()
}

/// `MAIL From:<sender>` and the parameters the peer offers.
///
/// # Errors
/// [`Unsendable`] for a sender with control characters.
pub fn mail(
    settings: &Settings,
    offers: &Offers,
    order: &Transaction,
) -> Result<Vec<u8>, Unsendable> {
    sendable(&order.sender)?;
    let mut line = b"MAIL From:<".to_vec();
    if let Some(name) = &settings.reverse_path_name {
        let separator = if order.sender.starts_with(b"@") { b',' } else { b':' };
        line.push(b'@');
        line.extend_from_slice(name);
        line.push(separator);
    }
    line.extend_from_slice(&order.sender);
    line.push(b'>');
    if let (Some(_), Some(size)) = (offers.size, order.size) {
        parameter(&mut line, "SIZE", size.to_string().as_bytes());
    }
    if let (true, Some(body)) = (offers.eight_bit_mime, order.body) {
        parameter(&mut line, "BODY", body_value(body));
    }
    if offers.dsn {
        if let Some(envid) = &order.envid {
            parameter(&mut line, "ENVID", envid);
        }
        if let Some(ret) = order.ret {
            parameter(&mut line, "RET", ret_value(ret));
        }
    }
    if let (Some(_), Some(auth)) = (&offers.auth, &order.auth) {
        parameter(&mut line, "AUTH", auth);
    }
    if let (Some(_), Some(by)) = (offers.deliver_by, order.by) {
        parameter(&mut line, "BY", &by_value(by));
    }
    if offers.smtputf8 && order.smtputf8 {
        line.extend_from_slice(b" SMTPUTF8");
    }
    Ok(line)
}

/// `RCPT To:<recipient>` and the parameters the peer offers.
///
/// # Errors
/// [`Unsendable`] for an address with control characters.
pub fn rcpt(offers: &Offers, recipient: &Recipient) -> Result<Vec<u8>, Unsendable> {
    sendable(&recipient.address)?;
    let mut line = b"RCPT To:<".to_vec();
    line.extend_from_slice(&recipient.address);
    line.push(b'>');
    if offers.dsn {
        if let Some(notify) = recipient.notify {
            parameter(&mut line, "NOTIFY", &notify_value(notify));
        }
        if let Some(orcpt) = &recipient.orcpt {
            parameter(&mut line, "ORCPT", orcpt);
        }
    }
    Ok(line)
}

fn sendable(address: &[u8]) -> Result<(), Unsendable> {
    if address.iter().any(u8::is_ascii_control) { Err(Unsendable) } else { Ok(()) }
}

/// Appends ` NAME=value`; a value with a blank or control character in it is left out.
fn parameter(line: &mut Vec<u8>, name: &str, value: &[u8]) {
    if value.iter().any(|byte| byte.is_ascii_control() || *byte == b' ') {
        return;
    }
    line.push(b' ');
    line.extend_from_slice(name.as_bytes());
    line.push(b'=');
    line.extend_from_slice(value);
}

fn body_value(body: BodyType) -> &'static [u8] {
    match body {
        BodyType::SevenBit => b"7BIT",
        BodyType::EightBitMime => b"8BITMIME",
    }
}

fn ret_value(ret: Return) -> &'static [u8] {
    match ret {
        Return::Full => b"FULL",
        Return::Headers => b"HDRS",
    }
}

fn by_value(by: DeliverBy) -> Vec<u8> {
    let mut value = format!("{};", by.seconds).into_bytes();
    value.push(by.mode);
    if by.trace {
        value.push(b'T');
    }
    value
}

fn notify_value(notify: Notify) -> Vec<u8> {
    let words: Vec<&[u8]> = [
        (notify.success, b"SUCCESS".as_slice()),
        (notify.failure, b"FAILURE"),
        (notify.delay, b"DELAY"),
    ]
    .into_iter()
    .filter_map(|(set, word)| set.then_some(word))
    .collect();
    if words.is_empty() { b"NEVER".to_vec() } else { words.join(&b","[..]) }
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::*;

    fn full() -> Transaction {
        Transaction {
            sender: b"s@x".to_vec(),
            size: Some(17),
            body: Some(BodyType::EightBitMime),
            smtputf8: true,
            envid: Some(b"ab+2Bc".to_vec()),
            ret: Some(Return::Headers),
            auth: Some(b"<>".to_vec()),
            by: Some(DeliverBy { seconds: -5, mode: b'N', trace: true }),
            recipients: Vec::new(),
        }
    }

    fn all() -> Offers {
        Offers {
            size: Some(0),
            eight_bit_mime: true,
            dsn: true,
            deliver_by: Some(0),
            auth: Some(b"PLAIN".to_vec()),
            smtputf8: true,
            ..Offers::default()
        }
    }

    #[test]
    fn mail_names_what_is_offered() {
        // SM-091, SM-130; the order was observed, SMTPUTF8 excepted
        let settings = Settings::new("me", "peer");
        let say = |offers: &Offers, order: &Transaction| {
            mail(&settings, offers, order).unwrap().to_str_lossy().into_owned()
        };
        insta::assert_snapshot!(say(&all(), &full()), @"
        MAIL From:<s@x> SIZE=17 BODY=8BITMIME ENVID=ab+2Bc RET=HDRS AUTH=<> BY=-5;NT SMTPUTF8
        ");
        assert_eq!(say(&Offers::default(), &full()), "MAIL From:<s@x>");
        assert_eq!(say(&all(), &Transaction::default()), "MAIL From:<>");
        let mut smuggling = full();
        smuggling.envid = Some(b"a\r\nRSET".to_vec());
        smuggling.auth = Some(b"a SIZE=0".to_vec());
        assert!(!say(&all(), &smuggling).contains("RSET"));
        assert!(!say(&all(), &smuggling).contains("SIZE=0"));
    }

    #[test]
    fn flag_p_makes_a_route() {
        // ML-057 (observed)
        let mut settings = Settings::new("me", "peer");
        settings.reverse_path_name = Some(b"me.example".to_vec());
        let say = |sender: &[u8]| {
            let order = Transaction { sender: sender.to_vec(), ..Transaction::default() };
            mail(&settings, &Offers::default(), &order).unwrap().to_str_lossy().into_owned()
        };
        assert_eq!(say(b"s@x"), "MAIL From:<@me.example:s@x>");
        assert_eq!(say(b"@r:s@x"), "MAIL From:<@me.example,@r:s@x>");
    }

    #[test]
    fn rcpt_names_dsn_parameters() {
        let mut recipient = Recipient::new("a@x");
        recipient.orcpt = Some(b"rfc822;a+40x".to_vec());
        let say = |notify, offers: &Offers| {
            let recipient = Recipient { notify, ..recipient.clone() };
            rcpt(offers, &recipient).unwrap().to_str_lossy().into_owned()
        };
        let notify = Some(Notify { success: true, failure: true, delay: true });
        assert_eq!(
            say(notify, &all()),
            "RCPT To:<a@x> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+40x"
        );
        assert_eq!(
            say(Some(Notify::default()), &all()),
            "RCPT To:<a@x> NOTIFY=NEVER ORCPT=rfc822;a+40x"
        );
        assert_eq!(say(notify, &Offers::default()), "RCPT To:<a@x>");
    }
}
