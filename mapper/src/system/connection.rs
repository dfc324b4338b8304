//! Connections of socket maps.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::files;
use crate::services::{Endpoint, Stream};

/// Connects; reads and writes give up after `timeout` seconds. An unknown host is `NotFound`.
pub(super) fn connect(endpoint: &Endpoint, timeout: u32) -> io::Result<Box<dyn Stream>> {
    // a zero limit is refused by the system
    let limit = Duration::from_secs(u64::from(timeout.max(1)));
    match endpoint {
        Endpoint::Unix(path) => {
            let stream = UnixStream::connect(files::path(path))?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            Ok(Box::new(stream))
        }
        Endpoint::Inet { host, port, v6 } => {
            let stream = connect_tcp(host, *port, *v6, limit)?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            Ok(Box::new(stream))
        }
    }
}

fn connect_tcp(host: &[u8], port: u16, v6: bool, limit: Duration) -> io::Result<TcpStream> {
    let unknown = || io::Error::from(io::ErrorKind::NotFound);
    let host = std::str::from_utf8(host).map_err(|_| unknown())?;
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|_| unknown())?
        .filter(|address| address.is_ipv6() == v6)
        .collect();
    let mut last = unknown();
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
