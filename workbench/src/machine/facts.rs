//! What is known of another machine, as a text of one fact a line (`docs/host-facts.md`).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use mapper::{DnsAnswer, Record, RecordData, RecordType};

/// A user of that machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: Vec<u8>,
    /// User id.
    pub uid: u32,
    /// Login group.
    pub gid: u32,
    /// Home directory.
    pub home: Vec<u8>,
    /// Full name and friends.
    pub gecos: Vec<u8>,
}

/// Keys and values of a map, in order.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The name of the host: `$w` and `$j` begin with it.
    pub host: Option<Vec<u8>>,
    /// The node name: `$k`.
    pub node: Option<Vec<u8>>,
    /// Names and bracketed addresses of the host for class w, before the file is read.
    pub aliases: Vec<Vec<u8>>,
    /// Macros as they are before the file is read.
    pub macros: Vec<(Vec<u8>, Vec<u8>)>,
    /// Members of classes, added when the file has been read.
    pub classes: Vec<(Vec<u8>, Vec<u8>)>,
    /// The users; without any, those of this machine are asked.
    pub users: Vec<User>,
    /// Sources of services in their order.
    pub services: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// What maps hold.
    pub maps: BTreeMap<Vec<u8>, Entries>,
    dns: HashMap<Vec<u8>, Zone>,
    /// The answer about names that are not known; none: the name service is to be asked.
    other_names: Option<DnsAnswer>,
}

/// What is known of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Zone {
    records: Vec<Record>,
    /// Instead of records.
    verdict: Option<DnsAnswer>,
}

/// A line that states no fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct FactsError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// Time to live of records that facts give, seconds.
const TTL: u32 = 3600;

impl Facts {
    /// Adds the facts of a text. Later lines add to earlier ones; of `host` and `node` the last counts.
    ///
    /// # Errors
    /// The first line that states no fact.
    pub fn add(&mut self, text: &[u8]) -> Result<(), FactsError> {
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            self.line(line).map_err(|problem| FactsError { line: at + 1, problem })?;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        let (word, rest) = first_word(line);
        let (name, value) = first_word(rest);
        if name.is_empty() {
            return Err(format!("nothing behind {}", lossy(word)));
        }
        let value = value.to_vec();
        match word {
            b"host" => self.host = Some(name.to_vec()),
            b"node" => self.node = Some(name.to_vec()),
            b"alias" => self.aliases.extend(words(rest)),
            b"macro" => self.macros.push((bare(name), value)),
            b"class" => {
                let class = bare(name);
                self.classes.extend(words(&value).map(|word| (class.clone(), word)));
            }
            b"user" => self.users.push(user(name, &value)?),
            b"service" => self.services.push((name.to_vec(), words(&value).collect())),
            b"map" => {
                let entries = self.maps.entry(name.to_vec()).or_default();
                let (key, value) = first_word(&value);
                // a map without a key is one without entries
                if !key.is_empty() {
                    entries.push((key.to_vec(), value.to_vec()));
                }
            }
            b"dns" => self.name(name, &value)?,
            _ => return Err(format!("no fact begins with {}", lossy(word))),
        }
        Ok(())
    }

    /// `dns NAME TYPE DATA`, `dns NAME nxdomain`, `dns NAME failure`; `*` for all other names.
    fn name(&mut self, name: &[u8], value: &[u8]) -> Result<(), String> {
        let (kind, data) = first_word(value);
        let verdict = match kind.to_ascii_lowercase().as_slice() {
            b"nxdomain" => Some(DnsAnswer::NoSuchName),
            b"failure" => Some(DnsAnswer::Failure),
            _ => None,
        };
        if name == b"*" {
            let verdict = verdict.ok_or("* can be nxdomain or failure only")?;
            self.other_names = Some(verdict);
            return Ok(());
        }
        let owner = name.strip_suffix(b".").unwrap_or(name).to_vec();
        let record = match &verdict {
            Some(_) => None,
            None => Some(record(&owner, kind, data)?),
        };
        let zone = self.dns.entry(owner.to_ascii_lowercase()).or_default();
        zone.verdict = verdict.or(zone.verdict.take());
        zone.records.extend(record);
        Ok(())
    }

    /// What is known of a name; `None` if nothing is.
    #[must_use]
    pub fn resolve(&self, name: &[u8], kind: RecordType) -> Option<DnsAnswer> {
        let name = name.to_ascii_lowercase();
        let Some(zone) = self.dns.get(&name) else { return self.other_names.clone() };
        if let Some(verdict) = &zone.verdict {
            return Some(verdict.clone());
        }
        let mut found: Vec<Record> = Vec::new();
        self.follow(&name, kind, &mut found);
        Some(DnsAnswer::Records(found))
    }

    /// Records of a type, aliases on the way included.
    fn follow(&self, name: &[u8], kind: RecordType, found: &mut Vec<Record>) {
        /// Aliases that are followed.
        const LONGEST_CHAIN: usize = 8;
        let mut name = name.to_vec();
        for _ in 0..LONGEST_CHAIN {
            let Some(zone) = self.dns.get(&name) else { return };
            let wanted = zone.records.iter().filter(|record| record.kind == kind);
            let before = found.len();
            found.extend(wanted.cloned());
            if found.len() > before {
                return;
            }
            let alias = zone.records.iter().find(|record| record.kind == RecordType::Cname);
            let Some(alias) = alias else { return };
            found.push(alias.clone());
            let RecordData::Name(target) = &alias.data else { return };
            name = target.to_ascii_lowercase();
        }
    }

    /// Adds the users of a password file; lines that are none are passed over.
    pub fn add_passwd(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
            let [name, _, uid, gid, gecos, home, ..] = fields[..] else { continue };
            let (Some(uid), Some(gid)) = (number(uid), number(gid)) else { continue };
            self.users.push(User {
                name: name.to_vec(),
                uid,
                gid,
                home: home.to_vec(),
                gecos: gecos.to_vec(),
            });
        }
    }

    /// A user by name.
    #[must_use]
    pub fn user(&self, name: &[u8]) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }
}

/// `user NAME [UID [GID [HOME [GECOS]]]]`
fn user(name: &[u8], rest: &[u8]) -> Result<User, String> {
    /// What a user has whose ids nobody knows.
    const SOME_ID: u32 = 1000;
    let (uid, rest) = first_word(rest);
    let (gid, rest) = first_word(rest);
    let (home, gecos) = first_word(rest);
    let id = |text: &[u8], default| match text {
        b"" => Ok(default),
        _ => number(text).ok_or(format!("{} is no number", lossy(text))),
    };
    let uid = id(uid, SOME_ID)?;
    let home = if home.is_empty() { [b"/home/", name].concat() } else { home.to_vec() };
    Ok(User { name: name.to_vec(), uid, gid: id(gid, uid)?, home, gecos: gecos.to_vec() })
}

/// One record of a name, by its type and its data as zone files have it.
fn record(owner: &[u8], kind: &[u8], data: &[u8]) -> Result<Record, String> {
    let (kind, data) = zone(kind, data)?;
    Ok(Record { owner: owner.to_vec(), kind, ttl: TTL, data })
}

/// The data of a record as zone files have it (RFC 1035, 5.1; A, AAAA, CNAME, NS, PTR, MX, AFSDB, TXT, SRV).
///
/// # Errors
/// What is wrong, in words.
pub fn zone(kind: &[u8], data: &[u8]) -> Result<(RecordType, RecordData), String> {
    let undotted = |name: &[u8]| name.strip_suffix(b".").unwrap_or(name).to_vec();
    let numbers = |text: &[u8]| number(text).and_then(|number| u16::try_from(number).ok());
    let wrong = || format!("{} is no data of type {}", lossy(data), lossy(kind));
    let mut parts = data.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty());
    let mut part = || parts.next().ok_or_else(wrong);
    let address = |text: &[u8]| -> Option<IpAddr> { std::str::from_utf8(text).ok()?.parse().ok() };
    Ok(match kind.to_ascii_uppercase().as_slice() {
        b"A" => match address(part()?) {
            Some(address @ IpAddr::V4(_)) => (RecordType::A, RecordData::Address(address)),
            _ => return Err(wrong()),
        },
        b"AAAA" => match address(part()?) {
            Some(address @ IpAddr::V6(_)) => (RecordType::Aaaa, RecordData::Address(address)),
            _ => return Err(wrong()),
        },
        b"CNAME" => (RecordType::Cname, RecordData::Name(undotted(part()?))),
        b"NS" => (RecordType::Ns, RecordData::Name(undotted(part()?))),
        b"PTR" => (RecordType::Ptr, RecordData::Name(undotted(part()?))),
        b"MX" | b"AFSDB" => {
            let preference = numbers(part()?).ok_or_else(wrong)?;
            let kind =
                if kind.eq_ignore_ascii_case(b"MX") { RecordType::Mx } else { RecordType::Afsdb };
            (kind, RecordData::Preferred(preference, undotted(part()?)))
        }
        b"TXT" => (RecordType::Txt, RecordData::Text(vec![unquoted(data)])),
        b"SRV" => {
            let mut number = || part().and_then(|text| numbers(text).ok_or_else(wrong));
            let (priority, weight, port) = (number()?, number()?, number()?);
            (RecordType::Srv, RecordData::Service(priority, weight, port, undotted(part()?)))
        }
        _ => return Err(format!("no record type {} here", lossy(kind))),
    })
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    let inner = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    inner.unwrap_or(text).to_vec()
}

/// A name without the braces that it may be written with.
fn bare(name: &[u8]) -> Vec<u8> {
    let inner = name.strip_prefix(b"{").and_then(|name| name.strip_suffix(b"}"));
    inner.unwrap_or(name).to_vec()
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn words(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(<[u8]>::to_vec)
}

/// The first word, and what follows without the blanks between.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        let mut facts = Facts::default();
        facts.add(text.as_bytes()).unwrap();
        facts
    }

    #[test]
    fn each_kind_of_fact() {
        let facts = facts(
            "# a hub\nhost hub.example.com\nnode hub\nalias hub [192.0.2.1]\nmacro {m} example.com\n\
             class w example.com www.example.com\nuser alice 1001 100 /home/a Alice Example\nuser bob\n\
             service hosts files dns\nmap access spam.example REJECT no mail\nmap empty\n",
        );
        assert_eq!(facts.host.as_deref(), Some(&b"hub.example.com"[..]));
        assert_eq!(facts.aliases, [b"hub".to_vec(), b"[192.0.2.1]".to_vec()]);
        assert_eq!(facts.macros, [(b"m".to_vec(), b"example.com".to_vec())]);
        assert_eq!(facts.classes.len(), 2);
        assert_eq!(facts.user(b"alice").unwrap().gecos, b"Alice Example");
        assert_eq!(facts.user(b"bob").unwrap().home, b"/home/bob");
        assert_eq!(facts.services[0].1, [b"files".to_vec(), b"dns".to_vec()]);
        let entry = (b"spam.example".to_vec(), b"REJECT no mail".to_vec());
        assert_eq!(facts.maps[&b"access"[..]], [entry]);
        assert!(facts.maps[&b"empty"[..]].is_empty());
    }

    #[test]
    fn names_in_the_dns() {
        let facts = facts(
            "dns example.com MX 10 mail.example.com.\ndns www.example.com CNAME web.example.com\n\
             dns web.example.com A 192.0.2.7\ndns gone.example nxdomain\ndns slow.example failure\n",
        );
        let Some(DnsAnswer::Records(found)) = facts.resolve(b"WWW.example.com", RecordType::A)
        else {
            panic!("no records");
        };
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].data, RecordData::Address("192.0.2.7".parse().unwrap()));
        let none = facts.resolve(b"example.com", RecordType::A);
        assert_eq!(none, Some(DnsAnswer::Records(Vec::new())));
        assert_eq!(facts.resolve(b"gone.example", RecordType::A), Some(DnsAnswer::NoSuchName));
        assert_eq!(facts.resolve(b"slow.example", RecordType::Mx), Some(DnsAnswer::Failure));
        assert_eq!(facts.resolve(b"other.example", RecordType::Mx), None);
    }

    #[test]
    fn an_alias_of_itself_ends() {
        let facts = facts("dns a.example CNAME a.example\n");
        assert!(matches!(
            facts.resolve(b"a.example", RecordType::A),
            Some(DnsAnswer::Records(found)) if found.len() == 8
        ));
    }

    #[test]
    fn what_is_no_fact() {
        let rows = [
            ("host", "line 1: nothing behind host"),
            ("\nhots x", "line 2: no fact begins with hots"),
            ("dns x.example A nonsense", "line 1: nonsense is no data of type A"),
            ("dns x.example LOC 1", "line 1: no record type LOC here"),
            ("dns * A 192.0.2.1", "line 1: * can be nxdomain or failure only"),
            ("user bob x", "line 1: x is no number"),
        ];
        for (text, expected) in rows {
            let error = Facts::default().add(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
