//! L7: personalities and flags.

pub mod arguments;
mod facts;
mod test_mode;

use std::io::Write as _;

use arguments::Arguments;

/// Runs the program with its arguments, the name it was called by in front; returns the exit
/// status.
#[must_use]
pub fn run(words: &[Vec<u8>]) -> u8 {
    let words = words.get(1..).unwrap_or_default();
    match Arguments::parse(words) {
        Ok(arguments) => classic(&arguments),
        Err(error) => {
            complain(format!("sendmail: {error}").as_bytes());
            64
        }
    }
}

fn classic(arguments: &Arguments) -> u8 {
    let mode = arguments.last(b'b').and_then(|mode| mode.first().copied()).unwrap_or(b'm');
    match mode {
        b't' => test_mode::run(arguments),
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
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text).and_then(|()| out.flush());
}

fn complain(line: &[u8]) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(&[line, b"\n"].concat());
}
