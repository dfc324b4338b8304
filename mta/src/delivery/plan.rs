//! Groups the recipients of an envelope into deliveries: one mailer, one host, one user (pure).
//!
//! Recipients are ordered by host, ignoring case, and stay in their order within one host (AD-093);
//! the mailer is no part of the order. Observed with sendmail 8.17.1.9: a mailer with flag `l` takes
//! recipients of different hosts in one invocation (`$h` is that of the first).

use std::collections::HashMap;

use crate::config::mailer::{Mailer, Transport};
use crate::message::envelope::{ControllingUser, Recipient, RecipientState, Route};

/// One delivery to make: an invocation of a program, a file, or a transaction with a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryGroup {
    /// Index into the mailer table.
    pub mailer: usize,
    /// The host of the first recipient; `$h`.
    pub host: Vec<u8>,
    /// The user a program or file runs as.
    pub controlling_user: Option<ControllingUser>,
    /// Indices into the envelope's recipients, never empty.
    pub recipients: Vec<usize>,
}

/// Octets that the addresses given to one program take at most, one more for each (CF-103).
const MAX_ADDRESSES: usize = 4094;

/// Groups the recipients that are pending and have a route. `signature` tells which hosts a TCP
/// mailer may serve in one connection: hosts with equal signatures (their ordered MX lists) share
/// one. A route to a mailer that does not exist is left out.
#[must_use]
pub fn plan(
    recipients: &[Recipient],
    mailers: &[Mailer],
    signature: &dyn Fn(&Mailer, &[u8]) -> Vec<u8>,
) -> Vec<DeliveryGroup> {
    let mut waiting = candidates(recipients, mailers, signature);
    waiting.sort_by(|one, other| one.order.cmp(&other.order));
    let mut groups: Vec<DeliveryGroup> = Vec::new();
    let mut open: HashMap<Key<'_>, Open> = HashMap::new();
    for candidate in waiting {
        let recipient = candidate.recipient;
        let octets = recipient.address.len() + 1;
        let joined = open
            .get_mut(&candidate.key)
            .and_then(|open| groups.get_mut(open.group).map(|group| (open, group)))
            .filter(|(open, group)| has_room(group, open.octets + octets, candidate.mailer));
        match joined {
            Some((open, group)) => {
                open.octets += octets;
                group.recipients.push(candidate.index);
            }
            None => {
                open.insert(candidate.key, Open { group: groups.len(), octets });
                groups.push(DeliveryGroup {
                    mailer: candidate.route.mailer,
                    host: candidate.route.host.clone(),
                    controlling_user: recipient.controlling_user.clone(),
                    recipients: vec![candidate.index],
                });
            }
        }
    }
    groups
}

/// The last group of its key.
struct Open {
    group: usize,
    /// What the addresses take.
    octets: usize,
}

/// Whether one more recipient fits: flag `m`, the limit `r=` (ML-020), and for programs the octets
/// of all addresses.
fn has_room(group: &DeliveryGroup, octets: usize, mailer: &Mailer) -> bool {
    mailer.flags.has(b'm')
        && (mailer.max_recipients == 0 || group.recipients.len() < mailer.max_recipients)
        && (octets <= MAX_ADDRESSES || mailer.transport() != Transport::Program)
}

/// What two recipients of one delivery have in common.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    mailer: usize,
    host: Vec<u8>,
    user: Option<(u32, u32, &'a [u8])>,
}

struct Candidate<'a> {
    index: usize,
    recipient: &'a Recipient,
    route: &'a Route,
    mailer: &'a Mailer,
    order: Vec<u8>,
    key: Key<'a>,
}

fn candidates<'a>(
    recipients: &'a [Recipient],
    mailers: &'a [Mailer],
    signature: &dyn Fn(&Mailer, &[u8]) -> Vec<u8>,
) -> Vec<Candidate<'a>> {
    let pending = recipients.iter().enumerate().filter_map(|(index, recipient)| {
        let route = recipient.route.as_ref()?;
        let mailer = mailers.get(route.mailer)?;
        (recipient.state == RecipientState::Pending).then_some((index, recipient, route, mailer))
    });
    pending
        .map(|(index, recipient, route, mailer)| {
            let order = route.host.to_ascii_lowercase();
            let networked = matches!(mailer.transport(), Transport::Tcp | Transport::UnixSocket);
            let host = match mailer.transport() {
                _ if mailer.flags.has(b'l') => Vec::new(),
                Transport::Tcp => signature(mailer, &order).to_ascii_lowercase(),
                _ => order.clone(),
            };
            let user = recipient.controlling_user.as_ref().filter(|_| !networked);
            let user = user.map(|user| (user.uid, user.gid, user.user.as_slice()));
            let key = Key { mailer: route.mailer, host, user };
            Candidate { index, recipient, route, mailer, order, key }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailers() -> Vec<Mailer> {
        let local = Mailer::new(b"local", b"/bin/mail", b"lm", &[b"mail", b"$u"]);
        let single = Mailer::new(b"one", b"/bin/mail", b"", &[b"mail", b"$u"]);
        let mut several = Mailer::new(b"uucp", b"/bin/uux", b"m", &[b"uux", b"$h", b"$u"]);
        several.max_recipients = 2;
        let smtp = Mailer::new(b"smtp", b"[IPC]", b"m", &[b"TCP", b"$h"]);
        vec![local, single, several, smtp]
    }

    /// Recipients given as `mailer host` lines; the result as `mailer/host: indices`.
    fn check(given: &[(usize, &str)], expected: &[&str]) {
        let recipients: Vec<Recipient> = given
            .iter()
            .map(|&(mailer, host)| Recipient {
                route: Some(Route { mailer, host: host.as_bytes().to_vec(), user: b"u".to_vec() }),
                ..Recipient::primary(*b"a")
            })
            .collect();
        let signature = |_: &Mailer, host: &[u8]| match host {
            b"mx.a" | b"mx.b" => b"relay".to_vec(),
            other => other.to_vec(),
        };
        let shown: Vec<String> = plan(&recipients, &mailers(), &signature)
            .iter()
            .map(|group| {
                let host = String::from_utf8_lossy(&group.host).into_owned();
                format!("{}/{host}: {:?}", group.mailer, group.recipients)
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn hosts_are_served_in_order_and_together() {
        // AD-093; the order seen with nine recipients of two mailers.
        check(
            &[(2, "zeta"), (3, "mid"), (2, "alpha"), (3, "Alpha"), (2, "ALPHA"), (3, "mid")],
            &["2/alpha: [2, 4]", "3/Alpha: [3]", "3/mid: [1, 5]", "2/zeta: [0]"],
        );
    }

    #[test]
    fn flag_m_and_the_limit_r_are_obeyed() {
        // ML-020, ML-052
        check(&[(1, "h"), (1, "h")], &["1/h: [0]", "1/h: [1]"]);
        check(&[(2, "h"); 5], &["2/h: [0, 1]", "2/h: [2, 3]", "2/h: [4]"]);
    }

    #[test]
    fn addresses_for_one_program_have_little_room() {
        // CF-103
        for (last, together) in [(125, true), (126, false)] {
            let mut recipients = vec![Recipient::primary(vec![b'x'; 127]); 31];
            recipients.push(Recipient::primary(vec![b'x'; last]));
            for (mailer, limited) in [(0, true), (3, false)] {
                for recipient in &mut recipients {
                    let (host, user) = (b"h".to_vec(), b"u".to_vec());
                    recipient.route = Some(Route { mailer, host, user });
                }
                let groups = plan(&recipients, &mailers(), &|_, host| host.to_vec());
                assert_eq!(groups.len() == 1, together || !limited, "{last} {mailer}");
            }
        }
    }

    #[test]
    fn local_mailers_ignore_the_host_and_tcp_mailers_compare_signatures() {
        check(&[(0, "h2"), (0, "h1"), (0, "")], &["0/: [2, 1, 0]"]);
        check(&[(3, "mx.b"), (3, "other"), (3, "mx.a")], &["3/mx.a: [2, 0]", "3/other: [1]"]);
    }

    #[test]
    fn recipients_without_route_or_already_done_are_left_out() {
        check(&[(9, "h")], &[]);
        let mut recipient = Recipient::primary(*b"a");
        assert!(plan(std::slice::from_ref(&recipient), &mailers(), &|_, _| Vec::new()).is_empty());
        recipient.route = Some(Route { mailer: 0, host: Vec::new(), user: b"u".to_vec() });
        recipient.state = RecipientState::Duplicate;
        assert!(plan(&[recipient], &mailers(), &|_, _| Vec::new()).is_empty());
    }

    #[test]
    fn programs_of_different_users_are_kept_apart() {
        let with = |uid| Recipient {
            route: Some(Route { mailer: 0, host: Vec::new(), user: b"u".to_vec() }),
            controlling_user: Some(ControllingUser { user: b"x".to_vec(), uid, gid: 1 }),
            ..Recipient::primary(*b"a")
        };
        let groups = plan(&[with(1), with(2), with(1)], &mailers(), &|_, _| Vec::new());
        let indices: Vec<_> = groups.iter().map(|group| group.recipients.clone()).collect();
        assert_eq!(indices, [vec![0, 2], vec![1]]);
    }
}
