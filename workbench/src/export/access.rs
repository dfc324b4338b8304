//! Entries of the access table: tag, subject and verdict.

use super::route::Refusal;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// None: clients, senders and recipients.
    All,
    /// `Connect:`
    Connect,
    /// `From:`
    From,
    /// `To:`
    To,
    /// `ClientRate:`
    ClientRate,
    /// `ClientConn:`
    ClientConn,
    /// `GreetPause:`
    GreetPause,
    /// `AuthInfo:`
    AuthInfo,
    /// `Try_TLS:`
    TryTls,
    /// `TLS_Srv:`
    TlsServer,
    /// Another tag of TLS.
    Tls,
    /// `Srv_Features:`, `Clt_Features:`
    Features,
    /// `Spam:`
    Spam,
    /// One that no feature has.
    Unknown,
}

/// Tags by their words, in lower case.
const TAGS: [(&[u8], Tag); 17] = [
    (b"connect", Tag::Connect),
    (b"from", Tag::From),
    (b"to", Tag::To),
    (b"clientrate", Tag::ClientRate),
    (b"clientconn", Tag::ClientConn),
    (b"greetpause", Tag::GreetPause),
    (b"authinfo", Tag::AuthInfo),
    (b"try_tls", Tag::TryTls),
    (b"tls_srv", Tag::TlsServer),
    (b"tls_clt", Tag::Tls),
    (b"tls_rcpt", Tag::Tls),
    (b"certissuer", Tag::Tls),
    (b"certsubject", Tag::Tls),
    (b"srv_features", Tag::Features),
    (b"clt_features", Tag::Features),
    (b"spam", Tag::Spam),
    (b"delaychecks", Tag::Unknown),
];

/// What kind of thing a key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Everything: the tag alone.
    Everything,
    /// An address of a client, or the beginning of it.
    Network,
    /// A domain and what is below it.
    Domain,
    /// `user@`
    User,
    /// `user@domain`
    Address,
}

impl Subject {
    /// The kind of a key without its tag.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        match key {
            [] => Self::Everything,
            [.., b'@'] => Self::User,
            _ if key.contains(&b'@') => Self::Address,
            _ if key.starts_with(b"ipv6:") || key.iter().all(digits) => Self::Network,
            _ => Self::Domain,
        }
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it, whatever later checks would say.
    Ok,
    /// Take it, and relay.
    Relay,
    /// Refuse it.
    Refuse(Refusal),
    /// Take it and throw it away.
    Discard,
    /// Put it aside; the reason.
    Quarantine(Vec<u8>),
    /// As if there were no entry.
    Skip,
}

impl Verdict {
    /// The verdict of a value.
    #[must_use]
    pub fn of(value: &[u8], refusal: &Refusal) -> Self {
        let value = value.trim_ascii();
        let upper = value.to_ascii_uppercase();
        match upper.as_slice() {
            b"OK" => Self::Ok,
            b"RELAY" => Self::Relay,
            b"REJECT" => Self::Refuse(refusal.clone()),
            b"DISCARD" => Self::Discard,
            b"SKIP" => Self::Skip,
            _ if upper.starts_with(b"QUARANTINE:") => Self::Quarantine(behind_colon(value)),
            _ if upper.starts_with(b"ERROR:") => Self::Refuse(Refusal::of(&behind_colon(value))),
            _ => Self::Refuse(Refusal::of(value)),
        }
    }
}

fn behind_colon(value: &[u8]) -> Vec<u8> {
    value.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default().trim_ascii().to_vec()
}

/// The tag and the rest of a key.
#[must_use]
pub fn split(key: &[u8]) -> (Tag, &[u8]) {
    let Some(colon) = key.iter().position(|byte| *byte == b':') else { return (Tag::All, key) };
    let word = &key[..colon];
    if word.eq_ignore_ascii_case(b"ipv6") {
        return (Tag::All, key);
    }
    let tag = TAGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    (tag.map_or(Tag::Unknown, |(_, tag)| *tag), key.get(colon + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let rows: [(&[u8], Tag, &[u8], Subject); 8] = [
            (b"spam.example", Tag::All, b"spam.example", Subject::Domain),
            (b"connect:192.168.1", Tag::Connect, b"192.168.1", Subject::Network),
            (b"ipv6:2001:db8", Tag::All, b"ipv6:2001:db8", Subject::Network),
            (b"to:user@", Tag::To, b"user@", Subject::User),
            (b"from:a@b.example", Tag::From, b"a@b.example", Subject::Address),
            (b"clientrate:", Tag::ClientRate, b"", Subject::Everything),
            (b"x-local:a", Tag::Unknown, b"a", Subject::Domain),
            (b"10", Tag::All, b"10", Subject::Network),
        ];
        for (key, tag, rest, subject) in rows {
            assert_eq!(split(key), (tag, rest));
            assert_eq!(Subject::of(rest), subject);
        }
    }

    #[test]
    fn verdicts() {
        let denied = Refusal::of(b"550 5.7.1 Access denied");
        let rows: [(&[u8], Verdict); 7] = [
            (b"ok", Verdict::Ok),
            (b"RELAY", Verdict::Relay),
            (b"REJECT", Verdict::Refuse(denied.clone())),
            (b"ERROR:5.7.1:550 no", Verdict::Refuse(Refusal::of(b"550 5.7.1 no"))),
            (b"550 no", Verdict::Refuse(Refusal::of(b"550 5.7.1 no"))),
            (b"QUARANTINE:look", Verdict::Quarantine(b"look".to_vec())),
            (b"DISCARD", Verdict::Discard),
        ];
        for (value, verdict) in rows {
            assert_eq!(Verdict::of(value, &denied), verdict);
        }
    }
}
