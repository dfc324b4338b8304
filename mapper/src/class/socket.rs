//! Class `socket`: a server asked with netstrings (MAP-051, MAP-081..MAP-087).

use std::io;
use std::os::unix::fs::FileTypeExt;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request, title};
use crate::answer::{EX_NOTFOUND, EX_PROTOCOL, EX_UNAVAILABLE};
use crate::files;
use crate::interpolate;
use crate::netstring::{self, Progress};
use crate::services::{Endpoint, LogLine, Stream};

/// Seconds a server may take if `-d` does not say.
const DEFAULT_TIMEOUT: u32 = 30;
/// Bytes read at a time.
const CHUNK: usize = 4096;

#[derive(Default)]
struct Socket {
    endpoint: Option<Endpoint>,
}

/// Shared flags and an endpoint.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Socket::default(), errors),
        Err(faulty) => faulty,
    }
}

/// Reads `inet:port@host`, `inet6:port@host`, `unix:path`, `local:path` or a bare path.
fn parse_endpoint(text: &[u8]) -> Result<Endpoint, Vec<u8>> {
    let Some(colon) = text.iter().position(|&b| b == b':') else {
        return Ok(Endpoint::Unix(text.to_vec()));
    };
    let (kind, rest) = text.split_at(colon);
    let rest = rest.get(1..).unwrap_or_default();
    let v6 = match &kind.to_ascii_lowercase()[..] {
        b"unix" | b"local" => return Ok(Endpoint::Unix(rest.to_vec())),
        b"inet" => false,
        b"inet6" => true,
        _ => return Err([b"unknown socket type ", kind, b": Protocol not supported"].concat()),
    };
    let Some(at) = rest.iter().position(|&b| b == b'@') else {
        return Err([b"bad address ", rest, b" (expected port@host)"].concat());
    };
    let (port, host) = rest.split_at(at);
    let host = host.get(1..).unwrap_or_default();
    let host = host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host);
    let number = if port.first().is_some_and(u8::is_ascii_digit) {
        u16::try_from(super::arith::number(port)).ok()
    } else {
        service_port(port)
    };
    match number {
        Some(port) => Ok(Endpoint::Inet { host: host.to_vec(), port, v6 }),
        None => Err([b"unknown port name ", port].concat()),
    }
}

/// A TCP service's port as `/etc/services` has it.
fn service_port(name: &[u8]) -> Option<u16> {
    let text = files::read_bounded(b"/etc/services", 1 << 20).ok()?;
    text.split(|&b| b == b'\n').find_map(|line| {
        let line = line.split(|&b| b == b'#').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let first = words.next()?;
        let port = words.next()?.strip_suffix(b"/tcp")?;
        let port = std::str::from_utf8(port).ok()?.parse().ok()?;
        (first == name || words.any(|alias| alias == name)).then_some(port)
    })
}

impl Class for Socket {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let opened = parse_endpoint(&common.file).and_then(|endpoint| {
            if let Endpoint::Unix(path) = &endpoint {
                // a path that cannot be used is told of even with `-o` (observed)
                check_path(path).inspect_err(|text| {
                    if common.optional && !text.is_empty() {
                        env.error([&title(common)[..], b": ", text].concat());
                    }
                })?;
            }
            self.endpoint = Some(endpoint.clone());
            connect(common, &endpoint, env)
        });
        match opened {
            Ok(()) => Opening::Ready,
            Err(_) if common.optional => Opening::Absent,
            Err(text) => {
                if !text.is_empty() {
                    env.error([&title(common)[..], b": ", &text].concat());
                }
                Opening::Failed
            }
        }
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let Some(endpoint) = self.endpoint.clone() else { return Answer::tempfail() };
        let key = common.fold(request.key);
        let query = netstring::encode(&[&common.name[..], b" ", &key].concat());
        if !env.maps.connections().contains_key(&endpoint)
            && connect(common, &endpoint, env).is_err()
        {
            return Answer::tempfail();
        }
        let Some(mut stream) = env.maps.connections().remove(&endpoint) else {
            return Answer::tempfail();
        };
        let place = [b"socket_map_lookup(", &common.name[..], b"): "].concat();
        match exchange(&mut *stream, &query) {
            Ok(reply) => {
                env.maps.connections().insert(endpoint, stream);
                answer(common, request, &reply)
            }
            Err(Fault::EndOfFile) => {
                env.log_lookup(&[&place, b"EOF"]);
                Answer::tempfail()
            }
            Err(Fault::Late(error)) => {
                let text = [&place[..], b"read timeout: ", &files::reason(&error)].concat();
                env.error_coded("451 4.3.0", text);
                Answer::tempfail()
            }
            Err(Fault::Told(text)) => {
                let text = [&place[..], text.as_bytes()].concat();
                env.services.log(LogLine::Error(text.clone()));
                env.message("451 4.3.0", text);
                Answer::tempfail()
            }
        }
    }
}

/// Whether a local socket's path can be used; else why not, as an error text.
fn check_path(path: &[u8]) -> Result<(), Vec<u8>> {
    let refuse = |why: &[u8]| [b"local socket name ", path, b" unsafe: ", why].concat();
    let metadata = std::fs::metadata(files::path(path)).map_err(|e| refuse(&files::reason(&e)))?;
    // a file that is no socket is found out by connecting, silently (observed)
    if metadata.file_type().is_socket() { Ok(()) } else { Err(Vec::new()) }
}

/// Makes the connection that all maps of this endpoint share (MAP-087). A refusal has no text.
fn connect(common: &Common, endpoint: &Endpoint, env: &mut Env<'_>) -> Result<(), Vec<u8>> {
    if env.maps.connections().contains_key(endpoint) {
        return Ok(());
    }
    let timeout = common.timeout.unwrap_or(DEFAULT_TIMEOUT);
    match env.services.connect(endpoint, timeout) {
        Ok(stream) => {
            env.maps.connections().insert(endpoint.clone(), stream);
            Ok(())
        }
        Err(error) => match endpoint {
            Endpoint::Inet { host, .. } if error.kind() == io::ErrorKind::NotFound => {
                Err([b"Unknown host name ", &host[..]].concat())
            }
            _ => Err(Vec::new()),
        },
    }
}

enum Fault {
    EndOfFile,
    /// Nothing came in time; the system's words count as those of an error.
    Late(io::Error),
    Told(String),
}

/// Sends the request and reads one reply.
fn exchange(stream: &mut dyn Stream, query: &[u8]) -> Result<Vec<u8>, Fault> {
    if stream.write_all(query).and_then(|()| stream.flush()).is_err() {
        return Err(Fault::Told("failed to send lookup request".into()));
    }
    let mut received = Vec::new();
    let mut chunk = [0u8; CHUNK];
    loop {
        let count = match stream.read(&mut chunk) {
            Ok(0) => return Err(Fault::EndOfFile),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::Late(error)),
        };
        received.extend_from_slice(chunk.get(..count).unwrap_or_default());
        // a reply is looked at again only when it may have become complete
        match netstring::decode(&received) {
            Ok(Progress::Partial) => {}
            Ok(Progress::Complete(data)) => return Ok(data),
            Err(error) => return Err(Fault::Told(error.to_string())),
        }
    }
}

/// Reads `STATUS SP DATA` (MAP-083, MAP-084).
fn answer(common: &Common, request: Request<'_>, reply: &[u8]) -> Answer {
    let blank = reply.iter().position(|&b| b == b' ').unwrap_or(reply.len());
    let (status, data) = reply.split_at(blank);
    match status {
        b"OK" => {
            let data = data.get(1..).unwrap_or_default();
            Answer::Found(interpolate::result(common, request.key, data, request.args))
        }
        b"NOTFOUND" => Answer::NotFound { exit: EX_NOTFOUND },
        b"TEMP" | b"TIMEOUT" => Answer::tempfail(),
        b"PERM" => Answer::NotFound { exit: EX_UNAVAILABLE },
        _ => Answer::NotFound { exit: EX_PROTOCOL },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_as_observed() {
        let text = |endpoint: &[u8]| match parse_endpoint(endpoint) {
            Ok(endpoint) => format!("{endpoint:?}"),
            Err(text) => String::from_utf8_lossy(&text).into_owned(),
        };
        assert_eq!(text(b"inet:1"), "bad address 1 (expected port@host)");
        assert_eq!(text(b"inet:abc@127.0.0.1"), "unknown port name abc");
        assert_eq!(text(b"foo:abc@h"), "unknown socket type foo: Protocol not supported");
        let inet = |host: &[u8], port, v6| Ok(Endpoint::Inet { host: host.to_vec(), port, v6 });
        assert_eq!(parse_endpoint(b"inet:9@[127.0.0.1]"), inet(b"127.0.0.1", 9, false));
        assert_eq!(parse_endpoint(b"inet6:9@::1"), inet(b"::1", 9, true));
        assert_eq!(parse_endpoint(b"local:/s"), Ok(Endpoint::Unix(b"/s".to_vec())));
        assert_eq!(parse_endpoint(b"/s"), Ok(Endpoint::Unix(b"/s".to_vec())));
    }
}
