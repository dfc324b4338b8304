//! `mailstats`: shows the statistics file (LG-052..LG-056, LG-083).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ruleset_vm::Exit;

use super::getopt::Getopt;
use super::start::{DEFAULT_CF, SUBMIT_CF};
use super::{complain, print_line};
use crate::events::statistics::{MailerCounts, Statistics, StatisticsError};
use crate::message::date::{self, Moment};
use crate::sys::clock::{self, TimeZoneSpec, Zone};
use crate::sys::config_files;
use crate::sys::errors::describe;
use crate::sys::statistics_file;

const USAGE: &[u8] = b"usage: mailstats [-C cffile] [-c] [-P] [-f stfile] [-o] [-p]";

/// How the counts are shown.
#[derive(Clone, Copy, Debug, Default)]
struct Form {
    /// `-P`, `-p`: for programs.
    plain: bool,
    /// `-o`: without names of mailers.
    nameless: bool,
}

/// `mailstats [flags]`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let mut flags = Getopt::new(b"C:cf:opP", words);
    let (mut configuration, mut file) = (DEFAULT_CF, None);
    let (mut form, mut clear) = (Form::default(), false);
    for flag in flags.by_ref() {
        match flag {
            Ok((b'C', value)) => configuration = value,
            Ok((b'c', _)) => configuration = SUBMIT_CF,
            Ok((b'f', value)) => file = Some(value),
            Ok((b'o', _)) => form.nameless = true,
            Ok((letter, _)) => {
                form.plain = true;
                clear |= letter == b'p';
            }
            Err(error) => {
                complain(format!("mailstats: {error}").as_bytes());
                return misused();
            }
        }
    }
    if !flags.operands.is_empty() {
        return misused();
    }
    match show(configuration, file, form, clear) {
        Ok(()) => Exit::OK.0,
        Err((exit, text)) => {
            complain(&[b"mailstats", &text[..]].concat());
            exit.0
        }
    }
}

fn misused() -> u8 {
    complain(USAGE);
    Exit::USAGE.0
}

/// The exit status and what to say behind the program's name.
type Failure = (Exit, Vec<u8>);

fn unreadable(path: &[u8], error: &str) -> Failure {
    (Exit::NOINPUT, [b": ", path, b": ", error.as_bytes()].concat())
}

fn show(cf: &[u8], file: Option<&[u8]>, form: Form, clear: bool) -> Result<(), Failure> {
    let text =
        config_files::read_regular(cf).map_err(|error| unreadable(cf, &error.to_string()))?;
    let settings = Settings::read(&text);
    let named = file.or(settings.file.as_deref());
    let file = named.ok_or((Exit::OSFILE, b": no statistics file located".to_vec()))?;
    let path = Path::new(OsStr::from_bytes(file));
    let bytes =
        statistics_file::bytes(path).map_err(|error| unreadable(file, &describe(&error)))?;
    let now = clock::now();
    let name = String::from_utf8_lossy(file);
    let since = i64::try_from(now).unwrap_or(i64::MAX);
    let statistics = Statistics::decode(&bytes, &name, since).map_err(|error| {
        let between = if matches!(error, StatisticsError::Version { .. }) { " " } else { ": " };
        (Exit::OSERR, format!("{between}{error}").into_bytes())
    })?;
    let offset = |seconds| Zone::load(&TimeZoneSpec::Environment).offset_at(seconds).seconds;
    let begun = u64::try_from(statistics.since).unwrap_or(0);
    let begun = Moment { seconds: begun, offset: offset(begun) };
    let head = match form.plain {
        true => format!("{} {now}", statistics.since).into_bytes(),
        false => [b"Statistics from ", &date::ctime(&begun)[..]].concat(),
    };
    print_line(&head);
    table(&statistics, &settings.mailers, form).iter().for_each(|line| print_line(line));
    if clear {
        statistics_file::clear(path).map_err(|error| unreadable(file, &describe(&error)))?;
    }
    Ok(())
}

/// What mailstats takes from a configuration.
#[derive(Debug, Default, PartialEq, Eq)]
struct Settings {
    /// StatusFile.
    file: Option<Vec<u8>>,
    /// Names of mailers by number.
    mailers: Vec<Vec<u8>>,
}

impl Settings {
    /// Reads the lines of mailers and of option StatusFile; nothing else is looked at, continuation neither (observed).
    fn read(text: &[u8]) -> Self {
        let built_in = [&b"prog"[..], b"*file*", b"*include*"].map(<[u8]>::to_vec);
        let mut settings = Self { file: None, mailers: built_in.to_vec() };
        for line in text.split(|byte| *byte == b'\n') {
            match line {
                [b'M', rest @ ..] => {
                    let end =
                        rest.iter().position(|byte| *byte == b',' || byte.is_ascii_whitespace());
                    let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_vec();
                    if !settings.mailers.contains(&name) {
                        settings.mailers.push(name);
                    }
                }
                [b'O', b' ', rest @ ..] => {
                    let Some(equals) = rest.iter().position(|byte| *byte == b'=') else { continue };
                    let (name, value) = rest.split_at(equals);
                    if name.trim_ascii().eq_ignore_ascii_case(b"StatusFile") {
                        settings.file = value.get(1..).map(|value| value.trim_ascii().to_vec());
                    }
                }
                [b'O', b'S', value @ ..] => settings.file = Some(value.trim_ascii().to_vec()),
                _ => {}
            }
        }
        settings.file = settings.file.filter(|file| !file.is_empty());
        settings
    }
}

/// The lines below the first one.
fn table(statistics: &Statistics, names: &[Vec<u8>], form: Form) -> Vec<Vec<u8>> {
    let unit = if form.plain { "" } else { "K" };
    let row = |label: &str, counts: &MailerCounts| {
        let MailerCounts { from, from_kilobytes, to, to_kilobytes, .. } = counts;
        let MailerCounts { rejected, discarded, quarantined, .. } = counts;
        format!(
            "{label:>2} {from:8} {from_kilobytes:10}{unit} {to:8} {to_kilobytes:10}{unit}   \
            {rejected:6}  {discarded:6}  {quarantined:6}"
        )
        .into_bytes()
    };
    let mut lines = Vec::new();
    if !form.plain {
        let name = if form.nameless { "" } else { "  Mailer" };
        let titles = " M   msgsfr  bytes_from   msgsto    bytes_to  msgsrej msgsdis msgsqur";
        lines.push([titles, name].concat().into_bytes());
    }
    let mut total = MailerCounts::default();
    for (number, counts) in statistics.mailers.iter().enumerate() {
        let MailerCounts { from, to, rejected, discarded, quarantined, .. } = counts;
        if from + to + rejected + discarded + quarantined == 0 {
            continue;
        }
        let mut line = row(&number.to_string(), counts);
        if !form.nameless {
            let name = names.get(number).map_or(&b""[..], Vec::as_slice);
            line.extend_from_slice(&[b"  ", name].concat());
        }
        lines.push(line);
        total.add(counts);
    }
    if !form.plain {
        lines.push(vec![b'='; 69]);
    }
    lines.push(row("T", &total));
    let counts = statistics.connections;
    let (from, to, rejected) = (counts.from, counts.to, counts.rejected);
    lines.push(if form.plain {
        format!(" C {from:8} {to:8} {rejected:6}").into_bytes()
    } else {
        format!(" C {from:8}             {to:8}               {rejected:6}").into_bytes()
    });
    lines
}
