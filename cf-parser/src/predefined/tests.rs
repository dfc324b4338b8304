use super::*;
use std::collections::HashSet;

#[test]
fn names_are_unique_and_short_enough() {
    // CF-068: 25 characters
    let names: Vec<&str> = MACROS.iter().map(|m| m.name).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    let classes: Vec<&str> = CLASSES.iter().map(|c| c.name).collect();
    assert_eq!(classes.iter().collect::<HashSet<_>>().len(), classes.len());
    assert!(names.iter().chain(&classes).all(|name| name.len() <= crate::names::MAX_NAME));
}

#[test]
fn reserved_names_begin_small() {
    // MC-076: names with a capital letter are left to files.
    for spec in MACROS {
        let first = spec.name.as_bytes().first().copied().unwrap_or(b'A');
        assert!(first.is_ascii_lowercase() || first == b'_', "{}", spec.name);
    }
}

#[test]
fn page_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/macros.md");
    let page = macros_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        assert!(std::fs::write(&path, &page).is_ok());
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/macros.md is old: run the tests of cf-parser with UPDATE_DOCS=1"
    );
}
