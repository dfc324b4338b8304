//! What every thread of a process shares: the site, the queue, the log, ids and the zone.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::log_sink;
use super::rehearsal::Rehearsal;
use super::statistics::Counting;
use crate::address::worker::Worker;
use crate::config::site::Site;
use crate::delivery::context::DeliverySettings;
use crate::events::{Event, Severity, Sink};
use crate::message::date::Moment;
use crate::message::envelope::{ControllingUser, Envelope, QueueId};
use crate::queue::directory::{DirectoryOptions, DirectoryStore};
use crate::queue::id::IdSource;
use crate::queue::null::NullStore;
use crate::queue::priority::{Factors, Load};
use crate::queue::store::{Claimed, Draft, QueueStore as _, StoreError};
use crate::sys::clock::{self, TimeZoneSpec, Zone};
use crate::sys::durable::DiskError;
use crate::sys::{config_files, ids, load, users};

/// The shared part of a process that handles mail.
pub struct Post {
    /// The configuration.
    pub site: Arc<Site>,
    /// The default queue group.
    pub store: Arc<DirectoryStore>,
    /// The queue's directory.
    pub queue_directory: PathBuf,
    /// The log.
    pub events: Arc<Sink>,
    /// Counts for the statistics file.
    pub counting: Counting,
    /// What deliveries need of the options.
    pub delivery: DeliverySettings,
    ids: Mutex<IdSource>,
    /// Set where a session is only played: nothing is stored, nothing waited for.
    pub rehearsal: Option<Rehearsal>,
    zone: Zone,
    running: AtomicUsize,
}

/// Why mail cannot be handled.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No `QueueDirectory` (exit status 78).
    #[error("QueueDirectory (Q) option must be set")]
    NoQueueDirectory,
    /// The queue directory cannot be used (exit status 78).
    #[error("can not chdir({directory}/): {reason}")]
    QueueDirectory {
        /// The directory.
        directory: String,
        /// The system's words.
        reason: String,
    },
}

impl Post {
    /// Opens the queue of a site.
    ///
    /// # Errors
    /// The queue directory is not named or cannot be reached.
    pub fn open(site: Arc<Site>, events: Arc<Sink>) -> Result<Arc<Self>, OpenError> {
        let directory = site.path("QueueDirectory").ok_or(OpenError::NoQueueDirectory)?;
        let options = DirectoryOptions {
            file_mode: file_mode(&site, "QueueFileMode"),
            effective_uid: users::effective_uid(),
            owners: Vec::new(),
            sync: !matches!(
                site.configuration.options.bytes("SuperSafe").as_deref(),
                Some([b'f' | b'F' | b'n' | b'N', ..])
            ),
        };
        let failed = |reason: String| OpenError::QueueDirectory {
            directory: directory.display().to_string(),
            reason,
        };
        let store = DirectoryStore::open(&directory, options).map_err(|error| {
            failed(match error {
                DiskError::Missing { .. } => "No such file or directory".to_owned(),
                other => other.to_string(),
            })
        })?;
        if !store.directories().iter().all(|d| crate::sys::durable::is_directory(&d.path)) {
            return Err(failed("No such file or directory".to_owned()));
        }
        let delivery = super::settings::delivery(&site, &directory);
        Ok(Arc::new(Self::of(site, events, store, directory, delivery, None)))
    }

    /// The shared part of a session that is only played. It has no queue.
    #[must_use]
    pub fn rehearsing(site: Arc<Site>, rehearsal: Rehearsal) -> Arc<Self> {
        // only to see what room there is
        let directory = site.path("QueueDirectory").filter(|_| site.is_here());
        let directory = directory.unwrap_or_default();
        let delivery = super::settings::delivery(&site, &directory);
        let store = DirectoryStore::without_directories();
        Arc::new(Self::of(site, Arc::new(()), store, directory, delivery, Some(rehearsal)))
    }

    fn of(
        site: Arc<Site>,
        events: Arc<Sink>,
        store: DirectoryStore,
        queue_directory: PathBuf,
        delivery: DeliverySettings,
        rehearsal: Option<Rehearsal>,
    ) -> Self {
        let zone = Zone::load(&match site.configuration.options.bytes("TimeZoneSpec") {
            None => TimeZoneSpec::System,
            Some(name) if name.is_empty() => TimeZoneSpec::Environment,
            Some(name) => TimeZoneSpec::Named(name),
        });
        let statistics = site.path("StatusFile").filter(|_| rehearsal.is_none());
        Self {
            store: Arc::new(store),
            queue_directory,
            events,
            counting: Counting::new(statistics),
            delivery,
            ids: Mutex::new(IdSource::new(ids::process_id(), ids::next_sequence())),
            rehearsal,
            zone,
            running: AtomicUsize::new(0),
            site,
        }
    }

    /// Starts a message; see `QueueStore::begin`.
    ///
    /// # Errors
    /// Those of the store.
    pub fn begin(&self, id: &QueueId) -> Result<Box<dyn Draft>, StoreError> {
        if self.rehearsal.is_some() {
            return NullStore.begin(id, 0);
        }
        let choice = usize::try_from(ids::random_u64() >> 1).unwrap_or(0);
        self.store.begin(id, choice)
    }

    /// A worker that logs what maps have to say.
    #[must_use]
    pub fn worker(&self) -> Worker {
        let watch = self.rehearsal.as_ref().map(|rehearsal| rehearsal.watch.clone());
        Worker::new(self.site.clone()).logging_to(self.events.clone()).watched_by(watch)
    }

    /// A queue id that this process has not used.
    #[must_use]
    pub fn new_id(&self) -> QueueId {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(clock::now())
    }

    /// A moment with the zone it is shown in.
    #[must_use]
    pub fn moment(&self, seconds: u64) -> Moment {
        Moment { seconds, offset: self.zone.offset_at(seconds).seconds }
    }

    /// The factors of priorities.
    #[must_use]
    pub fn factors(&self) -> Factors {
        let options = &self.site.configuration.options;
        let defaults = Factors::default();
        Factors {
            class: options.number("ClassFactor", defaults.class),
            recipient: options.number("RecipientFactor", defaults.recipient),
            retry: options.number("RetryFactor", defaults.retry),
        }
    }

    /// Whether lines of `level` are written.
    #[must_use]
    pub fn logs(&self, level: i16) -> bool {
        log_sink::level(&self.site) > i64::from(level)
    }

    /// Stores what a list with an owner makes of a message, and says so in the log.
    ///
    /// # Errors
    /// Those of the store.
    pub fn split(&self, original: &Claimed, part: Envelope) -> Result<Claimed, StoreError> {
        let split = self.store.split(original, part)?;
        let (from, id, owner) = (&original.place.id.0, &split.place.id.0, &split.envelope.sender);
        self.events.report(Event::cloned(from, id, owner));
        Ok(split)
    }

    /// What the load lets be delivered now: QueueLA, QueueFactor (QU-065).
    #[must_use]
    pub fn load(&self) -> Load {
        let options = &self.site.configuration.options;
        let processors = i64::try_from(config_files::processors()).unwrap_or(1);
        let limit = options.number("QueueLA", processors.saturating_mul(8));
        let factor = options.number("QueueFactor", 600_000);
        Load { average: load::load_average().into(), limit, factor }
    }

    /// Whether the load forbids delivering a message of this priority now.
    #[must_use]
    pub fn is_too_busy(&self, priority: i64) -> bool {
        self.load().forbids(priority)
    }

    /// Writes a line to the log when `LogLevel` is above `level`.
    pub fn log(
        &self,
        id: Option<&QueueId>,
        severity: Severity,
        level: i16,
        text: impl Into<Vec<u8>>,
    ) {
        let id = id.map(|id| id.0.as_slice());
        self.events.report(Event::text(id, severity, level, text));
    }

    /// Deliveries running in the background of this process.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Runs `work` on a thread of its own, counted by [`Post::running`]; here and now if there can
    /// be no further thread.
    pub fn in_background(self: &Arc<Self>, work: impl FnOnce() + Send + 'static) {
        self.running.fetch_add(1, Ordering::AcqRel);
        let post = self.clone();
        let cell = Arc::new(Mutex::new(Some(work)));
        let theirs = cell.clone();
        let run = move || {
            let work = theirs.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(work) = work {
                work();
                post.counting.save();
            }
            post.running.fetch_sub(1, Ordering::AcqRel);
        };
        if std::thread::Builder::new().name("delivery".into()).spawn(run).is_err() {
            let work = cell.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(work) = work {
                work();
            }
            self.running.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Waits until the background is idle, at most `limit`.
    pub fn wait_for_background(&self, limit: std::time::Duration) {
        let end = std::time::Instant::now() + limit;
        while self.running() > 0 && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// The controlling user of a local account.
    #[must_use]
    pub fn account(uid: u32) -> Option<ControllingUser> {
        let account = users::by_uid(uid).ok().flatten()?;
        Some(ControllingUser { user: account.name, uid: account.uid, gid: account.gid })
    }
}

/// An octal mode option; 0600 if unset (OPT-026, OPT-124).
pub(crate) fn file_mode(site: &Site, option: &str) -> u32 {
    let value = site.configuration.options.bytes(option).unwrap_or_default();
    let text = String::from_utf8_lossy(value.trim_ascii()).into_owned();
    u32::from_str_radix(&text, 8).map_or(0o600, |mode| mode & 0o777)
}
