//! `peer`: what the scripts inside the world need and Debian has no small tool for.
//!
//! ```text
//! peer dialogue ADDR:PORT | -- COMMAND...   an SMTP dialogue from standard input, waiting for each reply
//! peer pty COMMAND...                       keys from standard input to a program on a terminal
//! peer sink ADDR:PORT FILE [OPTION]...      an SMTP server that records what it is told
//! peer answers ADDR:PORT FILE               a server that says what the file has, see `answers`
//! peer probe ADDR:PORT                      exit status 0 when something listens there
//! peer syslog SOCKET FILE                   writes the datagrams of a syslog socket to a file
//! peer wait-dns ADDR:PORT NAME              waits until the name server answers
//! peer crash ...                            messages in, `kill -9`, restart: see `crash`
//! ```

mod answers;
mod crash;
mod dialogue;
mod pty;
mod sink;
mod wire;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["dialogue", rest @ ..] => dialogue::run(rest),
        ["pty", command @ ..] => pty::run(command),
        ["sink", addr, file, options @ ..] => sink::run(addr, file, options),
        ["answers", addr, file] => answers::run(addr, file),
        ["probe", addr] => probe(addr),
        ["syslog", socket, file] => syslog(socket, file),
        ["wait-dns", addr, name] => wait_dns(addr, name),
        ["crash", rest @ ..] => crash::run(rest),
        _ => Err(io::Error::other("usage: see the head of compat-tests/src/bin/peer/main.rs")),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("peer {}: {error}", args.first().unwrap_or(&""));
            ExitCode::from(99)
        }
    }
}

/// Parses `ADDR:PORT`.
pub(crate) fn address(text: &str) -> io::Result<SocketAddr> {
    text.parse().map_err(|_| io::Error::other(format!("not an address and port: {text}")))
}

fn probe(addr: &str) -> io::Result<u8> {
    Ok(u8::from(TcpStream::connect_timeout(&address(addr)?, Duration::from_millis(500)).is_err()))
}

fn syslog(socket: &str, file: &str) -> io::Result<u8> {
    let socket = UnixDatagram::bind(socket)?;
    let mut out = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    let mut line = vec![0; 65536];
    loop {
        let length = socket.recv(&mut line)?;
        let text = line.get(..length).unwrap_or_default();
        let text = text.strip_suffix(b"\0").unwrap_or(text);
        out.write_all(&[text.strip_suffix(b"\n").unwrap_or(text), b"\n"].concat())?;
    }
}

/// Asks for the address of a name every 20 ms until an answer with an answer record comes, for up
/// to ten seconds.
fn wait_dns(addr: &str, name: &str) -> io::Result<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    for _ in 0..500 {
        let mut answer = [0; 512];
        if socket.send_to(&query, address(addr)?).is_ok()
            && socket.recv(&mut answer).is_ok_and(|length| length > 12)
            && answer.get(6..8) == Some(&[0, 1])
        {
            return Ok(0);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(1)
}
