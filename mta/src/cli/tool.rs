//! The new tool's own commands (`bangpath tour`, ...), beside the classic flags.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use clap::{Arg, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::{COMPANIONS, Companion, companion, dialect, tools, tour};
use crate::sys::terminal;

/// A mail system that runs an existing sendmail.cf.
///
/// Called with flags as sendmail is (`bangpath -bt`, `bangpath -bd -q30m`, `bangpath -t`) it does
/// what sendmail does; the commands below are its own.
#[derive(Debug, Parser)]
#[command(name = "bangpath", version)]
struct Tool {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows a message on its way, in a temporary directory: rules, queue file, mailbox
    Tour,
    /// Tells the story of addresses: each rule that fired, with its place, and what will happen to the mail
    Explain(Box<tools::explain::Explain>),
    /// Writes a configuration for Postfix or Exim, and says what could not be carried over
    Export(Box<tools::export::Export>),
    /// Plays an SMTP session through the rules without a network: verdicts, replies, and whether the mail would be relayed
    Session(Box<tools::session::Session>),
    /// Tries the expectations of files of tests on a configuration
    Test(Box<tools::test::TestFiles>),
    /// Shows which rules, members of classes and entries of maps addresses and tests reach
    Coverage(Box<tools::coverage::CoverageOf>),
    /// Lays a configuration out: columns of rules, fields of mailers, names of options; it says the same
    Fmt(Box<tools::fmt::Fmt>),
    /// Serves editors: diagnostics, hover, definitions, references, rename, formatting (docs/lsp.md)
    Lsp(tools::lsp::Lsp),
    /// Tells which part of the m4 package made which lines, and which were edited by hand
    Origin(Box<tools::origin::Origin>),
    /// Lists what is defined and used where: rulesets, mailers, maps, macros, classes; draws who calls whom
    Doc(Box<tools::doc::Doc>),
    /// Goes through the rules with an address, step by step, forward and back
    Debug(Box<tools::debug::Debug>),
    /// Finds what is wrong with a configuration, or with its tables and aliases
    Check(Box<tools::check::Check>),
    /// Holds the log of a mail system to a configuration: would the same mailer take each recipient to the same host, and
    /// the same be refused
    Replay(Box<tools::replay::Replay>),
    /// Compares two configurations, or a real sendmail and this one, on many addresses: what differs, and by which rule
    Diff(Box<tools::diff::Diff>),
    /// Prints the file of another vendor's sendmail in the language of sendmail 8
    ///
    /// `bangpath --dialect NAME -C FILE ...` runs such a file as it is.
    Dialect {
        /// bsd, ida, sun, or auto (the vendor on the V line)
        name: OsString,
        /// The configuration
        file: OsString,
    },
}

/// The tool with the programs that it plays. They read their words themselves.
fn tool() -> clap::Command {
    let words = Arg::new("words").value_name("WORDS").num_args(..);
    let words = words.trailing_var_arg(true).allow_hyphen_values(true);
    Tool::command().subcommands(COMPANIONS.iter().map(|Companion { name, about, .. }| {
        let long = format!("{about}\n\nThe same as the program when it is called `{name}`.");
        let command = clap::Command::new(*name).about(*about).long_about(long);
        command.disable_help_flag(true).arg(words.clone())
    }))
}

/// Runs a command of the tool; `None` if the words are not for it: a flag in front, or an address.
pub(super) fn run(words: &[Vec<u8>]) -> Option<u8> {
    let (first, rest) = words.split_first()?;
    if let Some(companion) = companion(first) {
        return Some((companion.run)(rest));
    }
    let known =
        tool().get_subcommands().any(|command| command.get_name().as_bytes() == first.as_slice());
    let help = [&b"--help"[..], b"--version", b"help"].contains(&first.as_slice());
    if !known && !help {
        return None;
    }
    let words = words.iter().map(|word| std::ffi::OsStr::from_bytes(word).to_owned());
    let words = std::iter::once(OsString::from("bangpath")).chain(words);
    let parsed = tool().try_get_matches_from(words);
    match parsed.and_then(|matches| Tool::from_arg_matches(&matches)) {
        Ok(tool) => Some(tool.command.run()),
        Err(error) => {
            let text = error.render().to_string();
            if error.use_stderr() {
                terminal::complain(text.as_bytes());
                Some(wrong_usage(first))
            } else {
                terminal::print(text.as_bytes());
                Some(0)
            }
        }
    }
}

impl Command {
    fn run(self) -> u8 {
        match self {
            Self::Tour => tour::run(),
            Self::Dialect { name, file } => dialect::print(name.as_bytes(), file.as_bytes()),
            Self::Session(session) => tools::session::run(&session),
            Self::Test(test) => tools::test::run(&test),
            Self::Coverage(coverage) => tools::coverage::run(&coverage),
            Self::Debug(debug) => tools::debug::run(&debug),
            Self::Check(check) => tools::check::run(&check),
            Self::Explain(explain) => tools::explain::run(&explain),
            Self::Export(export) => tools::export::run(&export),
            Self::Fmt(fmt) => tools::fmt::run(&fmt),
            Self::Lsp(lsp) => tools::lsp::run(&lsp),
            Self::Origin(origin) => tools::origin::run(&origin),
            Self::Doc(doc) => tools::doc::run(&doc),
            Self::Replay(replay) => tools::replay::run(&replay),
            Self::Diff(diff) => tools::diff::run(&diff),
        }
    }
}

/// The exit status of words that a command does not take: `EX_USAGE` of commands as old as sendmail, that of the
/// workbench for its own.
fn wrong_usage(command: &[u8]) -> u8 {
    match command {
        b"tour" | b"dialect" => 64,
        _ => tools::CANNOT,
    }
}
