//! `bangpath fmt`: the canonical layout of a configuration.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use workbench::json::{json, text};
use workbench::layout;

use super::exit;
use super::output::{Format, Output, cannot};
use super::subject::Subject;
use crate::sys::{replaced_file, terminal};

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Fmt {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// Writes the file, instead of printing what it would be
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Prints nothing; the exit status is 1 if the file would change
    #[arg(long)]
    check: bool,
}

/// Runs it.
pub(in crate::cli) fn run(fmt: &Fmt) -> u8 {
    if fmt.write && fmt.subject.is_translated() {
        return cannot(&"--write: there is no file of what is laid out");
    }
    let (path, bytes) = match fmt.subject.bytes() {
        Ok(file) => file,
        Err(error) => return cannot(&error),
    };
    let laid = match layout::format(&bytes) {
        Ok(laid) => laid,
        Err(error) => return cannot(&format!("{}: {error}", String::from_utf8_lossy(&path))),
    };
    let changed = laid != bytes;
    if fmt.write
        && changed
        && let Err(error) = replaced_file::replace(Path::new(OsStr::from_bytes(&path)), &laid)
    {
        return cannot(&error);
    }
    match fmt.output.format {
        Format::Json => Output::object(&json!({
            "type": "layout",
            "file": text(&path),
            "changed": changed,
            "lines": layout::changed_lines(&bytes, &laid),
        })),
        Format::Text if !fmt.write && !fmt.check => terminal::print(&laid),
        Format::Text => {}
    }
    if fmt.check && changed { exit::DIFFERENT } else { exit::SAME }
}
