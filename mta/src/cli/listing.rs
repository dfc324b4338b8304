//! `-bp`, `mailq`: the queue as it is (CMD-079..CMD-092).

use std::os::unix::ffi::OsStrExt as _;

use super::arguments::Arguments;
use super::{print, queue, start};
use crate::daemon::post::Post;
use crate::daemon::queue_run;
use crate::message::envelope::Envelope;
use crate::queue::listing::{self, Control, Entry, Mark};
use crate::queue::selection::Selection;
use crate::queue::store::{CONTROL_LIMIT, Kind, QueueStore as _};
use crate::sys::clock;
use crate::sys::durable::{self, DiskError};

pub(super) fn run(arguments: &Arguments) -> u8 {
    let post = match start::open(arguments, b'p') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let kind = queue::kind(arguments);
    let Ok(flags) = queue::flags(arguments) else { return 64 };
    if let Some(unknown) = queue::unknown_group(&post, arguments) {
        print(&[b"Queue group ", &unknown[..], b" unknown\n"].concat());
        return 0;
    }
    let verbose = arguments.has(b'v');
    let mut requests = 0;
    for (index, directory) in post.store.directories().iter().enumerate() {
        let (entries, found) = entries(&post, index, kind, &flags.selection);
        let shown = directory.shown_path().as_os_str().as_bytes();
        print(&listing::head(shown, found, entries.len(), verbose));
        requests += found;
        for entry in &entries {
            print(&listing::entry(entry, verbose, &|at| post.moment(at).offset));
        }
    }
    // A listing of one group has no total (observed).
    if arguments.all(b'q').all(|value| value.first() != Some(&b'G')) {
        print(&listing::total(requests));
    }
    0
}

/// `-bP`: without shared memory there are no numbers (CMD-091).
pub(super) fn numbers(arguments: &Arguments) -> u8 {
    if let Err(exit) = start::open(arguments, b'P') {
        return exit;
    }
    print(b"Data unavailable: shared memory not updated\n");
    0
}

/// What is listed, and how much there is: MaxQueueRunSize may leave some out (QU-066).
fn entries(
    post: &Post,
    directory: usize,
    kind: Kind,
    selection: &Selection,
) -> (Vec<Entry>, usize) {
    let Ok(scan) = post.store.scan(kind) else { return (Vec::new(), 0) };
    // Of equal priority the file system's order is kept (observed).
    let found = scan.filter(|entry| entry.place.directory == directory);
    let (limits, now, load) = (queue_run::retry_limits(post), clock::now(), post.load());
    let mut listed: Vec<(i64, Entry)> = found
        .filter_map(|entry| {
            let path = post.store.control_path(&entry.place)?;
            let control = control(&path);
            let envelope = match &control {
                Control::Text(text) => crate::queue::codec::decode(text).ok(),
                _ => None,
            };
            let id = Some(entry.place.id.clone());
            let envelope = envelope.map(|envelope| Envelope { id, ..envelope });
            // What cannot be read is shown whatever is asked for.
            if envelope.as_ref().is_some_and(|envelope| !selection.matches(envelope)) {
                return None;
            }
            let is_young =
                envelope.as_ref().is_some_and(|one| queue_run::is_too_young(one, &limits, now));
            let priority = match (&control, envelope) {
                (_, Some(envelope)) => envelope.priority,
                (Control::Text(text), None) => listing::priority(text),
                _ => i64::MAX,
            };
            let spool = post.store.directories().get(directory)?;
            let body = spool.body_file(&entry.place.id);
            let mark = match kind {
                Kind::Lost => Mark::Lost,
                _ if durable::is_locked(&path) => Mark::Locked,
                _ if is_young => Mark::TooYoung,
                _ if load.forbids(priority) => Mark::LoadTooHigh,
                _ => Mark::None,
            };
            let body_size = durable::facts(&body).ok().map(|facts| facts.size);
            Some((priority, Entry { id: entry.place.id.0, mark, body_size, control }))
        })
        .collect();
    let found = listed.len();
    queue_run::cut(post, queue_run::most(post), &mut listed);
    listed.sort_by_key(|(priority, _)| *priority);
    (listed.into_iter().map(|(_, entry)| entry).collect(), found)
}

fn control(path: &std::path::Path) -> Control {
    let text = durable::open_readable(path)
        .and_then(|file| durable::read_bounded(path, &file, CONTROL_LIMIT));
    match text {
        Ok(text) if text.is_empty() => Control::Empty,
        Ok(text) => Control::Text(text),
        Err(DiskError::Missing { .. }) => Control::Completed,
        Err(_) => Control::Denied,
    }
}
