//! The sections for lines of one's own: where each comes out in the file, and which lines stand there.

use super::lines::{Line, aligned};
use super::mc::{Part, Statement};
use super::package::BuildError;
use super::propose::{Change, Search, section_names};

/// Where the lines of a section come out: in front of this line of what is built, or one up to there.
struct Region {
    word: &'static str,
    from: usize,
    to: usize,
}

/// Gives the lines that only the file has to the sections in whose place they stand.
pub(super) fn fill(search: &mut Search<'_, '_>) -> Result<(), BuildError> {
    if search.distance == 0 {
        return Ok(());
    }
    let built = search.builder.lines(&search.statements)?;
    let mut regions = regions(search)?;
    regions.sort_by_key(|region| region.to - region.from);
    let mut found: Vec<Vec<Vec<u8>>> = vec![Vec::new(); regions.len()];
    for (at, line) in own_lines(&built, &search.target) {
        let fits = |region: &Region| (region.from..=region.to).contains(&at);
        if let Some(own) = regions.iter().position(fits).and_then(|index| found.get_mut(index)) {
            own.push(line.text.clone());
        }
    }
    for (region, lines) in regions.iter().zip(found) {
        if !lines.is_empty() {
            let lines: Vec<&[u8]> = lines.iter().map(|line| &line[..]).collect();
            let statement = Statement::new(Part::Local, region.word, &lines);
            search.take(&[Change::Add(statement)])?;
        }
    }
    Ok(())
}

/// The lines that only the file has, each with the line of what is built that follows it.
fn own_lines<'t>(built: &[Line], target: &'t [Line]) -> Vec<(usize, &'t Line)> {
    let pairs = aligned(built, target);
    let mut pairs = pairs.into_iter().peekable();
    let mut out = Vec::new();
    for (index, line) in target.iter().enumerate() {
        let next = pairs.peek().copied();
        match next {
            Some((_, own)) if own == index => {
                pairs.next();
            }
            Some((at, _)) => out.push((at, line)),
            None => out.push((built.len(), line)),
        }
    }
    out
}

/// Where each section comes out, found out with a line that is nowhere else.
fn regions(search: &mut Search<'_, '_>) -> Result<Vec<Region>, BuildError> {
    let mut out = Vec::new();
    for (word, probe) in section_names() {
        let statement = Statement::new(Part::Local, word, &[probe.as_bytes()]);
        let mut statements = search.statements.clone();
        statements.insert(0, statement.clone());
        statements.push(statement);
        let built = search.builder.lines(&statements)?;
        let is_probe = |line: &Line| line.text == probe.as_bytes();
        let first = built.iter().position(is_probe);
        let last = built.iter().rposition(is_probe);
        if let (Some(from), Some(last)) = (first, last)
            && from < last
        {
            out.push(Region { word, from, to: last - 1 });
        }
    }
    Ok(out)
}
