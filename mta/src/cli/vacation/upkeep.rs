//! What is done with the database without a message: it is begun, shown, and gets addresses that are never answered.

use std::io::{BufRead, Read as _};

use ruleset_vm::Exit;

use super::Failure;
use super::ledger::shown;
use super::sender::MAX_ADDRESS;
use super::user::User;
use crate::cli::print_line;
use crate::message::date::{self, Moment};
use crate::sys::clock::{TimeZoneSpec, Zone};

/// Largest list of `-x`, bytes.
const MAX_LIST: u64 = 64 << 20;

/// `-l`
pub(super) fn list(user: &User<'_>) -> Result<(), Failure> {
    let zone = Zone::load(&TimeZoneSpec::Environment);
    let mut date = |time: i64| {
        let seconds = u64::try_from(time).unwrap_or(0);
        date::ctime(&Moment { seconds, offset: zone.offset_at(seconds).seconds })
    };
    let listed = user.ledger().for_each(&mut |key, value| {
        if let Some(line) = shown(key, value, &mut date) {
            print_line(&line);
        }
    });
    listed.map_err(|error| user.unusable(&error))
}

/// `-i` and `-x`
pub(super) fn keep(user: &User<'_>, input: impl BufRead) -> Result<(), Failure> {
    let request = user.request;
    let excluded = if request.exclude { exclusions(input)? } else { Vec::new() };
    let changed = user.ledger().change(request.initialize, |ledger| {
        if let Some(interval) = request.interval {
            ledger.set_interval(interval);
        }
        excluded.iter().for_each(|address| ledger.exclude(address));
        true
    });
    changed.map_err(|error| user.unusable(&error))
}

/// The lines of the list that can be addresses or domains.
fn exclusions(input: impl BufRead) -> Result<Vec<Vec<u8>>, Failure> {
    let mut text = Vec::new();
    let read = input.take(MAX_LIST + 1).read_to_end(&mut text);
    read.map_err(|error| Failure::input(&error))?;
    if text.len() as u64 > MAX_LIST {
        return Err(Failure::new(Exit::DATAERR, b"the list is too long".to_vec()));
    }
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let good = |line: &&[u8]| !line.is_empty() && line.len() <= MAX_ADDRESS && !line.contains(&0);
    Ok(lines.filter(good).map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_exclusions_have_one_address_a_line() {
        let list = b"a@b\n\n  lead@x\ntrail@x  \r\n@dom.test\n\0\nlast@x";
        let long = [&list[..], &vec![b'l'; MAX_ADDRESS + 1], b"\n"].concat();
        let expected = [&b"a@b"[..], b"  lead@x", b"trail@x", b"@dom.test"];
        let read = |list: &[u8]| exclusions(list).map_err(|failure| failure.text).unwrap();
        assert_eq!(read(list).get(..4).unwrap(), expected);
        assert_eq!(read(list).len(), 5);
        assert_eq!(read(&long).len(), 4);
    }
}
