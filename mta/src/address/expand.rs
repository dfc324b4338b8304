//! Recipients to deliveries: aliases, programs, files, local users (AD-001..AD-056).

use std::collections::HashSet;

use ruleset_vm::{Enhanced, Exit, Role, Status, Target};

use super::worker::Worker;
use crate::config::site::Site;
use crate::events::{Event, Happening, Severity};
use crate::message::address_list::{ListStyle, elements};
use crate::message::envelope::{ControllingUser, Envelope, Recipient, RecipientState, Route};
use crate::sys::users;

/// Options that expansion reads.
#[derive(Clone, Debug)]
pub struct ExpandOptions {
    /// MaxAliasRecursion.
    pub max_depth: usize,
    /// Who runs programs and writes files that aliases name.
    pub default_user: ControllingUser,
}

impl ExpandOptions {
    /// The options of a site.
    #[must_use]
    pub fn of_site(site: &Site, default_user: &ControllingUser) -> Self {
        let max = site.configuration.options.number("MaxAliasRecursion", 10);
        Self {
            max_depth: usize::try_from(max).unwrap_or(10),
            default_user: default_user.clone(),
        }
    }
}

/// Something worth telling while addresses are expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// `X... aliased to a, b`
    Aliased {
        /// The alias.
        name: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
}

impl Note {
    /// The line that `-v` shows.
    #[must_use]
    pub fn verbose(&self) -> Option<Vec<u8>> {
        let Self::Aliased { name, value } = self;
        Some([name.as_slice(), b"... aliased to ", value].concat())
    }

    /// What the log says.
    #[must_use]
    pub fn event(&self, id: &[u8]) -> Option<Event> {
        let Self::Aliased { name, value } = self;
        Some(Event {
            id: Some(id.to_vec()),
            severity: Severity::Info,
            level: 10,
            what: Happening::Alias { name: name.clone(), value: value.clone() },
        })
    }
}

/// Members that leave the envelope because their list has an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The sender of their own envelope.
    pub owner: Vec<u8>,
    /// Indices into the envelope's recipients.
    pub recipients: Vec<usize>,
}

/// The result of an expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Envelopes to be split off.
    pub splits: Vec<Split>,
}

/// What `RCPT` learns of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Name of the mailer.
    pub mailer_name: Vec<u8>,
    /// `$@`
    pub host: Vec<u8>,
    /// `$:`
    pub user: Vec<u8>,
}

fn user_unknown() -> Status {
    Status::from_reply(Exit::NOUSER, 550, Enhanced::new(5, 1, 1), "User unknown")
}

/// Resolves one address as it comes from RCPT.
///
/// # Errors
/// The reply that refuses it.
pub fn verify_recipient(
    worker: &mut Worker,
    address: &[u8],
    _options: &ExpandOptions,
) -> Result<Resolved, Status> {
    let Some(parsed) = worker.parse(address, Role::default()) else { return Err(user_unknown()) };
    let (index, host, user) = match parsed.triple.mailer {
        Target::Error(status) => return Err(status),
        Target::Mailer(index) => (index, parsed.triple.host, parsed.triple.user),
    };
    let site = worker.site.clone();
    let Some(mailer) = site.mailers.get(index) else { return Err(user_unknown()) };
    if mailer.flags.has(b'w') && !has_alias(worker, &user) && !exists(&user) {
        return Err(user_unknown());
    }
    Ok(Resolved {
        mailer_name: mailer.name.clone(),
        host: host.unwrap_or_default(),
        user,
    })
}

fn has_alias(worker: &mut Worker, user: &[u8]) -> bool {
    matches!(worker.lookup(b"aliases", user, &[]), mapper::Answer::Found(_))
}

fn exists(user: &[u8]) -> bool {
    users::by_name(user).ok().flatten().is_some()
}

/// Resolves every pending recipient without a route.
pub fn expand(
    worker: &mut Worker,
    envelope: &mut Envelope,
    options: &ExpandOptions,
    notes: &mut dyn FnMut(Note),
) -> Expansion {
    let mut seen: HashSet<(usize, Vec<u8>, Vec<u8>)> = HashSet::new();
    let mut depth = vec![0usize; envelope.recipients.len()];
    let mut index = 0;
    while index < envelope.recipients.len() {
        let open = envelope.recipients[index].route.is_none()
            && matches!(
                envelope.recipients[index].state,
                RecipientState::Pending | RecipientState::Deferred(_)
            );
        if open {
            let members = one(worker, &mut envelope.recipients[index], depth[index], options, notes);
            for member in members {
                envelope.recipients.push(member);
                depth.push(depth[index] + 1);
            }
            if let Some(route) = envelope.recipients[index].route.clone()
                && !seen.insert((route.mailer, route.host, route.user))
            {
                envelope.recipients[index].state = RecipientState::Duplicate;
            }
        }
        index += 1;
    }
    Expansion::default()
}

/// Resolves one recipient; returns the members if it is an alias.
fn one(
    worker: &mut Worker,
    recipient: &mut Recipient,
    depth: usize,
    options: &ExpandOptions,
    notes: &mut dyn FnMut(Note),
) -> Vec<Recipient> {
    recipient.state = RecipientState::Pending;
    let Some(parsed) = worker.parse(&recipient.address, Role::default()) else {
        recipient.state = RecipientState::Failed(user_unknown());
        return Vec::new();
    };
    let (mailer, triple) = match &parsed.triple.mailer {
        Target::Error(status) if status.retry => {
            recipient.state = RecipientState::Deferred(status.clone());
            return Vec::new();
        }
        Target::Error(status) => {
            recipient.state = RecipientState::Failed(status.clone());
            return Vec::new();
        }
        Target::Mailer(index) => (*index, parsed.triple.clone()),
    };
    let site = worker.site.clone();
    let Some(row) = site.mailers.get(mailer) else { return Vec::new() };
    if row.flags.has(b'A')
        && let mapper::Answer::Found(value) = worker.lookup(b"aliases", &triple.user, &[])
    {
        notes(Note::Aliased { name: recipient.address.clone(), value: value.clone() });
        if depth >= options.max_depth {
            let code = Enhanced::new(5, 4, 6);
            let text = "aliasing/forwarding loop broken";
            recipient.state =
                RecipientState::Failed(Status::from_reply(Exit::UNAVAILABLE, 554, code, text));
            return Vec::new();
        }
        let members = elements(&value, ListStyle::Commas)
            .into_iter()
            .map(|member| {
                let mut flags = recipient.flags;
                flags.primary = false;
                flags.from_alias = true;
                Recipient {
                    flags,
                    alias: Some(recipient.address.clone()),
                    controlling_user: Some(options.default_user.clone()),
                    ..Recipient::primary(member)
                }
            })
            .collect();
        recipient.state = RecipientState::Expanded;
        return members;
    }
    if row.flags.has(b'w') && !exists(&triple.user) {
        recipient.state = RecipientState::Failed(user_unknown());
        return Vec::new();
    }
    recipient.route =
        Some(Route { mailer, host: triple.host.unwrap_or_default(), user: triple.user });
    Vec::new()
}

/// What `-bv` says of each recipient, with the exit status.
#[must_use]
pub fn verify_lines(site: &Site, envelope: &Envelope) -> Vec<(Vec<u8>, u8)> {
    envelope
        .recipients
        .iter()
        .filter_map(|recipient| match (&recipient.state, &recipient.route) {
            (RecipientState::Failed(status), _) => {
                let line = [recipient.address.as_slice(), b"... ", &status.text].concat();
                Some((line, status.exit.0))
            }
            (_, Some(route)) => {
                let mailer = site.mailers.get(route.mailer)?;
                let mut line =
                    [&recipient.address[..], b"... deliverable: mailer ", &mailer.name].concat();
                if !route.host.is_empty() {
                    line.extend([b", host ", &route.host[..]].concat());
                }
                line.extend([b", user ", &route.user[..]].concat());
                Some((line, 0))
            }
            _ => None,
        })
        .collect()
}
