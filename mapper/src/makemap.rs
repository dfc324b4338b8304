//! Building databases from text: what makemap and newaliases do (MAP-096..MAP-108).

use std::fs::OpenOptions;
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use crate::alias_file::AliasFile;
use crate::answer::{EX_DATAERR, EX_OK, ExitCode};
use crate::bdb::DatabaseWriter;
use crate::files;

/// Longest line of a makemap source, bytes.
const MAX_LINE: usize = 1024;
/// Mode of new database files (MAP-095).
const MODE: u32 = 0o640;

/// makemap's switches (MAP-107).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakemapOptions {
    /// `-f`: keys keep their case.
    pub keep_case: bool,
    /// `-N`: a zero byte ends keys and values.
    pub with_nul: bool,
    /// `-e`: values may be missing.
    pub allow_empty: bool,
    /// `-r`: a later entry replaces an earlier one.
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

/// What became of a source text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MakemapReport {
    /// Complaints as printed, without newline.
    pub errors: Vec<Vec<u8>>,
    /// What `-v` prints, in the order of the text: key and value.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// 0, or 65 after any complaint (MAP-108).
    pub exit: ExitCode,
}

/// Puts the entries of `text` into `database`. Faulty lines are reported and left out. `map` is the
/// name used in the reports.
pub fn makemap(
    map: &[u8],
    text: &[u8],
    options: &MakemapOptions,
    database: &mut DatabaseWriter,
) -> MakemapReport {
    let mut report = MakemapReport { exit: EX_OK, ..MakemapReport::default() };
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for (index, line) in text.split(|&b| b == b'\n').enumerate() {
        if line.is_empty() || line.first() == Some(&options.comment) {
            continue;
        }
        if let Err(what) = entry(line, options, database, &mut report) {
            let number = (index + 1).to_string();
            let place = [b"makemap: ", map, b": line ", number.as_bytes(), b": "].concat();
            report.errors.push([place, what].concat());
            report.exit = EX_DATAERR;
        }
    }
    report
}

fn entry(
    line: &[u8],
    options: &MakemapOptions,
    database: &mut DatabaseWriter,
    report: &mut MakemapReport,
) -> Result<(), Vec<u8>> {
    if line.len() >= MAX_LINE {
        return Err(format!("line too long ({MAX_LINE} bytes max)").into_bytes());
    }
    let (key, value) = cut(line, options.delimiter)?;
    if value.is_empty() && !options.allow_empty {
        return Err([b"no RHS for LHS ", key].concat());
    }
    let key = if options.keep_case { key.to_vec() } else { key.to_ascii_lowercase() };
    report.entries.push((key.clone(), value.to_vec()));
    let terminator: &[u8] = if options.with_nul { b"\0" } else { b"" };
    let stored = [&key[..], terminator].concat();
    let value = [value, terminator].concat();
    if options.replace {
        database.replace(stored, value);
        return Ok(());
    }
    database.insert(stored, value).map_err(|_| [b"key ", &key[..], b": duplicate key"].concat())
}

/// Key and value of a line.
fn cut(line: &[u8], delimiter: Option<u8>) -> Result<(&[u8], &[u8]), Vec<u8>> {
    let is_end = |b: &u8| delimiter.map_or(b.is_ascii_whitespace(), |delimiter| *b == delimiter);
    if delimiter.is_none() && line.first().is_some_and(u8::is_ascii_whitespace) {
        return Err(b"syntax error (leading space)".to_vec());
    }
    let end = line.iter().position(is_end).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let value = match delimiter {
        None => rest.trim_ascii_start(),
        Some(_) => rest.get(1..).unwrap_or_default(),
    };
    Ok((key, value))
}

/// The database of an alias file as newaliases stores it: a zero byte ends keys and values, and the
/// entry `@` says that the build is complete (MAP-097, MAP-098).
#[must_use]
pub fn alias_database(aliases: &AliasFile) -> DatabaseWriter {
    let mut database = DatabaseWriter::default();
    for entry in &aliases.entries {
        database.replace([&entry.name[..], b"\0"].concat(), [&entry.value[..], b"\0"].concat());
    }
    database.replace(b"@\0".to_vec(), b"@\0".to_vec());
    database
}

/// Writes a database file under an exclusive lock. The file is rewritten in place, not replaced:
/// programs that have it open notice by its time (MAP-026, MAP-102). `uid` as for
/// [`DatabaseWriter::render`].
///
/// # Errors
/// As the system gives them; the file may then be incomplete.
pub fn write_database(file: &[u8], database: &DatabaseWriter, uid: [u8; 20]) -> io::Result<()> {
    let image = database.render(uid);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(MODE);
    let mut open = options.open(files::path(file))?;
    open.lock()?;
    open.set_len(0)?;
    open.rewind()?;
    open.write_all(&image)?;
    open.sync_all()?;
    open.unlock()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, options: &MakemapOptions, errors: &[&str], entries: &[(&str, &str)]) {
        let mut database = DatabaseWriter::default();
        let report = makemap(b"tt", text.as_bytes(), options, &mut database);
        let told: Vec<_> =
            report.errors.iter().map(|e| String::from_utf8_lossy(e).into_owned()).collect();
        let expected: Vec<_> = errors.iter().map(|e| format!("makemap: tt: line {e}")).collect();
        assert_eq!(told, expected, "{text}");
        assert_eq!(report.exit, if errors.is_empty() { 0 } else { 65 }, "{text}");
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
        let long = format!("k {}\n", "v".repeat(1100));
        check(&long, &plain, &["1: line too long (1024 bytes max)"], &[]);
    }
}
