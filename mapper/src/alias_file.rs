//! The text form of alias files (AD-001..AD-006, MAP-100, MAP-117).
//!
//! `name: value, value`, continued on lines that start with a blank or after a backslash at the end
//! of a line; `#` in the first column starts a comment. A faulty entry is reported and left out;
//! the rest of the file counts.

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::services::AliasName;

/// One alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasEntry<'t> {
    /// The key as stored: the user part, usually in lower case.
    pub name: Vec<u8>,
    /// The value without leading blanks, line ends taken out.
    pub value: Cow<'t, [u8]>,
    /// Number of the entry's last line, from 1.
    pub line: usize,
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasSeverity {
    /// The entry is left out and the rebuild exits 70.
    Error,
    /// The entry counts, but for what is told.
    Fault,
    /// Only told when a database is built.
    Warning,
}

/// A complaint about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasDiagnostic {
    /// Number of the entry's last line, from 1.
    pub line: usize,
    /// How bad it is.
    pub severity: AliasSeverity,
    /// The text without file and line.
    pub text: Vec<u8>,
}

impl AliasDiagnostic {
    /// `FILE: line N: TEXT`, as printed.
    #[must_use]
    pub fn render(&self, file: &[u8]) -> Vec<u8> {
        [file, b": line ", self.line.to_string().as_bytes(), b": ", &self.text].concat()
    }
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AliasFile<'t> {
    /// The entries in the order of their first appearance, one per name.
    pub entries: Vec<AliasEntry<'t>>,
    /// Complaints in order.
    pub diagnostics: Vec<AliasDiagnostic>,
    /// Number of lines with a valid entry, duplicates counted.
    pub count: usize,
    /// Length of the longest value, bytes.
    pub longest: usize,
    /// Length of all names and values, bytes.
    pub total: usize,
}

impl AliasFile<'_> {
    /// `FILE: N aliases, longest N bytes, N bytes total` (AD-011).
    #[must_use]
    pub fn summary(&self, file: &[u8]) -> Vec<u8> {
        let numbers = format!(
            ": {} aliases, longest {} bytes, {} bytes total",
            self.count, self.longest, self.total
        );
        [file, numbers.as_bytes()].concat()
    }

    /// Whether a rebuild from this file exits 70.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == AliasSeverity::Error)
    }
}

/// What an address list of an alias file has been found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AliasPart {
    /// The last address in it as messages name it.
    pub text: Vec<u8>,
    /// What is wrong with it, as [`AliasDiagnostic::text`].
    pub complaints: Vec<(AliasSeverity, Vec<u8>)>,
}

/// Reads the addresses of an alias file by the rules of a configuration.
pub trait AliasReader {
    /// The left side with which a line begins. It ends at a colon, but not at one in quotes, comments or angle
    /// brackets, and if those are not closed, at the end of the line (AD-004).
    fn left(&mut self, line: &[u8]) -> (AliasName, AliasPart);

    /// Looks at the addresses of a value (CheckAliases, OPT-042); `None` if nobody wants to know.
    fn right(&mut self, _value: &[u8]) -> Option<AliasPart> {
        None
    }
}

/// Reads names without rules: they end at the first colon.
impl<F: FnMut(&[u8]) -> AliasName> AliasReader for F {
    fn left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
        (self(name), AliasPart { text: name.to_vec(), complaints: Vec::new() })
    }
}

/// Reads an alias file; with `append_duplicates` (flag `-A`) a second entry's value goes before the first one's,
/// else it replaces it. Linear in the size of the text, but for joined duplicates.
pub fn build<'t>(
    text: &'t [u8],
    append_duplicates: bool,
    reader: &mut dyn AliasReader,
) -> AliasFile<'t> {
    let mut builder = Builder { append_duplicates, ..Builder::default() };
    each_logical_line(text, &mut |logical| builder.line(logical, reader));
    builder.file
}

#[derive(Default)]
struct Builder<'t> {
    append_duplicates: bool,
    file: AliasFile<'t>,
    /// Places among the entries, by name.
    places: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl<'t> Builder<'t> {
    fn complain(&mut self, line: usize, severity: AliasSeverity, text: Vec<u8>) {
        self.file.diagnostics.push(AliasDiagnostic { line, severity, text });
    }

    fn line(&mut self, logical: Logical<'t>, reader: &mut dyn AliasReader) {
        let (line, text) = (logical.last, &*logical.text);
        let error = |what: &[u8]| [text, what].concat();
        if logical.stray {
            let text = b"Non-continuation line starts with space".to_vec();
            return self.complain(line, AliasSeverity::Error, text);
        }
        // The value stands behind the first colon, wherever the name is found to end (observed).
        let Some(colon) = memchr::memchr(b':', text) else {
            return self.complain(line, AliasSeverity::Error, b"missing colon".to_vec());
        };
        let value = text.get(colon + 1..).unwrap_or_default().trim_ascii_start();
        let (name, mut part) = reader.left(text);
        let complaints = part.complaints.drain(..);
        complaints.for_each(|(severity, text)| self.complain(line, severity, text));
        match name {
            AliasName::Illegal => {
                self.complain(line, AliasSeverity::Error, error(b"... illegal alias name"));
            }
            AliasName::NotLocal => {
                let text = [&part.text[..], b"... cannot alias non-local names"].concat();
                self.complain(line, AliasSeverity::Error, text);
            }
            AliasName::Local(_) if value.is_empty() => {
                self.complain(line, AliasSeverity::Error, error(b"... missing value for alias"));
            }
            AliasName::Local(name) => {
                let named = reader.right(value).map_or(part.text, |right| {
                    let complaints = right.complaints.into_iter();
                    complaints.for_each(|(severity, text)| self.complain(line, severity, text));
                    right.text
                });
                let from = text.len() - value.len();
                let value = match &logical.text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.get(from..).unwrap_or_default()),
                    Cow::Owned(_) => Cow::Owned(value.to_vec()),
                };
                self.entry(line, &named, name, value);
            }
        }
    }

    fn entry(&mut self, line: usize, named: &[u8], name: Vec<u8>, value: Cow<'t, [u8]>) {
        let file = &mut self.file;
        file.count += 1;
        file.longest = file.longest.max(value.len());
        file.total += name.len() + value.len();
        let at = |place: &usize| file.entries.get(*place).map(|entry| &entry.name);
        let hash = self.hasher.hash_one(&name);
        let Some(&place) = self.places.find(hash, |place| at(place) == Some(&name)) else {
            let hash_of = |place: &usize| self.hasher.hash_one(at(place).unwrap_or(&name));
            self.places.insert_unique(hash, file.entries.len(), hash_of);
            file.entries.push(AliasEntry { name, value, line });
            return;
        };
        if let Some(old) = file.entries.get_mut(place) {
            old.line = line;
            old.value = match self.append_duplicates {
                true => [&value, &b","[..], &old.value].concat().into(),
                false => value,
            };
        }
        if !self.append_duplicates {
            let text = [named, b"... Warning: duplicate alias name ", &name[..]].concat();
            self.complain(line, AliasSeverity::Warning, text);
        }
    }
}

/// An entry or a block of stray lines, its line ends taken out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Logical<'t> {
    /// Number of its last physical line.
    last: usize,
    text: Cow<'t, [u8]>,
    /// Indented lines that continue nothing.
    stray: bool,
}

/// What the line being collected is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Collecting {
    Nothing,
    Entry,
    Comment,
    Stray,
}

/// Calls `visit` with the lines of `text` that are one.
fn each_logical_line<'t>(text: &'t [u8], visit: &mut dyn FnMut(Logical<'t>)) {
    let mut state = Collecting::Nothing;
    let mut current = Logical::default();
    let mut joined = false;
    for (index, raw) in text.split_inclusive(|&b| b == b'\n').enumerate() {
        let line = raw.strip_suffix(b"\n").unwrap_or(raw);
        let continues = joined || matches!(line.first(), Some(b' ' | b'\t'));
        if !continues || state == Collecting::Nothing {
            finish(&mut current, state, visit);
            state = match line.first() {
                None => Collecting::Nothing,
                Some(b'#') => Collecting::Comment,
                Some(b' ' | b'\t') => Collecting::Stray,
                Some(_) => Collecting::Entry,
            };
        }
        joined = state != Collecting::Nothing && raw.ends_with(b"\\\n");
        let part = if joined { line.strip_suffix(b"\\").unwrap_or(line) } else { line };
        match state {
            Collecting::Entry if current.text.is_empty() => current.text = part.into(),
            Collecting::Entry => current.text.to_mut().extend_from_slice(part),
            _ => {}
        }
        current.last = index + 1;
    }
    finish(&mut current, state, visit);
}

fn finish<'t>(current: &mut Logical<'t>, state: Collecting, visit: &mut dyn FnMut(Logical<'t>)) {
    let text = std::mem::take(&mut current.text);
    if matches!(state, Collecting::Entry | Collecting::Stray) {
        visit(Logical { last: current.last, text, stray: state == Collecting::Stray });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &[u8], append: bool) -> String {
        let mut name_of = |name: &[u8]| {
            if name.is_empty() {
                AliasName::Illegal
            } else if name.contains(&b'@') {
                AliasName::NotLocal
            } else {
                AliasName::Local(name.to_ascii_lowercase())
            }
        };
        let file = build(text, append, &mut name_of);
        let mut out = Vec::new();
        for diagnostic in &file.diagnostics {
            out.extend(diagnostic.render(b"F"));
            out.push(b'\n');
        }
        for entry in &file.entries {
            out.extend([&entry.name[..], b" = ", &entry.value[..], b"\n"].concat());
        }
        out.extend(file.summary(b"F"));
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn as_newaliases_reads_it() {
        // AD-001..AD-005, MAP-100, MAP-117
        let text = b"  indented at start\n\tmore\na: b,\n  c\nnocolon\nnocolon2\n  cont\n: b\nX:\n\
            X:   \ny: z\nY: q\n\"with space\": foo\nfoo@bar.com: baz\nesc: a\\\nb\n# comment\n  \
            continues\ncomm: x # not comment\n\t\n  after blank\ntrail: a,b   \ncolon:a:b:c\n\
            sp : val\n\nct: a\n \n b\nlast: nonl";
        insta::assert_snapshot!(report(text, false), @r#"
        F: line 2: Non-continuation line starts with space
        F: line 5: missing colon
        F: line 7: missing colon
        F: line 8: : b... illegal alias name
        F: line 9: X:... missing value for alias
        F: line 10: X:   ... missing value for alias
        F: line 12: Y... Warning: duplicate alias name y
        F: line 14: foo@bar.com... cannot alias non-local names
        a = b,  c
        y = q
        "with space" = foo
        esc = ab
        comm = x # not comment	  after blank
        trail = a,b   
        colon = a:b:c
        sp = val
        ct = a  b
        last = nonl
        F: 11 aliases, longest 29 bytes, 103 bytes total
        "#);
    }

    /// Finds every name unbalanced, and every value that is looked at.
    struct Complaining;

    impl AliasReader for Complaining {
        fn left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
            let text = [line, b"... Unbalanced '<'"].concat();
            let complaints = vec![(AliasSeverity::Fault, text)];
            (AliasName::Local(b"bad".to_vec()), AliasPart { text: line.to_vec(), complaints })
        }

        fn right(&mut self, value: &[u8]) -> Option<AliasPart> {
            let text = [value, b"... bad address"].concat();
            Some(AliasPart { text: value.to_vec(), complaints: vec![(AliasSeverity::Fault, text)] })
        }
    }

    #[test]
    fn what_is_unbalanced_is_told_and_counts() {
        // AD-004, OPT-042
        let file = build(b"bad<: x\nbad<: y", false, &mut Complaining);
        let told: Vec<u8> = file
            .diagnostics
            .iter()
            .flat_map(|it| [it.render(b"F"), b"\n".to_vec()].concat())
            .collect();
        insta::assert_snapshot!(String::from_utf8_lossy(&told), @r"
        F: line 1: bad<: x... Unbalanced '<'
        F: line 1: x... bad address
        F: line 2: bad<: y... Unbalanced '<'
        F: line 2: y... bad address
        F: line 2: y... Warning: duplicate alias name bad
        ");
        assert!(!file.has_errors());
        assert_eq!(file.entries[0].value.as_ref(), b"y");
    }

    #[test]
    fn duplicates_joined() {
        // MAP-100
        insta::assert_snapshot!(report(b"l: alice\nL: bob\n", true), @r"
        l = bob,alice
        F: 2 aliases, longest 5 bytes, 10 bytes total
        ");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(text in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let file = build(&text, true, &mut |n: &[u8]| AliasName::Local(n.to_vec()));
            proptest::prop_assert!(file.entries.len() <= file.count);
        }
    }
}
