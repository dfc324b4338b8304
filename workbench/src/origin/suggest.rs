//! Statements that might explain lines which only the file has.

use std::collections::{BTreeMap, HashSet};

use super::lines::Line;
use super::mc::{Folder, Part, Statement};
use super::names::{CLASSES, SWITCHES, VALUES, WORDS, mailer_macro, option_macro};
use super::package::BuildError;
use super::propose::{Change, Search};
use super::templates::{Template, mark};

/// The listener that is there without being asked for.
const SUBMISSION: &[u8] = b"Port=587, Name=MSA, M=E";

/// Arguments of features, the name aside, that are looked for.
const MOST_ARGUMENTS: usize = 4;

/// Files without a marker are looked for when this many lines are not explained.
const MANY: usize = 4;

/// Makes every suggestion.
pub(super) fn all(search: &mut Search<'_, '_>, round: usize) -> Result<(), BuildError> {
    for suggestions in [options, values, classes, filters, maps] {
        let changes = suggestions(search)?;
        search.take(&changes)?;
    }
    for place in 1..=MOST_ARGUMENTS {
        let changes = arguments(search, place)?;
        search.take(&changes)?;
    }
    if search.distance > 0 {
        for changes in words(search) {
            search.take_best(&changes)?;
        }
    }
    if round == 0 {
        let changes = listeners(search)?;
        search.take(&changes)?;
        for change in unmarked(search)? {
            search.take(&[change])?;
        }
    }
    Ok(())
}

/// Name and value of each `O` line.
fn option_lines(lines: &[Line]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let options = lines.iter().filter_map(|line| line.text.strip_prefix(b"O "));
    let parts = options.map(|text| {
        let equals = memchr::memchr(b'=', text).unwrap_or(text.len());
        let value = text.get(equals + 1..).unwrap_or_default();
        (text.get(..equals).unwrap_or_default().trim_ascii().to_vec(), value.to_vec())
    });
    parts.collect()
}

/// Options are set and taken back.
fn options(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, less) = search.differences()?;
    let (more, less) = (option_lines(&more), option_lines(&less));
    let mut changes = Vec::new();
    for (name, value) in &more {
        if let Some(name) = option_macro(name) {
            changes.push(Change::Add(define(name.as_bytes(), value)));
        }
    }
    for (name, _) in &less {
        if !more.iter().any(|(other, _)| other == name)
            && let Some(name) = option_macro(name)
        {
            changes.push(Change::Add(Statement::new(Part::Define, "undefine", &[name.as_bytes()])));
        }
    }
    Ok(changes)
}

fn define(name: &[u8], value: &[u8]) -> Statement {
    Statement::new(Part::Define, "define", &[name, value])
}

/// `DAEMON_OPTIONS` and `CLIENT_OPTIONS`: all of them, as the first takes the place of what is there.
fn listeners(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, less) = search.differences()?;
    let differs = |name: &[u8]| {
        let has = |lines: &[Line]| option_lines(lines).iter().any(|(own, _)| own == name);
        has(&more) || has(&less)
    };
    let own_submission = search
        .statements
        .iter()
        .any(|statement| statement.arguments.first().is_some_and(|name| name == b"no_default_msa"));
    let mut changes = Vec::new();
    let macros =
        [(&b"DaemonPortOptions"[..], "DAEMON_OPTIONS"), (b"ClientPortOptions", "CLIENT_OPTIONS")];
    for (option, word) in macros {
        if !differs(option) {
            continue;
        }
        for (name, value) in option_lines(&search.target) {
            if name == option && (own_submission || value != SUBMISSION) {
                changes.push(Change::Add(Statement::new(Part::Macro, word, &[&value])));
            }
        }
    }
    Ok(changes)
}

/// The templates of what statements would build.
fn templates(
    search: &mut Search<'_, '_>,
    statements: &[Statement],
) -> Result<Vec<Template>, BuildError> {
    let built = search.builder.lines(statements)?;
    let mut found: Vec<Template> =
        built.iter().filter_map(|line| Template::of(&line.text)).collect();
    found.sort_by_key(|template| std::cmp::Reverse(template.weight()));
    Ok(found)
}

/// Macros whose values show in lines that are no options.
fn values(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, less) = search.differences()?;
    let statement = |number: usize, value: &[u8]| match VALUES.get(number) {
        Some(name) => define(name.as_bytes(), value),
        None => Statement::new(Part::Define, "MASQUERADE_AS", &[value]),
    };
    let flags = flags(search)?;
    let mut marked = search.with(&flags);
    let at = marked.partition_point(|old| old.part <= Part::Define);
    let marks = (0..=VALUES.len()).map(|number| statement(number, &mark(number)));
    marked.splice(at..at, marks);
    let mut found = BTreeMap::new();
    // Templates of single macros, for lines that others change when they are set as well.
    let mut all = templates(search, &marked)?;
    all.retain(|template| template.weight() >= 2);
    for line in &more {
        let fits = |template: &&Template| template.values(&line.text).is_some();
        let Some(template) = all.iter().find(fits) else { continue };
        let values = template.values(&line.text).unwrap_or_default();
        let built = less.iter().find_map(|line| template.values(&line.text)).unwrap_or_default();
        for (at, (hole, value)) in template.holes.iter().zip(values).enumerate() {
            if built.get(at) != Some(&value) {
                found.entry(*hole).or_insert(value);
            }
        }
    }
    let mut changes = flags;
    changes.extend(found.iter().map(|(hole, value)| Change::Add(statement(*hole, value))));
    // What the system or the domain sets, and the file has not.
    for line in &less {
        let template = all.iter().find(|template| template.values(&line.text).is_some());
        for hole in template.map_or(&[][..], |template| &template.holes) {
            if let Some(name) = VALUES.get(*hole).filter(|_| !found.contains_key(hole)) {
                let name = name.as_bytes();
                changes.push(Change::Add(Statement::new(Part::Define, "undefine", &[name])));
            }
        }
    }
    Ok(changes)
}

/// Words and files of classes.
fn classes(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, _) = search.differences()?;
    let mut changes = Vec::new();
    for line in &more {
        for (class, word, file) in CLASSES {
            let of =
                |letter: &str| line.text.strip_prefix(format!("{letter}{{{class}}}").as_bytes());
            if let Some(value) = of("C") {
                changes.push(Change::Add(Statement::new(Part::Macro, word, &[value])));
            } else if let Some(value) = of("F").filter(|_| !file.is_empty()) {
                changes.push(Change::Add(Statement::new(Part::Macro, file, &[value])));
            }
        }
    }
    Ok(changes)
}

/// Mail filters and queue groups.
fn filters(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, _) = search.differences()?;
    let options = option_lines(&search.target);
    let listed = options.iter().find(|(name, _)| name == b"InputMailFilters");
    let listed: HashSet<&[u8]> = listed
        .map(|(_, names)| names.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect())
        .unwrap_or_default();
    let mut changes = Vec::new();
    for line in &more {
        let Some((letter, rest)) = line.text.split_first() else { continue };
        let comma = memchr::memchr(b',', rest).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(comma);
        let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        let word = match letter {
            b'X' if listed.contains(name) => "INPUT_MAIL_FILTER",
            b'X' => "MAIL_FILTER",
            b'Q' => "QUEUE_GROUP",
            _ => continue,
        };
        changes.push(Change::Add(Statement::new(Part::Macro, word, &[name, rest])));
    }
    Ok(changes)
}

/// The maps of features.
fn maps(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, _) = search.differences()?;
    let mut changes = Vec::new();
    for (statement, map) in search.maps() {
        let begin = format!("K{map} ");
        let value = more.iter().find_map(|line| line.text.strip_prefix(begin.as_bytes()));
        if let (Some(value), [name, rest @ ..]) = (value, &statement.arguments[..]) {
            let mut new = statement.clone();
            new.arguments = vec![name.clone(), value.to_vec()];
            new.arguments.extend(rest.iter().skip(1).cloned());
            changes.push(Change::Replace(statement, new));
        }
    }
    Ok(changes)
}

/// The statement with an argument, empty ones in front where there are none.
fn with(statement: &Statement, place: usize, value: &[u8]) -> Statement {
    let mut new = statement.clone();
    let len = new.arguments.len().max(place + 1);
    new.arguments.resize(len, Vec::new());
    if let Some(argument) = new.arguments.get_mut(place) {
        *argument = value.to_vec();
    }
    new
}

/// Whether an argument of a feature is not known yet.
fn is_open(statement: &Statement, place: usize) -> bool {
    statement.part == Part::Feature && statement.arguments.get(place).is_none_or(Vec::is_empty)
}

/// An argument of features, as far as lines show what it is.
fn arguments(search: &mut Search<'_, '_>, place: usize) -> Result<Vec<Change>, BuildError> {
    let (more, _) = search.differences()?;
    if more.is_empty() {
        return Ok(Vec::new());
    }
    let statements = search.statements.iter().enumerate();
    let mark_of = |(at, old)| match is_open(old, place) {
        true => with(old, place, &mark(at)),
        false => old.clone(),
    };
    let marked: Vec<Statement> = statements.map(mark_of).collect();
    let all = templates(search, &marked)?;
    let mut used = vec![false; all.len()];
    let mut found: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
    for line in &more {
        // A feature that is there several times has a template for each.
        let fits = |at: &usize| all.get(*at).is_some_and(|t| t.values(&line.text).is_some());
        let fitting: Vec<usize> = (0..all.len()).filter(fits).collect();
        let fresh = fitting.iter().find(|at| used.get(**at) == Some(&false));
        let Some(at) = fresh.or(fitting.first()).copied() else { continue };
        if let Some(used) = used.get_mut(at) {
            *used = true;
        }
        let Some(template) = all.get(at) else { continue };
        let values = template.values(&line.text).unwrap_or_default();
        for (hole, value) in template.holes.iter().zip(values) {
            let known = found.entry(*hole).or_default();
            if !known.contains(&value) {
                known.push(value);
            }
        }
    }
    let mut changes = Vec::new();
    for (hole, values) in found {
        let Some(old) = search.statements.get(hole) else { continue };
        for (at, value) in values.iter().enumerate() {
            let new = with(old, place, value);
            changes.push(match at {
                0 => Change::Replace(old.clone(), new),
                _ => Change::Add(new),
            });
        }
    }
    Ok(changes)
}

/// Words that features take, and switches: each to be tried alone.
fn words(search: &Search<'_, '_>) -> Vec<Vec<Change>> {
    let mut groups = Vec::new();
    for statement in &search.statements {
        let own = WORDS.iter().filter(|(feature, ..)| {
            statement.arguments.first().is_some_and(|name| name == feature.as_bytes())
        });
        for (_, place, words) in own {
            let replaced = |word: &&str| {
                let new = with(statement, *place, word.as_bytes());
                Change::Replace(statement.clone(), new)
            };
            if is_open(statement, *place) {
                groups.push(words.iter().map(replaced).collect());
            }
        }
    }
    let switch =
        |(name, value): &(&str, &str)| vec![Change::Add(define(name.as_bytes(), value.as_bytes()))];
    groups.extend(SWITCHES.iter().map(switch));
    groups
}

/// Mailers and features that leave no marker, where much is not explained.
fn unmarked(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, _) = search.differences()?;
    let mut changes = Vec::new();
    for line in more.iter().filter(|line| line.text.starts_with(b"M")) {
        let name = mailer_flags(&line.text).map(|(name, _)| name.to_owned()).unwrap_or_default();
        if search.builder.has(Folder::Mailer, &name) {
            changes.push(Change::Add(Statement::file(Folder::Mailer, name.as_bytes())));
        }
    }
    if search.distance > MANY {
        let names = search.builder.names(Folder::Feature);
        let known = |name: &&String| {
            let own = |statement: &Statement| {
                statement.word == "FEATURE"
                    && statement.arguments.first().is_some_and(|own| own == name.as_bytes())
            };
            !search.statements.iter().any(own)
        };
        let feature =
            |name: &String| Change::Add(Statement::file(Folder::Feature, name.as_bytes()));
        changes.extend(names.iter().filter(known).map(feature));
    }
    Ok(changes)
}

/// Flags of mailers.
fn flags(search: &mut Search<'_, '_>) -> Result<Vec<Change>, BuildError> {
    let (more, less) = search.differences()?;
    let mut changes = Vec::new();
    for line in more.iter().filter(|line| line.text.starts_with(b"M")) {
        let Some((name, own)) = mailer_flags(&line.text) else { continue };
        let built = less.iter().find_map(|line| {
            mailer_flags(&line.text).filter(|(other, _)| *other == name).map(|(_, flags)| flags)
        });
        if let Some(built) = built.filter(|built| *built != own) {
            let word = mailer_macro(name);
            let added: Vec<u8> = own.iter().filter(|f| !built.contains(f)).copied().collect();
            let taken: Vec<u8> = built.iter().filter(|f| !own.contains(f)).copied().collect();
            for (sign, flags) in [(&b"-"[..], taken), (b"+", added)] {
                if !flags.is_empty() {
                    let flags = [sign, &flags].concat();
                    let arguments = [word.as_bytes(), &flags];
                    changes.push(Change::Add(Statement::new(
                        Part::Define,
                        "MODIFY_MAILER_FLAGS",
                        &arguments,
                    )));
                }
            }
        }
    }
    Ok(changes)
}

/// The name of a mailer and its flags.
fn mailer_flags(line: &[u8]) -> Option<(&str, &[u8])> {
    let comma = memchr::memchr(b',', line)?;
    let name = std::str::from_utf8(line.get(1..comma)?).ok()?;
    let start = memchr::memmem::find(line, b" F=")? + 3;
    let rest = line.get(start..)?;
    let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
    Some((name, rest.get(..end)?))
}
