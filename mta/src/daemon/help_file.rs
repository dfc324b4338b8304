//! Option HelpFile: lines of a topic and a text, for HELP and test mode (SM-026, CMD-100, OPT-273).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use cf_parser::parse_text;
use ruleset_vm::load::Options;
use ruleset_vm::macros::Macros;

use crate::protocol::smtp::server::help_has_macros;
use crate::sys::program_safety::{Forgiven, directory_danger};

/// Largest help file, bytes.
const MAX_SIZE: u64 = 64 << 10;

/// The file; `None` if there is none, or if others could put another one in its place. Macros are expanded where the
/// first line says that there are any.
pub fn read(path: &Path, options: &Options, macros: &Macros) -> Option<Vec<u8>> {
    let forgiven = Forgiven {
        sticky: options.has_word("DontBlameSendmail", "TrustStickyBit"),
        ..Forgiven::default()
    };
    let is_safe = options.has_word("DontBlameSendmail", "HelpFileInUnsafeDirPath")
        || directory_danger(path, forgiven).is_none();
    let mut text = Vec::new();
    let file = is_safe.then(|| File::open(path).ok()).flatten()?;
    file.take(MAX_SIZE).read_to_end(&mut text).ok()?;
    if !help_has_macros(&text) {
        return Some(text);
    }
    let expanded = |line: &[u8]| macros.expand_bytes(&parse_text(line).0);
    let lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(expanded).collect();
    Some(lines.join(&b'\n'))
}
