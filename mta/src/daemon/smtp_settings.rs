//! What an SMTP session is given of the options (op guide 5.6; rows named at the fields).

use std::collections::BTreeSet;
use std::time::Duration;

use cf_parser::options::{self, Found, OptionValue};

use super::ports::Modifiers;
use crate::address::worker::Worker;
use crate::config::site::Site;
use crate::daemon::help_file;
use crate::message::mime;
use crate::protocol::smtp::server::{
    BareEnd, Features, Limits, Privacy, Settings, StartTls, Timeout,
};

/// Bad commands before the session is closed (SM-033).
const MAX_BAD_COMMANDS: u32 = 25;
/// What `goaway` stands for (OPT-257).
const GO_AWAY: [&str; 8] = [
    "needmailhelo",
    "needexpnhelo",
    "needvrfyhelo",
    "noexpn",
    "novrfy",
    "noverb",
    "authwarnings",
    "noactualrecipient",
];

/// The settings of a session; `worker` has its macros.
pub(super) fn settings(worker: &Worker) -> Settings {
    let site = &worker.site;
    let options = &site.configuration.options;
    let mut settings = Settings::new(worker.macros.value(b"j"));
    settings.greeting = match options.text("SmtpGreetingMessage") {
        Some(text) => worker.macros.expand_bytes(text),
        None => worker.expand(b"$j Sendmail $v ready at $b"),
    };
    settings.program = worker.expand(b"Sendmail $v");
    settings.help =
        site.path("HelpFile").and_then(|path| help_file::read(&path, options, &worker.macros));
    settings.limits = limits(site);
    settings.privacy = privacy(site);
    settings.allow_bogus_hello = options.flag("AllowBogusHELO", false);
    settings.soft_bounce = options.flag("SoftBounce", false);
    settings.check_other = worker.has_ruleset("check_other");
    settings
}

fn limits(site: &Site) -> Limits {
    let options = &site.configuration.options;
    let count = |name: &str, default: u32| {
        u32::try_from(options.number(name, i64::from(default))).unwrap_or(0)
    };
    Limits {
        message_size: u64::try_from(options.number("MaxMessageSize", 0)).unwrap_or(0),
        recipients: count("MaxRecipientsPerMessage", 0),
        bad_recipients: count("BadRcptThrottle", 0),
        shutdown_recipients: count("BadRcptShutdown", 0),
        shutdown_percent: count("BadRcptShutdownGood", 0),
        bad_commands: MAX_BAD_COMMANDS,
        noop: count("MaxNOOPCommands", 20),
        close_at_twice: options.number("MaxDaemonChildren", 0) > 0,
        deliver_by_min: options
            .bytes("DeliverByMin")
            .map_or(0, |value| cf_parser::options::time(&value, b's').0),
        reject_nul: options.flag("RejectNUL", false),
        reject_eight_bit: mime::mode(&site.configuration) == b's',
        ..Limits::default()
    }
}

/// PrivacyOptions: what is said adds up; `public` takes all back (OPT-242..OPT-257).
fn privacy(site: &Site) -> Privacy {
    let words = privacy_words(site);
    let has = |word: &str| words.contains(word);
    Privacy {
        need_mail_hello: has("needmailhelo"),
        need_expn_hello: has("needexpnhelo"),
        need_vrfy_hello: has("needvrfyhelo"),
        no_expn: has("noexpn"),
        no_vrfy: has("novrfy"),
        no_etrn: has("noetrn"),
        no_verb: has("noverb"),
        no_receipts: has("noreceipts"),
    }
}

/// Whether PrivacyOptions has a word.
pub(super) fn has_privacy(site: &Site, word: &str) -> bool {
    privacy_words(site).contains(word)
}

fn privacy_words(site: &Site) -> BTreeSet<&'static str> {
    let mut words = BTreeSet::new();
    let Found::Exact(option) = options::by_name(b"PrivacyOptions") else { return words };
    for setting in site.configuration.options.all("PrivacyOptions") {
        let value = ruleset_vm::macros::bytes(&setting.value);
        let flags = match options::interpret(option, None, &value).value {
            Some(OptionValue::Flags(flags)) => flags,
            _ => continue,
        };
        for flag in flags {
            match flag {
                "public" => words.clear(),
                "goaway" => words.extend(GO_AWAY),
                other => drop(words.insert(other)),
            }
        }
    }
    words
}

/// What one peer is offered: the options, the daemon's modifiers, then the answer of srv_features
/// (RS-137..RS-139). Returns the letters that mean nothing (RS-140).
pub(super) fn features(
    site: &Site,
    modifiers: &Modifiers,
    answer: &[Vec<u8>],
) -> (Features, Vec<Vec<u8>>) {
    let mut features = Features {
        dsn: site.configuration.options.flag("SendMimeErrors", true),
        etrn: !modifiers.has(b'E'),
        auth_required: modifiers.has(b'a') && !modifiers.has(b'A'),
        ..Features::default()
    };
    if modifiers.has(b'S') {
        features.starttls = StartTls::Disabled;
    }
    let mut complaints = Vec::new();
    for word in answer {
        let Some((&letter, variant)) = word.split_first() else { continue };
        let two = variant == b"2" && matches!(letter.to_ascii_lowercase(), b'u' | b'g');
        if !apply(&mut features, letter, two) {
            complaints.push([b"srv_features: unknown feature ", &[letter][..]].concat());
        } else if !variant.is_empty() && !two && letter.is_ascii_lowercase() {
            complaints.push([b"srv_features: unknown variant ", &word[..]].concat());
        }
    }
    (features, complaints)
}

/// Applies one letter. Lower case switches on what is offered or required, upper case off; `F O U G`
/// in upper case allow what is refused otherwise.
fn apply(features: &mut Features, letter: u8, two: bool) -> bool {
    let on = letter.is_ascii_lowercase();
    let bare = match (on, two) {
        (true, true) => BareEnd::Space,
        (true, false) => BareEnd::Refuse,
        (false, _) => BareEnd::Accept,
    };
    match letter.to_ascii_lowercase() {
        b'b' => features.verb = on,
        b'd' => features.dsn = on,
        b'e' => features.etrn = on,
        b'p' => features.pipelining = on,
        b'n' if on => features.pipelining = false,
        b'x' => features.expn = on,
        b's' if !on => features.starttls = StartTls::Disabled,
        b'f' => features.early_input = !on,
        b'h' => features.refuse_http = on,
        b'l' => features.auth_required = on,
        b'o' => features.lenient_end = !on,
        b'u' => features.bare_cr = bare,
        b'g' => features.bare_lf = bare,
        // Of no effect without AUTH and TLS.
        b'a' | b'c' | b'n' | b'r' | b's' | b'v' => {}
        _ => return false,
    }
    true
}

/// The times a session waits for its peer (OPT-220, OPT-222; no limit is an hour, the default).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waits {
    command: Duration,
    data_block: Duration,
    auth: Duration,
}

impl Waits {
    pub(super) fn of(site: &Site) -> Self {
        let value = |name: &str, default: u64| {
            let time = site.configuration.options.timeout(name).unwrap_or(0);
            let seconds = u64::try_from(time).ok().filter(|seconds| *seconds > 0);
            Duration::from_secs(seconds.unwrap_or(default))
        };
        Self {
            command: value("command", 3600),
            data_block: value("datablock", 3600),
            auth: value("auth", 600),
        }
    }

    pub(super) fn limit(&self, timeout: Timeout) -> Duration {
        match timeout {
            Timeout::Command => self.command,
            Timeout::DataBlock => self.data_block,
            Timeout::Auth => self.auth,
        }
    }
}
