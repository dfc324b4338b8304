//! `peer crash SEED KILLS MESSAGES ADDR:PORT COMMAND...`: sends MESSAGES messages to the daemon that
//! COMMAND starts, kills every process of that program with SIGKILL at KILLS random moments and
//! starts it again, and prints the subject of each message whose final dot was answered 250.

use crate::dialogue::connect;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) fn run(args: &[&str]) -> io::Result<u8> {
    let [seed, kills, messages, addr, command @ ..] = args else {
        return Err(io::Error::other("crash SEED KILLS MESSAGES ADDR:PORT COMMAND..."));
    };
    let number = |text: &str| text.parse::<u64>().map_err(io::Error::other);
    let (mut random, kills, messages) = (Random(number(seed)?), number(kills)?, number(messages)?);
    let program = std::fs::canonicalize(command.first().copied().unwrap_or_default())?;
    let accepted = Arc::new(Mutex::new(Vec::new()));
    let killed = Arc::new(AtomicUsize::new(0));
    let mut daemon = start(command)?;
    let stream = {
        let (accepted, killed, addr) = (accepted.clone(), killed.clone(), addr.to_string());
        std::thread::spawn(move || feed(&addr, messages, kills, &accepted, &killed))
    };
    for _ in 0..kills {
        await_daemon(addr, &mut daemon)?;
        std::thread::sleep(Duration::from_micros(random.below(60_000)));
        kill_all(&program)?;
        daemon.wait()?;
        daemon = start(command)?;
        killed.fetch_add(1, Ordering::SeqCst);
    }
    await_daemon(addr, &mut daemon)?;
    stream.join().map_err(|_| io::Error::other("the stream of messages failed"))?;
    std::thread::sleep(Duration::from_millis(200));
    kill_all(&program)?;
    daemon.wait()?;
    let accepted = accepted.lock().map_err(|_| io::Error::other("poisoned"))?;
    for id in accepted.iter() {
        println!("{id}");
    }
    Ok(0)
}

/// Sends the messages one after the other, each until its final dot is answered 250, as a client with
/// a queue would. They are spread over the kills: a message waits until the daemon was killed often
/// enough.
fn feed(addr: &str, messages: u64, kills: u64, accepted: &Mutex<Vec<u64>>, killed: &AtomicUsize) {
    for id in 0..messages {
        let due = (id * kills / messages.max(1)) as usize;
        while killed.load(Ordering::SeqCst) < due {
            std::thread::sleep(Duration::from_millis(1));
        }
        while !matches!(submit(addr, id), Ok(true)) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Ok(mut accepted) = accepted.lock() {
            accepted.push(id);
        }
    }
}

/// One message; true when it was taken.
fn submit(addr: &str, id: u64) -> io::Result<bool> {
    let mut wire = connect(addr)?;
    let commands = [
        "",
        "EHLO client.example.com\r\n",
        "MAIL FROM:<sender@example.com>\r\n",
        "RCPT TO:<alice@example.test>\r\n",
        "DATA\r\n",
    ];
    for command in commands {
        wire.send(command.as_bytes())?;
        if !matches!(wire.code()?, Some(200..=399)) {
            return Ok(false);
        }
    }
    let message = format!("Subject: crash-{id}-end\r\n\r\nbody of {id}\r\n.\r\n");
    wire.send(message.as_bytes())?;
    let taken = wire.code()? == Some(250);
    let _ = wire.send(b"QUIT\r\n");
    Ok(taken)
}

fn start(command: &[&str]) -> io::Result<Child> {
    let [program, arguments @ ..] = command else {
        return Err(io::Error::other("no command"));
    };
    Command::new(program).args(arguments).stdin(Stdio::null()).spawn()
}

/// Waits until the port answers; an error when the daemon ended by itself or ten seconds passed.
fn await_daemon(addr: &str, daemon: &mut Child) -> io::Result<()> {
    let addr = crate::address(addr)?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if std::net::TcpStream::connect_timeout(&addr, Duration::from_millis(100)).is_ok() {
            return Ok(());
        }
        if let Some(status) = daemon.try_wait()? {
            let (code, signal) = (status.code(), status.signal());
            return Err(io::Error::other(format!("daemon ended: {code:?}, signal {signal:?}")));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Err(io::Error::other("daemon does not listen"))
}

/// SIGKILL to every process that runs the program, whatever its parent; repeated until none is left,
/// since one may have forked meanwhile.
fn kill_all(program: &std::path::Path) -> io::Result<()> {
    loop {
        let mut pids = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let runs_it =
                std::fs::read_link(format!("/proc/{name}/exe")).is_ok_and(|e| e == program);
            if name.bytes().all(|b| b.is_ascii_digit()) && runs_it {
                pids.push(name.into_owned());
            }
        }
        if pids.is_empty() {
            return Ok(());
        }
        Command::new("kill").arg("-KILL").args(&pids).stderr(Stdio::null()).status()?;
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A small generator (xorshift), so that a run can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
