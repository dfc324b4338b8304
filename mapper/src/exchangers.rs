//! Host questions outside of maps: which hosts take mail for a domain, and canonical names.

use crate::answer::Notice;
use crate::class::{Env, host};
use crate::resolve::{self, Timing};
use crate::services::{DnsAnswer, Record, RecordData, RecordType, Services};
use crate::set::MapSet;

/// Mail exchangers of an answer that are looked at, the first ones (CF-088, `MAXMXHOSTS`).
pub const MAX_EXCHANGERS: usize = 99;

/// Who takes mail for a domain (CMD-111).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchangers {
    /// These hosts, in order; perhaps none.
    Hosts(Vec<Vec<u8>>),
    /// There is no such name.
    Unknown,
    /// The domain takes no mail (RFC 7505).
    Null,
    /// The name servers do not answer.
    Failure,
}

impl MapSet {
    /// Asks for the hosts that take mail for a domain: names with a final dot, or the address literal.
    pub fn exchangers(
        &mut self,
        domain: &[u8],
        services: &mut dyn Services,
    ) -> (Exchangers, Vec<Notice>) {
        self.with_env(services, |env| find(domain, Timing::default(), env))
    }

    /// The canonical name of a host without final dot, as sendmail itself asks for it: `$[ $]` without
    /// the flags of a map `host`.
    pub fn canonical_name(
        &mut self,
        name: &[u8],
        services: &mut dyn Services,
    ) -> (Option<Vec<u8>>, Vec<Notice>) {
        self.with_env(services, |env| host::canonical(name, env))
    }
}

/// The hosts that take mail for a domain, with the search list of the settings.
pub(crate) fn find(domain: &[u8], timing: Timing, env: &mut Env<'_>) -> Exchangers {
    match domain.strip_prefix(b"[") {
        Some(inside) => in_brackets(domain, inside, env),
        None => listed(domain, timing, env),
    }
}

/// An address is taken as it is, and a name stands for its own host only (observed).
fn in_brackets(domain: &[u8], inside: &[u8], env: &mut Env<'_>) -> Exchangers {
    let Some(end) = inside.iter().position(|byte| *byte == b']') else {
        return Exchangers::Hosts(Vec::new());
    };
    let (inside, _) = inside.split_at(end);
    if host::is_address(inside) {
        return Exchangers::Hosts(vec![domain.to_vec()]);
    }
    itself(inside, env)
}

fn listed(domain: &[u8], timing: Timing, env: &mut Env<'_>) -> Exchangers {
    let records = match resolve::search(env, domain, RecordType::Mx, timing) {
        DnsAnswer::Records(records) => records,
        DnsAnswer::NoSuchName => {
            return match itself(domain, env) {
                Exchangers::Hosts(hosts) if hosts.is_empty() => Exchangers::Unknown,
                found => found,
            };
        }
        DnsAnswer::Failure => return Exchangers::Failure,
    };
    if records.is_empty() {
        return itself(domain, env);
    }
    in_order(records, env)
}

/// Without any record the host takes its own mail, if it is known.
fn itself(name: &[u8], env: &mut Env<'_>) -> Exchangers {
    Exchangers::Hosts(host::canonical(name, env).map(dotted).into_iter().collect())
}

/// The hosts of the records: by preference, among equals this host first, the others in random order.
/// Another name of something without any has none (observed).
fn in_order(records: Vec<Record>, env: &mut Env<'_>) -> Exchangers {
    let mut hosts = Vec::new();
    let preferred = records.into_iter().filter_map(|record| match record.data {
        RecordData::Preferred(preference, host) => Some((preference, host)),
        _ => None,
    });
    for (preference, host) in preferred.take(MAX_EXCHANGERS) {
        let foreign = !env.settings.own_names.iter().any(|own| own.eq_ignore_ascii_case(&host));
        hosts.push((preference, foreign, env.services.random(), host));
    }
    if let [(0, _, _, host)] = hosts.as_slice()
        && (host.is_empty() || host == b".")
    {
        return Exchangers::Null;
    }
    hosts.sort();
    Exchangers::Hosts(hosts.into_iter().map(|(.., host)| dotted(host)).collect())
}

fn dotted(mut name: Vec<u8>) -> Vec<u8> {
    name.push(b'.');
    name
}
