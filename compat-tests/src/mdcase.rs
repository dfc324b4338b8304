//! Cases in Markdown: prose a mail administrator can read, with fenced blocks that are run.
//!
//! A second level heading begins a case. Blocks before the first one belong to every case of the
//! file that has no block of the same kind and name.
//!
//! | block | meaning |
//! |---|---|
//! | `cf` | the configuration, `test.cf` |
//! | `cf append` | is added to the file's common `cf` |
//! | `input [FLAGS]` | is given to `sendmail -C test.cf FLAGS -bt` |
//! | `sh` | is run by bash with the functions of `world/lib.sh` |
//! | `file NAME` | is a file in the working directory |
//!
//! `input` and `sh` in one case: the script runs first. Any other block is prose.

use crate::world::Step;
use crate::{Error, Result, at};
use std::collections::BTreeMap;
use std::path::Path;

/// One case of a file.
#[derive(Debug, Clone)]
pub struct Case {
    /// The heading.
    pub title: String,
    /// What is run.
    pub step: Step,
}

/// The blocks of one case or of the head of the file, by their info string.
type Blocks = BTreeMap<String, String>;

/// Reads a case file.
pub fn read(path: &Path) -> Result<Vec<Case>> {
    let text = at(path, std::fs::read_to_string(path))?;
    parse(&path.display().to_string(), &text)
}

/// Parses the text of a case file; the name is for errors.
pub fn parse(file: &str, text: &str) -> Result<Vec<Case>> {
    let error =
        |line: usize, text: &str| Error::Case { file: file.into(), line, text: text.into() };
    let mut sections: Vec<(String, Blocks)> = vec![(String::new(), Blocks::new())];
    let mut open: Option<(String, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => {
                let Some(((info, body), (_, blocks))) = open.take().zip(sections.last_mut()) else {
                    continue;
                };
                if blocks.insert(info, body).is_some() {
                    return Err(error(number + 1, "a second block of this kind"));
                }
            }
            (Some((_, body)), _) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, Some(info)) => open = Some((info.trim().to_owned(), String::new())),
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    sections.push((title.trim().to_owned(), Blocks::new()));
                }
            }
        }
    }
    if open.is_some() {
        return Err(error(text.lines().count(), "the last block is not closed"));
    }
    let (_, common) = sections.remove(0);
    let cases: Vec<Case> = sections
        .into_iter()
        .filter_map(|(title, blocks)| Some(Case { step: step(&title, &common, blocks)?, title }))
        .collect();
    let mut names: Vec<&str> = cases.iter().map(|case| case.step.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(error(0, &format!("two cases are named {pair:?}"))),
        None => Ok(cases),
    }
}

/// The step of a case; `None` when nothing is to be run (a heading with prose only).
fn step(title: &str, common: &Blocks, own: Blocks) -> Option<Step> {
    let mut script = String::new();
    let mut files = BTreeMap::new();
    let added = own.get("cf append").cloned().unwrap_or_default();
    let mut blocks = common.clone();
    blocks.extend(own);
    for (info, body) in blocks {
        let (kind, argument) = info.split_once(' ').unwrap_or((&info, ""));
        match (kind, argument) {
            ("cf", "") => {
                files.insert("test.cf".to_owned(), format!("{body}{added}").into_bytes());
            }
            ("file", name) => {
                files.insert(name.to_owned(), body.into_bytes());
            }
            ("sh", "") => script.insert_str(0, &body),
            ("input", flags) => {
                files.insert("input".to_owned(), body.into_bytes());
                script.push_str(&format!("sendmail -C /tmp/case/test.cf {flags} -bt <input\n"));
            }
            _ => {}
        }
    }
    if script.is_empty() {
        return None;
    }
    files.insert("script".to_owned(), script.into_bytes());
    Some(Step { name: slug(title), files, seconds: 40 })
}

/// A heading as a file name.
fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# T\n```cf\nV10\n```\n## One (RS-1)\nprose\n```cf append\nDxy\n```\n\
        ```input -d0\n$x\n```\n## Two\n```sh\ntrue\n```\n```file a.txt\nA\n```\n## Prose only\n";

    #[test]
    fn cases_have_their_files() {
        let cases = parse("t.md", TEXT).unwrap();
        assert_eq!(cases.len(), 2);
        let [one, two] = cases.as_slice() else { panic!("two cases") };
        assert_eq!(one.step.name, "one-rs-1");
        assert_eq!(one.step.files["test.cf"], b"V10\nDxy\n");
        assert_eq!(one.step.files["input"], b"$x\n");
        assert!(one.step.files["script"].ends_with(b"-d0 -bt <input\n"));
        assert_eq!(two.step.files["script"], b"true\n");
        assert_eq!(two.step.files["a.txt"], b"A\n");
        assert_eq!(two.step.files["test.cf"], b"V10\n");
    }

    #[test]
    fn errors_name_the_line() {
        let open = parse("t.md", "## A\n```sh\n").unwrap_err();
        assert_eq!(open.to_string(), "t.md:2: the last block is not closed");
        let twice = parse("t.md", "## A\n```sh\n```\n```sh\n```\n").unwrap_err();
        assert_eq!(twice.to_string(), "t.md:5: a second block of this kind");
    }
}
