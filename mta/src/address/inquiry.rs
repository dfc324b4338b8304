//! What `VRFY` and `EXPN` find behind an argument, which is a list of addresses (SM-024, SM-025).

use ruleset_vm::Status;

use super::expand::sort_by_host;
use super::note::{Note, What};
use super::options::ExpandOptions;
use super::walk::{Walk, judge};
use super::worker::Worker;
use crate::message::envelope::{Envelope, Recipient, Route};

/// One address of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is resolved to.
    pub route: Route,
    /// The login name, if it is the account of a user and no alias.
    pub login: Option<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The reply; its text names the address where the code asks for it.
    pub status: Status,
    /// Rules have refused it.
    pub by_rules: bool,
}

/// Resolves a list of addresses: with `expand` what they stand for, else only whether they exist. The order is that of
/// their hosts, last ones first (observed).
///
/// # Errors
/// The first thing that is wrong with any of them.
pub fn inquire(
    worker: &mut Worker,
    list: &[u8],
    options: &ExpandOptions,
    expand: bool,
) -> Result<Vec<Found>, Refused> {
    let options = ExpandOptions { verify_only: !expand, ..options.clone() };
    let mut envelope = Envelope::default();
    let mut flaw: Option<Note> = None;
    worker.take_postponed();
    worker.take_messages();
    worker.take_failures();
    let mut note = |note: Note| {
        let is_flaw = match &note.what {
            What::Trouble(..) => false,
            What::Doubtful(_) => true,
            _ => note.exit().is_some(),
        };
        if is_flaw && flaw.is_none() {
            flaw = Some(note);
        }
    };
    let mut walk = Walk::new(worker, &options, &mut envelope, &mut note, expand);
    walk.named(list);
    let origins = walk.members.into_iter().map(|it| (it.turn, it.has_account())).collect();
    let accounts = sort_by_host(&mut envelope, origins);
    worker.take_messages();
    worker.take_postponed();
    if let Some(note) = flaw {
        return Err(refused(&note, &envelope.recipients));
    }
    let recipients = envelope.recipients.into_iter().zip(accounts);
    Ok(recipients.filter_map(|(recipient, account)| found(recipient, account)).collect())
}

fn refused(note: &Note, recipients: &[Recipient]) -> Refused {
    // what rules say is told before the address is entered, all else behind that
    let mut entered = recipients.iter().filter(|recipient| recipient.address == note.address);
    let by_rules = matches!(note.what, What::Failed(_) | What::Doubtful(_))
        && entered.all(|recipient| recipient.route.as_ref().is_some_and(Route::is_error));
    let status = match &note.what {
        What::Doubtful(status) => status.clone(),
        _ => note.refusal().unwrap_or_else(judge::user_unknown),
    };
    Refused { status, by_rules }
}

/// What waits for a map is answered as it stands (observed).
fn found(recipient: Recipient, account: bool) -> Option<Found> {
    let route = recipient.route.filter(|_| recipient.state.waits())?;
    let login = account.then(|| judge::login(&route.user).0);
    Some(Found { route, login })
}
