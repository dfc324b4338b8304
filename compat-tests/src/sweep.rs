//! Whole configurations in address test mode, a family at a time.

use crate::compare::{Comparison, Pair, say};
use crate::config::{self, Config};
use crate::diff::printable;
use crate::munge::munge;
use crate::world::{Capture, Captures, Step};
use crate::{Result, addresses, bt, questions, suite};

/// How many configurations run in one world: what they print is held in memory.
const AT_ONCE: usize = 6;

/// How many addresses go through every mailer of a configuration.
const FEW: usize = 8;

/// A set of configurations with a floor of its own.
pub struct Family {
    /// Its name in reports.
    pub name: &'static str,
    /// The configurations.
    pub configs: Vec<Config>,
    /// How many addresses each gets, 0 for all. The samples of successive configurations begin at
    /// successive places, so that together they cover the list.
    pub addresses: usize,
}

/// Runs a family with both subjects. `BANGPATH_COMPAT_CASE` keeps the configurations whose name
/// contains its value.
pub fn run(family: &Family) -> Result<Comparison> {
    let part = std::env::var("BANGPATH_COMPAT_CASE").unwrap_or_default();
    let all = addresses::all()?;
    let count = addresses::wished().unwrap_or(family.addresses);
    let mut comparison = Comparison::of_lines(family.name);
    let chosen: Vec<(usize, &Config)> = family
        .configs
        .iter()
        .enumerate()
        .filter(|(_, config)| config.name.contains(&part))
        .collect();
    say(&format!(
        "{}: {} configurations, for each {} of {} addresses",
        family.name,
        chosen.len(),
        if count == 0 { all.len() } else { count.min(all.len()) },
        all.len()
    ));
    for some in chosen.chunks(AT_ONCE) {
        let inputs: Vec<(&Config, Vec<Vec<u8>>)> = some
            .iter()
            .map(|(at, config)| {
                let sample = addresses::spread(&all, count, *at);
                let few = addresses::spread(&all, FEW, *at);
                (*config, questions::questions(&config.cf, &sample, &few))
            })
            .collect();
        let steps: Vec<Step> = inputs
            .iter()
            .map(|(config, lines)| bt::step(&config.name, &config.cf, lines))
            .collect();
        let (oracle, tested) = suite::run_both(&config::etc_mail(), &steps)?;
        for (config, lines) in &inputs {
            let of = |side: &Captures| side.get(&config.name).cloned().unwrap_or_default();
            add_pairs(&mut comparison, &config.name, lines, &of(&oracle), &of(&tested));
        }
    }
    Ok(comparison)
}

fn add_pairs(out: &mut Comparison, group: &str, lines: &[Vec<u8>], a: &Capture, b: &Capture) {
    let text = |bytes: &[u8]| printable(&munge(bytes));
    let (banner_a, parts_a) = bt::transcripts(&a.stdout);
    let (banner_b, parts_b) = bt::transcripts(&b.stdout);
    let start = |banner: &[u8], side: &Capture| {
        format!("{}{}[status {:?}]", text(banner), text(&side.stderr), side.status)
    };
    out.add(Pair {
        group: group.into(),
        label: "(start, standard error, exit status)".into(),
        expected: start(banner_a, a),
        actual: start(banner_b, b),
    });
    // A program that ended early has answered the first lines only.
    let answered = parts_a.len().max(parts_b.len());
    if parts_a.len() < lines.len() {
        say(&format!("{group}: the oracle answers {} of {} lines", parts_a.len(), lines.len()));
    }
    for (at, line) in lines.iter().enumerate().take(answered) {
        let (expected, actual) = (parts_a.get(at).copied(), parts_b.get(at).copied());
        if expected == actual {
            out.add_equal(group);
            continue;
        }
        let side = |part: Option<&[u8]>| part.map_or("(no answer)".to_owned(), text);
        out.add(Pair {
            group: group.into(),
            label: printable(line),
            expected: side(expected),
            actual: side(actual),
        });
    }
}
