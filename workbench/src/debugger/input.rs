//! A line that is typed.

use super::keys::Key;

/// The longest line: the longest of a file is far shorter.
const LONGEST: usize = 32_768;

/// Text, and where in it the next character goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Input {
    before: Vec<u8>,
    /// What stands behind the cursor.
    after: Vec<u8>,
}

impl Input {
    /// A text, the cursor at its end.
    pub(super) fn new(text: &[u8]) -> Self {
        Self { before: text.to_vec(), after: Vec::new() }
    }

    pub(super) fn text(&self) -> Vec<u8> {
        [&self.before[..], &self.after].concat()
    }

    /// What stands before the cursor, and what is at it or behind.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        (&self.before, &self.after)
    }

    /// Takes a key; whether it was one of a line.
    pub(super) fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Character(character) => self.put(character),
            Key::Tab => self.put('\t'),
            Key::Backspace | Key::Control('h') => drop(self.pop()),
            Key::Delete | Key::Control('d') => drop(self.shift()),
            Key::Left | Key::Control('b') => {
                if let Some(character) = self.pop() {
                    self.after.splice(0..0, character);
                }
            }
            Key::Right | Key::Control('f') => {
                if let Some(character) = self.shift() {
                    self.before.extend(character);
                }
            }
            Key::Home | Key::Control('a') => {
                self.after.splice(0..0, std::mem::take(&mut self.before));
            }
            Key::End | Key::Control('e') => self.before.append(&mut self.after),
            Key::Control('u') => self.before.clear(),
            Key::Control('k') => self.after.clear(),
            Key::Control('w') => {
                let kept = self.before.trim_ascii_end();
                let end = kept.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
                self.before.truncate(end);
            }
            _ => return false,
        }
        true
    }

    fn put(&mut self, character: char) {
        if self.before.len() + self.after.len() < LONGEST {
            self.before.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Takes the character before the cursor: UTF-8, or an octet that is not.
    fn pop(&mut self) -> Option<Vec<u8>> {
        let tail = self.before.iter().rev().take(4);
        let length = tail.take_while(|byte| (0x80..0xc0).contains(*byte)).count() + 1;
        let start = self.before.len().saturating_sub(length);
        let whole = std::str::from_utf8(self.before.get(start..)?)
            .is_ok_and(|text| text.chars().count() == 1);
        let start = if whole { start } else { self.before.len().checked_sub(1)? };
        Some(self.before.split_off(start))
    }

    /// Takes the character at the cursor.
    fn shift(&mut self) -> Option<Vec<u8>> {
        let head = self.after.get(..self.after.len().min(4))?;
        let first = head.utf8_chunks().next()?.valid().chars().next();
        let length = first.map_or(1, char::len_utf8);
        Some(self.after.drain(..length).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &[u8], keys: &[Key]) -> Vec<u8> {
        let mut input = Input::new(text);
        for key in keys {
            input.key(*key);
        }
        let (before, after) = input.parts();
        [before, b"|", after].concat()
    }

    #[test]
    fn keys_of_a_line() {
        use Key::{Backspace, Character, Control, Delete, End, Home, Left, Right, Tab};
        for (text, keys, result) in [
            (&b"ab"[..], &[Left, Character('x')][..], &b"ax|b"[..]),
            (b"ab", &[Home, Right, Tab], b"a\t|b"),
            ("a\u{fc}".as_bytes(), &[Backspace], b"a|"),
            ("a\u{fc}".as_bytes(), &[Left, Left], "|a\u{fc}".as_bytes()),
            ("\u{fc}b".as_bytes(), &[Home, Delete], b"|b"),
            (b"a\xff", &[Left], b"a|\xff"),
            (b"\xffa", &[Home, Right], b"\xff|a"),
            (b"\x80\x80", &[Backspace, Backspace, Backspace], b"|"),
            (b"one two ", &[Control('w')], b"one |"),
            (b"one two", &[Left, Left, Control('k')], b"one t|"),
            (b"one two", &[Left, Left, Control('u'), End], b"wo|"),
            (b"", &[Backspace, Delete, Left, Right], b"|"),
        ] {
            assert_eq!(typed(text, keys), result, "{keys:?}");
        }
    }
}
