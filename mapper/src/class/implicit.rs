//! Class `implicit`: a database if there is one, else, for alias files, the text (MAP-033).

use super::database::DatabaseMap;
use super::stab::Stab;
use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};
use crate::traces;

enum Implicit {
    Unopened,
    Database(DatabaseMap),
    Text(Stab),
}

/// Shared flags and a file name.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Implicit::Unopened, errors),
        Err(faulty) => faulty,
    }
}

impl Class for Implicit {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let mut database = DatabaseMap::default();
        if database.open_quietly(common, env) == Opening::Ready {
            *self = Self::Database(database);
            return Opening::Ready;
        }
        if common.aliases {
            let file = &common.file;
            let text =
                [b"WARNING: cannot open alias database ", &file[..], b"; reading text version"];
            env.message("", text.concat());
            traces::opening("stab", common, env);
            let mut stab = Stab::default();
            let opening = stab.open(common, env);
            *self = Self::Text(stab);
            return opening;
        }
        if common.optional { Opening::Absent } else { Opening::Failed }
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        match self {
            Self::Unopened => Answer::NotOpen,
            Self::Database(database) => {
                traces::looking_in("db_map_lookup", common, request.key, env);
                database.lookup(common, request, env)
            }
            Self::Text(stab) => {
                traces::looking_in("stab_lookup", common, request.key, env);
                stab.lookup(common, request, env)
            }
        }
    }
    fn has_none(&mut self, common: &Common, key: &[u8], round: u64) -> bool {
        match self {
            Self::Database(database) => database.has_none(common, key, round),
            Self::Unopened | Self::Text(_) => false,
        }
    }
}
