//! `C` and `F` lines: members of classes (CF-014, CF-048..CF-058).

use cf_parser::Span;
use cf_parser::debug::Category;
use cf_parser::item::ClassSource;
use cf_parser::text::{Name, Piece, Text};

use super::Loader;
use super::scan_format::ScanFormat;
use super::surroundings::{ClassFileBlame, Complaint};
use crate::macros::bytes;

impl Loader<'_> {
    /// `Cx words`: split after expansion; `$=y` copies what class y has now.
    pub(super) fn class_words(&mut self, name: &Name, words: &Text, span: Span) {
        let words = self.expand(words, span);
        self.configuration.classes.id(name);
        let is_space = |p: &Piece| matches!(p, Piece::Byte(b) if b.is_ascii_whitespace());
        for word in words.split(is_space).filter(|word| !word.is_empty()) {
            match word {
                [Piece::Class(from)] => {
                    self.trace(Category::Options, 8, || {
                        [b"setclass(", name.as_bytes(), b", ", &bytes(word)[..], b")"].concat()
                    });
                    self.configuration.classes.copy(name, from);
                }
                word => self.add_to_class(name, &bytes(word)),
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
                let allows = |word| options.has_word("DontBlameSendmail", word);
                let blame = ClassFileBlame {
                    unsafe_directories: allows("ClassFileInUnsafeDirPath"),
                    group_directories: allows("GroupWritableDirPathSafe"),
                };
                self.trace_source(b"", &path, format.as_ref());
                let found = self.surroundings.class_file(&path, blame);
                self.class_lines(name, optional, found, format.as_ref(), span);
            }
            ClassSource::Program { command, format } => {
                let command = bytes(&self.expand(command, span));
                self.trace_source(b"|", &command, format.as_ref());
                let found = self.surroundings.class_program(&command);
                self.class_lines(name, optional, found, format.as_ref(), span);
            }
            ClassSource::Lookup { key, spec } => {
                let key = bytes(&self.expand(key, span));
                let spec = bytes(&self.expand(spec, span));
                match self.surroundings.class_lookup(name, &key, &spec) {
                    Ok(value) => self.add_words(name, &value.unwrap_or_default()),
                    Err(complaints) if !optional => self.complain(span, complaints),
                    Err(_) => {}
                }
            }
        }
    }

    fn trace_source(&mut self, sign: &[u8], source: &[u8], format: Option<&Text>) {
        let format = format.map_or(b"%s".to_vec(), |format| bytes(format));
        self.trace(Category::Options, 2, || {
            [b"fileclass(", sign, source, b", fmt=", &format[..], b")"].concat()
        });
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
        let format =
            format.map_or_else(ScanFormat::default, |text| ScanFormat::parse(&bytes(text)));
        for line in contents.split(|b| *b == b'\n') {
            if line.first() != Some(&b'#') {
                let member = format.scan(line).to_vec();
                self.add_words(name, &member);
            }
        }
    }

    fn add_words(&mut self, name: &Name, words: &[u8]) {
        for word in words.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            self.add_to_class(name, word);
        }
    }
}
