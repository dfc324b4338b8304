//! What is wrong with the values of flags, said in the order of the flags (CMD-025..CMD-068).

use cf_parser::Severity;
use cf_parser::options::{self, Found};

use super::arguments::Arguments;
use super::queue;
use super::voice::Voice;

/// Modes that `-q` goes with.
const QUEUE_MODES: &[u8] = b"mqdDpP";

/// What a command line asks, read by parts: an option with its suboption and value.
pub(super) struct OptionFlag {
    /// Index into the table of options.
    pub(super) option: usize,
    /// `Timeout.queuereturn`: the part behind the dot.
    pub(super) suboption: Option<Vec<u8>>,
    /// The text behind the name.
    pub(super) value: Vec<u8>,
}

/// Checks the flags; says what is wrong. Returns the exit status so far: most mistakes do not keep
/// the program from going on (CMD-028).
///
/// # Errors
/// The exit status of a mistake that ends the program on the spot.
pub(super) fn check(arguments: &Arguments, mode: u8, voice: Voice) -> Result<u8, u8> {
    let mut exit = 0;
    let mut seen = Vec::new();
    for (letter, value) in &arguments.flags {
        match letter {
            // Old builds rebuilt aliases; SMTPUTF8 is not built in (CMD-038, CMD-059).
            b'I' | b'U' => return Err(64),
            b'O' | b'o' | b'T' => set_option(*letter, value, voice, &mut exit)?,
            b'D' if seen.contains(&b'd') => complain(voice, "-D file must be before -d", &mut exit),
            b'R' if seen.contains(&b'R') => complain(voice, "Duplicate -R flag", &mut exit),
            b'f' | b'r' if seen.iter().any(|l| matches!(l, b'f' | b'r')) => {
                complain(voice, "More than one \"from\" person", &mut exit);
            }
            _ => {
                if let Some(text) = flaw(*letter, value) {
                    complain(voice, &text, &mut exit);
                }
            }
        }
        seen.push(*letter);
    }
    queue_flags(arguments, mode, voice, &mut exit);
    Ok(exit)
}

fn complain(voice: Voice, text: &str, exit: &mut u8) {
    voice.usage(text);
    *exit = 64;
}

/// What is wrong with the value of a flag by itself.
fn flaw(letter: u8, value: &[u8]) -> Option<String> {
    let text = || String::from_utf8_lossy(value).into_owned();
    let is = |words: &[&str]| words.iter().any(|w| value.eq_ignore_ascii_case(w.as_bytes()));
    match letter {
        b'B' if !is(&["7BIT", "8BITMIME"]) => Some(format!("Illegal body type {}", text())),
        b'h' if value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
            Some(format!("Bad hop count ({})", text()))
        }
        b'N' if notify(value).is_none() => Some("Invalid -N argument".to_owned()),
        b'R' if !is(&["full", "hdrs"]) => Some("Invalid -R value".to_owned()),
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

fn queue_flags(arguments: &Arguments, mode: u8, voice: Voice, exit: &mut u8) {
    for letter in [b'q', b'Q'] {
        if arguments.has(letter) && !QUEUE_MODES.contains(&mode) {
            let text = format!("Can not use -{} with -b{}", char::from(letter), char::from(mode));
            complain(voice, &text, exit);
        }
    }
    let starts = |text: &[u8]| arguments.all(b'q').filter(|value| value.starts_with(text)).count();
    if starts(b"!G") > 0 {
        complain(voice, "Can not use -q!G", exit);
    }
    if starts(b"G") > 1 {
        complain(voice, "Can not use multiple -qG options", exit);
    }
    if arguments.has(b'Q') && starts(b"L") > 0 {
        complain(voice, "Can not use -Q with -qL", exit);
    }
    if let Err(text) = queue::flags(arguments) {
        complain(voice, &text, exit);
    }
}

/// `-O`, `-o`, `-T`: says what the option's value gives rise to (CMD-057, CMD-068).
fn set_option(letter: u8, value: &[u8], voice: Voice, exit: &mut u8) -> Result<(), u8> {
    let flag = match option_flag(letter, value) {
        Ok(flag) => flag,
        Err(text) => {
            voice.say(b"554 5.0.0", text.as_bytes());
            *exit = 70;
            return Ok(());
        }
    };
    let suboption = flag.suboption.as_deref();
    for message in options::interpret(flag.option, suboption, &flag.value).messages {
        voice.say(b"554 5.0.0", &message.text);
        match message.severity {
            Severity::Error { exit: status, fatal: true } => return Err(status),
            Severity::Error { exit: status, .. } => *exit = status,
            Severity::Warning => *exit = 64,
        }
    }
    Ok(())
}

/// The option that a flag sets.
///
/// # Errors
/// There is no such option; the text says so.
pub(super) fn option_flag(letter: u8, value: &[u8]) -> Result<OptionFlag, String> {
    match letter {
        b'O' => long_option(value),
        b'T' => short_option(b'T', b"T"),
        _ => match value.split_first() {
            Some((letter, rest)) => short_option(*letter, rest),
            None => Err("readcf: unknown option name 0x0".to_owned()),
        },
    }
}

fn short_option(letter: u8, value: &[u8]) -> Result<OptionFlag, String> {
    let option = options::by_letter(letter)
        .ok_or_else(|| format!("readcf: unknown option name {letter:#x}"))?;
    Ok(OptionFlag { option, suboption: None, value: value.to_vec() })
}

fn long_option(text: &[u8]) -> Result<OptionFlag, String> {
    let equals = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    let (name, value) = text.split_at(equals);
    let name = name.trim_ascii();
    let (name, suboption) = match name.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&name[..dot], Some(name[dot + 1..].to_vec())),
        None => (name, None),
    };
    let value = value.get(1..).unwrap_or_default().trim_ascii_start().to_vec();
    let shown = String::from_utf8_lossy(name);
    match options::by_name(name) {
        Found::Exact(option) | Found::Abbreviation(option) => {
            Ok(OptionFlag { option, suboption, value })
        }
        Found::Ambiguous(one, other) => Err(format!(
            "readcf: ambiguous option name {shown} (matches {} and {})",
            options::name(one),
            options::name(other)
        )),
        Found::Unknown => Err(format!("readcf: unknown option name {shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_flags() {
        let rows: [(u8, &str, Option<&str>); 12] = [
            (b'N', "never", None), // CMD-043
            (b'N', "Success,delay", None),
            (b'N', "never,success", Some("Invalid -N argument")),
            (b'N', "", Some("Invalid -N argument")),
            (b'R', "HDRS", None), // CMD-055
            (b'R', "foo", Some("Invalid -R value")),
            (b'B', "9", Some("Illegal body type 9")), // CMD-028
            (b'h', "x", Some("Bad hop count (x)")),   // CMD-037
            (b'V', "some+20id", None),                // CMD-060
            (b'V', "a=b", Some("Invalid syntax in -V flag")),
            (b'V', "a+zz", Some("Invalid syntax in -V flag")),
            (b'V', "a+2", Some("Invalid syntax in -V flag")),
        ];
        for (letter, value, expected) in rows {
            assert_eq!(flaw(letter, value.as_bytes()).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn options_by_name_and_letter() {
        let shown = |letter: u8, text: &str| match option_flag(letter, text.as_bytes()) {
            Ok(flag) => format!(
                "{} {:?} {}",
                options::name(flag.option),
                flag.suboption.map(|text| String::from_utf8_lossy(&text).into_owned()),
                String::from_utf8_lossy(&flag.value)
            ),
            Err(text) => text,
        };
        assert_eq!(shown(b'O', "queuela = 5"), "QueueLA None 5");
        assert_eq!(shown(b'O', "Timeout.ident=1s"), "Timeout Some(\"ident\") 1s");
        assert_eq!(shown(b'O', "NoSuch=1"), "readcf: unknown option name NoSuch");
        assert_eq!(shown(b'o', "dq"), "DeliveryMode None q");
        assert_eq!(shown(b'o', "!1"), "readcf: unknown option name 0x21");
        assert_eq!(shown(b'T', ""), "QueueTimeout None T");
    }
}
