//! `bangpath check`: what is wrong with a configuration, or with its tables.

use workbench::check;

use super::exit;
use super::output::{self, cannot};
use super::subject::Subject;
use crate::sys::terminal;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    subject: Subject,
}

/// Runs it.
pub(in crate::cli) fn run(words: &Check) -> u8 {
    let loaded = match words.subject.read() {
        Ok(loaded) => loaded,
        Err(error) => return cannot(&error),
    };
    let (config, _) = cf_parser::parse(&loaded.source);
    let mut diagnostics = loaded.reading.diagnostics.clone();
    diagnostics.extend(ruleset_vm::load::post_checks(loaded.configuration(), b'C'));
    let maps = loaded.reading.maps.descriptions();
    let subject = check::Subject {
        bytes: &loaded.source,
        config: &config,
        configuration: loaded.configuration(),
        diagnostics: &diagnostics,
        maps: &maps,
        files: None,
        options: &[],
    };
    let t = std::time::Instant::now();
    let findings = check::check(subject);
    eprintln!("{:?}", t.elapsed());
    let source = check::Places::new(&loaded.source);
    let path = String::from_utf8_lossy(&loaded.reading.path).into_owned();
    let style = check::Style { colours: output::colour(), unicode: false };
    for finding in &findings {
        terminal::print(check::render(&path, &source, finding, style).as_bytes());
    }
    if let Some(text) = check::summary(&path, &findings) {
        terminal::print(text.as_bytes());
    }
    let bad = findings.iter().any(|finding| finding.severity > check::Severity::Note);
    if bad { exit::DIFFERENT } else { exit::SAME }
}
