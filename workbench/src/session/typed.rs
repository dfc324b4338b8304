//! Lines that somebody types for a session: SMTP, and what else there is to say.

use std::net::IpAddr;

/// Macros with their values.
pub type Settings = Vec<(Vec<u8>, Vec<u8>)>;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A comment, or nothing.
    Nothing,
    /// `client ...`: a session begins, with this client.
    Client(Client),
    /// `tls ...`: TLS is started; the macros that tell of it.
    Tls(Settings),
    /// `auth ...`: the client has authenticated itself; the macros that tell of it.
    Auth(Settings),
    /// `ask RULESET,... TEXT`: rulesets are applied to a text; operators such as `$|` count in it.
    Ask {
        /// Names or numbers with commas between.
        rulesets: Vec<u8>,
        /// The text.
        text: Vec<u8>,
    },
    /// A command of SMTP.
    Smtp(Vec<u8>),
}

/// Who connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// A local user, on standard input (`sendmail -bs`).
    Local,
    /// A host, by the network.
    Host {
        /// The name that its address has, if any.
        name: Option<Vec<u8>>,
        /// Its address; by default one of those that documentation uses.
        address: IpAddr,
        /// What the name service says of the name.
        trust: Trust,
        /// The interface that the connection comes in by, if that is said.
        own: Option<Interface>,
    },
}

/// An own end of connections (`${if_addr}`, `${if_name}`, MC-059).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its address.
    pub address: IpAddr,
    /// The name of that; by default the address in brackets.
    pub name: Option<Vec<u8>>,
}

/// Whether the name of a client leads back to its address (`${client_resolve}`, MC-048).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It does.
    Ok,
    /// It does not.
    Forged,
    /// The name service did not answer.
    Temporary,
    /// There is no name.
    Fail,
}

impl Trust {
    const WORDS: [(&'static str, Self); 4] = [
        ("ok", Self::Ok),
        ("forged", Self::Forged),
        ("temp", Self::Temporary),
        ("fail", Self::Fail),
    ];
}

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// `client` with something that is no address, or too much.
    #[error("client: NAME [ADDRESS] [ok|forged|temp|fail], ADDRESS, or local; not {0}")]
    Client(String),
    /// `tls` with a name that says nothing of TLS.
    #[error("tls: {0} is none of {names}", names = TLS_NAMES.map(|(name, _)| name).join(", "))]
    Tls(String),
    /// `auth` without a user.
    #[error("auth: USER [MECHANISM [STRENGTH]]")]
    Auth,
    /// `ask` without rulesets or text.
    #[error("ask: RULESET[,RULESET...] TEXT")]
    Ask,
}

/// The address of a client of which only the name is known (RFC 5737).
pub const SOME_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// What is said of TLS, and the macros that it sets (MC-031, MC-039..MC-042).
pub const TLS_NAMES: [(&str, &[&[u8]]); 9] = [
    ("verify", &[b"verify"]),
    ("version", &[b"tls_version"]),
    ("cipher", &[b"cipher"]),
    ("bits", &[b"cipher_bits", b"alg_bits"]),
    ("cert_subject", &[b"cert_subject"]),
    ("cert_issuer", &[b"cert_issuer"]),
    ("cn_subject", &[b"cn_subject"]),
    ("cn_issuer", &[b"cn_issuer"]),
    ("cert_md5", &[b"cert_md5"]),
];

/// TLS of which nothing is said: today's, without a certificate of the client.
const TLS_DEFAULT: &str = "verify=NO version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256";

/// Reads a line.
///
/// # Errors
/// It begins with a word that is no SMTP, and goes on as it should not.
pub fn typed(line: &[u8]) -> Result<Typed, TypedError> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let trimmed = line.trim_ascii();
    if trimmed.is_empty() || trimmed.starts_with(b"#") {
        return Ok(Typed::Nothing);
    }
    let (word, rest) = first_word(trimmed);
    // AUTH in capitals is the command of SMTP
    match word {
        b"client" => client(rest).map(Typed::Client),
        b"tls" => tls(rest).map(Typed::Tls),
        b"auth" => auth(rest).map(Typed::Auth),
        b"ask" => match first_word(rest) {
            (_, b"") => Err(TypedError::Ask),
            (rulesets, text) => Ok(Typed::Ask { rulesets: rulesets.to_vec(), text: text.to_vec() }),
        },
        _ => Ok(Typed::Smtp(line.to_vec())),
    }
}

/// What stands behind `client`.
///
/// # Errors
/// It is no client.
pub fn client(text: &[u8]) -> Result<Client, TypedError> {
    let wrong = || TypedError::Client(lossy(text));
    let words: Vec<&[u8]> =
        text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let at = words.iter().position(|word| *word == b"at").unwrap_or(words.len());
    let (words, own) = words.split_at(at);
    let own = match own.get(1..).unwrap_or_default() {
        [] if own.is_empty() => None,
        [ip] => Some(Interface { address: address(ip).ok_or_else(wrong)?, name: None }),
        [ip, name] => {
            Some(Interface { address: address(ip).ok_or_else(wrong)?, name: Some(name.to_vec()) })
        }
        _ => return Err(wrong()),
    };
    let trust = |word: &[u8]| {
        let found = Trust::WORDS.iter().find(|(name, _)| name.as_bytes() == word);
        found.map(|(_, trust)| *trust)
    };
    let (words, trust) = match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => match trust(last) {
            Some(trust) => (rest, Some(trust)),
            None => (words, None),
        },
        _ => (words, None),
    };
    let host = |name: Option<&[u8]>, address| Client::Host {
        name: name.map(<[u8]>::to_vec),
        address,
        trust: trust.unwrap_or(if name.is_some() { Trust::Ok } else { Trust::Fail }),
        own: own.clone(),
    };
    match words {
        [b"local"] if trust.is_none() && own.is_none() => Ok(Client::Local),
        [b"local"] => Err(wrong()),
        [only] => Ok(match address(only) {
            Some(address) => host(None, address),
            None => host(Some(only), SOME_ADDRESS),
        }),
        [name, ip] => Ok(host(Some(name), address(ip).ok_or_else(wrong)?)),
        _ => Err(wrong()),
    }
}

/// An address, in brackets and with `IPv6:` in front or not.
fn address(text: &[u8]) -> Option<IpAddr> {
    let inner = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")).unwrap_or(text);
    let inner = inner.strip_prefix(b"IPv6:").unwrap_or(inner);
    std::str::from_utf8(inner).ok()?.parse().ok()
}

/// What stands behind `tls`: `name=value`, a word alone is the value of `verify`.
///
/// # Errors
/// There is no such name.
pub fn tls(text: &[u8]) -> Result<Settings, TypedError> {
    let mut settings = Settings::new();
    let given = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for word in TLS_DEFAULT.as_bytes().split(|byte| *byte == b' ').chain(given) {
        let (name, value) = match word.iter().position(|byte| *byte == b'=') {
            Some(at) => (&word[..at], word.get(at + 1..).unwrap_or_default()),
            None => (&b"verify"[..], word),
        };
        let row = TLS_NAMES.iter().find(|(known, _)| known.as_bytes() == name);
        let (_, macros) = row.ok_or_else(|| TypedError::Tls(lossy(name)))?;
        for name in *macros {
            settings.retain(|(known, _)| known != name);
            settings.push((name.to_vec(), value.to_vec()));
        }
    }
    Ok(settings)
}

/// What stands behind `auth`: the user, the mechanism, the strength of its layer (MC-032, MC-034, MC-035).
///
/// # Errors
/// There is no user, or there is too much.
pub fn auth(text: &[u8]) -> Result<Settings, TypedError> {
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let user = words.next().ok_or(TypedError::Auth)?;
    let mechanism = words.next().unwrap_or(b"PLAIN");
    let strength = words.next().unwrap_or(b"0");
    if words.next().is_some() {
        return Err(TypedError::Auth);
    }
    let rows: [(&[u8], &[u8]); 3] =
        [(b"auth_authen", user), (b"auth_type", mechanism), (b"auth_ssf", strength)];
    Ok(rows.map(|(name, value)| (name.to_vec(), value.to_vec())).to_vec())
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The first word, and what follows without the blanks between.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients() {
        let host = |name: Option<&str>, address: &str, trust| {
            let name = name.map(|name| name.as_bytes().to_vec());
            Ok(Client::Host { name, address: address.parse().unwrap(), trust, own: None })
        };
        let by = |name: Option<&str>, own: Option<&str>| {
            let address = "192.0.2.9".parse().unwrap();
            let (name, trust) = (name.map(Into::into), Trust::Ok);
            let interface =
                Interface { address: "198.51.100.2".parse().unwrap(), name: own.map(Into::into) };
            Ok(Client::Host { name, address, trust, own: Some(interface) })
        };
        let rows = [
            ("local", Ok(Client::Local)),
            ("a.example 192.0.2.9", host(Some("a.example"), "192.0.2.9", Trust::Ok)),
            ("a.example", host(Some("a.example"), "192.0.2.1", Trust::Ok)),
            ("[192.0.2.9]", host(None, "192.0.2.9", Trust::Fail)),
            ("192.0.2.9 temp", host(None, "192.0.2.9", Trust::Temporary)),
            (
                "a.example IPv6:2001:db8::1 forged",
                host(Some("a.example"), "2001:db8::1", Trust::Forged),
            ),
            ("a.example 192.0.2.9 at 198.51.100.2", by(Some("a.example"), None)),
            ("a.example 192.0.2.9 ok at [198.51.100.2] us", by(Some("a.example"), Some("us"))),
            ("a.example at", Err(TypedError::Client("a.example at".to_owned()))),
            ("local at 127.0.0.1", Err(TypedError::Client("local at 127.0.0.1".to_owned()))),
            ("", Err(TypedError::Client(String::new()))),
            ("a b", Err(TypedError::Client("a b".to_owned()))),
        ];
        for (text, expected) in rows {
            assert_eq!(client(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn lines() {
        assert_eq!(typed(b"# client x\r\n"), Ok(Typed::Nothing));
        assert_eq!(typed(b"AUTH PLAIN x"), Ok(Typed::Smtp(b"AUTH PLAIN x".to_vec())));
        assert_eq!(typed(b" HELO x \r\n"), Ok(Typed::Smtp(b" HELO x ".to_vec())));
        let ask = Typed::Ask { rulesets: b"check_relay".to_vec(), text: b"a $| b".to_vec() };
        assert_eq!(typed(b"ask check_relay  a $| b"), Ok(ask));
        assert_eq!(typed(b"ask 3"), Err(TypedError::Ask));
        assert_eq!(typed(b"auth"), Err(TypedError::Auth));
        let Ok(Typed::Auth(settings)) = typed(b"auth alice CRAM-MD5") else { panic!() };
        assert_eq!(settings[1], (b"auth_type".to_vec(), b"CRAM-MD5".to_vec()));
        let Ok(Typed::Tls(settings)) = typed(b"tls OK bits=128") else { panic!() };
        let value =
            |name: &[u8]| settings.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(value(b"verify"), b"OK");
        assert_eq!(value(b"alg_bits"), b"128");
        assert_eq!(value(b"tls_version"), b"TLSv1.3");
        assert_eq!(settings.len(), 5);
        assert_eq!(typed(b"tls colour=red"), Err(TypedError::Tls("colour".to_owned())));
    }
}
