//! The argument of `MAIL` and `RCPT`: the word before the colon, the address, the ESMTP parameters.
//!
//! Source: RFC 1870, 1891, 2554, 2852, 6152; texts and leniencies SM-050..SM-060 and observed.

use super::replies;
use super::reply::Reply;

/// Parameters accepted in one command; one more is refused (SM-060).
pub const MAX_PARAMETERS: usize = 17;

/// Largest number of seconds in `BY=` either way: nine digits (RFC 2852, SM-055).
const MAX_BY: i64 = 999_999_999;

/// Largest number of bytes in `SIZE=`.
const LARGEST: u64 = i64::MAX as u64;

/// How much of a message `RET=` wants back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// `FULL`
    Full,
    /// `HDRS`
    Headers,
}

/// `BODY=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// `7BIT`
    SevenBit,
    /// `8BITMIME`
    EightBitMime,
}

/// `BY=` (RFC 2852).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    /// Seconds from now; negative means already late.
    pub seconds: i64,
    /// Mode `R`: return if late; otherwise mode `N`, notify.
    pub return_if_late: bool,
    /// `T`: report the relays passed.
    pub trace: bool,
}

/// The parameters of `MAIL`. Values are as given, xtext not decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// `SIZE=`, bytes; text counts as 0.
    pub size: Option<u64>,
    /// `BODY=`
    pub body: Option<Body>,
    /// How that was spelled.
    pub body_word: Vec<u8>,
    /// `ENVID=`, xtext.
    pub envid: Option<Vec<u8>>,
    /// `RET=`
    pub ret: Option<Return>,
    /// `AUTH=`, xtext or `<>`.
    pub auth: Option<Vec<u8>>,
    /// `BY=`
    pub by: Option<DeliverBy>,
}

/// `NOTIFY=`; all false is `NEVER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// `SUCCESS`
    pub success: bool,
    /// `FAILURE`
    pub failure: bool,
    /// `DELAY`
    pub delay: bool,
}

/// The parameters of `RCPT`. Values are as given, xtext not decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParameters {
    /// `NOTIFY=`
    pub notify: Option<Notify>,
    /// `ORCPT=`, `type;xtext`.
    pub orcpt: Option<Vec<u8>>,
}

/// What the parameters are checked against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) dsn: bool,
    pub(super) message_size: u64,
    pub(super) deliver_by_min: i64,
}

/// Takes `FROM:` or `TO:` off an argument; blanks before the colon and after it are allowed
/// (SM-116). A refusal names what stands there instead.
pub(super) fn after_word<'a>(argument: &'a [u8], word: &str) -> Result<&'a [u8], Reply> {
    let end =
        argument.iter().position(|&byte| byte == b':' || blank(byte)).unwrap_or(argument.len());
    let (found, rest) = argument.split_at(end);
    let refused = || replies::PARAMETER_SCAN.with(&[found]);
    if !found.eq_ignore_ascii_case(word.as_bytes()) {
        return Err(refused());
    }
    let rest = rest.trim_ascii_start().strip_prefix(b":").ok_or_else(refused)?.trim_ascii_start();
    if rest.is_empty() { Err(refused()) } else { Ok(rest) }
}

/// Splits address and parameters: at the first blank outside angle brackets, quotes and comments.
/// An address with an open quote or bracket takes the whole rest, for the parser to refuse.
pub(super) fn split_address(argument: &[u8]) -> (&[u8], &[u8]) {
    let mut quoted = false;
    let (mut angles, mut comments) = (0u32, 0u32);
    let mut bytes = argument.iter().enumerate();
    while let Some((index, &byte)) = bytes.next() {
        match byte {
            b'\\' if quoted || angles > 0 || comments > 0 => {
                bytes.next();
            }
            b'"' if comments == 0 => quoted = !quoted,
            _ if quoted => {}
            b'(' => comments += 1,
            b')' => comments = comments.saturating_sub(1),
            _ if comments > 0 => {}
            b'<' => angles += 1,
            b'>' => angles = angles.saturating_sub(1),
            _ if angles == 0 && blank(byte) => {
                let (address, rest) = argument.split_at(index);
                return (address, rest.trim_ascii_start());
            }
            _ => {}
        }
    }
    (argument.trim_ascii_end(), b"")
}

/// Reads the parameters of `MAIL`; what was read of them before something was wrong counts for the log.
pub(super) fn mail(text: &[u8], rules: Rules) -> (MailParameters, Result<(), Reply>) {
    let mut parameters = MailParameters::default();
    let read = for_each(text, |key, value| set_mail(&mut parameters, key, value, rules));
    (parameters, read)
}

/// Reads the parameters of `RCPT`.
pub(super) fn rcpt(text: &[u8], dsn: bool) -> Result<RcptParameters, Reply> {
    let mut parameters = RcptParameters::default();
    for_each(text, |key, value| set_rcpt(&mut parameters, key, value, dsn))?;
    Ok(parameters)
}

/// Walks over `KEY[=VALUE]` words. A key is letters, digits and hyphens; a value ends at `=` or
/// outside the printable characters (RFC 5321, esmtp-value). The byte that ended either is
/// skipped, as the oracle does (`ENVID=a=b` goes on at `b`, SM-052).
fn for_each(
    text: &[u8],
    mut set: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), Reply>,
) -> Result<(), Reply> {
    let mut rest = text;
    let mut seen = 0;
    while !rest.is_empty() {
        seen += 1;
        if seen > MAX_PARAMETERS {
            return Err(replies::TOO_MANY_PARAMETERS.reply());
        }
        let key = leading(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
        rest = rest.get(key.len()..).unwrap_or_default();
        let mut value = None;
        if let Some(after) = rest.strip_prefix(b"=") {
            let found = leading(after, |byte| byte.is_ascii_graphic() && byte != b'=');
            rest = after.get(found.len()..).unwrap_or_default();
            value = Some(found);
        }
        rest = rest.get(1..).unwrap_or_default().trim_ascii_start();
        set(key, value)?;
    }
    Ok(())
}

fn set_mail(
    into: &mut MailParameters,
    key: &[u8],
    value: Option<&[u8]>,
    rules: Rules,
) -> Result<(), Reply> {
    let name = key.to_ascii_uppercase();
    match name.as_slice() {
        b"SIZE" => {
            let (size, fits) = size(required("SIZE", value)?, rules.message_size)?;
            into.size = Some(size);
            fits?;
        }
        b"BODY" => {
            let word = required("BODY", value)?;
            into.body = Some(body(word)?);
            into.body_word = word.to_vec();
        }
        b"ENVID" => {
            allowed_dsn("ENVID", rules.dsn)?;
            let value = required("ENVID", value)?;
            if into.envid.is_some() {
                return Err(replies::DUPLICATE_PARAMETER.with(&[b"ENVID"]));
            }
            into.envid = Some(xtext("ENVID", value)?);
        }
        b"RET" => {
            allowed_dsn("RET", rules.dsn)?;
            let value = required("RET", value)?;
            if into.ret.is_some() {
                return Err(replies::DUPLICATE_PARAMETER.with(&[b"RET"]));
            }
            into.ret = Some(ret(value)?);
        }
        b"AUTH" => {
            let value = required("AUTH=", value)?;
            if into.auth.is_some() {
                return Err(replies::DUPLICATE_PARAMETER.with(&[b"AUTH"]));
            }
            let value = if value == b"<>" { value.to_vec() } else { xtext("AUTH", value)? };
            into.auth = Some(value);
        }
        b"BY" if rules.deliver_by_min >= 0 => {
            into.by = Some(deliver_by(required("BY=", value)?, rules.deliver_by_min)?);
        }
        _ => return Err(replies::PARAMETER_UNRECOGNIZED.with(&[key])),
    }
    Ok(())
}

fn set_rcpt(
    into: &mut RcptParameters,
    key: &[u8],
    value: Option<&[u8]>,
    dsn: bool,
) -> Result<(), Reply> {
    let name = key.to_ascii_uppercase();
    match name.as_slice() {
        b"NOTIFY" => {
            allowed_dsn("NOTIFY", dsn)?;
            into.notify = Some(notify(required("NOTIFY", value)?)?);
        }
        b"ORCPT" => {
            allowed_dsn("ORCPT", dsn)?;
            let value = required("ORCPT", value)?;
            let known_type = value.iter().position(|&byte| byte == b';').is_some_and(|at| at > 0);
            if !known_type {
                return Err(replies::PARAMETER_SYNTAX.with(&[b"ORCPT"]));
            }
            if into.orcpt.is_some() {
                return Err(replies::DUPLICATE_PARAMETER.with(&[b"ORCPT"]));
            }
            into.orcpt = Some(xtext("ORCPT", value)?);
        }
        _ => return Err(replies::PARAMETER_UNRECOGNIZED.with(&[key])),
    }
    Ok(())
}

fn required<'a>(name: &str, value: Option<&'a [u8]>) -> Result<&'a [u8], Reply> {
    value.ok_or_else(|| replies::REQUIRES_VALUE.with(&[name.as_bytes()]))
}

fn allowed_dsn(name: &str, dsn: bool) -> Result<(), Reply> {
    if dsn { Ok(()) } else { Err(replies::NO_DSN.with(&[name.as_bytes()])) }
}

fn size(value: &[u8], limit: u64) -> Result<(u64, Result<(), Reply>), Reply> {
    if value.first() == Some(&b'-') {
        return Err(replies::SIZE_INVALID.reply());
    }
    let digits = leading(value.strip_prefix(b"+").unwrap_or(value), |byte| byte.is_ascii_digit());
    let mut size = 0u64;
    for &digit in digits {
        let more = size.checked_mul(10).and_then(|size| size.checked_add(u64::from(digit - b'0')));
        let Some(more) = more.filter(|&size| size <= LARGEST) else {
            return Ok((LARGEST, Err(replies::SIZE_OVERFLOW.reply())));
        };
        size = more;
    }
    if limit > 0 && size > limit {
        return Ok((size, Err(replies::SIZE_OVER_LIMIT.with(&[limit.to_string().as_bytes()]))));
    }
    Ok((size, Ok(())))
}

fn body(value: &[u8]) -> Result<Body, Reply> {
    if value.eq_ignore_ascii_case(b"7BIT") {
        Ok(Body::SevenBit)
    } else if value.eq_ignore_ascii_case(b"8BITMIME") {
        Ok(Body::EightBitMime)
    } else {
        Err(replies::UNKNOWN_BODY.with(&[value]))
    }
}

fn ret(value: &[u8]) -> Result<Return, Reply> {
    if value.eq_ignore_ascii_case(b"FULL") {
        Ok(Return::Full)
    } else if value.eq_ignore_ascii_case(b"HDRS") {
        Ok(Return::Headers)
    } else {
        Err(replies::BAD_RET.with(&[value]))
    }
}

/// RFC 3461 xtext: `+` stands before two hexadecimal digits, which may be in lower case (observed).
fn xtext(name: &str, value: &[u8]) -> Result<Vec<u8>, Reply> {
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'+' {
            if !(rest.len() >= 2 && rest.iter().take(2).all(u8::is_ascii_hexdigit)) {
                return Err(replies::PARAMETER_SYNTAX.with(&[name.as_bytes()]));
            }
            rest = rest.get(2..).unwrap_or_default();
        }
    }
    Ok(value.to_vec())
}

fn deliver_by(value: &[u8], minimum: i64) -> Result<DeliverBy, Reply> {
    let (sign, digits) = match value.split_first() {
        Some((b'-', rest)) => (-1, rest),
        Some((b'+', rest)) => (1, rest),
        _ => (1, value),
    };
    let number = leading(digits, |byte| byte.is_ascii_digit());
    let mut seconds = 0i64;
    for &digit in number {
        seconds = seconds.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    }
    seconds *= sign;
    if seconds.abs() > MAX_BY {
        return Err(replies::BY_RANGE.with(&[value]));
    }
    let rest = digits.get(number.len()..).unwrap_or_default();
    let rest = rest.strip_prefix(b";").ok_or_else(|| replies::BY_SEMICOLON.reply())?;
    let mode = rest.first().copied();
    let return_if_late = match mode.map(|mode| mode.to_ascii_uppercase()) {
        Some(b'R') => true,
        Some(b'N') => false,
        _ => return Err(replies::BY_MODE.with(&[&[mode.unwrap_or(b'?')]])),
    };
    let trace = match rest.get(1) {
        None => false,
        Some(b't' | b'T') => true,
        Some(&other) => return Err(replies::BY_TRACE.with(&[&[other]])),
    };
    if return_if_late && seconds <= 0 {
        return Err(replies::BY_POSITIVE.reply());
    }
    if return_if_late && minimum > 0 && seconds < minimum {
        let shown = [seconds.to_string(), minimum.to_string()];
        let shown: Vec<&[u8]> = shown.iter().map(String::as_bytes).collect();
        return Err(replies::BY_MINIMUM.with(&shown));
    }
    Ok(DeliverBy { seconds, return_if_late, trace })
}

fn notify(value: &[u8]) -> Result<Notify, Reply> {
    if value.eq_ignore_ascii_case(b"NEVER") {
        return Ok(Notify::default());
    }
    let mut notify = Notify::default();
    for word in value.split(|&byte| byte == b',') {
        match word.to_ascii_uppercase().as_slice() {
            b"SUCCESS" => notify.success = true,
            b"FAILURE" => notify.failure = true,
            b"DELAY" => notify.delay = true,
            _ => return Err(replies::BAD_NOTIFY.with(&[word])),
        }
    }
    Ok(notify)
}

fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn leading(text: &[u8], mut wanted: impl FnMut(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|&byte| !wanted(byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}
