//! The lock file beside a mailbox, `MAILBOX.lock`, which programs that read mail take (mail.local(8)).

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::kill;
use nix::unistd::Pid;

/// How long another holder is waited for.
const WAIT: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(500);
/// A lock file that has not been touched for so long, and whose process is gone, was left behind.
const STALE: Duration = Duration::from_secs(300);

/// A lock file of ours; dropping it removes it.
#[derive(Debug)]
pub struct DotLock {
    path: PathBuf,
}

impl DotLock {
    /// Makes the lock file of the mailbox at `path`, waiting up to a minute for another holder.
    ///
    /// # Errors
    /// The directory cannot be written, or (`AlreadyExists`) the lock is held all the time.
    pub fn take(path: &[u8]) -> io::Result<Self> {
        let path = PathBuf::from(OsStr::from_bytes(&[path, b".lock"].concat()));
        let end = Instant::now() + WAIT;
        loop {
            match OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path) {
                Ok(mut file) => {
                    let lock = Self { path };
                    write!(file, "{}", std::process::id())?;
                    return Ok(lock);
                }
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(error) => {
                    if is_stale(&path) {
                        let _ = std::fs::remove_file(&path);
                    } else if Instant::now() >= end {
                        return Err(error);
                    } else {
                        std::thread::sleep(STEP);
                    }
                }
            }
        }
    }
}

impl Drop for DotLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether a lock file is old and names no process that is alive.
fn is_stale(path: &PathBuf) -> bool {
    let Ok(found) = std::fs::symlink_metadata(path) else { return false };
    let age = found.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    if age.is_none_or(|age| age < STALE) || !found.is_file() || found.len() > 20 {
        return false;
    }
    let holder = std::fs::read_to_string(path).ok();
    let holder = holder.and_then(|text| text.trim().parse::<i32>().ok()).filter(|pid| *pid > 0);
    holder.is_none_or(|pid| kill(Pid::from_raw(pid), None) == Err(nix::errno::Errno::ESRCH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn the_file_is_there_while_the_lock_is_held() {
        // LG-060
        let directory = tempfile::tempdir().unwrap();
        let mailbox = directory.path().join("joe");
        let file = directory.path().join("joe.lock");
        let lock = DotLock::take(mailbox.as_os_str().as_bytes()).unwrap();
        assert!(file.is_file());
        drop(lock);
        assert!(!file.exists());
    }

    #[test]
    fn what_a_dead_process_left_behind_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let mailbox = directory.path().join("joe");
        let path = directory.path().join("joe.lock");
        let old = SystemTime::now() - STALE - Duration::from_secs(1);
        for (text, stale) in
            [("", true), ("2147483646", true), (&std::process::id().to_string(), false)]
        {
            std::fs::write(&path, text).unwrap();
            assert!(!is_stale(&path), "a new file");
            File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
            assert_eq!(is_stale(&path), stale, "{text:?}");
        }
        std::fs::write(&path, "").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        drop(DotLock::take(mailbox.as_os_str().as_bytes()).unwrap());
        assert!(!path.exists());
    }
}
