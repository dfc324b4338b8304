//! A server of any protocol that says what a file has, whatever it is asked.
//!
//! Each line of the file answers what one read has brought in: octets in hexadecimal, blanks between them
//! as one likes; `close` (also behind octets) ends the connection, `wait` keeps it open and says nothing any more. An empty
//! line begins what the next connection gets; the last part serves all further ones.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// What is read at once; requests are short.
const CHUNK: usize = 1 << 16;
/// How long the other end has to read an answer before the connection is closed.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves one connection after the other, without end.
pub(crate) fn run(addr: &str, file: &str) -> io::Result<u8> {
    let text = std::fs::read_to_string(file)?;
    let parts: Vec<Vec<&str>> = text.split("\n\n").map(|part| part.lines().collect()).collect();
    let listener = TcpListener::bind(super::address(addr)?)?;
    for number in 0.. {
        let (stream, _) = listener.accept()?;
        let part = parts.get(number).or(parts.last()).cloned().unwrap_or_default();
        // Whoever hangs up in the middle gets no more.
        drop(serve(stream, &part));
    }
    Ok(0)
}

fn serve(mut stream: TcpStream, answers: &[&str]) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    let mut answers = answers.iter();
    while stream.read(&mut chunk)? > 0 {
        match *answers.next().unwrap_or(&"close") {
            "close" => return Ok(()),
            "wait" => {
                while stream.read(&mut chunk)? > 0 {}
                return Ok(());
            }
            octets => {
                let (octets, last) = match octets.strip_suffix("close") {
                    Some(octets) => (octets, true),
                    None => (octets, false),
                };
                stream.write_all(&hexadecimal(octets)?)?;
                std::thread::sleep(PAUSE);
                if last {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn hexadecimal(text: &str) -> io::Result<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| letter.to_digit(16).ok_or_else(|| io::Error::other("not hexadecimal")))
        .collect::<io::Result<_>>()?;
    let octet = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high << 4 | low).map_err(io::Error::other),
        _ => Err(io::Error::other("half an octet")),
    };
    digits.chunks(2).map(octet).collect()
}
