//! A world for maps: a small zone, a few users and programs, a clock that stands still.
#![allow(dead_code, clippy::expect_used)] // each test uses a part

use std::collections::VecDeque;
use std::io;

use mapper::*;

/// The zone: owner, type, data. `FAIL` is a name whose server fails.
static ZONE: &[(&str, &str, &str)] = &[
    ("a.example.org", "A", "192.0.2.20"),
    ("a.example.org", "A", "192.0.2.21"),
    ("m.example.org", "MX", "20 mx2.example.org"),
    ("m.example.org", "MX", "10 mx1.example.org"),
    ("m.example.org", "MX", "10 MX1b.example.org"),
    ("m.example.org", "TXT", "hello world|second"),
    ("m.example.org", "TXT", "two\u{1}\tx"),
    ("six.example.org", "AAAA", "2001:db8::99"),
    ("c.example.org", "CNAME", "a.example.org"),
    ("long.example.org", "CNAME", "c.example.org"),
    ("cm.example.org", "CNAME", "m.example.org"),
    ("loop.example.org", "CNAME", "loop2.example.org"),
    ("loop2.example.org", "CNAME", "loop.example.org"),
    ("bad.example.org", "FAIL", ""),
    ("nullmx.example.org", "MX", "0 "),
    ("own.example.org", "MX", "10 other.example.org"),
    ("own.example.org", "MX", "10 mail.example.com"),
    ("_sip._tcp.example.org", "SRV", "1 2 5060 sip.example.org"),
    ("example.org", "NS", "ns1.example.org"),
    ("afs.example.org", "AFSDB", "1 db1.example.org"),
    ("20.2.0.192.in-addr.arpa", "PTR", "a.example.org"),
    ("s.mail.example.com", "A", "192.0.2.40"),
    ("a.example.com", "A", "192.0.2.41"),
    ("txtonly.example.com", "TXT", "x"),
    ("wild.example.com", "MX", "5 a.example.com"),
    ("fs.sub.example.com", "FAIL", ""),
    ("fs.example.com", "A", "192.0.2.63"),
    ("pct.example.org", "TXT", "a%0b"),
];

/// Answers from tables.
#[derive(Default)]
pub(crate) struct World {
    /// Every question to the name service, as `NAME TYPE`.
    pub(crate) asked: Vec<String>,
    pub(crate) macros: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub(crate) log: Vec<(u8, Vec<u8>)>,
    /// What the socket server will say.
    pub(crate) replies: VecDeque<Vec<u8>>,
    /// What it was sent.
    pub(crate) requests: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    pub(crate) connections: usize,
}

fn owned(name: &str) -> Vec<u8> {
    name.as_bytes().to_vec()
}

fn record(owner: &str, kind: &str, data: &str) -> Option<Record> {
    let mut words = data.split(' ');
    let mut number = || words.next().and_then(|w| w.parse().ok()).unwrap_or(0u16);
    let (kind, data) = match kind {
        "A" => (RecordType::A, RecordData::Address(data.parse().ok()?)),
        "AAAA" => (RecordType::Aaaa, RecordData::Address(data.parse().ok()?)),
        "CNAME" => (RecordType::Cname, RecordData::Name(owned(data))),
        "NS" => (RecordType::Ns, RecordData::Name(owned(data))),
        "PTR" => (RecordType::Ptr, RecordData::Name(owned(data))),
        "MX" => (RecordType::Mx, RecordData::Preferred(number(), owned(words.next()?))),
        "AFSDB" => (RecordType::Afsdb, RecordData::Preferred(number(), owned(words.next()?))),
        "SRV" => {
            let (a, b, c) = (number(), number(), number());
            (RecordType::Srv, RecordData::Service(a, b, c, owned(words.next()?)))
        }
        "TXT" => (RecordType::Txt, RecordData::Text(data.split('|').map(owned).collect())),
        _ => return None,
    };
    Some(Record { owner: owned(owner), kind, ttl: 300, data })
}

impl World {
    /// As an authoritative server answers: CNAMEs followed inside the zone.
    fn answer(&self, name: &str, kind: RecordType) -> DnsAnswer {
        let mut records = Vec::new();
        let mut current = name.to_ascii_lowercase();
        for _ in 0..3 {
            let here = || ZONE.iter().filter(|row| row.0 == current);
            if here().any(|row| row.1 == "FAIL") {
                return DnsAnswer::Failure;
            }
            let found = here().filter_map(|row| record(row.0, row.1, row.2));
            records.extend(found.clone().filter(|r| r.kind == kind || r.kind == RecordType::Cname));
            let below = format!(".{current}");
            if !ZONE.iter().any(|row| row.0 == current || row.0.ends_with(&below)) {
                return DnsAnswer::NoSuchName;
            }
            match here().find(|row| row.1 == "CNAME") {
                Some(row) if kind != RecordType::Cname => current = row.2.to_owned(),
                _ => break,
            }
        }
        DnsAnswer::Records(records)
    }
}

impl Services for World {
    fn resolve(&mut self, query: &DnsQuery<'_>) -> DnsAnswer {
        let name = String::from_utf8_lossy(query.name).into_owned();
        self.asked.push(format!("{name} {:?}", query.kind));
        self.answer(&name, query.kind)
    }

    fn search_list(&mut self) -> SearchList {
        SearchList { domains: vec![owned("sub.example.com"), owned("example.com")], ndots: 1 }
    }

    fn run_program(&mut self, call: &ProgramCall<'_>) -> io::Result<ProgramOutput> {
        let (program, arguments) = call.argv.split_first().expect("a program");
        let output = |stdout: Vec<u8>, end| Ok(ProgramOutput { stdout, end });
        match &program[..] {
            b"/echo" => output(arguments.join(&b' '), ProgramEnd::Exited(0)),
            b"/two" => output(b"one\ntwo\n".to_vec(), ProgramEnd::Exited(0)),
            b"/exit" => {
                let code = arguments.last().and_then(|a| std::str::from_utf8(a).ok()?.parse().ok());
                output(b"ignored\n".to_vec(), ProgramEnd::Exited(code.expect("a number")))
            }
            b"/silent" => output(Vec::new(), ProgramEnd::Exited(0)),
            b"/killed" => output(Vec::new(), ProgramEnd::Signalled(9)),
            _ => output(Vec::new(), ProgramEnd::Exited(78)),
        }
    }

    fn passwd(&mut self, login: &[u8]) -> io::Result<Option<Passwd>> {
        Ok((login == b"joe").then(|| Passwd {
            name: owned("joe"),
            password: owned("secret"),
            uid: 1001,
            gid: 100,
            gecos: owned("Joe B"),
            dir: owned("/home/joe"),
            shell: owned("/bin/sh"),
        }))
    }

    fn connect(&mut self, _endpoint: &Endpoint, _timeout: u32) -> io::Result<Box<dyn Stream>> {
        self.connections += 1;
        let replies = std::mem::take(&mut self.replies).into_iter().flatten().collect();
        Ok(Box::new(Wire { replies, requests: self.requests.clone() }))
    }

    fn now(&mut self) -> u64 {
        1_000_000
    }

    fn random(&mut self) -> u64 {
        0
    }

    fn log(&mut self, line: LogLine) {
        if let LogLine::Text { severity, text, .. } | LogLine::General { severity, text, .. } = line
        {
            self.log.push((severity, text));
        }
    }

    fn set_macro(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.macros.push((name.to_vec(), value.map(<[u8]>::to_vec)));
    }
}

/// A connection whose other end has said everything already.
struct Wire {
    replies: VecDeque<u8>,
    requests: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
}

impl io::Read for Wire {
    /// Byte by byte, as the worst network would.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.replies.pop_front(), buffer.first_mut()) {
            (Some(byte), Some(place)) => {
                *place = byte;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

impl io::Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.requests.lock().expect("lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Wire {
    fn set_limit(&mut self, _seconds: u32) -> io::Result<()> {
        Ok(())
    }
}

/// Settings for test files, which lie under a directory that anybody may write to.
pub(crate) fn settings() -> Settings {
    Settings {
        service_switch_file: fixture("service.switch"),
        hosts_file: fixture("hosts"),
        local_domain: owned("example.com"),
        own_names: vec![owned("mail.example.com")],
        blame: BlameSettings { map_in_unsafe_dir_path: true, ..BlameSettings::default() },
        ..Settings::default()
    }
}

/// The path of a file in `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR")).into_bytes()
}

/// A set of maps; `FX` in a line stands for the fixtures' directory. The lines must be faultless.
pub(crate) fn maps(lines: &[&str]) -> MapSet {
    let mut maps = MapSet::new(settings());
    for line in lines {
        assert_eq!(maps.declare(&expand(line)), [], "{line}");
    }
    maps.finish(10);
    maps
}

/// A line with `FX` replaced.
pub(crate) fn expand(line: &str) -> Vec<u8> {
    line.replace("FX", &format!("{}/tests/fixtures", env!("CARGO_MANIFEST_DIR"))).into_bytes()
}

/// The outcome of a lookup in the form of `/map`: messages and then the answer.
pub(crate) fn show(lookup: &Lookup) -> String {
    let mut out = String::new();
    // which directories are warned of depends on where the tests run
    for notice in lookup.notices.iter().filter(|notice| notice.kind != NoticeKind::Warning) {
        out += &format!("{}; ", String::from_utf8_lossy(&notice.text));
    }
    match &lookup.answer {
        Answer::Found(value) => out + "=" + &String::from_utf8_lossy(value),
        Answer::NotOpen => out + "not open",
        Answer::NoSuchMap => out + "not found",
        other => format!("{out}{}", other.exit()),
    }
}

/// Asks as `/map` does; `args` are separated by commas.
pub(crate) fn ask(
    maps: &mut MapSet,
    world: &mut World,
    name: &str,
    key: &str,
    args: &str,
) -> String {
    let args: Vec<&[u8]> = args.split(',').filter(|a| !a.is_empty()).map(str::as_bytes).collect();
    let context = LookupContext::default();
    show(&maps.lookup(name.as_bytes(), key.as_bytes(), &args, &context, world))
}

/// Asks a single map declared by `line` for each key.
pub(crate) fn check(line: &str, rows: &[(&str, &str)]) {
    let name = line.split(' ').next().unwrap_or_default();
    let (mut maps, mut world) = (maps(&[line]), World::default());
    for (key, expected) in rows {
        let answer = ask(&mut maps, &mut world, name, key, "");
        assert_eq!(answer, *expected, "{line}: {key}");
    }
}
