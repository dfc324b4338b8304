//! The LMTP that `mail.local -l` speaks (RFC 2033; LG-060): one command in, one reply or one question out.

/// What the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this reply.
    Say(Vec<u8>),
    /// Find out whether there is such a user, and call [`Session::known`].
    Find(Vec<u8>),
    /// Send this reply, take the message, deliver it to [`Session::recipients`], answer for each of them, and call
    /// [`Session::delivered`].
    Take(Vec<u8>),
    /// Send this reply and end.
    End(Vec<u8>),
}

/// Whether a recipient exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody can say just now.
    Unclear,
}

/// Most recipients of one message.
const MAX_RECIPIENTS: usize = 10_000;

const SYNTAX: &[u8] = b"500 5.5.2 Syntax error";
const PARAMETERS: &[u8] = b"501 5.5.4 Syntax error in parameters";

/// One conversation.
#[derive(Clone, Debug)]
pub struct Session {
    host: Vec<u8>,
    eight_bits: bool,
    greeted: bool,
    sender: Option<Vec<u8>>,
    recipients: Vec<Vec<u8>>,
    asked: Vec<u8>,
}

impl Session {
    /// A session of the machine called `host`, which says whether it takes 8BITMIME.
    #[must_use]
    pub fn new(host: &[u8], eight_bits: bool) -> Self {
        Self {
            host: host.to_vec(),
            eight_bits,
            greeted: false,
            sender: None,
            recipients: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// The first line, without its end, as all replies.
    #[must_use]
    pub fn greeting(&self) -> Vec<u8> {
        [b"220 ", &self.host[..], b" LMTP ready"].concat()
    }

    /// The sender of the message; empty for reports.
    #[must_use]
    pub fn sender(&self) -> &[u8] {
        self.sender.as_deref().unwrap_or_default()
    }

    /// The users the message goes to, as often as they were named.
    #[must_use]
    pub fn recipients(&self) -> &[Vec<u8>] {
        &self.recipients
    }

    /// Takes one line without its end. Words may follow only LHLO, MAIL, RCPT and VRFY (observed).
    pub fn command(&mut self, line: &[u8]) -> Step {
        let lower = line.to_ascii_lowercase();
        let say = |text: &[u8]| Step::Say(text.to_vec());
        match lower.as_slice() {
            b"data" if self.recipients.is_empty() => say(b"503 5.5.1 No recipients"),
            b"data" => Step::Take(b"354 Go ahead".to_vec()),
            b"noop" => say(b"250 2.0.0 Ok"),
            b"quit" => Step::End(b"221 2.0.0 Bye".to_vec()),
            b"rset" => {
                self.delivered();
                say(b"250 2.0.0 Ok")
            }
            [b'l', b'h', b'l', b'o', b' ', ..] => Step::Say(self.hello()),
            [b'm', b'a', b'i', b'l', b' ', rest @ ..] => say(self.mail(rest, line)),
            [b'r', b'c', b'p', b't', b' ', rest @ ..] => self.recipient(rest, line),
            [b'v', b'r', b'f', b'y', b' ', ..] => say(b"252 2.3.3 Try RCPT to attempt delivery"),
            _ => say(SYNTAX),
        }
    }

    fn hello(&mut self) -> Vec<u8> {
        if std::mem::replace(&mut self.greeted, true) {
            return [b"503 ", &self.host[..], b" Duplicate LHLO"].concat();
        }
        let head = [b"250-", &self.host[..], b"\r\n"].concat();
        let eight: &[u8] = if self.eight_bits { b"250-8BITMIME\r\n" } else { b"" };
        [&head[..], eight, b"250-ENHANCEDSTATUSCODES\r\n250 PIPELINING"].concat()
    }

    fn mail(&mut self, lower: &[u8], line: &[u8]) -> &'static [u8] {
        if self.sender.is_some() {
            return b"503 5.5.1 Nested MAIL command";
        }
        let path = lower.strip_prefix(b"from:").and_then(|_| path(line));
        match path {
            Some(sender) => {
                self.sender = Some(sender.to_vec());
                b"250 2.5.0 Ok"
            }
            None => PARAMETERS,
        }
    }

    fn recipient(&mut self, lower: &[u8], line: &[u8]) -> Step {
        if self.sender.is_none() {
            return Step::Say(b"503 5.5.1 Need MAIL command".to_vec());
        }
        let path = lower.strip_prefix(b"to:").and_then(|_| path(line));
        let Some(user) = path.and_then(user_of) else { return Step::Say(PARAMETERS.to_vec()) };
        if self.recipients.len() >= MAX_RECIPIENTS {
            return Step::Say(b"452 4.5.3 Too many recipients".to_vec());
        }
        self.asked = user.to_vec();
        Step::Find(user.to_vec())
    }

    /// Takes the answer to [`Step::Find`]; returns the reply.
    pub fn known(&mut self, known: Known) -> Vec<u8> {
        let user = std::mem::take(&mut self.asked);
        match known {
            Known::Yes => {
                self.recipients.push(user);
                b"250 2.1.5 Ok".to_vec()
            }
            Known::No => b"550 5.1.1 User unknown".to_vec(),
            Known::Unclear => b"451 4.3.0 User database failure; retry later".to_vec(),
        }
    }

    /// Forgets the message.
    pub fn delivered(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }
}

/// What stands in angle brackets behind the first colon: up to the `>` that is not in quotes. Parameters behind a blank are
/// not looked at.
fn path(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let text = line.get(colon + 1..)?.strip_prefix(b"<")?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => {
                let behind = text.get(at + 1..)?.first();
                return behind.is_none_or(|byte| *byte == b' ').then(|| text.get(..at))?;
            }
            _ => {}
        }
    }
    None
}

/// The user of an address: without a route, a domain and `+detail`.
fn user_of(path: &[u8]) -> Option<&[u8]> {
    let local = match path.strip_prefix(b"@") {
        Some(route) => {
            let colon = route.iter().position(|byte| *byte == b':')?;
            route.get(colon + 1..)?
        }
        None => path,
    };
    let mut quoted = false;
    let end = local.iter().position(|byte| {
        quoted ^= *byte == b'"';
        !quoted && b"@+".contains(byte)
    });
    local.get(..end.unwrap_or(local.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The replies to `lines`; users called `joe` and `ann` exist.
    fn talk(lines: &[&str]) -> Vec<String> {
        let mut session = Session::new(b"host", true);
        let mut said = Vec::new();
        for line in lines {
            let reply = match session.command(line.as_bytes()) {
                Step::Say(reply) | Step::End(reply) => reply,
                Step::Find(user) => session.known(match user.as_slice() {
                    b"joe" | b"ann" => Known::Yes,
                    b"later" => Known::Unclear,
                    _ => Known::No,
                }),
                Step::Take(reply) => {
                    let recipients = session.recipients().join(&b","[..]);
                    let taken = [&reply[..], b" ", session.sender(), b" ", &recipients].concat();
                    session.delivered();
                    taken
                }
            };
            said.push(String::from_utf8_lossy(&reply).replace("\r\n", "|"));
        }
        said
    }

    #[test]
    fn a_message_for_two() {
        // LG-060
        insta::assert_snapshot!(talk(&["LHLO x", "lhlo y", "MAIL FROM:<a@b> SIZE=1", "MAIL FROM:<c>", "RCPT TO:<joe+d@x>", "rcpt to:<nobody>", "rcpt to:<later>", "rcpt to:<@r:ann>", "DATA", "DATA", "QUIT"]).join("\n"), @r"
        250-host|250-8BITMIME|250-ENHANCEDSTATUSCODES|250 PIPELINING
        503 host Duplicate LHLO
        250 2.5.0 Ok
        503 5.5.1 Nested MAIL command
        250 2.1.5 Ok
        550 5.1.1 User unknown
        451 4.3.0 User database failure; retry later
        250 2.1.5 Ok
        354 Go ahead a@b joe,ann
        503 5.5.1 No recipients
        221 2.0.0 Bye
        ");
    }

    #[test]
    fn commands_are_taken_by_the_letter() {
        for line in [
            "LHLO", "HELO x", "EHLO x", "MAIL", "RCPT", "VRFY", "NOOP x", "RSET x", "DATA x",
            "QUIT x", "EXPN x", "HELP", "",
        ] {
            assert_eq!(talk(&[line]), ["500 5.5.2 Syntax error"], "{line}");
        }
        assert_eq!(talk(&["RCPT TO:<joe>"]), ["503 5.5.1 Need MAIL command"]);
        for line in [
            "MAIL FROM",
            "MAIL FROM:",
            "MAIL FROM:a@b",
            "MAIL FROM: <a>",
            "MAIL FROM:<a",
            "MAIL FROM:<a\\>",
            "MAIL FROM:<a>b",
        ] {
            assert_eq!(talk(&[line]), ["501 5.5.4 Syntax error in parameters"], "{line}");
        }
        for line in ["RCPT TO:", "RCPT TO:joe", "RCPT TO : <joe>", "RCPT TO:<joe", "RCPT TO:<@joe>"]
        {
            let said = talk(&["MAIL FROM:<>", line]);
            assert_eq!(said, ["250 2.5.0 Ok", "501 5.5.4 Syntax error in parameters"], "{line}");
        }
        for (path, known) in [
            ("<joe@>", true),
            ("<JOE>", false),
            ("<\"joe\"@x>", false),
            ("<>", false),
            ("<j\\oe>", false),
        ] {
            let said = talk(&["MAIL FROM:<>", &format!("RCPT TO:{path}")]);
            assert_eq!(said[1].starts_with("250"), known, "{path}");
        }
    }
}
