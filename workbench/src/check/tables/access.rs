//! The access table: tags, keys, and what its values may be.

use super::{Cf, Row, is_enhanced};
use crate::check::catalogue;
use crate::check::finding::{Finding, shown};
use crate::check::suggest::nearest;

/// What a tag's values are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// `OK`, `RELAY`, `REJECT` and so on, or a reply.
    Verdict,
    /// `FRIEND`, `HATER`.
    Spam,
    /// A number.
    Number,
    /// Letters of srv_features and clt_features.
    Features,
    /// Anything.
    Other,
}

/// The tags that rules of the m4 package ask for.
const TAGS: [(&str, Values); 24] = [
    ("Connect", Values::Verdict),
    ("From", Values::Verdict),
    ("To", Values::Verdict),
    ("Spam", Values::Spam),
    ("GreetPause", Values::Number),
    ("ClientRate", Values::Number),
    ("ClientConn", Values::Number),
    ("Srv_Features", Values::Features),
    ("Clt_Features", Values::Other),
    ("TLS_Srv", Values::Other),
    ("TLS_Clt", Values::Other),
    ("TLS_Rcpt", Values::Other),
    ("TLS_Srv_Features", Values::Other),
    ("TLS_Clt_Features", Values::Other),
    ("Try_TLS", Values::Other),
    ("AuthInfo", Values::Other),
    ("CERTIssuer", Values::Other),
    ("CERTSubject", Values::Other),
    ("CITag", Values::Other),
    ("Bmx", Values::Other),
    ("QGRP", Values::Other),
    ("DANE", Values::Other),
    ("STS", Values::Other),
    ("IPv6", Values::Verdict),
];

/// What `OK` and its like are called.
const VERDICTS: [&str; 8] =
    ["OK", "RELAY", "REJECT", "DISCARD", "SKIP", "SUBDOMAIN", "FRIEND", "HATER"];

/// Letters of srv_features that let line ends pass which are not CR LF.
const TOLERANT: [&[u8]; 3] = [b"O", b"G", b"U"];

/// Tag and rest of a key. `IPv6:...` is no tag but an address.
fn cut(key: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let colon = memchr::memchr(b':', key);
    let Some((tag, rest)) = colon.and_then(|colon| key.split_at_checked(colon)) else {
        return (None, key);
    };
    let is_word = !tag.is_empty()
        && tag.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && tag.first().is_some_and(u8::is_ascii_alphabetic);
    // an IPv6 address may begin with a letter
    let hexadecimal = tag.len() <= 4 && tag.iter().all(u8::is_ascii_hexdigit);
    match is_word && !hexadecimal && !tag.eq_ignore_ascii_case(b"IPv6") {
        true => (Some(tag), rest.get(1..).unwrap_or_default()),
        false => (None, key),
    }
}

pub(super) fn row(row: &Row<'_>, cf: &Cf<'_>) -> Vec<Finding> {
    let (tag, name) = cut(row.key);
    let mut found = Vec::new();
    let values = match tag {
        None => Values::Verdict,
        Some(tag) => {
            match TAGS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(tag)) {
                Some((_, values)) => *values,
                // a file's own rules may ask for tags of their own
                None if cf.text.is_some_and(|text| mentions(text, tag)) => return found,
                None => {
                    let message = format!("no rule asks for keys with the tag `{}:`", shown(tag));
                    let finding = row.about_key(&catalogue::ACCESS_TAG, message);
                    let near = nearest(tag, TAGS.iter().map(|(tag, _)| tag.as_bytes()));
                    found.push(match near {
                        Some(near) => finding.help(format!("perhaps `{}:`", shown(near))),
                        None => finding,
                    });
                    return found;
                }
            }
        }
    };
    if values != Values::Other {
        found.extend(key(row, name, cf));
    }
    found.extend(value(row, values));
    found
}

/// Whether a configuration has this word somewhere, in any case.
fn mentions(text: &[u8], word: &[u8]) -> bool {
    let (text, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    memchr::memmem::find(&text, &word).is_some()
}

/// Keys in forms that no rule asks for.
fn key(row: &Row<'_>, name: &[u8], cf: &Cf<'_>) -> Option<Finding> {
    let finding = |message: String| row.about_key(&catalogue::TABLE_KEY, message);
    let digits = |text: &[u8]| {
        !text.is_empty() && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    };
    if let Some((network, _)) = memchr::memchr(b'/', name).and_then(|at| name.split_at_checked(at))
        && digits(network)
    {
        let octets: Vec<&[u8]> = network.split(|byte| *byte == b'.').collect();
        let kept = octets.iter().rposition(|octet| *octet != b"0").map_or(0, |at| at + 1);
        let whole = octets.get(..kept).unwrap_or_default().join(&b'.');
        let finding = finding("networks are not written with a slash".to_owned());
        return Some(match octets.len() == 4 && kept < 4 && kept > 0 {
            true => {
                finding.help(format!("perhaps `{}`: the beginning of the addresses", shown(&whole)))
            }
            false => finding.help("write the beginning of the addresses, a line for each"),
        });
    }
    if digits(name) && name.ends_with(b".") {
        let short = shown(name.strip_suffix(b".").unwrap_or(name));
        let text = format!("the rules ask for `{short}`, without a dot at its end");
        return Some(finding(text).help(format!("write `{short}`")));
    }
    if name.starts_with(b"*.") {
        let domain = shown(name.get(2..).unwrap_or_default());
        let text = "`*` is no wildcard: a domain stands for all hosts in it".to_owned();
        return Some(finding(text).help(format!("write `{domain}`")));
    }
    if name.len() > 1 && name.ends_with(b".") && !name.contains(&b'@') {
        let text = "the rules ask for names without a dot at their end".to_owned();
        return Some(finding(text));
    }
    if name.len() > 1 && name.starts_with(b".") {
        let text = cf.text?;
        let asks = |part: &[u8]| memchr::memmem::find(text, part).is_some();
        if asks(b":.$") || asks(b"access .$") {
            return None;
        }
        let domain = shown(name.get(1..).unwrap_or_default());
        let finding = finding("the rules do not ask for names that begin with a dot".to_owned());
        return Some(finding.help(format!("write `{domain}`, or use FEATURE(`lookupdotdomain')")));
    }
    None
}

fn value(row: &Row<'_>, values: Values) -> Option<Finding> {
    let text = row.value;
    let finding = |message: String| row.about_value(&catalogue::TABLE_VALUE, message);
    match values {
        Values::Number => (!text.iter().all(u8::is_ascii_digit))
            .then(|| finding(format!("`{}` is no number", shown(text)))),
        Values::Features => {
            let mut words = text.split(u8::is_ascii_whitespace);
            let letter = words.find_map(|word| TOLERANT.iter().find(|letter| word == **letter))?;
            let message = format!("`{}` lets messages be smuggled in", shown(letter));
            Some(row.about_value(&catalogue::SMUGGLING, message))
        }
        Values::Verdict | Values::Spam => verdict(row, text),
        Values::Other => None,
    }
}

fn verdict(row: &Row<'_>, text: &[u8]) -> Option<Finding> {
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let word = text.split(|byte| matches!(byte, b':' | b' ' | b'\t')).next().unwrap_or_default();
    let known =
        |list: &[&str]| list.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    if known(&VERDICTS) && word.len() == text.len() {
        return None;
    }
    let behind = text.get(word.len()..).unwrap_or_default();
    if known(&["ERROR", "QUARANTINE"]) && behind.starts_with(b":") {
        return error(row, behind.get(1..).unwrap_or_default(), word);
    }
    let is_code = |word: &[u8]| matches!(word, [b'4' | b'5', second, third] if second.is_ascii_digit() && third.is_ascii_digit());
    if is_code(word) {
        return None;
    }
    let message = format!("`{}` becomes the text of an error", shown(text));
    let finding = row.about_value(&catalogue::TABLE_VALUE, message);
    Some(
        match nearest(
            word,
            VERDICTS.iter().chain(&["ERROR", "QUARANTINE"]).map(|word| word.as_bytes()),
        ) {
            Some(near) => finding.help(format!("perhaps `{}`", shown(near))),
            None => {
                finding.help("begin it with a reply code, as in `550 Go away`, if that is meant")
            }
        },
    )
}

/// `ERROR:5.7.1:550 text`, `ERROR:550 text`
fn error(row: &Row<'_>, text: &[u8], word: &[u8]) -> Option<Finding> {
    if word.eq_ignore_ascii_case(b"QUARANTINE") {
        return None;
    }
    let first = text.split(|byte| *byte == b':').next().unwrap_or_default();
    let rest = match is_enhanced(first) && first.len() < text.len() {
        true => text.get(first.len() + 1..).unwrap_or_default(),
        false => text,
    };
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let code = matches!(rest, [b'4' | b'5', b, c, ..] if b.is_ascii_digit() && c.is_ascii_digit());
    if code {
        return None;
    }
    let message = format!("there is no reply code in `{}`: sendmail answers 553", shown(row.value));
    Some(row.about_value(&catalogue::TABLE_VALUE, message).help("as in `ERROR:5.7.1:550 Go away`"))
}
