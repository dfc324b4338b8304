//! `HELP` from a help file of `topic TAB text` lines (SM-026).

use super::replies;
use super::reply::Reply;

/// The topic of `HELP` without an argument.
const DEFAULT_TOPIC: &[u8] = b"smtp";

/// The lines about `topic` as they are sent; `file` is the help file's text, if there is one.
#[must_use]
pub fn help_about(file: Option<&[u8]>, topic: &[u8], program: &[u8]) -> Vec<u8> {
    let reply = match file {
        None => replies::HELP_MISSING.with(&[program]),
        Some(file) => find(file, topic, program),
    };
    reply.render()
}

/// The reply about `topic`; without one the program names itself first, unless the file does that. A topic may be cut
/// short: all topics it begins are shown (observed). Lines of other topics, among them `#vers N`, are passed over.
pub(super) fn find(file: &[u8], topic: &[u8], program: &[u8]) -> Reply {
    let wanted = if topic.is_empty() { DEFAULT_TOPIC } else { topic };
    let mut text = Vec::new();
    for line in file.split(|&byte| byte == b'\n') {
        let Some(tab) = line.iter().position(|&byte| byte == b'\t') else { continue };
        let (name, rest) = line.split_at(tab);
        if name.get(..wanted.len()).is_some_and(|head| head.eq_ignore_ascii_case(wanted)) {
            text.extend_from_slice(rest.get(1..).unwrap_or_default());
            text.push(b'\n');
        }
    }
    if topic.is_empty() && !help_has_macros(file) {
        let (name, version) = match program.iter().position(|byte| *byte == b' ') {
            Some(at) => program.split_at(at),
            None => (program, &b""[..]),
        };
        text = [b"This is ", name, b" version", version, b"\n", &text].concat();
    }
    if text.is_empty() {
        return replies::HELP_UNKNOWN.with(&[topic]);
    }
    text.extend_from_slice(replies::HELP_END.text.as_bytes());
    replies::HELP_LINE.with(&[&text])
}

/// Whether the first line is `#vers TAB N` with an N of 2 or more: the texts have macros, and say themselves which
/// program it is (observed).
#[must_use]
pub fn help_has_macros(text: &[u8]) -> bool {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let number = first.strip_prefix(b"#vers\t").and_then(|rest| std::str::from_utf8(rest).ok());
    number.and_then(|text| text.trim().parse::<u32>().ok()).is_some_and(|number| number >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let rows: [(&[u8], bool); 6] = [
            (b"#vers\t2\nsmtp\t$v\n", true),
            (b"#vers\t3", true),
            (b"#vers\t1\n", false),
            (b"#vers 2\n", false),
            (b"\n#vers\t2\n", false),
            (b"", false),
        ];
        for (text, expected) in rows {
            assert_eq!(help_has_macros(text), expected);
        }
    }
}
