//! Transcripts of address test mode (`-bt`): the output of each input line by itself.

use crate::world::Step;

/// The text that is asked for after every input line, so that its output can be told from the next
/// one's even when that output holds a prompt.
const MARK: &str = "@@end-of-transcript@@";

/// A step that gives the lines to `sendmail -C test.cf -bt`.
pub fn step(name: &str, cf: &[u8], lines: &[Vec<u8>]) -> Step {
    let mut input = Vec::new();
    for line in lines {
        input.extend_from_slice(line);
        input.extend_from_slice(format!("\n/expand {MARK}\n").as_bytes());
    }
    Step::script(name, "exec sendmail -C /tmp/case/test.cf -bt <input")
        .file("test.cf", cf)
        .file("input", &input)
        .seconds(120)
}

/// Cuts the output of a [`step`] into what was printed before the first prompt and one transcript
/// for each input line. Lines that were not answered (the program ended) have no transcript.
pub fn transcripts(stdout: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let end = format!("> {MARK}> ");
    let start = stdout
        .windows(2)
        .enumerate()
        .find(|(at, window)| *window == b"> " && (*at == 0 || stdout.get(at - 1) == Some(&b'\n')));
    let Some((start, _)) = start else { return (stdout, Vec::new()) };
    let (banner, rest) = stdout.split_at(start);
    let rest = rest.strip_prefix(b"> ").unwrap_or(rest);
    let mut parts: Vec<&[u8]> = bstr::ByteSlice::split_str(rest, end.as_str()).collect();
    if parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    (banner, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_the_marks() {
        let out = format!("HELLO\nEnter\n> a\nb\n> {MARK}> > {MARK}> c> {MARK}> ");
        let (banner, parts) = transcripts(out.as_bytes());
        assert_eq!(banner, b"HELLO\nEnter\n");
        assert_eq!(parts, [&b"a\nb\n"[..], b"", b"c"]);
    }

    #[test]
    fn a_program_that_ends_early() {
        let out = format!("E\n> a\n> {MARK}> half");
        let (_, parts) = transcripts(out.as_bytes());
        assert_eq!(parts, [&b"a\n"[..], b"half"]);
    }
}
