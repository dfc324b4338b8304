//! Where mail goes: what `mailer:host` in tables and macros means.

use ruleset_vm::mailer::{Mailer, find};

/// A server to hand mail to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// Its name, or its address without brackets.
    pub host: Vec<u8>,
    /// Whether its mail exchangers are looked for; no for names in brackets.
    pub exchangers: bool,
    /// The port, if it is not that of SMTP.
    pub port: Option<Vec<u8>>,
}

impl Hop {
    /// `host`, or `[host]` without exchangers, and `:port`.
    #[must_use]
    pub fn bracketed(&self) -> Vec<u8> {
        let mut out = match self.exchangers {
            true => self.host.clone(),
            false => [b"[", &self.host[..], b"]"].concat(),
        };
        if let Some(port) = &self.port {
            out.extend([b":", &port[..]].concat());
        }
        out
    }
}

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The first of these servers that answers.
    Smtp(Vec<Hop>),
    /// A local LMTP server, by its socket.
    Lmtp(Vec<u8>),
    /// A mailbox of this host, or the address's own user.
    Local(Option<Vec<u8>>),
    /// Back, with an enhanced status code and a text.
    Error(Refusal),
    /// Nowhere.
    Discard,
    /// Something that the targets have no form of; the reason.
    Other(String),
}

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `550`
    pub reply: Vec<u8>,
    /// `5.1.1`
    pub enhanced: Vec<u8>,
    /// The rest.
    pub text: Vec<u8>,
}

/// Codes of words that `$@` of the error mailer may be.
const WORDS: [(&[u8], &[u8]); 12] = [
    (b"usage", b"5.5.4"),
    (b"nouser", b"5.1.1"),
    (b"nohost", b"5.1.2"),
    (b"unavailable", b"5.0.0"),
    (b"unavail", b"5.0.0"),
    (b"software", b"5.3.0"),
    (b"tempfail", b"4.7.1"),
    (b"protocol", b"5.5.0"),
    (b"config", b"5.3.5"),
    (b"noinput", b"5.0.0"),
    (b"dataerr", b"5.6.0"),
    (b"noperm", b"5.7.0"),
];

impl Refusal {
    /// From `5.1.1:550 text`, `550 5.1.1 text`, `nouser:text`, `nouser text`, quotes taken off.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'"').collect();
        let mut rest = text.trim_ascii();
        let mut refusal = Self { reply: Vec::new(), enhanced: Vec::new(), text: Vec::new() };
        for _ in 0..3 {
            let end = rest.iter().position(|byte| matches!(byte, b':' | b' ' | b'\t'));
            let (word, behind) = match end {
                Some(end) => (&rest[..end], rest.get(end + 1..).unwrap_or_default()),
                None => (rest, &b""[..]),
            };
            let named = WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            if refusal.enhanced.is_empty() && is_enhanced(word) {
                refusal.enhanced = word.to_vec();
            } else if refusal.reply.is_empty() && is_reply(word) {
                refusal.reply = word.to_vec();
            } else if let (Some((_, code)), true) = (named, refusal.enhanced.is_empty()) {
                refusal.enhanced = code.to_vec();
            } else {
                break;
            }
            rest = behind.trim_ascii();
        }
        let temporary = refusal.enhanced.starts_with(b"4") || refusal.reply.starts_with(b"4");
        if refusal.reply.is_empty() {
            refusal.reply = if temporary { b"450".to_vec() } else { b"550".to_vec() };
        }
        if refusal.enhanced.is_empty() {
            refusal.enhanced = if temporary { b"4.7.1".to_vec() } else { b"5.7.1".to_vec() };
        }
        refusal.text = if rest.is_empty() { b"Rejected".to_vec() } else { rest.to_vec() };
        refusal
    }

    /// `550 5.1.1 text`
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        [&self.reply[..], &self.enhanced, &self.text].join(&b' ')
    }

    /// Whether the client is to come again.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.reply.starts_with(b"4")
    }
}

fn is_reply(word: &[u8]) -> bool {
    word.len() == 3 && word.iter().all(u8::is_ascii_digit) && matches!(word[0], b'4' | b'5')
}

fn is_enhanced(word: &[u8]) -> bool {
    let mut parts = word.split(|byte| *byte == b'.');
    let class = parts.next().is_some_and(|part| matches!(part, b"4" | b"5"));
    let number =
        |part: &[u8]| !part.is_empty() && part.len() < 4 && part.iter().all(u8::is_ascii_digit);
    class && parts.clone().count() == 2 && parts.all(number)
}

impl Hop {
    /// One host of a list.
    #[must_use]
    pub fn of(text: &[u8], port: Option<&[u8]>) -> Self {
        let port = port.map(<[u8]>::to_vec);
        match text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")) {
            Some(host) => Self { host: host.to_vec(), exchangers: false, port },
            None => {
                let host = text.strip_suffix(b".").unwrap_or(text).to_vec();
                Self { host, exchangers: true, port }
            }
        }
    }
}

impl Route {
    /// What `mailer:host`, or a host alone, means where the mailer is `relay` otherwise.
    #[must_use]
    pub fn of(text: &[u8], mailers: &[Mailer]) -> Self {
        let text = text.trim_ascii();
        if text.contains(&b'%') {
            return Self::Other("parts of the address (%1) are put into the host".to_owned());
        }
        let colon = text.iter().position(|byte| *byte == b':');
        match colon {
            Some(colon) if !text.starts_with(b"[") => {
                Self::by(&text[..colon], text.get(colon + 1..).unwrap_or_default(), mailers)
            }
            _ => Self::by(b"relay", text, mailers),
        }
    }

    fn by(mailer: &[u8], host: &[u8], mailers: &[Mailer]) -> Self {
        let host = host.trim_ascii();
        match mailer.to_ascii_lowercase().as_slice() {
            b"error" => return Self::Error(Refusal::of(host)),
            b"discard" if find(mailers, mailer).is_some() => return Self::Discard,
            b"local" => return Self::Local((!host.is_empty()).then(|| host.to_vec())),
            _ => {}
        }
        let shown = String::from_utf8_lossy(mailer).into_owned();
        let Some(found) = find(mailers, mailer).and_then(|number| mailers.get(number)) else {
            return Self::Other(format!("there is no mailer {shown}"));
        };
        if host.contains(&b'@') {
            return Self::Other("it names the recipient, too".to_owned());
        }
        match Transport::of(found) {
            Transport::Smtp { port, fixed } => {
                let host = fixed.unwrap_or_else(|| host.to_vec());
                let hops: Vec<Hop> =
                    hosts(&host).map(|host| Hop::of(host, port.as_deref())).collect();
                if hops.is_empty() || hops.iter().any(|hop| hop.host.is_empty()) {
                    return Self::Other("it names no host".to_owned());
                }
                Self::Smtp(hops)
            }
            Transport::Lmtp(path) => Self::Lmtp(path),
            Transport::Other => Self::Other(format!("mailer {shown} is neither SMTP nor local")),
        }
    }
}

/// The hosts of a list with colons between; colons in brackets belong to addresses.
fn hosts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut inside = false;
    text.split(move |byte| {
        match byte {
            b'[' => inside = true,
            b']' => inside = false,
            _ => {}
        }
        *byte == b':' && !inside
    })
    .map(<[u8]>::trim_ascii)
}

/// How a mailer delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// SMTP, to this port, to a host of its own if it has one.
    Smtp {
        /// The port, if it is not 25.
        port: Option<Vec<u8>>,
        /// The host, if it does not come from the address.
        fixed: Option<Vec<u8>>,
    },
    /// LMTP at this socket.
    Lmtp(Vec<u8>),
    /// A program, or a file.
    Other,
}

impl Transport {
    /// By the fields of a mailer.
    #[must_use]
    pub fn of(mailer: &Mailer) -> Self {
        if !mailer.path.eq_ignore_ascii_case(b"[IPC]") {
            return Self::Other;
        }
        let words: Vec<Vec<u8>> =
            mailer.argv.iter().map(|word| ruleset_vm::macros::bytes(word)).collect();
        let word = |at: usize| words.get(at).map(|word| &word[..]).unwrap_or_default();
        if word(0).eq_ignore_ascii_case(b"FILE") {
            return Self::Lmtp(word(1).to_vec());
        }
        let port = Some(word(2).to_vec()).filter(|port| !port.is_empty() && port != b"25");
        let fixed = Some(word(1).to_vec()).filter(|host| host != b"$h");
        Self::Smtp { port, fixed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let rows: [(&[u8], &[u8]); 7] = [
            (b"5.1.1:550 gone", b"550 5.1.1 gone"),
            (b"550 gone", b"550 5.7.1 gone"),
            (b"\"450 4.2.1 later\"", b"450 4.2.1 later"),
            (b"nouser:No such user", b"550 5.1.1 No such user"),
            (b"nouser No such user", b"550 5.1.1 No such user"),
            (b"4.2.2:busy", b"450 4.2.2 busy"),
            (b"", b"550 5.7.1 Rejected"),
        ];
        for (text, line) in rows {
            assert_eq!(Refusal::of(text).line(), line, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn routes() {
        let mut esmtp = Mailer::named(b"esmtp");
        esmtp.path = b"[IPC]".to_vec();
        esmtp.argv = vec![
            cf_parser::text::plain(b"TCP"),
            vec![cf_parser::Piece::Macro(cf_parser::Name::new(b"h"))],
            cf_parser::text::plain(b"587"),
        ];
        let mailers = [esmtp];
        let hop = |host: &[u8], exchangers| Hop {
            host: host.to_vec(),
            exchangers,
            port: Some(b"587".to_vec()),
        };
        let rows: [(&[u8], Route); 5] = [
            (b"esmtp:hub.example", Route::Smtp(vec![hop(b"hub.example", true)])),
            (
                b"esmtp:[IPv6:::1]:[b.example]",
                Route::Smtp(vec![hop(b"IPv6:::1", false), hop(b"b.example", false)]),
            ),
            (b"local:alice", Route::Local(Some(b"alice".to_vec()))),
            (b"local:", Route::Local(None)),
            (b"error:nouser gone", Route::Error(Refusal::of(b"5.1.1:gone"))),
        ];
        for (text, route) in rows {
            assert_eq!(Route::of(text, &mailers), route, "{}", String::from_utf8_lossy(text));
        }
        for text in
            [&b"discard:x"[..], b"esmtp:%1.example", b"esmtp:u@h", b"esmtp:", b"uucp:h", b"hub"]
        {
            assert!(matches!(Route::of(text, &mailers), Route::Other(_)));
        }
    }
}
