//! `bangpath dialect NAME FILE`: a vendor's file in the language of sendmail 8.

use cf_parser::dialect::{Translation, translate};

use super::arguments::Arguments;
use super::{complain, facts};
use crate::config::dialect_names::{DialectChoice, SystemNames};
use crate::config::reading::Reading;

/// Prints it, and what is not run; returns the exit status.
pub(super) fn print(name: &[u8], file: &[u8]) -> u8 {
    let Some(choice) = DialectChoice::by_name(name) else {
        complain(&[b"no dialect ", name].concat());
        return 64;
    };
    let bytes = match Reading::bytes_of(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            complain(error.to_string().as_bytes());
            return 72;
        }
    };
    let Some(dialect) = choice.of(&bytes) else {
        super::print(&bytes);
        return 0;
    };
    let host = facts::gather(&Arguments::default(), b't').name;
    let Translation { bytes, diagnostics } = translate(dialect, &bytes, &SystemNames::new(&host));
    super::print(&bytes);
    for found in &diagnostics {
        let place = format!(": line {}: ", found.span.last_line);
        complain(&[file, place.as_bytes(), &found.text].concat());
    }
    if diagnostics.is_empty() { 0 } else { 70 }
}
