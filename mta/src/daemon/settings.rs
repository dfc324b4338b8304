//! Options of the configuration as deliveries and queue runs read them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::post::file_mode;
use crate::config::site::Site;
use crate::config::{default_user, program_environment};
use crate::delivery::context::DeliverySettings;
use crate::delivery::timeouts::Timeouts;
use crate::queue::scheduling::QueueTimeouts;
use crate::sys::{errors, host_status_files};

/// What deliveries read.
pub(super) fn delivery(site: &Site, queue_directory: &Path) -> DeliverySettings {
    let configuration = &site.configuration;
    let options = &configuration.options;
    let own_name = site.value("j");
    let mut settings = DeliverySettings::new(default_user::of(configuration), &own_name);
    settings.environment = program_environment::of(configuration);
    settings.queue_directory = queue_directory.as_os_str().as_bytes().to_vec();
    settings.file_mode = file_mode(site, "TempFileMode");
    settings.safe_file_environment =
        options.bytes("SafeFileEnvironment").filter(|path| !path.is_empty());
    let blame = options.all("DontBlameSendmail").map(|s| ruleset_vm::macros::bytes(&s.value));
    let blame = blame.collect::<Vec<_>>().join(&b',').to_ascii_lowercase();
    let allows =
        |word: &str| blame.split(|b| !b.is_ascii_alphanumeric()).any(|w| w == word.as_bytes());
    settings.file_to_hard_link = allows("filedeliverytohardlink");
    settings.file_to_symlink = allows("filedeliverytosymlink");
    settings.timeouts = timeouts(site);
    settings.hosts.fallback_mx = options.bytes("FallbackMXhost").filter(|h| !h.is_empty());
    settings.hosts.fallback_smart_host =
        options.bytes("FallbackSmartHost").filter(|h| !h.is_empty());
    settings.hosts.try_null_mx_list = options.flag("TryNullMXList", false);
    if let Some(name) = options.text("HeloName") {
        settings.hello_name = configuration.macros.expand_bytes(name);
    }
    settings.connect_only_to = options
        .bytes("ConnectOnlyTo")
        .and_then(|text| String::from_utf8_lossy(&text).trim().parse().ok());
    settings.dial_delay = options.bytes("DialDelay").map_or(0, |value| seconds(&value, b's'));
    settings
}

fn timeouts(site: &Site) -> Timeouts {
    let mut timeouts = Timeouts::default();
    let set = |name: &str, field: &mut Duration| {
        if let Some(time) = site.configuration.options.timeout(name) {
            *field = Duration::from_secs(u64::try_from(time).unwrap_or(0));
        }
    };
    set("connect", &mut timeouts.connect);
    set("iconnect", &mut timeouts.initial_connect);
    set("aconnect", &mut timeouts.all_connects);
    set("initial", &mut timeouts.initial);
    set("helo", &mut timeouts.helo);
    set("lhlo", &mut timeouts.lhlo);
    set("mail", &mut timeouts.mail);
    set("rcpt", &mut timeouts.rcpt);
    set("datainit", &mut timeouts.data_init);
    set("datablock", &mut timeouts.data_block);
    set("datafinal", &mut timeouts.data_final);
    set("rset", &mut timeouts.rset);
    set("quit", &mut timeouts.quit);
    set("misc", &mut timeouts.misc);
    timeouts
}

/// `Timeout.queuereturn` and `Timeout.queuewarn` (OPT-236..OPT-239).
#[must_use]
pub fn queue_timeouts(site: &Site) -> QueueTimeouts {
    let mut limits = QueueTimeouts::default();
    let classes = ["normal", "urgent", "non-urgent", "dsn"];
    for (family, array) in [("queuereturn", &mut limits.give_up), ("queuewarn", &mut limits.warn)] {
        for (class, place) in classes.iter().zip(array.iter_mut()) {
            let time = site.configuration.options.timeout(&format!("{family}.{class}"));
            if let Some(time) = time {
                *place = u64::try_from(time).unwrap_or(0);
            }
        }
    }
    limits
}

/// A time with the default unit of its option.
#[must_use]
pub fn seconds(value: &[u8], unit: u8) -> u64 {
    if value.trim_ascii().eq_ignore_ascii_case(b"now") {
        return 0;
    }
    let (seconds, _) = cf_parser::options::time(value, unit);
    u64::try_from(seconds).unwrap_or(0)
}

/// HostStatusDirectory, relative to the queue directory; nothing if it cannot be used.
#[must_use]
pub fn host_status_directory(site: &Site) -> Option<PathBuf> {
    named_host_status_directory(site).filter(|path| host_status_files::usable(path).is_ok())
}

/// Why HostStatusDirectory is not used, where the configuration names one (observed); a relative one is looked for in
/// the queue directory, or where the process is.
#[must_use]
pub fn host_status_warning(site: &Site, in_queue: bool) -> Option<String> {
    let path = named_host_status_directory(site)?;
    let given = site.path("HostStatusDirectory")?;
    let error = host_status_files::usable(if in_queue { &path } else { &given }).err()?;
    let reason = errors::describe(&error);
    Some(format!("Warning: Cannot use HostStatusDirectory = {}: {reason}", given.display()))
}

/// Nothing if there is no connection cache to go with it (observed).
fn named_host_status_directory(site: &Site) -> Option<PathBuf> {
    let directory = site.path("HostStatusDirectory")?;
    if site.configuration.options.number("ConnectionCacheSize", 1) == 0 {
        return None;
    }
    let queue = site.path("QueueDirectory").unwrap_or_default();
    Some(queue.join(directory))
}

/// Timeout.hoststatus in seconds (OPT-233).
#[must_use]
pub fn host_status_validity(site: &Site) -> u64 {
    let validity = site.configuration.options.timeout("hoststatus");
    validity.map_or(1800, |seconds| u64::try_from(seconds).unwrap_or(0))
}
