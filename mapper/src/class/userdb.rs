//! Class `userdb`: one field of the user database (MAP-037, MAP-112).
//!
//! The database is a B-tree with keys `user:field`.

use super::database::DatabaseMap;
use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};
use crate::interpolate;

/// Longest key, bytes.
const MAX_KEY: usize = 128;

/// The field that has a default for all users.
const MAILNAME: &[u8] = b"mailname";

struct UserDb {
    database: DatabaseMap,
}

/// Shared flags; the file's place holds the field's name.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(UserDb { database: DatabaseMap::default() }, errors),
        Err(faulty) => faulty,
    }
}

impl Class for UserDb {
    fn open(&mut self, _common: &Common, _env: &mut Env<'_>) -> Opening {
        Opening::Ready
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let specification = env.settings.user_database.clone();
        for source in specification.split(|b| matches!(b, b',' | b' ' | b'\t')) {
            if source.first() != Some(&b'/') {
                continue;
            }
            let user = common.fold(request.key);
            if user.len() + 1 + common.file.len() > MAX_KEY {
                return Answer::MISS;
            }
            let file = Common {
                file: source.to_vec(),
                class: "btree",
                match_only: false,
                append: Vec::new(),
                ..common.clone()
            };
            if self.database.open_quietly(&file, env) != Opening::Ready {
                continue;
            }
            let mut ask = |key: &[u8]| {
                let inner = Request { key, args: request.args };
                match self.database.lookup(&file, inner, env) {
                    Answer::Found(value) => Some(value),
                    _ => None,
                }
            };
            let mut value = ask(&[&user[..], b":", &common.file].concat());
            // of those whose mail goes anywhere (observed)
            let known = |ask: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>| {
                ask(&[&user[..], b":maildrop"].concat()).is_some()
            };
            if value.is_none() && common.file == MAILNAME && known(&mut ask) {
                let domain = ask(&[b":default:", MAILNAME].concat());
                value = domain.map(|domain| [&user[..], b"@", &domain].concat());
            }
            if let Some(value) = value {
                return Answer::Found(interpolate::literal_result(common, request.key, &value));
            }
        }
        Answer::MISS
    }
}
