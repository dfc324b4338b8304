//! `-bt`: address test mode on standard input.

use std::io::{BufRead as _, BufReader, Read as _};

use cf_parser::Severity;
use cf_parser::debug::Levels;
use mapper::{DnsAnswer, DnsQuery, RecordData, RecordType, Services as _, SystemServices};
use ruleset_vm::load::post_checks;
use workbench::bt::{BANNER, Control, HostLookups, MailHosts, PROMPT, Session};
use workbench::traces::startup;

use super::arguments::Arguments;
use super::{complain, facts, print, print_line, start};
use crate::config::reading::Reading;
use crate::sys::{clock, config_files, ids};

/// Longest line taken at once (`MAXLINE`); the rest is a line of its own.
const LINE_LIMIT: u64 = 2047;

/// Seconds of the first try, and tries, of a question about mail hosts (OPT-213).
const RETRANS: u32 = 5;
const RETRY: u32 = 4;

pub(super) fn run(arguments: &Arguments) -> u8 {
    let facts = facts::gather(arguments, b't');
    let reading = match start::read(arguments, b't') {
        Ok(reading) => reading,
        Err(error) => {
            print_line(error.to_string().as_bytes());
            return 72;
        }
    };
    for (message, _) in reading.messages() {
        print_line(&message);
    }
    if let Some(exit) = reading.fatal() {
        return exit;
    }
    let mut exit = reading.exit();
    for found in post_checks(&reading.configuration, b't') {
        print_line(&found.text);
        if let Severity::Error { exit: own, .. } = found.severity
            && exit == 0
        {
            exit = own;
        }
    }
    print(&start::after(arguments, b't', &reading));
    converse(reading, &facts.user, exit, arguments.levels())
}

fn converse(reading: Reading, user: &[u8], exit: u8, levels: Levels) -> u8 {
    let Reading { configuration, mut maps, .. } = reading;
    let help_path = configuration.options.bytes("HelpFile");
    let help = help_path.and_then(|path| config_files::read_regular(&path).ok());
    let mut services = SystemServices::default();
    let mut hosts = Hosts { services: SystemServices::default() };
    let mut session = Session::new(configuration, &mut maps, &mut services, &mut hosts, help, exit);
    session.set_levels(levels);
    session.set_user(user);
    let mut queue_ids = crate::queue::id::IdSource::new(ids::process_id(), ids::next_sequence());
    let queue_id = queue_ids.next(clock::now()).0;
    session.set_macro(b"i", &queue_id);
    print(&startup::envelope(&levels, &queue_id));
    session.set_macro(b"load_avg", b"0");
    print(BANNER);
    print(&session.take_output());
    let mut input = BufReader::new(std::io::stdin().lock());
    loop {
        print(PROMPT);
        let mut line = Vec::new();
        match input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                complain(error.to_string().as_bytes());
                break;
            }
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        let control = session.line(&line);
        print(&session.take_output());
        if control == Control::Quit {
            break;
        }
    }
    session.finish();
    print(&session.take_output());
    session.exit()
}

/// Host questions of `/mx`.
struct Hosts {
    services: SystemServices,
}

impl HostLookups for Hosts {
    fn mail_hosts(&mut self, domain: &[u8]) -> MailHosts {
        if domain.starts_with(b"[") {
            return MailHosts::Hosts(vec![domain.to_vec()]);
        }
        let bare = domain.strip_suffix(b".").unwrap_or(domain);
        let query = DnsQuery { name: bare, kind: RecordType::Mx, retrans: RETRANS, retry: RETRY };
        let records = match self.services.resolve(&query) {
            DnsAnswer::Records(records) => records,
            DnsAnswer::NoSuchName => return MailHosts::Hosts(Vec::new()),
            DnsAnswer::Failure => return MailHosts::Failure,
        };
        let mut hosts: Vec<(u16, Vec<u8>)> = records
            .into_iter()
            .filter_map(|record| match record.data {
                RecordData::Preferred(preference, host) => Some((preference, host)),
                _ => None,
            })
            .collect();
        if let [(0, host)] = hosts.as_slice()
            && (host.is_empty() || host == b".")
        {
            return MailHosts::Null;
        }
        if hosts.is_empty() {
            hosts.push((0, bare.to_vec()));
        }
        hosts.sort_by_key(|(preference, _)| *preference);
        MailHosts::Hosts(hosts.into_iter().map(|(_, host)| [&host[..], b"."].concat()).collect())
    }
}
