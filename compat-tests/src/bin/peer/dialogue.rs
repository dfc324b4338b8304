//! `peer dialogue`: plays a script of SMTP commands and prints both sides.
//!
//! A line of the script is sent with CRLF and its reply awaited, except that after a 354 reply lines
//! are message text until the line with the lone dot. Lines that begin with `!` are for the player:
//! `!raw TEXT` sends TEXT with `\r`, `\n`, `\0`, `\xNN` and `\\` replaced and waits for nothing,
//! `!wait` awaits a reply, `!sleep MS` pauses, `!close` ends the sending direction.

use crate::wire::Wire;
use std::io::{self, BufRead, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a reply may take.
const REPLY_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) fn run(args: &[&str]) -> io::Result<u8> {
    let (mut wire, child) = match args {
        ["--", command, arguments @ ..] => spawn(command, arguments)?,
        [addr] => (connect(addr)?, None),
        _ => return Err(io::Error::other("dialogue ADDR:PORT | -- COMMAND...")),
    };
    let mut player = Player { in_data: false, open: true };
    player.await_reply(&mut wire)?;
    for line in io::stdin().lock().split(b'\n') {
        player.step(&mut wire, &line?)?;
    }
    drop(wire);
    match child {
        Some(mut child) => Ok(child.wait()?.code().map_or(255, |code| code as u8)),
        None => Ok(0),
    }
}

/// A conversation with a TCP server.
pub(crate) fn connect(addr: &str) -> io::Result<Wire> {
    let stream = TcpStream::connect(crate::address(addr)?)?;
    stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
    Ok(Wire::new(Box::new(stream.try_clone()?), Box::new(stream)))
}

fn spawn(command: &str, arguments: &[&str]) -> io::Result<(Wire, Option<Child>)> {
    let mut child = Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    match (child.stdout.take(), child.stdin.take()) {
        (Some(reader), Some(writer)) => {
            Ok((Wire::new(Box::new(reader), Box::new(writer)), Some(child)))
        }
        _ => Err(io::Error::other("no pipes to the command")),
    }
}

struct Player {
    in_data: bool,
    open: bool,
}

impl Player {
    fn step(&mut self, wire: &mut Wire, line: &[u8]) -> io::Result<()> {
        if !self.open {
            return Ok(());
        }
        if let Some(order) = line.strip_prefix(b"!") {
            return self.order(wire, &String::from_utf8_lossy(order));
        }
        say("C", line)?;
        // A peer that has gone may have left replies.
        if wire.send(&[line, b"\r\n"].concat()).is_err() {
            self.in_data = false;
            return self.await_reply(wire);
        }
        match (self.in_data, line) {
            (true, b".") => {
                self.in_data = false;
                self.await_reply(wire)
            }
            (true, _) => Ok(()),
            (false, _) => self.await_reply(wire),
        }
    }

    fn order(&mut self, wire: &mut Wire, order: &str) -> io::Result<()> {
        let (name, text) = order.split_once(' ').unwrap_or((order, ""));
        match name {
            "raw" => {
                say("C", format!("!raw {text}").as_bytes())?;
                // A peer that has gone may have left replies, which the next `!wait` or command shows.
                let _ = wire.send(&unescape(text));
                Ok(())
            }
            "wait" => self.await_reply(wire),
            "sleep" => {
                std::thread::sleep(Duration::from_millis(text.parse().unwrap_or(0)));
                Ok(())
            }
            "close" => self.closed(),
            _ => Err(io::Error::other(format!("unknown order !{name}"))),
        }
    }

    fn await_reply(&mut self, wire: &mut Wire) -> io::Result<()> {
        let Some(lines) = wire.reply()? else { return self.closed() };
        for line in &lines {
            say("S", line.strip_suffix(b"\r\n").unwrap_or(line))?;
        }
        self.in_data = lines.last().is_some_and(|line| line.starts_with(b"354"));
        Ok(())
    }

    fn closed(&mut self) -> io::Result<()> {
        self.open = false;
        say("S", b"(closed)")
    }
}

fn say(who: &str, text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&[who.as_bytes(), b": ", text, b"\n"].concat())
}

/// Replaces `\r`, `\n`, `\0`, `\xNN` and `\\`.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => out.push(b'\r'),
            Some(b'n') => out.push(b'\n'),
            Some(b'0') => out.push(0),
            Some(b'x') => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = String::from_utf8_lossy(&digits).into_owned();
                out.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"a\r\n\0\xff\\b"), b"a\r\n\0\xff\\b");
    }
}
