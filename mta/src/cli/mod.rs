//! L7: personalities and flags.

mod aliases;
pub mod arguments;
mod companion_log;
mod conversation;
mod dialect;
mod editmap;
mod embedded;
mod facts;
mod getopt;
mod host_status;
mod incoming;
mod line_editor;
mod listing;
mod mail_local;
mod mailstats;
mod makemap;
mod makemap_fst;
mod map_tools;
mod named;
mod praliases;
mod quarantine;
mod queue;
mod rmail;
mod serve;
mod smrsh;
mod start;
mod submit;
mod test_mode;
mod tool;
mod tools;
mod tour;
mod tour_client;
mod usage;
mod vacation;
mod verify;
mod voice;

use arguments::Arguments;

use voice::Voice;

use crate::sys::{privileges, terminal};

/// Names the program can be called by, and the flag each stands for (CMD-001..CMD-007).
const PERSONALITIES: [(&[u8], &[u8]); 6] = [
    (b"newaliases", b"-bi"),
    (b"mailq", b"-bp"),
    (b"smtpd", b"-bd"),
    (b"hoststat", b"-bh"),
    (b"purgestat", b"-bH"),
    (b"runq", b"-q"),
];

/// A program beside sendmail that this one plays, by its name or as `bangpath NAME`.
struct Companion {
    name: &'static str,
    /// What `bangpath --help` says of it.
    about: &'static str,
    /// Takes its words, returns its exit status.
    run: fn(&[Vec<u8>]) -> u8,
}

const COMPANIONS: [Companion; 8] = [
    Companion {
        name: "makemap",
        about: "Builds a database from a text, prints one (-u)",
        run: makemap::run,
    },
    Companion {
        name: "editmap",
        about: "Looks a key up in a database (-q), gives it a value (-u), takes it out (-x)",
        run: editmap::run,
    },
    Companion { name: "praliases", about: "Prints the databases of aliases", run: praliases::run },
    Companion {
        name: "mail.local",
        about: "Appends messages to mailboxes, from standard input or by LMTP (-l)",
        run: mail_local::run,
    },
    Companion {
        name: "mailstats",
        about: "Shows how many messages each mailer had",
        run: mailstats::run,
    },
    Companion { name: "rmail", about: "Hands a message from UUCP to sendmail", run: rmail::run },
    Companion {
        name: "smrsh",
        about: "Runs a command of a program mailer, if it is in /etc/mail/smrsh",
        run: smrsh::run,
    },
    Companion {
        name: "vacation",
        about: "Answers mail for a user who is away",
        run: vacation::run,
    },
];

/// The program called `name`.
fn companion(name: &[u8]) -> Option<&'static Companion> {
    COMPANIONS.iter().find(|companion| companion.name.as_bytes() == name)
}

/// Runs the program with its arguments, the name it was called by in front; returns the exit
/// status.
#[must_use]
pub fn run(argv: &[Vec<u8>]) -> u8 {
    let (called, words) = argv.split_first().map_or((&b""[..], argv), |(name, rest)| {
        (name.rsplit(|byte| *byte == b'/').next().unwrap_or_default(), rest)
    });
    if called == b"bangpath"
        && let Some(exit) = tool::run(words)
    {
        return exit;
    }
    if let Some(companion) = companion(called) {
        return (companion.run)(words);
    }
    let mut words = words.to_vec();
    if let Some((_, flag)) = PERSONALITIES.iter().find(|(name, _)| *name == called) {
        words.insert(0, flag.to_vec());
    }
    let parsed = if called == b"bangpath" {
        Arguments::parse_extended(&words)
    } else {
        Arguments::parse(&words)
    };
    match parsed {
        Ok(arguments) => classic(&arguments, argv),
        Err(error) => {
            terminal::complain(format!("sendmail: {error}\n").as_bytes());
            64
        }
    }
}

fn classic(arguments: &Arguments, argv: &[Vec<u8>]) -> u8 {
    let mode = match mode_of(arguments) {
        Ok(mode) => mode,
        Err(exit) => return exit,
    };
    if usage::cost_privileges(arguments)
        && let Err(error) = privileges::give_up()
    {
        complain(format!("cannot give up privileges: {error}").as_bytes());
        return 71;
    }
    let mistakes = match usage::check(arguments, mode, Voice::of(mode)) {
        Ok(mistakes) => mistakes,
        Err(exit) => return exit,
    };
    // Test mode goes on; so does a message that has only a minor mistake (CMD-028).
    if mistakes.exit != 0 && mode != b't' {
        return mistakes.exit;
    }
    let minor = if mistakes.minor { 64 } else { 0 };
    match mode {
        b't' => test_mode::run(arguments, mistakes.exit),
        b'm' | b'a' => either(submit::run(arguments, mode, minor), minor),
        b'v' => either(verify::run(arguments), minor),
        b's' => serve::standard_input(arguments),
        b'd' | b'D' => serve::daemon(arguments, argv, mode),
        b'p' => listing::run(arguments),
        b'P' => listing::numbers(arguments),
        b'i' => aliases::run(arguments),
        b'h' => host_status::show(arguments),
        b'H' => host_status::purge(arguments),
        b'C' => start::site(arguments, mode).map_or_else(|exit| exit, |_| 0),
        b'O' => option_names(),
        _ if arguments.has(b'Q') => quarantine::run(arguments),
        _ => serve::queue(arguments),
    }
}

/// The first exit status that is not 0.
fn either(exit: u8, other: u8) -> u8 {
    if exit == 0 { other } else { exit }
}

/// Modes of `-b` (CMD-008..CMD-024).
const MODES: &[u8] = b"adDvitmspPhHCO";

fn mode_of(arguments: &Arguments) -> Result<u8, u8> {
    for value in arguments.all(b'b') {
        let mode = value.first().copied().unwrap_or(0);
        if mode == b'z' {
            print_line(b"Frozen configurations unsupported");
            return Err(64);
        }
        if !MODES.contains(&mode) {
            print_line(&[b"Invalid operation mode ", &[mode][..]].concat());
            return Err(64);
        }
    }
    let given = arguments.last(b'b').and_then(|mode| mode.first().copied());
    let queued = arguments.has(b'q') || arguments.has(b'Q');
    Ok(match given {
        // A queue run is what `-q` alone asks for.
        None | Some(b'm') if queued => b'q',
        None => b'm',
        Some(mode) => mode,
    })
}

/// `-bO`: the names of all options; options without one give an empty line (CMD-017).
fn option_names() -> u8 {
    let built = cf_parser::options::OPTIONS.iter().filter(|option| option.built);
    built.for_each(|option| print_line(option.name.as_bytes()));
    0
}

/// Prints a line; a closed standard output is not our trouble.
fn print_line(line: &[u8]) {
    print(&[line, b"\n"].concat());
}

fn print(text: &[u8]) {
    terminal::print(text);
}

fn complain(line: &[u8]) {
    terminal::complain(&[line, b"\n"].concat());
}
