//! The canonical form of a host name by the name service (MAP-038).

use cf_parser::debug::Category;

use crate::class::Env;
use crate::resolve::{self, Search, Timing};
use crate::services::{DnsAnswer, Record, RecordData, RecordType};

/// CNAMEs are followed so often; the next one is a loop (observed: twelve questions).
const MAX_CNAMES: usize = 10;
/// Without a record to tell it, an answer is kept so many seconds.
const DEFAULT_TTL: u32 = 3600;
/// The types that make a name valid, in the order asked for.
const TYPES: [RecordType; 3] = [RecordType::Aaaa, RecordType::A, RecordType::Mx];

/// What the name service knows of a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Canonical {
    /// The name without final dot and the seconds it may be kept.
    Name(Vec<u8>, u32),
    /// No such name.
    Unknown,
    /// No definite answer.
    ServerFailed,
}

/// What one candidate name gave.
enum Candidate {
    Exists(u32),
    Alias(Vec<u8>),
    /// Nothing here; try the next candidate.
    Next,
    /// Nothing here, and some server failed.
    NextFailed,
    /// Trying further would hide the failure.
    Stop,
}

/// Looks `name` up with the search list, following CNAMEs. A name of few dots is not tried as it is.
pub(crate) fn ask(env: &mut Env<'_>, name: &[u8], timing: Timing) -> Canonical {
    let mut failed = false;
    env.trace(Category::Resolver, 2, || [b"dns_getcanonname(", name, b", trymx=1)\n"].concat());
    for (candidate, as_given) in Search::of(env).candidates(name, false) {
        let mut candidate = candidate;
        for round in 0.. {
            match try_candidate(env, &candidate, as_given, timing) {
                Candidate::Exists(ttl) => {
                    env.trace(Category::Resolver, 5, || {
                        [b"dns_getcanonname: ", &candidate[..], b"\n"].concat()
                    });
                    return Canonical::Name(candidate, ttl);
                }
                Candidate::Alias(target) if round <= MAX_CNAMES => candidate = target,
                Candidate::Alias(_) => {
                    let text = [b"DNS failure: CNAME loop for ", &candidate[..]].concat();
                    env.message("", text);
                    return Canonical::Unknown;
                }
                Candidate::Next => break,
                Candidate::NextFailed => {
                    failed = true;
                    break;
                }
                Candidate::Stop => return Canonical::ServerFailed,
            }
        }
    }
    if failed { Canonical::ServerFailed } else { Canonical::Unknown }
}

fn try_candidate(env: &mut Env<'_>, name: &[u8], as_given: bool, timing: Timing) -> Candidate {
    let mut failed = false;
    for kind in TYPES {
        if kind == RecordType::Mx && env.settings.has_wildcard_mx {
            continue;
        }
        let answer = resolve::query(env, name, kind, timing);
        trace_answer(env, name, as_given, kind, &answer);
        match answer {
            DnsAnswer::Records(records) => match examine(&records, name, kind) {
                Some(candidate) => return candidate,
                None => continue,
            },
            DnsAnswer::NoSuchName => break,
            DnsAnswer::Failure
                if kind == RecordType::Aaaa && env.settings.work_around_broken_aaaa => {}
            DnsAnswer::Failure if as_given => failed = true,
            DnsAnswer::Failure => return Candidate::Stop,
        }
    }
    if failed { Candidate::NextFailed } else { Candidate::Next }
}

/// What is asked, and what came of it.
fn trace_answer(
    env: &mut Env<'_>,
    name: &[u8],
    as_given: bool,
    kind: RecordType,
    answer: &DnsAnswer,
) {
    let kind_name: &[u8] = match kind {
        RecordType::Aaaa => b"AAAA",
        RecordType::A => b"A",
        _ => b"MX",
    };
    let dot: &[u8] = if as_given { b"." } else { b"" };
    env.trace(Category::Resolver, 5, || {
        [b"dns_getcanonname: trying ", name, dot, b" (", kind_name, b")\n"].concat()
    });
    let words: &[u8] = match answer {
        DnsAnswer::Records(records) if examine(records, name, kind).is_some() => b"\tYES\n",
        DnsAnswer::Records(_) => b"\tNO: errno=0, h_errno=4\n",
        DnsAnswer::NoSuchName => b"\tNO: errno=0, h_errno=1\n",
        DnsAnswer::Failure => b"\tNO: errno=110, h_errno=2\n",
    };
    env.trace(Category::Resolver, 7, || words.to_vec());
}

/// A CNAME of the name itself leads on; a record of the wanted type settles it.
fn examine(records: &[Record], name: &[u8], kind: RecordType) -> Option<Candidate> {
    let alias = records
        .iter()
        .find(|record| record.kind == RecordType::Cname && record.owner.eq_ignore_ascii_case(name));
    if let Some(Record { data: RecordData::Name(target), .. }) = alias {
        return Some(Candidate::Alias(target.clone()));
    }
    let record = records.iter().find(|record| record.kind == kind)?;
    Some(Candidate::Exists(if record.ttl == 0 { DEFAULT_TTL } else { record.ttl }))
}
