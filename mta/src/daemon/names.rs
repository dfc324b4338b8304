//! Host names for deliveries: the hosts file, then the name service of the maps.

use std::cell::RefCell;
use std::net::IpAddr;

use mapper::{DnsAnswer, DnsQuery, MAX_EXCHANGERS, RecordData, RecordType, Services as _};

use super::client;
use crate::address::worker::Worker;
use crate::delivery::hosts::{LookupFailure, Mx, Resolver};
use crate::sys::config_files;
use crate::sys::hostname::{HostsEntry, bracketed_address, parse_hosts};

/// Seconds per try, and tries, when the configuration does not say.
const RETRANS: u32 = 5;
const RETRY: u32 = 2;

/// Asks with a worker's services.
pub(super) struct Names<'a, 'w> {
    pub(super) worker: &'a RefCell<&'w mut Worker>,
}

impl Names<'_, '_> {
    fn ask(&self, name: &[u8], kind: RecordType) -> Result<Vec<RecordData>, LookupFailure> {
        let query = DnsQuery { name, kind, retrans: RETRANS, retry: RETRY };
        match self.worker.borrow_mut().services().resolve(&query) {
            DnsAnswer::Records(records) => {
                let data: Vec<RecordData> = records
                    .into_iter()
                    .filter(|record| record.kind == kind)
                    .map(|record| record.data)
                    .collect();
                if data.is_empty() { Err(LookupFailure::NoData) } else { Ok(data) }
            }
            DnsAnswer::NoSuchName => Err(LookupFailure::NotFound),
            DnsAnswer::Failure => Err(LookupFailure::Temporary),
        }
    }

    /// The name of an address of this host, or the address in brackets.
    pub(super) fn of_address(&self, address: IpAddr) -> Vec<u8> {
        let address = address.to_canonical();
        let known = self.hosts_file().into_iter().find(|entry| entry.address == address);
        if let Some(name) = known.and_then(|entry| entry.names.into_iter().next()) {
            return name;
        }
        let found = self.ask(&client::reverse_name(address), RecordType::Ptr).unwrap_or_default();
        let name = found.into_iter().find_map(|data| match data {
            RecordData::Name(name) => Some(name),
            _ => None,
        });
        name.unwrap_or_else(|| bracketed_address(address))
    }

    fn in_hosts_file(&self, host: &[u8]) -> Vec<IpAddr> {
        self.hosts_file()
            .into_iter()
            .filter(|entry| entry.names.iter().any(|name| name.eq_ignore_ascii_case(host)))
            .map(|entry| entry.address)
            .collect()
    }

    fn hosts_file(&self) -> Vec<HostsEntry> {
        let path = self.worker.borrow().site.path("HostsFile");
        let path = path.unwrap_or_else(|| "/etc/hosts".into());
        let text = {
            use std::os::unix::ffi::OsStrExt as _;
            config_files::read_regular(path.as_os_str().as_bytes()).unwrap_or_default()
        };
        parse_hosts(&text)
    }
}

impl Resolver for Names<'_, '_> {
    fn mx(&self, host: &[u8]) -> Result<Vec<Mx>, LookupFailure> {
        let data = match self.ask(host, RecordType::Mx) {
            Err(_) if !self.in_hosts_file(host).is_empty() => return Err(LookupFailure::NoData),
            other => other?,
        };
        let records = data.into_iter().filter_map(|data| match data {
            RecordData::Preferred(preference, exchange) => Some(Mx { preference, exchange }),
            _ => None,
        });
        Ok(records.take(MAX_EXCHANGERS).collect())
    }

    fn addresses(&self, host: &[u8]) -> Result<Vec<IpAddr>, LookupFailure> {
        let known = self.in_hosts_file(host);
        if !known.is_empty() {
            return Ok(known);
        }
        let addresses = |data: Vec<RecordData>| -> Vec<IpAddr> {
            data.into_iter()
                .filter_map(|data| match data {
                    RecordData::Address(address) => Some(address),
                    _ => None,
                })
                .collect()
        };
        let v4 = self.ask(host, RecordType::A).map(addresses);
        match (v4, self.ask(host, RecordType::Aaaa).map(addresses)) {
            (Ok(mut v4), Ok(v6)) => {
                v4.extend(v6);
                Ok(v4)
            }
            (Ok(found), Err(_)) | (Err(_), Ok(found)) => Ok(found),
            (Err(failure), Err(_)) => Err(failure),
        }
    }
}
