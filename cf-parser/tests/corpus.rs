//! Real configuration files read without a complaint.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("../../shared/corpus/cf");
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus)
        .map(|dir| dir.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    files.extend(["/etc/mail/sendmail.cf", "/etc/mail/submit.cf"].map(PathBuf::from));
    files.retain(|path| path.is_file());
    files.sort();
    files
}

#[test]
fn corpus() {
    for path in files() {
        let bytes = std::fs::read(&path).unwrap();
        let (config, diagnostics) = cf_parser::parse(&bytes);
        println!("{}: {} items", path.display(), config.items.len());
        for d in &diagnostics {
            println!("   {}: {}", d.span.last_line, String::from_utf8_lossy(&d.text));
        }
    }
}
