//! Stories as one page of HTML that needs nothing else: no network, no other file. It can be folded without its
//! script, which adds the search.

use super::{Asking, Attempt, Firing, Passage, Step, Story, Words, text};
use crate::html::Html;
use crate::source::Source;

/// Nothing is loaded from anywhere, whatever the page holds.
const POLICY: &[u8] = b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
/// How many colours there are for what wildcards took; sendmail knows nine wildcards.
const COLOURS: [&str; 9] = ["w w1", "w w2", "w w3", "w w4", "w w5", "w w6", "w w7", "w w8", "w w9"];

/// One address of the page.
#[derive(Clone, Copy)]
pub struct Chapter<'a> {
    /// The address.
    pub address: &'a [u8],
    /// What it is: `envelope recipient`.
    pub role: &'a str,
    /// What happened to it.
    pub story: &'a Story,
    /// What is wrong with maps.
    pub troubles: &'a [Vec<u8>],
    /// With a rule that did not fire: its line, each time it was tried, and how often its ruleset was entered.
    pub why_not: Option<(u32, &'a [Attempt], usize)>,
    /// What came of it, a sentence each.
    pub conclusion: &'a [Vec<u8>],
}

/// What precedes the first address. `notes` are said once, about all of them.
#[must_use]
pub fn head(source: &Source, addresses: &[&[u8]], notes: &[Vec<u8>]) -> Vec<u8> {
    let mut html = Html::new();
    html.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.open("meta", &[("http-equiv", b"Content-Security-Policy"), ("content", POLICY)]);
    html.markup("\n<meta name=\"viewport\" content=\"width=device-width\">\n");
    html.element("title", &[], |html| {
        // an element could not stand in a title
        html.markup("bangpath explain");
    });
    html.markup("\n<style>\n")
        .markup(include_str!("page.css"))
        .markup("</style>\n</head>\n<body>\n<header>\n<h1>");
    html.text(source.name()).markup("</h1>\n").markup(include_str!("page_search.html"));
    html.markup("</header>\n");
    if addresses.len() > 1 {
        html.markup("<nav aria-label=\"Addresses\"><ol>\n");
        for (index, address) in addresses.iter().enumerate() {
            let place = format!("#address{}", index + 1);
            html.markup("<li>").element("a", &[("href", place.as_bytes())], |html| {
                html.text(address);
            });
            html.markup("</li>\n");
        }
        html.markup("</ol></nav>\n");
    }
    html.markup("<main>\n");
    for note in notes {
        html.element("p", &[("class", b"note")], |html| {
            html.text(note);
        });
        html.markup("\n");
    }
    html.into_bytes()
}

/// What follows the last address.
#[must_use]
pub fn tail() -> Vec<u8> {
    let mut html = Html::new();
    html.markup(
        "</main>\n<footer hidden>Keys: / search, Enter or n and N next and previous, Escape back, ",
    )
    .markup("+ unfold all, - fold all; on a line that folds: arrows, Enter.</footer>\n<script>\n")
    .markup(include_str!("page.js"))
    .markup("</script>\n</body>\n</html>\n");
    html.into_bytes()
}

/// The address with this number, from 1.
#[must_use]
pub fn chapter(source: &Source, number: usize, chapter: Chapter<'_>) -> Vec<u8> {
    let mut page = Page { html: Html::new(), source };
    let id = format!("address{number}");
    page.html.open("section", &[("id", id.as_bytes())]);
    page.html.markup("\n<h2>").span("address", chapter.address).markup(" ");
    page.html.span("role", chapter.role.as_bytes()).markup("</h2>\n");
    for sentence in chapter.conclusion {
        page.html.element("p", &[("class", b"conclusion line")], |html| {
            html.text(sentence);
        });
        page.html.markup("\n");
    }
    for trouble in chapter.troubles {
        page.line("trouble", |html| {
            html.markup("trouble: ").text(trouble);
        });
    }
    if let Some((line, attempts, entered)) = chapter.why_not {
        page.attempts(line, attempts, entered);
    }
    page.html.markup("<div class=\"story\">\n");
    page.steps(&chapter.story.steps, 0);
    if chapter.story.cut {
        page.line("note", |html| {
            html.markup("... and more than is kept");
        });
    }
    page.html.markup("</div>\n</section>\n");
    page.html.into_bytes()
}

/// A page in the making.
struct Page<'a> {
    html: Html,
    source: &'a Source,
}

impl Page<'_> {
    /// A line of the page: what the search finds.
    fn line(&mut self, class: &'static str, inside: impl FnOnce(&mut Html)) {
        self.html.markup("<div class=\"line ").markup(class).markup("\">");
        inside(&mut self.html);
        self.html.markup("</div>\n");
    }

    /// The name of the file without directories, and the line.
    fn place(&self, line: u32) -> Vec<u8> {
        let place = self.source.place(line);
        place.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec()
    }

    /// What can be folded: a line, and what is below it.
    fn fold(
        &mut self,
        class: &'static str,
        open: bool,
        summary: impl FnOnce(&mut Html),
        below: impl FnOnce(&mut Self),
    ) {
        self.html.markup("<details class=\"").markup(class).markup("\"");
        self.html.markup(if open { " open" } else { "" });
        self.html.markup("><summary class=\"line\">");
        summary(&mut self.html);
        self.html.markup("</summary>\n<div class=\"below\">\n");
        below(self);
        self.html.markup("</div></details>\n");
    }

    fn steps(&mut self, steps: &[Step], depth: usize) {
        for step in steps {
            match step {
                Step::Ruleset(passage) => self.passage(passage, depth),
                Step::Rule(firing) => self.firing(firing, depth),
                Step::Map(asking) => self.asking(asking),
                Step::Macro { name, value } => self.line("macro", |html| {
                    html.text(&text::macro_read(name, value.as_deref()));
                }),
                Step::Skipped(name) => self.line("note", |html| {
                    html.markup("ruleset ").span("ruleset", name).markup(" has no rules");
                }),
                Step::Looping => self.line("trouble", |html| {
                    html.markup("a rule was applied too often");
                }),
                Step::Message(message) => self.line("trouble", |html| {
                    html.markup("message: ").text(message);
                }),
            }
        }
    }

    fn asking(&mut self, asking: &Asking) {
        let class = match (asking.unasked, &asking.value) {
            (Some(_), _) => "map unasked",
            (None, Some(_)) => "map",
            (None, None) => "map nothing",
        };
        self.line(class, |html| {
            html.text(&text::lookup(asking));
        });
    }

    /// A ruleset is folded if it changed nothing.
    fn passage(&mut self, passage: &Passage, depth: usize) {
        let Passage { name, before, after, steps, tried, .. } = passage;
        let same = before == after;
        if steps.is_empty() && same {
            self.line("idle", |html| {
                html.span("ruleset", name).markup(" ");
                workspace(html, before, &[]);
                if *tried > 0 {
                    let tried = format!("none of its {tried} rules matches");
                    html.markup(" ").span("aside", tried.as_bytes());
                }
            });
            return;
        }
        let summary = |html: &mut Html| {
            html.span("ruleset", name).markup(" ");
            workspace(html, before, &[]);
            html.markup(" <span class=\"arrow\">returns</span> ");
            match same {
                true => html.span("aside", b"the same"),
                false => workspace(html, after, &[]),
            };
        };
        self.fold("passage", !same, summary, |page| page.steps(steps, depth + 1));
    }

    fn firing(&mut self, firing: &Firing, depth: usize) {
        let place = self.place(firing.span.line);
        let summary = |html: &mut Html| {
            html.span("place", &place).markup(" <code>R");
            wildcards(html, &firing.lhs, firing.captures.len());
            html.markup(" <span class=\"arrow\">-&gt;</span> ");
            copies(html, &firing.rhs);
            html.markup("</code>");
        };
        self.fold("rule", true, summary, |page| {
            page.line("before", |html| workspace_line(html, &firing.before, &firing.captures));
            page.steps(&firing.steps, depth + 1);
            page.line("after", |html| {
                html.markup("<span class=\"arrow\">=&gt;</span> ");
                match &firing.after {
                    Some(after) => workspace_line(html, after, &[]),
                    None => drop(html.span("aside", b"could not be built")),
                }
            });
            page.written(firing);
        });
    }

    /// The rule as it stands in the file, if there is more to see: comments, macros that were expanded.
    fn written(&mut self, firing: &Firing) {
        let lines: Vec<&[u8]> = self.source.lines(firing.span).collect();
        let inked = |text: &[u8]| -> Vec<u8> {
            text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
        };
        let shown = [b"R", &firing.lhs[..], &firing.rhs].concat();
        let written = inked(&lines.concat());
        if written.is_empty() || written == inked(&shown) {
            return;
        }
        let summary = |html: &mut Html| {
            html.markup("as written");
        };
        self.fold("written", false, summary, |page| {
            page.html.element("pre", &[("class", b"line")], |html| {
                for (at, line) in lines.iter().enumerate() {
                    html.markup(if at == 0 { "" } else { "\n" }).text(line);
                }
            });
        });
    }

    fn attempts(&mut self, line: u32, attempts: &[Attempt], entered: usize) {
        let place = self.place(line);
        let written = self.source.line(line);
        let summary = |html: &mut Html| {
            html.markup("why not ").span("place", &place).markup(" <code>");
            html.text(written).markup("</code>");
        };
        self.fold("why-not", true, summary, |page| {
            if let Some(why) = text::never_tried(attempts, entered) {
                page.line("note", |html| {
                    html.text(why);
                });
            }
            for attempt in attempts {
                page.attempt(attempt);
            }
        });
    }

    fn attempt(&mut self, attempt: &Attempt) {
        self.line("attempt", |html| {
            html.span("ruleset", &attempt.ruleset).markup(" ");
            let used = attempt.used.min(attempt.workspace.len());
            match attempt.matched {
                true => workspace(html, &attempt.workspace, &[]),
                false => {
                    html.markup("<span class=\"words\">");
                    for (at, word) in attempt.workspace.iter().enumerate() {
                        let class = match at {
                            at if at < used => "good",
                            at if at == used => "broke",
                            _ => "rest",
                        };
                        html.span(class, word).markup(" ");
                    }
                    html.markup("</span>")
                }
            };
        });
        let outcome = text::outcome(attempt);
        self.line("aside", |html| {
            html.text(&outcome);
        });
    }
}

/// A workspace; the words that each wildcard took are marked.
fn workspace<'h>(html: &'h mut Html, words: &Words, captures: &[(usize, usize)]) -> &'h mut Html {
    html.markup("<span class=\"words\">");
    workspace_line(html, words, captures);
    html.markup("</span>")
}

fn workspace_line(html: &mut Html, words: &Words, captures: &[(usize, usize)]) {
    if words.is_empty() {
        html.span("aside", b"(nothing)");
    }
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let blank = if at == 0 { "" } else { " " };
        html.markup(blank);
        let taken = captures.iter().enumerate().find(|(_, (from, to))| (*from..*to).contains(&at));
        match taken {
            Some((number, (_, to))) => {
                let taken = words.get(at..*to).unwrap_or_default();
                wildcard(html, number, &taken.join(&b' '));
                at = (*to).max(at + 1);
            }
            None => {
                html.text(word);
                at += 1;
            }
        }
    }
}

/// What belongs to the wildcard with this number, from 0.
fn wildcard(html: &mut Html, number: usize, text: &[u8]) {
    let class = COLOURS.get(number).copied().unwrap_or("w");
    let shown = (number + 1).to_string();
    html.element("mark", &[("class", class.as_bytes()), ("data-n", shown.as_bytes())], |html| {
        html.text(text);
    });
}

/// A left-hand side: its wildcards in the colours of what they took.
fn wildcards(html: &mut Html, lhs: &[u8], captures: usize) {
    let words: Vec<&[u8]> = lhs.split(|byte| *byte == b' ').collect();
    let is_wildcard = |word: &&[u8]| matches!(word, [b'$', b'*' | b'+' | b'-' | b'=' | b'~', ..]);
    // text that looks like one is in the way: no colours then
    let certain = words.iter().filter(|word| is_wildcard(word)).count() == captures;
    let mut number = 0;
    for (at, word) in words.iter().enumerate() {
        html.markup(if at == 0 { "" } else { " " });
        if certain && is_wildcard(word) {
            wildcard(html, number, word);
            number += 1;
        } else {
            html.text(word);
        }
    }
}

/// A right-hand side: what it copies in the colours of the wildcards.
fn copies(html: &mut Html, rhs: &[u8]) {
    for (at, word) in rhs.split(|byte| *byte == b' ').enumerate() {
        html.markup(if at == 0 { "" } else { " " });
        match word {
            [b'$', digit @ b'1'..=b'9'] => wildcard(html, usize::from(digit - b'1'), word),
            word => drop(html.text(word)),
        }
    }
}
