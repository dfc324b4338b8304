//! One run of rules within a session, and whoever looks on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ruleset_vm::trace::Tracer;
use ruleset_vm::{Parsed, Role};

use super::Verdict;
use crate::story::Story;

/// What rules were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A hook ruleset.
    Hook {
        /// Its name.
        ruleset: Vec<u8>,
        /// Its arguments, `$|` between them.
        arguments: Vec<Vec<u8>>,
    },
    /// Where an address goes.
    Address {
        /// The address.
        address: Vec<u8>,
        /// What it is.
        role: Role,
    },
    /// The form of an address for a mailer, or of a sender in general.
    Form(Vec<u8>),
    /// Ruleset 5 on a user without an alias.
    User(Vec<u8>),
    /// Rulesets that somebody has named, on a text that was typed.
    Typed {
        /// Their names as typed.
        rulesets: Vec<u8>,
        /// The text.
        text: Vec<u8>,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A workspace, which the story ends with.
    Workspace,
    /// A verdict.
    Verdict(Verdict),
    /// A triple; none for an address with nothing in it.
    Triple(Option<Parsed>),
}

/// A run of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What was asked.
    pub asked: Asked,
    /// What happened.
    pub story: Story,
    /// What came of it.
    pub said: Said,
}

/// Collects the runs of those who work for a session.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    runs: Vec<Run>,
    tracer: Option<Box<dyn Tracer + Send>>,
}

impl Watch {
    /// One that also passes every event on.
    #[must_use]
    pub fn with(tracer: Box<dyn Tracer + Send>) -> Self {
        let watched = Watched { runs: Vec::new(), tracer: Some(tracer) };
        Self(Arc::new(Mutex::new(watched)))
    }

    /// What has run since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Run> {
        std::mem::take(&mut self.lock().runs)
    }

    /// Adds a run.
    pub fn ran(&self, asked: Asked, story: Story) {
        self.lock().runs.push(Run { asked, story, said: Said::Workspace });
    }

    /// What came of the last run.
    pub fn said(&self, said: Said) {
        if let Some(run) = self.lock().runs.last_mut() {
            run.said = said;
        }
    }

    /// Lends whoever else looks on.
    pub fn listen(&self, tell: impl FnOnce(&mut dyn Tracer)) {
        if let Some(tracer) = &mut self.lock().tracer {
            tell(tracer.as_mut());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
