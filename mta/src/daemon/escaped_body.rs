//! A body as reports and `dead.letter` hold it: lines that begin with `From ` get a `>` (observed).

use std::io::Read;

use crate::message::body::{LineEncoder, LineForm};
use crate::queue::store::{StoreError, read_blocks};

/// Gives the body to `take`, block by block. A last line without an end stays without one.
///
/// # Errors
/// [`StoreError::Body`] when it cannot be read; those of `take`.
pub(super) fn copy(
    body: &mut dyn Read,
    take: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut encoder = LineEncoder::new(LineForm { escape_from: true, ..LineForm::default() });
    let mut encoded = Vec::new();
    read_blocks(body, &mut |block| {
        encoded.clear();
        encoder.push(block, &mut encoded);
        take(&encoded)
    })?;
    encoded.clear();
    encoder.break_off(&mut encoded);
    take(&encoded)
}
