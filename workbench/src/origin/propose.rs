//! The search for the source of a file: statements that build it, each kept only if what is built comes
//! nearer to the file.

use std::collections::HashMap;

use super::lines::{Line, aligned, lines};
use super::markers::{Marker, markers};
use super::mc::{Folder, Part, Statement};
use super::names::{MAPS, SECTIONS};
use super::package::{BuildError, Builder};
use super::{sections, suggest};

/// How often suggestions are made: one may make room for the next.
const ROUNDS: usize = 3;

/// Most runs of m4 for one file; what is suggested beyond is not tried.
const MOST_RUNS: usize = 1500;

/// Most statements that markers are taken for.
const MOST_STATEMENTS: usize = 300;

/// Most lines of a file whose source is sought.
const MOST_LINES: usize = 100_000;

/// A change of the statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// One more.
    Add(Statement),
    /// One with other arguments.
    Replace(Statement, Statement),
}

impl Change {
    fn is_plain(&self) -> bool {
        match self {
            Self::Add(new) | Self::Replace(_, new) => new.is_plain(),
        }
    }
}

/// The statements found so far, and what they are measured by.
pub(super) struct Search<'b, 'p> {
    pub(super) builder: &'b mut Builder<'p>,
    /// The lines of the file.
    pub(super) target: Vec<Line>,
    pub(super) statements: Vec<Statement>,
    /// Lines that only one of the two has, or has elsewhere.
    pub(super) distance: usize,
    /// Markers of files that the package does not have.
    pub(super) unknown: Vec<Marker>,
}

/// Looks for statements that build the file.
pub(super) fn search<'b, 'p>(
    bytes: &[u8],
    builder: &'b mut Builder<'p>,
) -> Result<Search<'b, 'p>, BuildError> {
    let mut search = Search {
        builder,
        target: lines(bytes),
        statements: Vec::new(),
        distance: usize::MAX,
        unknown: Vec::new(),
    };
    if search.target.len() > MOST_LINES {
        return Err(BuildError(format!("more than {MOST_LINES} lines")));
    }
    search.read_markers(bytes)?;
    search.distance = search.distance_of(&search.statements.clone())?;
    let marked = search.statements.clone();
    for round in 0..ROUNDS {
        let before = search.distance;
        suggest::all(&mut search, round)?;
        if search.distance == before || search.distance == 0 {
            break;
        }
    }
    sections::fill(&mut search)?;
    search.prune(&marked)?;
    Ok(search)
}

impl Search<'_, '_> {
    /// The statements that the markers of the file name.
    fn read_markers(&mut self, bytes: &[u8]) -> Result<(), BuildError> {
        let mut wanted = markers(bytes).into_iter().filter(|m| !is_frame(m)).peekable();
        let mut mailers = false;
        let proto = markers(bytes).into_iter().find(|m| m.package && m.name == "proto");
        let proto = proto.map_or(u32::MAX, |marker| marker.line);
        while let Some(marker) = wanted.next() {
            mailers |= marker.line > proto;
            if !marker.package {
                let text = marker.text.clone().into_bytes();
                self.statements.push(Statement::new(Part::Version, "VERSIONID", &[&text]));
                continue;
            }
            let folders: &[Folder] = match mailers {
                true => &[Folder::Mailer],
                false => &[Folder::Ostype, Folder::Domain, Folder::Feature, Folder::Hack],
            };
            let found = folders.iter().find(|folder| self.builder.has(**folder, &marker.name));
            let Some(folder) = found else {
                self.unknown.push(marker);
                continue;
            };
            let statement = Statement::file(*folder, marker.name.as_bytes());
            // What a file reads itself has its marker behind it.
            for inner in self.inner_markers(&statement)? {
                wanted.next_if(|next| next.package && next.name == inner);
            }
            let fits = self.statements.len() < MOST_STATEMENTS;
            if fits && (*folder != Folder::Mailer || !self.statements.contains(&statement)) {
                self.statements.push(statement);
            }
        }
        self.statements.retain(Statement::is_plain);
        self.statements.sort_by_key(|statement| statement.part);
        Ok(())
    }

    /// The markers behind that of a statement that is built alone.
    fn inner_markers(&mut self, statement: &Statement) -> Result<Vec<String>, BuildError> {
        if statement.part == Part::Mailer {
            return Ok(Vec::new());
        }
        let built = self.builder.file(std::slice::from_ref(statement))?;
        let found = markers(&built).into_iter().filter(|m| m.package);
        // What comes behind is there without being asked for.
        let found = found.take_while(|m| m.name != "proto").filter(|m| !is_frame(m));
        Ok(found.map(|marker| marker.name).skip(1).collect())
    }

    /// How many lines only one of the two has, or has elsewhere.
    fn distance_of(&mut self, statements: &[Statement]) -> Result<usize, BuildError> {
        let built = self.builder.lines(statements)?;
        Ok(self.target.len() + built.len() - 2 * aligned(&built, &self.target).len())
    }

    /// The lines that only the file has, and those that only the statements build.
    pub(super) fn differences(&mut self) -> Result<(Vec<Line>, Vec<Line>), BuildError> {
        let built = self.builder.lines(&self.statements)?;
        let (more, less) = differences(&self.target, &built);
        Ok((more.into_iter().cloned().collect(), less.into_iter().cloned().collect()))
    }

    /// Takes what brings the two nearer: all at once, else by halves.
    pub(super) fn take(&mut self, changes: &[Change]) -> Result<(), BuildError> {
        let plain: Vec<Change> = changes.iter().filter(|c| c.is_plain()).cloned().collect();
        if plain.is_empty() || self.distance == 0 || self.builder.runs > MOST_RUNS {
            return Ok(());
        }
        let mut statements = self.statements.clone();
        for change in &plain {
            apply(&mut statements, change);
        }
        if statements == self.statements {
            return Ok(());
        }
        let distance = self.distance_of(&statements)?;
        if distance < self.distance {
            self.statements = statements;
            self.distance = distance;
            return Ok(());
        }
        if let (front, back) = plain.split_at(plain.len() / 2)
            && !front.is_empty()
        {
            self.take(front)?;
            self.take(back)?;
        } else if let [Change::Add(define)] = &plain[..]
            && define.part == Part::Define
        {
            // Some macros are looked at where a mailer or the system is read.
            for part in [Part::Late, Part::Early] {
                self.take(&[Change::Add(Statement { part, ..define.clone() })])?;
            }
        }
        Ok(())
    }

    /// Takes the one that brings the two nearest.
    pub(super) fn take_best(&mut self, changes: &[Change]) -> Result<(), BuildError> {
        let mut best: Option<(usize, &Change)> = None;
        for change in changes.iter().filter(|change| change.is_plain()) {
            if self.builder.runs > MOST_RUNS {
                break;
            }
            let mut statements = self.statements.clone();
            apply(&mut statements, change);
            let distance = self.distance_of(&statements)?;
            if best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, change));
            }
        }
        match best {
            Some((_, change)) => self.take(std::slice::from_ref(change)),
            None => Ok(()),
        }
    }

    /// The statements with changes, whether they help or not.
    pub(super) fn with(&self, changes: &[Change]) -> Vec<Statement> {
        let mut statements = self.statements.clone();
        for change in changes.iter().filter(|change| change.is_plain()) {
            apply(&mut statements, change);
        }
        statements
    }

    /// Leaves out what does not bring the two nearer; what the markers name stays.
    fn prune(&mut self, marked: &[Statement]) -> Result<(), BuildError> {
        let mut at = 0;
        while let Some(statement) = self.statements.get(at).cloned() {
            if self.builder.runs > MOST_RUNS {
                break;
            }
            let named = |old: &Statement| {
                old.word == statement.word && old.arguments.first() == statement.arguments.first()
            };
            if statement.part == Part::Version || marked.iter().any(named) {
                at += 1;
                continue;
            }
            let mut without = self.statements.clone();
            without.remove(at);
            let distance = self.distance_of(&without)?;
            if distance <= self.distance {
                self.statements = without;
                self.distance = distance;
            } else {
                at += 1;
            }
        }
        Ok(())
    }

    /// The features that have a map as their first argument, with the name of that.
    pub(super) fn maps(&self) -> Vec<(Statement, &'static str)> {
        let features = self.statements.iter().filter(|statement| statement.word == "FEATURE");
        let named = features.filter_map(|statement| {
            let name = statement.arguments.first()?;
            let row = MAPS.iter().find(|(feature, _)| feature.as_bytes() == name)?;
            Some((statement.clone(), row.1))
        });
        named.collect()
    }
}

/// Files that are part of every configuration.
fn is_frame(marker: &Marker) -> bool {
    marker.package && ["cfhead", "cf", "proto", "version"].contains(&&marker.name[..])
}

fn apply(statements: &mut Vec<Statement>, change: &Change) {
    match change {
        Change::Add(new) if statements.contains(new) && new.part != Part::Feature => {}
        Change::Add(new) => {
            let at = statements.partition_point(|old| old.part <= new.part);
            statements.insert(at, new.clone());
        }
        Change::Replace(old, new) => {
            if let Some(place) = statements.iter_mut().find(|statement| *statement == old) {
                *place = new.clone();
            }
        }
    }
}

/// The lines that only the first has, and those that only the second has, as often as they are more.
pub(super) fn differences<'l>(
    one: &'l [Line],
    other: &'l [Line],
) -> (Vec<&'l Line>, Vec<&'l Line>) {
    let mut count: HashMap<&[u8], i64> = HashMap::new();
    for line in other {
        *count.entry(&line.text).or_default() += 1;
    }
    let mut more = Vec::new();
    for line in one {
        let left = count.entry(&line.text).or_default();
        *left -= 1;
        if *left < 0 {
            more.push(line);
        }
    }
    let mut less = Vec::new();
    for line in other.iter().rev() {
        let left = count.entry(&line.text).or_default();
        if *left > 0 {
            *left -= 1;
            less.push(line);
        }
    }
    less.reverse();
    (more, less)
}

/// The sections for lines of one's own.
pub(super) fn section_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SECTIONS.iter().copied()
}
