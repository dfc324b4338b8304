//! Listening sockets: TCP and Unix, with the backlog and buffer sizes of DaemonPortOptions.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::sys::socket::{
    self, AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, UnixAddr, sockopt,
};

use super::duplex::Duplex;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address and a TCP port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A path.
    Unix(PathBuf),
}

/// What else a listening socket is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Connections that wait to be accepted.
    pub backlog: u16,
    /// Send buffer, bytes.
    pub send_buffer: Option<usize>,
    /// Receive buffer, bytes.
    pub receive_buffer: Option<usize>,
}

/// An open listening socket. Accepting never blocks.
#[derive(Debug)]
pub enum Listening {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix stream socket.
    Unix(UnixListener),
}

/// A connection that was accepted.
pub struct AcceptedConnection {
    /// The conversation.
    pub stream: Box<dyn Duplex + Send>,
    /// The peer; absent on Unix sockets.
    pub peer: Option<SocketAddr>,
    /// The own address it came in on.
    pub own: Option<IpAddr>,
}

/// Opens a listening socket. IPv6 sockets take IPv6 connections only. A Unix socket left over from
/// a process before is replaced.
///
/// # Errors
/// The system's error.
pub fn listen(place: &Place, tuning: Tuning) -> io::Result<Listening> {
    let backlog = Backlog::new(i32::from(tuning.backlog)).unwrap_or(Backlog::MAXCONN);
    match place {
        Place::Tcp(address) => {
            let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
            let socket = open(family, tuning)?;
            socket::setsockopt(&socket, sockopt::ReuseAddr, &true)?;
            if address.is_ipv6() {
                socket::setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
            }
            socket::bind(socket.as_raw_fd(), &SockaddrStorage::from(*address))?;
            socket::listen(&socket, backlog)?;
            let listener = TcpListener::from(socket);
            listener.set_nonblocking(true)?;
            Ok(Listening::Tcp(listener))
        }
        Place::Unix(path) => {
            remove_stale(path);
            let socket = open(AddressFamily::Unix, tuning)?;
            socket::bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
            socket::listen(&socket, backlog)?;
            let listener = UnixListener::from(socket);
            listener.set_nonblocking(true)?;
            Ok(Listening::Unix(listener))
        }
    }
}

fn open(family: AddressFamily, tuning: Tuning) -> io::Result<OwnedFd> {
    let socket = socket::socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    if let Some(bytes) = tuning.send_buffer {
        socket::setsockopt(&socket, sockopt::SndBuf, &bytes)?;
    }
    if let Some(bytes) = tuning.receive_buffer {
        socket::setsockopt(&socket, sockopt::RcvBuf, &bytes)?;
    }
    Ok(socket)
}

/// Removes a socket nobody listens on any more; anything else stays and makes the bind fail.
fn remove_stale(path: &Path) {
    use std::os::unix::fs::FileTypeExt as _;
    let socket = std::fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket());
    if socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        let _ = std::fs::remove_file(path);
    }
}

impl Listening {
    /// The address it listens on; absent for Unix sockets.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// Takes the next connection; `None` if there is none now, or it is gone again.
    ///
    /// # Errors
    /// The system's error, such as too many open files.
    pub fn accept(&self) -> io::Result<Option<AcceptedConnection>> {
        let accepted = match self {
            Self::Tcp(listener) => listener.accept().and_then(|(stream, peer)| {
                stream.set_nonblocking(false)?;
                let own = stream.local_addr().ok().map(|address| address.ip());
                Ok(AcceptedConnection { stream: Box::new(stream), peer: Some(peer), own })
            }),
            Self::Unix(listener) => listener.accept().and_then(|(stream, _)| {
                stream.set_nonblocking(false)?;
                Ok(AcceptedConnection { stream: Box::new(stream), peer: None, own: None })
            }),
        };
        match accepted {
            Ok(connection) => Ok(Some(connection)),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset => Ok(None),
                _ => Err(error),
            },
        }
    }
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    fn tuning() -> Tuning {
        Tuning { backlog: 10, send_buffer: Some(8192), receive_buffer: None }
    }

    #[test]
    fn a_port_is_taken_once() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = listen(&Place::Tcp(any.parse().unwrap()), tuning()) else {
                assert_eq!(any, "[::1]:0", "a host without IPv6");
                continue;
            };
            let address = listener.address().unwrap();
            assert!(listener.accept().unwrap().is_none());
            let again = listen(&Place::Tcp(address), tuning()).unwrap_err();
            assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
            let client = TcpStream::connect(address).unwrap();
            let connection = loop {
                if let Some(connection) = listener.accept().unwrap() {
                    break connection;
                }
            };
            assert_eq!(connection.peer, client.local_addr().ok());
            assert_eq!(connection.own, Some(address.ip()));
        }
    }

    #[test]
    fn a_stale_unix_socket_is_replaced_but_not_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let place = Place::Unix(directory.path().join("smtp"));
        let first = listen(&place, tuning()).unwrap();
        assert!(listen(&place, tuning()).is_err());
        drop(first);
        assert!(listen(&place, tuning()).unwrap().address().is_none());
        let file = directory.path().join("file");
        std::fs::write(&file, b"precious").unwrap();
        assert!(listen(&Place::Unix(file.clone()), tuning()).is_err());
        assert_eq!(std::fs::read(file).unwrap(), b"precious");
    }
}
