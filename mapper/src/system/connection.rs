//! Connections of socket and LDAP maps.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::files;
use crate::services::{Endpoint, Stream};

/// Connects; reads and writes give up after `timeout` seconds. An unknown host is `NotFound`.
pub(super) fn connect(endpoint: &Endpoint, timeout: u32) -> io::Result<Box<dyn Stream>> {
    let mut stream: Box<dyn Stream> = match endpoint {
        Endpoint::Unix(path) => Box::new(UnixStream::connect(files::path(path))?),
        Endpoint::Inet { host, port, v6 } => {
            Box::new(connect_tcp(host, *port, timeout, |address| address.is_ipv6() == *v6)?)
        }
        Endpoint::Directory { host, port } => {
            Box::new(connect_tcp(host, *port, timeout, |_| true)?)
        }
    };
    stream.set_limit(timeout)?;
    Ok(stream)
}

fn connect_tcp(
    host: &[u8],
    port: u16,
    timeout: u32,
    wanted: impl Fn(&SocketAddr) -> bool,
) -> io::Result<TcpStream> {
    let unknown = || io::Error::from(io::ErrorKind::NotFound);
    let host = std::str::from_utf8(host).map_err(|_| unknown())?;
    let addresses = (host, port).to_socket_addrs().map_err(|_| unknown())?.filter(wanted);
    let mut last = unknown();
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit(timeout)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The system refuses a limit of zero.
fn limit(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds.max(1)))
}

impl Stream for UnixStream {
    fn set_limit(&mut self, seconds: u32) -> io::Result<()> {
        self.set_read_timeout(Some(limit(seconds)))?;
        self.set_write_timeout(Some(limit(seconds)))
    }
}

impl Stream for TcpStream {
    fn set_limit(&mut self, seconds: u32) -> io::Result<()> {
        self.set_read_timeout(Some(limit(seconds)))?;
        self.set_write_timeout(Some(limit(seconds)))
    }
}
