//! Cracking an address: what surrounds the address proper in a header field.
//!
//! `Joe (x) <a@b>` becomes `Joe (x) <` and `>`, and the address may be replaced between them (RS-087,
//! CMD-114: `Cracked address = Joe (x) <$g>`). Phrases which an angle address would leave with
//! unquoted special characters get quotes, comments beside a bare address are kept with one blank,
//! unbalanced brackets are closed or dropped. Everything here is observed with `/parse`.

/// Characters that must be quoted in a phrase, whatever the configuration says (op guide,
/// MustQuoteChars).
const ALWAYS_QUOTED: &[u8] = b"@,;:\\()[]";

/// Longest template, `$g` counted as two bytes; anything longer becomes `<$g>` (observed).
const LIMIT: usize = 255;

/// The options that change the outcome.
#[derive(Clone, Copy, Debug)]
pub struct CrackOptions<'a> {
    /// ColonOkInAddr: a colon does not start a group.
    pub colon_ok: bool,
    /// MustQuoteChars: quoted in a phrase beside `@,;:\()[]`.
    pub must_quote: &'a [u8],
}

impl<'a> CrackOptions<'a> {
    /// The options as a configuration has them; MustQuoteChars may not be set.
    #[must_use]
    pub fn new(colon_ok: bool, must_quote: Option<&'a [u8]>) -> Self {
        Self { colon_ok, must_quote: must_quote.unwrap_or(Self::default().must_quote) }
    }
}

impl Default for CrackOptions<'_> {
    fn default() -> Self {
        Self { colon_ok: false, must_quote: b".'" }
    }
}

/// What stands around the address proper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cracked {
    /// Text before the address, or all of it when there is no address.
    pub before: Vec<u8>,
    /// Whether there is a place for an address; `<>` has none.
    pub has_address: bool,
    /// Text behind the address.
    pub after: Vec<u8>,
}

impl Cracked {
    /// The field with `address` in its place.
    #[must_use]
    pub fn fill(&self, address: &[u8]) -> Vec<u8> {
        let address = if self.has_address { address } else { b"" };
        [self.before.as_slice(), address, &self.after].concat()
    }

    /// The template as `-bt` shows it.
    #[must_use]
    pub fn template(&self) -> Vec<u8> {
        self.fill(b"$g")
    }

    /// What is left when a template cannot be told: the address in angle brackets.
    fn bare() -> Self {
        Self { before: b"<".to_vec(), has_address: true, after: b">".to_vec() }
    }
}

/// Cracks one address with the default options. Time and space are linear.
#[must_use]
pub fn crack(address: &[u8]) -> Cracked {
    crack_with(address, &CrackOptions::default())
}

/// Cracks one address.
#[must_use]
pub fn crack_with(address: &[u8], options: &CrackOptions<'_>) -> Cracked {
    let start = address.iter().take_while(|b| is_space(**b)).count();
    let mut cracker = Cracker {
        input: address.get(start..).unwrap_or_default(),
        options,
        at: 0,
        out: Vec::new(),
        place: None,
        phrase: 0,
        out_phrase: 0,
        copying: false,
        comments: 0,
        copied_comments: 0,
        brackets: 0,
        quoted: false,
        quote_copied: false,
        has_special: false,
        open_angle: false,
        seen_angle: false,
        seen_group: false,
        failed: false,
    };
    while !cracker.failed && cracker.step() {}
    cracker.finish()
}

/// The white space of isspace(3).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

struct Cracker<'a> {
    input: &'a [u8],
    options: &'a CrackOptions<'a>,
    at: usize,
    out: Vec<u8>,
    /// Where in `out` the address belongs.
    place: Option<usize>,
    /// Start of the current phrase in the input, behind a group's colon if there is one.
    phrase: usize,
    /// The same in `out`.
    out_phrase: usize,
    /// Text is copied as it comes: behind a closed angle bracket.
    copying: bool,
    comments: usize,
    /// Comments opened while there was room.
    copied_comments: usize,
    brackets: i32,
    quoted: bool,
    quote_copied: bool,
    has_special: bool,
    open_angle: bool,
    seen_angle: bool,
    seen_group: bool,
    failed: bool,
}

impl Cracker<'_> {
    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn copies(&self) -> bool {
        self.copying || self.comments > 0
    }

    /// Appends, leaving room for the brackets that are still to be closed.
    fn put(&mut self, byte: u8) {
        let reserved = self.copied_comments + usize::from(self.open_angle);
        let length = self.out.len() + if self.place.is_some() { 2 } else { 0 };
        if length + reserved >= LIMIT {
            self.failed = true;
        } else {
            self.out.push(byte);
        }
    }

    /// One character; false at the end.
    fn step(&mut self) -> bool {
        let Some(byte) = self.peek() else { return false };
        self.at += 1;
        if self.quote_copied {
            // Text in quotes behind the angle brackets cannot be told (observed).
            self.failed = true;
            return false;
        }
        if self.copies() {
            self.put(byte);
        }
        match byte {
            b'\\' => self.escape(),
            b'"' if self.comments == 0 => {
                self.quoted = !self.quoted;
                self.quote_copied = self.copying;
            }
            _ if self.quoted => self.address(),
            b'(' => self.open_comment(),
            _ if self.comments > 0 => self.in_comment(byte),
            _ => self.plain(byte),
        }
        true
    }

    fn escape(&mut self) {
        if self.comments == 0 && !self.quoted {
            self.has_special = true;
        }
        if let Some(next) = self.peek() {
            self.at += 1;
            if self.copies() {
                self.put(next);
            }
        }
        self.address();
    }

    fn open_comment(&mut self) {
        self.comments += 1;
        self.copied_comments += 1;
        if self.comments > 1 || self.copying {
            return;
        }
        if self.out.len() > self.out_phrase || self.place.is_some() {
            self.put(b' ');
        }
        // The reserve for the closing parenthesis does not weigh on the opening one.
        self.copied_comments -= 1;
        self.put(b'(');
        self.copied_comments += 1;
    }

    fn in_comment(&mut self, byte: u8) {
        if byte == b')' {
            self.comments -= 1;
            self.copied_comments = self.copied_comments.saturating_sub(1);
        }
    }

    fn plain(&mut self, byte: u8) {
        match byte {
            b')' => self.uncopy(),
            b'[' => self.brackets += 1,
            b']' => self.brackets -= 1,
            b':' if self.starts_group() => {
                if matches!(self.peek(), Some(b':' | b'.')) {
                    self.decnet();
                } else {
                    self.group();
                }
                return;
            }
            b';' if !self.copying && !self.options.colon_ok => self.put(byte),
            _ => {}
        }
        if ALWAYS_QUOTED.contains(&byte) || self.options.must_quote.contains(&byte) {
            self.has_special = true;
        }
        match byte {
            b'<' => self.angle(),
            b'>' => self.close_angle(),
            _ => self.address(),
        }
    }

    fn starts_group(&self) -> bool {
        let open = self.open_angle || self.brackets > 0;
        !open && !self.seen_group && !self.options.colon_ok
    }

    /// `host::user` and `user@DEC:.host`: the colons belong to the address. Behind an address in angle
    /// brackets the first comes out twice (observed).
    fn decnet(&mut self) {
        self.has_special = true;
        if let Some(second) = self.peek()
            && self.copying
        {
            self.put(b':');
            self.put(second);
        }
        self.at += 1;
        self.address();
    }

    /// Everything up to the colon is a group's name.
    fn group(&mut self) {
        self.seen_group = true;
        self.restart(false);
        while let Some(byte) = self.peek().filter(|b| is_space(*b)) {
            self.put(byte);
            self.at += 1;
        }
        self.phrase = self.at;
        self.out_phrase = self.out.len();
    }

    /// Everything up to the bracket was a phrase, not an address.
    fn angle(&mut self) {
        // Of two opening brackets the first is taken for a part of the phrase.
        let again = self.seen_angle;
        self.has_special |= again;
        self.seen_angle = true;
        self.open_angle = false;
        self.restart(again);
        self.open_angle = true;
    }

    /// Writes the phrase anew from the input, quoted if it must be, with the sign that ended it. Behind
    /// an earlier angle bracket (`again`) even no words are quoted (observed).
    fn restart(&mut self, again: bool) {
        self.out.truncate(self.out_phrase);
        self.place = None;
        let input = self.input;
        let phrase = input.get(self.phrase..self.at).unwrap_or_default();
        if !self.has_special {
            phrase.iter().for_each(|&byte| self.put(byte));
        } else {
            let end = self.at.saturating_sub(1);
            let before = input.get(..end).unwrap_or_default();
            let spaces = before.iter().rev().take_while(|b| is_space(**b)).count();
            let words = input.get(self.phrase..end - spaces).unwrap_or_default();
            let quote = again || !words.is_empty();
            if quote {
                self.put(b'"');
            }
            for &byte in words {
                if byte == b'"' {
                    self.put(b'\\');
                }
                self.put(byte);
            }
            if quote {
                self.put(b'"');
            }
            let first = if again { end - spaces } else { self.phrase.max(end - spaces) };
            input.get(first..self.at).unwrap_or_default().iter().for_each(|&byte| self.put(byte));
        }
        self.copying = false;
        self.has_special = false;
    }

    fn close_angle(&mut self) {
        if !self.open_angle {
            self.uncopy();
            self.has_special = true;
            return;
        }
        self.open_angle = false;
        if !self.copying {
            self.put(b'>');
            self.copying = true;
        }
    }

    /// Takes back an unmatched bracket that was copied.
    fn uncopy(&mut self) {
        if self.copying && self.out.len() > self.out_phrase {
            self.out.pop();
        }
    }

    /// A character of the address proper: its place is here.
    fn address(&mut self) {
        if self.copies() || self.place.is_some() {
            return;
        }
        if self.out.last() == Some(&b')') {
            self.put(b' ');
        }
        self.place = Some(self.out.len());
        self.failed |= self.out.len() + 2 + usize::from(self.open_angle) > LIMIT;
    }

    fn finish(mut self) -> Cracked {
        if self.failed {
            return Cracked::bare();
        }
        if self.quote_copied {
            self.out.push(b'"');
        }
        let comments = self.comments;
        self.out.extend(std::iter::repeat_n(b')', comments));
        if self.open_angle {
            self.out.push(b'>');
        }
        let length = self.out.len();
        let after = self.out.split_off(self.place.unwrap_or(length));
        Cracked { before: self.out, has_address: self.place.is_some(), after }
    }
}

#[cfg(test)]
mod tests;
