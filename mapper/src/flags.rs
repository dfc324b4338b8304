//! The flags that most classes share on a `K` line (MAP-007..MAP-022).

/// What a `K` line says of a map besides its class's own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Common {
    /// Name as declared.
    pub(crate) name: Vec<u8>,
    /// Class name.
    pub(crate) class: &'static str,
    /// `-o`: may be absent.
    pub(crate) optional: bool,
    /// `-N`: keys always end in a zero byte.
    pub(crate) with_nul: bool,
    /// `-O`: keys never end in a zero byte.
    pub(crate) without_nul: bool,
    /// `-f`: keep the key's case.
    pub(crate) keep_case: bool,
    /// `-m`: return the key, not the value.
    pub(crate) match_only: bool,
    /// `-A`: join the values of duplicate keys when building.
    pub(crate) append_duplicates: bool,
    /// `-q`: the key keeps its quotes.
    pub(crate) keep_quotes: bool,
    /// `-t`: a temporary failure counts as "not found".
    pub(crate) tempfail_is_miss: bool,
    /// `-D`: not asked in delivery mode `d`.
    pub(crate) not_deferred: bool,
    /// `-a`: appended to a value found.
    pub(crate) append: Vec<u8>,
    /// `-T`: appended to the key on a temporary failure.
    pub(crate) tempfail_append: Option<Vec<u8>>,
    /// `-k`: key column.
    pub(crate) key_column: Vec<u8>,
    /// `-v`: value column.
    pub(crate) value_column: Vec<u8>,
    /// `-z`: column delimiter or separator of several values.
    pub(crate) delimiter: Option<u8>,
    /// What stands between several values where a list is wanted and `-z` does not say: a comma in
    /// aliases, a blank in the words of a class.
    pub(crate) list_delimiter: Option<u8>,
    /// `-K` of class `ldap`: the arguments are keys as well.
    pub(crate) many_keys: bool,
    /// `-S`: replaces the spaces of the key.
    pub(crate) space_sub: Option<u8>,
    /// `-d`: time limit, seconds.
    pub(crate) timeout: Option<u32>,
    /// The file, server or table name: the first word after the flags.
    pub(crate) file: Vec<u8>,
    /// What follows the file name.
    pub(crate) rest: Vec<u8>,
    /// Whether the map holds aliases: open faults are not shown, and reading as text is allowed.
    pub(crate) aliases: bool,
}

impl Common {
    /// The key as the class searches it: lower case unless `-f`.
    pub(crate) fn fold(&self, key: &[u8]) -> Vec<u8> {
        if self.keep_case { key.to_vec() } else { key.to_ascii_lowercase() }
    }
}

/// What a flag letter does to the shared settings.
enum Effect {
    /// Sets a switch.
    Switch(fn(&mut Common)),
    /// Takes the rest of the word.
    Attached(fn(&mut Common, &[u8])),
    /// Takes the rest of the word, or if there is none the next word.
    Spaced(fn(&mut Common, &[u8])),
}

/// The shared flags, one row each (op guide 5.9; observed).
static FLAGS: &[(u8, Effect)] = &[
    (b'N', Effect::Switch(|c| c.with_nul = true)),
    (b'O', Effect::Switch(|c| c.without_nul = true)),
    (b'o', Effect::Switch(|c| c.optional = true)),
    (b'f', Effect::Switch(|c| c.keep_case = true)),
    (b'm', Effect::Switch(|c| c.match_only = true)),
    (b'A', Effect::Switch(|c| c.append_duplicates = true)),
    (b'q', Effect::Switch(|c| c.keep_quotes = true)),
    (b't', Effect::Switch(|c| c.tempfail_is_miss = true)),
    (b'D', Effect::Switch(|c| c.not_deferred = true)),
    (b'a', Effect::Attached(|c, v| c.append = v.to_vec())),
    (b'T', Effect::Attached(|c, v| c.tempfail_append = Some(v.to_vec()))),
    (b'k', Effect::Spaced(|c, v| c.key_column = v.to_vec())),
    (b'v', Effect::Spaced(|c, v| c.value_column = v.to_vec())),
    (b'z', Effect::Attached(|c, v| c.delimiter = Some(delimiter(v)))),
    (b'S', Effect::Attached(|c, v| c.space_sub = Some(v.first().copied().unwrap_or(b' ')))),
    (b'd', Effect::Attached(|c, v| c.timeout = Some(seconds(v)))),
];

/// The delimiter a `-z` value means: its first byte, or `\n`, `\t`; other escapes are a backslash.
/// Without a value it is a blank.
pub(crate) fn delimiter(value: &[u8]) -> u8 {
    match value {
        [b'\\', b'n', ..] => b'\n',
        [b'\\', b't', ..] => b'\t',
        [byte, ..] => *byte,
        [] => b' ',
    }
}

/// A time limit: a number with a unit letter; seconds if there is none.
fn seconds(value: &[u8]) -> u32 {
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = value
        .iter()
        .take(digits)
        .fold(0u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')));
    let unit = match value.get(digits) {
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        Some(b'w') => 604_800,
        _ => 1,
    };
    number.saturating_mul(unit)
}

/// The unit letter of a time limit if it is none.
fn bad_unit(value: &[u8]) -> Option<u8> {
    let unit = value.iter().copied().find(|b| !b.is_ascii_digit())?;
    (!matches!(unit, b's' | b'm' | b'h' | b'd' | b'w')).then_some(unit)
}

/// Cuts a class's arguments into words. Blanks of any kind separate (ctype's set).
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// What is left, without leading blanks.
    pub(crate) fn remainder(&self) -> &'a [u8] {
        self.rest.trim_ascii_start()
    }

    /// The next flag, as its letter and the rest of its word. A lone `-` gives what stands behind it as letter:
    /// a blank, or at the end nothing, which is zero.
    pub(crate) fn flag(&mut self) -> Option<(u8, &'a [u8])> {
        if self.remainder().first() != Some(&b'-') {
            return None;
        }
        let word = self.word();
        match word.get(1..) {
            Some([letter, value @ ..]) => Some((*letter, value)),
            _ if self.rest.is_empty() => Some((0, b"")),
            _ => Some((b' ', b"")),
        }
    }

    /// The value of a flag that may stand apart from it.
    pub(crate) fn spaced(&mut self, attached: &'a [u8]) -> &'a [u8] {
        if attached.is_empty() { self.word() } else { attached }
    }

    /// The next word, empty at the end.
    pub(crate) fn word(&mut self) -> &'a [u8] {
        let rest = self.remainder();
        let end = rest.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        word
    }
}

/// Applies one flag if it is among the shared ones; says whether it was.
pub(crate) fn apply<'a>(
    common: &mut Common,
    letter: u8,
    value: &'a [u8],
    words: &mut Words<'a>,
) -> bool {
    match FLAGS.iter().find(|(flag, _)| *flag == letter) {
        None => return false,
        Some((_, Effect::Switch(set))) => set(common),
        Some((_, Effect::Attached(set))) => set(common, value),
        Some((_, Effect::Spaced(set))) => set(common, words.spaced(value)),
    }
    true
}

/// Applies the first flag if it is one of these letters.
pub(crate) fn apply_first(common: &mut Common, arguments: &[u8], letters: &[u8]) {
    let mut words = Words::new(arguments);
    if let Some((letter, value)) = words.flag().filter(|(letter, _)| letters.contains(letter)) {
        apply(common, letter, value, &mut words);
    }
}

/// Reads flags, file name and rest as most classes do. Returns `Illegal option X map NAME` texts.
pub(crate) fn parse(common: &mut Common, arguments: &[u8]) -> Vec<Vec<u8>> {
    let mut errors = Vec::new();
    let mut words = Words::new(arguments);
    while let Some((letter, value)) = words.flag() {
        if !apply(common, letter, value, &mut words) {
            errors.push(illegal_option(letter, &common.name));
        } else if let (b'd', Some(unit)) = (letter, bad_unit(value)) {
            errors.push([b"Invalid time unit `", &[unit][..], b"'"].concat());
        }
    }
    let file = words.word();
    if !file.is_empty() {
        common.file = file.to_vec();
        common.rest = words.remainder().to_vec();
    }
    errors
}

/// The complaint about an unknown flag (MAP-006).
pub(crate) fn illegal_option(letter: u8, map: &[u8]) -> Vec<u8> {
    let mut text = b"Illegal option ".to_vec();
    // the message is a text of C
    if letter == 0 {
        return text;
    }
    text.push(letter);
    text.extend_from_slice(b" map ");
    text.extend_from_slice(map);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[u8]) -> (Common, Vec<Vec<u8>>) {
        let mut common = Common { name: b"m".to_vec(), ..Common::default() };
        let errors = parse(&mut common, arguments);
        (common, errors)
    }

    #[test]
    fn only_the_first_letter_of_a_word_counts() {
        // MAP-007; observed: `-fm` is `-f`
        let (common, errors) = parsed(b"-fm -aX -T<T> -k 2 -v3 -z\\t /a/b rest of it");
        assert!(errors.is_empty());
        assert!(common.keep_case && !common.match_only);
        assert_eq!(common.append, b"X");
        assert_eq!(common.tempfail_append.as_deref(), Some(&b"<T>"[..]));
        assert_eq!((&common.key_column[..], &common.value_column[..]), (&b"2"[..], &b"3"[..]));
        assert_eq!(common.delimiter, Some(b'\t'));
        assert_eq!((&common.file[..], &common.rest[..]), (&b"/a/b"[..], &b"rest of it"[..]));
    }

    #[test]
    fn unknown_flags_are_named() {
        // MAP-006
        let (common, errors) = parsed(b"-Q - -- /f");
        assert_eq!(
            errors,
            [&b"Illegal option Q map m"[..], b"Illegal option   map m", b"Illegal option - map m"]
        );
        assert_eq!(common.file, b"/f");
    }

    #[test]
    fn a_delimiter_without_value_is_a_blank() {
        // MAP-016; observed: `-z \t FILE` takes `\t` as the file
        let (common, _) = parsed(b"-z \\t /f");
        assert_eq!((common.delimiter, &common.file[..]), (Some(b' '), &b"\\t"[..]));
    }
}
