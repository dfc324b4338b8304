//! `bangpath origin`: which part of the m4 package made which lines of a configuration.

use std::path::{Path, PathBuf};

use workbench::origin::{self, BuildError, Folder, Package, Provenance};

use super::exit;
use super::output::{Format, Output, cannot};
use super::subject::Subject;
use crate::sys::{m4, terminal};

/// Where systems have the package.
const PLACES: [&str; 3] =
    ["/usr/share/sendmail/cf", "/usr/share/sendmail-cf", "/usr/local/share/sendmail/cf"];

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Origin {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// The folder cf of the m4 package [default: where the system has it]
    #[arg(long, value_name = "DIR")]
    cf_dir: Option<PathBuf>,
    /// Prints a source (.mc) that builds the file, as far as one was found; the exit status is 1 if it
    /// does not build all of it
    #[arg(long)]
    mc: bool,
    /// Does not run m4: comments and shapes of lines tell
    #[arg(long, conflicts_with = "mc")]
    no_build: bool,
}

/// The package in a folder.
struct Installed(PathBuf);

impl Package for Installed {
    fn build(&mut self, mc: &[u8], lines: bool) -> Result<Vec<u8>, BuildError> {
        m4::build(&self.0, mc, lines).map_err(BuildError)
    }

    fn has(&mut self, folder: Folder, name: &str) -> bool {
        m4::has(&self.0, folder.name(), name)
    }

    fn names(&mut self, folder: Folder) -> Vec<String> {
        m4::names(&self.0, folder.name())
    }
}

/// Runs it.
pub(in crate::cli) fn run(origin: &Origin) -> u8 {
    let (path, bytes) = match origin.subject.bytes() {
        Ok(file) => file,
        Err(error) => return cannot(&error),
    };
    let found = match origin.find(&bytes) {
        Ok(found) => found,
        Err(error) => return cannot(&error),
    };
    if origin.mc && origin.output.format == Format::Text {
        terminal::print(&found.mc());
    } else {
        match origin.output.format {
            Format::Json => Output::object(&origin::object(&found, &path, &bytes)),
            Format::Text => terminal::print(&origin::text(&found, &path, &bytes)),
        }
    }
    if found.rebuilt && !found.is_exact() { exit::DIFFERENT } else { exit::SAME }
}

impl Origin {
    fn find(&self, bytes: &[u8]) -> Result<Provenance, BuildError> {
        let is_package = |path: &&Path| m4::has(path, "m4", "cf");
        let package = match &self.cf_dir {
            Some(folder) if !is_package(&folder.as_path()) => {
                return Err(BuildError(format!("{}: no m4/cf.m4 in it", folder.display())));
            }
            Some(folder) => std::path::absolute(folder).ok(),
            None => PLACES.iter().map(Path::new).find(is_package).map(Path::to_owned),
        };
        match package {
            Some(folder) if !self.no_build => origin::with_package(bytes, &mut Installed(folder)),
            None if self.mc => {
                Err(BuildError("no m4 package: --cf-dir says where it is".to_owned()))
            }
            _ => Ok(origin::without_package(bytes)),
        }
    }
}
