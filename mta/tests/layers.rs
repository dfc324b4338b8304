//! The layers of the crate: a module names modules of its own layer and lower ones, never a higher
//! one. The table is the one in ARCHITECTURE.md.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

use std::fs;
use std::path::{Path, PathBuf};

/// Every module at the top of `src`, with its layer.
const LAYERS: &[(&str, u8)] = &[
    ("sys", 0),
    ("events", 0),
    ("message", 1),
    ("config", 2),
    ("address", 2),
    ("queue", 3),
    ("protocol", 4),
    ("delivery", 5),
    ("daemon", 6),
    ("cli", 7),
];

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All Rust files below a directory.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top module a file belongs to: `queue` for `queue.rs` and `queue/store.rs`.
fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(source()).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.strip_suffix(".rs").map_or(first.clone(), str::to_owned)
}

/// The modules that code names by `crate::`, groups (`crate::{a, b::c}`) included.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let behind = &code[at + "crate::".len()..];
        match behind.strip_prefix('{') {
            Some(group) => names.extend(heads(group)),
            None => names.push(word(behind)),
        }
    }
    names
}

/// The first word of each member of a group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut member) = (0, true);
    for (at, byte) in group.char_indices() {
        match byte {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => member = true,
            byte if member && !byte.is_whitespace() => {
                names.push(word(&group[at..]));
                member = false;
            }
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned() + "\n";
    text.lines().map(code).collect()
}

#[test]
fn every_module_has_a_layer() {
    let mut all = Vec::new();
    files(&source(), &mut all);
    let mut missing: Vec<String> = all
        .iter()
        .map(|path| module_of(path))
        .filter(|module| module != "lib" && module != "main" && layer(module).is_none())
        .collect();
    missing.dedup();
    assert!(missing.is_empty(), "modules without a layer: {missing:?}");
}

#[test]
fn no_layer_names_a_higher_one() {
    let mut all = Vec::new();
    files(&source(), &mut all);
    let mut faults = Vec::new();
    for path in all {
        let own = module_of(&path);
        let Some(own_layer) = layer(&own) else { continue };
        let mut names = named(&without_comments(&fs::read_to_string(&path).unwrap()));
        names.sort();
        names.dedup();
        for name in names {
            if layer(&name).is_some_and(|layer| layer > own_layer) {
                let file = path.strip_prefix(source()).unwrap().display();
                faults.push(format!("{file} ({own}) names {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn names_are_found_in_every_form() {
    let code = "use crate::{\n  sys::{clock, ids},\n  queue,\n};\nlet x = crate::cli::run(&[]);";
    assert_eq!(named(code), ["sys", "queue", "cli"]);
    assert_eq!(named(&without_comments("// use crate::cli;\n")), Vec::<String>::new());
}
