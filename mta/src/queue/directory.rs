//! The store of queue directories: `qf` and `df` files as sendmail keeps them (QU-004 to QU-014,
//! QU-041 to QU-046), so that either program can finish what the other accepted.
//!
//! Order of durable steps in accepting: body written and synced, its directory synced, control file
//! written as `tf` and synced, renamed to `qf`, directory synced; only then is the message
//! acknowledged. A crash before the rename leaves files that [`crate::queue::recovery`] finds, a
//! crash behind it leaves a complete message.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::message::envelope::{Envelope, QueueId};
use crate::queue::codec::{self, Damage, Disposition, QfError};
use crate::queue::store::{
    CONTROL_LIMIT, Claimed, Draft, Entry, Kind, Place, QueueStore, StoreError,
};
use crate::sys::durable::{self, DiskError, FileFacts, LockedFile};

/// One queue directory; the parts are the directory itself unless it has subdirectories `qf`, `df`
/// or `xf` (QU-011).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolDirectory {
    /// The directory as configured.
    pub path: PathBuf,
    /// Where qf, hf, Qf and tf files lie.
    pub control: PathBuf,
    /// Where df files lie.
    pub body: PathBuf,
    /// Where xf files lie.
    pub transcript: PathBuf,
}

impl SpoolDirectory {
    /// Looks for the subdirectories.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        let part = |name: &str| {
            let sub = path.join(name);
            if durable::is_directory(&sub) { sub } else { path.clone() }
        };
        Self { control: part("qf"), body: part("df"), transcript: part("xf"), path }
    }

    /// The path that listings and `-v` name: the one of the bodies (observed with subdirectories).
    #[must_use]
    pub fn shown_path(&self) -> &Path {
        &self.body
    }

    /// The control file of an id.
    #[must_use]
    pub fn control_file(&self, kind: Kind, id: &QueueId) -> PathBuf {
        named(&self.control, kind.prefix(), id)
    }

    /// The body file of an id.
    #[must_use]
    pub fn body_file(&self, id: &QueueId) -> PathBuf {
        named(&self.body, "df", id)
    }

    /// The transcript file of an id.
    #[must_use]
    pub fn transcript_file(&self, id: &QueueId) -> PathBuf {
        named(&self.transcript, "xf", id)
    }
}

fn named(directory: &Path, prefix: &str, id: &QueueId) -> PathBuf {
    directory.join([prefix.as_bytes(), &id.0].concat().to_path_lossy())
}

/// How the files of a queue are made and which are trusted.
#[derive(Clone, Debug)]
pub struct DirectoryOptions {
    /// QueueFileMode (QU-013).
    pub file_mode: u32,
    /// The effective user; a control file of another owner is marked unsafe (QU-045).
    pub effective_uid: u32,
    /// Owners accepted; empty for any (QU-044: any, when the real user is the effective one).
    pub owners: Vec<u32>,
    /// SuperSafe: whether fsync is asked for. Without it a crash of the machine may lose mail.
    pub sync: bool,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self { file_mode: 0o600, effective_uid: 0, owners: Vec::new(), sync: true }
    }
}

/// The directories of one queue group.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    directories: Vec<SpoolDirectory>,
    /// What names of directories in control files begin at.
    base: PathBuf,
    options: DirectoryOptions,
}

impl DirectoryStore {
    /// Opens the directories that a path stands for: itself, or with a trailing `*` every directory
    /// whose name starts so, in the order of the file system (QU-050, observed).
    ///
    /// # Errors
    /// [`DiskError::Missing`] when there is none.
    pub fn open(path: &Path, options: DirectoryOptions) -> Result<Self, DiskError> {
        let found = expand(path)?;
        let directories: Vec<_> = found.into_iter().map(SpoolDirectory::new).collect();
        if directories.is_empty() {
            return Err(DiskError::Missing { path: path.to_owned() });
        }
        let base = match path.as_os_str().as_encoded_bytes().ends_with(b"*") {
            // of `q*` the directories are `./q1` and so on
            true => path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            false => path,
        };
        Ok(Self { directories, base: base.to_owned(), options })
    }

    /// A store without any directory: it can keep nothing.
    #[must_use]
    pub fn without_directories() -> Self {
        let options = DirectoryOptions::default();
        Self { directories: Vec::new(), base: PathBuf::new(), options }
    }

    /// The directories, in the order that [`Place::directory`] counts.
    #[must_use]
    pub fn directories(&self) -> &[SpoolDirectory] {
        &self.directories
    }

    /// The directory that a `d` line names: one of several by its name, the only one by `.` (observed).
    fn directory_named(&self, name: &[u8]) -> Option<&SpoolDirectory> {
        let is_named = |directory: &&SpoolDirectory| {
            directory.path.strip_prefix(&self.base).is_ok_and(|relative| {
                match relative.as_os_str().as_encoded_bytes() {
                    b"" => name == b".",
                    relative => name == relative,
                }
            })
        };
        self.directories.iter().find(is_named)
    }

    fn directory(&self, place: &Place) -> Result<&SpoolDirectory, StoreError> {
        self.directories.get(place.directory).ok_or_else(|| StoreError::Gone(place.id.clone()))
    }

    /// The control file of a place, for messages and logs.
    #[must_use]
    pub fn control_path(&self, place: &Place) -> Option<PathBuf> {
        Some(self.directories.get(place.directory)?.control_file(place.kind, &place.id))
    }

    /// Renames a damaged or distrusted control file to Qf; the lock must be held.
    fn lose(&self, place: &Place) -> Result<(), StoreError> {
        let directory = self.directory(place)?;
        let from = directory.control_file(place.kind, &place.id);
        durable::rename_synced(&from, &directory.control_file(Kind::Lost, &place.id))?;
        Ok(())
    }

    fn check_trust(&self, place: &Place, path: &Path, facts: &FileFacts) -> Result<(), StoreError> {
        let forbidden = if self.options.file_mode & 0o020 == 0 { 0o022 } else { 0o002 };
        let owners = &self.options.owners;
        let foreign = !owners.is_empty() && !owners.contains(&facts.uid);
        if facts.mode & forbidden == 0 && !foreign {
            return Ok(());
        }
        self.lose(place)?;
        let (path, mode) = (path.to_owned(), facts.mode & 0o7777);
        Err(StoreError::Bogus { path, uid: facts.uid, gid: facts.gid, mode })
    }

    fn read(&self, place: &Place, path: &Path, lock: &LockedFile) -> Result<Envelope, StoreError> {
        let bytes = durable::read_bounded(path, lock, CONTROL_LIMIT)?;
        match codec::decode(&bytes) {
            Ok(mut envelope) => {
                envelope.id = Some(place.id.clone());
                Ok(envelope)
            }
            Err(error) => {
                if matches!(error.damage.disposition(), Disposition::Lose(_)) {
                    self.lose(place)?;
                }
                Err(StoreError::Damaged { path: path.to_owned(), error })
            }
        }
    }

    /// Writes the envelope as `tf`, locked and synced, and renames it to its place.
    fn write_control(
        &self,
        place: &Place,
        envelope: &Envelope,
        stale: Stale,
    ) -> Result<LockedFile, StoreError> {
        let directory = self.directory(place)?;
        let temporary = named(&directory.control, "tf", &place.id);
        let target = directory.control_file(place.kind, &place.id);
        let lock = self.create_temporary(&temporary, place, stale)?;
        let bytes = codec::encode(envelope);
        let written = if self.options.sync {
            durable::write_synced(&temporary, &lock, &bytes)
                .and_then(|()| durable::rename_synced(&temporary, &target))
        } else {
            (&*lock)
                .write_all(&bytes)
                .and_then(|()| std::fs::rename(&temporary, &target))
                .map_err(|error| DiskError::from_io(&temporary, error))
        };
        match written {
            Ok(()) => Ok(lock),
            Err(error) => {
                durable::remove(&temporary)?;
                Err(error.into())
            }
        }
    }

    fn create_temporary(
        &self,
        path: &Path,
        place: &Place,
        stale: Stale,
    ) -> Result<LockedFile, StoreError> {
        let file = match durable::create_new(path, self.options.file_mode) {
            Err(DiskError::Exists { .. }) if stale == Stale::Remove => {
                // The claim on qf is ours, so an unlocked tf is a crashed writer's.
                drop(durable::lock(path, durable::open_writable(path)?)?);
                durable::remove(path)?;
                durable::create_new(path, self.options.file_mode)?
            }
            Err(DiskError::Exists { .. }) => return Err(StoreError::IdInUse(place.id.clone())),
            other => other?,
        };
        Ok(durable::lock(path, file)?)
    }

    /// The shared second half of accepting and splitting: the body is in place and synced.
    fn commit_control(&self, place: Place, mut envelope: Envelope) -> Result<Claimed, StoreError> {
        let directory = self.directory(&place)?;
        envelope.id = Some(place.id.clone());
        let body = directory.body_file(&place.id);
        match self.write_control(&place, &envelope, Stale::Refuse) {
            Ok(lock) => {
                let (body, lock) = (Some(body), Some(lock));
                Ok(Claimed { place, envelope, body, unsafe_owner: false, lock })
            }
            Err(error) => {
                // The message is not acknowledged: no control file may stay that a runner finds.
                if !matches!(error, StoreError::IdInUse(_)) {
                    durable::remove(&directory.control_file(place.kind, &place.id))?;
                }
                durable::remove(&body)?;
                Err(error)
            }
        }
    }

    fn new_place(&self, id: &QueueId, choice: usize) -> Result<Place, StoreError> {
        if !is_file_name(&id.0) || self.directories.is_empty() {
            return Err(StoreError::NoId);
        }
        let directory = choice % self.directories.len();
        let place = Place { directory, kind: Kind::Normal, id: id.clone() };
        let spool = self.directory(&place)?;
        let taken = [Kind::Normal, Kind::Quarantined, Kind::Lost]
            .into_iter()
            .any(|kind| durable::facts(&spool.control_file(kind, id)).is_ok());
        if taken { Err(StoreError::IdInUse(id.clone())) } else { Ok(place) }
    }
}

/// What to do with a `tf` that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stale {
    Remove,
    Refuse,
}

/// An id becomes a file name: letters, digits and the few signs of old ids (QU-003).
fn is_file_name(id: &[u8]) -> bool {
    !id.is_empty()
        && id.len() <= 200
        && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

fn expand(path: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let missing = || DiskError::Missing { path: path.to_owned() };
    let text = path.as_os_str().as_encoded_bytes();
    let Some(prefix) = text.strip_suffix(b"*") else {
        let path = path.to_owned();
        return if durable::is_directory(&path) { Ok(vec![path]) } else { Err(missing()) };
    };
    let cut = prefix.rfind_byte(b'/').map_or(0, |at| at + 1);
    let (parent, start) = prefix.split_at(cut);
    let parent = if parent.is_empty() { Path::new(".").into() } else { parent.to_path_lossy() };
    let found = durable::names(&parent)?
        .filter(|name| name.as_encoded_bytes().starts_with(start))
        .filter(|name| !name.as_encoded_bytes().starts_with(b"."))
        .map(|name| parent.join(name))
        .filter(|path| durable::is_directory(path))
        .collect();
    Ok(found)
}

/// A body being written into its `df` file.
struct DirectoryDraft {
    store: DirectoryStore,
    place: Place,
    path: PathBuf,
    file: File,
    committed: bool,
}

impl Draft for DirectoryDraft {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(|error| DiskError::from_io(&self.path, error).into())
    }

    fn commit(mut self: Box<Self>, envelope: Envelope) -> Result<Claimed, StoreError> {
        if self.store.options.sync {
            durable::sync(&self.path, &self.file)?;
            durable::sync_directory(&self.store.directory(&self.place)?.body)?;
        }
        if envelope.quarantine.is_some() {
            self.place.kind = Kind::Quarantined;
        }
        self.committed = true;
        self.store.commit_control(self.place.clone(), envelope)
    }
}

impl Drop for DirectoryDraft {
    fn drop(&mut self) {
        if !self.committed {
            // Nobody can be told here; recovery finds a body that stays.
            let _ = durable::remove(&self.path);
        }
    }
}

impl QueueStore for DirectoryStore {
    fn begin(&self, id: &QueueId, choice: usize) -> Result<Box<dyn Draft>, StoreError> {
        let place = self.new_place(id, choice)?;
        let path = self.directory(&place)?.body_file(id);
        let file =
            durable::create_new(&path, self.options.file_mode).map_err(|error| match error {
                DiskError::Exists { .. } => StoreError::IdInUse(id.clone()),
                other => other.into(),
            })?;
        Ok(Box::new(DirectoryDraft { store: self.clone(), place, path, file, committed: false }))
    }

    fn split(&self, from: &Claimed, envelope: Envelope) -> Result<Claimed, StoreError> {
        let id = envelope.id.clone().ok_or(StoreError::NoId)?;
        let mut place = self.new_place(&id, from.place.directory)?;
        if envelope.quarantine.is_some() {
            place.kind = Kind::Quarantined;
        }
        let spool = self.directory(&place)?;
        let source = from.body.as_ref().ok_or_else(|| StoreError::Gone(from.place.id.clone()))?;
        durable::hard_link(source, &spool.body_file(&id)).map_err(|error| match error {
            DiskError::Exists { .. } => StoreError::IdInUse(id.clone()),
            other => other.into(),
        })?;
        if self.options.sync {
            durable::sync_directory(&spool.body)?;
        }
        self.commit_control(place, envelope)
    }

    fn claim(&self, place: &Place) -> Result<Claimed, StoreError> {
        let directory = self.directory(place)?;
        let path = directory.control_file(place.kind, &place.id);
        let gone = |error| match error {
            DiskError::Missing { .. } => StoreError::Gone(place.id.clone()),
            DiskError::Locked { path } => StoreError::Locked { path },
            other => StoreError::Disk(other),
        };
        let before = durable::facts(&path).map_err(gone)?;
        let lock =
            durable::lock(&path, durable::open_writable(&path).map_err(gone)?).map_err(gone)?;
        let (held, now) =
            (durable::file_facts(&path, &lock)?, durable::facts(&path).map_err(gone)?);
        if !is_same(&before, &held) || !is_same(&held, &now) || held.links != 1 {
            return Err(StoreError::Changed { path });
        }
        if held.size == 0 {
            let error = QfError { line: 1, damage: Damage::Incomplete };
            return Err(StoreError::Damaged { path, error });
        }
        self.check_trust(place, &path, &held)?;
        let mut envelope = self.read(place, &path, &lock)?;
        let body = match &envelope.body_directory {
            Some(name) => match self.directory_named(name) {
                Some(other) => other.body_file(&place.id),
                None => {
                    // Anything else would be a way to have foreign files delivered.
                    self.lose(place)?;
                    let error = QfError { line: 0, damage: Damage::BodyDirectory };
                    return Err(StoreError::Damaged { path, error });
                }
            },
            None => directory.body_file(&place.id),
        };
        let unsafe_owner = held.uid != self.options.effective_uid;
        let found = durable::facts(&body).ok();
        if let Some(facts) = &found {
            envelope.body_identity = Some(facts.identity());
        }
        let body = found.map(|_| body);
        Ok(Claimed { place: place.clone(), envelope, body, unsafe_owner, lock: Some(lock) })
    }

    fn update(&self, claimed: &mut Claimed) -> Result<(), StoreError> {
        // The former lock ends only after the new file, locked, stands in its place.
        claimed.lock =
            Some(self.write_control(&claimed.place, &claimed.envelope, Stale::Remove)?);
        Ok(())
    }

    fn finish(&self, claimed: Claimed) -> Result<(), StoreError> {
        let directory = self.directory(&claimed.place)?;
        // Control file first: a body alone is swept up, a control file alone looks like lost mail.
        durable::remove(&directory.control_file(claimed.place.kind, &claimed.place.id))?;
        if let Some(body) = &claimed.body {
            durable::remove(body)?;
        }
        durable::remove(&directory.transcript_file(&claimed.place.id))?;
        Ok(())
    }

    fn set_kind(&self, claimed: Claimed, kind: Kind) -> Result<(), StoreError> {
        let directory = self.directory(&claimed.place)?;
        let from = directory.control_file(claimed.place.kind, &claimed.place.id);
        durable::rename_synced(&from, &directory.control_file(kind, &claimed.place.id))?;
        Ok(())
    }

    fn scan(&self, kind: Kind) -> Result<Box<dyn Iterator<Item = Entry> + Send + '_>, StoreError> {
        let mut parts = Vec::with_capacity(self.directories.len());
        for (directory, spool) in self.directories.iter().enumerate() {
            let names = durable::names(&spool.control)?;
            parts.push(names.filter_map(move |name| {
                let id = name.as_encoded_bytes().strip_prefix(kind.prefix().as_bytes())?;
                if !is_file_name(id) {
                    return None;
                }
                let facts = durable::facts(&spool.control.join(&name)).ok()?;
                let id = QueueId(id.to_vec());
                Some(Entry { place: Place { directory, kind, id }, facts })
            }));
        }
        Ok(Box::new(parts.into_iter().flatten()))
    }
}

/// Whether two looks saw the same, unchanged file (QU-043).
fn is_same(a: &FileFacts, b: &FileFacts) -> bool {
    let key = |f: &FileFacts| (f.device, f.inode, f.links, f.uid, f.gid, f.size);
    key(a) == key(b)
}

#[cfg(test)]
mod tests;
