//! The name service, through hickory-resolver's pool of name servers.
//!
//! The pool is used without hickory's own cache, search list and CNAME chasing: sendmail's rules
//! for these are applied by the map classes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, Query, ResponseCode};
use hickory_resolver::proto::rr::{self, Name, RData};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use tokio::runtime::Runtime;

use super::udp::Network;
use crate::services::{DnsAnswer, DnsQuery, Record, RecordData, RecordType, SearchList};

/// Wire number and map type, one row each.
const TYPES: [RecordType; 10] = [
    RecordType::A,
    RecordType::Ns,
    RecordType::Cname,
    RecordType::Ptr,
    RecordType::Mx,
    RecordType::Txt,
    RecordType::Afsdb,
    RecordType::Aaaa,
    RecordType::Srv,
    RecordType::Tlsa,
];
/// Longest wait for one answer that the pool itself allows; the question's own limit is shorter.
const POOL_TIMEOUT: Duration = Duration::from_secs(300);
/// Waiting doubles from try to try, as in the C library, but not beyond this factor.
const MAX_DOUBLINGS: u32 = 6;

/// Made on first use; reading the configuration anew needs a new value.
#[derive(Default)]
pub(super) struct NameService {
    system: Option<(ResolverConfig, ResolverOpts)>,
    client: Option<Client>,
}

struct Client {
    runtime: Runtime,
    pool: NameServerPool<Network>,
}

impl NameService {
    fn system(&mut self) -> &(ResolverConfig, ResolverOpts) {
        self.system.get_or_insert_with(|| {
            read_system_conf().unwrap_or_else(|_| {
                let local = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
                let config = ResolverConfig::from_name_servers(vec![local]);
                (config, ResolverOpts::default())
            })
        })
    }

    pub(super) fn search_list(&mut self) -> SearchList {
        let (config, options) = self.system();
        let names: Vec<&Name> = if config.search().is_empty() {
            config.domain().into_iter().collect()
        } else {
            config.search().iter().collect()
        };
        let domains = names.into_iter().map(name_bytes).filter(|name| !name.is_empty()).collect();
        SearchList { domains, ndots: options.ndots }
    }

    fn client(&mut self) -> Option<&Client> {
        if self.client.is_none() {
            self.client = self.start();
        }
        self.client.as_ref()
    }

    fn start(&mut self) -> Option<Client> {
        let (config, options) = self.system();
        let mut options = options.clone();
        options.timeout = POOL_TIMEOUT;
        options.attempts = 0;
        options.cache_size = 0;
        options.edns0 = false;
        options.use_hosts_file = ResolveHosts::Never;
        let servers = config.name_servers().to_vec();
        let context = Arc::new(PoolContext::new(options, TlsConfig::new().ok()?));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let pool = {
            let _inside = runtime.enter();
            NameServerPool::from_config(servers, context, Network::default())
        };
        Some(Client { runtime, pool })
    }

    pub(super) fn resolve(&mut self, query: &DnsQuery<'_>) -> DnsAnswer {
        let labels = query.name.split(|&b| b == b'.').filter(|label| !label.is_empty());
        let Ok(mut name) = Name::from_labels(labels) else {
            return DnsAnswer::NoSuchName;
        };
        name.set_fqdn(true);
        let Some(client) = self.client() else { return DnsAnswer::Failure };
        // the discriminants are the wire numbers
        let question = Query::query(name, rr::RecordType::from(query.kind as u16));
        client.ask(&question, query.retrans, query.retry)
    }
}

impl Client {
    fn ask(&self, question: &Query, retrans: u32, retry: u32) -> DnsAnswer {
        for attempt in 0..retry.max(1) {
            let seconds = u64::from(retrans.max(1)) << attempt.min(MAX_DOUBLINGS);
            let mut options = DnsRequestOptions::default();
            options.use_edns = false;
            let answer = self.runtime.block_on(async {
                let lookup = self.pool.lookup(question.clone(), options);
                tokio::time::timeout(Duration::from_secs(seconds), lookup.first_answer()).await
            });
            match answer {
                Ok(Ok(response)) => return from_response(&response),
                Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => {
                    return match none.response_code {
                        ResponseCode::NXDomain => DnsAnswer::NoSuchName,
                        _ => DnsAnswer::Records(Vec::new()),
                    };
                }
                // the server has spoken
                Ok(Err(NetError::Dns(_))) => return DnsAnswer::Failure,
                Ok(Err(_)) | Err(_) => {}
            }
        }
        DnsAnswer::Failure
    }
}

fn from_response(response: &hickory_resolver::proto::op::DnsResponse) -> DnsAnswer {
    // an alias of a name that does not exist is no name
    if response.response_code == ResponseCode::NXDomain {
        return DnsAnswer::NoSuchName;
    }
    DnsAnswer::Records(response.answers.iter().filter_map(record).collect())
}

fn record(record: &rr::Record) -> Option<Record> {
    let number = u16::from(record.record_type());
    let kind = TYPES.into_iter().find(|kind| *kind as u16 == number)?;
    let data = match &record.data {
        RData::A(address) => RecordData::Address(IpAddr::V4(address.0)),
        RData::AAAA(address) => RecordData::Address(IpAddr::V6(address.0)),
        RData::CNAME(name) => RecordData::Name(name_bytes(&name.0)),
        RData::NS(name) => RecordData::Name(name_bytes(&name.0)),
        RData::PTR(name) => RecordData::Name(name_bytes(&name.0)),
        RData::MX(mx) => RecordData::Preferred(mx.preference, name_bytes(&mx.exchange)),
        RData::SRV(srv) => {
            RecordData::Service(srv.priority, srv.weight, srv.port, name_bytes(&srv.target))
        }
        RData::TXT(txt) => RecordData::Text(txt.txt_data.iter().map(|s| s.to_vec()).collect()),
        RData::TLSA(tlsa) => RecordData::Association(
            tlsa.cert_usage.into(),
            tlsa.selector.into(),
            tlsa.matching.into(),
            tlsa.cert_data.clone(),
        ),
        RData::Unknown { rdata, .. } => afsdb(&rdata.anything)?,
        _ => return None,
    };
    Some(Record { owner: name_bytes(&record.name), kind, ttl: record.ttl, data })
}

/// AFSDB (RFC 1183): subtype and an uncompressed name.
fn afsdb(data: &[u8]) -> Option<RecordData> {
    let (subtype, mut rest) = data.split_first_chunk::<2>()?;
    let mut labels = Vec::new();
    loop {
        let (length, after) = rest.split_first()?;
        match usize::from(*length) {
            0 => break,
            length => {
                let (label, after) = after.split_at_checked(length)?;
                labels.push(label);
                rest = after;
            }
        }
    }
    Some(RecordData::Preferred(u16::from_be_bytes(*subtype), labels.join(&b'.')))
}

/// A name without the final dot; the root is empty.
fn name_bytes(name: &Name) -> Vec<u8> {
    name.iter().collect::<Vec<_>>().join(&b'.')
}
