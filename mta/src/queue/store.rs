//! The queue as its users see it: accept, claim, update, finish, scan.
//!
//! How messages become durable is behind this trait; the store of directories is
//! [`crate::queue::directory`], the store that keeps nothing [`crate::queue::null`].

use std::io::Read;
use std::path::PathBuf;

use crate::message::envelope::{Envelope, QueueId};
use crate::queue::codec::QfError;
use crate::sys::durable::{DiskError, FileFacts, LockedFile};

/// The largest control file read: a hundred thousand recipients fit many times over.
pub const CONTROL_LIMIT: u64 = 64 << 20;

/// Why a store refuses.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk: full (452), denied, or otherwise.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The body could not be read from its source.
    #[error("reading the message: {0}")]
    Body(std::io::Error),
    /// The id is in use: take another one.
    #[error("queue id {} is in use", String::from_utf8_lossy(&.0.0))]
    IdInUse(QueueId),
    /// The envelope has no id yet, or one that cannot be a file name.
    #[error("no queue id")]
    NoId,
    /// The message is not in the queue (any more).
    #[error("queue id {} is gone", String::from_utf8_lossy(&.0.0))]
    Gone(QueueId),
    /// The file changed between the look and the lock (QU-043): try again at the next run.
    #[error("{path}: changed")]
    Changed {
        /// The control file.
        path: PathBuf,
    },
    /// Another process works on it (QU-042).
    #[error("{path}: locked")]
    Locked {
        /// The control file.
        path: PathBuf,
    },
    /// Others may write the file (QU-044); it was renamed to Qf.
    #[error("{path}: bogus queue file, uid={uid}, gid={gid}, mode={mode:o}")]
    Bogus {
        /// The control file.
        path: PathBuf,
        /// Its owner.
        uid: u32,
        /// Its group.
        gid: u32,
        /// Its permission bits.
        mode: u32,
    },
    /// The control file is damaged; if its kind of damage says so it was renamed to Qf.
    #[error("{path}: {error}")]
    Damaged {
        /// The control file.
        path: PathBuf,
        /// Where and how.
        error: QfError,
    },
}

impl StoreError {
    /// Whether a submission may be answered with "try again later" because space ran out.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Disk(DiskError::Full { .. }))
    }
}

/// Which control files a scan looks at (QU-004, QU-009, QU-010).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// `qf`
    #[default]
    Normal,
    /// `hf`
    Quarantined,
    /// `Qf`
    Lost,
}

impl Kind {
    /// The two letters in front of the id.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Normal => "qf",
            Self::Quarantined => "hf",
            Self::Lost => "Qf",
        }
    }
}

/// Where a message lies: the directory (an index into the store's list), its kind and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the queue directory.
    pub directory: usize,
    /// Which control file.
    pub kind: Kind,
    /// The id.
    pub id: QueueId,
}

/// What a scan tells of one control file, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it lies.
    pub place: Place,
    /// What the file system says of it.
    pub facts: FileFacts,
}

/// A message whose control file this process has locked. Dropping it releases the lock and leaves
/// the message in the queue as it was last written.
#[derive(Debug)]
pub struct Claimed {
    /// Where it lies.
    pub place: Place,
    /// The message; changes become durable with [`QueueStore::update`].
    pub envelope: Envelope,
    /// The body file; `None` when it is missing or the store keeps no files.
    pub body: Option<PathBuf>,
    /// The control file's owner is not the effective user: programs and files are restricted
    /// (QU-045).
    pub unsafe_owner: bool,
    /// The lock.
    pub(crate) lock: Option<LockedFile>,
}

impl Claimed {
    /// The size of the message as it lies in the queue, bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size_of(&self.envelope)
    }

    /// [`Claimed::size`] with this envelope in place of its own.
    #[must_use]
    pub fn size_of(&self, envelope: &Envelope) -> u64 {
        let body = self.body.as_ref().and_then(|path| crate::sys::durable::facts(path).ok());
        envelope.header_size() + body.map_or(0, |facts| facts.size)
    }
}

/// A body on its way into the queue. Dropping it without `commit` leaves nothing behind.
pub trait Draft: Send {
    /// Takes more of the body, in queue form (line ends LF, no dot stuffing).
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// Makes body and envelope durable. When this returns, the message survives any crash; the
    /// claim lets the caller deliver at once.
    ///
    /// # Errors
    /// [`StoreError::Disk`]; nothing is left in the queue then.
    fn commit(self: Box<Self>, envelope: Envelope) -> Result<Claimed, StoreError>;
}

/// Reads a body block by block.
///
/// # Errors
/// [`StoreError::Body`] when it cannot be read; those of `take`.
pub fn read_blocks(
    body: &mut dyn Read,
    take: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut buffer = [0; 16 << 10];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StoreError::Body(error)),
        }
    }
}

/// A place where messages survive.
pub trait QueueStore: Send + Sync {
    /// Starts a message. `choice` picks the directory (QU-052): a random number, taken modulo.
    ///
    /// # Errors
    /// [`StoreError::IdInUse`], [`StoreError::NoId`], [`StoreError::Disk`].
    fn begin(&self, id: &QueueId, choice: usize) -> Result<Box<dyn Draft>, StoreError>;

    /// Takes a whole message at once.
    ///
    /// # Errors
    /// As [`QueueStore::begin`] and [`Draft::commit`]; [`StoreError::Body`] when `body` fails.
    fn accept(
        &self,
        envelope: Envelope,
        body: &mut dyn Read,
        choice: usize,
    ) -> Result<Claimed, StoreError> {
        let id = envelope.id.clone().ok_or(StoreError::NoId)?;
        let mut draft = self.begin(&id, choice)?;
        read_blocks(body, &mut |block| draft.write(block))?;
        draft.commit(envelope)
    }

    /// Splits off an envelope that shares the body (QU-012).
    ///
    /// # Errors
    /// As [`QueueStore::begin`] and [`Draft::commit`].
    fn split(&self, from: &Claimed, envelope: Envelope) -> Result<Claimed, StoreError>;

    /// Locks a message and reads it.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Gone`], [`StoreError::Changed`],
    /// [`StoreError::Bogus`], [`StoreError::Damaged`], [`StoreError::Disk`].
    fn claim(&self, place: &Place) -> Result<Claimed, StoreError>;

    /// Writes the envelope anew; the claim stays.
    ///
    /// # Errors
    /// [`StoreError::Disk`]; the former text is then still in place.
    fn update(&self, claimed: &mut Claimed) -> Result<(), StoreError>;

    /// Removes a message that is delivered or reported.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    fn finish(&self, claimed: Claimed) -> Result<(), StoreError>;

    /// Moves a message to another kind: lost, quarantined or back (QU-010, QU-075).
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    fn set_kind(&self, claimed: Claimed, kind: Kind) -> Result<(), StoreError>;

    /// The control files of one kind, streaming; the order is the file system's.
    ///
    /// # Errors
    /// [`StoreError::Disk`] when a directory cannot be read.
    fn scan(&self, kind: Kind) -> Result<Box<dyn Iterator<Item = Entry> + Send + '_>, StoreError>;
}
