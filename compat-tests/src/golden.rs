//! Recorded results of the oracle: one text file for each case file, under `golden/`.
//!
//! They are written by `BANGPATH_COMPAT_RECORD=1 cargo test -p compat-tests --test cases`.

use crate::diff::printable;
use crate::munge::munge;
use crate::world::Capture;
use crate::{Result, at};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The first line of each file.
const HEAD: &str = "# Recorded from sendmail 8.17.1.9. To record again:\n\
    # BANGPATH_COMPAT_RECORD=1 cargo test -p compat-tests --test cases\n";

/// Whether the goldens are to be written.
pub fn recording() -> bool {
    std::env::var_os("BANGPATH_COMPAT_RECORD").is_some()
}

/// A capture as text: munged, printable, standard output, standard error and exit status apart.
pub fn render(capture: &Capture) -> String {
    let mut out = String::new();
    for (name, bytes) in [("stdout", &capture.stdout), ("stderr", &capture.stderr)] {
        if !bytes.is_empty() {
            out.push_str(&format!("--- {name}\n{}", printable(&munge(bytes))));
            if !bytes.ends_with(b"\n") {
                out.push_str("\\\n");
            }
        }
    }
    let status = capture.status.map_or("none".to_owned(), |status| status.to_string());
    out.push_str(&format!("--- status {status}\n"));
    out
}

/// The recorded results of a case file by case name; empty when there are none.
pub fn load(suite: &str, file: &str) -> BTreeMap<String, String> {
    std::fs::read_to_string(path(suite, file)).map(|text| parse(&text)).unwrap_or_default()
}

/// Records the results of a case file.
pub fn save(suite: &str, file: &str, results: &[(String, String)]) -> Result<()> {
    let path = path(suite, file);
    if let Some(dir) = path.parent() {
        at(dir, std::fs::create_dir_all(dir))?;
    }
    let mut text = HEAD.to_owned();
    for (name, result) in results {
        text.push_str(&format!("=== {name}\n{result}"));
    }
    at(&path, std::fs::write(&path, text))
}

fn path(suite: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(suite).join(format!("{file}.txt"))
}

fn parse(text: &str) -> BTreeMap<String, String> {
    let mut results = BTreeMap::new();
    let mut open: Option<&mut String> = None;
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("=== "), &mut open) {
            (Some(name), _) => {
                open = Some(results.entry(name.trim_end().to_owned()).or_default());
            }
            (None, Some(result)) => result.push_str(line),
            (None, None) => {}
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_and_parses() {
        let capture =
            Capture { stdout: b"a\n".to_vec(), stderr: b"==== no end".to_vec(), status: Some(64) };
        let text = render(&capture);
        assert_eq!(text, "--- stdout\na\n--- stderr\n==== no end\\\n--- status 64\n");
        let parsed = parse(&format!("{HEAD}=== one\n{text}=== two\nx\n"));
        assert_eq!(parsed["one"], text);
        assert_eq!(parsed["two"], "x\n");
    }
}
