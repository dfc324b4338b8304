//! The entries of a table as makemap reads them.

use std::collections::HashMap;

use mapper::bdb::DuplicateKey;
use mapper::{MakemapEvent, MakemapOptions, MapSink, SinkError, makemap};

use super::Row;
use crate::check::catalogue;
use crate::check::finding::{Finding, shown};
use crate::check::places::Places;

/// Remembers keys, and the lines of entries.
#[derive(Default)]
struct Keys {
    first: HashMap<Vec<u8>, u64>,
    entries: Vec<u64>,
    duplicates: Vec<(u64, u64, Vec<u8>)>,
}

impl MapSink for Keys {
    fn add(&mut self, line: u64, key: &[u8], _: &[u8], _: bool) -> Result<(), SinkError> {
        if let Some(first) = self.first.get(key) {
            self.duplicates.push((line, *first, key.to_vec()));
            return Err(SinkError::Duplicate(DuplicateKey));
        }
        self.first.insert(key.to_vec(), line);
        self.entries.push(line);
        Ok(())
    }
}

/// The entries of a table, and what makemap says of its lines.
pub(super) fn read<'a>(places: &Places<'a>) -> (Vec<Row<'a>>, Vec<Finding>) {
    let mut keys = Keys::default();
    let mut refused: Vec<Vec<u8>> = Vec::new();
    let mut source = places.bytes;
    let mut tell = |event: MakemapEvent<'_>| {
        if let MakemapEvent::Refused(text) = event {
            refused.push(text);
        }
    };
    // a text in memory is read to its end
    let _ = makemap(b"t", &mut source, &MakemapOptions::default(), &mut keys, &mut tell);
    let number = |line: u64| u32::try_from(line).unwrap_or(u32::MAX);
    let mut findings = Vec::new();
    for (line, first, key) in &keys.duplicates {
        let message = format!("the key `{}` has been there before", shown(key));
        let at = places.line(number(*line));
        let finding = Finding::new(&catalogue::TABLE_DUPLICATE, Some(at), message);
        findings
            .push(finding.note_at(places.line(number(*first)), "here, and this is what counts"));
    }
    for text in refused.iter().filter(|text| !text.ends_with(b"duplicate key")) {
        let Some((line, what)) = complaint(text) else { continue };
        let message = format!("makemap refuses the line: {}", shown(what));
        let finding = Finding::new(&catalogue::TABLE_LINE, Some(places.line(line)), message);
        findings.push(Finding { sendmail: Some(text.clone()), ..finding });
    }
    let rows = keys.entries.iter().filter_map(|line| row(places, number(*line))).collect();
    (rows, findings)
}

/// Line and text of `makemap: t: line 3: no RHS for LHS x`.
fn complaint(text: &[u8]) -> Option<(u32, &[u8])> {
    let rest = text.strip_prefix(b"makemap: t: line ")?;
    let colon = memchr::memchr(b':', rest)?;
    let line = std::str::from_utf8(rest.get(..colon)?).ok()?.parse().ok()?;
    Some((line, rest.get(colon + 1..)?.trim_ascii_start()))
}

fn row<'a>(places: &Places<'a>, line: u32) -> Option<Row<'a>> {
    let at = places.line(line);
    let text = places.text(at.clone());
    let end = text.iter().position(u8::is_ascii_whitespace)?;
    let value = text.get(end..)?;
    let blanks = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = at.start + end + blanks;
    let value = places.text(start..at.end);
    let value_at = start..start + value.trim_ascii_end().len();
    Some(Row {
        key: text.get(..end)?,
        key_at: at.start..at.start + end,
        value: places.text(value_at.clone()),
        value_at,
    })
}
