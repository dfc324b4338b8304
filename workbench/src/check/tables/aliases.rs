//! Aliases: lines, duplicates, loops, files that are named.

use std::collections::{HashMap, VecDeque};

use mapper::{AliasEntry, AliasReader, AliasSeverity, build_aliases};

use crate::check::catalogue;
use crate::check::files::{FileKind, Files};
use crate::check::finding::{Finding, Severity, shown};
use crate::check::places::Places;

pub(super) fn check(
    places: &Places<'_>,
    reader: &mut dyn AliasReader,
    files: Option<&dyn Files>,
) -> Vec<Finding> {
    let file = build_aliases(places.bytes, false, reader);
    let number = |line: usize| u32::try_from(line).unwrap_or(u32::MAX);
    let mut findings = Vec::new();
    for told in &file.diagnostics {
        let check = match told.severity {
            AliasSeverity::Warning => &catalogue::ALIAS_DUPLICATE,
            AliasSeverity::Error | AliasSeverity::Fault => &catalogue::ALIAS_LINE,
        };
        let at = places.line(first_line(places, number(told.line)));
        let message = match told.severity {
            AliasSeverity::Warning => {
                let name = told.text.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
                format!("the alias `{}` has been defined before", shown(name))
            }
            AliasSeverity::Error => format!("newaliases refuses the line: {}", what(&told.text)),
            AliasSeverity::Fault => format!("newaliases complains: {}", what(&told.text)),
        };
        let finding = Finding::new(check, Some(at), message);
        let finding = match told.severity {
            AliasSeverity::Fault => finding.as_severity(Severity::Warning),
            _ => finding,
        };
        findings.push(Finding { sendmail: Some(told.text.clone()), ..finding });
    }
    findings.extend(loops(places, &file.entries));
    findings.extend(named_files(places, &file.entries, files));
    let has = |name: &[u8]| file.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
    if !file.entries.is_empty() && !has(b"postmaster") {
        let message = "there is no alias `postmaster`";
        findings.push(Finding::new(&catalogue::ALIAS_POSTMASTER, None, message));
    }
    findings
}

/// A message without the line that it repeats in front.
fn what(text: &[u8]) -> String {
    let at = memchr::memmem::rfind(text, b"... ").map_or(0, |at| at + 4);
    shown(text.get(at..).unwrap_or_default())
}

/// Where the entry begins that ends on this line.
fn first_line(places: &Places<'_>, mut line: u32) -> u32 {
    while line > 1 {
        let continues = matches!(places.line_text(line).first(), Some(b' ' | b'\t'))
            || places.line_text(line - 1).ends_with(b"\\");
        if !continues {
            break;
        }
        line -= 1;
    }
    line
}

/// The addresses of a value: between commas outside of quotes and angle brackets.
fn addresses(value: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let (mut quoted, mut depth, mut start) = (false, 0_usize, 0);
    let mut backslash = false;
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if backslash => backslash = false,
            b'\\' => backslash = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => depth += 1,
            b'>' if !quoted => depth = depth.saturating_sub(1),
            b',' if !quoted && depth == 0 => {
                found.push(value.get(start..at).unwrap_or_default().trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(value.get(start..).unwrap_or_default().trim_ascii());
    found.retain(|address| !address.is_empty());
    found
}

/// The alias that an address of a value is looked up as; nothing if it is something else.
fn alias_of(address: &[u8]) -> Option<Vec<u8>> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+=".contains(byte);
    address.iter().all(plain).then(|| address.to_ascii_lowercase())
}

/// Aliases from which no way leads to anything but aliases.
fn loops(places: &Places<'_>, entries: &[AliasEntry<'_>]) -> Vec<Finding> {
    let index: HashMap<&[u8], usize> =
        entries.iter().enumerate().map(|(at, entry)| (&entry.name[..], at)).collect();
    // who names whom, backwards, from those that lead somewhere
    let mut named_by: Vec<Vec<usize>> = vec![Vec::new(); entries.len()];
    let mut ends = vec![false; entries.len()];
    let mut next: Vec<Option<usize>> = vec![None; entries.len()];
    let mut todo = VecDeque::new();
    for (at, entry) in entries.iter().enumerate() {
        for address in addresses(&entry.value) {
            let target = alias_of(address).and_then(|name| index.get(&name[..]).copied());
            match target {
                // an alias that names itself is a user
                Some(target) if target != at => {
                    named_by[target].push(at);
                    next[at].get_or_insert(target);
                }
                _ => ends[at] = true,
            }
        }
        if ends[at] {
            todo.push_back(at);
        }
    }
    while let Some(at) = todo.pop_front() {
        for by in std::mem::take(&mut named_by[at]) {
            if !ends[by] {
                ends[by] = true;
                todo.push_back(by);
            }
        }
    }
    let mut found = Vec::new();
    for (at, entry) in entries.iter().enumerate().filter(|(at, _)| !ends[*at]) {
        let Some(first) = next[at].and_then(|first| entries.get(first)) else { continue };
        let line = first_line(places, u32::try_from(entry.line).unwrap_or(u32::MAX));
        let message = format!(
            "mail to `{}` goes in circles, by way of `{}`",
            shown(&entry.name),
            shown(&first.name)
        );
        found.push(Finding::new(&catalogue::ALIAS_LOOP, Some(places.line(line)), message));
    }
    found
}

/// Lists, programs and files that values name by a full path.
fn named_files(
    places: &Places<'_>,
    entries: &[AliasEntry<'_>],
    files: Option<&dyn Files>,
) -> Vec<Finding> {
    let Some(files) = files else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        for address in addresses(&entry.value) {
            let address = address.strip_prefix(b"\"").unwrap_or(address);
            let address = address.strip_suffix(b"\"").unwrap_or(address);
            let (path, program) = match address {
                [b':', ..] => (address.get(9..), false),
                [b'|', rest @ ..] => (rest.split(|byte| *byte == b' ').next(), true),
                _ => (None, false),
            };
            let is_list =
                address.get(..9).is_some_and(|head| head.eq_ignore_ascii_case(b":include:"));
            let path = path.filter(|path| path.starts_with(b"/") && (program || is_list));
            let Some(path) = path else { continue };
            let what = if program { "the program" } else { "the list" };
            let message = match files.facts(path) {
                None => format!("{what} `{}` does not exist", shown(path)),
                Some(facts) if facts.kind == FileKind::Directory => {
                    format!("{what} `{}` is a directory", shown(path))
                }
                Some(facts) if facts.mode.unwrap_or(0) & 0o002 != 0 => {
                    format!("everybody may write {what} `{}`", shown(path))
                }
                Some(_) => continue,
            };
            let line = first_line(places, u32::try_from(entry.line).unwrap_or(u32::MAX));
            let last = places.line(u32::try_from(entry.line).unwrap_or(u32::MAX)).end;
            let whole = places.line(line).start..last;
            let at = places.find_in(whole.clone(), path).or(Some(places.line(line)));
            found.push(Finding::new(&catalogue::ALIAS_FILE, at, message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_values() {
        let rows: [(&[u8], &[&[u8]]); 4] = [
            (b"a, b,c", &[b"a", b"b", b"c"]),
            (b"\"|/bin/x a,b\", \\c", &[b"\"|/bin/x a,b\"", b"\\c"]),
            (b"<@x,@y:a@b>, z", &[b"<@x,@y:a@b>", b"z"]),
            (b"", &[]),
        ];
        for (value, expected) in rows {
            assert_eq!(addresses(value), expected);
        }
    }
}
