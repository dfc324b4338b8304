//! The program `bangpath`, also under the names `sendmail`, `mailq` and their like.

use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    ExitCode::from(mta::cli::run(&words))
}
