//! Classes of Debian's build that need a directory service this build does not speak: their lines
//! are accepted as usual, every lookup is a temporary failure with a message.

use super::{Answer, Class, Common, Declared, Env, MapSet, Request, title};

struct Unsupported {
    told: bool,
}

impl Class for Unsupported {
    fn lookup(&mut self, common: &Common, _request: Request<'_>, env: &mut Env<'_>) -> Answer {
        if !self.told {
            self.told = true;
            env.error([&title(common)[..], b": this build cannot ask this class of map"].concat());
        }
        Answer::tempfail()
    }
}

/// NIS: `map[@domain]` (MAP-053).
pub(crate) fn declare_nis(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    with_file(common, arguments)
}

/// NIS+: a table (MAP-054).
pub(crate) fn declare_nisplus(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    with_file(common, arguments)
}

fn with_file(common: &mut Common, arguments: &[u8]) -> Declared {
    match super::parse_with_file(common, arguments) {
        Ok(errors) => Declared::with(Unsupported { told: false }, errors),
        Err(faulty) => faulty,
    }
}
