//! The tour's own SMTP client: one message, and the dialogue as it went.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Why a message was not handed over.
#[derive(Debug)]
pub(super) enum SendError {
    /// The connection failed.
    Io(io::Error),
    /// The daemon refused with this reply.
    Refused(String),
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends one message; returns what both sides said.
pub(super) fn send(
    address: SocketAddr,
    sender: &str,
    recipient: &str,
) -> Result<Vec<String>, SendError> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut dialogue = Vec::new();
    expect(&mut reader, &mut dialogue)?;
    let text = format!(
        "From: {sender}\r\nTo: {recipient}\r\nSubject: a message of the tour\r\n\r\n\
         Every rule that moved this message is shown on the way.\r\n."
    );
    let commands = [
        "EHLO tour.example.com".to_owned(),
        format!("MAIL FROM:<{sender}>"),
        format!("RCPT TO:<{recipient}>"),
        "DATA".to_owned(),
        text,
        "QUIT".to_owned(),
    ];
    for command in commands {
        writer.write_all(command.as_bytes())?;
        writer.write_all(b"\r\n")?;
        dialogue.extend(command.lines().map(|line| format!("  C: {line}")));
        expect(&mut reader, &mut dialogue)?;
    }
    Ok(dialogue)
}

/// Reads a reply; one of the 400 or 500 class is an error.
fn expect(reader: &mut BufReader<TcpStream>, dialogue: &mut Vec<String>) -> Result<(), SendError> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(SendError::Refused("nothing".to_owned()));
        }
        let line = line.trim_end().to_owned();
        dialogue.push(format!("  S: {line}"));
        if line.as_bytes().get(3) == Some(&b'-') {
            continue;
        }
        if matches!(line.as_bytes().first(), Some(b'4' | b'5')) {
            return Err(SendError::Refused(line));
        }
        return Ok(());
    }
}
