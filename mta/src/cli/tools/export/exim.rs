//! Exim, asked.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use workbench::export::verdict::Outcome;

use super::check::{Answers, CheckError};
use crate::sys::other_programs::{Said, ask as run, find};

struct Exim {
    program: PathBuf,
    /// `-C FILE`
    words: Vec<OsString>,
}

/// Makes Exim read the file, and route and rewrite addresses.
pub(super) fn ask(directory: &Path, addresses: &[Vec<u8>]) -> Result<Answers, CheckError> {
    let program = find(&["exim4", "exim"]).ok_or(CheckError::NotInstalled("exim"))?;
    let words = vec![OsString::from("-C"), directory.join("exim.conf").into_os_string()];
    let exim = Exim { program, words };
    let read = exim.run(&["-bV".into()])?;
    if !read.well {
        let said = String::from_utf8_lossy(&[&read.stdout[..], &read.stderr].concat()).into_owned();
        return Err(CheckError::Refused { program: "exim", said });
    }
    let (mut outcomes, mut senders) = (Vec::new(), Vec::new());
    for address in addresses {
        let word = OsStr::from_bytes(address).to_owned();
        let said = exim.run(&["-v".into(), "-bt".into(), "--".into(), word.clone()])?;
        outcomes.push(Outcome::of_exim(&said.stdout, &said.stderr));
        let said = exim.run(&["-brw".into(), word])?;
        senders.push(from_line(&said.stdout).unwrap_or_else(|| address.clone()));
    }
    Ok(Answers { outcomes, senders, warnings: read.stderr })
}

impl Exim {
    fn run(&self, more: &[OsString]) -> Result<Said, CheckError> {
        let words: Vec<OsString> = self.words.iter().chain(more).cloned().collect();
        run(&self.program, &words, &[], b"").map_err(|source| CheckError::Program {
            program: self.program.display().to_string(),
            source,
        })
    }
}

/// What `-brw` says of an address in `From:`.
fn from_line(stdout: &[u8]) -> Option<Vec<u8>> {
    let mut lines = stdout.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.find_map(|line| line.strip_prefix(b"from:"))?;
    Some(line.trim_ascii().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewriting() {
        let said = b"  sender: a@x\n    from: b@y\n      to: a@x\n";
        assert_eq!(from_line(said), Some(b"b@y".to_vec()));
        assert_eq!(from_line(b""), None);
    }
}
