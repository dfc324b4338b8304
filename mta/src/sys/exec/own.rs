//! Other programs without the ceremony of a mailer: one that takes this process's place, and this program
//! itself under the name `sendmail`.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use super::Ended;

/// Runs `argv` from the file `path` in place of this process, with `environment` (`NAME=value` each) and nothing else.
/// Returns only if that cannot be done.
#[must_use]
pub fn replace_process(path: &[u8], argv: &[&[u8]], environment: &[&[u8]]) -> io::Error {
    let mut command = Command::new(OsStr::from_bytes(path));
    if let Some((name, words)) = argv.split_first() {
        command.arg0(OsStr::from_bytes(name));
        command.args(words.iter().map(|word| OsStr::from_bytes(word)));
    }
    command.env_clear();
    for variable in environment {
        let mut halves = variable.splitn(2, |byte| *byte == b'=').map(OsStr::from_bytes);
        if let (Some(name), Some(value)) = (halves.next(), halves.next()) {
            command.env(name, value);
        }
    }
    command.exec()
}

/// Runs this program as `sendmail WORDS` with `head` and then all of `rest` as its standard input.
///
/// # Errors
/// It cannot be started, or `rest` cannot be read. That it stops reading is no error: its status tells why.
pub fn run_as_sendmail(words: &[Vec<u8>], head: &[u8], rest: &mut dyn Read) -> io::Result<Ended> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg0("sendmail")
        .args(words.iter().map(|word| OsStr::from_bytes(word)))
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        match input.write_all(head).and_then(|()| io::copy(rest, &mut input)) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                // half a message must not be sent
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
            _ => {}
        }
    }
    let status = child.wait()?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
        (None, signal) => {
            Ended::Signalled { signal: signal.unwrap_or(0), core_dumped: status.core_dumped() }
        }
    })
}
