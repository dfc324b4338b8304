//! A directory server that says anything, asked by a map whose flags, filter and key are anything: the first line
//! is the map's, the second the key, the rest what the server says, which is cut into pieces.
#![no_main]

use std::io::{self, Read, Write};

use libfuzzer_sys::fuzz_target;
use mapper::*;

/// `ok` to a request to log in, with number 1.
const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
/// Octets that the server says at a time.
const PIECE: usize = 61;

/// Says what it has been given, whatever it is asked, and then closes the connection.
struct Server(Vec<u8>);

impl Read for Server {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(buffer.len()).min(PIECE);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Ok(count)
    }
}

impl Write for Server {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Server {
    fn set_limit(&mut self, _: u32) -> io::Result<()> {
        Ok(())
    }
}

/// A system that has nothing but this server.
struct World<'a>(&'a [u8]);

impl Services for World<'_> {
    fn resolve(&mut self, _: &DnsQuery<'_>) -> DnsAnswer {
        DnsAnswer::Failure
    }

    fn search_list(&mut self) -> SearchList {
        SearchList { domains: Vec::new(), ndots: 1 }
    }

    fn run_program(&mut self, _: &ProgramCall<'_>) -> io::Result<ProgramOutput> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn passwd(&mut self, _: &[u8]) -> io::Result<Option<Passwd>> {
        Ok(None)
    }

    fn connect(&mut self, _: &Endpoint, _: u32) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(Server([BOUND, self.0].concat())))
    }

    fn now(&mut self) -> u64 {
        1_700_000_000
    }

    fn random(&mut self) -> u64 {
        4
    }

    fn log(&mut self, _: LogLine) {}

    fn set_macro(&mut self, _: &[u8], _: Option<&[u8]>) {}
}

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let (Some(flags), Some(key), Some(said)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    // a password file is none of the server's affairs
    if flags.windows(2).any(|pair| pair == b"-P") {
        return;
    }
    let mut maps = MapSet::new(Settings::default());
    drop(maps.declare(&[b"m ldap ", flags].concat()));
    let lookup = maps.lookup(b"m", key, &[key], &LookupContext::default(), &mut World(said));
    if let Answer::Found(value) = lookup.answer {
        let limit = 4 * (data.len() + 16) * (data.len() + 16);
        assert!(value.len() <= limit, "{} octets of {}", value.len(), data.len());
    }
});
