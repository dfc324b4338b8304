//! What will happen to the mail, in one sentence.

use ruleset_vm::load::Configuration;
use ruleset_vm::mailer::Mailer;
use ruleset_vm::{Parsed, Status, Target, Triple};

/// One closing sentence about a recipient. `alias` is what the alias files have for a local user, if that was asked.
#[must_use]
pub fn closing(
    configuration: &Configuration,
    parsed: Option<&Parsed>,
    alias: Option<&[u8]>,
) -> Vec<u8> {
    let Some(Parsed { triple, deferred, .. }) = parsed else {
        return b"There is no address in this.".to_vec();
    };
    let mut out = match &triple.mailer {
        Target::Error(status) => refusal(status),
        Target::Mailer(number) => match configuration.mailers.get(*number) {
            Some(mailer) => delivery(mailer, triple, alias),
            None => b"No mailer takes it.".to_vec(),
        },
    };
    if *deferred {
        out.extend_from_slice(
            b" But a map could not answer now: the message is kept, and the address asked again later.",
        );
    }
    out
}

fn refusal(status: &Status) -> Vec<u8> {
    let reply = match (status.reply, status.enhanced) {
        (Some(reply), Some(enhanced)) => format!("{reply} {enhanced} "),
        (Some(reply), None) => format!("{reply} "),
        (None, _) => String::new(),
    };
    let verb = if status.retry { "is refused for now" } else { "is refused" };
    [b"The address ", verb.as_bytes(), b" with \"", reply.as_bytes(), &status.text, b"\"."].concat()
}

fn delivery(mailer: &Mailer, triple: &Triple, alias: Option<&[u8]>) -> Vec<u8> {
    let user = &triple.user;
    if mailer.name == b"discard" {
        return b"The mail is accepted and thrown away.".to_vec();
    }
    if let Some(alias) = alias {
        return [b"The mail goes to ", alias, b", for which ", user, b" is an alias."].concat();
    }
    let name = &mailer.name;
    let way = by_which_way(mailer, triple);
    let mut out = [b"The mail for ", &user[..], b" ", &way, b" (mailer ", name].concat();
    if mailer.flags.has(b'A') {
        out.extend_from_slice(b"; no alias, unless a .forward file says otherwise");
    }
    out.extend_from_slice(b").");
    out
}

/// How the mailer delivers, from the verb on.
fn by_which_way(mailer: &Mailer, triple: &Triple) -> Vec<u8> {
    let host = triple.host.as_deref().unwrap_or_default();
    let word = |at: usize| mailer.argv.get(at).map(|word| cf_parser::octets(word));
    let first = word(0).unwrap_or_default();
    let protocol: &[u8] = if mailer.flags.has(b'z') { b"LMTP" } else { b"SMTP" };
    match mailer.path.as_slice() {
        b"[IPC]" | b"[TCP]" if first.eq_ignore_ascii_case(b"FILE") => {
            let socket = word(1).unwrap_or_default();
            [b"is handed by ", protocol, b" to the socket ", &visible(&socket)].concat()
        }
        b"[IPC]" | b"[TCP]" if is_bracketed(host) => {
            [b"goes by ", protocol, b" to ", host, b", without looking for mail exchangers"]
                .concat()
        }
        b"[IPC]" | b"[TCP]" => {
            let port = word(2).filter(|port| !port.is_empty());
            let port =
                port.map(|port| [b", port ", &visible(&port)[..]].concat()).unwrap_or_default();
            [b"goes by ", protocol, b" to the mail exchangers of ", host, &port].concat()
        }
        b"[FILE]" => [b"is appended to the file ", &triple.user[..]].concat(),
        path => {
            let verb: &[u8] =
                if mailer.flags.has(b'z') { b"is handed by LMTP to " } else { b"is piped to " };
            [verb, path].concat()
        }
    }
}

fn is_bracketed(host: &[u8]) -> bool {
    host.starts_with(b"[") && host.ends_with(b"]")
}

fn visible(text: &[u8]) -> Vec<u8> {
    crate::show::visible(text)
}
