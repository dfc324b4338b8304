//! The user database from its first entry to its last, with `getpwent(3)`, for which
//! neither the standard library nor nix has a safe form.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::sync::{Mutex, PoisonError};

use nix::libc;

use super::users::Account;

/// The C library has one place in the database for all threads.
static LISTING: Mutex<()> = Mutex::new(());

/// The first entry that `matches` holds for.
pub(super) fn find(matches: impl Fn(&Account) -> bool) -> Option<Account> {
    let _guard = LISTING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: no other thread is between setpwent and endpwent, as all do so here, under the lock.
    unsafe { libc::setpwent() };
    let found = std::iter::from_fn(next).find(matches);
    // SAFETY: as above.
    unsafe { libc::endpwent() };
    found
}

/// The next entry; the caller holds the lock.
fn next() -> Option<Account> {
    // SAFETY: the result is null or points to an entry that stays as it is until the next call, which the
    // lock puts off; it is copied before.
    let entry = unsafe { libc::getpwent().as_ref()? };
    let text = |pointer: *const libc::c_char| {
        if pointer.is_null() {
            return Vec::new();
        }
        // SAFETY: the fields of an entry that are not null are C strings.
        unsafe { CStr::from_ptr(pointer) }.to_bytes().to_vec()
    };
    Some(Account {
        name: text(entry.pw_name),
        uid: entry.pw_uid,
        gid: entry.pw_gid,
        gecos: text(entry.pw_gecos),
        home: text(entry.pw_dir),
        shell: text(entry.pw_shell),
    })
}
