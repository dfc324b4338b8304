//! Text as sendmail shows it in traces and listings.

use cf_parser::Piece;

/// How operators are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operators {
    /// As they are written.
    #[default]
    Written,
    /// In reverse video, with the name behind them.
    Reverse,
    /// By their octets, ` 0x96 `.
    Hexadecimal,
    /// By their octets, ` 226 `.
    Octal,
}

/// Octets of operators look like them, control characters vanish but for three, the rest of the upper
/// half is `M-` and the lower octet (observed on a pipe).
#[must_use]
pub fn visible(text: &[u8]) -> Vec<u8> {
    visible_as(Operators::Written, text)
}

/// [`visible`] with operators in some way.
#[must_use]
pub fn visible_as(operators: Operators, text: &[u8]) -> Vec<u8> {
    visible_with(operators, text, &|_| b"***UNDEFINED MACRO***")
}

/// [`visible_as`] where codes of long names are known: what stands behind `$`, `$&`, `$=` and `$~` is
/// the code of a name (observed).
#[must_use]
pub fn visible_with<'n>(
    operators: Operators,
    text: &[u8],
    long_name: &dyn Fn(u8) -> &'n [u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match OPERATOR_OCTETS.iter().find(|(octet, _)| *octet == byte) {
            Some((_, shown)) if operators == Operators::Written || byte == 0xff => {
                out.extend_from_slice(shown);
                if matches!(byte, 0x81 | 0x82 | 0x93 | 0x94 | 0x95)
                    && let Some((&code, behind)) = rest.split_first()
                {
                    rest = behind;
                    show_name(byte, code, long_name, &mut out);
                }
            }
            Some((_, shown)) => {
                let (name, behind) = rest.split_at(name_length(byte, rest));
                match operators {
                    Operators::Hexadecimal => out.extend(format!(" 0x{byte:x} ").into_bytes()),
                    Operators::Octal => out.extend(format!(" {byte:o} ").into_bytes()),
                    _ => {
                        out.extend([&b"\x1b[7m"[..], *shown, name, b"\x1b[0m"].concat());
                        rest = behind;
                    }
                }
            }
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

/// What stands behind an operator: a letter, a digit, the code of a long name.
fn show_name<'n>(operator: u8, code: u8, long_name: &dyn Fn(u8) -> &'n [u8], out: &mut Vec<u8>) {
    match code {
        0x80.. if operator == 0x95 => out.extend([b'^', code ^ 0x40]),
        0x80.. => {
            out.push(b'{');
            out.extend_from_slice(long_name(code));
            out.push(b'}');
        }
        _ if operator == 0x95 => show_low(code, out),
        _ => out.push(code),
    }
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

/// How many octets behind an operator are its name: a letter or `{name}`.
fn name_length(operator: u8, rest: &[u8]) -> usize {
    match (operator, rest.first()) {
        (0x81 | 0x82 | 0x93 | 0x94 | 0x95 | 0x9a, Some(b'{')) => {
            rest.iter().position(|byte| *byte == b'}').map_or(rest.len(), |end| end + 1)
        }
        (0x81 | 0x82 | 0x93 | 0x94 | 0x95 | 0x9a, Some(_)) => 1,
        _ => 0,
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
