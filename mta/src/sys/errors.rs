//! System errors in the words mail administrators know.

use std::io;

use nix::errno::Errno;

/// The text of `strerror(3)` for an error, without the number Rust adds.
#[must_use]
pub fn describe(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::TimedOut => io::Error::from(Errno::ETIMEDOUT).to_string(),
        _ => error.to_string(),
    };
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}

/// Whether trying again later may help: the machine or the network is short of something or
/// unreachable for now.
#[must_use]
pub fn is_transient(error: &io::Error) -> bool {
    let Some(code) = error.raw_os_error() else {
        return error.kind() == io::ErrorKind::TimedOut;
    };
    matches!(
        Errno::from_raw(code),
        Errno::EIO
            | Errno::EAGAIN
            | Errno::ENOMEM
            | Errno::ENFILE
            | Errno::EMFILE
            | Errno::ENOSPC
            | Errno::EDQUOT
            | Errno::ETXTBSY
            | Errno::EINTR
            | Errno::ESTALE
            | Errno::ETIMEDOUT
            | Errno::ECONNREFUSED
            | Errno::ECONNRESET
            | Errno::ENETDOWN
            | Errno::ENETUNREACH
            | Errno::ENETRESET
            | Errno::ENOBUFS
            | Errno::EHOSTDOWN
            | Errno::EHOSTUNREACH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_system() {
        let missing = io::Error::from_raw_os_error(Errno::ENOENT as i32);
        assert_eq!(describe(&missing), "No such file or directory");
        let broken = io::Error::from_raw_os_error(Errno::EIO as i32);
        assert_eq!(describe(&broken), "Input/output error");
        assert!(!is_transient(&missing));
        assert!(is_transient(&io::Error::from_raw_os_error(Errno::ENOSPC as i32)));
        assert_eq!(describe(&io::ErrorKind::TimedOut.into()), "Connection timed out");
    }
}
