//! Real configuration files: nothing is said but what the oracle says, and the printed form reads
//! back to the same values.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use cf_parser::{Directive, parse, print};
use std::path::{Path, PathBuf};

/// What the oracle says about lines of the corpus, by file name (loading errors left out).
const SAID: &[(&str, &[(u32, &str)])] = &[
    ("386bsd-86-cogsci.cf", &[(184, "readcf: unknown option name 0x44")]),
    ("386bsd-86-s2k.cf", &[(178, "readcf: unknown option name 0x44")]),
    ("386bsd-86-ucbvax.cf", &[(283, "readcf: unknown option name 0x44")]),
    (
        "386bsd-telemuse.cf",
        &[(103, "readcf: unknown option name 0x4e"), (121, "readcf: unknown option name 0x57")],
    ),
    (
        "43bsd-cad.cf",
        &[(177, "readcf: unknown option name 0x4e"), (195, "readcf: unknown option name 0x57")],
    ),
    (
        "43bsd-ucbvax.cf",
        &[(295, "readcf: unknown option name 0x4e"), (313, "readcf: unknown option name 0x57")],
    ),
    (
        "43bsd-uucpproto.cf",
        &[(129, "readcf: unknown option name 0x4e"), (147, "readcf: unknown option name 0x57")],
    ),
    (
        "43reno-sendmail.cf",
        &[(165, "readcf: unknown option name 0x4e"), (183, "readcf: unknown option name 0x57")],
    ),
    (
        "mysql-893.cf",
        &[(91, "queue w: `=' expected"), (197, "readcf: unknown option name AutoRebuildAliases")],
    ),
];

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

fn directives(bytes: &[u8]) -> Vec<Directive> {
    let items = parse(bytes).0.items;
    let mut directives: Vec<_> = items.into_iter().map(|item| item.directive).collect();
    for directive in &mut directives {
        if let Directive::Mailer { equates, .. }
        | Directive::QueueGroup { equates, .. }
        | Directive::Milter { equates, .. } = directive
        {
            equates.iter_mut().for_each(|e| e.span = cf_parser::Span::default());
        }
    }
    directives
}

#[test]
fn corpus() {
    for path in files() {
        let bytes = std::fs::read(&path).unwrap();
        let (config, diagnostics) = parse(&bytes);
        assert!(config.items.len() > 100, "{}", path.display());
        let got: Vec<(u32, String)> = diagnostics
            .iter()
            .filter(|d| !d.bare)
            .map(|d| (d.span.last_line, String::from_utf8_lossy(&d.text).into_owned()))
            .collect();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap();
        let expect = SAID.iter().find(|(file, _)| *file == name).map_or(&[][..], |(_, said)| said);
        let expect: Vec<(u32, String)> =
            expect.iter().map(|(n, t)| (*n, (*t).to_owned())).collect();
        assert_eq!(got, expect, "{}", path.display());
        assert_eq!(directives(&print(&config)), directives(&bytes), "{}", path.display());
    }
}
