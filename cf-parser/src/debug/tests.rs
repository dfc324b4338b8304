use super::{CATEGORIES, Category, Levels, debug_markdown};

fn levels(texts: &[&str]) -> Levels {
    let mut levels = Levels::default();
    texts.iter().for_each(|text| levels.set(text.as_bytes()));
    levels
}

/// The highest level at which a category is on.
fn level(levels: &Levels, category: Category) -> u8 {
    (1..=255).rev().find(|level| levels.at(category, *level)).unwrap_or(0)
}

#[test]
fn texts_are_read_as_sendmail_reads_them() {
    // CMD-031, CMD-108: level of category 21 and of category 12.
    let rows: &[(&[&str], u8, u8)] = &[
        (&[""], 1, 1),
        (&["21"], 1, 0),
        (&["21.12"], 12, 0),
        (&["12,21.4"], 4, 1),
        (&["12, 21.4"], 4, 1),
        (&["21.12 12.1"], 12, 1),
        (&["20-24.10"], 10, 0),
        (&["12-150.4"], 4, 4),
        (&["24-20.10"], 0, 0),
        (&["21-.4"], 0, 0),
        (&["21.12,21.0"], 0, 0),
        (&["21.12", "21"], 1, 0),
        (&["21.12", "foo", "12.3"], 12, 3),
        (&["21.12.3x,12.1-2"], 12, 1),
        (&["12;21.4"], 0, 1),
        (&["12;,21.4"], 4, 1),
        (&[".4,21.4"], 4, 0),
        (&["-5,21.4"], 4, 0),
        (&["*,12.1"], 0, 0),
        (&[";12"], 0, 0),
        (&["12.,21.-1"], 0, 0),
        (&["021.04"], 4, 0),
        (&["21.256"], 0, 0),
        (&["21.260"], 4, 0),
        (&["21.4294967300"], 4, 0),
        (&["99999999999999.1,21.4"], 4, 0),
    ];
    for (texts, rewriting, remote) in rows {
        let levels = levels(texts);
        let found = (level(&levels, Category::Rewrite), level(&levels, Category::RemoteName));
        assert_eq!(found, (*rewriting, *remote), "{texts:?}");
    }
}

#[test]
fn operators_in_reverse_video_have_a_name() {
    assert!(levels(&["ANSI"]).ansi());
    assert!(levels(&["21.4,ANSI.3"]).ansi());
    assert!(!levels(&["ansi"]).ansi());
    assert!(!levels(&["ANSI", "ANSI.0"]).ansi());
}

#[test]
fn the_table_is_in_order() {
    let numbers: Vec<u8> = CATEGORIES.iter().map(|row| row.category as u8).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b));
    for row in CATEGORIES {
        assert!(row.levels.is_sorted_by(|a, b| a.0 < b.0), "{}", row.subject);
    }
}

#[test]
fn page_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/debug-flags.md");
    let page = debug_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        assert!(std::fs::write(&path, &page).is_ok());
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/debug-flags.md is old: run the tests of cf-parser with UPDATE_DOCS=1"
    );
}
