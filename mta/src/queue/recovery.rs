//! What a crash leaves in a queue directory, and what each leftover means.
//!
//! | files of one id | meaning | action |
//! |---|---|---|
//! | `df` alone | the crash came before the rename to `qf`: never acknowledged, or delivered and the control file already gone | remove when old |
//! | `tf` (and `df`) without `qf` | the same, later | remove when old and unlocked |
//! | `tf` beside `qf` | an update was cut short; `qf` is the former, complete text | remove `tf` when unlocked |
//! | empty `qf` | made by a program that reserves the id first (QU-014) | remove with `df` after ten minutes |
//! | `xf` without `qf` | transcript of an attempt that ended | remove when old |
//! | `qf` without `df` | body lost; sendmail says `Original message lost` | left to the queue run |
//!
//! "Old" protects messages that another process is receiving at this moment.

use std::path::PathBuf;

use crate::message::envelope::QueueId;
use crate::queue::directory::{DirectoryStore, SpoolDirectory};
use crate::queue::store::Kind;
use crate::sys::durable::{self, DiskError};

/// Seconds after which a file without control file is nobody's: longer than any dialogue may last.
pub const ORPHAN_AGE: i64 = 24 * 3600;

/// Seconds after which an empty control file is removed, by change time of the inode (QU-014).
pub const EMPTY_AGE: i64 = 10 * 60;

/// What a leftover file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// A body without control file.
    Body,
    /// A temporary control file.
    Temporary,
    /// An empty control file.
    Empty,
    /// A transcript without control file.
    Transcript,
}

/// What is known of a file beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Bytes.
    pub size: u64,
    /// Seconds since the inode changed.
    pub age: i64,
    /// A process holds its lock.
    pub is_locked: bool,
    /// A `qf`, `hf` or `Qf` of the id exists in some directory of the store.
    pub has_control: bool,
}

/// Decides whether a file is a leftover. `prefix` is the first two letters of its name.
#[must_use]
pub fn classify(prefix: &[u8], file: &Situation) -> Option<Leftover> {
    if file.is_locked {
        return None;
    }
    let orphan = !file.has_control && file.age >= ORPHAN_AGE;
    match prefix {
        b"df" if orphan => Some(Leftover::Body),
        b"xf" if orphan => Some(Leftover::Transcript),
        b"tf" if orphan || (file.has_control && file.age >= EMPTY_AGE) => Some(Leftover::Temporary),
        b"qf" | b"hf" if file.size == 0 && file.age >= EMPTY_AGE => Some(Leftover::Empty),
        _ => None,
    }
}

/// A leftover found in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub leftover: Leftover,
    /// The files to remove, in this order.
    pub paths: Vec<PathBuf>,
}

/// Looks through the directories; `now` is in seconds since 1970. Nothing is removed.
///
/// # Errors
/// When a directory cannot be read.
pub fn find(store: &DirectoryStore, now: i64) -> Result<Vec<Found>, DiskError> {
    let mut found = Vec::new();
    for directory in store.directories() {
        let mut parts = vec![&directory.control];
        for part in [&directory.body, &directory.transcript] {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        for part in parts {
            for name in durable::names(part)? {
                let path = part.join(&name);
                found.extend(examine(store, directory, path, name.as_encoded_bytes(), now));
            }
        }
    }
    Ok(found)
}

fn examine(
    store: &DirectoryStore,
    directory: &SpoolDirectory,
    path: PathBuf,
    name: &[u8],
    now: i64,
) -> Option<Found> {
    let (prefix, id) = name.split_at_checked(2)?;
    if !matches!(prefix, b"qf" | b"hf" | b"df" | b"tf" | b"xf") {
        return None;
    }
    let facts = durable::facts(&path).ok()?;
    let id = QueueId(id.to_vec());
    let situation = Situation {
        size: facts.size,
        age: now - facts.changed,
        is_locked: durable::is_locked(&path),
        has_control: has_control(store, &id),
    };
    let leftover = classify(prefix, &situation)?;
    let mut paths = vec![path];
    if leftover == Leftover::Empty {
        paths.push(directory.body_file(&id));
    }
    Some(Found { leftover, paths })
}

fn has_control(store: &DirectoryStore, id: &QueueId) -> bool {
    let kinds = [Kind::Normal, Kind::Quarantined, Kind::Lost];
    store.directories().iter().any(|directory| {
        kinds.iter().any(|&kind| durable::facts(&directory.control_file(kind, id)).is_ok())
    })
}

/// Removes what [`find`] found, except files that were locked in the meantime.
///
/// # Errors
/// The first that cannot be removed.
pub fn remove(found: &Found) -> Result<(), DiskError> {
    for path in &found.paths {
        if !durable::is_locked(path) {
            durable::remove(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_situation_has_one_meaning() {
        let free = Situation { size: 9, age: ORPHAN_AGE, is_locked: false, has_control: false };
        let table: &[(&[u8], Situation, Option<Leftover>)] = &[
            (b"df", free, Some(Leftover::Body)),
            (b"df", Situation { age: ORPHAN_AGE - 1, ..free }, None),
            (b"df", Situation { has_control: true, ..free }, None),
            (b"tf", free, Some(Leftover::Temporary)),
            (b"tf", Situation { is_locked: true, ..free }, None),
            (
                b"tf",
                Situation { has_control: true, age: EMPTY_AGE, ..free },
                Some(Leftover::Temporary),
            ),
            (b"xf", free, Some(Leftover::Transcript)),
            (b"qf", Situation { has_control: true, ..free }, None),
            // QU-014
            (b"qf", Situation { size: 0, age: EMPTY_AGE, ..free }, Some(Leftover::Empty)),
            (b"qf", Situation { size: 0, age: EMPTY_AGE - 1, ..free }, None),
            (b"Qf", free, None),
            (b"Tf", free, None),
        ];
        for (prefix, situation, expected) in table {
            assert_eq!(classify(prefix, situation), *expected, "{prefix:?} {situation:?}");
        }
    }
}
