//! Findings for people: the line with the place marked, as compilers show it. Only this file names
//! annotate-snippets.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use super::finding::{Finding, Severity};
use super::places::Places;

/// How text is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub colours: bool,
    /// With lines and arrows of Unicode instead of ASCII.
    pub unicode: bool,
}

/// Lines of a long logical line that are shown.
const MOST_LINES: u32 = 6;

/// Bytes of a physical line that are shown.
const LONGEST_LINE: usize = 2048;

/// A piece of a file as text: octets that are not UTF-8, and control characters but tabs, are shown as
/// `\xNN`, and places are known by byte.
struct Excerpt {
    text: String,
    /// Where each byte of the piece stands in the text, and its end.
    places: Vec<usize>,
    /// The first byte of the piece in the file.
    start: usize,
    first_line: u32,
}

impl Excerpt {
    /// The physical lines that a range stands in.
    fn new(source: &Places<'_>, at: &Range<usize>) -> Self {
        let (first_line, _) = source.position(at.start);
        let (last, _) = source.position(at.end.max(at.start));
        let last = last.min(first_line + MOST_LINES - 1);
        let start = source.line(first_line).start;
        let mut end = source.line(last).end;
        if first_line == last {
            end = end.min(start + LONGEST_LINE.max(at.end.saturating_sub(start)));
        }
        let bytes = source.text(start..end);
        let mut text = String::with_capacity(bytes.len());
        let mut places = Vec::with_capacity(bytes.len() + 1);
        for chunk in bytes.utf8_chunks() {
            for letter in chunk.valid().chars() {
                places.extend(std::iter::repeat_n(text.len(), letter.len_utf8()));
                match letter {
                    '\t' | '\n' => text.push(letter),
                    letter if letter.is_control() => {
                        text.push_str(&format!("\\x{:02x}", u32::from(letter)));
                    }
                    letter => text.push(letter),
                }
            }
            for byte in chunk.invalid() {
                places.push(text.len());
                text.push_str(&format!("\\x{byte:02x}"));
            }
        }
        places.push(text.len());
        Self { text, places, start, first_line }
    }

    /// A range of the file in the text; what is not in the piece is left out.
    fn range(&self, at: &Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let index = at.saturating_sub(self.start);
            self.places.get(index).or(self.places.last()).copied().unwrap_or(0)
        };
        place(at.start)..place(at.end).max(place(at.start))
    }
}

/// A finding with its place in `path`, ending in a line end.
#[must_use]
pub fn render(path: &str, source: &Places<'_>, finding: &Finding, style: Style) -> String {
    let title = title(finding);
    let mut group = match &finding.at {
        Some(at) => title.element(snippet(path, source, at)),
        None => title.element(Origin::path(path.to_owned())),
    };
    for remark in finding.notes.iter().filter(|remark| remark.at.is_none()) {
        group = group.element(Level::NOTE.message(remark.text.clone()));
    }
    for help in &finding.help {
        group = group.element(Level::HELP.message(help.clone()));
    }
    let mut groups = vec![group];
    for remark in &finding.notes {
        if let Some(at) = &remark.at {
            let shown = snippet(path, source, at);
            groups.push(
                Group::with_title(Level::NOTE.secondary_title(remark.text.clone())).element(shown),
            );
        }
    }
    groups.extend(fix(path, source, finding));
    let renderer = if style.colours { Renderer::styled() } else { Renderer::plain() };
    let decor = if style.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    let mut text = renderer.decor_style(decor).render(&groups);
    text.push('\n');
    text
}

fn title(finding: &Finding) -> annotate_snippets::Title<'static> {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    level.primary_title(finding.message.clone()).id(finding.check.code)
}

/// Lines of the file with a range marked.
fn snippet(
    path: &str,
    source: &Places<'_>,
    at: &Range<usize>,
) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let excerpt = Excerpt::new(source, at);
    let range = excerpt.range(at);
    Snippet::source(excerpt.text)
        .line_start(excerpt.first_line as usize)
        .path(path.to_owned())
        .fold(false)
        .annotation(AnnotationKind::Primary.span(range))
}

/// The safe edit, if all of it is on the lines that are shown.
fn fix(path: &str, source: &Places<'_>, finding: &Finding) -> Option<Group<'static>> {
    let fix = finding.fix.as_ref()?;
    let first = fix.edits.first()?;
    let last = fix.edits.last()?;
    let excerpt = Excerpt::new(source, &(first.at.start..last.at.end));
    let patches = fix.edits.iter().map(|edit| {
        Patch::new(excerpt.range(&edit.at), String::from_utf8_lossy(&edit.text).into_owned())
    });
    let patches: Vec<Patch<'static>> = patches.collect();
    let snippet = Snippet::source(excerpt.text)
        .line_start(excerpt.first_line as usize)
        .path(path.to_owned())
        .patches(patches);
    let title = format!("{} (--fix)", fix.what);
    Some(Group::with_title(Level::HELP.secondary_title(title)).element(snippet))
}

/// One line that counts findings; nothing if there are none.
#[must_use]
pub fn summary(path: &str, findings: &[Finding]) -> Option<String> {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let named = |number: usize, one: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {one}s")),
    };
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| named(count(severity), severity.name()))
        .collect();
    (!parts.is_empty()).then(|| format!("{path}: {}\n", parts.join(", ")))
}
