//! Class `arith`: integer arithmetic (MAP-047).

use super::{Answer, Class, Common, Declared, Env, MapSet, Request, severity};
use crate::answer::EX_CONFIG;
use crate::flags;
use crate::services::LogLine;

/// Longest result, bytes (observed: longer numbers are cut).
const MAX_RESULT: usize = 15;
/// What `LogLevel` must be above for a line about an operator (observed).
const UNKNOWN_OPERATORS: u8 = 10;

struct Arith;

/// The first flag counts if it is D or S (observed); all others are ignored.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], _maps: &MapSet) -> Declared {
    flags::apply_first(common, arguments, b"DS");
    Declared::ok(Arith)
}

impl Class for Arith {
    fn lookup(&mut self, _common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let [left, right, ..] = request.args else {
            return Answer::NotFound { exit: EX_CONFIG };
        };
        let operator = request.key.first().copied().unwrap_or_default();
        match compute(operator, number(left), number(right), &mut || env.services.random()) {
            Outcome::Number(value) => {
                let mut text = value.to_string().into_bytes();
                text.truncate(MAX_RESULT);
                Answer::Found(text)
            }
            Outcome::Truth(truth) => {
                Answer::Found(if truth { &b"TRUE"[..] } else { b"FALSE" }.to_vec())
            }
            Outcome::Undefined => Answer::NotFound { exit: EX_CONFIG },
            Outcome::UnknownOperator => {
                let mut text = b"arith_map: unknown operator ".to_vec();
                text.push(if operator.is_ascii_graphic() { operator } else { b'?' });
                let (severity, above) = (severity::WARNING, Some(UNKNOWN_OPERATORS));
                env.services.log(LogLine::General { severity, above, text });
                Answer::NotFound { exit: EX_CONFIG }
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Number(i64),
    Truth(bool),
    Undefined,
    UnknownOperator,
}

fn compute(operator: u8, left: i64, right: i64, random: &mut dyn FnMut() -> u64) -> Outcome {
    match operator {
        b'+' => Outcome::Number(left.wrapping_add(right)),
        b'-' => Outcome::Number(left.wrapping_sub(right)),
        b'*' => Outcome::Number(left.wrapping_mul(right)),
        b'/' | b'%' if right == 0 => Outcome::Undefined,
        b'/' => Outcome::Number(left.wrapping_div(right)),
        b'%' => Outcome::Number(left.wrapping_rem(right)),
        b'|' => Outcome::Number(left | right),
        b'&' => Outcome::Number(left & right),
        b'l' => Outcome::Truth(left < right),
        b'=' => Outcome::Truth(left == right),
        b'r' => match u64::try_from(i128::from(right) - i128::from(left)) {
            Ok(span) => Outcome::Number(left.wrapping_add_unsigned(in_range(random(), span))),
            Err(_) => Outcome::Undefined,
        },
        _ => Outcome::UnknownOperator,
    }
}

/// A number of 0..=span made from random bits.
fn in_range(bits: u64, span: u64) -> u64 {
    span.checked_add(1).map_or(bits, |count| bits % count)
}

/// A C integer: blanks, sign, then decimal, `0x` hexadecimal or `0` octal digits; the rest is
/// ignored, no digits are 0, too large numbers are the largest.
pub(crate) fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            (16, rest)
        }
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    let mut value = 0i64;
    for digit in digits.iter().map_while(|&b| char::from(b).to_digit(radix)) {
        value = value.saturating_mul(i64::from(radix));
        value = if negative {
            value.saturating_sub(i64::from(digit))
        } else {
            value.saturating_add(i64::from(digit))
        };
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(left: &str, operator: u8, right: &str) -> String {
        let outcome =
            compute(operator, number(left.as_bytes()), number(right.as_bytes()), &mut || 7);
        match outcome {
            Outcome::Number(n) => n.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn as_observed() {
        // MAP-047
        let rows = [
            ("3", b'+', "4", "7"),
            ("3", b'-', "5", "-2"),
            ("7", b'/', "2", "3"),
            ("-7", b'/', "2", "-3"),
            ("-7", b'%', "2", "-1"),
            ("7", b'/', "0", "Undefined"),
            ("7", b'%', "0", "Undefined"),
            ("6", b'&', "3", "2"),
            ("6", b'|', "3", "7"),
            ("3", b'l', "6", "Truth(true)"),
            ("3", b'=', "4", "Truth(false)"),
            ("0x10", b'+', "010", "24"),
            ("a", b'+', "3", "3"),
            ("3x", b'+', "3", "6"),
            ("99999999999", b'+', "3", "100000000002"),
            ("9223372036854775807", b'+', "3", "-9223372036854775806"),
            ("3", b'r', "3", "3"),
            ("4", b'r', "3", "Undefined"),
            ("3", b'r', "10", "10"),
            ("-9223372036854775808", b'r', "9223372036854775807", "-9223372036854775801"),
            ("3", b'^', "3", "UnknownOperator"),
        ];
        for (left, operator, right, expected) in rows {
            assert_eq!(
                text(left, operator, right),
                expected,
                "{left} {} {right}",
                operator as char
            );
        }
    }
}
