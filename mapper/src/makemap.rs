//! Building databases from text: what makemap and newaliases do (MAP-096..MAP-108).

use std::borrow::Cow;
use std::io::{self, BufRead, Read as _};

use crate::alias_file::AliasFile;
use crate::answer::{EX_DATAERR, EX_OK, ExitCode};
use crate::bdb::{DatabaseKind, DatabaseWriter, DuplicateKey};
use crate::columns::Columns;
use crate::fst_map::FstBuilder;

/// Bytes of a line of columns.
const MAX_LINE: usize = 16 << 20;
/// Bytes read of a makemap source at once: a longer line is taken for several (observed).
const MAX_PART: u64 = 1023;

/// makemap's switches (MAP-107).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakemapOptions {
    /// `-f`: keys keep their case.
    pub keep_case: bool,
    /// `-N`: a zero byte ends keys and values.
    pub with_nul: bool,
    /// `-e`: values may be missing.
    pub allow_empty: bool,
    /// `-r`: a later entry replaces an earlier one; `-d`, in a database that keeps duplicates:
    /// stands beside it.
    pub replace: bool,
    /// `-t`: what separates key and value; none: blanks.
    pub delimiter: Option<u8>,
    /// `-D`: starts a comment at the beginning of a line.
    pub comment: u8,
}

impl Default for MakemapOptions {
    /// No switches; comments start with `#`.
    fn default() -> Self {
        Self {
            keep_case: false,
            with_nul: false,
            allow_empty: false,
            replace: false,
            delimiter: None,
            comment: b'#',
        }
    }
}

impl MakemapOptions {
    /// A key as it is stored, in lower case unless `-f`.
    #[must_use]
    pub fn stored_key(&self, key: &[u8]) -> Vec<u8> {
        self.stored(if self.keep_case { key.to_vec() } else { key.to_ascii_lowercase() })
    }

    /// A value as it is stored.
    #[must_use]
    pub fn stored_value<'v>(&self, value: &'v [u8]) -> Cow<'v, [u8]> {
        if self.with_nul { self.stored(value.to_vec()).into() } else { value.into() }
    }

    fn stored(&self, mut text: Vec<u8>) -> Vec<u8> {
        text.extend(self.with_nul.then_some(0));
        text
    }
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MakemapEvent<'a> {
    /// An entry, before it is stored; the key in the case it is stored in.
    Entry {
        /// Its key.
        key: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// The line is left out; the complaint as printed, without newline.
    Refused(Vec<u8>),
}

/// What entries are put into.
pub trait MapSink {
    /// Adds the entry of a line, in the place of an earlier one of the same key if `replace`.
    ///
    /// # Errors
    /// When the key is there already and is not replaced, or when there is no room for it.
    fn add(&mut self, line: u64, key: &[u8], value: &[u8], replace: bool) -> Result<(), SinkError>;
}

/// Why an entry cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The key is there.
    #[error(transparent)]
    Duplicate(#[from] DuplicateKey),
    /// What the medium says.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl MapSink for DatabaseWriter {
    fn add(&mut self, _: u64, key: &[u8], value: &[u8], replace: bool) -> Result<(), SinkError> {
        match replace {
            true => self.put(key, value),
            false => self.insert(key, value)?,
        }
        Ok(())
    }
}

impl MapSink for FstBuilder {
    /// Keys that come again are told of when the file is written.
    fn add(&mut self, line: u64, key: &[u8], value: &[u8], _: bool) -> Result<(), SinkError> {
        Ok(self.push(line, key, value)?)
    }
}

/// Puts the entries of `source` into `database` and tells what becomes of each line; a faulty one is left
/// out. `map` is the name used in complaints. Returns 0, or 65 after any complaint (MAP-108).
///
/// # Errors
/// When the source cannot be read, or the medium has no room for an entry.
pub fn makemap(
    map: &[u8],
    source: &mut dyn BufRead,
    options: &MakemapOptions,
    database: &mut dyn MapSink,
    tell: &mut dyn FnMut(MakemapEvent<'_>),
) -> io::Result<ExitCode> {
    let (mut exit, mut number) = (EX_OK, 0);
    let mut part = Vec::new();
    while read_part(source, &mut part)? > 0 {
        number += 1;
        match line(number, &part, options, database, tell) {
            Ok(()) => {}
            Err(Fault::Io(error)) => return Err(error),
            Err(Fault::Line(what)) => {
                tell(MakemapEvent::Refused([complaint(map, number), what].concat()));
                exit = EX_DATAERR;
            }
        }
    }
    Ok(exit)
}

/// The beginning of a complaint about a line.
fn complaint(map: &[u8], line: u64) -> Vec<u8> {
    [b"makemap: ", map, b": line ", line.to_string().as_bytes(), b": "].concat()
}

/// The complaint about an entry whose key has come before, as printed, without newline.
#[must_use]
pub fn duplicate_key(map: &[u8], line: u64, key: &[u8]) -> Vec<u8> {
    [complaint(map, line), same_key(key)].concat()
}

fn same_key(key: &[u8]) -> Vec<u8> {
    [b"key ", key, b": duplicate key"].concat()
}

/// Why the entry of a line is not stored.
enum Fault {
    /// What is wrong with the line.
    Line(Vec<u8>),
    Io(io::Error),
}

impl From<Vec<u8>> for Fault {
    fn from(what: Vec<u8>) -> Self {
        Self::Line(what)
    }
}

/// Puts the entries of a text of columns into `database`, as class `text` reads it: keys in lower case, without
/// complaints; of lines with the same key the first counts.
///
/// # Errors
/// When the source cannot be read, the medium has no room for an entry, or a line has more than 16 MiB.
pub fn makemap_columns(
    source: &mut dyn BufRead,
    columns: Columns,
    database: &mut FstBuilder,
    tell: &mut dyn FnMut(MakemapEvent<'_>),
) -> io::Result<()> {
    let (mut line, mut number) = (Vec::new(), 0);
    let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    while source.take(most + 1).read_until(b'\n', &mut line)? > 0 {
        if line.len() > MAX_LINE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        number += 1;
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Some((key, value)) = columns.cut(text) {
            let key = key.to_ascii_lowercase();
            tell(MakemapEvent::Entry { key: &key, value });
            database.push(number, &key, value)?;
        }
        line.clear();
    }
    Ok(())
}

fn read_part(source: &mut dyn BufRead, part: &mut Vec<u8>) -> io::Result<usize> {
    part.clear();
    source.take(MAX_PART).read_until(b'\n', part)
}

/// The text in front of the first zero byte.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Stores the entry of a line, or says why it has none.
fn line(
    number: u64,
    part: &[u8],
    options: &MakemapOptions,
    database: &mut dyn MapSink,
    tell: &mut dyn FnMut(MakemapEvent<'_>),
) -> Result<(), Fault> {
    let is_last = !part.ends_with(b"\n") && u64::try_from(part.len()).is_ok_and(|n| n < MAX_PART);
    let seen = text(part);
    // a zero byte hides the end of the line (observed)
    let line = match seen.strip_suffix(b"\n") {
        Some(line) => line,
        None if is_last => seen,
        None => {
            let what = format!("line too long ({} bytes max)", MAX_PART + 1);
            return Err(what.into_bytes().into());
        }
    };
    if line.is_empty() || line.first() == Some(&options.comment) {
        return Ok(());
    }
    let (key, value) = cut(line, options.delimiter)?;
    if value.is_empty() && !options.allow_empty {
        return Err([b"no RHS for LHS ", key].concat().into());
    }
    let stored = options.stored_key(key);
    let shown = stored.get(..key.len()).unwrap_or_default();
    tell(MakemapEvent::Entry { key: shown, value });
    let value = options.stored_value(value);
    match database.add(number, &stored, &value, options.replace) {
        Ok(()) => Ok(()),
        Err(SinkError::Duplicate(_)) => Err(same_key(shown).into()),
        Err(SinkError::Io(error)) => Err(Fault::Io(error)),
    }
}

/// White space as the C library has it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Key and value of a line.
fn cut(line: &[u8], delimiter: Option<u8>) -> Result<(&[u8], &[u8]), Vec<u8>> {
    let is_end = |b: &u8| delimiter.map_or(is_space(*b), |delimiter| *b == delimiter);
    if delimiter.is_none() && line.first().is_some_and(|b| is_space(*b)) {
        return Err(b"syntax error (leading space)".to_vec());
    }
    let end = line.iter().position(is_end).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let blanks = match delimiter {
        None => rest.iter().take_while(|b| is_space(**b)).count(),
        Some(_) => 1,
    };
    Ok((key, rest.get(blanks..).unwrap_or_default()))
}

/// The database of an alias file as newaliases stores it: a zero byte ends keys and values, and the
/// entry `@` says that the build is complete (MAP-097, MAP-098).
#[must_use]
pub fn alias_database(aliases: &AliasFile<'_>, kind: DatabaseKind) -> DatabaseWriter {
    let mut database = DatabaseWriter::new(kind);
    let (mut key, mut value) = (Vec::new(), Vec::new());
    for entry in &aliases.entries {
        for (room, text) in [(&mut key, &entry.name[..]), (&mut value, &entry.value[..])] {
            room.clear();
            room.extend_from_slice(text);
            room.push(0);
        }
        database.put(&key, &value);
    }
    database.put(b"@\0", b"@\0");
    database
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, options: &MakemapOptions, errors: &[&str], entries: &[(&str, &str)]) {
        let mut database = DatabaseWriter::default();
        let mut told = Vec::new();
        let mut tell = |event: MakemapEvent<'_>| {
            if let MakemapEvent::Refused(text) = event {
                told.push(String::from_utf8_lossy(&text).into_owned());
            }
        };
        let exit = makemap(b"tt", &mut text.as_bytes(), options, &mut database, &mut tell).unwrap();
        let expected: Vec<_> = errors.iter().map(|e| format!("makemap: tt: line {e}")).collect();
        assert_eq!(told, expected, "{text}");
        assert_eq!(exit, if errors.is_empty() { 0 } else { 65 }, "{text}");
        for (key, value) in entries {
            assert_eq!(database.get(key.as_bytes()), Some(value.as_bytes()), "{text}: {key}");
        }
    }

    #[test]
    fn sources_as_makemap_reads_them() {
        // MAP-096, MAP-101, MAP-105, MAP-107
        let plain = MakemapOptions::default();
        check(
            "# c\n\nA b c  \n  lead x\nnoval\nnoval2 \n",
            &plain,
            &[
                "4: syntax error (leading space)",
                "5: no RHS for LHS noval",
                "6: no RHS for LHS noval2",
            ],
            &[("a", "b c  ")],
        );
        check("a 1\nA 2\nb 3\n", &plain, &["2: key a: duplicate key"], &[("a", "1"), ("b", "3")]);
        let replace = MakemapOptions { replace: true, ..plain.clone() };
        check("a 1\nA 2\nb 3\n", &replace, &[], &[("a", "2"), ("b", "3")]);
        let exact = MakemapOptions { keep_case: true, allow_empty: true, ..plain.clone() };
        check("a 1\nA 2\nb\n", &exact, &[], &[("a", "1"), ("A", "2"), ("b", "")]);
        let colon = MakemapOptions { delimiter: Some(b':'), ..plain.clone() };
        check(
            "a:1\nb : 2\n c:3\n:4\n",
            &colon,
            &[],
            &[("a", "1"), ("b ", " 2"), (" c", "3"), ("", "4")],
        );
        let semicolon = MakemapOptions { comment: b';', ..plain.clone() };
        check(";c\n#d e\n", &semicolon, &[], &[("#d", "e")]);
        let nul = MakemapOptions { with_nul: true, ..plain.clone() };
        check("a 1\nb 2", &nul, &[], &[("a\0", "1\0"), ("b\0", "2\0")]);
        check("a\x0b1\nb\x0c2\nc 3\r\n", &plain, &[], &[("a", "1"), ("b", "2"), ("c", "3\r")]);
    }

    #[test]
    fn long_lines_are_read_in_parts() {
        // MAP-105
        let plain = MakemapOptions::default();
        let too_long = "1: line too long (1024 bytes max)";
        let value = |length| "v".repeat(length);
        check(&format!("k {}\n", value(1020)), &plain, &[], &[("k", &value(1020))]);
        check(&format!("k {}\nb 2\n", value(1021)), &plain, &[too_long], &[("b", "2")]);
        let rest = "2: no RHS for LHS v";
        check(&format!("k {}\nb 2\n", value(1022)), &plain, &[too_long, rest], &[("b", "2")]);
        check(&format!("k {}", value(1021)), &plain, &[too_long], &[]);
        check(&format!("k {}", value(1020)), &plain, &[], &[("k", &value(1020))]);
        check("a\0b c\ng h\0i", &plain, &[too_long], &[("g", "h")]);
    }
}
