//! Who defines and who uses macros, classes and maps, line by line.

use std::collections::{BTreeMap, BTreeSet};

use cf_parser::item::{ClassSource, Directive, Equate, HeaderAction, HeaderCondition};
use cf_parser::options::{Expansion, Kind, OPTIONS};
use cf_parser::text::{Op, Piece};
use cf_parser::{Config, Item, Name, Span};
use ruleset_vm::load::Configuration;

/// How a line uses a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// `$x` in a line that is expanded when it is read.
    Read,
    /// `$x` in a rule.
    Rule,
    /// `$x` in a value that is expanded when it is used.
    Late,
    /// `$&x`
    Deferred,
    /// `$?x`, or a name in a list: nothing is wrong if it is not defined.
    Asked,
}

/// One use of a name.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    /// The name.
    pub(super) name: Name,
    /// Where.
    pub(super) span: Span,
    /// How.
    pub(super) how: Use,
}

/// Definitions and uses of names, in the order of the file.
#[derive(Default)]
pub(super) struct Outline<'a> {
    /// The items with their lines.
    pub(super) items: &'a [Item],
    /// Lines that define a macro.
    pub(super) macros: BTreeMap<Name, Vec<Span>>,
    /// Names that rules may store by a map of class `macro`.
    pub(super) stored: BTreeSet<Name>,
    /// Uses of macros.
    pub(super) macro_uses: Vec<Mention>,
    /// Lines that give a class members.
    pub(super) classes: BTreeMap<Name, Vec<Span>>,
    /// Uses of classes: in rules, and `$=x` in `C` lines.
    pub(super) class_uses: Vec<(Name, Span)>,
    /// `K` lines: map name, class, arguments.
    pub(super) maps: Vec<MapLine>,
    /// Uses of maps in rules by their name.
    pub(super) map_uses: Vec<(Vec<u8>, Span)>,
    /// A rule takes the name of a map from elsewhere.
    pub(super) dynamic_maps: bool,
    /// Words of rules, of class lines and of macro values: names that dynamic calls can lead to.
    pub(super) words: BTreeSet<Vec<u8>>,
}

/// A `K` line.
#[derive(Clone, Debug)]
pub(super) struct MapLine {
    pub(super) name: Vec<u8>,
    pub(super) class: Vec<u8>,
    pub(super) words: Vec<Vec<u8>>,
    pub(super) span: Span,
}

impl MapLine {
    /// `-o`: it may be missing.
    pub(super) fn is_optional(&self) -> bool {
        self.words.iter().any(|word| word.starts_with(b"-o"))
    }
}

impl<'a> Outline<'a> {
    pub(super) fn of(config: &'a Config, loaded: &Configuration) -> Self {
        let mut outline = Self { items: &config.items, ..Self::default() };
        for item in &config.items {
            outline.item(item, loaded);
        }
        outline
    }

    fn item(&mut self, item: &Item, loaded: &Configuration) {
        let span = item.span;
        match &item.directive {
            Directive::Class { name, words } => {
                self.classes.entry(name.clone()).or_default().push(span);
                self.text(words, span, Use::Read);
                for piece in words {
                    if let Piece::Class(from) = piece {
                        self.class_uses.push((from.clone(), span));
                    }
                }
                self.names_in(words, span);
            }
            Directive::ClassSource { name, source, .. } => {
                self.classes.entry(name.clone()).or_default().push(span);
                match source {
                    ClassSource::File { path, .. } => self.text(path, span, Use::Read),
                    ClassSource::Program { command, .. } => self.text(command, span, Use::Read),
                    ClassSource::Lookup { key, spec } => {
                        self.text(key, span, Use::Read);
                        self.text(spec, span, Use::Read);
                    }
                }
            }
            Directive::Trusted(words) => {
                self.classes.entry(Name::new(b"t")).or_default().push(span);
                words.iter().for_each(|word| self.text(word, span, Use::Late));
            }
            Directive::Macro { name, value } => {
                self.macros.entry(name.clone()).or_default().push(span);
                self.text(value, span, Use::Late);
                self.words_of(value);
            }
            Directive::Environment { value, .. } => {
                self.text(value.as_deref().unwrap_or_default(), span, Use::Read);
            }
            Directive::Header(header) => {
                if let HeaderCondition::MacroSet(name) = &header.condition {
                    self.mention(name, span, Use::Asked);
                }
                if let HeaderAction::Template(text) = &header.action {
                    self.text(text, span, Use::Late);
                }
            }
            Directive::Map(text) => self.map(text, span, loaded),
            Directive::Mailer { equates, .. }
            | Directive::QueueGroup { equates, .. }
            | Directive::Milter { equates, .. } => self.equates(equates, span),
            Directive::Option(line) => {
                let spec = OPTIONS.get(line.option);
                let how = match spec.map(|spec| spec.expansion) {
                    Some(Expansion::Read) => Use::Read,
                    _ => Use::Late,
                };
                self.text(&line.value, span, how);
                match spec.map(|spec| spec.kind) {
                    Some(Kind::MacroDefinition) => self.option_macro(&line.value, span),
                    Some(Kind::Milter) => self.listed(&line.value, span),
                    _ => {}
                }
            }
            Directive::Rule { lhs, rhs, .. } => self.rule(lhs, rhs, span),
            Directive::Ruleset(text) => self.text(text, span, Use::Read),
            Directive::Precedence { .. } | Directive::Version { .. } => {}
        }
    }

    fn mention(&mut self, name: &Name, span: Span, how: Use) {
        self.macro_uses.push(Mention { name: name.clone(), span, how });
    }

    /// The macros of a text. What stands between `$?x` and its `$.` may use x.
    fn text(&mut self, text: &[Piece], span: Span, how: Use) {
        let mut asked: Vec<&Name> = Vec::new();
        for piece in text {
            match piece {
                Piece::If(name) => {
                    asked.push(name);
                    self.mention(name, span, Use::Asked);
                }
                Piece::Op(Op::Dot) => drop(asked.pop()),
                Piece::Macro(name) => {
                    let how = if asked.contains(&name) { Use::Asked } else { how };
                    self.mention(name, span, how);
                }
                Piece::Deferred(name) => self.mention(name, span, Use::Deferred),
                _ => {}
            }
        }
    }

    fn equates(&mut self, equates: &[Equate], span: Span) {
        equates.iter().for_each(|equate| self.text(&equate.value, span, Use::Late));
    }

    fn rule(&mut self, lhs: &[Piece], rhs: &[Piece], span: Span) {
        self.text(lhs, span, Use::Rule);
        self.text(rhs, span, Use::Rule);
        for piece in lhs.iter().chain(rhs) {
            if let Piece::Class(name) | Piece::NotClass(name) = piece {
                self.class_uses.push((name.clone(), span));
            }
        }
        for (at, piece) in rhs.iter().enumerate() {
            if *piece == Piece::Op(Op::MapBegin) {
                let behind = rhs.get(at + 1..).unwrap_or_default();
                self.lookup(behind, span);
            }
        }
        self.words_of(lhs);
        self.words_of(rhs);
        self.braces(rhs);
    }

    /// What stands behind `$(`.
    fn lookup(&mut self, text: &[Piece], span: Span) {
        let is_blank = |piece: &Piece| matches!(piece, Piece::Byte(b) if b.is_ascii_whitespace());
        let start = text.iter().take_while(|piece| is_blank(piece)).count();
        let rest = text.get(start..).unwrap_or_default();
        let name = bytes_of(rest);
        // of a macro or `$1` nothing is known
        match rest.get(name.len()) {
            Some(piece) if !is_blank(piece) && !matches!(piece, Piece::Op(_)) => {
                self.dynamic_maps = true;
            }
            _ if name.is_empty() => self.dynamic_maps = true,
            _ => self.map_uses.push((name.clone(), span)),
        }
        // `$(storage x $@ value $)` defines x
        let key = rest.get(name.len()..).unwrap_or_default();
        let blanks = key.iter().take_while(|piece| is_blank(piece)).count();
        if let [name] = &bytes_of(key.get(blanks..).unwrap_or_default())[..] {
            self.stored.insert(Name::new(&[*name]));
        }
    }

    /// `{name}` in a right-hand side: perhaps the key of a map of class `macro`.
    fn braces(&mut self, rhs: &[Piece]) {
        let mut name: Option<Vec<u8>> = None;
        for piece in rhs {
            match piece {
                Piece::Byte(b'{') => name = Some(Vec::new()),
                Piece::Byte(b'}') => {
                    self.stored.extend(name.take().map(|name| Name::new(&name)));
                }
                Piece::Byte(byte) => {
                    if let Some(name) = &mut name {
                        name.push(*byte);
                    }
                }
                _ => name = None,
            }
        }
    }

    fn map(&mut self, text: &[Piece], span: Span, loaded: &Configuration) {
        self.text(text, span, Use::Read);
        self.names_in(text, span);
        let line = loaded.macros.expand_bytes(text);
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let mut next = || words.next().unwrap_or_default().to_vec();
        let (name, class) = (next(), next().to_ascii_lowercase());
        let words: Vec<Vec<u8>> = words.map(<[u8]>::to_vec).collect();
        // members of a sequence are maps
        if class == b"sequence" || class == b"switch" {
            self.map_uses.extend(words.iter().map(|word| (word.clone(), span)));
        }
        self.maps.push(MapLine { name, class, words, span });
    }

    /// `Mxvalue`, or `M{name}value`.
    fn option_macro(&mut self, value: &[Piece], span: Span) {
        let bytes = bytes_of(value);
        if let Some(name) = cf_parser::parse_name(&bytes).name {
            self.macros.entry(name).or_default().push(span);
        }
    }

    /// Names in a list of macros, `j, {daemon_name}`.
    fn listed(&mut self, value: &[Piece], span: Span) {
        let bytes = bytes_of(value);
        let words = bytes.split(|byte| matches!(byte, b',' | b' ' | b'\t'));
        for word in words.filter(|word| !word.is_empty()) {
            if let Some(name) = cf_parser::parse_name(word).name {
                self.mention(&name, span, Use::Asked);
            }
        }
    }

    /// `{name}` in the words of a class or map line: names of macros.
    fn names_in(&mut self, text: &[Piece], span: Span) {
        let bytes: Vec<u8> = text
            .iter()
            .map(|piece| if let Piece::Byte(byte) = piece { *byte } else { b' ' })
            .collect();
        for word in bytes.split(|byte| matches!(byte, b' ' | b'\t' | b',' | b'\n')) {
            let inner = word.strip_prefix(b"{").and_then(|word| word.strip_suffix(b"}"));
            if let Some(name) = inner.filter(|name| !name.is_empty()) {
                self.mention(&Name::new(name), span, Use::Asked);
            }
        }
        self.words_of(text);
    }

    fn words_of(&mut self, text: &[Piece]) {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let mut word = Vec::new();
        for piece in text {
            match piece {
                Piece::Byte(byte) if is_word(byte) => word.push(*byte),
                _ if word.is_empty() => {}
                _ => drop(self.words.insert(std::mem::take(&mut word))),
            }
        }
        if !word.is_empty() {
            self.words.insert(word);
        }
    }
}

/// The plain bytes at the beginning of a text, up to a blank or operator.
fn bytes_of(text: &[Piece]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in text {
        match piece {
            Piece::Byte(byte) if !byte.is_ascii_whitespace() => out.push(*byte),
            _ => break,
        }
    }
    out
}
