//! `-bt`: address test mode on standard input.

use std::io::{BufRead as _, BufReader, Read as _};

use mapper::{LookupContext, SystemServices};
use workbench::bt::{BANNER, Control, HostLookups, PROMPT, Session};

use super::arguments::Arguments;
use super::{complain, facts, print, print_line};
use crate::config::reading::Reading;
use crate::sys::{clock, config_files, ids};

/// Longest line taken at once (`MAXLINE`); the rest is a line of its own.
const LINE_LIMIT: u64 = 2047;

/// Where a configuration is looked for.
pub(super) const DEFAULT_CF: &[u8] = b"/etc/mail/sendmail.cf";

pub(super) fn run(arguments: &Arguments) -> u8 {
    let path = arguments.last(b'C').unwrap_or(DEFAULT_CF);
    let facts = facts::gather(arguments, b't');
    let reading = match Reading::of_file(path, &facts) {
        Ok(reading) => reading,
        Err(error) => {
            print_line(error.to_string().as_bytes());
            return 72;
        }
    };
    for (message, _) in reading.messages() {
        print_line(&message);
    }
    if let Some(exit) = reading.fatal() {
        return exit;
    }
    let level = reading.configuration.level;
    if level < ruleset_vm::load::MAX_LEVEL {
        print_line(out_of_date(level).as_bytes());
    }
    converse(reading, &facts.user)
}

/// The warning about files of older levels (CF-013).
pub(super) fn out_of_date(level: i32) -> String {
    let version = ruleset_vm::load::SENDMAIL_VERSION;
    format!(
        "Warning: .cf file is out of date: sendmail {version} supports version 10, \
         .cf file is version {level}"
    )
}

fn converse(reading: Reading, user: &[u8]) -> u8 {
    let exit = reading.exit();
    let Reading { configuration, mut maps, .. } = reading;
    let help_path = configuration.options.bytes("HelpFile");
    let help = help_path.and_then(|path| config_files::read_regular(&path).ok());
    let mut services = SystemServices::default();
    let mut hosts = Hosts;
    let mut session = Session::new(configuration, &mut maps, &mut services, &mut hosts, help, exit);
    session.set_user(user);
    let mut queue_ids = crate::queue::id::IdSource::new(ids::process_id(), ids::next_sequence());
    session.set_macro(b"i", &queue_ids.next(clock::now()).0);
    session.set_macro(b"load_avg", b"0");
    print(BANNER);
    let mut input = BufReader::new(std::io::stdin().lock());
    loop {
        print(PROMPT);
        let mut line = Vec::new();
        match input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                complain(error.to_string().as_bytes());
                break;
            }
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        let control = session.line(&line);
        print(&session.take_output());
        if control == Control::Quit {
            break;
        }
    }
    session.exit()
}

/// Host questions of `/mx` and `/canon`.
struct Hosts;

impl HostLookups for Hosts {
    fn mx(&mut self, _domain: &[u8]) -> Result<Vec<Vec<u8>>, i32> {
        Err(-1)
    }

    fn canonical(&mut self, host: &[u8]) -> Vec<u8> {
        let _ = LookupContext::default();
        host.to_vec()
    }
}
