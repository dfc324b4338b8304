//! `smrsh`: the restricted shell of program mailers (LG-059, AD-039). What it lets pass, `/bin/sh` runs.

use ruleset_vm::Exit;

use super::companion_log::CompanionLog;
use super::complain;
use crate::events::Severity;
use crate::sys::exec::replace_process;
use crate::sys::{program_safety, users};

/// The directory that holds the programs (Debian's).
const PROGRAMS: &[u8] = b"/etc/mail/smrsh/";
/// The environment of what is run (observed).
const ENVIRONMENT: [&[u8]; 1] = [b"PATH=/usr/bin:/bin"];
const SHELL: &[u8] = b"/bin/sh";

/// Longest command, in bytes (observed).
const MAX_COMMAND: usize = 982;
/// Longest command once the directory is in front of its programs (observed).
const MAX_EXPANDED: usize = 998;

/// Characters that cannot stand among the arguments, also with their eighth bit set. `&` and `|` part commands
/// when they are doubled.
const REFUSED: &[u8] = b"\n\r$&();<>^`|";

/// `smrsh -c command`
pub(super) fn run(words: &[Vec<u8>]) -> u8 {
    let log = CompanionLog::new("smrsh");
    let command = match words {
        [flag, command] if flag == b"-c" && !skip_space(command).is_empty() => command,
        _ => {
            complain(b"Usage: smrsh -c command");
            log.write(Severity::Error, b"usage");
            return Exit::USAGE.0;
        }
    };
    match restricted(command, &mut program) {
        Ok(line) => {
            let error =
                replace_process(SHELL, &[b"/bin/sh", b"-c", &line], &ENVIRONMENT).to_string();
            complain(&[b"smrsh: Cannot exec /bin/sh: ", error.as_bytes()].concat());
            Exit::OSFILE.0
        }
        Err(refusal) => {
            complain(&[b"smrsh: ", &refusal.shown(command)[..]].concat());
            let (severity, text) = refusal.logged(command, users::real_uid());
            log.write(severity, &text);
            Exit::UNAVAILABLE.0
        }
    }
}

/// What is in the directory under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Program,
    Nothing,
    NoFile,
    NotExecutable,
}

fn program(name: &[u8]) -> Found {
    match program_safety::kind_of(&[PROGRAMS, name].concat()) {
        None => Found::Nothing,
        Some(kind) if !kind.regular => Found::NoFile,
        Some(kind) if !kind.executable => Found::NotExecutable,
        Some(_) => Found::Program,
    }
}

/// Why a command is not run. A rest is a part of it: from the program in question on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    TooLong,
    NoCommand,
    Character(u8),
    Program { name: Vec<u8>, rest: Vec<u8>, why: &'static str },
}

impl Refusal {
    /// What standard error gets, behind the program's name.
    fn shown(&self, command: &[u8]) -> Vec<u8> {
        match self {
            Self::TooLong => [b"command too long: ", command].concat(),
            Self::NoCommand => b"missing command to exec".to_vec(),
            Self::Character(byte) => [&b"cannot use "[..], &[*byte], b" in command"].concat(),
            Self::Program { name, why, .. } => {
                let text = b"\" not available for sendmail programs";
                [&b"\""[..], name, text, why.as_bytes()].concat()
            }
        }
    }

    /// What the log gets.
    fn logged(&self, command: &[u8], uid: u32) -> (Severity, Vec<u8>) {
        let head = format!("uid {uid}: ").into_bytes();
        let attempt = [&head[..], b"attempt to use "].concat();
        let text = match self {
            Self::TooLong => {
                let beginning = command.get(..40).unwrap_or(command);
                return (Severity::Warning, [b"command too long: ", beginning].concat());
            }
            Self::NoCommand => [&head[..], b"missing command to exec"].concat(),
            Self::Character(byte) => [&attempt[..], &[*byte], b" in command: ", command].concat(),
            Self::Program { rest, why, .. } => {
                [&attempt[..], b"\"", rest, b"\"", why.as_bytes()].concat()
            }
        };
        (Severity::Critical, text)
    }
}

/// The command with the directory in front of each of its programs.
fn restricted(command: &[u8], look: &mut dyn FnMut(&[u8]) -> Found) -> Result<Vec<u8>, Refusal> {
    if command.len() > MAX_COMMAND {
        return Err(Refusal::TooLong);
    }
    let mut line = Vec::with_capacity(MAX_EXPANDED);
    let mut rest = skip_space(command);
    while !rest.is_empty() {
        rest = take_program(rest, &mut line, look)?;
        let (arguments, behind) = take_arguments(rest)?;
        line.extend_from_slice(arguments);
        rest = skip_space(behind);
    }
    if line.len() > MAX_EXPANDED {
        return Err(Refusal::TooLong);
    }
    Ok(line)
}

/// Takes the words that say what is run; returns what is behind them.
fn take_program<'c>(
    mut rest: &'c [u8],
    line: &mut Vec<u8>,
    look: &mut dyn FnMut(&[u8]) -> Found,
) -> Result<&'c [u8], Refusal> {
    loop {
        let end = rest.iter().position(|byte| b" \t".contains(byte)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        match word {
            b"exec" if !behind.is_empty() => {
                line.extend_from_slice(b"exec ");
                rest = skip_space(behind);
                if rest.is_empty() {
                    return Err(Refusal::NoCommand);
                }
            }
            b"exit" | b"echo" => {
                line.extend_from_slice(word);
                return Ok(behind);
            }
            _ => {
                let name = word.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let why = match look(name) {
                    Found::Program => {
                        line.extend_from_slice(&[PROGRAMS, name].concat());
                        return Ok(behind);
                    }
                    Found::Nothing => " (stat failed)",
                    Found::NoFile => " (not a file)",
                    Found::NotExecutable => "",
                };
                let directories = word.len() - name.len();
                let rest = rest.get(directories..).unwrap_or_default().to_vec();
                return Err(Refusal::Program { name: name.to_vec(), rest, why });
            }
        }
    }
}

/// Cuts behind `&&` or `||`, the only special characters that may stand there.
fn take_arguments(rest: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let special = rest.iter().position(|byte| REFUSED.contains(&(byte & 0x7f)));
    let Some(special) = special else { return Ok((rest, b"")) };
    match rest.get(special..) {
        Some([b'&', b'&', ..] | [b'|', b'|', ..]) => Ok(rest.split_at(special + 2)),
        other => Err(Refusal::Character(other.and_then(|at| at.first()).copied().unwrap_or(0))),
    }
}

fn skip_space(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_line(command: &[u8]) -> String {
        let mut look = |name: &[u8]| match name {
            b"prog" | b"two" => Found::Program,
            b"" | b"dir" => Found::NoFile,
            b"plain" => Found::NotExecutable,
            _ => Found::Nothing,
        };
        let text = match restricted(command, &mut look) {
            Ok(line) => line,
            Err(refusal) => [b"! ", &refusal.shown(command)[..]].concat(),
        };
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn programs_come_from_the_directory_and_nothing_else_happens() {
        // LG-059
        let rows = [
            ("prog a \"b c\"", "/etc/mail/smrsh/prog a \"b c\""),
            ("/usr/ucb/prog", "/etc/mail/smrsh/prog"),
            ("exec  /x/prog a", "exec /etc/mail/smrsh/prog a"),
            ("prog a&&two b || exit 75", "/etc/mail/smrsh/prog a&&/etc/mail/smrsh/two b ||exit 75"),
            ("exit 3", "exit 3"),
            ("echo", "echo"),
            ("prog *", "/etc/mail/smrsh/prog *"),
            ("exec ", "! missing command to exec"),
            ("exec", "! \"exec\" not available for sendmail programs (stat failed)"),
            ("prog&&two", "! \"prog&&two\" not available for sendmail programs (stat failed)"),
            ("prog && nope a", "! \"nope\" not available for sendmail programs (stat failed)"),
            ("dir", "! \"dir\" not available for sendmail programs (not a file)"),
            ("x/", "! \"\" not available for sendmail programs (not a file)"),
            ("plain", "! \"plain\" not available for sendmail programs"),
            ("prog a | two", "! cannot use | in command"),
            ("prog $IFS", "! cannot use $ in command"),
            ("prog a ^ b", "! cannot use ^ in command"),
        ];
        for (command, expected) in rows {
            assert_eq!(try_line(command.as_bytes()), expected, "{command}");
        }
    }

    #[test]
    fn the_eighth_bit_hides_nothing() {
        for byte in REFUSED {
            let command = [b"prog a", &[byte | 0x80][..], b"b"].concat();
            assert!(try_line(&command).starts_with("! cannot use"), "{byte}");
        }
    }

    #[test]
    fn commands_have_a_length() {
        let long =
            |head: &str, count: usize| try_line((head.to_owned() + &"n".repeat(count)).as_bytes());
        assert!(!long("echo ", MAX_COMMAND - 5).starts_with('!'));
        assert!(long("echo ", MAX_COMMAND - 4).starts_with("! command too long: echo n"));
        assert!(!long("prog && prog ", 954).starts_with('!'));
        assert!(long("prog && prog ", 955).starts_with("! command too long"));
    }
}
