//! Loading: the items of a configuration, in order, into what runs.
//!
//! Reading a cf file is a program: a macro counts from the line that defines it, a class is copied
//! as it is at that line, a version line changes what follows. The loader runs that program; what
//! it needs from outside it asks of [`Surroundings`].

mod checks;
mod classes;
mod mailers;
mod option_lines;
mod options;
mod queue_groups;
mod rulesets;
mod scan_format;
mod surroundings;
mod traces;

use std::sync::Arc;

use cf_parser::debug::Category;
use cf_parser::item::{Directive, Equate, Header, HeaderAction};
use cf_parser::names::LongNames;
use cf_parser::options::OPTIONS;
use cf_parser::predefined::{CLASSES, MACROS, Start};
use cf_parser::text::{Name, OPS, Piece, Text};
use cf_parser::{Config, Diagnostic, Item, Items, Severity, Span};

use crate::classes::Classes;
use crate::compile::{Room, add_rule};
use crate::limits::MAX_LINE;
use crate::macros::Macros;
use crate::mailer::Mailer;
use crate::operators::Operators;
use crate::prescan::Mode;
use crate::program::Program;
use crate::token::ProgramTexts;
pub use checks::{option_checks, post_checks};
pub use classes::{ClassWord, NO_CLASS_NAME, class_words, quoted};
use mailers::Maker;
pub(crate) use mailers::leading_number;
use option_lines::Fixed;
pub use option_lines::check_option;
pub use options::{Options, Setting};
use rulesets::Numbering;
pub use surroundings::{
    ClassFileBlame, ClassText, Complaint, HostFacts, LargeFile, OwnInterface, Surroundings, User,
};

/// The version of sendmail whose behaviour this is; `$v` and texts that name it.
pub const SENDMAIL_VERSION: &str = "8.17.1.9";
/// The highest level of configuration files.
pub const MAX_LEVEL: i32 = 10;

/// A loaded configuration.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The rules.
    pub program: Arc<Program>,
    /// Macros as they stand after the last line.
    pub macros: Macros,
    /// Classes as they stand after the last line.
    pub classes: Classes,
    /// Mailers, the built-in ones first.
    pub mailers: Vec<Mailer>,
    /// `H` lines in order.
    pub headers: Vec<Header>,
    /// `P` lines.
    pub precedences: Vec<(Vec<u8>, i64)>,
    /// `Q` lines.
    pub queue_groups: Vec<(Vec<u8>, Vec<Equate>)>,
    /// `X` lines.
    pub milters: Vec<(Vec<u8>, Vec<Equate>)>,
    /// `E` lines: the environment of mailers.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// `O` lines.
    pub options: Options,
    /// The level of the `V` line; 0 without.
    pub level: i32,
    /// Whether the option ColonOkInAddr is in force.
    pub colon_ok: bool,
}

impl Configuration {
    /// To be called when classes have changed, before rules run: a machine needs the new program
    /// ([`crate::Machine::set_program`]).
    pub fn classes_changed(&mut self) {
        self.classes.index();
        Arc::make_mut(&mut self.program).renew(&self.classes);
    }
}

/// Reads and loads a file. The diagnostics are the parser's and the loader's in the order in which the
/// oracle prints them.
///
/// Each line is loaded when it has been read, so that all of them are read in the same memory.
pub fn read(
    bytes: &[u8],
    facts: &HostFacts,
    surroundings: &mut dyn Surroundings,
) -> (Configuration, Vec<Diagnostic>) {
    let mut items = Items::new(bytes);
    let loader = load_all(Loader::new(facts, surroundings), |said| {
        let item = items.next();
        said.append(&mut items.take_diagnostics());
        item
    });
    loader.finish(items.into_long_names())
}

/// [`read`] for a file that has been parsed; `parsed` are the parser's own diagnostics.
pub fn load(
    config: &Config,
    parsed: Vec<Diagnostic>,
    facts: &HostFacts,
    surroundings: &mut dyn Surroundings,
) -> (Configuration, Vec<Diagnostic>) {
    let mut parsed = parsed.into_iter().peekable();
    let mut items = config.items.iter();
    let loader = load_all(Loader::new(facts, surroundings), |said| {
        let Some(item) = items.next() else {
            said.extend(parsed.by_ref());
            return None;
        };
        while let Some(found) = parsed.next_if(|d| d.span.last_line <= item.span.last_line) {
            said.push(found);
        }
        Some(item.clone())
    });
    loader.finish(config.long_names.clone())
}

/// Loads item after item, up to a fatal error. `next` also tells what the reader has said since the
/// item before.
fn load_all<'a>(
    mut loader: Loader<'a>,
    mut next: impl FnMut(&mut Vec<Diagnostic>) -> Option<Item>,
) -> Loader<'a> {
    loader.command_line();
    while let Some(Item { span, directive }) = next(&mut loader.diagnostics) {
        loader.item(directive, span);
        if loader.diagnostics.last().is_some_and(is_fatal) {
            break;
        }
    }
    loader
}

/// Long names that get a code when the file has been read, and how often they are used (observed).
const LATE_NAMES: [(&str, usize); 4] = [
    ("checkMIMEFieldHeaders", 2),
    ("checkMIMETextHeaders", 1),
    ("checkMIMEHeaders", 5),
    ("persistentMacros", 5),
];

/// Those that test mode gives a code.
const TEST_MODE_NAMES: [(&str, usize); 1] = [("quarantine", 2)];

/// Whether reading ends with this message.
fn is_fatal(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.severity, Severity::Error { fatal: true, .. })
}

struct Loader<'a> {
    configuration: Configuration,
    program: Program,
    texts: ProgramTexts,
    numbering: Numbering,
    /// The ruleset that `R` lines go to.
    current: Option<usize>,
    /// Operators, once a rule has been tokenized.
    operators: Option<Operators>,
    /// Memory for rules to be read in.
    room: Room,
    /// Options that the command line has set.
    fixed_options: Vec<Fixed>,
    /// Listeners so far.
    listeners: usize,
    /// How many listeners the file and the command line define.
    daemons: usize,
    facts: &'a HostFacts,
    surroundings: &'a mut dyn Surroundings,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    fn new(facts: &'a HostFacts, surroundings: &'a mut dyn Surroundings) -> Self {
        let mut configuration = Configuration {
            mailers: mailers::built_in(),
            colon_ok: true,
            ..Configuration::default()
        };
        predefine(&mut configuration, facts);
        Self {
            configuration,
            program: Program::default(),
            texts: ProgramTexts::default(),
            numbering: Numbering::default(),
            current: None,
            operators: None,
            room: Room::default(),
            fixed_options: Vec::new(),
            listeners: 0,
            daemons: 0,
            facts,
            surroundings,
            diagnostics: Vec::new(),
        }
    }

    fn item(&mut self, directive: Directive, span: Span) {
        match directive {
            Directive::Class { name, words } => self.class_words(&name, words, span),
            Directive::ClassSource { name, optional, source } => {
                self.class_source(&name, optional, source, span);
            }
            Directive::Trusted(words) => {
                let name = Name::new(b"t");
                for word in &words {
                    let word = cf_parser::octets_of_line(word);
                    self.add_to_class(&name, word.trim_ascii_end());
                }
            }
            Directive::Macro { name, value } => self.define(&name, cut(value)),
            Directive::Environment { name, value } => self.environment(&name, value.as_ref()),
            Directive::Header(header) => self.header(header, span),
            Directive::Map(text) => self.map(text, span),
            Directive::Mailer { name, equates } => self.mailer(&name, &equates, span),
            Directive::Option(line) => self.option(&line, span),
            Directive::Precedence { name, value } => {
                self.configuration.precedences.push((name, value));
            }
            Directive::QueueGroup { name, equates } => self.queue_group(&name, &equates, span),
            Directive::Rule { lhs, rhs, comment } => self.rule(lhs, rhs, &comment, span),
            Directive::Ruleset(text) => self.ruleset(text, span),
            Directive::Version { level, .. } => self.version(level),
            Directive::Milter { name, equates } => {
                self.configuration.milters.push((name, equates));
            }
        }
    }

    fn expand(&mut self, text: Text, span: Span) -> Text {
        let expanded = self.configuration.macros.expanded(text);
        if expanded.too_deep {
            self.say(span, "expand: recursion too deep (10 max)", 70);
        }
        cut(expanded.text)
    }

    fn say(&mut self, span: Span, text: impl Into<Vec<u8>>, exit: u8) {
        let severity =
            if exit == 0 { Severity::Warning } else { Severity::Error { exit, fatal: false } };
        self.diagnostics.push(Diagnostic { span, text: text.into(), severity, bare: exit == 0 });
    }

    fn complain(&mut self, span: Span, complaints: Vec<Complaint>) {
        self.diagnostics.extend(complaints.into_iter().map(|complaint| complaint.about(span)));
    }

    /// `H…`; the ruleset of a check is known from now on.
    fn header(&mut self, header: Header, span: Span) {
        if let HeaderAction::Check { ruleset, .. } = &header.action {
            let mut messages = Vec::new();
            let mut say = |message: String| messages.push(message);
            self.numbering.number(&mut self.program, ruleset, &mut say);
            messages.into_iter().for_each(|message| self.say(span, message, 70));
        }
        self.configuration.headers.push(header);
    }

    fn environment(&mut self, name: &[u8], value: Option<&Text>) {
        let value = match value {
            Some(value) => Some(self.configuration.macros.expand_bytes(value)),
            None => self.surroundings.environment(name),
        };
        let Some(value) = value else { return };
        let list = &mut self.configuration.environment;
        list.retain(|(known, _)| known != name);
        list.push((name.to_vec(), value));
    }

    fn map(&mut self, text: Text, span: Span) {
        let line = cf_parser::octets(&self.expand(text, span));
        let complaints = self.surroundings.declare_map(&line);
        self.complain(span, complaints);
    }

    fn mailer(&mut self, name: &[u8], equates: &[Equate], span: Span) {
        let mut groups: Vec<Vec<u8>> =
            self.configuration.queue_groups.iter().map(|(name, _)| name.clone()).collect();
        groups.push(b"mqueue".to_vec());
        let unknown = self.take_behind(span);
        let mut maker = Maker {
            program: &mut self.program,
            numbering: &mut self.numbering,
            level: self.configuration.level,
            surroundings: self.surroundings,
            queue_groups: &groups,
            unknown: unknown.into_iter().peekable(),
            complaints: Vec::new(),
        };
        maker.make(&mut self.configuration.mailers, name, equates);
        let complaints = maker.complaints;
        self.complain(span, complaints);
    }

    /// Takes back the last messages, those about places within this line.
    fn take_behind(&mut self, line: Span) -> Vec<Diagnostic> {
        let within =
            |found: &Diagnostic| found.span.last_line == line.last_line && found.span > line;
        let others = self.diagnostics.iter().rposition(|found| !within(found));
        self.diagnostics.split_off(others.map_or(0, |at| at + 1))
    }

    fn version(&mut self, level: i32) {
        self.configuration.level = level;
        if level >= 5 {
            let name = self.configuration.macros.value(b"w");
            if let Some(dot) = name.iter().position(|b| *b == b'.') {
                let short = name[..dot].to_vec();
                let line = traces::short_name(&self.configuration, &short);
                self.trace(Category::Macros, 9, || line);
                self.configuration.macros.set(b"w", &short);
            }
        }
        if level >= 6 {
            self.configuration.colon_ok = false;
        }
    }

    fn ruleset(&mut self, line: Text, span: Span) {
        let text = cf_parser::octets(&self.expand(line.clone(), span));
        let mut messages = Vec::new();
        let mut say = |message: String| messages.push(message);
        self.current = self.numbering.number(&mut self.program, &text, &mut say).number;
        for message in messages {
            self.say(span, message, 70);
        }
        let Some(number) = self.current else { return };
        let again = self.program.ruleset(number).is_some_and(|set| !set.rules.is_empty());
        if again && matches!(self.facts.mode, b't' | b'C') {
            let mut text = b"WARNING: Ruleset ".to_vec();
            text.extend(cf_parser::octets_of_line(&line));
            text.extend_from_slice(b" has multiple definitions");
            self.say(span, text, 0);
        }
    }

    fn rule(&mut self, lhs: Text, rhs: Text, comment: &[u8], span: Span) {
        let Some(number) = self.current else {
            // The parser has told of most; it does not know that a name was one too many.
            if self.diagnostics.last().is_some_and(|said| said.span == span) {
                return;
            }
            let mut text = b"missing valid ruleset for \"R".to_vec();
            text.extend(cf_parser::in_message(&lhs));
            text.push(b'\t');
            text.extend(cf_parser::in_message(&rhs));
            if !comment.is_empty() {
                text.push(b'\t');
                text.extend_from_slice(comment);
            }
            text.push(b'"');
            self.say(span, text, 70);
            return;
        };
        let operators = self.operators();
        let lhs = seven_bit_rubout(self.expand(lhs, span));
        let rhs = seven_bit_rubout(self.expand(rhs, span));
        let mode = Mode {
            operators: &operators,
            delimiter: Some(b'\t'),
            comments: self.configuration.level < 9,
            ignore: true,
        };
        self.trace_side(&lhs, mode);
        let Some(ruleset) = self.program.rulesets.get_mut(number) else { return };
        let Self { texts, configuration: Configuration { classes, .. }, room, .. } = self;
        let mut operators = operators.clone();
        operators.add_reserved();
        let alone = Mode { operators: &operators, ..mode };
        let messages = add_rule(ruleset, texts, classes, (&lhs, &rhs), alone, span, room);
        let left = messages.iter().rposition(|m| is_about_left_side(m)).map_or(0, |at| at + 1);
        let mut messages = messages.into_iter();
        messages.by_ref().take(left).for_each(|message| self.say(span, message, 70));
        self.trace_side(&rhs, mode);
        messages.for_each(|message| self.say(span, message, 70));
    }

    /// The operators in force, fixed when first asked (RS-001).
    fn operators(&mut self) -> Operators {
        if self.operators.is_none() {
            let options = &self.configuration.options;
            let chars = match options.bytes("OperatorChars") {
                Some(chars) => Some(chars),
                None if self.configuration.level < 7 => {
                    let value = self.configuration.macros.value(b"o");
                    (!value.is_empty()).then_some(value)
                }
                None => None,
            };
            let operators = chars.map_or_else(Operators::default, |chars| Operators::new(&chars));
            self.operators = Some(operators);
        }
        self.operators.clone().unwrap_or_default()
    }

    fn finish(mut self, long_names: LongNames) -> (Configuration, Vec<Diagnostic>) {
        self.numbering.finish(&mut self.program);
        let operators = self.operators();
        let complaints = self.surroundings.end_of_file(&self.configuration);
        self.complain(Span::default(), complaints);
        let user = [&self.facts.user[..], b"@localhost"].concat();
        self.trace(Category::Macros, 9, || [b"define(_ as ", &user[..], b")"].concat());
        let domain = self.configuration.macros.value(b"m");
        if !domain.is_empty() {
            self.add_to_class(&Name::new(b"m"), &domain);
        }
        self.probe_interfaces();
        let long_names = self.late_names(long_names);
        let mut configuration = self.configuration;
        let own = configuration.macros.value(b"j");
        let own = if own.is_empty() { &b"localhost"[..] } else { &own };
        configuration.classes.add(&Name::new(b"w"), own);
        if configuration.level < 7 {
            old_macros(&mut configuration);
        }
        configuration.classes.index();
        configuration.macros.freeze();
        let mut program = self.program;
        self.texts.set_long_names(long_names);
        program.texts = Arc::new(self.texts);
        program.operators = operators;
        program.comments_in_rules = configuration.level < 9;
        let blank = configuration.options.bytes("BlankSub");
        program.blank_sub = blank.and_then(|value| value.first().copied()).unwrap_or(b' ');
        program.finish(&configuration.classes);
        configuration.program = Arc::new(program);
        (configuration, self.diagnostics)
    }

    /// Gives codes to sendmail's own long names, as far as the file has left any.
    fn late_names(&mut self, mut names: LongNames) -> LongNames {
        let testing = self.facts.mode == b't';
        let own = if testing { &TEST_MODE_NAMES[..] } else { &[] };
        for &(name, uses) in LATE_NAMES.iter().chain(own) {
            let name = Name::new(name.as_bytes());
            for text in (0..uses).filter_map(|_| names.meet(&name).err()).flatten() {
                let error = Diagnostic::error(Span::default(), text);
                self.diagnostics.push(Diagnostic { bare: true, ..error });
            }
        }
        // Test mode tells of this one when it has begun.
        names.code(&Name::new(b"addr_type"));
        names
    }

    /// Option `DontProbeInterfaces` (OPT): names and addresses of interfaces into class w.
    fn probe_interfaces(&mut self) {
        let options = &self.configuration.options;
        let value = options.bytes("DontProbeInterfaces").unwrap_or(b"false".to_vec());
        let loopback_names = !value.eq_ignore_ascii_case(b"loopback");
        if loopback_names && options.flag("DontProbeInterfaces", false) {
            return;
        }
        let interfaces = self.surroundings.interfaces(loopback_names);
        self.trace_interfaces(&interfaces);
        interfaces.iter().for_each(|interface| self.name_interface(interface));
    }
}

/// Whether a message about a rule is about its left-hand side, which is read first.
fn is_about_left_side(message: &str) -> bool {
    message.ends_with("LHS") || message.ends_with("too many wildcards")
}

/// Macros that stood for options below version 7 (MC-005, MC-012; `$o` see [`Loader::operators`]).
fn old_macros(configuration: &mut Configuration) {
    for (name, option) in [(b"e", "SmtpGreetingMessage"), (b"l", "UnixFromLine")] {
        let Some(value) = configuration.macros.get(&Name::new(name)).cloned() else { continue };
        let Some(index) = OPTIONS.iter().position(|spec| spec.name == option) else { continue };
        if configuration.options.text(option).is_none() {
            let setting = Setting { option: index, suboption: None, value, span: Span::default() };
            configuration.options.push(setting);
        }
    }
}

/// A value as long as the oracle keeps it (CF-072).
fn cut(mut text: Text) -> Text {
    text.truncate(MAX_LINE - 1);
    text
}

/// Octet 0377 of a rule loses its upper bit (observed; RS-017).
fn seven_bit_rubout(mut text: Text) -> Text {
    for piece in &mut text {
        if let Piece::Byte(byte @ 0xff) = piece {
            *byte = 0x7f;
        }
    }
    text
}

/// What exists before the first line (CF-106, CF-107).
fn predefine(configuration: &mut Configuration, facts: &HostFacts) {
    let macros = &mut configuration.macros;
    for spec in MACROS {
        if let Some(value) = value_at_start(spec.start, facts) {
            macros.set(spec.name.as_bytes(), &value);
        }
    }
    // An octet of an address in which sendmail holds the `$` of a macro reads the next one as its name: these have
    // themselves as their values (MC-028, observed).
    for (op, letter) in OPS {
        macros.define(Name::new(&[letter]), vec![Piece::Op(op)]);
    }
    let digits = (0..=9).map(|digit| (b'0' + digit, Piece::Arg(digit)));
    for (letter, piece) in digits {
        macros.define(Name::new(&[letter]), vec![piece]);
    }
    for (name, value) in &facts.macros {
        macros.set(name, value);
    }
    let classes = &mut configuration.classes;
    for spec in CLASSES {
        let class = Name::new(spec.name.as_bytes());
        classes.id(&class);
        spec.members.iter().for_each(|word| classes.add(&class, word.as_bytes()));
    }
    classes.add(&Name::new(b"w"), &facts.name);
    facts.aliases.iter().for_each(|alias| classes.add(&Name::new(b"w"), alias));
    classes.add(&Name::new(b"k"), &facts.node);
}

/// The value a macro has when the first line is read.
fn value_at_start(start: Start, facts: &HostFacts) -> Option<Vec<u8>> {
    let name = &facts.name;
    Some(match start {
        Start::Undefined => return None,
        Start::Text(text) => text.as_bytes().to_vec(),
        Start::Version => SENDMAIL_VERSION.as_bytes().to_vec(),
        Start::HostName => name.clone(),
        Start::Domain => name.splitn(2, |byte| *byte == b'.').nth(1)?.to_vec(),
        Start::Node => facts.node.clone(),
        Start::Date => facts.date.clone(),
        Start::Mode => vec![facts.mode],
    })
}
