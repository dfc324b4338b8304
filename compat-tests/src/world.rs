//! Running jobs in the small world that `world/enter` makes.

use crate::subject::{self, Subject};
use crate::{Error, Result, at};
use bstr::ByteSlice;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One script with its files, run in `/tmp/case` with fresh spool directories and mailboxes.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// A name that is good as a file name and unique in its job.
    pub name: String,
    /// The files it finds in its working directory; `script` is what bash runs.
    pub files: BTreeMap<String, Vec<u8>>,
    /// After this many seconds it is killed; its status is then 124.
    pub seconds: u32,
}

impl Step {
    /// A step that runs a bash script.
    pub fn script(name: &str, script: &str) -> Self {
        let files = BTreeMap::from([("script".to_owned(), script.as_bytes().to_vec())]);
        Self { name: name.to_owned(), files, seconds: 30 }
    }

    /// Adds a file to its working directory.
    #[must_use]
    pub fn file(mut self, name: &str, content: &[u8]) -> Self {
        self.files.insert(name.to_owned(), content.to_vec());
        self
    }

    /// Sets the time limit.
    #[must_use]
    pub fn seconds(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }
}

/// What a step left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capture {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// Exit status; `None` when the step did not run.
    pub status: Option<i32>,
}

/// The oracle's or bangpath's results by step name.
pub type Captures = BTreeMap<String, Capture>;

/// Files of `/etc/mail` beside those of `world/etc/mail`, for instance Debian's own `debian.cf`.
pub type EtcMail = BTreeMap<String, Vec<u8>>;

/// Runs the steps one after the other in one fresh world.
pub fn run(subject: Subject, etc_mail: &EtcMail, steps: &[Step]) -> Result<Captures> {
    let job =
        tempfile::tempdir().map_err(|e| Error::Tool(format!("no temporary directory: {e}")))?;
    write_job(job.path(), etc_mail, steps)?;
    let world = world_dir();
    let output = Command::new(world.join("enter"))
        .arg(job.path())
        .arg(subject.executable()?)
        .arg(subject.companions())
        .arg(subject::peer()?)
        .env("BANGPATH_CRASH_SEED", std::env::var("BANGPATH_CRASH_SEED").unwrap_or_default())
        .output();
    let output = at(&world, output)?;
    if !output.status.success() {
        return Err(Error::Tool(format!(
            "world/enter: {}\n{}",
            output.status,
            output.stderr.as_bstr()
        )));
    }
    if !output.stderr.trim().is_empty() {
        eprintln!("[{}] {}", subject.name(), output.stderr.as_bstr());
    }
    let out = job.path().join("out");
    Ok(steps.iter().map(|step| (step.name.clone(), read_capture(&out, &step.name))).collect())
}

/// The directory of the world's scripts and files.
pub fn world_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("world")
}

fn write_job(job: &Path, etc_mail: &EtcMail, steps: &[Step]) -> Result<()> {
    let etc = job.join("etc-mail");
    at(&etc, std::fs::create_dir(&etc))?;
    for (name, content) in etc_mail {
        let path = etc.join(name);
        at(&path, std::fs::write(&path, content))?;
    }
    let mut order = String::new();
    for step in steps {
        let dir = job.join("steps").join(&step.name);
        at(&dir, std::fs::create_dir_all(&dir))?;
        for (name, content) in &step.files {
            let path = dir.join(name);
            at(&path, std::fs::write(&path, content))?;
        }
        order.push_str(&format!("{} {}\n", step.name, step.seconds));
    }
    let path = job.join("order");
    at(&path, std::fs::write(&path, order))
}

fn read_capture(out: &Path, name: &str) -> Capture {
    let read = |kind: &str| std::fs::read(out.join(format!("{name}.{kind}"))).unwrap_or_default();
    Capture {
        stdout: read("stdout"),
        stderr: read("stderr"),
        status: read("status").trim().to_str().ok().and_then(|text| text.parse().ok()),
    }
}

/// What stands behind the line `== NAME` in what a step prints, up to the next line of this kind.
pub fn part(text: &str, name: &str) -> String {
    let start = text.find(&format!("== {name}\n")).map_or(text.len(), |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    rest.split("\n== ").next().unwrap_or_default().to_owned()
}
