//! How programs are started, of mailers and of maps: user, directories, environment, signals, descriptors.
//!
//! What becomes of standard input and output is the caller's.

mod unsafe_child;

use std::ffi::{CString, NulError, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use nix::sys::signal::Signal;

/// The user a program runs as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// That of this process.
    #[default]
    Unchanged,
    /// User, group and group list are set for good.
    Full {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
        /// All groups, `gid` among them; resolved by the caller.
        groups: Vec<u32>,
    },
    /// Flag `S` with `U=`: real user id and group list stay, the group and the effective user id are
    /// set (ML-024).
    EffectiveOnly {
        /// Effective user id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

/// What a program does not hear (observed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ignored {
    /// That nobody reads what it writes: it gets an error instead.
    #[default]
    BrokenPipes,
    /// That, and what a terminal sends: a delivery is not ended by it.
    BrokenPipesAndTerminals,
}

impl Ignored {
    fn signals(self) -> &'static [Signal] {
        match self {
            Self::BrokenPipes => &[Signal::SIGPIPE],
            Self::BrokenPipesAndTerminals => &[Signal::SIGPIPE, Signal::SIGHUP, Signal::SIGINT],
        }
    }
}

/// A program to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The file to execute; no search path is used, and no shell where it is no program.
    pub path: Vec<u8>,
    /// The argument vector with the program's name in front.
    pub argv: Vec<Vec<u8>>,
    /// The complete environment, `NAME=value` each (ML-102).
    pub environment: Vec<Vec<u8>>,
    /// The user.
    pub identity: Identity,
    /// The directory to chroot to.
    pub root: Option<Vec<u8>>,
    /// Working directories: the first one that the user can enter, else the last one.
    pub directories: Vec<Vec<u8>>,
    /// Increment of the nice value.
    pub nice: i32,
    /// It leads a session of its own, away from the terminal.
    pub own_session: bool,
    /// Signals it starts with being ignored; all others have their usual effect, and none is blocked.
    pub ignored: Ignored,
}

impl Program {
    /// What starts it. Descriptors beyond standard error are not inherited; the umask is 022.
    ///
    /// # Errors
    /// When a word, path or variable holds a NUL byte. What is wrong with the rest shows when the command is
    /// spawned: the error is that of the first system call that failed in the child.
    pub fn command(&self) -> Result<Command, NulError> {
        let mut command = Command::new(OsStr::from_bytes(&self.path));
        unsafe_child::attach(&mut command, self.preparation()?);
        Ok(command)
    }

    fn preparation(&self) -> Result<unsafe_child::Preparation, NulError> {
        let all = |texts: &[Vec<u8>]| -> Result<Vec<CString>, NulError> {
            texts.iter().map(|text| CString::new(&text[..])).collect()
        };
        Ok(unsafe_child::Preparation {
            own_session: self.own_session,
            root: self.root.as_deref().map(CString::new).transpose()?,
            nice: self.nice,
            identity: self.identity.clone(),
            directories: all(&self.directories)?,
            ignored: self.ignored.signals(),
            path: CString::new(&self.path[..])?,
            argv: unsafe_child::Words::new(all(&self.argv)?),
            environment: unsafe_child::Words::new(all(&self.environment)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn output(program: &Program) -> String {
        let mut command = program.command().expect("no NUL bytes");
        let output = command.stdin(Stdio::null()).output().expect("started");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn shell(script: &str) -> Program {
        Program {
            path: b"/bin/sh".to_vec(),
            argv: [&b"x"[..], b"-c", script.as_bytes()].map(<[u8]>::to_vec).to_vec(),
            environment: vec![b"A=1".to_vec()],
            directories: vec![b"/nosuch".to_vec(), b"/usr".to_vec(), b"/".to_vec()],
            ..Program::default()
        }
    }

    #[test]
    fn what_a_program_starts_with() {
        // MAP-043, ML-102
        assert_eq!(output(&shell("echo $0 $A $HOME; /bin/pwd; umask")), "x 1\n/usr\n0022\n");
        // the last ones: the C library keeps some beyond for itself
        let status =
            "while read a b; do case $a in SigBlk:|SigIgn:) echo ${b#??????????};; esac; done";
        let status = format!("{status} < /proc/self/status");
        assert_eq!(output(&shell(&status)), "000000\n001000\n");
        let ignored = Ignored::BrokenPipesAndTerminals;
        let program = Program { ignored, ..shell(&status) };
        assert_eq!(output(&program), "000000\n001003\n");
        // ML-104: process, group and session
        let ids = "read a b c d e f g </proc/$$/stat; echo $((a - e)) $((a - f))";
        let program = Program { own_session: true, ..shell(ids) };
        assert_eq!(output(&program), "0 0\n");
    }

    #[test]
    fn descriptors_stay_behind() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty()))
            .expect("inherited");
        let listed = output(&shell("for n in /proc/self/fd/*; do echo ${n##*/}; done"));
        let beyond = listed.lines().filter(|n| n.parse::<u32>().is_ok_and(|n| n > 2)).count();
        // the shell's own look at the directory
        assert!(beyond <= 1, "{listed}");
        drop(reader);
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "echo hello\n").expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(file.path(), mode).expect("executable");
        let path = file.into_temp_path();
        let program = Program { path: path.as_os_str().as_bytes().to_vec(), ..Program::default() };
        let mut command = program.command().expect("no NUL bytes");
        // other tests start programs, which for a moment have this file open for writing, too
        let busy = |error: &std::io::Error| error.raw_os_error() == Some(nix::libc::ETXTBSY);
        let error = std::iter::repeat_with(|| command.output().expect_err("refused"))
            .find(|error| !busy(error))
            .expect("an answer");
        assert_eq!(error.raw_os_error(), Some(nix::libc::ENOEXEC));
        assert!(Program { path: b"a\0b".to_vec(), ..Program::default() }.command().is_err());
    }
}
