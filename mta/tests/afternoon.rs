//! `docs/workbench.md`: its commands are run in order, and what it shows is what they print.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// A command of the page, and the lines shown below it.
struct Shown {
    command: String,
    lines: Vec<String>,
}

/// The blocks of the page that begin with `$ `.
fn page() -> Vec<Shown> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/workbench.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut all: Vec<Shown> = Vec::new();
    let mut within = None;
    for line in text.lines() {
        let Some(line) = line.strip_prefix("    ").or(line.is_empty().then_some("")) else {
            within = None;
            continue;
        };
        match line.strip_prefix("$ ") {
            Some(command) => {
                all.push(Shown { command: command.to_owned(), lines: Vec::new() });
                within = Some(command.ends_with('\\') || command.contains("<<"));
            }
            // a command of several lines
            None if within == Some(true) => {
                let shown = all.last_mut().unwrap();
                shown.command.push('\n');
                shown.command.push_str(line);
                let heredoc = shown.command.contains("<<") && line != "END";
                within = Some(heredoc || line.ends_with('\\'));
            }
            None if within == Some(false) && !line.is_empty() => {
                all.last_mut().unwrap().lines.push(line.to_owned());
            }
            None => {}
        }
    }
    all
}

/// What is about the files of the machine it is read on.
fn is_elsewhere(command: &str) -> bool {
    ["--oracle", "--maillog", "bangpath debug", "bangpath lsp"]
        .iter()
        .any(|text| command.contains(text))
}

#[test]
fn the_page_shows_what_happens() {
    let directory = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/cf/gateway.cf");
    std::fs::copy(example, directory.path().join("gateway.cf")).unwrap();
    let own = Path::new(env!("CARGO_BIN_EXE_bangpath")).parent().unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    let mut run = 0;
    for Shown { command, lines } in page() {
        if is_elsewhere(&command) {
            continue;
        }
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(directory.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.is_empty(), "{command}\n{errors}");
        let mut rest: Vec<&str> = said.lines().map(str::trim_end).collect();
        for line in lines.iter().map(|line| line.trim_end()).filter(|line| *line != "...") {
            let at = rest.iter().position(|said| *said == line);
            let at =
                at.unwrap_or_else(|| panic!("{command}\nsays nowhere below:\n{line}\n---\n{said}"));
            rest.drain(..=at);
        }
        run += 1;
    }
    assert!(run >= 10, "only {run} commands");
}
