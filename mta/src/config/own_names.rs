//! The name service as the computation of this host's own names asks it.

use std::net::IpAddr;

use mapper::{DnsAnswer, DnsQuery, RecordData, RecordType, Services as _, SystemServices};

use crate::sys::hostname::{NameService, OwnName};

/// Seconds of the first try, and tries: a start must not hang on a name server that is away.
const RETRANS: u32 = 2;
const RETRY: u32 = 1;

/// Asks the system's name servers.
#[derive(Default)]
pub struct Asking {
    services: SystemServices,
}

impl Asking {
    fn records(&mut self, name: &[u8], kind: RecordType) -> Vec<mapper::Record> {
        let query = DnsQuery { name, kind, retrans: RETRANS, retry: RETRY };
        match self.services.resolve(&query) {
            DnsAnswer::Records(records) => records,
            DnsAnswer::NoSuchName | DnsAnswer::Failure => Vec::new(),
        }
    }

    fn addresses(&mut self, name: &[u8]) -> Option<OwnName> {
        for kind in [RecordType::Aaaa, RecordType::A] {
            let records = self.records(name, kind);
            let mut canonical = name.to_vec();
            let mut addresses = Vec::new();
            for record in records.into_iter().filter(|record| record.kind == kind) {
                if let RecordData::Address(address) = record.data {
                    canonical = record.owner;
                    addresses.push(address);
                }
            }
            if !addresses.is_empty() {
                return Some(OwnName { canonical, addresses });
            }
        }
        None
    }
}

impl NameService for Asking {
    fn by_name(&mut self, name: &[u8]) -> Option<OwnName> {
        if name.contains(&b'.') {
            return self.addresses(name);
        }
        let domains = self.services.search_list().domains;
        domains.iter().find_map(|domain| self.addresses(&[name, b".", domain].concat()))
    }

    fn by_address(&mut self, address: IpAddr) -> Vec<Vec<u8>> {
        let IpAddr::V4(v4) = address else { return Vec::new() };
        let [a, b, c, d] = v4.octets();
        let name = format!("{d}.{c}.{b}.{a}.in-addr.arpa");
        self.records(name.as_bytes(), RecordType::Ptr)
            .into_iter()
            .filter_map(|record| match record.data {
                RecordData::Name(name) => Some(name),
                _ => None,
            })
            .collect()
    }
}
