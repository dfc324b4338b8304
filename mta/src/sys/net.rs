//! Outgoing connections: TCP, Unix sockets, and the one interface a conversation needs.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, SockFlag, SockType, SockaddrLike as _, SockaddrStorage, sockopt,
};

use super::exec::Running;
use super::poll::{self, Interest};

/// Both directions of a conversation, each step with its own time limit (zero: none).
pub trait Channel {
    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// `TimedOut`, or the system's error.
    fn send(&mut self, bytes: &[u8], limit: Duration) -> io::Result<()>;

    /// Receives some bytes; 0 when the other side closed.
    ///
    /// # Errors
    /// `TimedOut`, or the system's error.
    fn receive(&mut self, buffer: &mut [u8], limit: Duration) -> io::Result<usize>;

    /// The conversation is over: a program gets the end of its input and `limit` to end.
    fn close(&mut self, _limit: Duration) {}
}

/// A socket timed out: the system says `WouldBlock`.
fn as_timeout(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

macro_rules! socket_channel {
    ($stream:ty) => {
        impl Channel for $stream {
            fn send(&mut self, bytes: &[u8], limit: Duration) -> io::Result<()> {
                self.set_write_timeout((!limit.is_zero()).then_some(limit))?;
                self.write_all(bytes).map_err(as_timeout)
            }

            fn receive(&mut self, buffer: &mut [u8], limit: Duration) -> io::Result<usize> {
                self.set_read_timeout((!limit.is_zero()).then_some(limit))?;
                loop {
                    match self.read(buffer) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        done => return done.map_err(as_timeout),
                    }
                }
            }
        }
    };
}

socket_channel!(TcpStream);
socket_channel!(UnixStream);

impl Channel for Running {
    fn send(&mut self, mut bytes: &[u8], limit: Duration) -> io::Result<()> {
        let deadline = poll::deadline_after(limit);
        while !bytes.is_empty() {
            let count = self.write_some(bytes, deadline)?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], limit: Duration) -> io::Result<usize> {
        self.read_some(buffer, poll::deadline_after(limit))
    }

    fn close(&mut self, limit: Duration) {
        let _ = self.end(limit);
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The own address to use (`O ClientPortOptions=Addr=`).
    pub address: Option<IpAddr>,
    /// Use a port below 1024 (mailer flag `R`); only root can.
    pub reserved_port: bool,
}

/// Connects to `address` within `limit` (zero: the system's limit).
///
/// # Errors
/// `TimedOut`, or the system's error.
pub fn connect(address: SocketAddr, limit: Duration, origin: Origin) -> io::Result<TcpStream> {
    if origin == Origin::default() {
        return if limit.is_zero() {
            TcpStream::connect(address)
        } else {
            TcpStream::connect_timeout(&address, limit)
        };
    }
    let socket = bound_socket(address, origin)?;
    poll::set_nonblocking(&socket)?;
    match socket::connect(std::os::fd::AsRawFd::as_raw_fd(&socket), &SockaddrStorage::from(address))
    {
        Ok(()) => {}
        Err(Errno::EINPROGRESS) => finish_connect(&socket, poll::deadline_after(limit))?,
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn finish_connect(socket: &OwnedFd, deadline: Option<Instant>) -> io::Result<()> {
    use std::os::fd::AsFd;
    if !poll::wait(&[(socket.as_fd(), Interest::Write)], deadline)?.contains(&true) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    match socket::getsockopt(socket, sockopt::SocketError)? {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// A socket bound as `origin` says; for a reserved port the highest free one below 1024.
fn bound_socket(address: SocketAddr, origin: Origin) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let any: IpAddr = match address {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let own = origin.address.filter(|own| own.is_ipv4() == address.is_ipv4()).unwrap_or(any);
    let socket = socket::socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let ports = if origin.reserved_port { 600..1024u16 } else { 0..1 };
    let mut last = Errno::EADDRINUSE;
    for port in ports.rev() {
        let raw = std::os::fd::AsRawFd::as_raw_fd(&socket);
        match socket::bind(raw, &SockaddrStorage::from(SocketAddr::new(own, port))) {
            Ok(()) => return Ok(socket),
            Err(Errno::EADDRINUSE) => {}
            Err(error) => {
                last = error;
                break;
            }
        }
    }
    Err(last.into())
}

/// Connects to a Unix stream socket.
///
/// # Errors
/// The system's error.
pub fn connect_unix(path: &[u8]) -> io::Result<UnixStream> {
    UnixStream::connect(Path::new(std::ffi::OsStr::from_bytes(path)))
}

/// The other end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAddress {
    /// It has an address.
    Ip(SocketAddr),
    /// A Unix socket.
    Unix,
}

/// The other end of standard input; `None` if that is no socket, or nobody is there any more.
#[must_use]
pub fn standard_input_peer() -> Option<PeerAddress> {
    let input = std::os::fd::AsRawFd::as_raw_fd(&std::io::stdin());
    let peer = socket::getpeername::<SockaddrStorage>(input).ok()?;
    if let Some(address) = peer.as_sockaddr_in() {
        return Some(PeerAddress::Ip(std::net::SocketAddrV4::from(*address).into()));
    }
    if let Some(address) = peer.as_sockaddr_in6() {
        return Some(PeerAddress::Ip(std::net::SocketAddrV6::from(*address).into()));
    }
    (peer.family() == Some(AddressFamily::Unix)).then_some(PeerAddress::Unix)
}

/// The own address of a connection, for `$&{if_addr}`-like uses and the HELO name.
#[must_use]
pub fn own_address(stream: &TcpStream) -> Option<IpAddr> {
    stream.local_addr().ok().map(|address| address.ip())
}

/// The port of a TCP service: a number, or a name of `/etc/services`.
#[must_use]
pub fn service_port(name: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(name).ok()?;
    if let Ok(port) = text.parse() {
        return Some(port);
    }
    let listed = std::fs::read("/etc/services").unwrap_or_default();
    port_in_services(&listed, text).or(match text {
        "smtp" => Some(25),
        "submission" => Some(587),
        _ => None,
    })
}

/// The port of the TCP service `name` (or alias) in the text of `/etc/services`.
fn port_in_services(listed: &[u8], name: &str) -> Option<u16> {
    listed.split(|&byte| byte == b'\n').find_map(|line| {
        let line = std::str::from_utf8(line.split(|&byte| byte == b'#').next()?).ok()?;
        let mut words = line.split_whitespace();
        let official = words.next()?;
        let port = words.next()?.strip_suffix("/tcp")?.parse().ok()?;
        (official == name || words.any(|alias| alias == name)).then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn connects_and_times_out_on_a_silent_server() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let own = Origin { address: Some("127.0.0.1".parse().unwrap()), reserved_port: false };
        for origin in [Origin::default(), own] {
            let mut stream = connect(address, Duration::from_secs(5), origin).unwrap();
            stream.send(b"x", Duration::from_secs(5)).unwrap();
            let error = stream.receive(&mut [0; 1], Duration::from_millis(10)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
    }

    #[test]
    fn a_closed_port_is_refused() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let own = Origin { address: Some("127.0.0.1".parse().unwrap()), reserved_port: false };
        for origin in [Origin::default(), own] {
            let error = connect(address, Duration::from_secs(5), origin).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    }

    #[test]
    fn services_have_numbers_names_and_aliases() {
        let listed = b"smtp 25/tcp mail # Simple\nntp 123/udp\nsubmission\t587/tcp\n";
        let rows =
            [("smtp", Some(25)), ("mail", Some(25)), ("ntp", None), ("submission", Some(587))];
        for (name, expected) in rows {
            assert_eq!(port_in_services(listed, name), expected, "{name}");
        }
        assert_eq!(service_port(b"2525"), Some(2525));
        assert_eq!(service_port(b"no-such-service"), None);
    }
}
