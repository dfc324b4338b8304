//! Which statement, or which file of the package, a built line comes from.

use std::collections::{HashMap, HashSet};

use super::lines::{Line, aligned, lines};
use super::mc::{Part, Statement};
use super::package::{BuildError, Builder};

/// Where a line comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A statement: index into the proposal.
    Statement(usize),
    /// A file of the package that every configuration has, without its folder's folder: `m4/proto.m4`.
    Frame(String),
    /// The file was edited by hand, or what made it is not in the package.
    Hand,
    /// The file has no line like it, and the package was not asked.
    Unknown,
    /// Shaped as what a feature or mailer makes: its name.
    Shape(String),
}

/// The origin of each line that the statements build.
pub(super) fn origins(
    builder: &mut Builder<'_>,
    statements: &[Statement],
) -> Result<Vec<(Line, Origin)>, BuildError> {
    let built = builder.lines(statements)?;
    let sources = sources(&builder.with_sources(statements)?);
    let mut losses: Vec<(usize, HashSet<usize>)> = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        if statement.part == Part::Version {
            continue;
        }
        let mut without = statements.to_vec();
        without.remove(index);
        let rest = builder.lines(&without)?;
        let kept: HashSet<usize> = aligned(&built, &rest).into_iter().map(|(own, _)| own).collect();
        losses.push((index, (0..built.len()).filter(|at| !kept.contains(at)).collect()));
    }
    // The fewer lines are lost, the more a statement is about them.
    losses.sort_by_key(|(_, lost)| lost.len());
    let attributed = built.into_iter().enumerate().map(|(at, line)| {
        let source = sources.get(&line.text);
        let own = source.and_then(|source| statement_of(source, statements));
        let loss = losses.iter().find(|(_, lost)| lost.contains(&at)).map(|(index, _)| *index);
        let origin = match (own, loss, source) {
            // An argument or a define is more than the file that it is used in.
            (Some(own), Some(loss), _) if is_setting(statements, loss) && own != loss => {
                Origin::Statement(loss)
            }
            (Some(own), ..) => Origin::Statement(own),
            (None, Some(loss), _) => Origin::Statement(loss),
            (None, None, Some(source)) => Origin::Frame(source.clone()),
            (None, None, None) => Origin::Frame("m4/proto.m4".to_owned()),
        };
        (line, origin)
    });
    Ok(attributed.collect())
}

fn is_setting(statements: &[Statement], index: usize) -> bool {
    statements.get(index).is_some_and(|statement| {
        !matches!(statement.part, Part::Ostype | Part::Domain | Part::Feature | Part::Mailer)
    })
}

/// The statement that reads a file of the package: `feature/access_db.m4`.
fn statement_of(source: &str, statements: &[Statement]) -> Option<usize> {
    let (folder, file) = source.split_once('/')?;
    let name = file.strip_suffix(".m4")?;
    let word = super::mc::Folder::ALL.iter().find(|(_, own, _)| *own == folder)?.2;
    statements.iter().position(|statement| {
        statement.word == word
            && statement.arguments.first().is_some_and(|own| own == name.as_bytes())
    })
}

/// The file that each line comes from, as m4's own `#line` tells it: folder and name.
fn sources(bytes: &[u8]) -> HashMap<Vec<u8>, String> {
    let mut current = String::new();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut by_number: Vec<String> = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(rest) = line.strip_prefix(b"#line ") {
            if let Some(file) = quoted(rest) {
                current = file;
            }
            continue;
        }
        plain.extend_from_slice(line);
        by_number.push(current.clone());
    }
    let mut out = HashMap::new();
    for line in lines(&plain) {
        let index = usize::try_from(line.number).unwrap_or(0).saturating_sub(1);
        if let Some(source) = by_number.get(index) {
            out.entry(line.text).or_insert_with(|| source.clone());
        }
    }
    out
}

/// The last two parts of the path of `12 "/path/feature/x.m4"`.
fn quoted(text: &[u8]) -> Option<String> {
    let start = memchr::memchr(b'"', text)? + 1;
    let rest = text.get(start..)?;
    let path = rest.get(..memchr::memchr(b'"', rest)?)?;
    let path = String::from_utf8_lossy(path).into_owned();
    let parts: Vec<&str> = path.rsplitn(3, '/').collect();
    Some(match parts[..] {
        [file, folder, ..] => format!("{folder}/{file}"),
        _ => path,
    })
}
