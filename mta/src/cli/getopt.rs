//! Command lines as the C library's `getopt` reads them for makemap, editmap and praliases: operands may
//! stand between the flags.

/// What is wrong with a flag, in the words of the C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FlagError {
    /// No such flag.
    #[error("invalid option -- '{}'", char::from(*.0))]
    Unknown(u8),
    /// The value is missing.
    #[error("option requires an argument -- '{}'", char::from(*.0))]
    NoValue(u8),
}

/// Reads words flag by flag; what is no flag gathers in `operands`.
pub(super) struct Getopt<'w> {
    /// The letters, with a colon behind those that take a value.
    letters: &'static [u8],
    words: std::slice::Iter<'w, Vec<u8>>,
    /// What is left of a word of flags.
    rest: &'w [u8],
    /// The words that are no flags, once there are no more flags.
    pub(super) operands: Vec<Vec<u8>>,
}

impl<'w> Getopt<'w> {
    pub(super) fn new(letters: &'static [u8], words: &'w [Vec<u8>]) -> Self {
        Self { letters, words: words.iter(), rest: b"", operands: Vec::new() }
    }

    /// The next word of flags.
    fn next_word(&mut self) -> Option<()> {
        while self.rest.is_empty() {
            let word = self.words.next()?;
            match word.as_slice() {
                b"--" => self.operands.extend(self.words.by_ref().cloned()),
                [b'-', rest @ ..] if !rest.is_empty() => self.rest = rest,
                _ => self.operands.push(word.clone()),
            }
        }
        Some(())
    }
}

impl<'w> Iterator for Getopt<'w> {
    /// A flag with its value, empty if it takes none.
    type Item = Result<(u8, &'w [u8]), FlagError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_word()?;
        let (&letter, rest) = self.rest.split_first()?;
        self.rest = rest;
        let place = self.letters.iter().position(|known| *known == letter && letter != b':');
        let Some(place) = place else { return Some(Err(FlagError::Unknown(letter))) };
        if self.letters.get(place + 1) != Some(&b':') {
            return Some(Ok((letter, b"")));
        }
        let attached = std::mem::take(&mut self.rest);
        let value = match attached.is_empty() {
            false => Some(attached),
            true => self.words.next().map(Vec::as_slice),
        };
        Some(value.map(|value| (letter, value)).ok_or(FlagError::NoValue(letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_operands_mix() {
        let read = |line: &str| {
            let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.into()).collect();
            let mut flags = Getopt::new(b"C:Nu", &words);
            let mut out = String::new();
            for flag in flags.by_ref() {
                out.push_str(&match flag {
                    Ok((letter, value)) => {
                        format!("{}={} ", char::from(letter), String::from_utf8_lossy(value))
                    }
                    Err(error) => format!("[{error}] "),
                });
            }
            out + &String::from_utf8_lossy(&flags.operands.join(&b'|'))
        };
        assert_eq!(read("-Nu hash x"), "N= u= hash|x");
        assert_eq!(read("hash -Cf x -C g -NCh"), "C=f C=g N= C=h hash|x");
        assert_eq!(read("-N -- -u - x"), "N= -u|-|x");
        assert_eq!(read("- x"), "-|x");
        assert_eq!(
            read("-Z: x -C"),
            "[invalid option -- 'Z'] [invalid option -- ':'] \
            [option requires an argument -- 'C'] x"
        );
    }
}
