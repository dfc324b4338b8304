//! Mail exchangers as debugging flags show them (category 8): each host once, as sendmail keeps what it has found.

use std::cell::RefCell;
use std::net::IpAddr;

use cf_parser::debug::Category;

use crate::daemon::names::Names;
use crate::delivery::cache::ConnectionCache;
use crate::delivery::hosts::{LookupFailure, Mx, Resolver};

const NULL_MX: &[u8] = b"getmxrr: Null MX record found, domain doesn't accept mail (RFC7505)";

/// Asks for names, and shows what is asked.
pub(super) struct Shown<'a, 'b, 'w> {
    pub(super) names: Names<'b, 'w>,
    pub(super) connections: &'a RefCell<ConnectionCache>,
}

impl Resolver for Shown<'_, '_, '_> {
    fn mx(&self, host: &[u8]) -> Result<Vec<Mx>, LookupFailure> {
        let found = self.names.mx(host);
        let worker = self.names.worker.borrow();
        if worker.site.levels.on(Category::Resolver)
            && self.connections.borrow_mut().shown_hosts.insert(host.to_vec())
        {
            let trace = |level, parts: &[&[u8]]| worker.debug(Category::Resolver, level, parts);
            trace(2, &[b"getmxrr(", host, b", droplocalhost=1, flags=7, port=25)"]);
            let failed: &[u8] = match found {
                Err(LookupFailure::NotFound) => b"1",
                Err(LookupFailure::Temporary) => b"2",
                Err(LookupFailure::NoData) => b"4",
                Ok(found) => {
                    trace(2, &[b"getmxrr(", host, b"), hp=0x7ffd10000000, ad=0"]);
                    if found.iter().any(|mx| matches!(mx.exchange.as_slice(), b"" | b".")) {
                        trace(4, &[NULL_MX]);
                    }
                    return Ok(found);
                }
            };
            trace(1, &[b"getmxrr: res_search(", host, b") failed, h_errno=", failed]);
        }
        found
    }

    fn addresses(&self, host: &[u8]) -> Result<Vec<IpAddr>, LookupFailure> {
        self.names.addresses(host)
    }
}
