//! What every mode does first: find and read the configuration, say what is wrong with it.

use std::sync::Arc;

use cf_parser::text::Text;
use ruleset_vm::load::Setting;

use super::arguments::Arguments;
use super::embedded;
use super::facts;
use super::print_line;
use crate::config::reading::{ReadError, Reading};
use crate::config::site::Site;
use crate::daemon::log_sink::LogSink;
use crate::daemon::post::{OpenError, Post};
use crate::sys::config_files;

/// Where a configuration is looked for.
pub(super) const DEFAULT_CF: &[u8] = b"/etc/mail/sendmail.cf";
/// Where the configuration for submissions is looked for (CMD-065).
const SUBMIT_CF: &[u8] = b"/etc/mail/submit.cf";

/// Reads the configuration for `mode`, with the options of the command line behind its own.
pub(super) fn read(arguments: &Arguments, mode: u8) -> Result<Reading, ReadError> {
    let mut facts = facts::gather(arguments, mode);
    let mut reading = match path(arguments, mode) {
        Some(path) => Reading::of_file(&path, &facts)?,
        None => {
            embedded::predefine(&mut facts);
            Reading::of_bytes(embedded::NAME, embedded::CONFIGURATION, &facts)
        }
    };
    for setting in command_line_options(arguments) {
        reading.configuration.options.push(setting);
    }
    Ok(reading)
}

/// The file to read (CMD-065); `None` for the embedded one.
fn path(arguments: &Arguments, mode: u8) -> Option<Vec<u8>> {
    if let Some(path) = arguments.last(b'C') {
        return Some(path.to_vec());
    }
    let submission = matches!(mode, b'm' | b's' | b'a') || arguments.has(b'G');
    let chosen = arguments.last(b'A').and_then(|value| value.first().copied());
    let candidates: &[&[u8]] = match chosen {
        Some(b'c') => &[SUBMIT_CF],
        Some(_) => &[DEFAULT_CF],
        None if submission => &[SUBMIT_CF, DEFAULT_CF],
        None => &[DEFAULT_CF],
    };
    let found = candidates.iter().find(|path| config_files::read_regular(path).is_ok());
    match (found, chosen) {
        (Some(path), _) => Some(path.to_vec()),
        (None, Some(_)) => candidates.first().map(|path| path.to_vec()),
        (None, None) => None,
    }
}

/// `-O Name=value`, `-oxvalue` and the flags that are short for options.
fn command_line_options(arguments: &Arguments) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (letter, value) in &arguments.flags {
        let (option, value) = match letter {
            b'O' => match long_option(value) {
                Some(found) => found,
                None => continue,
            },
            b'o' => match value.split_first() {
                Some((letter, rest)) => (cf_parser::options::by_letter(*letter), rest.to_vec()),
                None => continue,
            },
            b'i' => (cf_parser::options::by_letter(b'i'), b"True".to_vec()),
            b'v' => (cf_parser::options::by_letter(b'v'), b"True".to_vec()),
            b'm' => (cf_parser::options::by_letter(b'm'), b"True".to_vec()),
            b'c' => (cf_parser::options::by_letter(b'c'), b"True".to_vec()),
            b's' => (cf_parser::options::by_letter(b'f'), b"True".to_vec()),
            b'e' => (cf_parser::options::by_letter(b'e'), value.clone()),
            b'h' => continue,
            _ => continue,
        };
        let Some(option) = option else { continue };
        let (value, _): (Text, _) = cf_parser::parse_text(&value);
        settings.push(Setting { option, suboption: None, value, span: cf_parser::Span::default() });
    }
    settings
}

fn long_option(text: &[u8]) -> Option<(Option<usize>, Vec<u8>)> {
    let equals = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    let name = text[..equals].trim_ascii();
    let value = text.get(equals + 1..).unwrap_or_default().trim_ascii_start().to_vec();
    let index = cf_parser::options::OPTIONS
        .iter()
        .position(|row| !row.name.is_empty() && row.name.as_bytes().eq_ignore_ascii_case(name));
    Some((index, value))
}

/// Reads the configuration and opens the queue; complains and returns the exit status where that is
/// not possible. `prefix` is the reply code that `-bs` and `-bd` put in front (CF-010).
pub(super) fn open(arguments: &Arguments, mode: u8) -> Result<Arc<Post>, u8> {
    let site = Arc::new(site(arguments, mode)?);
    let tag = arguments.last(b'L').map(|tag| String::from_utf8_lossy(tag).into_owned());
    let is_embedded = path(arguments, mode).is_none();
    let sink = LogSink::new(&site, tag.as_deref().unwrap_or("sendmail"));
    let post = Post::open(site, Arc::new(sink));
    if is_embedded && let Ok(post) = &post {
        let mail = embedded::state_directory().join("mail");
        if let Err(error) = embedded::hand_over(post, &[mail]) {
            print_line(format!("mailboxes: {error}").as_bytes());
        }
    }
    post.map_err(|error| {
        let prefix: &[u8] = if matches!(mode, b's' | b'd' | b'D') { b"451 4.0.0 " } else { b"" };
        let text = match &error {
            OpenError::NoQueueDirectory => [b"554 5.3.5 ".as_slice(), error.to_string().as_bytes()].concat(),
            OpenError::QueueDirectory { .. } => [prefix, error.to_string().as_bytes()].concat(),
        };
        let text = if matches!(mode, b's' | b'd' | b'D') {
            text
        } else {
            ruleset_vm::split_codes(&text).1.to_vec()
        };
        print_line(&text);
        78
    })
}

/// The site of a mode other than `-bt`: any error in the file ends the program (CF-010).
fn site(arguments: &Arguments, mode: u8) -> Result<Site, u8> {
    let replies = matches!(mode, b's' | b'd' | b'D');
    let reading = read(arguments, mode).map_err(|error| {
        let prefix: &[u8] = if replies { b"451 4.0.0 " } else { b"" };
        print_line(&[prefix, error.to_string().as_bytes()].concat());
        72
    })?;
    for (message, severity) in reading.messages() {
        let prefix: &[u8] = match severity {
            cf_parser::Severity::Error { exit: 71 | 72, .. } if replies => b"451 4.0.0 ",
            cf_parser::Severity::Error { .. } if replies => b"554 5.0.0 ",
            _ => b"",
        };
        print_line(&[prefix, &message].concat());
    }
    let exit = reading.exit();
    if exit != 0 {
        return Err(exit);
    }
    if ruleset_vm::mailer::find(&reading.configuration.mailers, b"local").is_none() {
        let prefix: &[u8] = if replies { b"554 5.3.5 " } else { b"" };
        print_line(&[prefix, b"No local mailer defined"].concat());
        return Err(70);
    }
    Ok(Site::new(reading))
}
