//! What is wrong with a configuration, or might be: [`check`] gives [`Finding`]s with code, place, words,
//! and sometimes a safe edit.
//!
//! Pure: the file, what the parser and the loader made of it, and a trait for questions about other
//! files come in; findings go out. [`table`](catalogue) has every check, with its page.
//!
//! A finding must be true. What the m4 package of sendmail writes into every file (rulesets that are
//! empty by design, rules that ask for classes which a site may leave out) is none.

mod allow;
pub mod catalogue;
mod document;
mod exposure;
mod files;
mod finding;
mod fix;
mod flow;
pub mod hooks;
mod levels;
mod lines;
mod mailers;
mod names;
mod object;
mod options;
mod outline;
mod patterns;
mod places;
mod render;
mod rules;
mod said;
mod suggest;
pub mod tables;

pub use document::{explanation, index_markdown, page_markdown};
pub use files::{FileFacts, FileKind, Files};
pub use finding::{Edit, Finding, Fix, Remark, Severity, shown};
pub use fix::{Fixed, apply};
pub use object::{object, summary_object};
pub use places::Places;
pub use render::{Style, render, summary};

use cf_parser::{Config, Diagnostic};
use mapper::MapDescription;
use ruleset_vm::load::Configuration;

use flow::Flow;
use outline::Outline;

/// A configuration to be checked.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// What the parser made of it.
    pub config: &'a Config,
    /// What the loader made of it.
    pub configuration: &'a Configuration,
    /// What sendmail says of it: the parser, the loader, the checks behind them.
    pub diagnostics: &'a [Diagnostic],
    /// Its maps, those that need no line included.
    pub maps: &'a [MapDescription],
    /// The files that it names, where they can be looked at.
    pub files: Option<&'a dyn Files>,
    /// Options of the command line, as they would stand behind the `O` of a line.
    pub options: &'a [Vec<u8>],
}

/// What the checks share.
struct Context<'a> {
    subject: Subject<'a>,
    source: Places<'a>,
    outline: Outline<'a>,
    flow: Flow,
    findings: Vec<Finding>,
}

impl Context<'_> {
    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// Checks a configuration. The findings are in the order of their places; those about the file as a whole
/// come last. Takes time in proportion to the size of the file.
#[must_use]
pub fn check(subject: Subject<'_>) -> Vec<Finding> {
    let source = Places::new(subject.bytes);
    let outline = Outline::of(subject.config, subject.configuration);
    let flow = Flow::new(&subject, &outline);
    let mut context = Context { subject, source, outline, flow, findings: Vec::new() };
    said::check(&mut context);
    lines::check(&mut context);
    levels::check(&mut context);
    options::check(&mut context);
    names::check(&mut context);
    rules::check(&mut context);
    mailers::check(&mut context);
    files::check(&mut context);
    exposure::check(&mut context);
    finished(&context.source, context.findings)
}

/// Findings in order, without those that comments of the file allow.
fn finished(source: &Places<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
    allow::apply(source, &mut findings);
    let place =
        |finding: &Finding| finding.at.clone().map_or((usize::MAX, 0), |at| (at.start, at.end));
    findings.sort_by(|a, b| place(a).cmp(&place(b)).then(a.check.code.cmp(b.check.code)));
    findings
        .dedup_by(|a, b| a.check.code == b.check.code && a.at == b.at && a.message == b.message);
    findings
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
