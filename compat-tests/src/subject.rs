//! The programs that are compared, and whether they can be run here.

use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian's `sendmail-bin` keeps the oracle and its companions.
const ORACLE: &str = "/usr/libexec/sendmail/sendmail";

/// A program under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Real sendmail.
    Oracle,
    /// This project's engine.
    Bangpath,
}

impl Subject {
    /// The word for it in reports and in `BANGPATH_COMPAT_SUBJECT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            Self::Bangpath => "bangpath",
        }
    }

    /// The subject that is compared with the oracle: bangpath, or what `BANGPATH_COMPAT_SUBJECT`
    /// names (`oracle` compares the oracle with itself, which proves the munging).
    pub fn under_test() -> Self {
        match std::env::var("BANGPATH_COMPAT_SUBJECT").as_deref() {
            Ok("oracle") => Self::Oracle,
            _ => Self::Bangpath,
        }
    }

    /// The executable. `target/*/bangpath` is built when it is not there yet; `BANGPATH_BIN` names
    /// another one.
    pub fn executable(self) -> Result<PathBuf> {
        match self {
            Self::Oracle => Ok(PathBuf::from(ORACLE)),
            Self::Bangpath => match std::env::var_os("BANGPATH_BIN") {
                Some(path) => Ok(PathBuf::from(path)),
                None => sibling("bangpath", &["build", "-p", "mta", "--bin", "bangpath"]),
            },
        }
    }

    /// The directory of its makemap, praliases and the like; `-` when it plays these parts itself.
    pub fn companions(self) -> &'static str {
        match self {
            Self::Oracle => "/usr/libexec/sendmail",
            Self::Bangpath => "-",
        }
    }
}

/// The harness's own helper program.
pub fn peer() -> Result<PathBuf> {
    sibling("peer", &["build", "-p", "compat-tests", "--bin", "peer"])
}

/// An executable of this workspace, beside the test executable; built when absent.
fn sibling(name: &str, build: &[&str]) -> Result<PathBuf> {
    let me = std::env::current_exe().map_err(|e| Error::Tool(format!("current_exe: {e}")))?;
    let profile = me.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_path_buf();
    let path = profile.join(name);
    if !path.exists() {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args(build).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.status().map_err(|e| Error::Tool(format!("cargo: {e}")))?;
        if !built.success() || !path.exists() {
            return Err(Error::Tool(format!("{} does not exist", path.display())));
        }
    }
    Ok(path)
}

/// What this machine allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Both subjects run here.
    Live,
    /// bangpath runs here and is compared with the recorded goldens; the text says why the oracle
    /// does not.
    Recorded(String),
    /// Nothing can run; the text says why.
    Skip(String),
}

/// Finds out what this machine allows. With `BANGPATH_REQUIRE_ORACLE=1` anything but [`Mode::Live`]
/// is an error.
pub fn mode() -> Result<Mode> {
    let mode = probe();
    match &mode {
        Mode::Recorded(why) | Mode::Skip(why) if oracle_required() => {
            Err(Error::Tool(format!("BANGPATH_REQUIRE_ORACLE is set, but {why}")))
        }
        _ => Ok(mode),
    }
}

/// Whether a run without the oracle is a failure (`BANGPATH_REQUIRE_ORACLE=1`).
pub fn oracle_required() -> bool {
    std::env::var("BANGPATH_REQUIRE_ORACLE").is_ok_and(|value| value == "1")
}

/// Whether a program is in one of the usual directories.
pub fn installed(tool: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|dir| Path::new(dir).join(tool).exists())
}

fn probe() -> Mode {
    let namespaces = Command::new("unshare")
        .args(["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "true"])
        .output();
    if !namespaces.is_ok_and(|output| output.status.success()) {
        return Mode::Skip("no namespaces can be made (root and unshare are needed)".into());
    }
    if let Some(tool) = ["nsd", "ip", "pgrep"].into_iter().find(|tool| !installed(tool)) {
        return Mode::Skip(format!("{tool} is not installed"));
    }
    if !Path::new(ORACLE).exists() || std::env::var_os("BANGPATH_COMPAT_RECORDED").is_some() {
        return Mode::Recorded(format!("the oracle {ORACLE} is not installed"));
    }
    Mode::Live
}
