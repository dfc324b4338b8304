//! `SunOS` and Solaris: host and map operators in rules, macros and classes from `sendmailvars`.

use std::collections::BTreeMap;

use super::{Line, NameSpace, version};
use memchr::{memchr, memmem};

/// The level of files for a sendmail before Solaris 2.5, where there is no `V` line.
const OLD: &[u8] = b"1";

/// Hosts that a pattern can name, and the classes they become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hosts {
    /// `$%y`
    All,
    /// `$%l`: those of the local domain, with it.
    Local,
    /// `$%X` with `DXhosts.byname`: those of one token.
    Single,
}

impl Hosts {
    fn class(self) -> &'static [u8] {
        match self {
            Self::All => b"{sun_hosts}",
            Self::Local => b"{sun_local_hosts}",
            Self::Single => b"{sun_single_hosts}",
        }
    }
}

pub(super) struct Sun<'a> {
    names: &'a dyn NameSpace,
    /// Whether the file is for a sendmail before Solaris 2.5.
    old: bool,
    /// One-letter macros: some name maps.
    macros: BTreeMap<u8, Vec<u8>>,
    used_hosts: Vec<Hosts>,
    used_maps: BTreeMap<u8, Vec<u8>>,
}

impl<'a> Sun<'a> {
    pub(super) fn new(names: &'a dyn NameSpace) -> Self {
        let macros = BTreeMap::from([(b'm', names.domain())]);
        let used_maps = BTreeMap::new();
        Self { names, old: true, macros, used_hosts: Vec::new(), used_maps }
    }

    pub(super) fn line(&mut self, line: &[u8]) -> Line {
        match line {
            [b'V', ..] => self.version(line),
            [b'D', name, value @ ..] => {
                self.macros.insert(*name, value.trim_ascii().to_vec());
                Line::Same
            }
            [b'L', name, key @ ..] => match self.names.variable(key.trim_ascii()) {
                Some(value) => {
                    self.macros.insert(*name, value.clone());
                    define(b'D', *name, &value, line)
                }
                None => Line::Nothing,
            },
            [b'G', name, key @ ..] => match self.names.variable(key.trim_ascii()) {
                Some(value) => define(b'C', *name, &value, line),
                None => Line::Nothing,
            },
            [b'O', b'R', hub @ ..] if self.old => hub_line(hub),
            [b'O', b'>', hub @ ..] => hub_line(hub),
            [b'K', ..] if self.old => Line::Nothing,
            [b'R', rule @ ..] => self.rule(rule),
            _ => Line::Same,
        }
    }

    fn version(&mut self, line: &[u8]) -> Line {
        let Some((level, vendor)) = version(line) else { return Line::Same };
        self.old = level == OLD;
        if !vendor.eq_ignore_ascii_case(b"Sun") {
            return Line::Same;
        }
        let text = [b"V", level, b"/Berkeley"].concat();
        define_line(&text, line)
    }

    fn rule(&mut self, rule: &[u8]) -> Line {
        let (left, right) = rule.split_at(memchr(b'\t', rule).unwrap_or(rule.len()));
        let translated = self.pattern(left).and_then(|left| Ok((left, self.result(right)?)));
        match translated {
            Ok((new_left, new_right)) if new_left == left && new_right == right => Line::Same,
            Ok((left, right)) => Line::Becomes([b"R", &left[..], &right].concat()),
            Err(why) => Line::NotRun(why),
        }
    }

    /// `$%y` and its like.
    fn pattern(&mut self, left: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(left.len());
        let mut rest = left;
        while let Some(at) = memmem::find(rest, b"$%") {
            let Some(letter) = rest.get(at + 2) else { break };
            let hosts = match letter {
                b'y' => Hosts::All,
                b'l' => Hosts::Local,
                b'x' => return Err("mail exchangers in a pattern ($%x)".into()),
                b'z' => return Err("$%z, of which no description is known".into()),
                _ if self.macros.get(letter).is_some_and(|map| map == b"hosts.byname") => {
                    Hosts::Single
                }
                _ => return Err(format!("map in a pattern ($%{})", char::from(*letter))),
            };
            self.used_hosts.push(hosts);
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(b"$=");
            out.extend_from_slice(hosts.class());
            rest = &rest[at + 3..];
        }
        out.extend_from_slice(rest);
        Ok(out)
    }

    /// `${x name$}`
    fn result(&mut self, right: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(right.len());
        let mut rest = right;
        while let Some(at) = memmem::find(rest, b"${") {
            let (front, lookup) = rest.split_at(at);
            out.extend_from_slice(front);
            let [_, _, letter, b' ', name @ ..] = lookup else {
                out.extend_from_slice(b"${");
                rest = &lookup[2..];
                continue;
            };
            let Some(end) = memmem::find(name, b"$}") else { break };
            match self.macros.get(letter) {
                Some(map) if map.starts_with(b"rev") => {
                    return Err("aliases backwards (a map whose name begins with rev)".into());
                }
                Some(map) => self.used_maps.insert(*letter, map.clone()),
                None => {
                    return Err(format!("map without a name (${{{} ...$}})", char::from(*letter)));
                }
            };
            out.extend_from_slice(&[b'$', b'(', *letter, b' ']);
            out.extend_from_slice(name[..end].trim_ascii());
            out.extend_from_slice(b" $)");
            rest = &name[end + 2..];
        }
        out.extend_from_slice(rest);
        Ok(out)
    }

    /// Classes and maps that the rules now use.
    pub(super) fn definitions(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.used_hosts.sort_unstable();
        self.used_hosts.dedup();
        let hosts = if self.used_hosts.is_empty() { Vec::new() } else { self.names.hosts() };
        let domain = self.macros.get(&b'm').map_or(&b""[..], Vec::as_slice);
        let in_domain = |host: &[u8]| {
            let front = host.strip_suffix(domain).and_then(|front| front.strip_suffix(b"."));
            !domain.is_empty() && front.is_some_and(|front| !front.is_empty())
        };
        for kind in &self.used_hosts {
            let fits = |host: &&Vec<u8>| match kind {
                Hosts::All => true,
                Hosts::Local => in_domain(host),
                Hosts::Single => !host.contains(&b'.'),
            };
            for host in hosts.iter().filter(|host| is_plain(host)).filter(fits) {
                out.extend([b"C", kind.class(), b" ", host, b"\n"].concat());
            }
        }
        for (letter, map) in &self.used_maps {
            out.extend([b"K", &[*letter][..], b" nis ", map, b"\n"].concat());
        }
        out
    }
}

/// A name that means itself on a `C` line.
fn is_plain(host: &[u8]) -> bool {
    host.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte))
}

fn hub_line(hub: &[u8]) -> Line {
    if hub.trim_ascii().is_empty() {
        return Line::Nothing;
    }
    Line::NotRun("all mail to a mail hub (use a smart host)".into())
}

fn define(kind: u8, name: u8, value: &[u8], line: &[u8]) -> Line {
    define_line(&[&[kind, name], value].concat(), line)
}

/// `text` in place of a line, with its line breaks.
fn define_line(text: &[u8], line: &[u8]) -> Line {
    let mut out = text.to_vec();
    for (index, physical) in line.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'#');
        }
        if physical.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    Line::Becomes(out)
}
