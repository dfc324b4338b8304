//! Running the program of a program map.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use crate::answer::{EX_CONFIG, EX_UNAVAILABLE};
use crate::services::{ProgramCall, ProgramEnd, ProgramOutput};

/// Runs a program to its end with the environment of mailers (`AGENT=sendmail`, `TZ`)
/// in `/tmp` (observed). Standard input is empty, standard error is this process's.
pub(super) fn run(call: &ProgramCall<'_>) -> io::Result<ProgramOutput> {
    let Some((program, arguments)) = call.argv.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut command = Command::new(OsStr::from_bytes(program));
    command
        .args(arguments.iter().map(|argument| OsStr::from_bytes(argument)))
        .current_dir("/tmp")
        .env_clear()
        .env("AGENT", "sendmail")
        .envs(std::env::var_os("TZ").map(|zone| ("TZ", zone)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Some((uid, gid)) = call.user.filter(|_| nix::unistd::geteuid().is_root()) {
        command.gid(gid).uid(uid);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        // as if the child had failed to execute (observed)
        Err(_) => {
            return Ok(ProgramOutput { stdout: Vec::new(), end: ProgramEnd::Exited(EX_CONFIG) });
        }
    };
    let mut stdout = Vec::new();
    if let Some(mut pipe) = child.stdout.take() {
        let limit = u64::try_from(call.max_output).unwrap_or(u64::MAX);
        let _ = (&mut pipe).take(limit).read_to_end(&mut stdout);
        // the program must be able to finish writing
        let _ = io::copy(&mut pipe, &mut io::sink());
    }
    let status = child.wait()?;
    let end = match (status.code(), status.signal()) {
        (Some(code), _) => ProgramEnd::Exited(u8::try_from(code).unwrap_or(EX_UNAVAILABLE)),
        (None, Some(signal)) => ProgramEnd::Signalled(signal),
        (None, None) => ProgramEnd::Exited(EX_UNAVAILABLE),
    };
    Ok(ProgramOutput { stdout, end })
}
