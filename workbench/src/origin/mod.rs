//! Where the lines of a configuration come from: which FEATURE, MAILER or LOCAL_ section of sendmail's
//! m4 package made them, and which were changed by hand.
//!
//! With the package at hand the source of the file is sought: statements that build it again, checked
//! by building. Without, the comments that files of the package leave and the shapes of their lines
//! tell something.

mod attribute;
mod lines;
mod markers;
mod mc;
mod names;
mod package;
mod propose;
mod report;
mod sections;
mod shapes;
mod suggest;
mod templates;

pub use attribute::Origin;
pub use lines::{Line, lines};
pub use markers::{Marker, built, markers};
pub use mc::{Folder, Part, Statement, write as write_mc};
pub use package::{BuildError, Package};
pub use report::{Section, object, text};
pub use shapes::{shape, shapes};

use lines::aligned;
use package::Builder;

/// What is found out about a file.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The statements that build it, as far as they were found.
    pub statements: Vec<Statement>,
    /// Lines one after the other that come from the same.
    pub sections: Vec<Section>,
    /// Lines that the statements build and the file has not.
    pub missing: Vec<Line>,
    /// The comments of the package's files.
    pub markers: Vec<Marker>,
    /// Comments of files that the package does not have.
    pub unknown: Vec<Marker>,
    /// The package was asked.
    pub rebuilt: bool,
    /// How often m4 was run.
    pub runs: usize,
}

impl Provenance {
    /// Whether the statements build the file again, comments and empty lines aside, line for line.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.rebuilt && self.missing.is_empty() && self.edited().next().is_none()
    }

    /// The sections that were changed by hand.
    pub fn edited(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.origin == Origin::Hand)
    }

    /// The proposal as an mc file.
    #[must_use]
    pub fn mc(&self) -> Vec<u8> {
        write_mc(&self.statements)
    }
}

/// Looks for the source of a file with the help of the package.
///
/// # Errors
/// m4 cannot be run.
pub fn with_package(bytes: &[u8], package: &mut dyn Package) -> Result<Provenance, BuildError> {
    let mut builder = Builder::new(package);
    let search = propose::search(bytes, &mut builder)?;
    let (statements, target, unknown) = (search.statements, search.target, search.unknown);
    let origins = attribute::origins(&mut builder, &statements)?;
    let built: Vec<Line> = origins.iter().map(|(line, _)| line.clone()).collect();
    let pairs = aligned(&built, &target);
    let mut of_target = vec![Origin::Hand; target.len()];
    let mut used = vec![false; built.len()];
    for (own, index) in pairs {
        if let (Some(place), Some((_, origin))) = (of_target.get_mut(index), origins.get(own)) {
            *place = origin.clone();
        }
        if let Some(used) = used.get_mut(own) {
            *used = true;
        }
    }
    let missing = built.into_iter().zip(used).filter(|(_, used)| !used).map(|(line, _)| line);
    Ok(Provenance {
        sections: report::sections(&target, of_target),
        missing: missing.collect(),
        markers: markers(bytes),
        unknown,
        rebuilt: true,
        runs: builder.runs,
        statements,
    })
}

/// What the comments and the shapes of lines tell.
#[must_use]
pub fn without_package(bytes: &[u8]) -> Provenance {
    let target = lines(bytes);
    let of_target = target.iter().map(|line| shapes::origin(&line.text)).collect();
    Provenance {
        sections: report::sections(&target, of_target),
        markers: markers(bytes),
        ..Provenance::default()
    }
}
