//! `peer pty`: plays a script of keys to a program on a terminal and prints what is on the screen in
//! the end.
//!
//! A line of the script is typed when the screen ends in a prompt (`> `), followed by Enter. Lines that
//! begin with `!` are for the player: `!keys TEXT` types TEXT with `\r`, `\t`, `\xNN` and `\\` replaced
//! and no Enter, as soon as nothing more comes; `!kill SIGNAL` sends a signal then. When the script is
//! over and the program still runs, it is killed.

use crate::dialogue::unescape;
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a prompt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// When nothing comes for so long, nothing more is coming.
const QUIET: Duration = Duration::from_millis(300);

/// `pty COMMAND...`; the exit status is the command's, 128 and more for a signal.
pub(crate) fn run(args: &[&str]) -> io::Result<u8> {
    let [command, arguments @ ..] = args else {
        return Err(io::Error::other("pty COMMAND..."));
    };
    let pty = openpty(None, None)?;
    let mut child = start(command, arguments, pty.slave)?;
    let mut player = Player::new(pty.master)?;
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if let Some(keys) = line.strip_prefix(b"!keys ") {
            player.wait_quiet();
            player.keys.write_all(&unescape(&String::from_utf8_lossy(keys)))?;
        } else if let Some(signal) = line.strip_prefix(b"!kill ") {
            player.wait_quiet();
            let name = String::from_utf8_lossy(signal);
            let signal: Signal = name.parse().map_err(io::Error::other)?;
            kill(Pid::from_raw(child.id() as i32), signal)?;
        } else {
            player.wait_prompt();
            player.keys.write_all(&[&line[..], b"\n"].concat())?;
        }
    }
    player.wait_quiet();
    if child.try_wait()?.is_none() {
        child.kill()?;
    }
    let status = child.wait()?;
    io::stdout().write_all(&screen(&player.seen))?;
    Ok(status.code().unwrap_or(128 + status.signal().unwrap_or(0)) as u8)
}

/// Starts the command as the leader of a session on the terminal.
fn start(command: &str, arguments: &[&str], slave: OwnedFd) -> io::Result<std::process::Child> {
    let mut setsid = Command::new("setsid");
    setsid.args(["--ctty", "--wait", command]).args(arguments);
    setsid.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
    setsid.spawn()
}

struct Player {
    keys: File,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    /// How much had been seen when a line was typed to which an answer is due.
    asked_at: Option<usize>,
}

impl Player {
    fn new(master: OwnedFd) -> io::Result<Self> {
        let keys = File::from(master.try_clone()?);
        let mut reader = File::from(master);
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut block = [0; 4096];
            // The other end closed is an error here.
            while let Ok(length @ 1..) = reader.read(&mut block) {
                if sender.send(block[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { keys, output, seen: Vec::new(), asked_at: Some(0) })
    }

    /// Takes what comes within the time; false when nothing does.
    fn more(&mut self, limit: Duration) -> Result<bool, RecvTimeoutError> {
        match self.output.recv_timeout(limit) {
            Ok(bytes) => self.seen.extend(bytes),
            Err(RecvTimeoutError::Timeout) => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    fn wait_quiet(&mut self) {
        while self.more(QUIET) == Ok(true) {}
        self.asked_at = None;
    }

    fn wait_prompt(&mut self) {
        let end = Instant::now() + PATIENCE;
        let pause = if self.asked_at.is_some() { QUIET / 3 } else { QUIET * 2 };
        while Instant::now() < end {
            let answered = self.asked_at.is_none_or(|at| self.seen.len() > at);
            let at_prompt = answered && screen(&self.seen).ends_with(b"\n> ");
            match self.more(if at_prompt { pause } else { QUIET }) {
                Ok(true) => {}
                Ok(false) if at_prompt => break,
                Ok(false) => {}
                Err(_) => break,
            }
        }
        self.asked_at = Some(self.seen.len());
    }
}

/// The lines of a screen that has no width: carriage return, cursor right, erase to the end of the
/// line; every other escape sequence and the bell are left out.
fn screen(seen: &[u8]) -> Vec<u8> {
    let (mut out, mut line, mut column) = (Vec::new(), Vec::new(), 0_usize);
    let mut rest = seen;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'\r' => column = 0,
            b'\n' => {
                out.append(&mut line);
                out.push(b'\n');
                column = 0;
            }
            0x07 => {}
            0x08 => column = column.saturating_sub(1),
            0x1b if rest.first() == Some(&b'[') => {
                let end = rest.iter().skip(1).position(|b| (0x40..0x7f).contains(b));
                let Some(end) = end.map(|end| end + 1) else { break };
                let number = String::from_utf8_lossy(&rest[1..end]).parse().unwrap_or(1);
                match rest[end] {
                    b'C' => column += number,
                    b'D' => column = column.saturating_sub(number),
                    b'K' => line.truncate(column),
                    _ => {}
                }
                rest = &rest[end + 1..];
            }
            byte => {
                line.resize(line.len().max(column + 1), b' ');
                line[column] = byte;
                column += 1;
            }
        }
    }
    out.append(&mut line);
    out
}

#[cfg(test)]
mod tests {
    use super::screen;

    #[test]
    fn a_screen_shows_what_was_drawn_last() {
        let rows: [(&[u8], &[u8]); 5] = [
            (b"a\r\nb", b"a\nb"),
            (b"\r\x1b[K> \r\x1b[2Cx\r\n", b"> x\n"),
            (b"can\r\x1b[K> canonify\r\x1b[10C a\r\n", b"> canonify a\n"),
            (b"\x1b[1;32msmtp\x1b[0m\x07", b"smtp"),
            (b"abc\x08\x08X\x1b[", b"aXc"),
        ];
        for (seen, expected) in rows {
            assert_eq!(screen(seen), expected);
        }
    }
}
