//! Classes `nis` and `nisplus` where neither service runs, which is everywhere by now: their lines are
//! accepted as usual, the maps cannot be opened (MAP-053, MAP-054).

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};

struct Nis;

struct NisPlus;

/// `map[@domain]`.
pub(crate) fn declare_nis(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Nis, errors),
        Err(faulty) => faulty,
    }
}

/// A table.
pub(crate) fn declare_nisplus(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(NisPlus, errors),
        Err(faulty) => faulty,
    }
}

/// The map and the domain of `map@domain`.
pub(crate) fn split(file: &[u8]) -> (&[u8], Option<&[u8]>) {
    let at = file.iter().position(|byte| *byte == b'@').unwrap_or(file.len());
    (file.get(..at).unwrap_or_default(), file.get(at + 1..))
}

impl Class for Nis {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        if common.optional {
            return Opening::Absent;
        }
        env.error(match split(&common.file) {
            (map, Some(domain)) => {
                let head = [b"Cannot bind to map ", map, b" in domain ", domain].concat();
                [&head[..], b": Internal NIS error"].concat()
            }
            (map, None) => [b"NIS map ", map, b" specified, but NIS not running"].concat(),
        });
        Opening::Failed
    }

    fn lookup(&mut self, _common: &Common, _request: Request<'_>, _env: &mut Env<'_>) -> Answer {
        Answer::tempfail()
    }
}

impl Class for NisPlus {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        env.trace(Category::Maps, 2, || {
            [b"nisplus_map_open(", &common.file[..], b"): using domain (none).\n"].concat()
        });
        if common.optional { Opening::Absent } else { Opening::Failed }
    }

    fn lookup(&mut self, _common: &Common, _request: Request<'_>, _env: &mut Env<'_>) -> Answer {
        Answer::tempfail()
    }
}
