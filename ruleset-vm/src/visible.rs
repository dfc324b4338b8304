//! Text as sendmail shows it in traces and listings.

use cf_parser::Piece;

/// Octets of operators look like them, control characters vanish but for three, the rest of the upper
/// half is `M-` and the lower octet (observed on a pipe).
#[must_use]
pub fn visible(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        match OPERATOR_OCTETS.iter().find(|(octet, _)| *octet == byte) {
            Some((_, shown)) => out.extend_from_slice(shown),
            None => {
                if byte >= 0x80 {
                    out.extend_from_slice(b"M-");
                }
                show_low(byte & 0x7f, &mut out);
            }
        }
    }
    out
}

/// [`visible`] for text with operators in it.
#[must_use]
pub fn visible_text(text: &[Piece]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for piece in text {
        match piece {
            Piece::Byte(byte) => out.extend(visible(&[*byte])),
            other => out.extend(cf_parser::text::write(std::slice::from_ref(other))),
        }
    }
    out
}

fn show_low(low: u8, out: &mut Vec<u8>) {
    match low {
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        0x20..0x7f => out.push(low),
        _ => {}
    }
}

/// The octets in which sendmail holds its operators, and how it shows them.
const OPERATOR_OCTETS: [(u8, &[u8]); 20] = [
    (0x81, b"$"),
    (0x82, b"$&"),
    (0x85, b"$("),
    (0x86, b"$)"),
    (0x90, b"$*"),
    (0x91, b"$+"),
    (0x92, b"$-"),
    (0x93, b"$="),
    (0x94, b"$~"),
    (0x95, b"$"),
    (0x96, b"$#"),
    (0x97, b"$@"),
    (0x98, b"$:"),
    (0x99, b"$>"),
    (0x9a, b"$?"),
    (0x9b, b"$|"),
    (0x9c, b"$."),
    (0x9d, b"$["),
    (0x9e, b"$]"),
    (0xff, b"M-"),
];
