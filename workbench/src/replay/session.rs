//! What a log says about a session, as the macros that rules read.

use super::{System, Transaction};

/// A client as a log names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// `${client_name}`
    pub name: Vec<u8>,
    /// `${client_addr}`; empty for a user of this host.
    pub address: Vec<u8>,
    /// `${client_ptr}`
    pub pointer: Vec<u8>,
    /// What `${client_resolve}` may have been.
    pub resolved: &'static [&'static [u8]],
}

impl Client {
    /// `name [address]`, `name [address] (may be forged)`, `[address]`, `user@name [address]`, `user@localhost`.
    #[must_use]
    pub fn read(relay: &[u8]) -> Self {
        let (text, forged) = match relay.strip_suffix(b" (may be forged)") {
            Some(text) => (text, true),
            None => (relay, false),
        };
        let inside = || {
            let open = memchr::memrchr(b'[', text)?;
            let (name, bracketed) = text.split_at_checked(open)?;
            let address = bracketed.strip_prefix(b"[")?.strip_suffix(b"]")?;
            Some((name.trim_ascii(), bracketed, address))
        };
        let Some((name, bracketed, address)) = inside() else {
            return Self { resolved: &[b""], ..Self::default() };
        };
        // the user that ident told
        let name = name.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
        let named = !name.is_empty();
        let pointer = if named { name } else { bracketed };
        Self {
            name: if named && !forged { name } else { bracketed }.to_vec(),
            address: address.to_vec(),
            pointer: pointer.to_vec(),
            resolved: match (named, forged) {
                (true, false) => &[b"OK"],
                (true, true) => &[b"FORGED"],
                // a log does not tell these apart
                (false, _) => &[b"FAIL", b"TEMP"],
            },
        }
    }

    /// It came over the network.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        !self.address.is_empty()
    }
}

/// What is taken for granted where a log does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Assumption {
    /// `${client_resolve}`
    pub(super) resolved: &'static [u8],
    /// `${auth_type}`, if the client logged in somehow.
    pub(super) mechanism: Option<Vec<u8>>,
}

/// Macros of a session and of what goes on in it. What is not known of them is a reason for doubt once rules read it.
pub(super) const SESSION: &[&[u8]] = &[
    b"_",
    b"f",
    b"i",
    b"r",
    b"s",
    b"alg_bits",
    b"auth_author",
    b"auth_authen",
    b"auth_ssf",
    b"auth_type",
    b"cert_fp",
    b"cert_issuer",
    b"cert_md5",
    b"cert_subject",
    b"cipher",
    b"cipher_bits",
    b"client_addr",
    b"client_connections",
    b"client_flags",
    b"client_name",
    b"client_port",
    b"client_ptr",
    b"client_rate",
    b"client_resolve",
    b"cn_issuer",
    b"cn_subject",
    b"currHeader",
    b"daemon_addr",
    b"daemon_family",
    b"daemon_flags",
    b"daemon_info",
    b"daemon_name",
    b"daemon_port",
    b"dsn_envid",
    b"dsn_notify",
    b"dsn_ret",
    b"hdr_name",
    b"hdrlen",
    b"if_addr",
    b"if_family",
    b"if_name",
    b"load_avg",
    b"mail_addr",
    b"mail_from",
    b"mail_host",
    b"mail_mailer",
    b"msg_id",
    b"msg_size",
    b"nbadrcpts",
    b"nrcpts",
    b"ntries",
    b"rcpt_addr",
    b"rcpt_host",
    b"rcpt_mailer",
    b"server_addr",
    b"server_name",
    b"tls_version",
    b"total_rate",
    b"verify",
];

/// The macros of TLS.
const TLS: [&[u8]; 11] = [
    b"verify",
    b"tls_version",
    b"cipher",
    b"cipher_bits",
    b"alg_bits",
    b"cert_subject",
    b"cert_issuer",
    b"cert_md5",
    b"cert_fp",
    b"cn_subject",
    b"cn_issuer",
];

/// How a message came: `ESMTPSA` is ESMTP with TLS and a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    /// `None` if it is not known.
    pub(super) tls: Option<bool>,
    /// As above.
    pub(super) login: Option<bool>,
}

impl Protocol {
    pub(super) fn of(transaction: &Transaction, system: System) -> Self {
        let (tls, login) = match transaction.protocol.as_slice() {
            b"SMTP" | b"ESMTP" => (Some(false), Some(false)),
            b"SMTPS" | b"ESMTPS" => (Some(true), Some(false)),
            b"ESMTPA" => (Some(false), Some(true)),
            b"ESMTPSA" => (Some(true), Some(true)),
            _ => (None, None),
        };
        let login = match system {
            System::Sendmail => login,
            // these say so with every client
            System::Postfix | System::Exim => Some(transaction.login.is_some()),
        };
        Self { tls, login }
    }
}

/// Takes the name of a macro and its value.
pub(super) type Put<'a> = &'a mut dyn FnMut(&[u8], Option<&[u8]>);

/// Tells each macro that is known, and its value; `None` if it is known to have none.
pub(super) fn define(
    transaction: &Transaction,
    client: &Client,
    system: System,
    assumption: &Assumption,
    flags: Option<&[u8]>,
    put: Put<'_>,
) {
    let protocol = Protocol::of(transaction, system);
    put(b"_", Some(&transaction.relay));
    put(b"opMode", Some(b"d"));
    match client.is_remote() {
        true => put(b"client_addr", Some(&client.address)),
        false => put(b"client_addr", Some(b"0")),
    }
    put(b"client_name", Some(&client.name));
    put(b"client_ptr", Some(&client.pointer));
    put(b"client_resolve", Some(assumption.resolved));
    if !transaction.protocol.is_empty() {
        put(b"r", Some(&transaction.protocol));
    }
    if !transaction.daemon.is_empty() {
        put(b"daemon_name", Some(&transaction.daemon));
    }
    if let Some(flags) = flags {
        put(b"daemon_flags", Some(flags));
    }
    if protocol.login == Some(false) {
        for name in [&b"auth_type"[..], b"auth_authen", b"auth_author", b"auth_ssf"] {
            put(name, None);
        }
    } else if let Some(mechanism) = &assumption.mechanism {
        put(b"auth_type", Some(mechanism));
        if let Some(login) = &transaction.login {
            put(b"auth_authen", Some(&login.name));
            put(b"auth_ssf", Some(&login.bits));
        }
    }
    if protocol.tls == Some(false) {
        TLS.iter().for_each(|name| put(name, None));
    } else if let Some(tls) = transaction.tls.as_ref().filter(|_| protocol.tls == Some(true)) {
        put(b"verify", Some(&tls.verify));
        put(b"tls_version", Some(&tls.version));
        put(b"cipher", Some(&tls.cipher));
        put(b"cipher_bits", Some(&tls.bits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_as_logged() {
        let show = |relay: &str| {
            let client = Client::read(relay.as_bytes());
            let parts = [&client.name, &client.address, &client.pointer];
            let resolved = client.resolved.join(&b'/');
            let mut words: Vec<_> =
                parts.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            words.push(String::from_utf8_lossy(&resolved).into_owned());
            words.join("|")
        };
        assert_eq!(show("mx.test [192.0.2.1]"), "mx.test|192.0.2.1|mx.test|OK");
        assert_eq!(
            show("mx.test [192.0.2.1] (may be forged)"),
            "[192.0.2.1]|192.0.2.1|mx.test|FORGED"
        );
        assert_eq!(
            show("[IPv6:2001:db8::1]"),
            "[IPv6:2001:db8::1]|IPv6:2001:db8::1|[IPv6:2001:db8::1]|FAIL/TEMP"
        );
        assert_eq!(show("al@mx.test [192.0.2.1]"), "mx.test|192.0.2.1|mx.test|OK");
        assert_eq!(show("root@localhost"), "|||");
        assert!(!Client::read(b"root@localhost").is_remote());
    }

    #[test]
    fn every_macro_that_is_told_is_one_of_the_session() {
        let transaction = Transaction {
            protocol: b"ESMTP".to_vec(),
            daemon: b"MTA".to_vec(),
            ..Transaction::default()
        };
        let mut told = 0;
        let client = Client::read(b"[192.0.2.1]");
        define(
            &transaction,
            &client,
            System::Sendmail,
            &Assumption::default(),
            Some(b""),
            &mut |name, _| {
                told += 1;
                assert!(
                    name == b"opMode" || SESSION.contains(&name),
                    "{}",
                    String::from_utf8_lossy(name)
                );
            },
        );
        assert_eq!(told, 24);
    }
}
