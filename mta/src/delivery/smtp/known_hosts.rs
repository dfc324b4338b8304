//! What a delivery learns of a host, and what it need not try because an earlier one has (QU-077, QU-079).

use ruleset_vm::{Enhanced, Exit, Status};

use super::{Attempt, Setback, connect};
use crate::delivery::host_status::{Hold, HostStatus};
use crate::protocol::smtp::client::Verdict;
use crate::sys::clock;
use crate::sys::host_status_files::HeldFile;

impl Attempt<'_> {
    /// Why `host` need not be tried yet.
    pub(super) fn known_obstacle(&self, host: &[u8]) -> Option<Setback> {
        let cache = self.context.connections?.borrow();
        let ignores_files = self.mailer.flags.has(b'W');
        let known = cache.statuses.obstacle(host, clock::now(), ignores_files)?;
        let status = match &known.reply {
            None if known.errno != 0 => {
                connect::failure(&std::io::Error::from_raw_os_error(known.errno), host)
            }
            reply => {
                let text = reply.clone().unwrap_or_default();
                Status { enhanced: known.code, ..Status::from_exit(Exit(known.exit), text) }
            }
        };
        Some(Setback::Unreached(status))
    }

    /// Keeps others from `host`, where one connection at a time is wanted.
    pub(super) fn hold(&self, host: &[u8]) -> Result<Option<Hold>, Setback> {
        let Some(cache) = self.context.connections else { return Ok(None) };
        let held = cache.borrow_mut().statuses.hold(host, clock::now());
        held.map_err(|_| {
            let code = Some(Enhanced::new(4, 0, 0));
            Status { enhanced: code, ..Status::from_exit(Exit::TEMPFAIL, Vec::new()) }.into()
        })
    }

    /// Nobody answered at `host`, or nobody who takes part.
    pub(super) fn note_setback(
        &self,
        host: &[u8],
        setback: &Setback,
        errno: i32,
        hold: Option<&HeldFile>,
    ) {
        let (status, reply) = match setback {
            Setback::Unreached(status) => (status, None),
            Setback::Refused(verdict, _) => (&verdict.status, first_line(verdict)),
        };
        let (exit, code) = (status.exit.0, status.enhanced);
        self.note(host, HostStatus { errno, exit, code, reply, ..HostStatus::default() }, hold);
    }

    /// `host` has taken part in a transaction.
    pub(super) fn note_success(&self, host: &[u8], hold: Option<&HeldFile>) {
        let sent = self.report.outcomes.iter().find(|outcome| outcome.status.is_ok());
        let reply = sent.and_then(|_| self.taken.clone());
        let code = sent.map(|sent| sent.status.enhanced.unwrap_or(Enhanced::new(2, 0, 0)));
        self.note(host, HostStatus { code, reply, ..HostStatus::default() }, hold);
    }

    fn note(&self, host: &[u8], status: HostStatus, hold: Option<&HeldFile>) {
        if let Some(cache) = self.context.connections {
            let status = HostStatus { last_used: clock::now(), ..status };
            cache.borrow_mut().statuses.note(host, status, hold);
        }
    }
}

pub(super) fn first_line(verdict: &Verdict) -> Option<Vec<u8>> {
    verdict.reply.as_ref()?.lines.first().cloned()
}
