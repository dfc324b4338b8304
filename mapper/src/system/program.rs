//! Running the program of a program map.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::answer::{EX_CONFIG, EX_UNAVAILABLE};
use crate::process::{Identity, Program};
use crate::services::{ProgramCall, ProgramEnd, ProgramOutput};

/// Where programs run (observed).
const DIRECTORY: &[u8] = b"/tmp";

/// Runs a program to its end, in `/tmp` (observed). Standard input is empty, standard error is this process's.
pub(super) fn run(call: &ProgramCall<'_>) -> io::Result<ProgramOutput> {
    let user = call.user.filter(|_| nix::unistd::geteuid().is_root());
    let program = Program {
        path: call.argv.first().cloned().unwrap_or_default(),
        argv: call.argv.to_vec(),
        environment: call.environment.to_vec(),
        identity: user.map_or(Identity::Unchanged, |(uid, gid)| Identity::Full {
            uid,
            gid,
            groups: vec![gid],
        }),
        directories: vec![DIRECTORY.to_vec()],
        ..Program::default()
    };
    let spawned = program
        .command()
        .map_err(io::Error::from)
        .and_then(|mut command| command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn());
    let Ok(mut child) = spawned else {
        // as if the child had failed to execute (observed)
        return Ok(ProgramOutput { stdout: Vec::new(), end: ProgramEnd::Exited(EX_CONFIG) });
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
