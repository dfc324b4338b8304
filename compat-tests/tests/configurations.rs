//! Address test mode on whole configurations: Debian's, generated ones, hand-written ones, and a
//! collection of old ones where this machine has it.

use compat_tests::compare::say;
use compat_tests::subject::{self, Mode};
use compat_tests::sweep::{self, Family};
use compat_tests::{Result, addresses, config};

/// What no configuration of ours can use, and why.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

fn families() -> Result<Vec<Family>> {
    let mut configurations = config::debian()?;
    configurations.extend(config::generated()?);
    let mut platforms = config::for_every("ostype")?;
    platforms.extend(config::for_every("domain")?);
    let mut families = vec![
        Family { name: "configurations", configs: configurations, addresses: 0 },
        Family { name: "written", configs: config::written()?, addresses: 0 },
        Family { name: "platforms", configs: platforms, addresses: 60 },
    ];
    match addresses::corpus_dir() {
        Some(dir) => {
            let configs = config::collected(&dir)?;
            families.push(Family { name: "collected", configs, addresses: 400 });
        }
        None => say("SKIPPED collected: no collection of configurations beside the repository"),
    }
    Ok(families)
}

/// All families one after the other: each uses both processors. `BANGPATH_COMPAT_FAMILY` keeps one.
#[test]
fn whole_configurations() {
    if let Mode::Recorded(why) | Mode::Skip(why) = subject::mode().unwrap() {
        say(&format!("SKIPPED whole configurations: {why}"));
        return;
    }
    let only = std::env::var("BANGPATH_COMPAT_FAMILY").ok();
    let mut rows = String::new();
    let mut failures = Vec::new();
    let mut sum = (0, 0, 0);
    for family in families().unwrap() {
        if only.as_ref().is_some_and(|name| name != family.name) {
            continue;
        }
        let comparison = sweep::run(&family).unwrap();
        comparison.report().unwrap();
        failures.extend(comparison.verdict().err());
        let (equal, transcripts) = comparison.totals();
        rows += &row(family.name, (family.configs.len(), equal, transcripts));
        sum = (sum.0 + family.configs.len(), sum.1 + equal, sum.2 + transcripts);
    }
    let head = "whole configurations     files       equal transcripts";
    say(&format!("{head}\n{rows}{}", row("all", sum)));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn row(name: &str, (files, equal, transcripts): (usize, usize, usize)) -> String {
    let unequal = transcripts - equal;
    let per_million = (unequal * 1_000_000).checked_div(transcripts).unwrap_or(0);
    format!("{name:24} {files:5} {equal:11} {transcripts:11}, {per_million} of a million differ\n")
}

/// Every FEATURE, MAILER and HACK that Debian's package has is in one of our files; each OSTYPE and
/// DOMAIN has a configuration of its own.
#[test]
fn every_m4_file_is_used() {
    if !subject::installed("sendmail") || config::installed("feature").is_err() {
        say("SKIPPED every_m4_file_is_used: sendmail-cf is not installed");
        return;
    }
    let sources = config::sources().unwrap();
    for (kind, macro_name) in [("feature", "FEATURE"), ("mailer", "MAILER"), ("hack", "HACK")] {
        for name in config::installed(kind).unwrap() {
            let used = sources.contains(&format!("{macro_name}(`{name}'"));
            let left_out = LEFT_OUT.iter().find(|(k, n, _)| *k == kind && *n == name);
            if let Some((_, _, why)) = left_out {
                say(&format!("{macro_name}({name}) is left out: {why}"));
            }
            assert!(used != left_out.is_some(), "{macro_name}({name}) must be used or left out");
        }
    }
    for kind in ["ostype", "domain"] {
        assert_eq!(config::for_every(kind).unwrap().len(), config::installed(kind).unwrap().len());
    }
}
