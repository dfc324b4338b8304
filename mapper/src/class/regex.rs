//! Class `regex`: POSIX regular expressions (MAP-042).

use super::unscannable::{Balance, Counting};
use super::{Answer, Class, Common, Declared, Env, MapSet, Request, severity};
use crate::flags::{self, Words};
use crate::interpolate;
use crate::posix_regex::{PatternOptions, PosixRegex, Span, TooManySteps};

/// The byte that stands for `$|` in an address: the default delimiter of substrings.
pub const SUBSTRING_DELIMITER: u8 = 0x9b;
/// Most substrings that can be asked for.
const MAX_FIELDS: usize = 31;

const COUNTING: Counting = Counting { comments_hide_brackets: false, in_order: false, tabs: false };

struct Regex {
    regex: PosixRegex,
    negated: bool,
    /// `-s`: which groups are returned, 0 the whole; none: no text.
    fields: Option<Vec<usize>>,
    delimiter: Vec<u8>,
}

/// Flags n, f, b, s, d and the shared a, m, q, S, D, T, t; others are ignored. What follows them is
/// the pattern.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    let mut negated = false;
    let mut options = PatternOptions::default();
    let mut fields: Option<&[u8]> = None;
    let mut delimiter = vec![SUBSTRING_DELIMITER];
    let mut words = Words::new(arguments);
    while let Some((letter, value)) = words.flag() {
        match letter {
            b'n' => negated = true,
            b'f' => options.case_sensitive = true,
            b'b' => options.basic = true,
            b's' => fields = Some(value),
            b'd' => delimiter = value.to_vec(),
            b'a' | b'm' | b'q' | b'S' | b'D' | b'T' | b't' => {
                flags::apply(common, letter, value, &mut words);
            }
            _ => {}
        }
    }
    let regex = match PosixRegex::new(words.remainder().trim_ascii_end(), options) {
        Ok(regex) => regex,
        Err(error) => {
            let text = format!("pattern-compile-error: {error}").into_bytes();
            return Declared::faulty(vec![text]);
        }
    };
    let fields = match fields {
        None => None,
        Some(b"") => Some((0..=regex.groups()).take(MAX_FIELDS).collect()),
        Some(list) => match field_list(list, regex.groups()) {
            Ok(fields) => Some(fields),
            Err(text) => return Declared::faulty(vec![text]),
        },
    };
    Declared::ok(Regex { regex, negated, fields, delimiter })
}

/// Reads `n,n,...`; what is no number counts as 0.
fn field_list(list: &[u8], groups: usize) -> Result<Vec<usize>, Vec<u8>> {
    let fields = list.split(|&b| b == b',').take(MAX_FIELDS);
    fields
        .map(|text| {
            let number = super::arith::number(text);
            match usize::try_from(number) {
                Ok(field) if field <= groups => Ok(field),
                _ => {
                    let total = groups + 1;
                    let text = format!(
                        "field ({number}) out of range, only {total} substrings in pattern"
                    );
                    Err(text.into_bytes())
                }
            }
        })
        .collect()
}

impl Class for Regex {
    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let fields = match (&self.fields, self.negated, common.match_only) {
            (Some(fields), false, false) => fields.clone(),
            _ => return self.without_fields(common, request, env),
        };
        let groups = match self.regex.captures(request.key) {
            Ok(Some(groups)) => groups,
            Ok(None) => return Answer::MISS,
            Err(error) => return too_long(common, &error, env),
        };
        let fields = match request.args.first() {
            None => fields,
            Some(list) => match field_list(list, self.regex.groups()) {
                Ok(fields) => fields,
                Err(text) => {
                    env.error(text);
                    return Answer::MISS;
                }
            },
        };
        let parts = parts(request.key, &groups, &fields);
        // what stands between the parts does not count (observed)
        let mut balance = Balance::new(COUNTING);
        parts.iter().copied().flatten().for_each(|&byte| balance.take(byte));
        if !balance.is_closed() {
            let head = b"regex may cause prescan() failure map=";
            env.log(severity::WARNING, None, &[head, &common.name, b" lookup=", request.key]);
            return Answer::MISS;
        }
        let value = parts.join(&self.delimiter[..]);
        Answer::Found(interpolate::result(common, request.key, &value, request.args))
    }
}

/// The parts of the key that groups have matched.
fn parts<'k>(key: &'k [u8], groups: &[Option<Span>], fields: &[usize]) -> Vec<&'k [u8]> {
    let part = |&field: &usize| match groups.get(field) {
        Some(Some((from, to))) => key.get(*from..*to).unwrap_or_default(),
        _ => b"",
    };
    fields.iter().map(part).collect()
}

/// A pattern that cannot be decided in time decides nothing: the mail waits.
fn too_long(common: &Common, error: &TooManySteps, env: &mut Env<'_>) -> Answer {
    let text = format!(": {error}").into_bytes();
    env.log(severity::WARNING, None, &[b"regex map ", &common.name, &text]);
    Answer::tempfail()
}

impl Regex {
    fn without_fields(&self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        match self.regex.is_match(request.key) {
            Ok(found) if found == self.negated => return Answer::MISS,
            Ok(_) => {}
            Err(error) => return too_long(common, &error, env),
        }
        Answer::Found(interpolate::literal_result(common, request.key, b""))
    }
}
