//! What a configuration starts from, taken from this host and this command line.

use ruleset_vm::load::HostFacts;

use super::arguments::Arguments;
use super::usage;
use crate::config::own_names;
use crate::message::date;
use crate::sys::clock::{self, TimeZoneSpec, Zone};
use crate::sys::{config_files, hostname, users};

/// The facts for one operation mode.
pub(super) fn gather(arguments: &Arguments, mode: u8) -> HostFacts {
    let own = hostname::identify(&mut own_names::Asking::default());
    let macros = arguments
        .all(b'M')
        .filter_map(|value| {
            let parsed = cf_parser::names::parse_name(value);
            Some((parsed.name?.as_bytes().to_vec(), parsed.rest.to_vec()))
        })
        .collect();
    HostFacts {
        name: own.canonical,
        node: own.node,
        aliases: own.class_w,
        date: today(),
        mode,
        user: users::own_name(),
        options: options(arguments),
        macros,
        processors: config_files::processors(),
        levels: arguments.levels(),
    }
}

/// The date of this moment, for `$b`.
pub(super) fn today() -> Vec<u8> {
    date::rfc822(&here_and_now())
}

/// This moment in the zone of the environment: TimeZoneSpec is not known yet.
fn here_and_now() -> date::Moment {
    let seconds = clock::now();
    let zone = Zone::load(&TimeZoneSpec::Environment);
    date::Moment { seconds, offset: zone.offset_at(seconds).seconds }
}

/// The options given as flags, as they would stand in the file.
fn options(arguments: &Arguments) -> Vec<Vec<u8>> {
    let texts = arguments.flags.iter().map(|(letter, value)| usage::option_text(*letter, value));
    texts.flatten().collect()
}
