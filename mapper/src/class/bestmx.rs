//! Class `bestmx`: the best mail exchangers of a domain (MAP-040, MAP-114).

use super::dns::join;
use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::answer::{EX_NOTFOUND, EX_UNAVAILABLE};
use crate::files;
use crate::flags;
use crate::hosts_file;
use crate::interpolate;
use crate::resolve::{self, Timing};
use crate::service_switch;
use crate::services::{DnsAnswer, Record, RecordData, RecordType};

struct BestMx {
    timing: Timing,
}

/// The shared flags; no file.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    let errors = flags::parse(common, arguments);
    let timing = Timing { retrans: common.timeout, retry: None };
    Declared::with(BestMx { timing }, errors)
}

impl Class for BestMx {
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        if !service_switch::service(env.settings, b"hosts").iter().any(|s| s == b"dns") {
            return Answer::MISS;
        }
        let name = request.key.strip_suffix(b".").unwrap_or(request.key);
        let hosts = match exchangers(env, name, self.timing) {
            Ok(hosts) => hosts,
            Err(answer) => return answer,
        };
        let limit = env.settings.max_dns_result;
        let values = hosts.into_iter().map(|mut host| {
            host.push(b'.');
            host
        });
        match join(values, common.delimiter, 0, limit) {
            Some(value) => {
                Answer::Found(interpolate::result(common, request.key, &value, request.args))
            }
            None => Answer::NotFound { exit: EX_NOTFOUND },
        }
    }
}

/// The exchangers of a domain, best first; without MX records the domain itself if it has an
/// address.
fn exchangers(env: &mut Env<'_>, name: &[u8], timing: Timing) -> Result<Vec<Vec<u8>>, Answer> {
    match resolve::query(env, name, RecordType::Mx, timing) {
        DnsAnswer::Records(records) => {
            let ranked = ranked(env, &records);
            match ranked.first() {
                // RFC 7505: the domain takes no mail
                Some(best) if best.is_empty() => Err(Answer::NotFound { exit: EX_UNAVAILABLE }),
                Some(_) => Ok(ranked),
                None => by_address(env, name, timing),
            }
        }
        DnsAnswer::NoSuchName => by_address(env, name, timing),
        DnsAnswer::Failure => Err(Answer::tempfail()),
    }
}

fn by_address(env: &mut Env<'_>, name: &[u8], timing: Timing) -> Result<Vec<Vec<u8>>, Answer> {
    let in_hosts_file = files::read_bounded(&env.settings.hosts_file, hosts_file::MAX_SIZE)
        .is_ok_and(|text| hosts_file::canonical(&text, name, b"").is_some());
    if in_hosts_file {
        return Ok(vec![name.to_vec()]);
    }
    for kind in [RecordType::Aaaa, RecordType::A] {
        match resolve::query(env, name, kind, timing) {
            DnsAnswer::Records(records) if records.iter().any(|r| r.kind == kind) => {
                return Ok(vec![name.to_vec()]);
            }
            DnsAnswer::Records(_) => {}
            DnsAnswer::NoSuchName => break,
            DnsAnswer::Failure => return Err(Answer::tempfail()),
        }
    }
    Err(Answer::NotFound { exit: EX_NOTFOUND })
}

/// By preference; among equals this host first, the others in random order.
fn ranked(env: &mut Env<'_>, records: &[Record]) -> Vec<Vec<u8>> {
    let mut hosts: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.data {
            RecordData::Preferred(preference, host) if record.kind == RecordType::Mx => {
                let foreign =
                    !env.settings.own_names.iter().any(|own| own.eq_ignore_ascii_case(host));
                Some((*preference, foreign, env.services.random(), host.clone()))
            }
            _ => None,
        })
        .collect();
    hosts.sort();
    hosts.into_iter().map(|(_, _, _, host)| host).collect()
}
