//! Address test mode on whole configurations: Debian's, generated ones, and a collection of old
//! ones where this machine has it.

use bstr::ByteSlice;
use compat_tests::compare::{Comparison, Pair, say};
use compat_tests::config::{self, Config};
use compat_tests::diff::printable;
use compat_tests::munge::munge;
use compat_tests::subject::{self, Mode};
use compat_tests::world::{Capture, Step};
use compat_tests::{Result, addresses, bt, suite};

/// What is asked of every configuration before the addresses.
const QUESTIONS: &[&str] = &["=M", "$=w", "$=m", "$j", "$m", "$k", "$n", "$v", "$Z", "${opMode}"];

/// How many addresses the collected configurations get.
const FEW: usize = 60;

#[test]
fn debian_and_generated() {
    if !live("configurations").unwrap() {
        return;
    }
    let mut configs = config::debian().unwrap();
    configs.extend(config::generated().unwrap());
    let addresses = addresses::sample().unwrap();
    compare("configurations", &configs, &addresses).unwrap();
}

#[test]
fn collected() {
    let Some(corpus) = addresses::corpus_dir() else {
        say("SKIPPED collected: no collection of configurations beside the repository");
        return;
    };
    if !live("collected").unwrap() {
        return;
    }
    let mut configs = Vec::new();
    for dir in ["cf", "built"] {
        let mut files: Vec<_> =
            std::fs::read_dir(corpus.join(dir)).unwrap().flatten().map(|e| e.path()).collect();
        files.sort();
        for path in files {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            configs.push(Config { name, cf: std::fs::read(&path).unwrap() });
        }
    }
    let few = addresses::spread(addresses::all().unwrap(), FEW);
    compare("collected", &configs, &few).unwrap();
}

/// Whether both subjects can run here; says why not.
fn live(family: &str) -> Result<bool> {
    match subject::mode()? {
        Mode::Live => Ok(true),
        Mode::Recorded(why) | Mode::Skip(why) => {
            say(&format!("SKIPPED {family}: {why}"));
            Ok(false)
        }
    }
}

fn compare(family: &str, configs: &[Config], addresses: &[Vec<u8>]) -> Result<()> {
    let inputs: Vec<Vec<Vec<u8>>> =
        configs.iter().map(|config| input(&config.cf, addresses)).collect();
    let steps: Vec<Step> =
        configs.iter().zip(&inputs).map(|(c, lines)| bt::step(&c.name, &c.cf, lines)).collect();
    let (oracle, tested) = suite::run_both(&config::etc_mail(), &steps)?;
    let mut comparison = Comparison::of_lines(family);
    for (config, lines) in configs.iter().zip(&inputs) {
        let of = |side: &compat_tests::world::Captures| side.get(&config.name).cloned();
        let (a, b) = (of(&oracle).unwrap_or_default(), of(&tested).unwrap_or_default());
        add_pairs(&mut comparison, &config.name, lines, &a, &b);
    }
    comparison.finish()
}

/// The input lines for one configuration: questions, its rulesets and classes, the addresses.
fn input(cf: &[u8], addresses: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = QUESTIONS.iter().map(|q| q.as_bytes().to_vec()).collect();
    lines.extend(names(cf, b"S").into_iter().map(|name| [b"=S", name.as_slice()].concat()));
    lines.extend(names(cf, b"CF").into_iter().map(|name| [b"$=", name.as_slice()].concat()));
    for address in addresses {
        for form in ["3,0 ", "canonify,parse ", "/parse "] {
            lines.push([form.as_bytes(), address].concat());
        }
    }
    lines
}

/// The names after the given first letters of lines, once each: rulesets or classes.
fn names(cf: &[u8], letters: &[u8]) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for line in cf.lines() {
        let Some((first, rest)) = line.split_first().filter(|(f, _)| letters.contains(f)) else {
            continue;
        };
        let name: Vec<u8> = if *first == b'S' {
            rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').collect()
        } else if rest.starts_with(b"{") {
            rest.bytes().take_while(|b| *b != b'}').chain(*b"}").collect()
        } else {
            rest.bytes().take(1).collect()
        };
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
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
        expected: start(&banner_a, a),
        actual: start(&banner_b, b),
    });
    assert_eq!(parts_a.len(), lines.len(), "the oracle did not answer every line of {group}");
    for (at, line) in lines.iter().enumerate() {
        let side =
            |parts: &[Vec<u8>]| parts.get(at).map_or("(no answer)".to_owned(), |part| text(part));
        out.add(Pair {
            group: group.into(),
            label: printable(line),
            expected: side(&parts_a),
            actual: side(&parts_b),
        });
    }
}
