//! The sender of a message as rules see it. They are asked once for each message: when it comes in, when it is
//! taken from the queue, when the owner of a list becomes the sender (observed).

use ruleset_vm::{Enhanced, Exit, Parsed, Role, Status, Target, Triple};

use super::walk::judge::direct_refusal;
use super::worker::Worker;
use crate::message::envelope::{Envelope, ResolvedSender, Route};

/// A sender's address in the envelope.
const ROLE: Role = Role { header: false, sender: true };

/// The route of a triple that is no error.
pub(super) fn route(parsed: &Parsed) -> Option<Route> {
    let Target::Mailer(mailer) = parsed.triple.mailer else { return None };
    let host = parsed.triple.host.clone().unwrap_or_default();
    Some(Route { mailer, host, user: parsed.triple.user.clone() })
}

/// The sender as rules are asked about it: nobody is `<>`.
#[must_use]
pub fn named(envelope: &Envelope) -> &[u8] {
    if envelope.sender.is_empty() { b"<>" } else { &envelope.sender }
}

/// What rules have made of an address, as a sender: a program, a file or a list is none, whoever names it (observed).
#[must_use]
pub fn judged(worker: &Worker, parsed: Parsed) -> Parsed {
    let mailer = match parsed.triple.mailer {
        Target::Mailer(number) => worker.site.mailers.get(number),
        Target::Error(_) => None,
    };
    if mailer.is_none_or(|mailer| direct_refusal(&mailer.name).is_none()) {
        return parsed;
    }
    let text = "Invalid sender address";
    let status = Status::from_reply(Exit::USAGE, 553, Enhanced::new(5, 1, 7), text);
    Parsed { triple: Triple { mailer: Target::Error(status), ..parsed.triple }, ..parsed }
}

/// Where mail to the sender would go: rulesets 3 and 0. What is said about it was said when the message came in.
pub fn route_to(worker: &mut Worker, address: &[u8]) -> Option<Route> {
    let parsed = worker.parse(address, ROLE);
    worker.take_messages();
    parsed.as_ref().and_then(route)
}

/// A sender whose route is known: rulesets 3, 1 and 4, and once more where its domain is wanted (observed).
pub fn complete(worker: &mut Worker, address: &[u8], route: Option<Route>) -> ResolvedSender {
    let canonical = worker.canonical_sender(address);
    let site = worker.site.clone();
    let mailer = route.as_ref().and_then(|route| site.mailers.get(route.mailer));
    let wanted = mailer.is_some_and(|mailer| mailer.flags.has(b'C'));
    let domain = wanted.then(|| worker.canonical_sender(address)).and_then(|again| {
        let at = again.iter().rposition(|byte| *byte == b'@')?;
        Some(again[at..].to_vec())
    });
    ResolvedSender { route, canonical, domain }
}

/// All that rules say of a sender.
pub fn resolve(worker: &mut Worker, address: &[u8]) -> ResolvedSender {
    let route = route_to(worker, address);
    complete(worker, address, route)
}
