//! `C` and `F` lines: members of classes (CF-014, CF-048..CF-058).

use std::io::{BufRead as _, Read as _};

use cf_parser::Span;
use cf_parser::debug::Category;
use cf_parser::item::ClassSource;
use cf_parser::text::{Name, Piece, Text};

use super::Loader;
use super::scan_format::ScanFormat;
use super::surroundings::{ClassFileBlame, ClassText, Complaint, LargeFile};
use crate::classes::Words;
use crate::macros::bytes;

impl Loader<'_> {
    /// `Cx words`: split after expansion; `$=y` copies what class y has now.
    pub(super) fn class_words(&mut self, name: &Name, words: Text, span: Span) {
        let words = self.expand(words, span);
        self.configuration.classes.id(name);
        for word in class_words(&words) {
            match word {
                ClassWord::Class(from) => {
                    self.trace(Category::Options, 8, || {
                        let class = [Piece::Class(from.clone())];
                        [b"setclass(", name.as_bytes(), b", ", &bytes(&class)[..], b")"].concat()
                    });
                    self.configuration.classes.copy(name, &from);
                }
                ClassWord::Member(word) => self.add_to_class(name, &word),
                ClassWord::Nameless => self.say(span, NO_CLASS_NAME, 70),
            }
        }
    }

    /// `Fx…`
    pub(super) fn class_source(
        &mut self,
        name: &Name,
        optional: bool,
        source: ClassSource,
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
                match self.surroundings.class_file(&path, blame) {
                    Ok(ClassText::Large(file)) => {
                        self.large_class_file(name, file, format.as_ref(), span);
                    }
                    Ok(ClassText::Bytes(text)) => {
                        self.class_lines(name, optional, Ok(text), format.as_ref(), span);
                    }
                    Err(error) => {
                        self.class_lines(name, optional, Err(error), format.as_ref(), span)
                    }
                }
            }
            ClassSource::Program { command, format } => {
                let command = bytes(&self.expand(command, span));
                self.trace_source(b"|", &command, format.as_ref());
                let found = self.surroundings.class_program(&command);
                self.class_lines(name, optional, found, format.as_ref(), span);
            }
            ClassSource::Lookup { key, spec } => {
                let key = bytes(&self.expand(key, span));
                let mut spec = bytes(&self.expand(spec, span));
                let source = [&key[..], b"@", &spec].concat();
                self.trace_source(b"", &source, None);
                if spec == b"LDAP" {
                    let macros = &self.configuration.macros;
                    let cluster = macros.value(b"sendmailMTACluster");
                    spec = self.surroundings.class_schema(name, &cluster, &macros.value(b"j"));
                }
                self.trace_lookup(name, &key, &spec);
                match self.surroundings.class_lookup(name, &key, &spec) {
                    Ok(value) => self.add_words(name, &value.unwrap_or_default()),
                    Err(complaints) if !optional => self.complain(span, complaints),
                    Err(_) => {}
                }
            }
        }
    }

    fn large_class_file(
        &mut self,
        name: &Name,
        file: Box<dyn LargeFile>,
        format: Option<&Text>,
        span: Span,
    ) {
        let format =
            format.map_or_else(ScanFormat::default, |text| ScanFormat::parse(&bytes(text)));
        let mut words = FileWords { file, format };
        if let Err(error) = self.configuration.classes.add_all(name, &mut words) {
            self.say(span, format!("fileclass: {error}"), 71);
        }
    }

    fn trace_source(&mut self, sign: &[u8], source: &[u8], format: Option<&Text>) {
        let format = format.map_or(b"%s".to_vec(), |format| bytes(format));
        self.trace(Category::Options, 2, || {
            [b"fileclass(", sign, source, b", fmt=", &format[..], b")"].concat()
        });
    }

    fn trace_lookup(&mut self, name: &Name, key: &[u8], spec: &[u8]) {
        self.trace(Category::Options, 5, || {
            let (class, arguments) = spec
                .iter()
                .position(|byte| *byte == b':')
                .and_then(|colon| spec.split_at_checked(colon))
                .unwrap_or((spec, b":"));
            let head = [b"fileclass: F{", name.as_bytes(), b"}: map class ", class].concat();
            [&head[..], b", key ", key, b", spec ", arguments.get(1..).unwrap_or_default()].concat()
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

/// The words of a class file.
struct FileWords {
    file: Box<dyn LargeFile>,
    format: ScanFormat,
}

impl Words for FileWords {
    fn each(&mut self, visit: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
        let mut lines = self.file.open()?;
        let mut line = Vec::new();
        while lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            if text.first() != Some(&b'#') {
                let member = self.format.scan(text);
                let words = member.split(u8::is_ascii_whitespace);
                words.filter(|word| !word.is_empty()).for_each(&mut *visit);
            }
            line.clear();
        }
        Ok(())
    }
}

/// Bytes of a line of a large class file that are read at once; what is longer is cut there.
const LONGEST_LINE: u64 = 64 << 10;

/// What is said of `$=` without a name.
pub const NO_CLASS_NAME: &str = "Name required for macro/class";

/// A word of a `C` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassWord {
    /// A member.
    Member(Vec<u8>),
    /// `$=y`: the members that class y has now.
    Class(Name),
    /// `$=` and a blank, which is an error.
    Nameless,
}

/// The words of a `C` line, expanded (CF-014).
#[must_use]
pub fn class_words(words: &[Piece]) -> Vec<ClassWord> {
    let is_space = |p: &Piece| matches!(p, Piece::Byte(b) if b.is_ascii_whitespace());
    let member = |word: &[Piece]| ClassWord::Member(cf_parser::octets(&quoted(word)));
    let mut found = Vec::new();
    for word in words.split(is_space).filter(|word| !word.is_empty()) {
        match word {
            // A blank is no name, but ends the word.
            [Piece::Class(from), rest @ ..] if from.as_bytes().trim_ascii().is_empty() => {
                found.push(ClassWord::Nameless);
                found.extend((!rest.is_empty()).then(|| member(rest)));
            }
            [Piece::Class(from)] => found.push(ClassWord::Class(from.clone())),
            word => found.push(member(word)),
        }
    }
    found
}

/// A word with octet 0377 in front of what sendmail could take for operators: so it holds the words of
/// `C` lines, as listings show (CF-009, observed).
#[must_use]
pub fn quoted(word: &[Piece]) -> Text {
    let mut out = Text::with_capacity(word.len());
    for piece in word {
        if matches!(piece, Piece::Byte(0x80..=0x9f | 0xff)) {
            out.push(Piece::Byte(0xff));
        }
        out.push(piece.clone());
    }
    out
}
