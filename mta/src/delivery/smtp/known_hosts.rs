//! What a delivery learns of a host, and what it need not try because an earlier one has (QU-077, QU-079).

use ruleset_vm::{Enhanced, Exit, Status};

use super::{Attempt, Setback, connect};
use crate::delivery::host_status::HostStatus;
use crate::protocol::smtp::client::Verdict;
use crate::sys::clock;

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

    /// Nobody answered at `host`, or nobody who takes part.
    pub(super) fn note_setback(&self, host: &[u8], setback: &Setback, errno: i32) {
        let (status, reply) = match setback {
            Setback::Unreached(status) => (status, None),
            Setback::Refused(verdict, _) => (&verdict.status, first_line(verdict)),
        };
        self.note(
            host,
            HostStatus {
                errno,
                exit: status.exit.0,
                code: status.enhanced,
                reply,
                ..HostStatus::default()
            },
        );
    }

    /// `host` has taken part in a transaction.
    pub(super) fn note_success(&self, host: &[u8]) {
        let sent = self.report.outcomes.iter().find(|outcome| outcome.status.is_ok());
        let reply = sent.and_then(|_| self.taken.clone());
        let code = sent.map(|sent| sent.status.enhanced.unwrap_or(Enhanced::new(2, 0, 0)));
        self.note(host, HostStatus { code, reply, ..HostStatus::default() });
    }

    fn note(&self, host: &[u8], status: HostStatus) {
        if let Some(cache) = self.context.connections {
            let status = HostStatus { last_used: clock::now(), ..status };
            cache.borrow_mut().statuses.note(host, status);
        }
    }
}

pub(super) fn first_line(verdict: &Verdict) -> Option<Vec<u8>> {
    verdict.reply.as_ref()?.lines.first().cloned()
}
