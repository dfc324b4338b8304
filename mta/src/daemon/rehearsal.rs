//! A session that is played without a network and without a queue: what is asked of it beside SMTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use ruleset_vm::{Enhanced, Exit, Status};
use workbench::session::Watch;

use super::smtp_session::Server;
use crate::address::worker::Verdict;
use crate::protocol::smtp::server::Session;

/// Something that happens beside the dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// TLS is started; the macros that tell of it.
    Tls(Vec<(Vec<u8>, Vec<u8>)>),
    /// The client has authenticated itself; the macros that tell of it.
    Auth(Vec<(Vec<u8>, Vec<u8>)>),
    /// Rulesets, with their names as typed, are applied to a text.
    Ask {
        /// Their numbers.
        rulesets: Vec<usize>,
        /// Their names.
        names: Vec<u8>,
        /// The text.
        text: Vec<u8>,
    },
}

/// What the player and the session share.
#[derive(Clone, Default)]
pub struct Rehearsal {
    /// Collects the runs of rules.
    pub watch: Watch,
    asides: Arc<Mutex<VecDeque<Aside>>>,
}

impl Rehearsal {
    /// A rehearsal whose runs are collected there.
    #[must_use]
    pub fn watched_by(watch: Watch) -> Self {
        Self { watch, asides: Arc::default() }
    }

    /// Lets something happen before the next command is read.
    pub fn happen(&self, aside: Aside) {
        self.asides.lock().unwrap_or_else(PoisonError::into_inner).push_back(aside);
    }

    fn next(&self) -> Option<Aside> {
        self.asides.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Server<'_> {
    /// Does what is to happen beside the dialogue; whether there was anything.
    pub(super) fn asides(&mut self, session: &mut Session) -> bool {
        let Some(rehearsal) = self.post.rehearsal.clone() else { return false };
        let mut any = false;
        while let Some(aside) = rehearsal.next() {
            any = true;
            match aside {
                Aside::Tls(macros) => self.pretend_tls(&macros, session),
                Aside::Auth(macros) => {
                    self.define(&macros);
                    session.authenticate();
                }
                Aside::Ask { rulesets, names, text } => {
                    self.intake.worker().apply(&rulesets, &names, &text);
                }
            }
        }
        any
    }

    fn define(&mut self, macros: &[(Vec<u8>, Vec<u8>)]) {
        for (name, value) in macros {
            self.intake.set_session_macro(name, value);
        }
    }

    /// What follows a handshake: srv_features again, and tls_client (RS-123, RS-128).
    fn pretend_tls(&mut self, macros: &[(Vec<u8>, Vec<u8>)], session: &mut Session) {
        self.define(macros);
        self.intake.abandon();
        self.in_transaction = false;
        let (features, mut refusal) = self.features();
        let verified = self.intake.worker().macros.value(b"verify");
        match self.judge("tls_client", &[&verified, b"STARTTLS"]) {
            Verdict::Reject(status) => refusal = Some(or_authentication(status)),
            Verdict::Discard => self.intake.discard_all(),
            Verdict::Accept | Verdict::Quarantine(_) => {}
        }
        session.tls_started(features);
        if let Some(status) = refusal {
            session.refuse(&status);
        }
    }
}

/// A refusal without a text of its own asks for authentication (RS-123).
fn or_authentication(status: Status) -> Status {
    if !status.text.is_empty() {
        return status;
    }
    let code = Enhanced::new(5, 7, 0);
    Status::from_reply(Exit::UNAVAILABLE, 503, code, "Authentication required.")
}
