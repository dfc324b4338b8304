//! Class `userdb`: one field of the user database (MAP-037, MAP-112).
//!
//! The database is a B-tree with keys `user:field`.

use super::database::DatabaseMap;
use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};

/// Longest key, bytes.
const MAX_KEY: usize = 128;

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
            let field = &common.file;
            let key = [&common.fold(request.key)[..], b":", field].concat();
            if key.len() > MAX_KEY {
                return Answer::MISS;
            }
            let file = Common { file: source.to_vec(), class: "btree", ..common.clone() };
            if self.database.open_quietly(&file, env) != Opening::Ready {
                continue;
            }
            let inner = Request { key: &key, args: request.args };
            if let found @ Answer::Found(_) = self.database.lookup(&file, inner, env) {
                return found;
            }
        }
        Answer::MISS
    }
}
