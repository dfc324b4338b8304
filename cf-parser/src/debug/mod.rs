//! Debugging flags: what `-d` on the command line and in test mode asks for (CMD-031, CMD-108).
//!
//! [`CATEGORIES`] says what each category prints from which level on; the documentation page is made
//! from it.

mod table;
#[cfg(test)]
mod tests;

pub use table::{CATEGORIES, Category, Row, debug_markdown};

/// Categories are numbered from 0 to 99; larger numbers count as 99 (observed).
const COUNT: usize = 100;

/// The level of every category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    levels: [u8; COUNT],
    /// The named category `ANSI`: operators in reverse video.
    ansi: u8,
}

impl Default for Levels {
    fn default() -> Self {
        Self { levels: [0; COUNT], ansi: 0 }
    }
}

impl Levels {
    /// Applies the text behind `-d`. Nothing in it is an error: what cannot be read is skipped, as
    /// sendmail does.
    pub fn set(&mut self, text: &[u8]) {
        if text.is_empty() {
            // Without a text every category is on.
            self.levels = [1; COUNT];
            return;
        }
        let mut rest = text;
        loop {
            rest = trim_separators(rest);
            match rest.first() {
                // A pattern ends the text (observed).
                None | Some(b'*') => return,
                Some(b'0'..=b'9') => rest = self.set_numbered(rest),
                Some(_) => self.set_named(rest),
            }
            let end = rest.iter().position(is_separator).unwrap_or(rest.len());
            rest = rest.get(end..).unwrap_or_default();
        }
    }

    /// `21`, `21.12`, `20-24.5`; returns what follows.
    fn set_numbered<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let (first, mut rest) = number(text);
        let mut last = first;
        if let Some(behind) = rest.strip_prefix(b"-") {
            (last, rest) = number(behind);
        }
        let mut level = 1;
        if let Some(behind) = rest.strip_prefix(b".") {
            (level, rest) = number(behind);
        }
        let index = |number: u32| usize::try_from(number).unwrap_or(COUNT).min(COUNT - 1);
        // Levels are kept in one octet (observed).
        let [level, ..] = level.to_le_bytes();
        if let Some(range) = self.levels.get_mut(index(first)..index(last) + 1) {
            range.fill(level);
        }
        rest
    }

    /// `ANSI` or `ANSI.level`; other names stand for nothing here.
    fn set_named(&mut self, text: &[u8]) {
        let end = text.iter().position(is_separator).unwrap_or(text.len());
        let entry = text.get(..end).unwrap_or_default();
        let mut halves = entry.splitn(2, |byte| *byte == b'.');
        if halves.next() == Some(b"ANSI") {
            let [level, ..] = halves.next().map_or(1, |level| number(level).0).to_le_bytes();
            self.ansi = level;
        }
    }

    /// Whether the category is at this level or above.
    #[must_use]
    pub fn at(&self, category: Category, level: u8) -> bool {
        self.levels.get(category as usize).is_some_and(|set| *set >= level)
    }

    /// Whether the category is on at all.
    #[must_use]
    pub fn on(&self, category: Category) -> bool {
        self.at(category, 1)
    }

    /// Whether operators are shown in reverse video.
    #[must_use]
    pub fn ansi(&self) -> bool {
        self.ansi > 0
    }
}

fn is_separator(byte: &u8) -> bool {
    *byte == b',' || byte.is_ascii_whitespace()
}

fn trim_separators(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_separator(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// The digits in front, modulo 2^32 as sendmail counts, and what follows them.
fn number(text: &[u8]) -> (u32, &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let value = digits
        .iter()
        .fold(0u32, |n, digit| n.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
    (value, rest)
}
