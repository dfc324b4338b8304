//! Programs of other mail systems, asked and waited for.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Directories that are searched behind those of `PATH`: users other than root often lack them.
const DIRECTORIES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// What a program has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether it ended with status 0.
    pub well: bool,
    /// Its output.
    pub stdout: Vec<u8>,
    /// Its messages.
    pub stderr: Vec<u8>,
}

/// The first of these programs that is installed.
#[must_use]
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> =
        std::env::split_paths(&path).chain(DIRECTORIES.iter().map(PathBuf::from)).collect();
    let places =
        names.iter().flat_map(|name| directories.iter().map(move |directory| directory.join(name)));
    places.into_iter().find(|place| is_program(place))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Runs a program with these words and more of the environment; it reads `input`.
///
/// # Errors
/// It cannot be started, or its output cannot be read.
pub fn ask(
    program: &Path,
    words: &[OsString],
    environment: &[(&str, &OsStr)],
    input: &[u8],
) -> io::Result<Said> {
    let mut child = Command::new(program)
        .args(words)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let standard_input = child.stdin.take();
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(mut to) = standard_input {
                // a program that does not read to the end has its reasons, and its status tells
                drop(to.write_all(input));
            }
        });
        child.wait_with_output()
    })?;
    let well = output.status.success();
    Ok(Said { well, stdout: output.stdout, stderr: output.stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_reads_and_answers() {
        let cat = find(&["no-such-program", "cat"]).unwrap();
        let input = vec![b'x'; 300_000];
        let said = ask(&cat, &[], &[], &input).unwrap();
        assert_eq!((said.well, said.stdout.len()), (true, input.len()));
        assert_eq!(find(&["no-such-program"]), None);
        let words = ["-c".into(), "echo no >&2; exit 3".into()];
        let said = ask(&find(&["sh"]).unwrap(), &words, &[], b"").unwrap();
        assert_eq!(said, Said { well: false, stdout: Vec::new(), stderr: b"no\n".to_vec() });
    }
}
