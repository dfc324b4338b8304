//! A daemon in this process on a port of its own, and clients that behave or do not.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mta::config::reading::Reading;
use mta::config::site::Site;
use mta::daemon::post::Post;
use mta::daemon::service::{self, DaemonHandle};
use mta::events::{self, Event};
use ruleset_vm::load::HostFacts;

const CONFIGURATION: &str = "V10/Berkeley
Cwlocalhost mail.example.com
Djmail.example.com
DnMAILER-DAEMON
O QueueDirectory=DIRECTORY/queue
O DeliveryMode=q
O SmtpGreetingMessage=$j Sendmail test; $b
O DaemonPortOptions=Name=MTA, Port=0, Addr=127.0.0.1, M=Ec
O MaxDaemonChildren=0
Hreceived: from $s by $j id $i; $b
Scheck_mail
R<macros>\t$#error $@ 5.7.9 $: \"550 \" $&{client_addr} \" \" $&{client_resolve} \" \" $&{daemon_name} \" \" $&{daemon_flags} \" \" $&{if_addr} \" \" $&s \" \" $&r
Scheck_other
RNOOP $* $| $*\t$#error $@ 4.7.0 $: \"421 go away\"
Scheck_vrfy
Rnone\t$#error $@ 5.7.1 $: \"550 not told\"
Scheck_rcpt
R<rej@$*>\t$#error $@ 5.7.1 $: \"550 rejected\"
S3
R<$*>\t$1
S0
R$+\t$#null $@ nowhere $: $1
Mnull, P=/bin/true, F=q, A=true
Mlocal, P=/bin/true, F=lqw, A=true
Mprog, P=/bin/true, F=lq, A=true
";

struct Daemon {
    directory: tempfile::TempDir,
    events: Arc<Mutex<Vec<Event>>>,
    handle: DaemonHandle,
}

fn daemon(more: &str) -> Daemon {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("queue")).unwrap();
    let path = directory.path().to_str().unwrap();
    let text = CONFIGURATION.replace("DIRECTORY", path).replace("O MaxDaemonChildren=0\n", more);
    let facts = HostFacts { name: b"mail.example.com".to_vec(), ..HostFacts::default() };
    let reading = Reading::of_bytes(b"test.cf", text.as_bytes(), &facts);
    let messages: Vec<String> =
        reading.messages().map(|(line, _)| String::from_utf8_lossy(&line).into_owned()).collect();
    assert_eq!(messages, [""; 0]);
    let events = Arc::new(Mutex::new(Vec::new()));
    let post = Post::open(Arc::new(Site::new(reading)), events.clone()).unwrap();
    let handle = service::start(&post, None, 1).unwrap();
    Daemon { directory, events, handle }
}

impl Daemon {
    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.handle.addresses[0]).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Client { lines: BufReader::new(stream) }
    }

    /// Connects and reads the greeting.
    fn greeted(&self) -> Client {
        let mut client = self.connect();
        assert!(client.reply().starts_with("220 mail.example.com ESMTP Sendmail test; "));
        client
    }

    /// The names of the queue, without the queue ids.
    fn queue(&self) -> Vec<String> {
        let mut names: Vec<String> = files(&self.directory.path().join("queue"))
            .into_iter()
            .map(|name| name[..2].to_owned())
            .collect();
        names.sort();
        names
    }

    /// The log, once it has a line with `text`.
    fn log_with(&self, text: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let events = self.events.lock().unwrap();
            let lines: Vec<String> = events
                .iter()
                .flat_map(events::lines)
                .map(|line| String::from_utf8_lossy(&line).into_owned())
                .collect();
            drop(events);
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(Instant::now() < end, "no line with {text}: {lines:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Gives the directory back, which goes when it is dropped.
    fn stop(self) -> tempfile::TempDir {
        self.handle.stop(Duration::from_secs(10));
        self.directory
    }
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

struct Client {
    lines: BufReader<TcpStream>,
}

impl Client {
    /// The next reply, its lines joined by `|`; empty at the end of the connection.
    fn reply(&mut self) -> String {
        let mut all = Vec::new();
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            let line = line.trim_end().to_owned();
            let last = line.as_bytes().get(3) != Some(&b'-');
            all.push(line);
            if last {
                return all.join("|");
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.lines.get_mut().write_all(bytes).unwrap();
    }

    fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Whatever else comes until the connection is closed.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        // The other end may reset the connection when it did not read all of ours.
        let _ = self.lines.read_to_string(&mut rest);
        rest
    }
}

#[test]
fn a_message_is_taken_in() {
    let daemon = daemon("");
    let mut client = daemon.greeted();
    let expected = "250-mail.example.com Hello localhost [127.0.0.1], pleased to meet you\
        |250-ENHANCEDSTATUSCODES|250-PIPELINING|250-EXPN|250-VERB|250-8BITMIME|250-SIZE|250-DSN\
        |250-DELIVERBY|250 HELP";
    assert_eq!(client.say("EHLO client.example.com"), expected); // SM-037..SM-049, OPT-208
    assert_eq!(client.say("MAIL FROM:<a@b>"), "250 2.1.0 <a@b>... Sender ok");
    assert_eq!(client.say("RCPT TO:<rej@x>"), "550 5.7.1 <rej@x>... rejected");
    assert_eq!(client.say("RCPT TO:<u@x>"), "250 2.1.5 <u@x>... Recipient ok"); // SM-017
    assert_eq!(client.say("DATA"), "354 End data with <CR><LF>.<CR><LF>");
    assert_eq!(daemon.queue(), [""; 0]);
    let accepted = client.say("Subject: one\r\n\r\n..dot\r\n.");
    let id = accepted
        .strip_prefix("250 2.0.0 ")
        .and_then(|text| text.strip_suffix(" Message accepted for delivery"))
        .unwrap_or_else(|| panic!("{accepted}"))
        .to_owned();
    assert_eq!(daemon.queue(), ["df", "qf"]);
    let queue = daemon.directory.path().join("queue");
    assert_eq!(std::fs::read(queue.join(format!("df{id}"))).unwrap(), b".dot\n"); // SM-069
    assert_eq!(client.say("QUIT"), "221 2.0.0 mail.example.com closing connection");
    assert_eq!(client.reply(), "");
    let from = daemon.log_with("from=");
    assert!(from.starts_with(&format!("{id}: from=")), "{from}");
    assert!(from.contains("from=<a@b>, size="), "{from}");
    let tail = "nrcpts=1, proto=ESMTP, daemon=MTA, relay=localhost [127.0.0.1]";
    assert!(from.ends_with(tail), "{from}"); // LG-073
    daemon.log_with("NOQUEUE: connect from localhost [127.0.0.1]"); // LG-066
    daemon.stop();
}

#[test]
fn macros_tell_of_the_connection() {
    let daemon = daemon("");
    let mut client = daemon.greeted();
    client.say("HELO hello.example");
    // MC-045..MC-059, OPT-197; the interface is not named on the loopback
    let expected = "550 5.7.9 <macros>... 127.0.0.1 OK MTA EE c  hello.example SMTP";
    assert_eq!(client.say("MAIL FROM:<macros>"), expected);
    let line = daemon.log_with("ruleset=check_mail");
    assert!(line.contains(", arg1=<macros>, relay=localhost [127.0.0.1], reject=550 5.7.9")); // LG-068
    daemon.stop();
}

#[test]
fn commands_in_one_packet_are_answered_in_order() {
    let daemon = daemon("");
    let mut client = daemon.greeted();
    client.say("EHLO x");
    client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<rej@x>\r\nRCPT TO:<u@x>\r\nDATA\r\n");
    let replies: Vec<String> = (0..4).map(|_| client.reply()[..3].to_owned()).collect();
    assert_eq!(replies, ["250", "550", "250", "354"]);
    client.send(b"S: x\r\n\r\ntext\r\n.\r\nMAIL FROM:<c@d>\r\nRSET\r\nQUIT\r\n");
    let replies: Vec<String> = (0..4).map(|_| client.reply()[..3].to_owned()).collect();
    assert_eq!(replies, ["250", "250", "250", "221"]);
    assert_eq!(daemon.queue(), ["df", "qf"]);
    daemon.stop();
}

#[test]
fn log_lines_of_a_session_share_the_queue_id() {
    let daemon = daemon("");
    let mut client = daemon.greeted();
    client.say("EHLO x");
    client.say("MAIL FROM:<macros>");
    client.say("MAIL FROM:<a@b>");
    client.say("RCPT TO:<rej@x>");
    client.say("RCPT TO:<u@x>");
    client.say("RSET");
    client.say("QUIT");
    // LG-073, LG-074
    let reset = daemon.log_with("to=<u@x>, delay=00:00:00, pri=0, stat=RSET");
    let id = reset.split(':').next().unwrap();
    let tail = "daemon=MTA, relay=localhost [127.0.0.1]";
    let from = daemon.log_with("from=");
    assert_eq!(from, format!("{id}: from=<a@b>, size=0, class=0, nrcpts=1, proto=ESMTP, {tail}"));
    for ruleset in ["check_mail", "check_rcpt"] {
        let line = daemon.log_with(&format!("ruleset={ruleset}"));
        assert!(line.starts_with(&format!("{id}: ")), "{line}");
    }
    daemon.stop();
}

#[test]
fn a_hang_up_in_the_message_leaves_nothing() {
    let daemon = daemon("");
    let mut client = daemon.greeted();
    client.say("EHLO x");
    client.say("MAIL FROM:<a@b>");
    client.say("RCPT TO:<u@x>");
    client.say("DATA");
    client.send(b"Subject: half\r\n\r\nhalf a mess");
    drop(client);
    daemon.log_with("collect: premature EOM: "); // LG-086
    let queue_is_empty = || daemon.queue().is_empty();
    let end = Instant::now() + Duration::from_secs(30);
    while !queue_is_empty() {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(5));
    }
    daemon.stop();
}

#[test]
fn nonsense_is_bounded() {
    let daemon = daemon("");
    let mut client = daemon.greeted();
    client.send(&vec![b'x'; 13_000]);
    let reply = client.reply();
    let expected =
        "421 4.7.0 mail.example.com Command too long, possible attack localhost [127.0.0.1]";
    assert_eq!(reply, expected); // SM-121
    let mut client = daemon.greeted();
    for _ in 0..25 {
        assert_eq!(client.say("FOO"), "500 5.5.1 Command unrecognized: \"FOO\"");
    }
    let last = client.say("FOO");
    assert_eq!(last, "421 4.7.0 mail.example.com Too many bad commands; closing connection"); // SM-033
    assert_eq!(client.rest(), "");
    daemon.log_with(
        "localhost [127.0.0.1] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA",
    ); // LG-079
    daemon.stop();
}

#[test]
fn hooks_of_other_commands() {
    let daemon = daemon("");
    let mut client = daemon.greeted();
    client.say("HELO x");
    assert_eq!(client.say("VRFY none"), "550 5.7.1 not told"); // RS-118, observed without the address
    assert_eq!(client.say("VRFY root"), "250 2.1.5 <root@mail.example.com>"); // SM-129
    assert_eq!(client.say("EXPN <root@x>"), "250 2.1.5 <root@x>");
    daemon.log_with(": localhost [127.0.0.1]: VRFY root"); // LG-075
    assert_eq!(client.say("NOOP x"), "421 4.7.0 go away"); // RS-119
    assert_eq!(client.rest(), "");
    daemon.stop();
}

#[test]
fn at_the_limit_of_children_others_wait() {
    let daemon = daemon("O MaxDaemonChildren=1\n");
    let first = daemon.greeted();
    daemon.log_with("rejecting connections on daemon MTA: 1 children, max 1"); // LG-036
    let mut second = daemon.connect();
    drop(first);
    assert!(second.reply().starts_with("220 "));
    daemon.stop();
}

#[test]
fn stopping_tells_idle_peers_and_lets_a_message_end() {
    let daemon = daemon("");
    let idle = daemon.greeted();
    let mut busy = daemon.greeted();
    busy.say("EHLO x");
    busy.say("MAIL FROM:<a@b>");
    busy.say("RCPT TO:<u@x>");
    busy.say("DATA");
    let address = daemon.handle.addresses[0];
    let queue = daemon.directory.path().join("queue");
    let stopping = std::thread::spawn(move || daemon.stop());
    assert_eq!(idle.rest(), "421 4.7.0 mail.example.com closing connection\r\n"); // SM-036
    assert!(busy.say("S: x\r\n\r\ntext\r\n.").starts_with("250 2.0.0 "));
    assert_eq!(files(&queue).len(), 2);
    assert_eq!(busy.rest(), "421 4.7.0 mail.example.com closing connection\r\n");
    stopping.join().unwrap();
    assert!(TcpStream::connect(address).is_err());
}
