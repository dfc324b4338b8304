//! Reading a file: what is known from the lines before, and which lines are understood how.

use crate::diagnostic::{Diagnostic, Severity};
use crate::item::{self, Config, Directive, Item, OptionLine};
use crate::lines::{LogicalLines, RawLine};
use crate::names::LongNames;
use crate::placed::PlacedLine;
use crate::span::Span;
use crate::text::{Name, Piece};
use crate::translate::{CODE, Line, line_octets, shown, translate};

/// The version level this program supports (CF-013).
pub const MAX_LEVEL: i32 = 10;

/// The version the messages name.
const SENDMAIL_VERSION: &str = "8.17.1.9";

/// Reads a whole file. Never fails: what is not understood is in the diagnostics, in the order
/// sendmail prints them. Linear in the size of the file.
#[must_use]
pub fn parse(bytes: &[u8]) -> (Config, Vec<Diagnostic>) {
    let mut items = Items::new(bytes);
    let mut config = Config { items: items.by_ref().collect(), ..Config::default() };
    let diagnostics = items.take_diagnostics();
    config.long_names = items.into_long_names();
    (config, diagnostics)
}

/// Reads a file item by item, for who needs each but once.
#[derive(Debug)]
pub struct Items<'a> {
    lines: LogicalLines<'a>,
    context: Context,
}

impl<'a> Items<'a> {
    /// The items of a file.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { lines: LogicalLines::new(bytes), context: Context::new() }
    }

    /// What has been said since this was asked last.
    pub fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.context.diagnostics)
    }

    /// The next line with the places of its pieces.
    pub fn next_placed(&mut self) -> Option<PlacedLine> {
        let Self { lines, context } = self;
        lines.find_map(|raw| context.placed(raw))
    }

    /// The long names met: see [`Config::long_names`].
    #[must_use]
    pub fn into_long_names(self) -> LongNames {
        self.context.names
    }
}

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let Self { lines, context } = self;
        lines.find_map(|raw| context.line(raw))
    }
}

/// Reads an option given by hand: `text` is what would stand behind the `O` of a line. `$` has no
/// meaning in it. The messages name no file and no line.
#[must_use]
pub fn parse_option(text: &[u8]) -> (Option<OptionLine>, Vec<Diagnostic>) {
    let mut context = Context::new();
    let mut line = Line::plain(&[b"O", text].concat());
    let directive = item::reader(b'O').and_then(|read| read(&mut line, &mut context));
    let option = directive.and_then(|directive| match directive {
        Directive::Option(option) => Some(option),
        _ => None,
    });
    (option, context.diagnostics)
}

/// What is said about the level of a file when it has been read (CF-013, CF-047): printed without
/// file and line, behind everything else.
#[must_use]
pub fn level_check(level: i32) -> Option<Diagnostic> {
    let (text, severity) = if level > MAX_LEVEL {
        let text = format!(
            "Warning: .cf version level ({level}) exceeds sendmail version {SENDMAIL_VERSION} functionality ({MAX_LEVEL})"
        );
        (text, Severity::Error { exit: 70, fatal: false })
    } else if level < MAX_LEVEL {
        let text = format!(
            "Warning: .cf file is out of date: sendmail {SENDMAIL_VERSION} supports version {MAX_LEVEL}, .cf file is version {level}"
        );
        (text, Severity::Warning)
    } else {
        return None;
    };
    Some(Diagnostic { span: Span::default(), text: text.into(), severity, bare: true })
}

/// What the lines so far have set.
#[derive(Debug)]
pub(crate) struct Context {
    /// The level of the last `V` line.
    pub(crate) level: i32,
    /// How many `P` lines were taken.
    pub(crate) precedences: usize,
    /// The queue directory is set, so that `Q` lines may follow.
    pub(crate) queue_directory: bool,
    /// The last `S` line named a ruleset.
    pub(crate) in_ruleset: bool,
    /// Filters of `X` lines so far, folded.
    pub(crate) milters: std::collections::HashSet<Vec<u8>>,
    names: LongNames,
    span: Span,
    diagnostics: Vec<Diagnostic>,
    /// The line before, for its memory.
    room: Line,
}

impl Context {
    fn new() -> Self {
        Self {
            level: 0,
            precedences: 0,
            queue_directory: false,
            in_ruleset: false,
            milters: std::collections::HashSet::new(),
            names: LongNames::default(),
            span: Span::default(),
            diagnostics: Vec::new(),
            room: Line::default(),
        }
    }

    fn line(&mut self, raw: RawLine<'_>) -> Option<Item> {
        self.span = Span { line: raw.line(), last_line: raw.last_line, column: 1 };
        if raw.bytes.is_empty() {
            return None;
        }
        let mut line = std::mem::take(&mut self.room);
        for error in translate(raw, self.level, &mut self.names, &mut line) {
            self.error(error);
        }
        let item = self.item(&mut line);
        self.room = line;
        item
    }

    fn placed(&mut self, raw: RawLine<'_>) -> Option<PlacedLine> {
        self.span = Span { line: raw.line(), last_line: raw.last_line, column: 1 };
        let level = self.level;
        let mut read = Line::default();
        for error in translate(raw, level, &mut self.names, &mut read) {
            self.error(error);
        }
        if matches!(read.view.first(), None | Some(b'#')) {
            return None;
        }
        let line = read.clone();
        let directive = self.item(&mut read).map(|item| item.directive);
        Some(PlacedLine { span: self.span, level, directive, line })
    }

    fn item(&mut self, line: &mut Line) -> Option<Item> {
        let letter = *line.view.first()?;
        if letter == b'#' {
            return None;
        }
        // Taken before the line is read: a line may change nothing but what follows.
        let span = self.span;
        let Some(read) = item::reader(letter) else {
            self.unknown(line);
            return None;
        };
        let directive = read(line, self)?;
        Some(Item { span, directive })
    }

    /// An error about this line, exit status 70.
    pub(crate) fn error(&mut self, text: impl Into<Vec<u8>>) {
        self.error_at(self.span, text);
    }

    /// An error at a place of this line.
    pub(crate) fn error_at(&mut self, span: Span, text: impl Into<Vec<u8>>) {
        self.diagnostics.push(Diagnostic::error(span, text));
    }

    /// A message about this line that changes nothing.
    pub(crate) fn note(&mut self, text: impl Into<Vec<u8>>) {
        let (span, severity) = (self.span, Severity::Note);
        self.diagnostics.push(Diagnostic { span, text: text.into(), severity, bare: false });
    }

    /// Messages with a severity of their own.
    pub(crate) fn say(&mut self, said: Vec<(Vec<u8>, Severity)>) {
        for (text, severity) in said {
            let diagnostic = Diagnostic { span: self.span, text, severity, bare: false };
            self.diagnostics.push(diagnostic);
        }
    }

    /// The line is none of the known ones (CF-011).
    pub(crate) fn unknown(&mut self, line: &Line) {
        self.quoting("unknown configuration line \"", &line.text, "\"");
    }

    /// An error that quotes text of the file (CF-112).
    pub(crate) fn quoting(&mut self, before: &str, text: &[Piece], after: &str) {
        let quoted = self.shown(text);
        self.error([before.as_bytes(), &quoted, after.as_bytes()].concat());
    }

    /// Text as messages show it.
    pub(crate) fn shown(&mut self, text: &[Piece]) -> Vec<u8> {
        shown(text, &mut self.names)
    }

    /// The name of a macro or class at `from`, and where what follows begins (CF-067, CF-068).
    pub(crate) fn name(&mut self, line: &Line, from: usize) -> Option<(Name, usize)> {
        let (octets, places) = self.name_octets(line, from);
        let (parsed, _) = self.names.parse(&octets);
        let used = octets.len() - parsed.rest.len();
        let at = places.get(used).copied().unwrap_or(line.view.len());
        for error in parsed.errors {
            self.error(error);
        }
        parsed.name.map(|name| (name, at))
    }

    /// The octets from `from` on, at least those of a name, and the piece that each belongs to. An
    /// operator between braces is several characters of the name (observed).
    fn name_octets(&mut self, line: &Line, from: usize) -> (Vec<u8>, Vec<usize>) {
        let view = line.view.get(from..).unwrap_or_default();
        let braced = view.first() == Some(&b'{');
        let end = view.iter().position(|byte| *byte == b'}').map_or(view.len(), |at| at + 1);
        let operators = braced && view.get(..end).unwrap_or_default().contains(&CODE);
        if !operators {
            return (view.to_vec(), (from..line.view.len()).collect());
        }
        let (mut octets, mut places) = (Vec::new(), Vec::new());
        for (at, piece) in line.text.iter().enumerate().take(from + end).skip(from) {
            let piece = match piece {
                Piece::Byte(byte) => vec![*byte],
                piece => line_octets(std::slice::from_ref(piece), &mut self.names),
            };
            places.extend(std::iter::repeat_n(at, piece.len()));
            octets.extend(piece);
        }
        places.push(from + end);
        (octets, places)
    }

    /// The span of the piece at `at` of this line.
    pub(crate) fn span_at(&self, line: &Line, at: usize) -> Span {
        line.place(at).map_or(self.span, |p| Span {
            line: p.line,
            last_line: self.span.last_line,
            column: p.column,
        })
    }
}
