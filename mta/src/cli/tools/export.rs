//! `bangpath export`: a configuration for Postfix or Exim.

mod check;
mod exim;
mod postfix;
mod tables;

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use workbench::export::recognise::Input;
use workbench::export::remark::Loss;
use workbench::export::{self as exported, Target};
use workbench::json::{Value, json};

use super::exit;
use super::output::{Format, Output, cannot};
use super::subject::{Loaded, Subject};
use crate::sys::{config_files, new_files, terminal};

/// What it writes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Wanted {
    /// Postfix 3.6 or later: main.cf, master.cf and tables
    Postfix,
    /// Exim 4.94 or later: exim.conf and tables
    Exim,
}

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Export {
    /// For which mail system
    #[arg(value_enum)]
    target: Wanted,
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Replaces files that are there
    #[arg(long)]
    force: bool,
    /// Compares the result with the mail system itself, where it is installed
    #[arg(long)]
    check: bool,
    /// Addresses to compare with, one a line
    #[arg(long, value_name = "FILE", requires = "check")]
    addresses: Option<PathBuf>,
}

/// Runs it.
pub(in crate::cli) fn run(export: &Export) -> u8 {
    let mut loaded = match export.subject.read() {
        Ok(loaded) => loaded,
        Err(error) => return cannot(&error),
    };
    let addresses = match &export.addresses {
        None => Vec::new(),
        Some(path) => match config_files::read_regular(path.as_os_str().as_bytes()) {
            Ok(text) => lines(&text),
            Err(error) => return cannot(&format!("{}: {error}", path.display())),
        },
    };
    let directory = match std::path::absolute(&export.to) {
        Ok(directory) => directory,
        Err(error) => return cannot(&format!("{}: {error}", export.to.display())),
    };
    let made = export.make(&mut loaded, directory.as_os_str().as_bytes());
    if let Err(error) = export.write(&made, &directory) {
        return cannot(&error);
    }
    export.report(&made, &loaded);
    if !export.check {
        return exit::SAME;
    }
    match check::check(&made, &mut loaded, &directory, &addresses) {
        Ok(findings) => {
            findings.print(export.output.format);
            if findings.differ() { exit::DIFFERENT } else { exit::SAME }
        }
        Err(error) => cannot(&error),
    }
}

/// The lines of a list that are neither empty nor comments.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).map(<[u8]>::to_vec).collect()
}

impl Export {
    fn make(&self, loaded: &mut Loaded, directory: &[u8]) -> exported::Export {
        let (config, _) = cf_parser::parse(&loaded.text);
        let tables = tables::read(loaded);
        let (aliases, unread_aliases) = tables::aliases(loaded);
        let input = Input { config: &config, tables: &tables, aliases, unread_aliases };
        let target = match self.target {
            Wanted::Postfix => Target::Postfix,
            Wanted::Exim => Target::Exim,
        };
        let mut engine = loaded.engine();
        exported::export(target, input, &mut engine, &loaded.reading.path, directory)
    }

    fn write(&self, made: &exported::Export, directory: &std::path::Path) -> Result<(), String> {
        let shown = |name: &str, error: std::io::Error| {
            format!("{}: {error}", directory.join(name).display())
        };
        let names: Vec<&str> = made.files.iter().map(|file| file.name).collect();
        let there = new_files::existing(directory, &names).map_err(|error| shown("", error))?;
        if let (Some(first), false) = (there.first(), self.force) {
            return Err(format!(
                "{} is there already (--force replaces it)",
                directory.join(first).display()
            ));
        }
        for file in &made.files {
            new_files::write(directory, file.name, &file.bytes, file.secret, self.force)
                .map_err(|error| shown(file.name, error))?;
        }
        Ok(())
    }

    fn report(&self, made: &exported::Export, loaded: &Loaded) {
        let path = &loaded.reading.path;
        match self.output.format {
            Format::Json => {
                for remark in &made.remarks {
                    Output::object(&remark.object(path));
                }
                let ids = made.site.found.keys().map(|feature| feature.row().id).collect::<Value>();
                let files = made.files.iter().map(|file| file.name).collect::<Value>();
                Output::object(&json!({
                    "type": "export",
                    "target": made.target.name(),
                    "features": ids,
                    "files": files,
                    "left": count(made, Loss::Left),
                    "changed": count(made, Loss::Changed),
                }));
            }
            Format::Text => {
                for remark in &made.remarks {
                    terminal::print(&remark.line(path));
                }
                let (left, changed) = (count(made, Loss::Left), count(made, Loss::Changed));
                let files = made.files.len();
                let to = self.to.display();
                terminal::print(
                    format!("\n{files} files in {to}; not carried over: {left}; not quite the same: {changed}\n")
                        .as_bytes(),
                );
            }
        }
    }
}

fn count(made: &exported::Export, loss: Loss) -> usize {
    made.remarks.iter().filter(|remark| remark.loss == loss).count()
}
