//! What the m4 package is asked.

use std::collections::HashMap;

use thiserror::Error;

use super::lines::{Line, lines};
use super::mc::{Folder, Statement, write};

/// The package cannot build.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BuildError(pub String);

/// The m4 package on some machine.
pub trait Package {
    /// What m4 makes of an mc file; with `lines`, with m4's own `#line` in front of what comes from
    /// another file.
    ///
    /// # Errors
    /// m4 cannot be run.
    fn build(&mut self, mc: &[u8], lines: bool) -> Result<Vec<u8>, BuildError>;

    /// Whether there is a file of this name, without `.m4`.
    fn has(&mut self, folder: Folder, name: &str) -> bool;

    /// The names of all files of a folder, without `.m4`, sorted.
    fn names(&mut self, folder: Folder) -> Vec<String>;
}

/// A package that remembers what it was asked.
pub(super) struct Builder<'p> {
    package: &'p mut dyn Package,
    built: HashMap<Vec<u8>, Vec<u8>>,
    /// How often m4 was run.
    pub(super) runs: usize,
}

impl<'p> Builder<'p> {
    pub(super) fn new(package: &'p mut dyn Package) -> Self {
        Self { package, built: HashMap::new(), runs: 0 }
    }

    /// The file that statements make.
    pub(super) fn file(&mut self, statements: &[Statement]) -> Result<Vec<u8>, BuildError> {
        let mc = write(statements);
        if let Some(known) = self.built.get(&mc) {
            return Ok(known.clone());
        }
        self.runs += 1;
        let built = self.package.build(&mc, false)?;
        self.built.insert(mc, built.clone());
        Ok(built)
    }

    /// The lines of that file.
    pub(super) fn lines(&mut self, statements: &[Statement]) -> Result<Vec<Line>, BuildError> {
        Ok(lines(&self.file(statements)?))
    }

    /// The file with m4's own `#line`.
    pub(super) fn with_sources(&mut self, statements: &[Statement]) -> Result<Vec<u8>, BuildError> {
        self.runs += 1;
        self.package.build(&write(statements), true)
    }

    pub(super) fn has(&mut self, folder: Folder, name: &str) -> bool {
        self.package.has(folder, name)
    }

    pub(super) fn names(&mut self, folder: Folder) -> Vec<String> {
        self.package.names(folder)
    }
}
