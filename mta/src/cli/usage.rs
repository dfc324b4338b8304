//! What is wrong with the values of flags, said in the order of the flags (CMD-025..CMD-068).

use cf_parser::options::{Kind, OPTIONS};
use cf_parser::{Name, Severity, parse_name, parse_option};
use ruleset_vm::load::check_option;

use super::arguments::Arguments;
use super::queue;
use super::voice::Voice;
use crate::config::reading::System;
use crate::sys::{errors, terminal};

/// Modes that `-q` goes with.
const QUEUE_MODES: &[u8] = b"mqdDpP";

/// What the mistakes of a command line come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mistakes {
    /// The exit status; where it is not 0, only test mode goes on.
    pub(super) exit: u8,
    /// Mistakes that only the exit status of a message's delivery, or of a verification, shows.
    pub(super) minor: bool,
}

/// Checks the flags; says what is wrong.
///
/// # Errors
/// The exit status of a mistake that ends the program on the spot.
pub(super) fn check(arguments: &Arguments, mode: u8, voice: Voice) -> Result<Mistakes, u8> {
    let mut mistakes = Mistakes::default();
    let mut seen = Vec::new();
    let mut host = System::default();
    for (letter, value) in &arguments.flags {
        match letter {
            // Old builds rebuilt aliases; SMTPUTF8 is not built in (CMD-038, CMD-059).
            b'I' | b'U' => return Err(64),
            b'D' if seen.contains(&b'd') => mistakes.say(voice, "-D file must be before -d"),
            b'R' if seen.contains(&b'R') => mistakes.say(voice, "Duplicate -R flag"),
            b'f' | b'r' if seen.iter().any(|l| matches!(l, b'f' | b'r')) => {
                mistakes.say(voice, "More than one \"from\" person");
            }
            b'q' | b'Q' if !QUEUE_MODES.contains(&mode) => {
                let (letter, mode) = (char::from(*letter), char::from(mode));
                mistakes.say(voice, &format!("Can not use -{letter} with -b{mode}"));
            }
            b'D' => {
                if let Err(error) = terminal::trace_to(value) {
                    let reason = errors::describe(&error);
                    voice.usage([b"cannot open ", &value[..], b": ", reason.as_bytes()].concat());
                    mistakes.fail(73);
                }
            }
            b'M' => set_macro(value, voice, &mut mistakes),
            _ => {
                if let Some(text) = flaw(*letter, value) {
                    mistakes.say(voice, &text);
                }
                if let Some(option) = option_text(*letter, value) {
                    set_option(&option, voice, &mut host, &mut mistakes)?;
                }
            }
        }
        seen.push(*letter);
    }
    queue_flags(arguments, voice, &mut mistakes);
    mistakes.minor |= bad_body_type(arguments).is_some();
    Ok(mistakes)
}

/// The value of `-B` that is none (CMD-028).
fn bad_body_type(arguments: &Arguments) -> Option<&[u8]> {
    arguments.last(b'B').filter(|body| !is_one_of(body, &["7BIT", "8BITMIME"]))
}

/// Says that the value of `-B` is none, which comes behind what is said of the configuration.
pub(super) fn check_body_type(arguments: &Arguments, voice: Voice) {
    if let Some(body) = bad_body_type(arguments) {
        voice.usage([b"Illegal body type ", body].concat());
    }
}

impl Mistakes {
    fn say(&mut self, voice: Voice, text: &str) {
        voice.usage(text);
        self.exit = 64;
    }

    /// An error of the program's own kind: the exit status stays what it is after another one.
    fn fail(&mut self, exit: u8) {
        if self.exit == 0 {
            self.exit = exit;
        }
    }
}

fn is_one_of(value: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// `-M`: says what is wrong with the name (CMD-041).
fn set_macro(value: &[u8], voice: Voice, mistakes: &mut Mistakes) {
    for text in parse_name(value).errors {
        voice.say(b"554 5.0.0", &text);
        mistakes.fail(70);
    }
}

/// What is wrong with the value of a flag by itself.
fn flaw(letter: u8, value: &[u8]) -> Option<String> {
    let text = || String::from_utf8_lossy(value).into_owned();
    match letter {
        b'h' if value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
            Some(format!("Bad hop count ({})", text()))
        }
        b'N' if notify(value).is_none() => Some("Invalid -N argument".to_owned()),
        b'R' if !is_one_of(value, &["full", "hdrs"]) => Some("Invalid -R value".to_owned()),
        b'V' if !is_xtext(value) => Some("Invalid syntax in -V flag".to_owned()),
        _ => None,
    }
}

/// `-N`: success, failure, delay; `never` stands alone (CMD-043).
pub(super) fn notify(value: &[u8]) -> Option<(bool, bool, bool)> {
    if value.eq_ignore_ascii_case(b"never") {
        return Some((false, false, false));
    }
    let mut conditions = (false, false, false);
    for word in value.split(|byte| *byte == b',') {
        match word.to_ascii_lowercase().as_slice() {
            b"success" => conditions.0 = true,
            b"failure" => conditions.1 = true,
            b"delay" => conditions.2 = true,
            _ => return None,
        }
    }
    Some(conditions)
}

/// Whether a text is xtext (RFC 3461 section 4): printable, no `=`, `+` only in front of two
/// capital hexadecimal digits.
fn is_xtext(value: &[u8]) -> bool {
    let is_hex = |byte: Option<&u8>| matches!(byte, Some(b'0'..=b'9' | b'A'..=b'F'));
    value.iter().enumerate().all(|(at, byte)| match byte {
        b'+' => is_hex(value.get(at + 1)) && is_hex(value.get(at + 2)),
        b'=' => false,
        byte => byte.is_ascii_graphic(),
    })
}

fn queue_flags(arguments: &Arguments, voice: Voice, mistakes: &mut Mistakes) {
    let starts = |text: &[u8]| arguments.all(b'q').filter(|value| value.starts_with(text)).count();
    if starts(b"!G") > 0 {
        mistakes.say(voice, "Can not use -q!G");
    }
    if starts(b"G") > 1 {
        mistakes.say(voice, "Can not use multiple -qG options");
    }
    if arguments.has(b'Q') && starts(b"L") > 0 {
        mistakes.say(voice, "Can not use -Q with -qL");
    }
    if let Err(text) = queue::flags(arguments) {
        mistakes.say(voice, &text);
    }
}

/// The options that flags stand for, as they would be behind the `O` of a line (OPT-010, CMD-045).
pub(super) fn option_text(letter: u8, value: &[u8]) -> Option<Vec<u8>> {
    Some(match letter {
        b'O' => [b" ", value].concat(),
        b'o' => value.to_vec(),
        b'T' => b"TT".to_vec(),
        b'e' => [b"e", value].concat(),
        b's' => b"fTrue".to_vec(),
        b'i' | b'v' | b'm' | b'c' => [&[letter][..], b"True"].concat(),
        _ => return None,
    })
}

/// Whether the flags ask for more than any user may have of a program with privileges: another
/// configuration, other macros than the protocol and host a message came by, options that are not safe
/// (OPT-011, OPT-041).
pub(super) fn cost_privileges(arguments: &Arguments) -> bool {
    let is_safe_macro =
        |name: Option<Name>| name.is_none_or(|name| matches!(name.as_bytes(), b"r" | b"s"));
    arguments.flags.iter().any(|(letter, value)| match letter {
        b'C' => true,
        b'M' => !is_safe_macro(parse_name(value).name),
        _ => option_text(*letter, value).is_some_and(|text| {
            let Some(line) = parse_option(&text).0 else { return false };
            let Some(spec) = OPTIONS.get(line.option) else { return false };
            if spec.kind == Kind::MacroDefinition {
                return !is_safe_macro(parse_name(value.get(1..).unwrap_or_default()).name);
            }
            !spec.safe
        }),
    })
}

/// Says what is wrong with an option (CMD-057, CMD-068).
fn set_option(
    text: &[u8],
    voice: Voice,
    host: &mut System,
    mistakes: &mut Mistakes,
) -> Result<(), u8> {
    for found in check_option(text, host) {
        voice.diagnostic(&found.text, found.severity);
        match found.severity {
            Severity::Error { exit, fatal: true } => return Err(exit),
            Severity::Error { exit, .. } => mistakes.fail(exit),
            Severity::Mistake => mistakes.minor = true,
            Severity::Note | Severity::Warning => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_flags() {
        let rows: [(u8, &str, Option<&str>); 11] = [
            (b'N', "never", None), // CMD-043
            (b'N', "Success,delay", None),
            (b'N', "never,success", Some("Invalid -N argument")),
            (b'N', "", Some("Invalid -N argument")),
            (b'R', "HDRS", None), // CMD-055
            (b'R', "foo", Some("Invalid -R value")),
            (b'h', "x", Some("Bad hop count (x)")), // CMD-037
            (b'V', "some+20id", None),              // CMD-060
            (b'V', "a=b", Some("Invalid syntax in -V flag")),
            (b'V', "a+zz", Some("Invalid syntax in -V flag")),
            (b'V', "a+2", Some("Invalid syntax in -V flag")),
        ];
        for (letter, value, expected) in rows {
            assert_eq!(flaw(letter, value.as_bytes()).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn privileges_are_for_what_any_user_may_ask() {
        // OPT-011, OPT-041
        let rows = [
            ("-bp -v -odq -O LogLevel=20 -oMrSMTP -Mshost", false),
            ("-O NoSuch=1 -oN", false),
            ("-bp -O queuedir=/x", true),
            ("-O Timeout.ident=0", true),
            ("-oMxSMTP", true),
            ("-M {foo}x", true),
            ("-c", true),
            ("-T", true),
            ("-C x.cf -bt", true),
        ];
        for (line, expected) in rows {
            let words: Vec<Vec<u8>> =
                line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            let arguments = Arguments::parse(&words).unwrap();
            assert_eq!(cost_privileges(&arguments), expected, "{line}");
        }
    }
}
