//! The error mailer: what `$#error $@ host $: text` means, and how a reply is shown (RS-095..RS-101).

use crate::status::{Enhanced, Exit, Status};

/// The words that `$@` of `$#error` knows (RS-096).
const ERROR_WORDS: [(&[u8], Exit); 9] = [
    (b"usage", Exit::USAGE),
    (b"nouser", Exit::NOUSER),
    (b"nohost", Exit::NOHOST),
    (b"unavailable", Exit::UNAVAILABLE),
    (b"software", Exit::SOFTWARE),
    (b"tempfail", Exit::TEMPFAIL),
    (b"protocol", Exit::PROTOCOL),
    (b"config", Exit::CONFIG),
    (b"", Exit::UNAVAILABLE),
];

/// What `$#error $@ host $: text` means (RS-095..RS-098).
pub fn error_status(host: Option<&[u8]>, text: &[u8]) -> Status {
    let text = strip_quotes(text);
    let host = host.unwrap_or_default();
    let dotted = host.contains(&b'.').then(|| Enhanced::parse_prefix(host)).flatten();
    let exit = if host.contains(&b'.') {
        exit_of(lenient_code(host))
    } else if host.first().is_some_and(u8::is_ascii_digit) {
        // An exit status has eight bits (observed: 300 gives 44).
        Exit((crate::load::leading_number(host) % 256) as u8)
    } else {
        ERROR_WORDS
            .iter()
            .find(|(word, _)| host.eq_ignore_ascii_case(word))
            .map_or(Exit::UNAVAILABLE, |(_, exit)| *exit)
    };
    let (code, enhanced, text) = reply_parts(&text);
    let mut status = match code {
        Some(code) => {
            let class = code / 100;
            let made = has_class(class).then(|| Enhanced::new(class, 0, 0));
            let enhanced = enhanced.or(dotted.map(|(code, _)| code)).or(made);
            Status { reply: Some(code), enhanced, ..Status::from_exit(exit, text) }
        }
        // without a reply code the enhanced one of the host counts for reports alone (observed)
        None => Status::from_reply(exit, 553, Enhanced::new(5, 3, 0), text),
    };
    status.retry = exit.is_temporary() && exit == Exit::TEMPFAIL;
    status
}

/// The numbers of a dotted `$@` part; what is missing is 0, and only the first digit of the class
/// counts (observed).
fn lenient_code(host: &[u8]) -> Enhanced {
    let number = |text: &[u8]| u16::try_from(crate::load::leading_number(text)).unwrap_or(u16::MAX);
    let class = host.first().filter(|byte| byte.is_ascii_digit()).map_or(0, |byte| byte - b'0');
    let mut parts = host.splitn(3, |byte| *byte == b'.').skip(1);
    let subject = number(parts.next().unwrap_or_default());
    let detail = number(parts.next().unwrap_or_default());
    Enhanced::new(class.into(), subject, detail)
}

/// The classes of enhanced codes; no other code gets one.
fn has_class(class: u16) -> bool {
    matches!(class, 2 | 4 | 5)
}

/// Cuts `NNN D.S.N text`: one blank ends each code, and what follows is text, blanks too (observed).
fn reply_parts(text: &[u8]) -> (Option<u16>, Option<Enhanced>, &[u8]) {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits != 3 || text.get(3) != Some(&b' ') {
        return (None, None, text);
    }
    let code = text[..3].iter().fold(0, |n, b| n * 10 + u16::from(b - b'0'));
    let rest = &text[4..];
    let enhanced = Enhanced::parse_prefix(rest).filter(|(code, _)| has_class(code.class));
    match enhanced.and_then(|(code, used)| Some((code, rest[used..].strip_prefix(b" ")?))) {
        Some((enhanced, text)) => (Some(code), Some(enhanced), text),
        None => (Some(code), None, rest),
    }
}

/// The exit status that an enhanced code stands for (ML-133..ML-143).
#[must_use]
pub fn exit_of(code: Enhanced) -> Exit {
    match (code.class, code.subject, code.detail) {
        (2, ..) => Exit::OK,
        (4, ..) => Exit::TEMPFAIL,
        (5, 1, 0) | (5, 2, 3) | (5, 7, _) => Exit::DATAERR,
        (5, 1, 1 | 6) => Exit::NOUSER,
        (5, 1, 2 | 8) => Exit::NOHOST,
        (5, 1, 3 | 7) => Exit::USAGE,
        (5, 1, 5) | (5, 4, 6) => Exit::CONFIG,
        (5, 3, _) => Exit::OSERR,
        (5, 4, 0 | 2) => Exit::IOERR,
        (5, 4, 1 | 3 | 5) => Exit::TEMPFAIL,
        (5, 4, 4) | (5, 5, _) => Exit::PROTOCOL,
        (5, ..) => Exit::UNAVAILABLE,
        _ => Exit::CONFIG,
    }
}

/// A reply as the oracle prints it without codes; the address in front for the codes that name one
/// (RS-100).
#[must_use]
pub fn status_text(address: &[u8], status: &Status) -> Vec<u8> {
    let code = status.reply.unwrap_or(553);
    let mut out = code.to_string().into_bytes();
    if let Some(enhanced) = status.enhanced {
        out.extend(format!(" {enhanced}").into_bytes());
    }
    out.push(b' ');
    if matches!(code, 50 | 250 | 252 | 450 | 550 | 553) {
        out.extend_from_slice(address);
        out.extend_from_slice(b"... ");
    }
    out.extend_from_slice(&status.text);
    out
}

/// Removes double quotes; a backslash goes, too, and keeps the character behind it (observed).
#[must_use]
pub fn strip_quotes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {}
            b'\\' => out.extend(bytes.next()),
            _ => out.push(byte),
        }
    }
    out
}
