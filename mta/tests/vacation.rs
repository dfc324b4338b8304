//! `bangpath vacation` as users run it (LG-061). No test here gets as far as an answer, which would go to the machine's sendmail:
//! answers are in `compat-tests/cases/sh/vacation.md`.

#![allow(clippy::expect_used)] // in the helpers, which are tests too

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use mapper::bdb::{Database, DatabaseKind, DatabaseWriter};

/// A directory with the files of a user.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        fs::write(directory.path().join("msg"), "Subject: away\n\nx\n").expect("message");
        Self { directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `vacation -d -U -f db -m msg FLAGS alice`; returns the exit status, standard output and standard error.
    fn run(&self, flags: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bangpath"))
            .args(["vacation", "-d", "-U", "-f"])
            .arg(self.path("db"))
            .arg("-m")
            .arg(self.path("msg"))
            .args(flags)
            .arg("alice")
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start");
        // all of it is read, whatever it is
        let mut stdin = child.stdin.take().expect("stdin");
        stdin.write_all(input).expect("write");
        drop(stdin);
        let output = child.wait_with_output().expect("wait");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn database(&self) -> DatabaseWriter {
        let bytes = fs::read(self.path("db.db")).expect("read");
        let database = Database::open(&bytes[..]).expect("open");
        DatabaseWriter::read(&bytes[..], &database).expect("walk")
    }
}

fn silent() -> (Option<i32>, String, String) {
    (Some(0), String::new(), String::new())
}

#[test]
fn messages_that_get_no_answer_leave_nothing_behind() {
    let place = Place::new();
    let megabytes = vec![b'x'; 8 << 20];
    let long_line = [&b"From s@x.invalid\nX: "[..], &megabytes].concat();
    let long_header = [&b"From s@x.invalid\nTo: alice\n"[..], &b"X: y\n".repeat(1 << 20)].concat();
    let long_body = [&b"From s@x.invalid\nTo: bob\n\n"[..], &megabytes].concat();
    let long_sender = [&b"From "[..], &megabytes[..5000], b"\nTo: alice\n\n"].concat();
    let messages: [&[u8]; 17] = [
        b"",
        b"\n",
        b"\0\xff\n: \n\n",
        &long_line,
        &long_header,
        &long_body,
        &long_sender,
        b"From s@x.invalid\nTo: bob\n\n",
        b"From s@x.invalid\nTo: alice\nPrecedence: list\n\n",
        b"From s@x.invalid\nTo: alice\nAuto-Submitted: auto-generated\n\n",
        b"From s@x.invalid\nTo: alice\nList-Id: <x>\n\n",
        b"From s@x.invalid\nReturn-Path: <>\nTo: alice\n\n",
        b"From <> Sat\nTo: alice\n\n",
        b"From x-request@x.invalid\nTo: alice\n\n",
        b"From |prog\nTo: alice\n\n",
        b"From /tmp/file\nTo: alice\n\n",
        b"From a@x.invalid,b@x.invalid\nTo: alice\n\n",
    ];
    for message in messages {
        let shown = String::from_utf8_lossy(&message[..message.len().min(60)]).into_owned();
        assert_eq!(place.run(&[], message), silent(), "{shown}");
        assert!(!place.path("db.db").exists(), "{shown}");
    }
}

#[test]
fn excluded_senders_and_those_of_this_week_get_no_answer() {
    let place = Place::new();
    let list = b"a@x.invalid\n@dom.invalid\r\n\n";
    assert_eq!(place.run(&["-i", "-x", "-r", "2"], list), silent());
    for sender in ["a@x.invalid", "b@dom.invalid"] {
        let message = format!("From {sender} Sat\nTo: alice\n\n");
        assert_eq!(place.run(&[], message.as_bytes()), silent(), "{sender}");
    }
    let names: Vec<Vec<u8>> = place
        .database()
        .entries()
        .map(|(key, _)| key.to_vec())
        .filter(|key| key.contains(&b'@'))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");

    // one of the far future counts as well
    let mut database = place.database();
    database.put(b"s@x.invalid", &4_000_000_000_i64.to_ne_bytes());
    fs::write(place.path("db.db"), database.render([1; 20])).expect("write");
    assert_eq!(place.run(&["-r", "9"], b"From s@x.invalid\nTo: alice\n\n"), silent());
    let value = 4_000_000_000_i64.to_ne_bytes();
    assert_eq!(place.database().get(b"s@x.invalid"), Some(&value[..]));
    let interval = (9 * 86_400_i64).to_ne_bytes();
    assert_eq!(place.database().get(b"__VACATION__INTERVAL__TIMER__\0"), Some(&interval[..]));

    let (status, listed, errors) = place.run(&["-l"], b"");
    let mut lines: Vec<&str> = listed.lines().collect();
    lines.sort_unstable();
    let expected = [
        format!("{:40} (exclusion)", "@dom.invalid"),
        format!("{:40} (exclusion)", "a@x.invalid"),
        format!("{:40} Tue Oct  2 07:06:40 2096", "s@x.invalid"),
    ];
    assert_eq!(
        (status, lines, errors),
        (Some(0), expected.iter().map(String::as_str).collect(), String::new())
    );
}

#[test]
fn databases_that_are_none_are_an_error_and_stay() {
    let place = Place::new();
    let good = DatabaseWriter::new(DatabaseKind::Hash).render([1; 20]);
    let mut broken = good.clone();
    broken.truncate(5000);
    let message = b"From s@x.invalid Sat\nTo: alice\n\n";
    for content in [&b"no database"[..], &broken, &[0; 8192]] {
        fs::write(place.path("db.db"), content).expect("write");
        for flags in [&[][..], &["-l"], &["-x"]] {
            // -l reads no input
            let input: &[u8] = if flags == ["-l"] { b"" } else { message };
            let (status, output, errors) = place.run(flags, input);
            assert_eq!((status, output), (Some(65), String::new()), "{flags:?}");
            assert!(errors.starts_with("vacation: ") && errors.lines().count() == 1, "{errors}");
        }
        assert_eq!(fs::read(place.path("db.db")).expect("read"), content);
    }
    // -i begins anew, whatever is there
    assert_eq!(place.run(&["-i"], b""), silent());
    assert_eq!(place.database().entries().count(), 0);
}

#[test]
fn what_cannot_be_read_is_no_message_to_send() {
    let place = Place::new();
    let message = b"From s@x.invalid Sat\nTo: alice\n\n";
    let missing = place.path("msg");
    fs::remove_file(&missing).expect("remove");
    let makers: [&dyn Fn(&Path); 3] =
        [&|_| (), &|path| fs::create_dir(path).expect("directory"), &|path| {
            fs::remove_dir(path).expect("remove");
            // opening it would wait for somebody who writes
            assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
        }];
    for make in makers {
        make(&missing);
        let (status, _, errors) = place.run(&[], message);
        assert_eq!(status, Some(66));
        assert_eq!(errors, format!("vacation: no {} file.\n", missing.display()));
    }
    // nobody counts as answered
    assert_eq!(place.run(&["-l"], b""), silent());
}

#[test]
fn nothing_is_lost_when_many_begin_a_database() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let list = format!("{number}@x.invalid\n");
            let place = &place;
            scope.spawn(move || assert_eq!(place.run(&["-x"], list.as_bytes()), silent()));
        }
    });
    assert_eq!(place.database().entries().count(), 8);
}

#[test]
fn messages_without_a_sender_are_an_error() {
    let place = Place::new();
    for (message, text) in [
        (&b"To: alice\n\n"[..], "no initial \"From \" line."),
        (b"From \"a b\nTo: alice\n\n", "badly formatted \"From \" line."),
    ] {
        let (status, _, errors) = place.run(&[], message);
        assert_eq!((status, errors), (Some(65), format!("vacation: {text}\n")));
    }
}
