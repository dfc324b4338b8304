//! Asking for names as the C library's resolver and sendmail do: search list, CNAMEs (MAP-038,
//! MAP-039).

use crate::class::Env;
use crate::services::{DnsAnswer, DnsQuery, RecordType};

/// A map's own `-d` and `-r`; otherwise the options count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timing {
    /// Seconds per try.
    pub(crate) retrans: Option<u32>,
    /// Number of tries.
    pub(crate) retry: Option<u32>,
}

/// Longest name that can be asked for, bytes (RFC 1035 2.3.4), and its longest label.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Asks for one name, without the search list. A name that cannot exist is not asked for.
pub(crate) fn query(env: &mut Env<'_>, name: &[u8], kind: RecordType, timing: Timing) -> DnsAnswer {
    // the root has no name
    let well_formed = name.is_empty()
        || name.len() <= MAX_NAME
            && name.split(|&b| b == b'.').all(|label| (1..=MAX_LABEL).contains(&label.len()));
    if !well_formed {
        return DnsAnswer::NoSuchName;
    }
    env.services.resolve(&DnsQuery {
        name,
        kind,
        retrans: timing.retrans.unwrap_or(env.settings.resolver_retrans),
        retry: timing.retry.unwrap_or(env.settings.resolver_retry),
    })
}

/// The search list in force.
pub(crate) struct Search {
    domains: Vec<Vec<u8>>,
    ndots: usize,
}

impl Search {
    pub(crate) fn of(env: &mut Env<'_>) -> Self {
        if !env.settings.use_search_list {
            return Self { domains: Vec::new(), ndots: 0 };
        }
        let list = env.services.search_list();
        let domains = if list.domains.is_empty() && !env.settings.local_domain.is_empty() {
            vec![env.settings.local_domain.clone()]
        } else {
            list.domains
        };
        Self { domains, ndots: list.ndots }
    }

    /// The names to try for `name`, each with whether it is the name as given. `bare_last`: a name
    /// with few dots is tried as it is in the end.
    pub(crate) fn candidates(&self, name: &[u8], bare_last: bool) -> Vec<(Vec<u8>, bool)> {
        if let Some(absolute) = name.strip_suffix(b".") {
            return vec![(absolute.to_vec(), true)];
        }
        let bare = || (name.to_vec(), true);
        let dots = name.iter().filter(|&&b| b == b'.').count();
        let bare_first = dots >= self.ndots || self.domains.is_empty();
        let suffixed = self.domains.iter().map(|domain| ([name, b".", domain].concat(), false));
        let mut all: Vec<_> = bare_first.then(bare).into_iter().chain(suffixed).collect();
        if bare_last && !bare_first {
            all.push(bare());
        }
        all
    }
}

/// Asks with the search list, as res_search(3) does: the first candidate with records wins; of the
/// failures a temporary one counts most, then "no such type": the last such answer is returned.
pub(crate) fn search(
    env: &mut Env<'_>,
    name: &[u8],
    kind: RecordType,
    timing: Timing,
) -> DnsAnswer {
    let candidates = Search::of(env).candidates(name, true);
    let (mut failed, mut other) = (false, None);
    for (candidate, _) in candidates {
        match query(env, &candidate, kind, timing) {
            DnsAnswer::Records(records) if records.iter().any(|r| r.kind == kind) => {
                return DnsAnswer::Records(records);
            }
            DnsAnswer::Records(records) => other = Some(records),
            DnsAnswer::NoSuchName => {}
            DnsAnswer::Failure => failed = true,
        }
    }
    match (failed, other) {
        (true, _) => DnsAnswer::Failure,
        (_, Some(records)) => DnsAnswer::Records(records),
        _ => DnsAnswer::NoSuchName,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_in_order() {
        let search = Search { domains: vec![b"s.e".to_vec(), b"e".to_vec()], ndots: 1 };
        let names = |name: &[u8], bare_last| -> Vec<Vec<u8>> {
            search.candidates(name, bare_last).into_iter().map(|c| c.0).collect()
        };
        assert_eq!(names(b"a", true), [&b"a.s.e"[..], b"a.e", b"a"]);
        assert_eq!(names(b"a", false), [&b"a.s.e"[..], b"a.e"]);
        assert_eq!(names(b"a.b", false), [&b"a.b"[..], b"a.b.s.e", b"a.b.e"]);
        assert_eq!(names(b"a.", true), [&b"a"[..]]);
    }
}
