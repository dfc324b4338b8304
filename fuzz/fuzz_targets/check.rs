//! Checks of a configuration and of tables: any bytes are checked and shown, and safe edits come to an end.
#![no_main]

use bangpath_fuzz::load_config;
use libfuzzer_sys::fuzz_target;
use workbench::check::tables::{Kind, PlainReader, Table, check as check_table};
use workbench::check::{Finding, Places, Style, Subject, apply, check, object, render};

fn found(data: &[u8]) -> Vec<Finding> {
    let (config, diagnostics) = cf_parser::parse(data);
    let configuration = load_config(&config, diagnostics.clone());
    check(Subject {
        bytes: data,
        config: &config,
        configuration: &configuration,
        diagnostics: &diagnostics,
        maps: &[],
        files: None,
        options: &[],
    })
}

fn show(data: &[u8], findings: &[Finding]) {
    let source = Places::new(data);
    for finding in findings {
        let _ = render("x", &source, finding, Style::default());
        let _ = object(b"x", &source, finding);
    }
}

fuzz_target!(|data: &[u8]| {
    let findings = found(data);
    show(data, &findings);
    let _ = apply(data, &findings, &mut found);
    for name in Kind::names() {
        let Some(kind) = Kind::by_name(name) else { continue };
        let table =
            Table { bytes: data, kind, configuration: None, reader: &mut PlainReader, files: None };
        show(data, &check_table(table));
    }
});
