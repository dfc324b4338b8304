//! What the entries of an answer make of a map's value, and where they lead to (MAP-066..MAP-070).

use std::collections::{BTreeMap, HashSet};

use super::spec::{Kind, Spec, Wanted};
use crate::ldap::message::{Attribute, Entry};
use crate::ldap::session::Wanted as More;

/// A value made of several may be so long, bytes.
const MAX_VALUE: usize = 1 << 20;
/// Most searches that one lookup may lead to, and entries that are remembered meanwhile.
const MAX_SEARCHES: usize = 10_000;
const MAX_ENTRIES: usize = 100_000;

/// An attribute that is always asked for, as others depend on it.
pub(super) const OBJECT_CLASS: &[u8] = b"objectClass";

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A second entry, or a second attribute, where `-1` wants one.
    Ambiguous,
    /// An attribute that was not asked for.
    Unasked,
    /// A zero octet in a value.
    Undecodable,
    /// Too much of it.
    TooLarge,
}

/// What a lookup has found so far.
pub(super) struct Findings<'a> {
    spec: &'a Spec,
    /// `-z`.
    delimiter: Option<u8>,
    match_only: bool,
    value: Option<Vec<u8>>,
    /// Names of the entries that have been looked at, where searches may lead to them again.
    seen: HashSet<Vec<u8>>,
    /// Searches to come: their text in lower case, by which they are ordered (observed).
    pending: BTreeMap<Vec<u8>, (Kind, Vec<u8>)>,
    /// Searches that have been made or are to come.
    known: HashSet<Vec<u8>>,
}

/// What the entries of one search give.
pub(super) struct Answer<'f, 'a> {
    findings: &'f mut Findings<'a>,
    /// Whether attributes were named by a URL.
    by_url: bool,
    entries: usize,
    trouble: Option<Trouble>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(spec: &'a Spec, delimiter: Option<u8>, match_only: bool) -> Self {
        Self {
            spec,
            delimiter,
            match_only,
            value: None,
            seen: HashSet::new(),
            pending: BTreeMap::new(),
            known: HashSet::new(),
        }
    }

    /// The value, if there is one.
    pub(super) fn into_value(self) -> Option<Vec<u8>> {
        self.value
    }

    /// Whether any entry has led to a further search.
    pub(super) fn has_led_on(&self) -> bool {
        !self.known.is_empty()
    }

    /// The search to make next.
    pub(super) fn next_search(&mut self) -> Option<(Kind, Vec<u8>)> {
        self.pending.pop_first().map(|(_, search)| search)
    }

    /// Whether the first value ends the search.
    fn first_is_enough(&self) -> bool {
        self.delimiter.is_none() && !self.match_only && !self.spec.single
    }

    /// Adds to the value.
    fn add(&mut self, name: Option<&[u8]>, value: &[u8]) -> Result<(), Trouble> {
        let Some(so_far) = &mut self.value else {
            self.value = Some(Vec::new());
            return self.append(name, value);
        };
        match self.delimiter {
            // only the first one counts
            None => return Ok(()),
            Some(delimiter) if !so_far.is_empty() => so_far.push(delimiter),
            Some(_) => {}
        }
        self.append(name, value)
    }

    fn append(&mut self, name: Option<&[u8]>, value: &[u8]) -> Result<(), Trouble> {
        let so_far = self.value.get_or_insert_default();
        if let (Some(name), Some(separator)) = (name, self.spec.name_separator) {
            so_far.extend_from_slice(name);
            so_far.push(separator);
        }
        so_far.extend_from_slice(value);
        if so_far.len() > MAX_VALUE { Err(Trouble::TooLarge) } else { Ok(()) }
    }

    /// Notes a further search.
    fn follow(&mut self, kind: Kind, text: &[u8]) -> Result<(), Trouble> {
        let order = text.to_ascii_lowercase();
        if self.known.contains(&order) {
            return Ok(());
        }
        if self.known.len() >= MAX_SEARCHES {
            return Err(Trouble::TooLarge);
        }
        self.known.insert(order.clone());
        self.pending.insert(order, (kind, text.to_vec()));
        Ok(())
    }
}

impl<'f, 'a> Answer<'f, 'a> {
    pub(super) fn new(findings: &'f mut Findings<'a>, by_url: bool) -> Self {
        Self { findings, by_url, entries: 0, trouble: None }
    }

    /// What is wrong with it.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// Takes an entry in.
    pub(super) fn take(&mut self, entry: Entry<'_>) -> More {
        if self.trouble.is_some() {
            return More::More;
        }
        self.entries += 1;
        match self.entry(entry) {
            Ok(()) if self.findings.first_is_enough() && self.findings.value.is_some() => {
                More::Enough
            }
            Ok(()) => More::More,
            Err(trouble) => {
                self.trouble = Some(trouble);
                // a fault at the end of the answer counts more
                if trouble == Trouble::Ambiguous { More::More } else { More::Enough }
            }
        }
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), Trouble> {
        let spec = self.findings.spec;
        if spec.single && self.entries > 1 {
            return Err(Trouble::Ambiguous);
        }
        if spec.is_recursive() {
            if self.findings.seen.len() >= MAX_ENTRIES {
                return Err(Trouble::TooLarge);
            }
            if !self.findings.seen.insert(entry.name.to_ascii_lowercase()) {
                return Ok(());
            }
        }
        for attribute in entry.attributes() {
            let wanted = spec.wanted(attribute.name);
            if wanted.is_none() && attribute.name.eq_ignore_ascii_case(OBJECT_CLASS) {
                continue;
            }
            match wanted {
                None if !self.by_url => return Err(Trouble::Unasked),
                Some(wanted) if !is_one_of(entry, wanted) => {}
                wanted => self.attribute(attribute, wanted.map_or(Kind::Normal, |w| w.kind))?,
            }
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: Attribute<'_>, kind: Kind) -> Result<(), Trouble> {
        let findings = &mut *self.findings;
        if findings.match_only {
            findings.value.get_or_insert_default();
            return Ok(());
        }
        if findings.spec.names_only {
            return findings.add(None, attribute.name);
        }
        let mut values = attribute.values().peekable();
        let joins = findings.delimiter.is_some() && kind == Kind::Normal;
        if joins && findings.spec.single && findings.value.is_some() && values.peek().is_some() {
            return Err(Trouble::Ambiguous);
        }
        for value in values {
            if value.contains(&0) {
                return Err(Trouble::Undecodable);
            }
            // without `-z` any value is the answer, whatever its kind (observed)
            if kind == Kind::Normal || findings.delimiter.is_none() {
                findings.add(Some(attribute.name), value)?;
            } else {
                findings.follow(kind, value)?;
            }
        }
        Ok(())
    }
}

/// Whether an entry is of one of the classes that an attribute wants.
fn is_one_of(entry: Entry<'_>, wanted: &Wanted) -> bool {
    let among = |class: &[u8]| wanted.classes.iter().any(|one| one.eq_ignore_ascii_case(class));
    wanted.classes.is_empty() || entry.values_of(OBJECT_CLASS).any(among)
}
