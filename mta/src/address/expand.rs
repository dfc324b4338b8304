//! Recipients as given to recipients as delivered to: aliases, `.forward`, `:include:`, ruleset 5,
//! local users, owners of lists (AD-001..AD-056).
//!
//! Behaviour observed with sendmail 8.17.1.9 unless a row or section is named.

use std::collections::HashMap;

pub use super::note::{Note, Undelivered, What};
pub use super::options::ExpandOptions;
pub use super::verify::{
    Resolved, is_direct_mailer, is_direct_refusal, is_loop, is_program_refusal, resolve_recipient,
    verify_line, verify_lines,
};
use super::walk::Walk;
use super::worker::Worker;
use crate::message::envelope::{Envelope, Recipient, RecipientState};

/// Members of lists with one owner: they get an envelope of their own (AD-018).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The sender of that envelope.
    pub owner: Vec<u8>,
    /// Indices into the recipients, ascending.
    pub recipients: Vec<usize>,
}

/// What an expansion asks for beyond the recipients it has put in the envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// In the order of the first member of each.
    pub splits: Vec<Split>,
}

/// Resolves every pending recipient of the envelope that has no route yet. Recipients are afterwards
/// in order of their hosts; those replaced by others are [`RecipientState::Expanded`], and what cannot
/// be resolved has failed or is deferred. Map look-ups, users and files are asked; calls block.
pub fn expand(
    worker: &mut Worker,
    envelope: &mut Envelope,
    options: &ExpandOptions,
    notes: &mut dyn FnMut(Note),
) -> Expansion {
    run(worker, envelope, (options, false), notes)
}

/// [`expand`]; whether the first error is to end it.
fn run(
    worker: &mut Worker,
    envelope: &mut Envelope,
    (options, stops): (&ExpandOptions, bool),
    notes: &mut dyn FnMut(Note),
) -> Expansion {
    let sender = envelope.sender.clone();
    let given = envelope.recipients.len();
    worker.take_postponed();
    let mut walk = Walk::new(worker, options, envelope, notes, stops);
    let mut index = 0;
    while index < given {
        let end = end_of_list(walk.recipients, index).min(given);
        let open = walk.recipients.get(index).is_some_and(|recipient| {
            recipient.state == RecipientState::Pending && recipient.route.is_none()
        });
        if open {
            walk.submitted(index..end);
        }
        index = end;
    }
    let origins = walk.members.into_iter().map(|member| (member.turn, member.owner)).collect();
    let waits =
        envelope.recipients.iter().any(|it| matches!(it.state, RecipientState::Deferred(_)));
    let reason = worker.take_postponed();
    if let (true, Some(reason)) = (waits, reason) {
        envelope.message = Some(reason);
    }
    let owners = sort_by_host(envelope, origins);
    collect(envelope, owners, &sender)
}

/// Where the recipients end that were named in one list with the one at `index`.
fn end_of_list(recipients: &[Recipient], index: usize) -> usize {
    let follows =
        |recipient: &&Recipient| recipient.listed.as_ref().is_some_and(|listed| !listed.is_last);
    let behind = recipients.get(index + 1..).unwrap_or_default();
    index + 1 + behind.iter().take_while(follows).count()
}

/// Resolves the recipients as [`expand`] does, until something is wrong with them; what was said.
///
/// # Errors
/// What is wrong.
pub fn expand_faultless(
    worker: &mut Worker,
    envelope: &mut Envelope,
    options: &ExpandOptions,
) -> Result<(Expansion, Vec<Note>), Note> {
    let mut notes = Vec::new();
    let expansion = run(worker, envelope, (options, true), &mut |note| notes.push(note));
    match notes.iter().position(Note::is_flaw) {
        Some(at) => Err(notes.swap_remove(at)),
        None => Ok((expansion, notes)),
    }
}

/// AD-093: by host, ignoring case; otherwise the order in which they were found. What goes with each recipient
/// stands beside the turn in which it was entered.
pub(super) fn sort_by_host<T>(envelope: &mut Envelope, origins: Vec<(usize, T)>) -> Vec<T> {
    let recipients = std::mem::take(&mut envelope.recipients);
    let mut pairs: Vec<_> = recipients.into_iter().zip(origins).collect();
    pairs.sort_by_cached_key(|(recipient, (turn, _))| {
        let host = recipient.route.as_ref().map(|route| route.host.to_ascii_lowercase());
        (host.unwrap_or_default(), *turn)
    });
    let (recipients, origins): (Vec<_>, Vec<(usize, T)>) = pairs.into_iter().unzip();
    envelope.recipients = recipients;
    origins.into_iter().map(|(_, beside)| beside).collect()
}

fn collect(envelope: &Envelope, owners: Vec<Option<Vec<u8>>>, sender: &[u8]) -> Expansion {
    let mut expansion = Expansion::default();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    for (index, (recipient, owner)) in envelope.recipients.iter().zip(owners).enumerate() {
        let Some(owner) = owner else { continue };
        match recipient.state {
            RecipientState::Expanded | RecipientState::Duplicate => {}
            _ if owner == sender => {}
            _ => match known.get(&owner).and_then(|&at| expansion.splits.get_mut(at)) {
                Some(split) => split.recipients.push(index),
                None => {
                    known.insert(owner.clone(), expansion.splits.len());
                    expansion.splits.push(Split { owner, recipients: vec![index] });
                }
            },
        }
    }
    expansion
}

#[cfg(test)]
mod tests;
