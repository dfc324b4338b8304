//! Address test mode (`-bt`): commands and their output, byte for byte as sendmail prints it.
//!
//! A session takes lines and returns what is to be printed; reading lines and prompting is the
//! caller's. (CMD-099..CMD-124)

mod addresses;
mod colours;
mod completion;
mod definitions;
mod header_check;
mod sender;
mod slash;
mod tracer;

use cf_parser::debug::{Category, Levels};
use mapper::{LookupContext, MapSet, NoticeKind};
use ruleset_vm::load::Configuration;
use ruleset_vm::program::NoRuleset;
use ruleset_vm::token::Token;
use ruleset_vm::{Machine, Macros, Rewriter, Role};

use crate::answering::{Answering, MapMessage, MapServices};
use crate::show::{self, Look};
use crate::traces::{Traces, closing, definition};
pub use colours::coloured;
pub use completion::{Completer, Completion};
use tracer::BtTracer;

/// What stands in front of the first prompt.
pub const BANNER: &[u8] = b"ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\n\
Enter <ruleset> <address>\n";
/// The prompt.
pub const PROMPT: &str = "> ";

/// Whether to read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Another line.
    Continue,
    /// `/quit`.
    Quit,
}

/// One session of address test mode.
pub struct Session<'a> {
    configuration: Configuration,
    macros: Macros,
    machine: Machine,
    maps: &'a mut MapSet,
    services: &'a mut dyn MapServices,
    help: Option<Vec<u8>>,
    role: Role,
    /// Who runs this.
    user: Vec<u8>,
    /// The first full name found for a sender.
    full_name: Vec<u8>,
    /// Lines are shown before they run.
    verbose: bool,
    /// The last address resolved was no mailbox.
    bad_address: bool,
    /// What users do wrong is not told.
    quiet: bool,
    /// The last sender: messages about length begin with it until `/parse` or `/try` (observed).
    subject: Vec<u8>,
    exit: u8,
    out: Vec<u8>,
    /// Traces, if they are not part of the output.
    traced: Option<Vec<u8>>,
    /// What `-d` has asked for.
    levels: Levels,
    /// What of the situation lookups depend on.
    context: LookupContext,
    /// Memory for the workspace shown last.
    shown: Vec<Token>,
}

impl<'a> Session<'a> {
    /// A session on a loaded configuration. `help` is the contents of the help file; `exit` is what
    /// reading the configuration has left.
    #[must_use]
    pub fn new(
        configuration: Configuration,
        maps: &'a mut MapSet,
        services: &'a mut dyn MapServices,
        help: Option<Vec<u8>>,
        exit: u8,
    ) -> Self {
        let macros = configuration.macros.clone();
        let machine = Machine::new(configuration.program.clone());
        let role = Role::default();
        let verbose = configuration.options.flag("Verbose", false);
        let mut session = Self {
            configuration,
            macros,
            machine,
            maps,
            services,
            help,
            role,
            user: Vec::new(),
            full_name: Vec::new(),
            verbose,
            bad_address: false,
            quiet: false,
            subject: Vec::new(),
            exit,
            out: Vec::new(),
            traced: None,
            shown: Vec::new(),
            levels: Levels::default(),
            context: LookupContext::default(),
        };
        session.macros.set(b"addr_type", session.role.addr_type());
        session
    }

    /// Who runs this: `$_`, and the sender where none is usable.
    pub fn set_user(&mut self, user: &[u8]) {
        self.user = user.to_vec();
        self.macros.set(b"_", &[user, b"@localhost"].concat());
    }

    /// The delivery mode of the command line, in which maps may not be asked.
    pub fn set_delivery_mode(&mut self, mode: u8) {
        self.context.delivery_mode = mode;
    }

    /// The debugging flags of the command line.
    pub fn set_levels(&mut self, levels: Levels) {
        self.levels = levels;
        self.maps.set_levels(levels);
        self.macros.clear(b"addr_type");
        self.tell_role();
    }

    /// Gives a macro a value, or takes it away.
    fn set(&mut self, name: &[u8], value: Option<&[u8]>) {
        if self.levels.at(Category::Macros, 9) {
            let again = self.macros.is_defined(name);
            self.out.extend(definition(name, value, again));
        }
        match value {
            Some(value) => self.macros.set(name, value),
            None => self.macros.clear(name),
        }
    }

    /// What is said when the session ends: maps are closed, in the order of sendmail's symbol table.
    pub fn finish(&mut self) {
        if self.levels.at(Category::End, 1) {
            let exit = self.exit;
            let words = "e_id=NOQUEUE e_flags=4000<METOO>";
            self.say(format!("\n====finis: stat {exit} {words}"));
        }
        self.out.extend(closing::maps(&self.levels, self.maps));
    }

    /// Sets a macro before the first line, such as `$_` and `$i`.
    pub fn set_macro(&mut self, name: &[u8], value: &[u8]) {
        self.macros.set(name, value);
    }

    /// The exit status so far: the first error counts.
    #[must_use]
    pub fn exit(&self) -> u8 {
        self.exit
    }

    /// Moves what is to be printed to the end of `to`.
    pub fn move_output(&mut self, to: &mut Vec<u8>) {
        to.append(&mut self.out);
    }

    /// What debugging flags ask for is no part of the output from now on.
    pub fn keep_traces_apart(&mut self) {
        self.traced.get_or_insert_default();
    }

    /// The traces that are no part of the output, since the last call.
    pub fn take_traces(&mut self) -> Vec<u8> {
        self.traced.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Where traces go.
    fn traces(&mut self) -> &mut Vec<u8> {
        self.traced.as_mut().unwrap_or(&mut self.out)
    }

    /// The lines that maps want logged, since the last call.
    pub fn take_log(&mut self) -> Vec<mapper::LogLine> {
        self.services.take_log()
    }

    /// Runs one line, without its newline.
    pub fn line(&mut self, line: &[u8]) -> Control {
        self.maps.begin_round();
        if self.verbose {
            self.say(line);
        }
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        // Behind other white space than blanks no command is looked for (observed).
        let start = line.iter().position(|byte| *byte != b' ').unwrap_or(line.len());
        let whole = &line[start..];
        // Rulesets see a carriage return at the end, commands do not (observed).
        let line = whole.strip_suffix(b"\r").unwrap_or(whole);
        match whole.first() {
            None | Some(b'#') => {}
            Some(b'?') => self.help(),
            Some(b'.') => self.define(&line[1..]),
            Some(b'=') => self.equals(&line[1..]),
            Some(b'-') => self.dash(&line[1..]),
            Some(b'$') => self.dollar(&line[1..]),
            Some(b'/') => return self.slash(&line[1..]),
            Some(_) => self.rulesets(whole),
        }
        Control::Continue
    }

    fn say(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
        self.out.push(b'\n');
    }

    /// A message that counts as an error with exit status 70.
    fn complain(&mut self, text: impl AsRef<[u8]>) {
        self.say(text);
        self.fail(70);
    }

    fn fail(&mut self, exit: u8) {
        if self.exit == 0 {
            self.exit = exit;
        }
    }

    fn help(&mut self) {
        let Some(help) = self.help.as_deref() else {
            let version = ruleset_vm::load::SENDMAIL_VERSION;
            return self.say(format!("Sendmail {version} -- HELP not implemented"));
        };
        let lines = help_topic(help, b"-bt");
        if lines.is_empty() {
            return self.say("HELP topic \"-bt\" unknown");
        }
        for line in lines {
            self.say(line);
        }
        self.say("End of HELP info");
    }

    /// `=Sruleset`, `=M`
    fn equals(&mut self, rest: &[u8]) {
        match rest.first() {
            None => self.say("Usage: =Sruleset or =M"),
            Some(b'M') => {
                let listing = show::mailers(&self.configuration);
                self.out.extend(listing);
            }
            Some(b'S') => match self.ruleset_number(&rest[1..]) {
                Some(number) => {
                    let program = self.configuration.program.clone();
                    let listing =
                        Look::of(&self.levels).rules(&program, number, self.machine.table());
                    self.out.extend(listing);
                }
                None => self.undefined_ruleset(&rest[1..]),
            },
            Some(_) => self.say([b"Unknown \"=\" command =", rest].concat()),
        }
    }

    fn dash(&mut self, rest: &[u8]) {
        match rest.first() {
            None => self.say("Usage: -d{debug arguments}"),
            Some(b'd') => {
                self.levels.set(rest.get(1..).unwrap_or_default());
                self.maps.set_levels(self.levels);
            }
            Some(_) => self.say([b"Unknown \"-\" command -", rest].concat()),
        }
    }

    fn undefined_ruleset(&mut self, name: &[u8]) {
        self.say([b"Undefined ruleset ", name].concat());
    }

    /// The number of a ruleset typed by the user; says what is wrong with it but not that it is
    /// undefined.
    fn ruleset_number(&mut self, text: &[u8]) -> Option<usize> {
        match self.configuration.program.find(text) {
            Ok(number) => Some(number),
            Err(NoRuleset::Unknown) => None,
            Err(error) => {
                self.complain(error.to_string());
                None
            }
        }
    }

    /// Lends everything a chain of rulesets needs; what is traced goes to the output.
    fn with_rewriter<T>(&mut self, run: impl FnOnce(&mut Rewriter<'_>) -> T) -> T {
        let out = std::cell::RefCell::new(std::mem::take(&mut self.out));
        let apart = self.traced.take().map(std::cell::RefCell::new);
        let traced = apart.as_ref().unwrap_or(&out);
        let exit = std::cell::Cell::new(self.exit);
        let bad_address = std::cell::Cell::new(false);
        let mut say = |message: MapMessage| {
            if message.kind == NoticeKind::Trace {
                return traced.borrow_mut().extend(message.text);
            }
            let mut out = out.borrow_mut();
            out.extend(message.text);
            out.push(b'\n');
            if exit.get() == 0 {
                exit.set(message.exit);
            }
        };
        let mut lookups = Answering {
            maps: self.maps,
            services: self.services,
            context: self.context,
            levels: self.levels,
            say: &mut say,
            postponed: None,
            count: 0,
            unasked: Vec::new(),
        };
        let traces =
            Traces { levels: &self.levels, configuration: &self.configuration, copies: false };
        let mut tracer = BtTracer {
            out: &out,
            traced,
            exit: &exit,
            bad_address: &bad_address,
            quiet: self.quiet,
            look: Look::of(&self.levels),
            last: std::mem::take(&mut self.shown),
            last_text: 0..0,
            generation: u64::MAX,
            traces,
        };
        let mut rewriter = Rewriter {
            machine: &mut self.machine,
            configuration: &self.configuration,
            macros: &mut self.macros,
            lookups: &mut lookups,
            tracer: &mut tracer,
        };
        let result = run(&mut rewriter);
        self.shown = tracer.last;
        self.exit = exit.get();
        self.bad_address = bad_address.get();
        self.out = out.into_inner();
        self.traced = apart.map(std::cell::RefCell::into_inner);
        result
    }
}

/// The lines of a topic of the help file: those that begin with it, each without its first word. A line
/// of one word is empty.
fn help_topic(help: &[u8], topic: &[u8]) -> Vec<Vec<u8>> {
    let text = |line: &[u8]| {
        let blank = line.iter().position(|byte| matches!(byte, b' ' | b'\t'));
        blank.map_or_else(Vec::new, |at| line[at + 1..].to_vec())
    };
    help.split(|byte| *byte == b'\n').filter(|line| line.starts_with(topic)).map(text).collect()
}
