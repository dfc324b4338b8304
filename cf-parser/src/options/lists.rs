//! Values that are lists: aliases, milters, resolver and TLS flags, letters.

use super::{Interpreted, OptionValue};
use crate::diagnostic::Severity;
use crate::names::parse_name;
use crate::numbers::{atoi, strtoul};
use crate::text::Name;
use crate::translate::is_space;

/// A flag switched on or off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// `false` behind a `-`.
    pub on: bool,
    /// The flag, as the table spells it, or a number.
    pub flag: Vec<u8>,
}

/// One alias database (OPT-017).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasFile {
    /// The map class; `None` for the default.
    pub class: Option<Vec<u8>>,
    /// Flags and file, as a map line has them.
    pub spec: Vec<u8>,
}

/// A suboption of `Milter` (OPT-285, OPT-286).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MilterOption {
    /// `Milter.LogLevel`
    LogLevel(i32),
    /// `Milter.macros.STAGE`: the macros sent at that stage.
    Macros(MilterStage, Vec<Name>),
}

/// A stage of the milter dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MilterStage {
    /// Connection.
    Connect,
    /// HELO.
    Helo,
    /// MAIL.
    EnvFrom,
    /// RCPT.
    EnvRcpt,
    /// DATA.
    Data,
    /// End of the header.
    EndOfHeader,
    /// End of the message.
    EndOfMessage,
}

const STAGES: [(&str, MilterStage); 7] = [
    ("connect", MilterStage::Connect),
    ("helo", MilterStage::Helo),
    ("envfrom", MilterStage::EnvFrom),
    ("envrcpt", MilterStage::EnvRcpt),
    ("data", MilterStage::Data),
    ("eoh", MilterStage::EndOfHeader),
    ("eom", MilterStage::EndOfMessage),
];

/// Most macros of one stage (OPT-286).
const MAX_MILTER_MACROS: usize = 50;

/// Flags of ResolverOptions (OPT-032).
const RESOLVER: [&str; 14] = [
    "debug",
    "aaonly",
    "usevc",
    "primary",
    "igntc",
    "recurse",
    "defnames",
    "stayopen",
    "dnsrch",
    "use_edns0",
    "use_dnssec",
    "trustad",
    "HasWildcardMX",
    "WorkAroundBrokenAAAA",
];

/// Names the reference build takes behind `SSL_OP_` (OPT-288).
const SSL: [&str; 42] = [
    "ALL",
    "ALLOW_NO_DHE_KEX",
    "ALLOW_UNSAFE_LEGACY_RENEGOTIATION",
    "CIPHER_SERVER_PREFERENCE",
    "CISCO_ANYCONNECT",
    "COOKIE_EXCHANGE",
    "CRYPTOPRO_TLSEXT_BUG",
    "DONT_INSERT_EMPTY_FRAGMENTS",
    "ENABLE_MIDDLEBOX_COMPAT",
    "EPHEMERAL_RSA",
    "LEGACY_SERVER_CONNECT",
    "MICROSOFT_BIG_SSLV3_BUFFER",
    "MICROSOFT_SESS_ID_BUG",
    "MSIE_SSLV2_RSA_PADDING",
    "NETSCAPE_CA_DN_BUG",
    "NETSCAPE_CHALLENGE_BUG",
    "NETSCAPE_DEMO_CIPHER_CHANGE_BUG",
    "NETSCAPE_REUSE_CIPHER_CHANGE_BUG",
    "NO_ANTI_REPLAY",
    "NO_COMPRESSION",
    "NO_ENCRYPT_THEN_MAC",
    "NO_QUERY_MTU",
    "NO_RENEGOTIATION",
    "NO_SESSION_RESUMPTION_ON_RENEGOTIATION",
    "NO_SSLv2",
    "NO_SSLv3",
    "NO_TICKET",
    "NO_TLSv1",
    "NO_TLSv1_1",
    "NO_TLSv1_2",
    "NO_TLSv1_3",
    "PKCS1_CHECK_1",
    "PKCS1_CHECK_2",
    "PRIORITIZE_CHACHA",
    "SINGLE_DH_USE",
    "SINGLE_ECDH_USE",
    "SSLEAY_080_CLIENT_DH_BUG",
    "SSLREF2_REUSE_CERT_TYPE_BUG",
    "TLSEXT_PADDING",
    "TLS_BLOCK_PADDING_BUG",
    "TLS_D5_BUG",
    "TLS_ROLLBACK_BUG",
];

/// The words between separators and blanks.
pub(super) fn split(value: &[u8], separators: &[u8]) -> Vec<Vec<u8>> {
    let words = value.split(|b| separators.contains(b) || is_space(*b));
    words.filter(|w| !w.is_empty()).map(<[u8]>::to_vec).collect()
}

/// Alias databases: `[class:][flags ]file`, separated by commas. Nothing behind the last comma is no
/// item; nothing in front of one is an item without a file.
pub(super) fn aliases(value: &[u8]) -> Vec<AliasFile> {
    let one = |item: &[u8]| {
        let item = item.trim_ascii_start();
        let class = item.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let after = item.get(class..)?;
        let blanks = after.iter().take_while(|b| is_space(**b)).count();
        match after.get(blanks) {
            Some(b':') if class > 0 => {
                let spec = after.get(blanks + 1..)?.to_vec();
                Some(AliasFile { class: item.get(..class).map(<[u8]>::to_vec), spec })
            }
            _ => Some(AliasFile { class: None, spec: item.to_vec() }),
        }
    };
    // OPT-013: an empty value stands for a file of this name.
    let value: &[u8] = if value.is_empty() { b"aliases" } else { value };
    let mut files: Vec<AliasFile> = value.split(|b| *b == b',').filter_map(one).collect();
    if files.last().is_some_and(|last| last.class.is_none() && last.spec.is_empty()) {
        files.pop();
    }
    files
}

fn switch(word: &[u8]) -> (bool, &[u8]) {
    match word {
        [b'-', rest @ ..] => (false, rest),
        [b'+', rest @ ..] => (true, rest),
        rest => (true, rest),
    }
}

/// OPT-032; `true` is taken and does nothing.
pub(super) fn resolver(value: &[u8]) -> Interpreted {
    let mut out = Interpreted::default();
    let mut switches = Vec::new();
    for word in value.split(|b| is_space(*b)).filter(|w| !w.is_empty()) {
        let (on, word) = switch(word);
        match RESOLVER.iter().find(|f| f.as_bytes().eq_ignore_ascii_case(word)) {
            Some(flag) => switches.push(Switch { on, flag: flag.as_bytes().to_vec() }),
            None if word.eq_ignore_ascii_case(b"true") => {}
            None => {
                out.error([b"readcf: I option value ".as_slice(), word, b" unrecognized"].concat())
            }
        }
    }
    out.value = Some(OptionValue::Switches(switches));
    out
}

/// OPT-288: names or numbers, between blanks and commas.
pub(super) fn ssl(option: &str, value: &[u8]) -> Interpreted {
    let mut out = Interpreted::default();
    let mut switches = Vec::new();
    for word in split(value, b",") {
        let (on, word) = switch(&word);
        let name = word
            .get(7..)
            .filter(|_| word.get(..7).is_some_and(|p| p.eq_ignore_ascii_case(b"SSL_OP_")));
        let known = name.and_then(|n| SSL.iter().find(|k| k.as_bytes().eq_ignore_ascii_case(n)));
        let flag = match known {
            Some(known) => known.as_bytes().to_vec(),
            None if strtoul(word, 0).1 > 0 => word.to_vec(),
            None => {
                let before = ["readcf: ", option, " option value "].concat();
                out.error([before.as_bytes(), word, b" unrecognized"].concat());
                continue;
            }
        };
        switches.push(Switch { on, flag });
    }
    out.value = Some(OptionValue::Switches(switches));
    out
}

/// AuthOptions and TLSSrvOptions (OPT-284): the first character of each word counts. One separator
/// ends a word; the second of two in a row takes the place of a letter, and the word behind it is lost.
pub(super) fn letters(option: &str, known: &str, value: &[u8]) -> Interpreted {
    let is_separator = |b: &u8| matches!(b, b' ' | b'\t' | b',');
    let mut out = Interpreted::default();
    let mut letters = Vec::new();
    let mut rest = value;
    while let Some((&letter, behind)) = rest.split_first() {
        let word = behind.iter().take_while(|b| !is_separator(b)).count();
        rest = behind.get(word + 1..).unwrap_or_default();
        if is_separator(&letter) {
            continue;
        }
        if known.as_bytes().contains(&letter) {
            letters.push(letter);
            continue;
        }
        let shown = if letter.is_ascii_graphic() { letter } else { b'?' };
        let before = ["Warning: Option: ", option, " unknown parameter '"].concat();
        out.say([before.as_bytes(), &[shown], b"'"].concat(), Severity::Warning, true);
    }
    out.value = Some(OptionValue::Letters(letters));
    out
}

/// `Milter.…` (OPT-122).
pub(super) fn milter(suboption: Option<&[u8]>, value: &[u8]) -> Interpreted {
    let Some(name) = suboption else {
        return Interpreted::refuse(
            "milter_set_option: invalid Milter option, must specify suboption",
        );
    };
    if name.eq_ignore_ascii_case(b"LogLevel") {
        return Interpreted::of(OptionValue::Milter(MilterOption::LogLevel(atoi(value))));
    }
    let stage = name
        .get(..7)
        .filter(|prefix| prefix.eq_ignore_ascii_case(b"macros."))
        .and_then(|_| name.get(7..))
        .and_then(|stage| STAGES.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(stage)));
    let Some((_, stage)) = stage else {
        return Interpreted::refuse(
            [b"milter_set_option: invalid Milter option ".as_slice(), name].concat(),
        );
    };
    let words = split(value, b",");
    let mut out = Interpreted::default();
    if words.len() > MAX_MILTER_MACROS {
        let before = b"milter_set_option: too many macros in Milter.".as_slice();
        out.error([before, name, format!(" (max {MAX_MILTER_MACROS})").as_bytes()].concat());
    }
    let names = words.iter().take(MAX_MILTER_MACROS).filter_map(|w| parse_name(w).name).collect();
    out.value = Some(OptionValue::Milter(MilterOption::Macros(*stage, names)));
    out
}
