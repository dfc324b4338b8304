//! Random single edits of generated configurations: `bangpath diff` says that results change exactly when real
//! sendmail's do.
//!
//! `BANGPATH_MUTATIONS` is how many (20 without), `BANGPATH_MUTATION_SEED` which.

use bstr::ByteSlice as _;
use compat_tests::compare::say;
use compat_tests::mutate::{self, Dice, Edit};
use compat_tests::subject::{self, Mode, Subject};
use compat_tests::world::{self, Step};
use compat_tests::{Result, addresses, config};
use std::collections::BTreeMap;

/// Addresses that each edit is tried with.
const ADDRESSES: usize = 120;

/// What both comparisons say of one edit: status and number of addresses, each for triples and rewriting, then for
/// check rulesets. Those get plain addresses only: others are no such argument in a session as test mode makes of
/// them.
const SCRIPT: &str = r#"
oracle=/usr/libexec/sendmail/sendmail
LC_ALL=C grep -E '^[!-~]{1,200}$' addresses | grep -v '[][()<>",;:\\]' >plain
compare() {
    for kind in triple,envelope,header:addresses checks:plain; do
        bangpath diff --only ${kind%:*} --addresses ${kind#*:} --format json --threads 1 "$@" before.cf after.cf >report 2>&1
        printf '%s ' $?
        sed -n 's/.*"different":\([0-9]*\).*"type":"difference_summary".*/\1/p' report | tr '\n' ' '
        grep ^bangpath: report
    done
    echo
}
compare --allow all
compare --oracle $oracle --oracle-new $oracle
bangpath check -C before.cf --format json >before.findings 2>/dev/null
bangpath check -C after.cf --format json >after.findings 2>/dev/null
wc -l <before.findings
wc -l <after.findings
"#;

struct Mutation {
    name: String,
    edit: Edit,
    step: Step,
}

fn mutations(count: u64) -> Result<Vec<Mutation>> {
    let mut configurations = config::debian()?;
    configurations.extend(config::generated()?);
    let all = addresses::all()?;
    let seed = mutate::number_from_env("BANGPATH_MUTATION_SEED", 1);
    let mutation = |number: u64| {
        let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let config = dice.pick(&configurations)?.clone();
        let (after, edit) = mutate::edit(&config.cf, &mut dice)?;
        let turn = usize::try_from(number).ok()?;
        let list = addresses::spread(&all, ADDRESSES, turn).join(&b'\n');
        let step = Step::script(&format!("m{number}"), SCRIPT)
            .file("before.cf", &config.cf)
            .file("after.cf", &after)
            .file("addresses", &[&list[..], b"\n"].concat())
            .seconds(120);
        Some(Mutation { name: config.name, edit, step })
    };
    Ok((0..count).filter_map(mutation).collect())
}

#[test]
fn a_change_is_reported_exactly_when_there_is_one() {
    if let Mode::Recorded(why) | Mode::Skip(why) = subject::mode().unwrap() {
        say(&format!("SKIPPED mutations: {why}"));
        return;
    }
    let mutations = mutations(mutate::number_from_env("BANGPATH_MUTATIONS", 20)).unwrap();
    let half = mutations.len().div_ceil(2).max(1);
    let outputs: BTreeMap<String, Vec<u8>> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            mutations.chunks(half).map(|part| scope.spawn(|| captures(part))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap().unwrap()).collect()
    });
    let mut failures = Vec::new();
    let (mut changed, mut others, mut mistakes, mut flagged) = (0, 0, 0, 0);
    for Mutation { name, edit, step } in &mutations {
        let output = outputs.get(&step.name).map_or("", |output| output.to_str().unwrap_or(""));
        let lines: Vec<&str> = output.lines().collect();
        let [ours, theirs, rest @ ..] = &lines[..] else {
            failures.push(format!("{name}: no result: {output}\n{edit:?}"));
            continue;
        };
        changed += usize::from(theirs.split(' ').any(|word| word == "1"));
        // how many addresses a verdict of a check ruleset changes for depends on how test mode reads the argument
        others += usize::from(ours != theirs);
        if statuses(ours) != statuses(theirs) || theirs.contains("bangpath:") {
            failures.push(format!(
                "{name}:{}: {}\n  - {}\n  + {}\n  ours: {ours}; sendmail: {theirs}",
                edit.line,
                edit.kind,
                edit.before.as_bstr(),
                edit.after.as_deref().unwrap_or_default().as_bstr(),
            ));
        }
        if edit.mistake {
            mistakes += 1;
            let [before, after] = rest else { continue };
            let found = |count: &str| count.trim().parse::<u64>().unwrap_or(0);
            match found(after) > found(before) {
                true => flagged += 1,
                false => say(&format!("not flagged, {}: {}", edit.kind, edit.before.as_bstr())),
            }
        }
    }
    say(&format!(
        "{} edits: {changed} change what becomes of {ADDRESSES} addresses, {} told otherwise than sendmail, {others} for another number of addresses; {flagged} of {mistakes} plain mistakes flagged",
        mutations.len(),
        failures.len(),
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every other word of a line of the script: whether something changes.
fn statuses(line: &str) -> Vec<&str> {
    line.split_whitespace().step_by(2).collect()
}

/// What the steps print, by their names.
fn captures(mutations: &[Mutation]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for part in mutations.chunks(25) {
        let steps: Vec<Step> = part.iter().map(|mutation| mutation.step.clone()).collect();
        let captures = world::run(Subject::Bangpath, &config::etc_mail(), &steps)?;
        all.extend(captures.into_iter().map(|(name, capture)| (name, capture.stdout)));
    }
    Ok(all)
}
