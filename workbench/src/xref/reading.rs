//! The walk over the lines of a file.

use cf_parser::item::{Directive, HeaderAction};
use cf_parser::options::{Expansion, OPTIONS};
use cf_parser::text::{Name, Piece};
use cf_parser::{Items, PlacedLine};

use super::places::{Place, Places};
use super::{CrossReference, Entry, Kind, Mention, Role, Symbol};

/// The classes of maps that name other maps in their arguments.
const MAPS_OF_MAPS: [&[u8]; 1] = [b"sequence"];

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> CrossReference {
    let mut items = Items::new(bytes);
    let mut walk = Walk {
        bytes,
        out: CrossReference { places: Places::of(bytes), ..CrossReference::default() },
        ruleset: None,
        owner: None,
    };
    while let Some(line) = items.next_placed() {
        walk.line(line);
    }
    let mut out = walk.out;
    out.diagnostics = items.take_diagnostics();
    settle(&mut out);
    out
}

/// Gives rulesets that were named by number the name that a line gives them, and finds out which
/// lookups set a macro: both may be known only later in the file.
fn settle(out: &mut CrossReference) {
    let names: std::collections::BTreeMap<Vec<u8>, Vec<u8>> = out
        .numbers
        .iter()
        .map(|(name, number)| (number.to_string().into_bytes(), name.clone()))
        .collect();
    let rename = |symbol: &mut Symbol| {
        if symbol.kind == Kind::Ruleset
            && let Some(name) = names.get(&symbol.name)
        {
            symbol.name.clone_from(name);
        }
    };
    let all = out.mentions.iter_mut().chain(&mut out.computed);
    for mention in all {
        rename(&mut mention.symbol);
        mention.owner.as_mut().into_iter().for_each(rename);
    }
    for entry in &mut out.lines {
        entry.owner.as_mut().into_iter().for_each(rename);
    }
    out.mentions.sort_by_key(|mention| mention.place);
    for (at, mention) in out.mentions.iter().enumerate() {
        out.index.entry(mention.symbol.clone()).or_default().push(at);
    }
    for entry in &out.lines {
        if let (Some(Directive::Rule { .. }), Some(owner)) = (&entry.line.directive, &entry.owner) {
            *out.rules.entry(owner.name.clone()).or_default() += 1;
        }
    }
}

/// The state of the walk.
pub(super) struct Walk<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) out: CrossReference,
    /// The ruleset that rules belong to now.
    ruleset: Option<Symbol>,
    /// What the present line belongs to.
    owner: Option<Symbol>,
}

impl Walk<'_> {
    fn line(&mut self, line: PlacedLine) {
        self.owner = None;
        match &line.directive {
            Some(Directive::Rule { lhs, rhs, .. }) => {
                self.owner = self.ruleset.clone();
                let (left, right) = (lhs.len(), rhs.len());
                self.rule(&line, left, right);
            }
            Some(directive) => self.other(&line, directive),
            None => {}
        }
        self.out.lines.push(Entry { line, owner: self.owner.take() });
    }

    fn other(&mut self, line: &PlacedLine, directive: &Directive) {
        match directive {
            Directive::Class { name, .. } => {
                self.named(line, Kind::Class, name);
                self.names(line, 1..line.pieces().len(), Role::Read, Role::Copy);
            }
            Directive::ClassSource { name, .. } => {
                self.named(line, Kind::Class, name);
                self.names(line, 1..line.pieces().len(), Role::Read, Role::Copy);
            }
            Directive::Macro { name, .. } => {
                self.named(line, Kind::Macro, name);
                self.all(line, Role::ReadLate);
            }
            Directive::Trusted(_) => {
                self.owner = Some(Symbol::new(Kind::Class, &b"t"[..]));
                let place = self.from(line, 0, 1);
                self.mention(Symbol::new(Kind::Class, &b"t"[..]), Role::Define, place);
            }
            Directive::Header(header) => {
                let symbol = Symbol::new(Kind::Header, header.name.to_ascii_lowercase());
                self.owner = Some(symbol.clone());
                let colon = self.position(line, b':', 1).unwrap_or(1);
                let start = colon.saturating_sub(header.name.len());
                let start = self.back_over_blanks(line, start, colon, &header.name);
                let place = self.from(line, start, header.name.len());
                self.mention(symbol, Role::Define, place);
                self.all(line, Role::ReadLate);
                if let HeaderAction::Check { .. } = header.action {
                    self.header_check(line, colon);
                }
            }
            Directive::Map(_) => self.map(line),
            Directive::Mailer { name, .. } => {
                self.equates(line, Kind::Mailer, name.to_ascii_lowercase());
            }
            Directive::QueueGroup { name, .. } => {
                self.equates(line, Kind::QueueGroup, name.clone())
            }
            Directive::Milter { name, .. } => self.equates(line, Kind::Milter, name.clone()),
            Directive::Option(option) => {
                let spec = OPTIONS.get(option.option);
                let mut name = spec.map_or("", |spec| spec.name).as_bytes().to_vec();
                let start = if option.short { 1 } else { 2 };
                let end = match option.short {
                    true => 2,
                    false => self.position(line, b'=', 2).unwrap_or(line.pieces().len()),
                };
                if name.is_empty() {
                    name.extend(spec.and_then(|spec| spec.letter));
                }
                if let Some(suboption) = &option.suboption {
                    name.push(b'.');
                    name.extend_from_slice(suboption);
                }
                let blank = |at: usize| matches!(line.pieces().get(at), Some(Piece::Byte(b' ')));
                let end = (start..end).rev().find(|at| !blank(*at)).map_or(end, |at| at + 1);
                let symbol = Symbol::new(Kind::Option, name);
                self.owner = Some(symbol.clone());
                let place = self.from(line, start, end - start);
                self.mention(symbol, Role::Define, place);
                let late = spec.is_none_or(|spec| spec.expansion != Expansion::Read);
                self.all(line, if late { Role::ReadLate } else { Role::Read });
            }
            Directive::Ruleset(_) => self.start_ruleset(line),
            Directive::Environment { .. }
            | Directive::Precedence { .. }
            | Directive::Version { .. } => self.all(line, Role::Read),
            Directive::Rule { .. } => {}
        }
    }

    /// `Sname`, `Sname=3`, `S3`.
    fn start_ruleset(&mut self, line: &PlacedLine) {
        self.ruleset = None;
        let start = self.behind_blanks(line, 1);
        let word = self.word(line, start);
        if !word.is_empty() {
            let after = self.behind_blanks(line, start + word.len());
            if let Some(Piece::Byte(b'=')) = line.pieces().get(after) {
                let digits = self.word(line, self.behind_blanks(line, after + 1));
                if let Some(number) = decimal(&digits) {
                    self.out.numbers.insert(word.clone(), number);
                }
            }
            let symbol = ruleset_symbol(&word);
            self.ruleset = Some(symbol.clone());
            self.owner = Some(symbol.clone());
            let place = self.from(line, start, word.len());
            self.mention(symbol, Role::Define, place);
        }
        self.all(line, Role::Read);
    }

    fn header_check(&mut self, line: &PlacedLine, colon: usize) {
        let call = |piece: &Piece| *piece == Piece::Op(cf_parser::Op::Call);
        let behind = line.pieces().get(colon..).unwrap_or_default();
        let Some(at) = behind.iter().position(call) else { return };
        let mut at = self.behind_blanks(line, colon + at + 1);
        if line.pieces().get(at) == Some(&Piece::Byte(b'+')) {
            at = self.behind_blanks(line, at + 1);
        }
        let word = self.word(line, at);
        if !word.is_empty() {
            let place = self.from(line, at, word.len());
            self.mention(ruleset_symbol(&word), Role::Check, place);
        }
    }

    /// `Kname class arguments`.
    fn map(&mut self, line: &PlacedLine) {
        let words = self.words(line, 1);
        let mut words = words.into_iter();
        if let Some((start, name)) = words.next() {
            let symbol = Symbol::new(Kind::Map, name.to_ascii_lowercase());
            self.owner = Some(symbol.clone());
            let place = self.from(line, start, name.len());
            self.mention(symbol.clone(), Role::Define, place);
            let class = words.next().map(|(_, class)| class).unwrap_or_default();
            let class = class.to_ascii_lowercase();
            if MAPS_OF_MAPS.contains(&&class[..]) {
                for (start, part) in words.filter(|(_, word)| word.first() != Some(&b'-')) {
                    let place = self.from(line, start, part.len());
                    let part = Symbol::new(Kind::Map, part.to_ascii_lowercase());
                    self.mention(part, Role::Part, place);
                }
            }
            self.out.map_classes.insert(symbol.name, class);
        }
        self.all(line, Role::Read);
    }

    /// A `C`, `D` or `F` line names this.
    fn named(&mut self, line: &PlacedLine, kind: Kind, name: &Name) {
        let symbol = Symbol::new(kind, name.as_bytes());
        self.owner = Some(symbol.clone());
        let start = self.offset(line, 1);
        let place = self.name_at(start);
        self.mention(symbol, Role::Define, place);
    }

    /// The macros and classes of all pieces.
    pub(super) fn all(&mut self, line: &PlacedLine, read: Role) {
        self.names(line, 1..line.pieces().len(), read, Role::Member);
    }

    /// The macros and classes of some pieces: what `$x` and `$=x` do there.
    pub(super) fn names(
        &mut self,
        line: &PlacedLine,
        pieces: std::ops::Range<usize>,
        read: Role,
        class: Role,
    ) {
        for at in pieces {
            let (kind, role, name, sign) = match line.pieces().get(at) {
                Some(Piece::Macro(name)) => (Kind::Macro, read, name, 1),
                Some(Piece::Deferred(name)) => (Kind::Macro, Role::ReadLate, name, 2),
                Some(Piece::If(name)) => (Kind::Macro, Role::Ask, name, 2),
                Some(Piece::Class(name)) => (Kind::Class, class, name, 2),
                Some(Piece::NotClass(name)) => (Kind::Class, Role::NotMember, name, 2),
                _ => continue,
            };
            let symbol = Symbol::new(kind, name.as_bytes());
            let place = self.name_at(self.offset(line, at) + sign);
            self.mention(symbol, role, place);
        }
    }

    pub(super) fn mention(&mut self, symbol: Symbol, role: Role, place: Place) {
        let (owner, line) = (self.owner.clone(), self.out.lines.len());
        self.out.mentions.push(Mention { symbol, role, place, owner, line });
    }

    /// A name that is made when rules run.
    pub(super) fn computed(&mut self, kind: Kind, role: Role, place: Place) {
        let (owner, line) = (self.owner.clone(), self.out.lines.len());
        let symbol = Symbol::new(kind, Vec::new());
        self.out.computed.push(Mention { symbol, role, place, owner, line });
    }

    pub(super) fn own(&mut self, symbol: Symbol) {
        self.owner = Some(symbol);
    }

    /// The byte of the file where a piece begins.
    pub(super) fn offset(&self, line: &PlacedLine, at: usize) -> usize {
        line.place(at).map_or_else(
            || self.out.places.line(line.span.last_line).end,
            |place| self.out.places.start_of(place),
        )
    }

    /// The place of some pieces that are bytes in a row.
    pub(super) fn from(&self, line: &PlacedLine, at: usize, len: usize) -> Place {
        let start = self.offset(line, at);
        self.out.places.place(start, (start + len).min(self.bytes.len()))
    }

    /// The place of the name of a macro or class that begins at this byte: `x` or `{name}`.
    pub(super) fn name_at(&self, start: usize) -> Place {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let len = match rest.first() {
            Some(b'{') => memchr::memchr(b'}', rest).map_or(1, |end| end + 1),
            Some(_) => 1,
            None => 0,
        };
        self.out.places.place(start, start + len)
    }

    /// The first piece from `from` on that is this byte.
    fn position(&self, line: &PlacedLine, byte: u8, from: usize) -> Option<usize> {
        let behind = line.pieces().get(from..)?;
        behind.iter().position(|piece| *piece == Piece::Byte(byte)).map(|at| from + at)
    }

    /// Where the field name in front of the colon begins, blanks between them left out.
    fn back_over_blanks(
        &self,
        line: &PlacedLine,
        guess: usize,
        colon: usize,
        name: &[u8],
    ) -> usize {
        let byte = |at: usize| match line.pieces().get(at) {
            Some(Piece::Byte(byte)) => Some(*byte),
            _ => None,
        };
        let mut end = colon;
        while end > 1 && byte(end - 1).is_some_and(|byte| byte.is_ascii_whitespace()) {
            end -= 1;
        }
        end.checked_sub(name.len()).unwrap_or(guess)
    }

    pub(super) fn behind_blanks(&self, line: &PlacedLine, from: usize) -> usize {
        let blank = |piece: &Piece| matches!(piece, Piece::Byte(b' ' | b'\t' | b'\n'));
        let behind = line.pieces().get(from..).unwrap_or_default();
        from + behind.iter().take_while(|piece| blank(piece)).count()
    }

    /// Letters, digits and `_` from a piece on.
    pub(super) fn word(&self, line: &PlacedLine, from: usize) -> Vec<u8> {
        bytes_while(line, from, |byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// The words of plain bytes from a piece on; a word with an operator ends the list.
    fn words(&self, line: &PlacedLine, from: usize) -> Vec<(usize, Vec<u8>)> {
        let mut at = self.behind_blanks(line, from);
        let mut out = Vec::new();
        loop {
            let word = bytes_while(line, at, |byte| !byte.is_ascii_whitespace());
            if word.is_empty() {
                return out;
            }
            let next = self.behind_blanks(line, at + word.len());
            out.push((at, word));
            at = next;
        }
    }
}

/// The plain bytes from a piece on, as long as they are of a kind.
pub(super) fn bytes_while(line: &PlacedLine, from: usize, of: impl Fn(u8) -> bool) -> Vec<u8> {
    let behind = line.pieces().get(from..).unwrap_or_default();
    behind
        .iter()
        .map_while(|piece| match piece {
            Piece::Byte(byte) if of(*byte) => Some(*byte),
            _ => None,
        })
        .collect()
}

/// The number of a text that begins with a digit.
pub(super) fn decimal(text: &[u8]) -> Option<usize> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()
}

/// The symbol of a ruleset as it is written: `010` is 10.
pub(super) fn ruleset_symbol(word: &[u8]) -> Symbol {
    let name = match decimal(word) {
        Some(number) => number.to_string().into_bytes(),
        None => word.to_vec(),
    };
    Symbol::new(Kind::Ruleset, name)
}
