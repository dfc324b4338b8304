//! Results out of what test mode prints, sendmail's or ours.

/// What a line of a trace tells of a ruleset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    Input,
    Returns,
}

/// A line of a trace: `NAME  input: WORDS` or `NAME  returns: WORDS`, the name padded to a column.
pub(super) fn passage(line: &[u8]) -> Option<(&[u8], Passage, &[u8])> {
    const WORDS: [(&[u8], Passage); 2] =
        [(b"input:", Passage::Input), (b"returns:", Passage::Returns)];
    let end = line.iter().position(|byte| *byte == b' ')?;
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_ascii_start();
    let (words, passage) =
        WORDS.iter().find_map(|(word, passage)| Some((rest.strip_prefix(*word)?, *passage)))?;
    (!name.is_empty()).then_some((name, passage, words))
}

/// What the commands for one facet came to: everything but the trace; of a ruleset's own command what it returned last.
#[must_use]
pub fn result(output: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut last = None;
    for line in output.split(|byte| *byte == b'\n') {
        match passage(line) {
            Some((_, _, words)) => last = Some(words),
            None if is_heading(line) || line.is_empty() => {}
            None => lines.push(line.to_vec()),
        }
    }
    let closed =
        lines.iter().any(|line| line.starts_with(b"mailer ") || line.starts_with(b"Rcode"));
    if let Some(words) = last.filter(|_| !closed) {
        lines.push(words.trim_ascii().to_vec());
    }
    lines.join(&b'\n')
}

/// What a check ruleset's own command came to: whatever it returns that is no triple lets the mail pass.
#[must_use]
pub fn verdict(output: &[u8]) -> Vec<u8> {
    let mut result = result(output);
    let start = memchr::memrchr(b'\n', &result).map_or(0, |end| end + 1);
    let returned = output.split(|byte| *byte == b'\n').any(|line| passage(line).is_some());
    if returned && !result.get(start..).is_some_and(|last| last.starts_with(b"$#")) {
        result.truncate(start);
        result.extend_from_slice(b"accepted");
    }
    result
}

/// Lines that say what is being done.
fn is_heading(line: &[u8]) -> bool {
    const HEADINGS: [&[u8]; 4] = [b"Cracked address", b"Parsing ", b"Trying ", b"canonify("];
    HEADINGS.iter().any(|heading| line.starts_with(heading))
}

/// The ruleset in whose line two outputs part.
#[must_use]
pub fn parting(old: &[u8], new: &[u8]) -> Vec<u8> {
    let lines = |output| {
        let output: &[u8] = output;
        output.split(|byte| *byte == b'\n')
    };
    let mut pairs = lines(old).zip(lines(new));
    let found = pairs.find(|(old, new)| old != new);
    let of = |line| passage(line).map(|(name, ..)| name.to_vec());
    found.and_then(|(old, new)| of(old).or_else(|| of(new))).unwrap_or_default()
}

/// Cuts what a session of test mode has printed into the outputs of its commands: each command was followed by the
/// command `${mark}`, which prints `mark`.
#[derive(Debug, Default)]
pub struct Cutter {
    output: Vec<u8>,
}

impl Cutter {
    /// Takes a line without its end; gives the output of a command when it is complete.
    pub fn line(&mut self, line: &[u8], mark: &[u8]) -> Option<Vec<u8>> {
        let mut text = line;
        while let Some(rest) = text.strip_prefix(b"> ") {
            text = rest;
        }
        if text == mark {
            return Some(std::mem::take(&mut self.output));
        }
        self.output.extend_from_slice(text);
        self.output.push(b'\n');
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARSE: &[u8] = b"Cracked address = $g\nParsing envelope recipient address\n\
        canonify           input: a @ b\ncanonify         returns: a < @ b >\n\
        mailer esmtp, host b, user a@b\n";

    #[test]
    fn results_are_what_is_no_trace() {
        assert_eq!(result(PARSE), b"mailer esmtp, host b, user a@b");
        let check =
            b"check_mail         input: a @ b\nbasic  returns: OK\ncheck_mail returns: OK\n";
        assert_eq!(result(check), b"OK");
        assert_eq!(result(b"Undefined ruleset check_mail\n"), b"Undefined ruleset check_mail");
        assert_eq!(verdict(check), b"accepted");
        assert_eq!(verdict(b"check_mail  returns: $# error $: 550\n"), b"$# error $: 550");
        assert_eq!(verdict(b"Undefined ruleset check_mail\n"), b"Undefined ruleset check_mail");
    }

    #[test]
    fn where_two_part() {
        let other = PARSE.to_vec();
        let other =
            bstr::ByteSlice::replace(&other[..], "returns: a < @ b >", "returns: a < @ c >");
        assert_eq!(parting(PARSE, &other), b"canonify");
        assert_eq!(parting(PARSE, PARSE), b"");
    }

    #[test]
    fn outputs_end_at_their_marks() {
        let mut cutter = Cutter::default();
        assert_eq!(cutter.line(b"> > 3   input: a", b"=1="), None);
        assert_eq!(cutter.line(b"3 returns: a", b"=1="), None);
        let output = cutter.line(b"> =1=", b"=1=");
        assert_eq!(output.as_deref(), Some(&b"3   input: a\n3 returns: a\n"[..]));
    }
}
