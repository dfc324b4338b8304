//! Database files as makemap, editmap, praliases and newaliases open them: the checks before, the lock
//! during, and a new file that takes the place of the old one (MAP-025, MAP-095, MAP-102).

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::unistd::{self, AccessFlags};

use crate::bdb::{BdbError, Database, DatabaseKind, DatabaseWriter};
use crate::files;
use crate::fst_map::{FstError, FstFile};
use crate::unsafe_mapping::Mapping;

mod alias_text;
pub(crate) mod directories;

pub use alias_text::{AliasText, AliasTextRules};
pub use directories::UnsafeDirectory;

/// Mode of new database files (MAP-095).
const MODE: u32 = 0o640;
/// How often the file may be exchanged while its lock is waited for.
const MAX_BUILDERS: usize = 1000;
/// How far the owner's bits of a mode are from its end.
const OWNER: u32 = 6;
pub(crate) const READ: u32 = 0o4;
const WRITE: u32 = 0o2;
const SEARCH: u32 = 0o1;

/// Writes what an empty file gets.
pub(crate) type Fill<'f> = &'f mut dyn FnMut(&File) -> io::Result<()>;

/// What a program allows of the files it opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileRules {
    /// Option `TrustedUser`, 0 for none: may own what root writes, and gets it.
    pub trusted_user: u32,
    /// Whether a file that is to be written may be missing.
    pub create: bool,
    /// Whether the name may be a symbolic link and the file may have other names.
    pub links: bool,
    /// Whether directories that only their group may write in are safe.
    pub group_directories: bool,
    /// Whether an unsafe directory on the path is an error, not only worth a warning.
    pub refuse_unsafe: bool,
}

/// Why a database file cannot be used, in sendmail's words.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The name is a symbolic link.
    #[error("Symbolic links not allowed")]
    SymbolicLink,
    /// The file has other names.
    #[error("Hard links not allowed")]
    HardLink,
    /// A directory, a device, ...
    #[error("Regular files only")]
    NotRegular,
    /// Its group may write it.
    #[error("Group writable file")]
    GroupWritable,
    /// Everybody may write it.
    #[error("World writable file")]
    WorldWritable,
    /// Somebody else has locked it.
    #[error("locked")]
    Locked,
    /// Its mode, or a directory on its path, forbids it.
    #[error("Permission denied")]
    Denied,
    /// It is no database, or not one of this kind.
    #[error("Invalid argument")]
    NotDatabase,
    /// It is a database that is broken.
    #[error(transparent)]
    Damaged(BdbError),
    /// It is a map file of type `fst` that is broken.
    #[error(transparent)]
    DamagedFst(FstError),
    /// What the system says.
    #[error("{}", String::from_utf8_lossy(&files::reason(.0)))]
    Io(#[from] io::Error),
}

impl From<BdbError> for FileError {
    fn from(error: BdbError) -> Self {
        match error {
            BdbError::Io(error) => Self::Io(error),
            BdbError::Unsupported(_) => Self::NotDatabase,
            BdbError::Damaged { .. } => Self::Damaged(error),
        }
    }
}

impl From<FstError> for FileError {
    fn from(error: FstError) -> Self {
        match error {
            FstError::Io(error) => Self::Io(error),
            FstError::Unsupported(_) => Self::NotDatabase,
            FstError::Damaged { .. } => Self::DamagedFst(error),
        }
    }
}

/// A database file that has passed the checks, locked while this value lives. To a file that is to be
/// written the lock is exclusive; whoever builds waits for whoever builds.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    rules: FileRules,
    /// None: it does not exist yet.
    open: Option<File>,
}

impl DatabaseFile {
    /// Opens a file that is there. `warn` is called with every unsafe directory on its path, once for
    /// each time sendmail looks at it (observed).
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn open(
        name: &[u8],
        rules: FileRules,
        warn: &mut dyn FnMut(UnsafeDirectory),
    ) -> Result<Self, FileError> {
        let name = files::path(name);
        let facts = check(name, rules, READ, warn)?.ok_or_else(missing)?;
        rules.walk(name, warn);
        let open = File::open(name)?;
        if !is_same(&facts, &open.metadata()?) {
            return Err(FileError::Denied);
        }
        open.lock_shared()?;
        Ok(Self { path: name.to_owned(), rules, open: Some(open) })
    }

    /// Opens a file to be written.
    ///
    /// # Errors
    /// See [`FileError`]; also when it could not be created.
    pub fn open_for_writing(
        name: &[u8],
        rules: FileRules,
        warn: &mut dyn FnMut(UnsafeDirectory),
    ) -> Result<Self, FileError> {
        let name = files::path(name);
        let mut found = check(name, rules, READ | WRITE, warn)?;
        if found.is_none() {
            check_new(name, rules)?;
        }
        rules.walk(name, warn);
        for _ in 0..MAX_BUILDERS {
            let Some(facts) = found else {
                return Ok(Self { path: name.to_owned(), rules, open: None });
            };
            // a link that the rules allow stays, its target is replaced
            let path = fs::canonicalize(name)?;
            if let Some(open) = lock(&path, &facts)? {
                return Ok(Self { path, rules, open: Some(open) });
            }
            found = check(name, rules, READ | WRITE, &mut |_| ())?;
        }
        Err(FileError::Denied)
    }

    /// Makes an empty file where there is none yet, for those who change what others may have begun meanwhile: all lock
    /// the same file. After `true` it has to be opened again.
    ///
    /// # Errors
    /// What the system says.
    pub fn begin(&self) -> io::Result<bool> {
        if self.open.is_some() {
            return Ok(false);
        }
        match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
            made => made.map(|_| true),
        }
    }

    /// Whether there is no file yet, or nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.as_ref().is_none_or(|file| file.metadata().is_ok_and(|facts| facts.len() == 0))
    }

    /// The file and what its header says; `kinds` are those it may be.
    ///
    /// # Errors
    /// [`FileError::NotDatabase`] for another kind, or when its size is not one of whole pages.
    pub fn database(&self, kinds: &[DatabaseKind]) -> Result<(&File, Database), FileError> {
        let Some(file) = &self.open else {
            return Err(missing());
        };
        let database = Database::open(file)?;
        let whole = file.metadata()?.len().is_multiple_of(u64::from(database.page_size()));
        if !whole || !kinds.contains(&database.kind()) {
            return Err(FileError::NotDatabase);
        }
        Ok((file, database))
    }

    /// The file as one of type `fst`.
    ///
    /// # Errors
    /// [`FileError::NotDatabase`] for another type, or when it is damaged.
    pub fn fst(&self) -> Result<FstFile<Mapping>, FileError> {
        let Some(file) = &self.open else {
            return Err(missing());
        };
        Ok(FstFile::open(Mapping::new(file)?)?)
    }

    /// Makes files in the directory of this one, of which only who has made them knows. `random` makes their names
    /// different from others.
    #[must_use]
    pub fn scratch(&self, random: [u8; 20]) -> Box<dyn FnMut() -> io::Result<File>> {
        let path = temporary(&self.path, random).with_extension("run");
        Box::new(move || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).mode(0o600);
            let file = options.open(&path)?;
            fs::remove_file(&path)?;
            Ok(file)
        })
    }

    /// Everything that stands in the file.
    ///
    /// # Errors
    /// As [`DatabaseFile::database`].
    pub fn read(&self, kinds: &[DatabaseKind]) -> Result<DatabaseWriter, FileError> {
        let (file, database) = self.database(kinds)?;
        Ok(DatabaseWriter::read(file, &database)?)
    }

    /// Gives the file to the trusted user, as opening it to look into it does in editmap (observed).
    ///
    /// # Errors
    /// What the system says.
    pub fn give_away(&self) -> io::Result<()> {
        match (&self.open, self.rules.new_owner()) {
            (Some(file), Some(owner)) => fchown(file, Some(owner), None),
            _ => Ok(()),
        }
    }

    /// Puts `database` in the place of the file. Readers have the old file or the new one, never part
    /// of one, and so does whoever looks after a crash. Only where no file can be made in the
    /// directory or be given to the owner and group of the old one, or the file has other names, it
    /// is rewritten where it is. `uid` as for
    /// [`DatabaseWriter::render`].
    ///
    /// # Errors
    /// What the system says; the old file is then still there.
    pub fn replace(self, database: &DatabaseWriter, uid: [u8; 20]) -> io::Result<()> {
        let mut fill = |mut file: &File| database.write_to(uid, &mut file);
        let Some(old) = &self.open else {
            return self.put_in_place(&mut fill, None, uid);
        };
        let facts = old.metadata()?;
        if facts.nlink() > 1 || may_create(&self.path).is_err() {
            return self.rewrite(old, &mut fill);
        }
        match self.put_in_place(&mut fill, Some(&facts), uid) {
            // a new file cannot always be given to the owner and the group of the old one
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return self.rewrite(old, &mut fill);
            }
            placed => placed?,
        }
        // Real sendmail looks at the file it has open, not at the name, to see that it has to open it again.
        let seconds = Duration::from_secs(1);
        let after = facts.modified().map_or_else(|_| SystemTime::now(), |time| time + seconds);
        old.set_modified(after.max(SystemTime::now()))
    }

    /// Puts a file that `fill` writes in the place of this one. Whoever has the old one mapped into memory keeps it:
    /// it is never rewritten where it is.
    ///
    /// # Errors
    /// What the system says, or `fill`; the old file is then still there.
    pub fn replace_whole(&self, uid: [u8; 20], fill: Fill<'_>) -> io::Result<()> {
        let old = self.open.as_ref().map(File::metadata).transpose()?;
        self.put_in_place(fill, old.as_ref(), uid)
    }

    fn put_in_place(
        &self,
        fill: Fill<'_>,
        old: Option<&Metadata>,
        uid: [u8; 20],
    ) -> io::Result<()> {
        let temporary = temporary(&self.path, uid);
        let written = self.write_new(&temporary, fill, old);
        let placed = written.and_then(|()| fs::rename(&temporary, &self.path));
        if placed.is_err() {
            // it is of no use, and what went wrong is told
            let _ = fs::remove_file(&temporary);
        }
        placed?;
        File::open(directory_of(&self.path))?.sync_all()
    }

    fn write_new(&self, path: &Path, fill: Fill<'_>, old: Option<&Metadata>) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(MODE).open(path)?;
        fill(&file)?;
        let own = file.metadata()?;
        let (user, group) = old.map_or((own.uid(), own.gid()), |old| (old.uid(), old.gid()));
        let user = self.rules.new_owner().unwrap_or(user);
        if (user, group) != (own.uid(), own.gid()) {
            fchown(&file, Some(user), Some(group))?;
        }
        if let Some(old) = old {
            file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        }
        file.sync_all()
    }

    fn rewrite(&self, old: &File, fill: Fill<'_>) -> io::Result<()> {
        old.set_len(0)?;
        fill(old)?;
        self.give_away()?;
        old.sync_all()
    }
}

impl FileRules {
    /// Who gets the files that root writes.
    fn new_owner(self) -> Option<u32> {
        (unistd::geteuid().is_root() && self.trusted_user != 0).then_some(self.trusted_user)
    }

    /// Tells of the unsafe directories on the path; says whether all of them may be searched.
    fn walk(self, name: &Path, tell: &mut dyn FnMut(UnsafeDirectory)) -> bool {
        directories::walk(name, &mut |directory| {
            if directory.world || !self.group_directories {
                tell(directory);
            }
        })
    }

    /// Whether the mode of a file allows `want`; root has no privilege here (observed).
    fn permit(self, facts: &Metadata, want: u32) -> bool {
        permits(facts, self.new_owner() == Some(facts.uid()), want)
    }
}

/// Whether the mode of a file allows `want` to this process, or to its owner if `as_owner`.
pub(crate) fn permits(facts: &Metadata, as_owner: bool, want: u32) -> bool {
    let shift = match as_owner || facts.uid() == unistd::geteuid().as_raw() {
        true => OWNER,
        false if is_own_group(facts.gid()) => 3,
        false => 0,
    };
    (facts.mode() >> shift) & want == want
}

fn is_own_group(gid: u32) -> bool {
    let others = || unistd::getgroups().unwrap_or_default();
    unistd::getegid().as_raw() == gid || others().iter().any(|group| group.as_raw() == gid)
}

/// Checks path and file; `None` if there is no such file.
fn check(
    name: &Path,
    rules: FileRules,
    want: u32,
    warn: &mut dyn FnMut(UnsafeDirectory),
) -> Result<Option<Metadata>, FileError> {
    let mut unsafe_directories = 0;
    let passable = rules.walk(name, &mut |directory| {
        unsafe_directories += 1;
        warn(directory);
    });
    if !passable || (rules.refuse_unsafe && unsafe_directories > 0) {
        return Err(FileError::Denied);
    }
    let is_link = fs::symlink_metadata(name).is_ok_and(|facts| facts.is_symlink());
    if is_link && !rules.links {
        return Err(FileError::SymbolicLink);
    }
    let facts = match fs::metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    if !facts.is_file() {
        return Err(FileError::NotRegular);
    }
    if facts.nlink() > 1 && !rules.links {
        return Err(FileError::HardLink);
    }
    if !rules.permit(&facts, want) {
        return Err(FileError::Denied);
    }
    Ok(Some(facts))
}

/// Whether a file that is missing can be made.
fn check_new(name: &Path, rules: FileRules) -> Result<(), FileError> {
    if !rules.create {
        return Err(missing());
    }
    if fs::symlink_metadata(name).is_ok() {
        return Err(io::Error::from(Errno::EEXIST).into());
    }
    let directory = fs::metadata(directory_of(name))?;
    if !rules.permit(&directory, WRITE | SEARCH) {
        return Err(FileError::Denied);
    }
    Ok(may_create(name)?)
}

fn missing() -> FileError {
    FileError::Io(Errno::ENOENT.into())
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Opens the file that was checked and waits for its exclusive lock; `None` if meanwhile another file has
/// got the name.
fn lock(path: &Path, checked: &Metadata) -> io::Result<Option<File>> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    if !is_same(checked, &file.metadata()?) {
        return Ok(None);
    }
    file.lock()?;
    Ok(is_same(checked, &fs::metadata(path)?).then_some(file))
}

/// The name of a file beside this one, until it gets that one's name.
fn temporary(path: &Path, random: [u8; 20]) -> PathBuf {
    let own = path.file_name().unwrap_or_default().to_string_lossy();
    let random: String = random.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    directory_of(path).join(format!(".{own}.{random}"))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether files can be made beside this one.
fn may_create(path: &Path) -> io::Result<()> {
    let want = AccessFlags::W_OK | AccessFlags::X_OK;
    let at = nix::fcntl::AT_FDCWD;
    Ok(unistd::faccessat(at, directory_of(path), want, AtFlags::AT_EACCESS)?)
}
