//! Scripted servers on the loopback interface.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::config::mailer::Mailer;
use crate::delivery::cache::ConnectionCache;
use crate::delivery::testing::{Letter, World};

/// What a server says: the greeting, the reply to EHLO, then by recipient and for the message.
struct Script {
    greeting: &'static str,
    hello: &'static str,
    dot: &'static str,
}

const PLAIN: Script = Script {
    greeting: "220 fake ESMTP",
    hello: "250-fake\r\n250-SIZE\r\n250 ENHANCEDSTATUSCODES",
    dot: "250 2.0.0 stored",
};

/// Serves `connections` connections; the result is what the client said.
fn serve(script: Script, connections: usize) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut heard = String::new();
        for _ in 0..connections {
            let (stream, _) = listener.accept().unwrap();
            heard.push_str(&converse(stream, &script));
        }
        heard
    });
    (port, server)
}

fn converse(mut stream: TcpStream, script: &Script) -> String {
    let mut heard = String::new();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say(script.greeting);
    let mut in_data = false;
    while let Some(Ok(line)) = lines.next() {
        heard.push_str(&line);
        heard.push('\n');
        let verb = line.get(..4).unwrap_or("").to_ascii_uppercase();
        let reply = match verb.as_str() {
            _ if in_data && line != "." => continue,
            _ if in_data => {
                in_data = false;
                script.dot
            }
            "EHLO" | "LHLO" => script.hello,
            "RCPT" if line.contains("bad") => "550-5.1.1 first\r\n550 5.1.1 nobody here",
            "RCPT" if line.contains("full") => "452 4.2.2 full",
            "RCPT" if line.contains("gone") => return heard,
            "DATA" => {
                in_data = true;
                "354 go"
            }
            "QUIT" => {
                say("221 bye");
                return heard;
            }
            _ => "250 2.1.0 ok",
        };
        say(reply);
    }
    heard
}

fn mailer(flags: &[u8], port: u16) -> Mailer {
    let port = port.to_string();
    Mailer::new(b"smtp", b"[IPC]", flags, &[b"TCP", b"$h", port.as_bytes()])
}

fn letter() -> Letter {
    Letter(b"Subject: x\n\n.dot\nbody\n".to_vec())
}

#[test]
fn a_message_reaches_its_recipients() {
    // SM-130, SM-133, SM-136
    let (port, server) = serve(PLAIN, 1);
    let world = World::new(mailer(b"mX", port), "[127.0.0.1]", &["r1@x", "r2@x"]);
    insta::assert_snapshot!(world.show(&letter()), @"
    r1@x: Sent (stored) [2.0.0]
    r2@x: Sent (stored) [2.0.0]
    ");
    insta::assert_snapshot!(server.join().unwrap(), @"
    EHLO me.example
    MAIL From:<sender@x> SIZE=22
    RCPT To:<r2@x>
    RCPT To:<r1@x>
    DATA
    Subject: x

    ..dot
    body
    .
    QUIT
    ");
    let verbose = world.verbose.borrow().join("\n").replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(verbose, @"
    r2@x,r1@x... Connecting to [127.0.0.1] port PORT via smtp...
    220 fake ESMTP
    >>> EHLO me.example
    250-fake
    250-SIZE
    250 ENHANCEDSTATUSCODES
    >>> MAIL From:<sender@x> SIZE=22
    250 2.1.0 ok
    >>> RCPT To:<r2@x>
    250 2.1.0 ok
    >>> RCPT To:<r1@x>
    250 2.1.0 ok
    >>> DATA
    354 go
    >>> .
    250 2.0.0 stored
    r2@x,r1@x... Sent (stored)
    >>> QUIT
    221 bye
    ");
}

#[test]
fn every_recipient_has_its_own_outcome() {
    // SM-096, SM-132; LG-010
    let (port, server) = serve(PLAIN, 1);
    let world = World::new(mailer(b"mX", port), "[127.0.0.1]", &["ok@x", "bad@x", "full@x"]);
    insta::assert_snapshot!(world.show(&letter()), @"
    bad@x: User unknown [5.1.1]
    full@x: Deferred: 452 4.2.2 full [4.2.2]
    ok@x: Sent (stored) [2.0.0]
    | ... while talking to [127.0.0.1]:
    | >>> RCPT To:<full@x>
    | <<< 452 4.2.2 full
    | full@x... Deferred: 452 4.2.2 full
    | >>> RCPT To:<bad@x>
    | <<< 550-5.1.1 first
    | <<< 550 5.1.1 nobody here
    | 550 5.1.1 bad@x... User unknown
    ");
    server.join().unwrap();
    let (port, server) = serve(PLAIN, 1);
    let world = World::new(mailer(b"mX", port), "[127.0.0.1]", &["bad@x"]);
    let reports = world.deliver(&letter());
    let outcome = &reports[0].1.outcomes[0];
    assert_eq!(outcome.reply.as_deref(), Some(&b"550-5.1.1 first"[..]));
    assert_eq!(outcome.remote_mta.as_deref(), Some(&b"[127.0.0.1]"[..]));
    assert_eq!(reports[0].1.relay.as_deref(), Some(&b"[127.0.0.1] [127.0.0.1]"[..])); // SM-134
    server.join().unwrap();
}

#[test]
fn a_lost_connection_defers() {
    // SM-103
    let (port, server) = serve(PLAIN, 1);
    let world = World::new(mailer(b"mX", port), "[127.0.0.1]", &["gone@x"]);
    let reports = world.deliver(&letter());
    let outcome = &reports[0].1.outcomes[0];
    assert_eq!(outcome.stat, b"Deferred");
    assert_eq!(outcome.reply.as_deref(), Some(&b"421 4.4.1 Connection reset by [127.0.0.1]"[..]));
    assert_eq!(outcome.status.enhanced.unwrap().to_string(), "4.4.2");
    server.join().unwrap();
}

#[test]
fn a_closed_port_and_an_unknown_host() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let show = |host: &str| World::new(mailer(b"m", port), host, &["a@x"]).show(&letter());
    insta::assert_snapshot!(show("[127.0.0.1]"), @"
    a@x: Deferred: Connection refused by [127.0.0.1] [4.4.1]
    | a@x... Deferred: Connection refused by [127.0.0.1]
    ");
    insta::assert_snapshot!(show("silent.example"), @"
    a@x: Deferred: Name server: silent.example: host name lookup failure [4.0.0]
    | a@x... Deferred: Name server: silent.example: host name lookup failure
    ");
    // SM-079
    insta::assert_snapshot!(show("nowhere.example"), @"
    a@x: Host unknown (Name server: nowhere.example: host not found) [5.1.2]
    | 550 5.1.2 a@x... Host unknown (Name server: nowhere.example: host not found)
    ");
}

#[test]
fn the_next_host_is_tried() {
    // SM-078, SM-094: the first MX has no address for now, the second answers.
    let (port, server) = serve(PLAIN, 1);
    let world = World::new(mailer(b"mX", port), "mail.example", &["a@x"]);
    let reports = world.deliver(&letter());
    assert_eq!(reports[0].1.outcomes[0].stat, b"Sent (stored)");
    assert_eq!(reports[0].1.relay.as_deref(), Some(&b"mx2.example. [127.0.0.1]"[..]));
    server.join().unwrap();
}

#[test]
fn greetings_may_refuse() {
    // SM-094, SM-141, SM-142
    let rows = [
        ("554 no", "a@x: Service unavailable [5.5.0]"),
        ("421 later", "a@x: Deferred: 421 later [4.5.0]"),
    ];
    for (greeting, expected) in rows {
        let (port, server) = serve(Script { greeting, ..PLAIN }, 2);
        let world = World::new(mailer(b"m", port), "[127.0.0.1]:[127.0.0.1]", &["a@x"]);
        let shown = world.show(&letter());
        assert_eq!(shown.lines().next(), Some(expected), "{shown}");
        server.join().unwrap();
    }
}

#[test]
fn a_host_of_the_own_name_is_a_loop() {
    // SM-083
    let script = || Script { hello: "250 me.example hello", ..PLAIN };
    let (port, server) = serve(script(), 1);
    let world = World::new(mailer(b"m", port), "[127.0.0.1]", &["a@x"]);
    let reports = world.deliver(&letter());
    let outcome = &reports[0].1.outcomes[0];
    assert_eq!(outcome.status.enhanced.unwrap().to_string(), "5.3.5");
    assert!(!outcome.status.retry);
    server.join().unwrap();
    let (port, server) = serve(script(), 1);
    let world = World::new(mailer(b"mk", port), "[127.0.0.1]", &["a@x"]);
    assert!(world.show(&letter()).starts_with("a@x: Sent"));
    server.join().unwrap();
}

#[test]
fn lmtp_over_a_socket_answers_per_recipient() {
    // SM-106..SM-108
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
        say("220 lmtp");
        while let Some(Ok(line)) = lines.next() {
            match line.split(' ').next().unwrap_or("") {
                "DATA" => say("354 go"),
                "." => say("250 2.0.0 one\r\n552 5.2.2 over quota"),
                "QUIT" => say("221 bye"),
                "LHLO" => say("250-x\r\n250 ENHANCEDSTATUSCODES"),
                "MAIL" | "RCPT" => say("250 ok"),
                _ => {}
            }
        }
    });
    let word = path.to_str().unwrap().as_bytes().to_vec();
    let mailer = Mailer::new(b"lmtp", b"[IPC]", b"lmz", &[b"FILE", &word]);
    let shown = World::new(mailer, "", &["r1", "r2"]).show(&letter());
    assert!(shown.contains("r2: Sent (one) [2.0.0]"), "{shown}");
    assert!(shown.contains("r1: Service unavailable [5.2.2]"), "{shown}");
    server.join().unwrap();
}

#[test]
fn a_program_can_speak_lmtp() {
    // ML-094; the program may take its time after QUIT.
    let directory = tempfile::tempdir().unwrap();
    let marker = directory.path().join("ended");
    let script = format!(
        "echo 220 x; while read l; do case $l in LHLO*|MAIL*|RCPT*) echo 250 ok;; \
         DATA*) echo 354 go;; .*) echo 250 done;; QUIT*) echo 221 bye; break;; esac; done; \
         sleep 0.1; : > {}",
        marker.display()
    );
    let mailer = Mailer::new(b"cyrus", b"/bin/sh", b"lmz", &[b"sh", b"-c", script.as_bytes()]);
    let world = World::new(mailer, "", &["joe"]);
    let shown = world.show(&Letter(b"Subject: x\n".to_vec()));
    assert_eq!(shown, "joe: Sent (done) [2.0.0]");
    assert!(marker.exists());
}

#[test]
fn an_mx_list_that_points_here_is_a_system_error() {
    let world = World::new(mailer(b"m", 25), "loop.example", &["a@x"]);
    insta::assert_snapshot!(world.show(&letter()), @"
    a@x: Local configuration error [5.3.5]
    | 554 5.0.0 MX list for loop.example points back to me.example
    | 554 5.3.5 Local configuration error
    ");
    assert!(world.log().ends_with(": MX list for loop.example points back to me.example"));
}

#[test]
fn a_connection_is_used_again() {
    // SM-101: one connection for two messages, RSET between them; m= limits them (ML-019).
    for (max_messages, connections, resets) in [(0, 1, 1), (1, 2, 0)] {
        let (port, server) = serve(PLAIN, connections);
        let mut mailer = mailer(b"mX", port);
        mailer.max_messages = max_messages;
        let mut world = World::new(mailer, "[127.0.0.1]", &["a@x"]);
        let cache = ConnectionCache::new(2, Duration::from_secs(300));
        world.connections = Some(RefCell::new(cache));
        for _ in 0..2 {
            assert_eq!(world.show(&letter()), "a@x: Sent (stored) [2.0.0]");
        }
        world.connections.as_ref().unwrap().borrow_mut().close_all(&|_| ());
        let heard = server.join().unwrap();
        assert_eq!(heard.matches("RSET").count(), resets, "{heard}");
        assert_eq!(heard.matches("QUIT").count(), connections, "{heard}");
        let notice = "a@x... Using cached ESMTP connection to [127.0.0.1] via smtp...";
        let told = world.verbose.borrow().iter().any(|line| line == notice);
        assert_eq!(told, connections == 1);
    }
}

#[test]
fn a_connection_the_peer_closed_is_made_anew() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
            say("220 x ESMTP");
            while let Some(Ok(line)) = lines.next() {
                match line.as_str() {
                    "DATA" => say("354 go"),
                    "." => {
                        say("250 done");
                        break;
                    }
                    _ if line.starts_with("EHLO") || line.contains(":<") => say("250 ok"),
                    _ => {}
                }
            }
        }
    });
    let mut world = World::new(mailer(b"mX", port), "[127.0.0.1]", &["a@x"]);
    let cache = ConnectionCache::new(2, Duration::from_secs(300));
    world.connections = Some(RefCell::new(cache));
    for _ in 0..2 {
        assert_eq!(world.show(&letter()), "a@x: Sent (done) [2.0.0]");
    }
    server.join().unwrap();
}
