//! The m4 package, and m4 run on a source of it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// Macros of m4 that would run programs or write files: they are text here, as the source may have been
/// made of a file nobody knows.
const FORBIDDEN: [&str; 5] = ["syscmd", "esyscmd", "maketemp", "mkstemp", "debugfile"];

/// Largest source, in bytes.
const LARGEST: usize = 16 << 20;

/// What m4 makes of `mc` with the package in `package`; with `lines`, its `#line` in front of what comes
/// from another file. What m4 complains about is not shown.
///
/// # Errors
/// m4 is not there, or was killed; the text says so.
pub fn build(package: &Path, mc: &[u8], lines: bool) -> Result<Vec<u8>, String> {
    if mc.len() > LARGEST {
        return Err("the source is too large for m4".to_owned());
    }
    let mut command = Command::new("m4");
    if lines {
        command.arg("-s");
    }
    for name in FORBIDDEN {
        command.arg(format!("-U{name}"));
    }
    // The package's files are named by what stands in front: a slash must end it.
    command.arg(format!("-D_CF_DIR_={}/", package.display())).arg("-D_NO_MAKEINFO_");
    command.arg(package.join("m4/cf.m4")).arg("-").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let failed = |error: std::io::Error| format!("m4: {}", super::errors::describe(&error));
    let mut child = command.spawn().map_err(failed)?;
    let input = child.stdin.take();
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut input) = input {
                // m4 may end before it has read all: what it printed tells.
                let _ = input.write_all(mc);
            }
        });
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    match output.status.code() {
        Some(_) => Ok(output.stdout),
        None => Err("m4 was killed".to_owned()),
    }
}

/// Whether a folder of the package has a file of this name, without `.m4`. A name that leads out of the
/// folder is none.
#[must_use]
pub fn has(package: &Path, folder: &str, name: &str) -> bool {
    !name.contains('/') && package.join(folder).join(format!("{name}.m4")).is_file()
}

/// The names of all files of a folder of the package, without `.m4`, sorted.
#[must_use]
pub fn names(package: &Path, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(package.join(folder)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> =
        names.filter_map(|name| Some(name.strip_suffix(".m4")?.to_owned())).collect();
    names.sort();
    names
}
