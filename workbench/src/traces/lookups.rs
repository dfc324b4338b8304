//! Category 60: lookups in rules.

use cf_parser::debug::{Category, Levels};
use mapper::{Answer, Lookup};

/// The head of a lookup; what the map has to say comes between it and the answer.
#[must_use]
pub fn asked(levels: &Levels, map: &[u8], key: &[u8], args: &[&[u8]], lookup: &Lookup) -> Vec<u8> {
    let mut out = [b"map_lookup(", map, b", ", key].concat();
    if levels.at(Category::Lookups, 5) && !lookup.deferred {
        for (number, arg) in std::iter::once(&key).chain(args).enumerate() {
            out.extend(format!(", %{number}=").into_bytes());
            out.extend_from_slice(arg);
        }
    }
    out.extend_from_slice(b") => ");
    out
}

/// The end of the line that [`asked`] began.
#[must_use]
pub fn answered(map: &[u8], key: &[u8], lookup: &Lookup) -> Vec<u8> {
    if lookup.deferred {
        return b"DEFERRED\n".to_vec();
    }
    let answer = &lookup.answer;
    let value = match answer {
        Answer::Found(value) => value.as_slice(),
        _ => b"NOT FOUND",
    };
    let mut out = value.to_vec();
    out.extend(format!(" ({}), ad=0\n", answer.exit()).into_bytes());
    if let Answer::Temporary { sets_status, substitute, .. } = answer {
        if *sets_status {
            out.extend([b"map_lookup(", map, b", ", key, b") tempfail: errno=0\n"].concat());
        }
        if let Some(value) = substitute {
            out.extend([b"map_lookup tempfail: returning \"", &value[..], b"\"\n"].concat());
        }
    }
    out
}
