//! `C` and `F` lines: members of classes (CF-014, CF-048..CF-058).

use cf_parser::Span;
use cf_parser::item::ClassSource;
use cf_parser::text::{Name, Piece, Text};

use super::Loader;
use super::surroundings::Complaint;
use crate::macros::bytes;

/// How an `F` line reads each line of its input.
struct Format {
    skip: Vec<u8>,
    kind: Conversion,
}

enum Conversion {
    /// `%s`: the next word.
    Word,
    /// `%[…]`: the longest run of (or outside) a set of octets.
    Set { inside: Box<[bool; 256]> },
}

impl Loader<'_> {
    /// `Cx words`: split after expansion; `$=y` copies what class y has now.
    pub(super) fn class_words(&mut self, name: &Name, words: &Text, span: Span) {
        let words = self.expand(words, span);
        let classes = &mut self.configuration.classes;
        classes.id(name);
        let is_space = |p: &Piece| matches!(p, Piece::Byte(b) if b.is_ascii_whitespace());
        for word in words.split(is_space).filter(|word| !word.is_empty()) {
            match word {
                [Piece::Class(from)] => classes.copy(name, from),
                word => classes.add(name, &bytes(word)),
            }
        }
    }

    /// `Fx…`
    pub(super) fn class_source(
        &mut self,
        name: &Name,
        optional: bool,
        source: &ClassSource,
        span: Span,
    ) {
        self.configuration.classes.id(name);
        match source {
            ClassSource::File { path, format } => {
                let path = bytes(&self.expand(path, span));
                let options = &self.configuration.options;
                let lenient = options.has_word("DontBlameSendmail", "ClassFileInUnsafeDirPath");
                let found = self.surroundings.class_file(&path, lenient);
                self.class_lines(name, optional, found, format.as_ref(), span);
            }
            ClassSource::Program { command, format } => {
                let command = bytes(&self.expand(command, span));
                let found = self.surroundings.class_program(&command);
                self.class_lines(name, optional, found, format.as_ref(), span);
            }
            ClassSource::Lookup { key, spec } => {
                let key = bytes(&self.expand(key, span));
                let spec = bytes(&self.expand(spec, span));
                match self.surroundings.class_lookup(&key, &spec) {
                    Ok(value) => self.add_words(name, &value.unwrap_or_default()),
                    Err(complaints) if !optional => self.complain(span, complaints),
                    Err(_) => {}
                }
            }
        }
    }

    fn class_lines(
        &mut self,
        name: &Name,
        optional: bool,
        found: Result<Vec<u8>, Complaint>,
        format: Option<&Text>,
        span: Span,
    ) {
        let contents = match found {
            Ok(contents) => contents,
            Err(complaint) => {
                if !optional {
                    let text = [b"fileclass: ", complaint.text.as_slice()].concat();
                    self.say(span, text, complaint.exit);
                }
                return;
            }
        };
        let format = format.map_or_else(Format::default, |text| Format::parse(&bytes(text)));
        for line in contents.split(|b| *b == b'\n') {
            if line.first() != Some(&b'#') {
                let member = format.scan(line).to_vec();
                self.add_words(name, &member);
            }
        }
    }

    fn add_words(&mut self, name: &Name, words: &[u8]) {
        for word in words.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            self.configuration.classes.add(name, word);
        }
    }
}

impl Default for Format {
    fn default() -> Self {
        Self { skip: Vec::new(), kind: Conversion::Word }
    }
}

impl Format {
    /// Reads a `scanf` format with one conversion; anything else in it must match the line.
    fn parse(format: &[u8]) -> Self {
        let format = format.trim_ascii();
        let Some(percent) = format.iter().position(|b| *b == b'%') else {
            return Self::default();
        };
        let skip = format[..percent].to_vec();
        let conversion = &format[percent + 1..];
        let conversion =
            &conversion[conversion.iter().take_while(|b| b.is_ascii_digit()).count()..];
        match conversion.strip_prefix(b"[") {
            Some(set) => Self { skip, kind: Conversion::set(set) },
            None => Self { skip, kind: Conversion::Word },
        }
    }

    fn scan<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let mut line = line;
        for expected in &self.skip {
            if expected.is_ascii_whitespace() {
                line = line.trim_ascii_start();
            } else if line.first() == Some(expected) {
                line = &line[1..];
            } else {
                return b"";
            }
        }
        match &self.kind {
            Conversion::Word => {
                let line = line.trim_ascii_start();
                &line[..line.iter().take_while(|b| !b.is_ascii_whitespace()).count()]
            }
            Conversion::Set { inside } => {
                &line[..line.iter().take_while(|b| inside[usize::from(**b)]).count()]
            }
        }
    }
}

impl Conversion {
    fn set(text: &[u8]) -> Self {
        let (negate, text) = match text.strip_prefix(b"^") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        // A bracket directly behind the opening one belongs to the set.
        let end = text.iter().skip(1).position(|b| *b == b']').map_or(text.len(), |at| at + 1);
        let members = &text[..end];
        let mut inside = Box::new([negate; 256]);
        let mut at = 0;
        while let Some(&low) = members.get(at) {
            let high = match members.get(at + 1..at + 3) {
                Some(&[b'-', high]) => {
                    at += 2;
                    high
                }
                _ => low,
            };
            (low..=high).for_each(|byte| inside[usize::from(byte)] = !negate);
            at += 1;
        }
        Self::Set { inside }
    }
}
