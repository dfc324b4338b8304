//! The classes without data: `macro` (MAP-046), `syslog` (MAP-049) and `null` (MAP-050).

use cf_parser::debug::Category;
use cf_parser::names::parse_name;

use super::{Answer, Class, Common, Declared, Env, MapSet, Request};
use crate::answer::{EX_CONFIG, EX_NOTFOUND};
use crate::flags::{self, Words};

struct Macro;

/// The first flag counts if it is D or S (observed); all others are ignored.
pub(crate) fn declare_macro(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    flags::apply_first(common, arguments, b"DS");
    Declared::ok(Macro)
}

impl Class for Macro {
    fn lookup(&mut self, _common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        if request.key.is_empty() {
            return Answer::Found(Vec::new());
        }
        let parsed = parse_name(request.key);
        parsed.errors.into_iter().for_each(|text| env.error(text));
        let Some(name) = parsed.name else { return Answer::NotFound { exit: EX_CONFIG } };
        env.services.set_macro(name.as_bytes(), request.args.first().copied());
        Answer::Found(Vec::new())
    }
}

/// Level names of `-L` in the order of their numbers.
static LEVELS: [&[u8]; 8] =
    [b"EMERG", b"ALERT", b"CRIT", b"ERR", b"WARNING", b"NOTICE", b"INFO", b"DEBUG"];
const DEFAULT_LEVEL: u8 = 6;

struct Syslog {
    level: u8,
}

/// Flags D, S, T, L (level name, with or without `LOG_`).
pub(crate) fn declare_syslog(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    let mut errors = Vec::new();
    let mut level = DEFAULT_LEVEL;
    let mut words = Words::new(arguments);
    while let Some((letter, value)) = words.flag() {
        match letter {
            b'L' => {
                let name = words.spaced(value);
                match level_number(name) {
                    Some(number) => level = number,
                    None => {
                        errors.push([b"syslog_map_parseargs: Unknown priority ", name].concat());
                        return Declared::faulty(errors);
                    }
                }
            }
            b'D' | b'S' => {
                flags::apply(common, letter, value, &mut words);
            }
            // the class's name, not the map's (observed)
            _ => {
                errors.push(flags::illegal_option(letter, b"syslog"));
                break;
            }
        }
    }
    Declared::with(Syslog { level }, errors)
}

fn level_number(name: &[u8]) -> Option<u8> {
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix(b"LOG_").unwrap_or(&upper);
    let index = LEVELS.iter().position(|level| *level == bare)?;
    u8::try_from(index).ok()
}

impl Class for Syslog {
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        env.trace(Category::Maps, 20, || {
            let head = [b"syslog_map_lookup(", &common.name[..]].concat();
            let level = format!(" (priority {}): ", self.level).into_bytes();
            [&head, &level, request.key, b"\n"].concat()
        });
        env.log(self.level, None, &[request.key]);
        Answer::Found(Vec::new())
    }
}

struct Null;

/// The shared flags; no file.
pub(crate) fn declare_null(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    let errors = flags::parse(common, arguments);
    Declared::with(Null, errors)
}

impl Class for Null {
    fn lookup(&mut self, _common: &Common, _request: Request<'_>, _env: &mut Env<'_>) -> Answer {
        Answer::NotFound { exit: EX_NOTFOUND }
    }
}
