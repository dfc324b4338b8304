//! `bangpath doc`: the cross-reference and the call graph of a configuration.

use workbench::doc;
use workbench::xref::CrossReference;

use super::exit;
use super::output::{Format, Output, cannot};
use super::subject::Subject;
use crate::sys::terminal;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Doc {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    output: Output,
    /// Prints the call graph for Graphviz: `bangpath doc --graph | dot -Tsvg`
    #[arg(long, conflicts_with = "format")]
    graph: bool,
}

/// Runs it.
pub(in crate::cli) fn run(doc: &Doc) -> u8 {
    let (path, bytes) = match doc.subject.bytes() {
        Ok(file) => file,
        Err(error) => return cannot(&error),
    };
    let reference = CrossReference::of(&bytes);
    match doc.output.format {
        _ if doc.graph => terminal::print(&doc::dot(&reference)),
        Format::Json => doc::objects(&reference).for_each(|object| Output::object(&object)),
        Format::Text => terminal::print(&doc::text(&reference, &path)),
    }
    exit::SAME
}
