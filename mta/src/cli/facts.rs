//! What a configuration starts from, taken from this host and this command line.

use ruleset_vm::load::HostFacts;

use super::arguments::Arguments;
use crate::config::own_names;
use crate::message::date;
use crate::sys::{clock, config_files, hostname, users};

/// The facts for one operation mode.
pub(super) fn gather(arguments: &Arguments, mode: u8) -> HostFacts {
    let own = hostname::identify(&mut own_names::Asking::default());
    let uid = users::real_uid();
    let user = users::by_uid(uid).ok().flatten().map_or_else(Vec::new, |account| account.name);
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
        date: date::rfc822(&date::Moment::utc(clock::now())),
        mode,
        user,
        options: options(arguments),
        macros,
        processors: config_files::processors(),
        levels: arguments.levels(),
    }
}

/// The options given as flags, as they would stand in the file (CMD-045).
fn options(arguments: &Arguments) -> Vec<Vec<u8>> {
    let option = |(letter, value): &(u8, Vec<u8>)| match letter {
        b'O' => Some([b" ", value.as_slice()].concat()),
        b'o' => Some(value.clone()),
        b'v' => Some(b"v".to_vec()),
        _ => None,
    };
    arguments.flags.iter().filter_map(option).collect()
}
