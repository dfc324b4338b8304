//! Class `bestmx`: the best mail exchangers of a domain (MAP-040, MAP-114).

use super::dns::join;
use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::answer::{EX_NOTFOUND, EX_UNAVAILABLE};
use crate::exchangers::{self, Exchangers};
use crate::flags;
use crate::interpolate;
use crate::resolve::Timing;
use crate::service_switch;
use crate::settings::Settings;

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
        // The name is asked for as it is (observed).
        let settings = Settings { use_search_list: false, ..env.settings.clone() };
        let mut env = Env {
            services: &mut *env.services,
            notices: &mut *env.notices,
            settings: &settings,
            round: env.round,
            maps: &mut *env.maps,
        };
        let hosts = match exchangers::find(request.key, self.timing, &mut env) {
            Exchangers::Hosts(hosts) => hosts,
            Exchangers::Unknown => return Answer::NotFound { exit: EX_NOTFOUND },
            Exchangers::Null => return Answer::NotFound { exit: EX_UNAVAILABLE },
            Exchangers::Failure => return Answer::tempfail(),
        };
        let limit = settings.max_dns_result;
        let values = hosts.into_iter();
        match join(values, common.delimiter, 0, limit, b"") {
            Some(value) => {
                Answer::Found(interpolate::result(common, request.key, &value, request.args))
            }
            None => Answer::MISS,
        }
    }
}
