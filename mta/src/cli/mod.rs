//! L7: personalities and flags.

pub mod arguments;
mod embedded;
mod facts;
mod listing;
mod queue;
mod serve;
mod start;
mod submit;
mod test_mode;
mod tool;
mod tour;
mod tour_client;

use arguments::Arguments;

use crate::sys::terminal;

/// Names the program can be called by, and the flag each stands for (CMD-001..CMD-007).
const PERSONALITIES: [(&[u8], &[u8]); 6] = [
    (b"newaliases", b"-bi"),
    (b"mailq", b"-bp"),
    (b"smtpd", b"-bd"),
    (b"hoststat", b"-bh"),
    (b"purgestat", b"-bH"),
    (b"runq", b"-q"),
];

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
    let mut words = words.to_vec();
    if let Some((_, flag)) = PERSONALITIES.iter().find(|(name, _)| *name == called) {
        words.insert(0, flag.to_vec());
    }
    match Arguments::parse(&words) {
        Ok(arguments) => classic(&arguments, argv),
        Err(error) => {
            terminal::complain(format!("sendmail: {error}\n").as_bytes());
            64
        }
    }
}

fn classic(arguments: &Arguments, argv: &[Vec<u8>]) -> u8 {
    let given = arguments.last(b'b').map(|mode| mode.first().copied().unwrap_or(0));
    let mode = given.unwrap_or(if arguments.has(b'q') { b'q' } else { b'm' });
    match mode {
        b't' => test_mode::run(arguments),
        b'm' | b'a' => submit::run(arguments),
        b'v' => submit::verify(arguments),
        b's' => serve::standard_input(arguments),
        b'd' | b'D' => serve::daemon(arguments, argv, mode),
        b'p' => listing::run(arguments),
        b'q' => serve::queue(arguments),
        b'z' => {
            print_line(b"Frozen configurations unsupported");
            64
        }
        mode => {
            print_line(&[b"Invalid operation mode ", &[mode][..]].concat());
            64
        }
    }
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
