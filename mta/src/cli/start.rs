//! What every mode does first: find and read the configuration, say what is wrong with it.

use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use cf_parser::Severity;
use ruleset_vm::load::{Configuration, post_checks};
use workbench::traces::startup;

use super::arguments::{Arguments, LogChoice};
use super::embedded;
use super::facts;
use super::voice::Voice;
use super::{complain, print_line, submit, usage};
use crate::config::reading::{ReadError, Reading};
use crate::config::site::Site;
use crate::daemon::json_sink::JsonSink;
use crate::daemon::log_sink::LogSink;
use crate::daemon::post::{OpenError, Post};
use crate::daemon::settings;
use crate::events::{self, Event, Sink};
use crate::sys::durable::{self, DiskError};
use crate::sys::line_file::LineFile;
use crate::sys::{config_files, errors, terminal, traffic, users};

/// Where a configuration is looked for.
pub(super) const DEFAULT_CF: &[u8] = b"/etc/mail/sendmail.cf";
/// Where the configuration for submissions is looked for (CMD-065).
pub(super) const SUBMIT_CF: &[u8] = b"/etc/mail/submit.cf";

/// Reads the configuration for `mode`, under the options of the command line.
pub(super) fn read(arguments: &Arguments, mode: u8) -> Result<Reading, ReadError> {
    let mut facts = facts::gather(arguments, mode);
    if arguments.has(b'd') {
        terminal::trace(&startup::before(&facts.levels, &facts, places(b"", b"")));
    }
    match path(arguments, mode) {
        Some(path) => Reading::of_file(&path, arguments.dialect, &facts),
        None => {
            embedded::predefine(&mut facts);
            Ok(Reading::of_bytes(embedded::NAME, embedded::CONFIGURATION, &facts))
        }
    }
}

/// What `-d` shows when the configuration has been read.
pub(super) fn after(arguments: &Arguments, mode: u8, reading: &Reading) -> Vec<u8> {
    let configuration = &reading.configuration;
    let pid_file = configuration.options.bytes("PidFile").unwrap_or_default();
    let places = places(&reading.path, &pid_file);
    let given = submit::given_delivery_mode(arguments).is_some();
    startup::after(&arguments.levels(), configuration, (mode, given), places)
}

fn places<'a>(chosen: &'a [u8], pid_file: &'a [u8]) -> startup::Places<'a> {
    startup::Places { chosen, pid_file, submission: SUBMIT_CF, transport: DEFAULT_CF }
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

/// Reads the configuration and opens the queue; complains and returns the exit status where that is
/// not possible (CF-010).
pub(super) fn open(arguments: &Arguments, mode: u8) -> Result<Arc<Post>, u8> {
    let site = Arc::new(site(arguments, mode)?);
    let voice = Voice::of(mode);
    if mode == b'v' && users::real_uid() != 0 {
        print_line(b"Notice: -bv may give misleading output for non-privileged user");
    }
    enter_queue(&site, mode, voice)?;
    // a name on the command line is where the caller is
    let sink = sink(arguments, &site, voice)?;
    work_in_queue(&site);
    let is_embedded = path(arguments, mode).is_none();
    let post = Post::open(site, sink);
    if is_embedded && let Ok(post) = &post {
        let mail = embedded::state_directory().join("mail");
        if let Err(error) = embedded::hand_over(post, &[mail]) {
            print_line(format!("mailboxes: {error}").as_bytes());
        }
    }
    post.map_err(|error| {
        let code: &[u8] = match &error {
            OpenError::NoQueueDirectory => b"554 5.0.0",
            OpenError::QueueDirectory { .. } => b"451 4.0.0",
        };
        voice.say(code, error.to_string().as_bytes());
        78
    })
}

/// Who hands in a message, or asks about addresses (LG-022).
pub(super) fn log_connection(post: &Post, relay: &[u8]) {
    post.log(None, events::Severity::Info, 9, [b"connect from ", relay].concat());
}

/// Where events go: the system log, or what `--log` says.
fn sink(arguments: &Arguments, site: &Site, voice: Voice) -> Result<Arc<Sink>, u8> {
    let Some(LogChoice::Json(file)) = &arguments.log else {
        return Ok(Arc::new(LogSink::new(site, &log_tag(arguments))));
    };
    let lines = match file {
        None => LineFile::standard_error(),
        Some(path) => LineFile::append(path),
    };
    let lines = lines.map_err(|error| {
        let path = file.as_deref().unwrap_or(b"standard error");
        let text = [path, b": ", errors::describe(&error).as_bytes()].concat();
        voice.usage(&text);
        73
    })?;
    Ok(Arc::new(JsonSink::new(lines, site)))
}

/// Makes the queue directory the one that relative paths begin at, those of alias files for instance
/// (observed; address test mode stays where it is). One that is relative itself is left alone.
pub(super) fn work_in_queue(site: &Site) {
    let Some(directory) = site.path("QueueDirectory").filter(|path| path.is_absolute()) else {
        return;
    };
    let is_pattern = directory.as_os_str().as_bytes().ends_with(b"*");
    let base = if is_pattern { directory.parent().unwrap_or(&directory) } else { &directory };
    // whoever may not enter it was told
    let _ = durable::work_in(base);
}

/// `-L`: at most 32 characters, what cannot be printed shown as `*` (CMD-040).
pub(super) fn log_tag(arguments: &Arguments) -> String {
    let tag = arguments.last(b'L').unwrap_or(b"sendmail");
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { *byte } else { b'*' };
    tag.iter().take(32).map(shown).map(char::from).collect()
}

/// Whether the queue directory may be entered at all, and by this user (CMD-077, CMD-141).
pub(super) fn enter_queue(site: &Site, mode: u8, voice: Voice) -> Result<(), u8> {
    let Some(directory) = site.path("QueueDirectory") else { return Ok(()) };
    let denied = matches!(durable::facts(&directory.join(".")), Err(DiskError::Denied { .. }));
    if denied {
        let text = format!("can not chdir({}/): Permission denied", directory.display());
        voice.say(b"451 4.0.0", text.as_bytes());
        complain(b"Program mode requires special privileges, e.g., root or TrustedUser.");
    }
    if mode == b'q' && users::real_uid() != 0 && privacy(site, b"restrictqrun") {
        voice.usage("You do not have permission to process the queue");
        return Err(77);
    }
    warn_of_host_status(site, !denied);
    if denied { Err(78) } else { Ok(()) }
}

/// Says that what is known of hosts has no place (observed). Who is not in the queue directory looks for it where it is.
pub(super) fn warn_of_host_status(site: &Site, is_in_queue: bool) {
    if let Some(warning) = settings::host_status_warning(site, is_in_queue) {
        print_line(warning.as_bytes());
    }
}

/// Whether `PrivacyOptions` has a word.
fn privacy(site: &Site, word: &[u8]) -> bool {
    site.configuration.options.all("PrivacyOptions").any(|setting| {
        let value = site.configuration.macros.expand_bytes(&setting.value);
        value
            .split(|byte| matches!(byte, b',' | b' ' | b'\t'))
            .any(|given| given.eq_ignore_ascii_case(word))
    })
}

/// The site of a mode other than `-bt`: any error in the file ends the program (CF-010).
pub(super) fn site(arguments: &Arguments, mode: u8) -> Result<Site, u8> {
    let voice = Voice::of(mode);
    let mut reading = read(arguments, mode).map_err(|error| {
        let code: &[u8] = match error {
            ReadError::CannotOpen { .. } => b"451 4.0.0",
            ReadError::NotPlain { .. } => b"554 5.0.0",
        };
        voice.say(code, error.to_string().as_bytes());
        72
    })?;
    let mut events: Vec<Event> = warn_of_permissions(&reading.path, mode).into_iter().collect();
    for (message, severity) in reading.messages() {
        voice.diagnostic(&message, severity);
        if matches!(severity, Severity::Error { .. }) {
            events.push(Event::system_error(None, &users::own_name(), message));
        }
    }
    usage::check_body_type(arguments, voice);
    let exit = reading.exit();
    if exit == 0 && arguments.has(b'd') {
        terminal::trace(&after(arguments, mode, &reading));
    }
    if let Some(open) = arguments.last(b'X') {
        traffic::begin(open_traffic_log(open, voice)?);
    }
    if arguments.has(b'n') {
        // Without alias files there is no aliasing (CMD-044).
        let mut settings = reading.maps.settings().clone();
        settings.alias_files.clear();
        reading.maps.set_settings(settings);
    }
    let mut site = Site::new(reading);
    site.levels = arguments.levels();
    if !events.is_empty() {
        let sink = sink(arguments, &site, voice)?;
        events.into_iter().for_each(|event| sink.report(event));
    }
    may_run(arguments, &site, mode, voice)?;
    if let Some(warning) = group_warning(&site.configuration) {
        print_line(warning.as_bytes());
    }
    let goes_on = matches!(mode, b'i' | b'C');
    if exit != 0 && !goes_on {
        return Err(exit);
    }
    let mut failed = Ok(());
    for found in post_checks(&site.configuration, mode) {
        // That there is no queue directory is said by whoever needs it, unless all ends here.
        match found.severity {
            Severity::Error { exit: 78, .. } if failed.is_ok() => {}
            Severity::Error { exit, .. } => {
                voice.diagnostic(&found.text, found.severity);
                failed = Err(exit);
            }
            Severity::Warning if goes_on => print_line(&found.text),
            Severity::Note | Severity::Warning | Severity::Mistake => {}
        }
    }
    failed?;
    if exit != 0 {
        return Err(exit);
    }
    check_filters(&site, mode, voice)?;
    Ok(site)
}

/// Sessions on standard input need the filters that all messages go through.
fn check_filters(site: &Site, mode: u8, voice: Voice) -> Result<(), u8> {
    let configuration = &site.configuration;
    let Some(value) = configuration.options.bytes("InputMailFilters").filter(|_| mode == b's')
    else {
        return Ok(());
    };
    let is_known = |name: &[u8]| {
        configuration.milters.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let mut names = value.split(|byte| matches!(byte, b',' | b';')).map(<[u8]>::trim_ascii);
    match names.find(|name| !is_known(name)).filter(|_| !value.is_empty()) {
        Some(name) => {
            let text = [b"InputFilter ", name, b" not defined: No such file or directory"].concat();
            voice.say(b"451 4.0.0", &text);
            Err(78)
        }
        None => Ok(()),
    }
}

/// The file of `-X` must be one that can be written (CMD-061).
pub(super) fn open_traffic_log(path: &[u8], voice: Voice) -> Result<File, u8> {
    crate::sys::terminal::open_for_appending(path).map_err(|error| {
        let reason = crate::sys::errors::describe(&error);
        voice.say(b"451 4.0.0", &[b"cannot open ", path, b": ", reason.as_bytes()].concat());
        73
    })
}

/// A configuration that others may change: told where it matters most, always in the log (CF-002, LG-045).
fn warn_of_permissions(path: &[u8], mode: u8) -> Option<Event> {
    if !config_files::is_loosely_writable(path) {
        return None;
    }
    let text = [path, b": WARNING: dangerous write permissions"].concat();
    if matches!(mode, b'd' | b'i' | b'C') {
        complain(&text);
    }
    Some(Event::text(Some(b""), events::Severity::Critical, 0, text))
}

/// Whether this user, and this configuration, may run the mode (CMD-025, CMD-026).
fn may_run(arguments: &Arguments, site: &Site, mode: u8, voice: Voice) -> Result<(), u8> {
    let uid = users::real_uid();
    let holds_mail = mode == b'q' && arguments.has(b'Q');
    if (holds_mail || matches!(mode, b'd' | b'D' | b'i' | b'H')) && !is_trusted(site, uid) {
        voice.usage("Permission denied (real uid not trusted)");
        return Err(64);
    }
    let options = &site.configuration.options;
    if !options.flag("UseMSP", false) {
        return Ok(());
    }
    if matches!(mode, b'd' | b'D') {
        voice.usage("Mail submission program cannot be used as daemon");
        return Err(64);
    }
    let run_as = options.bytes("RunAsUser").unwrap_or_default();
    let is_root = |name: &[u8]| matches!(name, b"" | b"root" | b"0");
    if users::effective_uid() == 0 && is_root(run_as.split(|b| *b == b':').next().unwrap_or(b"")) {
        voice.usage("Mail submission program must have RunAsUser set to non root user");
        return Err(78);
    }
    Ok(())
}

/// What is said where the program that only submits mail does not run with the group of its queue.
pub(super) fn group_warning(configuration: &Configuration) -> Option<String> {
    let options = &configuration.options;
    if !options.flag("UseMSP", false) || users::effective_uid() == 0 {
        return None;
    }
    let value = options.bytes("RunAsUser")?;
    let mut parts = value.splitn(2, |byte| b":./".contains(byte));
    let (user, group) = (parts.next().unwrap_or_default(), parts.next());
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok();
    let want = match group {
        Some(group) => number(group).or_else(|| users::group_by_name(group).ok().flatten()),
        None => users::by_name(user).ok().flatten().map(|account| account.gid),
    }?;
    let own = users::effective_gid();
    (own != want).then(|| {
        format!("WARNING: RunAsUser for MSP ignored, check group ids (egid={own}, want={want})")
    })
}

/// Root, the TrustedUser and the members of class `t` (CMD-025).
fn is_trusted(site: &Site, uid: u32) -> bool {
    if uid == 0 {
        return true;
    }
    let Ok(Some(account)) = users::by_uid(uid) else { return false };
    let configuration = &site.configuration;
    configuration.classes.has(b"t", &account.name)
        || configuration.options.bytes("TrustedUser").is_some_and(|user| user == account.name)
}
