//! Class `user`: the password database (MAP-036).

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};
use crate::answer::EX_NOUSER;
use crate::flags;
use crate::interpolate;
use crate::services::{Passwd, full_name};

/// Picks one field of an entry.
type Field = fn(&Passwd) -> Vec<u8>;

/// Names of `-v`, one row each.
static FIELDS: &[(&[u8], Field)] = &[
    (b"name", |user| user.name.clone()),
    // the password itself is never shown
    (b"passwd", |_| b"x".to_vec()),
    (b"uid", |user| user.uid.to_string().into_bytes()),
    (b"gid", |user| user.gid.to_string().into_bytes()),
    (b"gecos", |user| full_name(&user.gecos, &user.name)),
    (b"dir", |user| user.dir.clone()),
    (b"shell", |user| user.shell.clone()),
];

struct User {
    field: Option<Field>,
}

/// The shared flags; `-v` field name.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    let errors = flags::parse(common, arguments);
    Declared::with(User { field: None }, errors)
}

impl Class for User {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let column =
            if common.value_column.is_empty() { b"name" } else { &common.value_column[..] };
        self.field = FIELDS.iter().find(|(name, _)| *name == column).map(|(_, field)| *field);
        if self.field.is_none() {
            let name = &common.name;
            env.error([b"User map ", &name[..], b": unknown column name ", column].concat());
            return Opening::Failed;
        }
        Opening::Ready
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        // Names are looked up in lower case whatever the flags say, and `-m` returns them so (observed).
        let key = request.key.to_ascii_lowercase();
        match (env.services.passwd(&key), self.field) {
            (Ok(Some(user)), Some(field)) => {
                let value = field(&user);
                Answer::Found(interpolate::result(common, &key, &value, request.args))
            }
            (Ok(_), _) => Answer::NotFound { exit: EX_NOUSER },
            (Err(_), _) => Answer::tempfail(),
        }
    }
}
