//! Colours for a terminal: the triple in what test mode prints. Only escape sequences are added.

/// Selects of ECMA-48 for the parts of a triple.
const MAILER: &[u8] = b"\x1b[1;32m";
const HOST: &[u8] = b"\x1b[36m";
const USER: &[u8] = b"\x1b[33m";
/// What stands in front of the tokens of a trace line.
const LABEL: &[u8] = b"\x1b[2m";
const PLAIN: &[u8] = b"\x1b[0m";

/// Where the label of a trace line starts and how long it is.
const LABEL_START: usize = 16;
const LABELS: [&[u8]; 2] = [b"   input:", b" returns:"];

/// Output of a session with colours.
#[must_use]
pub fn coloured(output: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(output.len() * 2);
    for line in output.split_inclusive(|byte| *byte == b'\n') {
        let (text, end) = match line.split_last() {
            Some((b'\n', text)) => (text, &b"\n"[..]),
            _ => (line, &b""[..]),
        };
        if !parsed(text, &mut out) && !trace(text, &mut out) {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(end);
    }
    out
}

fn paint(colour: &[u8], text: &[u8], out: &mut Vec<u8>) {
    if text.is_empty() {
        return;
    }
    out.extend_from_slice(colour);
    out.extend_from_slice(text);
    out.extend_from_slice(PLAIN);
}

/// `mailer M, host H, user U`
fn parsed(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(rest) = line.strip_prefix(b"mailer ") else { return false };
    let Some(user) = find(rest, b", user ") else { return false };
    let (front, user) = rest.split_at(user);
    let (mailer, host) = front.split_at(find(front, b", host ").unwrap_or(front.len()));
    out.extend_from_slice(b"mailer ");
    paint(MAILER, mailer, out);
    for (part, colour) in [(host, HOST), (user, USER)] {
        let (name, value) = part.split_at(part.len().min(b", host ".len()));
        out.extend_from_slice(name);
        paint(colour, value, out);
    }
    true
}

/// `ruleset          returns: $# mailer $@ host $: user`
fn trace(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((name, rest)) = line.split_at_checked(LABEL_START) else { return false };
    let Some(label) = LABELS.into_iter().find(|label| rest.starts_with(label)) else {
        return false;
    };
    let (_, tokens) = rest.split_at(label.len());
    paint(LABEL, &[name, label].concat(), out);
    if !tokens.starts_with(b" $# ") {
        out.extend_from_slice(tokens);
        return true;
    }
    let host = find(tokens, b" $@ ");
    let user = find(tokens, b" $: ").unwrap_or(tokens.len());
    let host = host.filter(|host| *host < user).unwrap_or(user);
    let (front, user) = tokens.split_at(user);
    let (mailer, host) = front.split_at(host);
    for (part, colour) in [(mailer, MAILER), (host, HOST), (user, USER)] {
        let (operator, value) = part.split_at(part.len().min(b" $# ".len()));
        out.extend_from_slice(operator);
        paint(colour, value, out);
    }
    true
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the escape sequences shown as letters.
    fn shown(text: &str) -> String {
        let mut out = String::from_utf8_lossy(&coloured(text.as_bytes())).into_owned();
        let letters = [(MAILER, "<M "), (HOST, "<H "), (USER, "<U "), (LABEL, "<L "), (PLAIN, ">")];
        for (escape, letter) in letters {
            out = out.replace(&String::from_utf8_lossy(escape).into_owned(), letter);
        }
        out
    }

    #[test]
    fn triples_are_coloured_and_nothing_else() {
        let rows = [
            ("", ""),
            ("Undefined\n", "Undefined\n"),
            (
                "mailer esmtp, host a.b, user x@a.b\n",
                "mailer <M esmtp>, host <H a.b>, user <U x@a.b>\n",
            ),
            ("mailer local, user x, host y", "mailer <M local>, user <U x, host y>"),
            ("mailer local, user \n", "mailer <M local>, user \n"),
            ("mailer 0 (local): P=/bin/x\n", "mailer 0 (local): P=/bin/x\n"),
            ("parse            returns: a < @ b >\n", "<L parse            returns:> a < @ b >\n"),
            (
                "parse            returns: $# esmtp $@ a . b $: x < @ a . b >\n",
                "<L parse            returns:> $# <M esmtp> $@ <H a . b> $: <U x < @ a . b >>\n",
            ),
            (
                "0                  input: $# local $: x $@ y\n",
                "<L 0                  input:> $# <M local> $: <U x $@ y>\n",
            ),
            (
                "0                returns: $# error\n",
                "<L 0                returns:> $# <M error>\n",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn without_escapes_it_is_the_same() {
        let bytes: Vec<u8> = (0..=255).filter(|byte| *byte != 0x1b).collect();
        for text in [&bytes[..], b"mailer \n, user \xff", b"0123456789abcdef returns: $# $@ $: $@"]
        {
            let mut out = coloured(text);
            for escape in [MAILER, HOST, USER, LABEL, PLAIN] {
                while let Some(at) = find(&out, escape) {
                    out.drain(at..at + escape.len());
                }
            }
            assert_eq!(out, text);
        }
    }
}
