//! One pass over the queue: choose, order, attempt (QU-056..QU-077).

use std::sync::Arc;

use super::attempt::{self, Attempt};
use super::post::Post;
use super::settings::seconds;
use super::telling::Said;
use crate::events::{Event, Severity};
use crate::message::envelope::{Envelope, QueueId};
use crate::queue::codec::{Damage, Disposition, QfError};
use crate::queue::listing;
use crate::queue::scheduling::{self, RetryLimits, SortOrder, Work};
use crate::queue::selection::Selection;
use crate::queue::store::{Entry, Kind, QueueStore as _, StoreError};
use crate::sys::{clock, durable, ids, terminal, users};

/// What a run does.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Which messages (`-qI`, `-qR`, `-qS`).
    pub selection: Selection,
    /// `-v`: progress on standard output.
    pub verbose: bool,
    /// Failures on standard output.
    pub complains: bool,
}

/// Runs the queue once; returns how many messages were tried.
pub fn run(post: &Arc<Post>, options: &RunOptions) -> usize {
    if post.is_too_busy(post.factors().recipient) {
        too_busy(post, options, "Skipping queue run -- load average too high");
        return 0;
    }
    recover(post);
    let candidates = candidates(post, options);
    let total = candidates.len();
    let mut worker = post.worker();
    let connections = attempt::connections(post);
    let attempt = Attempt {
        post: post.clone(),
        connections: &connections,
        sender_user: None,
        explicit_sender: true,
        verbose: options.verbose,
        complains: options.verbose || options.complains,
        said: Said::default(),
        first: false,
        dead_letter: None,
    };
    let mut tried = 0;
    for (number, entry) in candidates.into_iter().enumerate() {
        match post.store.claim(&entry.place) {
            Ok(claimed) if post.is_too_busy(claimed.envelope.priority) => {
                too_busy(post, options, "Aborting queue run: load average too high");
                break;
            }
            Ok(claimed) if claimed.envelope.quarantine.is_some() => {
                // Somebody has written the reason into its file (QU-023).
                if let Err(error) = post.store.set_kind(claimed, Kind::Quarantined) {
                    post.log(Some(&entry.place.id), Severity::Alert, 0, error.to_string());
                }
            }
            Ok(claimed) => {
                if options.verbose {
                    show_progress(post, &entry, number + 1, total);
                }
                tried += 1;
                if attempt.complains && claimed.body.is_none() {
                    let line = listing::no_body(&entry.place.id.0);
                    terminal::print(&[&line[..], b"\n"].concat());
                }
                attempt.run(&mut worker, claimed);
                post.counting.save();
            }
            Err(error) => {
                let events = unusable(&entry.place.id.0, &error);
                events.into_iter().for_each(|event| post.events.report(event));
                if attempt.complains
                    && let Some(line) = complaint(&entry.place.id.0, &error)
                {
                    terminal::print(&[&line[..], b"\n"].concat());
                }
            }
        }
    }
    attempt::close_connections(&connections, options.verbose);
    tried
}

/// What the log says of a control file that cannot be worked on (LG-018): what is wrong with it, and that it is lost,
/// if it is. Nothing of one that goes or changes meanwhile.
fn unusable(id: &[u8], error: &StoreError) -> Vec<Event> {
    let alert = |text: Vec<u8>| Event::text(Some(id), Severity::Alert, 0, text);
    let losing = |reason: &str| alert([b"Losing ./qf", id, b": ", reason.as_bytes()].concat());
    match error {
        StoreError::Gone(_) | StoreError::Changed { .. } => Vec::new(),
        StoreError::Locked { .. } => {
            vec![Event::text(Some(id), Severity::Debug, 19, b"queueup: locked".to_vec())]
        }
        StoreError::Bogus { uid, gid, mode, .. } => {
            // The type of a plain file is shown with its mode.
            let found =
                format!("bogus queue file, uid={uid}, gid={gid}, mode={:o}", 0o100_000 | mode);
            vec![alert(found.into_bytes()), losing("bogus file uid/gid in mqueue")]
        }
        StoreError::Damaged { error: damaged, .. } => {
            let user = users::own_name();
            let user = if user.is_empty() { b"root" } else { user.as_slice() };
            let complaint =
                complaint(id, error).map(|text| Event::system_error(Some(id), user, text));
            let lost = match damaged.damage.disposition() {
                Disposition::Lose(reason) => Some(losing(reason)),
                Disposition::Skip => None,
            };
            complaint.into_iter().chain(lost).collect()
        }
        other => vec![losing(&other.to_string())],
    }
}

/// The load forbids what would be done next (QU-074).
fn too_busy(post: &Post, options: &RunOptions, text: &str) {
    if options.verbose {
        terminal::print(format!("{text}\n\n").as_bytes());
    }
    let none = QueueId(Vec::new());
    post.log(Some(&none), Severity::Info, 8, format!("runqueue: {text}"));
}

/// What is said of a control file that is damaged; nothing of an empty one, which is being written.
fn complaint(id: &[u8], error: &StoreError) -> Option<Vec<u8>> {
    let StoreError::Damaged { error: QfError { line, damage }, .. } = error else { return None };
    if (*line, damage) == (1, &Damage::Incomplete) || *damage == Damage::BodyDirectory {
        return None;
    }
    let text = damage.to_string();
    let file = [b"readqf: ./qf", id, b": "].concat();
    Some(match damage {
        Damage::Version(_) => text.into_bytes(),
        Damage::Incomplete => [&file[..], text.as_bytes()].concat(),
        _ => [&file[..], format!("line {line}: {text}").as_bytes()].concat(),
    })
}

fn show_progress(post: &Post, entry: &Entry, number: usize, total: usize) {
    let mut line = b"\nRunning ".to_vec();
    if let Some(directory) = post.store.directories().get(entry.place.directory) {
        use std::os::unix::ffi::OsStrExt as _;
        line.extend_from_slice(directory.shown_path().as_os_str().as_bytes());
    }
    line.push(b'/');
    line.extend_from_slice(&entry.place.id.0);
    line.extend(format!(" (sequence {number} of {total})\n").into_bytes());
    crate::sys::terminal::print(&line);
}

/// The messages to try, in order.
fn candidates(post: &Post, options: &RunOptions) -> Vec<Entry> {
    let settings = &post.site.configuration.options;
    let order = settings
        .bytes("QueueSortOrder")
        .and_then(|value| SortOrder::from_option(&value))
        .unwrap_or_default();
    let (most, limits, now) = (most(post), retry_limits(post), clock::now());
    let mut entries = Vec::new();
    let mut work = Vec::new();
    let scan = match post.store.scan(Kind::Normal) {
        Ok(scan) => scan,
        Err(error) => {
            post.log(None, Severity::Critical, 1, error.to_string());
            return entries;
        }
    };
    for entry in scan {
        let Some(envelope) = peek(post, &entry) else {
            entries.push(entry);
            continue;
        };
        if !options.selection.matches(&envelope) {
            continue;
        }
        let selective = options.selection.is_selective();
        if !selective && is_too_young(&envelope, &limits, now) {
            continue;
        }
        let host = envelope
            .recipients
            .first()
            .map_or_else(Vec::new, |first| scheduling::host_of(&first.address));
        work.push(Work {
            id: entry.place.id.0.clone(),
            priority: envelope.priority,
            created: envelope.created,
            modified: entry.facts.modified,
            host,
            is_locked: false,
        });
        entries.push(entry);
        if cut(post, most, &mut entries) {
            break;
        }
    }
    in_order(entries, work, order)
}

/// MinQueueAge and MaxQueueAge.
#[must_use]
pub fn retry_limits(post: &Post) -> RetryLimits {
    let settings = &post.site.configuration.options;
    let time = |name: &str| settings.bytes(name).map_or(0, |value| seconds(&value, b'm'));
    RetryLimits { min_age: time("MinQueueAge"), max_age: time("MaxQueueAge") }
}

/// Whether these limits keep a message from being tried again (QU-063).
#[must_use]
pub fn is_too_young(envelope: &Envelope, limits: &RetryLimits, now: u64) -> bool {
    let Envelope { created, last_try, tries, .. } = *envelope;
    scheduling::is_too_young(now, created, last_try, tries, limits)
}

/// MaxQueueRunSize; 0 without a limit.
#[must_use]
pub fn most(post: &Post) -> usize {
    let most = post.site.configuration.options.number("MaxQueueRunSize", 0);
    usize::try_from(most).unwrap_or(0)
}

/// Leaves out what is more than `most` (QU-066); says whether there was any.
pub fn cut<T>(post: &Post, most: usize, found: &mut Vec<T>) -> bool {
    if most == 0 || found.len() <= most {
        return false;
    }
    found.truncate(most);
    let directory = post.queue_directory.display();
    let text = format!("WorkList for {directory} maxed out at {most}");
    post.log(Some(&QueueId(Vec::new())), Severity::Warning, 0, text);
    true
}

fn in_order(entries: Vec<Entry>, work: Vec<Work>, order: SortOrder) -> Vec<Entry> {
    let mut known: std::collections::HashMap<Vec<u8>, Entry> =
        entries.iter().cloned().map(|entry| (entry.place.id.0.clone(), entry)).collect();
    let mut work = work;
    scheduling::sort(&mut work, order, ids::random_u64());
    let mut sorted: Vec<Entry> = work.iter().filter_map(|one| known.remove(&one.id)).collect();
    // What could not be read is tried last: claiming it says what is wrong.
    sorted.extend(entries.into_iter().filter(|entry| known.contains_key(&entry.place.id.0)));
    sorted
}

/// The envelope of an entry, unlocked; `None` if it cannot be read.
fn peek(post: &Post, entry: &Entry) -> Option<Envelope> {
    let path = post.store.control_path(&entry.place)?;
    let file = durable::open_readable(&path).ok()?;
    let bytes = durable::read_bounded(&path, &file, crate::queue::store::CONTROL_LIMIT).ok()?;
    let envelope = crate::queue::codec::decode(&bytes).ok()?;
    Some(Envelope { id: Some(entry.place.id.clone()), ..envelope })
}

/// Clears away what crashes have left.
fn recover(post: &Post) {
    let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
    let Ok(found) = crate::queue::recovery::find(&post.store, now) else { return };
    for leftover in found {
        if let Err(error) = crate::queue::recovery::remove(&leftover) {
            post.log(None, Severity::Warning, 1, error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::lines;

    #[test]
    fn control_files_that_cannot_be_used() {
        // LG-018, as observed
        let path = std::path::PathBuf::from("/q/qfID");
        let damaged = |line, damage| StoreError::Damaged {
            path: path.clone(),
            error: QfError { line, damage },
        };
        let shown = |error: &StoreError| -> Vec<String> {
            let events = unusable(b"ID", error);
            let lines = events.iter().flat_map(lines);
            lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
        };
        let bogus = StoreError::Bogus { path: path.clone(), uid: 0, gid: 8, mode: 0o666 };
        insta::assert_snapshot!(shown(&bogus).join("\n"), @r"
        ID: bogus queue file, uid=0, gid=8, mode=100666
        ID: Losing ./qfID: bogus file uid/gid in mqueue
        ");
        let unknown = shown(&damaged(2, Damage::UnknownLine(b"%what".to_vec())));
        assert!(unknown[0].ends_with("readqf: ./qfID: line 2: bad line \"%what\""));
        assert_eq!(unknown[1], "ID: Losing ./qfID: unrecognized line");
        let directory = "ID: Losing ./qfID: bogus queue file directory";
        assert_eq!(shown(&damaged(0, Damage::BodyDirectory)), [directory]);
        assert_eq!(shown(&damaged(9, Damage::Incomplete)).len(), 1);
        assert!(shown(&damaged(1, Damage::Incomplete)).is_empty());
        assert_eq!(shown(&StoreError::Locked { path }), ["ID: queueup: locked"]);
    }
}
