//! Canonical cf text: what it says reads back to the same directives.

use crate::item::{
    ClassSource, Config, Directive, Equate, Header, HeaderAction, HeaderCondition, OptionLine,
};
use crate::munch::ESCAPES;
use crate::options;
use crate::text::{Name, Op, Piece, write};
use crate::translate::is_space;

/// Writes a configuration as a cf file. For a configuration [`crate::parse`] gave, the result
/// reads back to the same directives, places aside.
///
/// A value the format cannot hold (a line break without a blank behind it in a header template,
/// trailing blanks in a class) is written as near as possible.
#[must_use]
pub fn print(config: &Config) -> Vec<u8> {
    let mut printer = Printer { out: Vec::new(), level: 0 };
    for item in &config.items {
        printer.directive(&item.directive);
    }
    printer.out
}

struct Printer {
    out: Vec<u8>,
    /// The level at this place: comments, and so `\#`, exist from 3 on.
    level: i32,
}

impl Printer {
    fn directive(&mut self, directive: &Directive) {
        let start = self.out.len();
        match directive {
            Directive::Class { name, words } => {
                self.named(b'C', name);
                self.raw(words);
            }
            Directive::Macro { name, value } => {
                self.named(b'D', name);
                self.munched(value, None);
                // A blank for a name would be cut off the end of the line.
                if value.is_empty() && name.as_bytes().first().is_some_and(|b| is_space(*b)) {
                    self.out.extend_from_slice(b"\"\"");
                }
            }
            Directive::Environment { name, value } => {
                self.out.push(b'E');
                self.bytes(name);
                if let Some(value) = value {
                    self.out.push(b'=');
                    self.raw(value);
                }
            }
            Directive::ClassSource { name, optional, source } => {
                self.source(name, *optional, source)
            }
            Directive::Header(header) => self.header(header),
            Directive::Map(text) => {
                self.out.push(b'K');
                self.raw(text);
            }
            Directive::Mailer { name, equates } => self.equates(b'M', name, equates),
            Directive::QueueGroup { name, equates } => self.equates(b'Q', name, equates),
            Directive::Milter { name, equates } => self.equates(b'X', name, equates),
            Directive::Option(option) => self.option(option),
            Directive::Precedence { name, value } => {
                self.out.push(b'P');
                self.bytes(name);
                self.out.extend_from_slice(format!("={value}").as_bytes());
            }
            Directive::Rule { lhs, rhs, comment } => self.rule(lhs, rhs, comment),
            Directive::Ruleset(text) => {
                self.out.push(b'S');
                self.raw(text);
            }
            Directive::Trusted(words) => {
                self.out.push(b'T');
                for (at, word) in words.iter().enumerate() {
                    self.out.extend_from_slice(if at > 0 { b" " } else { b"" });
                    word.iter().for_each(|piece| self.piece(piece));
                }
            }
            Directive::Version { level, vendor } => {
                self.out.extend_from_slice(format!("V{level}").as_bytes());
                if let Some(vendor) = vendor {
                    self.out.push(b'/');
                    self.out.extend_from_slice(vendor);
                }
                self.level = *level;
            }
        }
        debug_assert!(self.out.len() > start);
        self.keep_returns(start);
        self.out.push(b'\n');
    }

    /// A carriage return in front of a line break is taken for a part of it: one more keeps it.
    fn keep_returns(&mut self, start: usize) {
        let Some(first) = self.out.get(start..).and_then(|line| memchr::memchr(b'\r', line)) else {
            return;
        };
        let rest = self.out.split_off(start + first);
        let mut bytes = rest.iter().peekable();
        while let Some(byte) = bytes.next() {
            self.out.push(*byte);
            if *byte == b'\r' && bytes.peek().is_none_or(|next| **next == b'\n') {
                self.out.push(b'\r');
            }
        }
    }

    fn named(&mut self, letter: u8, name: &Name) {
        self.out.push(letter);
        match name.as_bytes() {
            [byte] => self.octet(*byte),
            _ => name.write(&mut self.out),
        }
    }

    /// An octet as it stands in the file.
    fn octet(&mut self, byte: u8) {
        match byte {
            b'$' => self.out.extend_from_slice(b"$$"),
            b'#' if self.level >= 3 => self.out.extend_from_slice(b"\\#"),
            byte => self.out.push(byte),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.octet(*byte);
        }
    }

    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Byte(byte) => self.octet(*byte),
            other => self.out.extend_from_slice(&write(std::slice::from_ref(other))),
        }
    }

    /// Text without quoting of its own. A line break needs a blank behind it.
    fn raw(&mut self, text: &[Piece]) {
        self.before_blank(text);
        if text.last() == Some(&Piece::Byte(b'\n')) {
            self.out.push(b' ');
        }
    }

    /// The same in front of a blank.
    fn before_blank(&mut self, text: &[Piece]) {
        for (at, piece) in text.iter().enumerate() {
            self.piece(piece);
            let breaks = *piece == Piece::Byte(b'\n');
            if breaks && !matches!(text.get(at + 1), None | Some(Piece::Byte(b' ' | b'\t'))) {
                self.out.push(b' ');
            }
        }
    }

    /// Text that quotes and backslashes are taken out of (CF-016, ML-002).
    fn munched(&mut self, text: &[Piece], delimiter: Option<u8>) {
        for piece in text {
            let Piece::Byte(byte) = piece else {
                self.piece(piece);
                continue;
            };
            if let Some((letter, _)) = ESCAPES.iter().find(|(_, code)| code == byte) {
                self.out.extend_from_slice(&[b'\\', *letter]);
                continue;
            }
            if matches!(byte, b'"' | b'\\') || Some(*byte) == delimiter {
                self.out.push(b'\\');
            }
            self.octet(*byte);
        }
        if matches!(text.last(), Some(Piece::Byte(byte)) if is_space(*byte)) {
            self.out.extend_from_slice(b"\"\"");
        }
    }

    fn source(&mut self, name: &Name, optional: bool, source: &ClassSource) {
        self.named(b'F', name);
        if name.as_bytes() == b"\n" {
            self.out.push(b' ');
        }
        if optional {
            self.out.extend_from_slice(b"-o ");
        }
        match source {
            ClassSource::File { path, format } => self.file(path, format.as_deref()),
            ClassSource::Program { command, format } => {
                self.out.push(b'|');
                self.word(command);
                self.format(format.as_deref());
            }
            ClassSource::Lookup { key, spec } => {
                self.raw(key);
                self.out.push(b'@');
                self.raw(spec);
            }
        }
    }

    fn file(&mut self, path: &[Piece], format: Option<&[Piece]>) {
        match path.split_first() {
            // A leading slash outside the quotes keeps an `@` behind it from being a map.
            Some((slash @ Piece::Byte(b'/'), rest)) => {
                self.piece(slash);
                self.word(rest);
            }
            _ => self.word(path),
        }
        self.format(format);
    }

    /// A word of an `F` line, its blanks quoted (CF-051). A line break at its end is followed by
    /// the blank in front of the format.
    fn word(&mut self, text: &[Piece]) {
        let blank = |piece: Option<&Piece>| matches!(piece, Some(Piece::Byte(b)) if is_space(*b));
        let mut quoted = text.first() == Some(&Piece::Byte(b'-'));
        self.out.extend_from_slice(if quoted { b"\"" } else { b"" });
        for (at, piece) in text.iter().enumerate() {
            let last_break = *piece == Piece::Byte(b'\n') && at + 1 == text.len();
            if quoted != (blank(Some(piece)) && !last_break) {
                quoted = !quoted;
                self.out.push(b'"');
            }
            self.piece(piece);
        }
        if quoted || text.last() == Some(&Piece::Byte(b'\\')) {
            self.out.extend_from_slice(if quoted { b"\"" } else { b"\"\"" });
        }
    }

    fn format(&mut self, format: Option<&[Piece]>) {
        if let Some(format) = format {
            self.out.push(b' ');
            self.raw(format);
        }
    }

    fn header(&mut self, header: &Header) {
        self.out.push(b'H');
        match &header.condition {
            HeaderCondition::Always => {}
            HeaderCondition::MailerFlags(flags) => {
                self.out.push(b'?');
                self.bytes(flags);
                self.out.push(b'?');
            }
            HeaderCondition::MacroSet(name) => {
                self.out.push(b'?');
                self.piece(&Piece::Macro(name.clone()));
                self.out.push(b'?');
            }
        }
        self.bytes(&header.name);
        self.out.push(b':');
        match &header.action {
            HeaderAction::Template(text) => self.raw(text),
            HeaderAction::Check { ruleset, keep_comments } => {
                self.out.push(b' ');
                self.piece(&Piece::Op(Op::Call));
                self.out.extend_from_slice(if *keep_comments { b"+" } else { b"" });
                self.bytes(ruleset);
            }
        }
    }

    fn equates(&mut self, letter: u8, name: &[u8], equates: &[Equate]) {
        self.out.push(letter);
        self.bytes(name);
        for equate in equates {
            self.out.extend_from_slice(b", ");
            self.out.push(equate.letter);
            self.out.push(b'=');
            if matches!(equate.value.first(), Some(Piece::Byte(byte)) if is_space(*byte)) {
                self.out.extend_from_slice(b"\"\"");
            }
            self.munched(&equate.value, Some(b','));
        }
        if name.is_empty() && equates.is_empty() {
            self.out.push(b',');
        }
    }

    fn option(&mut self, option: &OptionLine) {
        let spec = options::OPTIONS.get(option.option);
        self.out.push(b'O');
        match spec.and_then(|s| s.letter).filter(|_| option.short) {
            Some(letter) => self.octet(letter),
            None => {
                self.out.push(b' ');
                self.out.extend_from_slice(options::name(option.option).as_bytes());
                if let Some(suboption) = &option.suboption {
                    self.out.push(b'.');
                    self.bytes(suboption);
                }
                self.out.push(b'=');
            }
        }
        if options::is_template(option.option) {
            self.munched(&option.value, None);
        } else {
            self.raw(&option.value);
        }
    }

    fn rule(&mut self, lhs: &[Piece], rhs: &[Piece], comment: &[u8]) {
        self.out.push(b'R');
        self.before_blank(lhs);
        self.out.push(b'\t');
        if comment.is_empty() {
            return self.raw(rhs);
        }
        self.before_blank(rhs);
        self.out.push(b'\t');
        self.bytes(comment);
    }
}
