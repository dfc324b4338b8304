//! The new tool's own commands (`bangpath tour`, ...), beside the classic flags.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use super::{dialect, editmap, mail_local, mailstats, makemap, praliases, rmail, smrsh, tour};
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
    /// Prints the file of another vendor's sendmail in the language of sendmail 8
    ///
    /// `bangpath --dialect NAME -C FILE ...` runs such a file as it is.
    Dialect {
        /// bsd, ida, sun, or auto (the vendor on the V line)
        name: OsString,
        /// The configuration
        file: OsString,
    },
    /// Builds a database from a text, prints one (-u)
    ///
    /// The same as the program when it is called `makemap`; so are those below.
    #[command(disable_help_flag = true)]
    Makemap(Words),
    /// Looks a key up in a database (-q), gives it a value (-u), takes it out (-x)
    #[command(disable_help_flag = true)]
    Editmap(Words),
    /// Prints the databases of aliases
    #[command(disable_help_flag = true)]
    Praliases(Words),
    /// Appends messages to mailboxes, from standard input or by LMTP (-l)
    #[command(name = "mail.local", disable_help_flag = true)]
    MailLocal(Words),
    /// Shows how many messages each mailer had
    #[command(disable_help_flag = true)]
    Mailstats(Words),
    /// Hands a message from UUCP to sendmail
    #[command(disable_help_flag = true)]
    Rmail(Words),
    /// Runs a command of a program mailer, if it is in /etc/mail/smrsh
    #[command(disable_help_flag = true)]
    Smrsh(Words),
}

/// The words of a program that reads them itself.
#[derive(Debug, Args)]
struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl Words {
    fn bytes(self) -> Vec<Vec<u8>> {
        self.words.into_iter().map(OsString::into_encoded_bytes).collect()
    }
}

/// Runs a command of the tool; `None` if the words are not for it: a flag in front, or an address.
pub(super) fn run(words: &[Vec<u8>]) -> Option<u8> {
    let first = words.first()?;
    let known = Tool::command()
        .get_subcommands()
        .any(|command| command.get_name().as_bytes() == first.as_slice());
    let help = [&b"--help"[..], b"--version", b"help"].contains(&first.as_slice());
    if !known && !help {
        return None;
    }
    let words = words.iter().map(|word| std::ffi::OsStr::from_bytes(word).to_owned());
    let words = std::iter::once(OsString::from("bangpath")).chain(words);
    match Tool::try_parse_from(words) {
        Ok(Tool { command: Command::Tour }) => Some(tour::run()),
        Ok(Tool { command: Command::Dialect { name, file } }) => {
            Some(dialect::print(name.as_bytes(), file.as_bytes()))
        }
        Ok(Tool { command: Command::Makemap(words) }) => Some(makemap::run(&words.bytes())),
        Ok(Tool { command: Command::Editmap(words) }) => Some(editmap::run(&words.bytes())),
        Ok(Tool { command: Command::Praliases(words) }) => Some(praliases::run(&words.bytes())),
        Ok(Tool { command: Command::MailLocal(words) }) => Some(mail_local::run(&words.bytes())),
        Ok(Tool { command: Command::Mailstats(words) }) => Some(mailstats::run(&words.bytes())),
        Ok(Tool { command: Command::Rmail(words) }) => Some(rmail::run(&words.bytes())),
        Ok(Tool { command: Command::Smrsh(words) }) => Some(smrsh::run(&words.bytes())),
        Err(error) => {
            let text = error.render().to_string();
            if error.use_stderr() {
                terminal::complain(text.as_bytes());
                Some(64)
            } else {
                terminal::print(text.as_bytes());
                Some(0)
            }
        }
    }
}
