//! `peer sink`: an SMTP server that takes everything, or answers as it is told, and records its
//! sessions.
//!
//! Options: `VERB=REPLY` answers that command with REPLY always (`GREETING=`, `DOT=` for the end of
//! the message); `KEYWORD:TEXT` adds a line to the EHLO answer. Recipients whose name begins with
//! `tmp` get 450, with `bad` 550.

use crate::wire::Wire;
use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

struct Sink {
    replies: HashMap<String, String>,
    keywords: Vec<String>,
    record: Mutex<std::path::PathBuf>,
}

pub(crate) fn run(addr: &str, file: &str, options: &[&str]) -> io::Result<u8> {
    let listener = TcpListener::bind(addr)?;
    let mut sink =
        Sink { replies: HashMap::new(), keywords: Vec::new(), record: Mutex::new(file.into()) };
    for option in options {
        match (option.split_once('='), option.strip_prefix("KEYWORD:")) {
            (_, Some(keyword)) => sink.keywords.push(keyword.to_owned()),
            (Some((verb, reply)), _) => {
                sink.replies.insert(verb.to_ascii_uppercase(), reply.to_owned());
            }
            _ => return Err(io::Error::other(format!("option {option}"))),
        }
    }
    let sink = Arc::new(sink);
    for stream in listener.incoming() {
        let (stream, sink) = (stream?, Arc::clone(&sink));
        std::thread::spawn(move || sink.session(stream));
    }
    Ok(0)
}

impl Sink {
    fn session(&self, stream: TcpStream) -> io::Result<()> {
        let mut wire = Wire::new(Box::new(stream.try_clone()?), Box::new(stream));
        let mut log = Vec::new();
        let result = self.talk(&mut wire, &mut log);
        if !log.is_empty() {
            self.write(&log)?;
        }
        result
    }

    fn write(&self, log: &[u8]) -> io::Result<()> {
        let Ok(path) = self.record.lock() else { return Ok(()) };
        std::fs::OpenOptions::new().create(true).append(true).open(&*path)?.write_all(log)
    }

    fn answer(&self, wire: &mut Wire, verb: &str, default: &str) -> io::Result<String> {
        let reply = self.replies.get(verb).map_or(default, String::as_str);
        wire.send(format!("{reply}\r\n").as_bytes())?;
        Ok(reply.to_owned())
    }

    fn talk(&self, wire: &mut Wire, log: &mut Vec<u8>) -> io::Result<()> {
        self.answer(wire, "GREETING", "220 sink.remote.test ESMTP sink")?;
        while let Some(line) = wire.line()? {
            log.extend_from_slice(b"C: ");
            log.extend_from_slice(&line);
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = text.split(' ').next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.ehlo(wire)?,
                "RCPT" => self.rcpt(wire, &text)?,
                "DATA" => self.data(wire, log)?,
                "QUIT" => {
                    self.write(log)?;
                    log.clear();
                    self.answer(wire, "QUIT", "221 2.0.0 bye")?;
                    return Ok(());
                }
                _ => {
                    self.answer(wire, &verb, "250 2.0.0 ok")?;
                }
            }
        }
        Ok(())
    }

    fn ehlo(&self, wire: &mut Wire) -> io::Result<()> {
        for keyword in self.keywords.iter().filter(|_| !self.replies.contains_key("EHLO")) {
            wire.send(format!("250-{keyword}\r\n").as_bytes())?;
        }
        self.answer(wire, "EHLO", "250 ENHANCEDSTATUSCODES").map(drop)
    }

    fn rcpt(&self, wire: &mut Wire, text: &str) -> io::Result<()> {
        let reply = if text.contains("<tmp") {
            "450 4.2.1 try again"
        } else if text.contains("<bad") {
            "550 5.1.1 no such user"
        } else {
            "250 2.1.5 ok"
        };
        self.answer(wire, "RCPT", reply).map(drop)
    }

    fn data(&self, wire: &mut Wire, log: &mut Vec<u8>) -> io::Result<()> {
        if !self.answer(wire, "DATA", "354 go ahead")?.starts_with('3') {
            return Ok(());
        }
        while let Some(line) = wire.line()? {
            log.extend_from_slice(b"D: ");
            log.extend_from_slice(&line);
            if line == b".\r\n" {
                // On record before the reply: whoever saw the reply finds the message here.
                self.write(log)?;
                log.clear();
                return self.answer(wire, "DOT", "250 2.0.0 taken").map(drop);
            }
        }
        Ok(())
    }
}
