//! Numbers of a fixed count of bits, one behind the other, lowest bits first.

use std::ops::Range;

use super::FstError;
use super::checked::Checked;

/// Most bits of a number: with the bits in front of it in its first byte it fits 64.
pub(super) const MAX_BITS: u32 = 57;

/// Bits that numbers up to `largest` need, at least one.
pub(super) fn bits_for(largest: u64) -> u32 {
    (u64::BITS - largest.leading_zeros()).clamp(1, MAX_BITS)
}

/// Writes the numbers.
pub(super) fn pack(
    numbers: impl Iterator<Item = u64>,
    bits: u32,
    out: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    let (mut waiting, mut count) = (0_u64, 0);
    for number in numbers {
        waiting |= number << count;
        count += bits;
        while count >= 8 {
            out.write_all(&[waiting.to_le_bytes()[0]])?;
            waiting >>= 8;
            count -= 8;
        }
    }
    if count > 0 { out.write_all(&[waiting.to_le_bytes()[0]]) } else { Ok(()) }
}

/// Number `index` of those in `part` of a file.
pub(super) fn unpack<D: AsRef<[u8]>>(
    file: &Checked<D>,
    part: &Range<usize>,
    bits: u32,
    index: u64,
) -> Result<u64, FstError> {
    let outside = FstError::Damaged { at: part.start, what: "number outside its part" };
    let Some(bit) = index.checked_mul(bits.into()) else { return Err(outside) };
    let Ok(byte) = usize::try_from(bit / 8) else { return Err(outside) };
    let length = usize::try_from((bit % 8 + u64::from(bits)).div_ceil(8)).unwrap_or_default();
    let start = part.start.saturating_add(byte);
    if start.saturating_add(length) > part.end {
        return Err(outside);
    }
    let bytes = file.get(start..start + length)?;
    let raw = bytes.iter().rev().fold(0, |raw, byte| raw << 8 | u64::from(*byte));
    Ok(raw >> (bit % 8) & ((1 << bits) - 1))
}
