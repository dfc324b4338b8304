//! `-Q`: messages in the queue are held, or let go again (CMD-047, QU-075, QU-110).

use std::os::unix::ffi::OsStrExt as _;

use super::arguments::Arguments;
use super::{print_line, queue, start};
use crate::daemon::post::Post;
use crate::events::{Event, Severity};
use crate::queue::quarantine::{Change, summary};
use crate::queue::selection::Selection;
use crate::queue::store::{Entry, Kind, QueueStore as _, StoreError};

pub(super) fn run(arguments: &Arguments) -> u8 {
    let Ok(flags) = queue::flags(arguments) else { return 64 };
    let post = match start::open(arguments, b'q') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let reason = arguments.last(b'Q').filter(|reason| !reason.is_empty());
    let verbose = arguments.has(b'v');
    let kind = queue::kind(arguments);
    for (index, directory) in post.store.directories().iter().enumerate() {
        if verbose {
            let shown = directory.shown_path().as_os_str().as_bytes();
            print_line(&[b"Processing ", shown, b":"].concat());
        }
        let Ok(scan) = post.store.scan(kind) else { continue };
        let mut entries: Vec<Entry> = scan.filter(|e| e.place.directory == index).collect();
        entries.sort_by(|a, b| a.place.id.cmp(&b.place.id));
        let mut changes = 0;
        for entry in entries {
            let change = match hold(&post, &entry, &flags.selection, reason) {
                Ok(change) => change,
                Err(error) => {
                    print_line(error.to_string().as_bytes());
                    continue;
                }
            };
            changes += usize::from(change.is_change());
            if verbose && let Some(line) = change.message(&entry.place.id.0) {
                print_line(&line);
            }
        }
        if verbose {
            print_line(summary(changes).as_bytes());
        }
    }
    0
}

/// Sets or removes the reason of one message.
fn hold(
    post: &Post,
    entry: &Entry,
    selection: &Selection,
    reason: Option<&[u8]>,
) -> Result<Change, StoreError> {
    let mut claimed = match post.store.claim(&entry.place) {
        Ok(claimed) => claimed,
        Err(StoreError::Locked { .. } | StoreError::Gone(_)) => return Ok(Change::Nothing),
        Err(error) => return Err(error),
    };
    if !selection.matches(&claimed.envelope) {
        return Ok(Change::Nothing);
    }
    let before = claimed.envelope.quarantine.take();
    let change = change(before, reason);
    claimed.envelope.quarantine = reason.map(<[u8]>::to_vec);
    if change.is_change() {
        post.store.update(&mut claimed)?;
        let kind = if reason.is_some() { Kind::Quarantined } else { Kind::Normal };
        post.store.set_kind(claimed, kind)?;
        // Whatever LogLevel says (observed).
        let text = match reason {
            Some(reason) => [b"quarantine=", reason].concat(),
            None => b"unquarantine".to_vec(),
        };
        post.log(Some(&entry.place.id), Severity::Info, Event::ALWAYS, text);
    }
    Ok(change)
}

fn change(before: Option<Vec<u8>>, reason: Option<&[u8]>) -> Change {
    match (before, reason) {
        (None, None) => Change::Nothing,
        (None, Some(reason)) => Change::Set(reason.to_vec()),
        (Some(before), None) => Change::Removed(before),
        (Some(before), Some(reason)) if before == reason => Change::Already(before),
        (Some(from), Some(to)) => Change::Changed { from, to: to.to_vec() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes() {
        // QU-075
        let shown = |before: Option<&str>, reason: Option<&str>| {
            let change = change(before.map(|b| b.as_bytes().to_vec()), reason.map(str::as_bytes));
            change.message(b"id").map(|text| String::from_utf8_lossy(&text).into_owned())
        };
        assert_eq!(shown(None, Some("x")).as_deref(), Some("id: Quarantined with \"x\""));
        assert_eq!(shown(Some("x"), None).as_deref(), Some("id: Removed quarantine of \"x\""));
        assert_eq!(
            shown(Some("x"), Some("x")).as_deref(),
            Some("id: Already quarantined with \"x\"")
        );
        assert_eq!(shown(None, None), None);
    }
}
