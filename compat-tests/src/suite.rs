//! Running the Markdown cases of one directory and comparing the results.

use crate::compare::{Comparison, Pair, say};
use crate::mdcase::{self, Case};
use crate::subject::{self, Mode, Subject};
use crate::world::{self, Captures, EtcMail, Step};
use crate::{Error, Result, at, config, delivery_status, golden};
use std::collections::BTreeMap;
use std::path::Path;

/// Runs all cases of `cases/SUITE/*.md`. `BANGPATH_COMPAT_CASE` keeps the cases only whose file or
/// name contains its value.
pub fn check(suite: &str) -> Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(suite);
    let mut files: Vec<_> =
        at(&dir, std::fs::read_dir(&dir))?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mode = subject::mode()?;
    if let Mode::Skip(why) = &mode {
        say(&format!("SKIPPED {suite}: {why}"));
        return Ok(());
    }
    let mut comparison = Comparison::of_cases(suite);
    let mut malformed = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|ext| ext == "md")) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let tested = check_file(&mode, suite, &name, &mdcase::read(path)?, &mut comparison)?;
        malformed.extend(malformed_reports(&tested));
    }
    comparison.finish()?;
    if malformed.is_empty() { Ok(()) } else { Err(Error::Reports(malformed)) }
}

/// What is wrong with the reports that cases have shown whole.
fn malformed_reports(captures: &Captures) -> Vec<String> {
    let mut out = Vec::new();
    for (name, capture) in captures {
        for part in delivery_status::parts(&capture.stdout) {
            if let Err(error) = delivery_status::parse(part) {
                out.push(format!("{name}: {error}"));
            }
        }
    }
    out
}

fn chosen<'a>(file: &str, cases: &'a [Case]) -> Vec<&'a Case> {
    let part = std::env::var("BANGPATH_COMPAT_CASE").unwrap_or_default();
    cases.iter().filter(|case| file.contains(&part) || case.step.name.contains(&part)).collect()
}

/// Compares the cases of one file; what the subject under test has put out.
fn check_file(
    mode: &Mode,
    suite: &str,
    file: &str,
    all: &[Case],
    comparison: &mut Comparison,
) -> Result<Captures> {
    let etc_mail = config::etc_mail();
    let mut cases = chosen(file, all);
    cases.retain(|case| match unavailable(case, &etc_mail) {
        Some(what) => {
            say(&format!("SKIPPED {suite}/{file}/{}: no {what}", case.step.name));
            false
        }
        None => true,
    });
    if cases.is_empty() {
        return Ok(Captures::new());
    }
    let recorded = golden::load(suite, file);
    let steps: Vec<Step> = cases.iter().map(|case| case.step.clone()).collect();
    let (oracle, tested) = match mode {
        Mode::Live => {
            let (oracle, tested) = run_both(&etc_mail, &steps)?;
            (Some(oracle), tested)
        }
        _ => (None, world::run(Subject::under_test(), &etc_mail, &steps)?),
    };
    let mut results = Vec::new();
    for Case { step, .. } in cases {
        let render = |captures: &Captures| captures.get(&step.name).map(golden::render);
        let live = oracle.as_ref().and_then(render);
        let Some(expected) = live.or_else(|| recorded.get(&step.name).cloned()) else {
            say(&format!("SKIPPED {suite}/{file}/{}: nothing was recorded", step.name));
            continue;
        };
        if oracle.is_some() && !golden::recording() && recorded.get(&step.name) != Some(&expected) {
            say(&format!("STALE golden {suite}/{file}/{}: record it again", step.name));
        }
        results.push((step.name.clone(), expected.clone()));
        let actual = render(&tested).unwrap_or_default();
        let label = step.name.clone();
        comparison.add(Pair { group: file.to_owned(), label, expected, actual });
    }
    if golden::recording() && oracle.is_some() {
        golden::save(suite, file, &keep_unchosen(recorded, all, results))?;
    }
    Ok(tested)
}

/// What a case needs and this machine lacks. With the oracle required nothing may be lacking: the case
/// then runs, and fails.
fn unavailable(case: &Case, etc_mail: &EtcMail) -> Option<&'static str> {
    let texts: Vec<_> = case.step.files.values().map(|s| String::from_utf8_lossy(s)).collect();
    let names = |word: &str| texts.iter().any(|text| text.contains(word));
    let debian = case.title.contains("Debian") || names("debian_cf");
    if subject::oracle_required() {
        None
    } else if debian && etc_mail.is_empty() {
        Some("Debian configuration")
    } else {
        PROGRAMS.into_iter().find(|program| names(program) && !subject::installed(program))
    }
}

/// Programs of other packages that some cases run.
const PROGRAMS: [&str; 7] =
    ["swaks", "bsd-mailx", "mutt", "procmail", "maildrop", "dovecot", "python3"];

/// The new results, with the recorded ones of the cases that were not run, in the file's order.
fn keep_unchosen(
    mut recorded: BTreeMap<String, String>,
    all: &[Case],
    results: Vec<(String, String)>,
) -> Vec<(String, String)> {
    recorded.extend(results);
    let names = all.iter().map(|case| case.step.name.clone());
    names.filter_map(|name| recorded.remove_entry(&name)).collect()
}

/// Runs the steps with the oracle and with the subject under test at the same time.
pub fn run_both(etc_mail: &EtcMail, steps: &[Step]) -> Result<(Captures, Captures)> {
    std::thread::scope(|scope| {
        let oracle = scope.spawn(|| world::run(Subject::Oracle, etc_mail, steps));
        let tested = world::run(Subject::under_test(), etc_mail, steps);
        let oracle = oracle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((oracle?, tested?))
    })
}
