//! Eight bit bodies for receivers of seven bits, and back (AD-084 to AD-088, ML-080, ML-082).
//!
//! Pure but for the body, which is read twice where what is in a part decides how it is written. Text
//! comes and goes with LF line ends; nothing is held but one piece of a line and the header of one part.

mod base64;
mod content;
mod lines;
mod quoted_printable;
mod to_eight;
mod to_seven;

use std::io;

use ruleset_vm::load::Configuration;

use crate::message::envelope::{BodyType, Envelope, Field, value_of};
pub use content::{ContentType, Encoding};
pub use to_eight::{Decoding, decode};
pub use to_seven::{Rules, Seven};

/// The field that says how a body is encoded.
pub const ENCODING: &[u8] = b"Content-Transfer-Encoding";
/// The field that says what a body is.
pub const TYPE: &[u8] = b"Content-Type";
/// The field that says that the two others count.
pub const VERSION: &[u8] = b"MIME-Version";
const VERSION_1: &[u8] = b"MIME-Version: 1.0\n";

/// Where the parts of a converted message go.
pub trait Sink {
    /// A field at the end of the message's header, with its line end; the empty line behind the header
    /// comes so, too.
    ///
    /// # Errors
    /// What the receiver reports.
    fn header(&mut self, line: &[u8]) -> io::Result<()>;

    /// A part of the body.
    ///
    /// # Errors
    /// What the receiver reports.
    fn body(&mut self, text: &[u8]) -> io::Result<()>;
}

/// Header and body one behind the other.
impl Sink for Vec<u8> {
    fn header(&mut self, line: &[u8]) -> io::Result<()> {
        self.body(line)
    }

    fn body(&mut self, text: &[u8]) -> io::Result<()> {
        self.extend_from_slice(text);
        Ok(())
    }
}

/// `X-MIME-Autoconverted: from OLD to NEW by HOST id ID` (AD-088); `by` is `HOST id ID`.
fn trace(old: &[u8], new: &[u8], by: &[u8]) -> Vec<u8> {
    [&b"X-MIME-Autoconverted: from "[..], old, b" to ", new, b" by ", by, b"\n"].concat()
}

/// Whether something says what data above 127 is.
#[must_use]
pub fn is_labelled(envelope: &Envelope) -> bool {
    envelope.body_type == Some(BodyType::EightBitMime)
        || value_of(&envelope.header, VERSION).is_some()
}

/// The letter of EightBitMode in lower case (OPT-016): `m`, `p` or `s`.
#[must_use]
pub fn mode(configuration: &Configuration) -> u8 {
    let value = configuration.options.bytes("EightBitMode");
    value
        .and_then(|value| value.first().copied())
        .map_or(b'p', |letter| letter.to_ascii_lowercase())
}

/// Whether the message is not to be taken: data above 127 that nothing labels in mode `s` (AD-085).
#[must_use]
pub fn is_refused(envelope: &Envelope, configuration: &Configuration) -> bool {
    envelope.flags.has_8bit && mode(configuration) == b's' && !is_labelled(envelope)
}

/// The fields that say what a message is, as far as its header has none; `charset` is asked for text that
/// does not say (AD-091).
pub fn label(header: &[Field], charset: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let mut fields = Vec::new();
    if value_of(header, VERSION).is_none() {
        fields.extend_from_slice(VERSION_1);
    }
    if value_of(header, TYPE).is_none() {
        fields.extend([TYPE, b": text/plain; charset=", &charset(), b"\n"].concat());
    }
    fields
}

/// The field for a body that is encoded so.
#[must_use]
pub fn encoding_field(name: &[u8]) -> Vec<u8> {
    [ENCODING, b": ", name, b"\n"].concat()
}

#[cfg(test)]
mod tests;
