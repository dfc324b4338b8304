//! Quoted-printable (RFC 2045 section 6.7): lines are cut behind 72 characters, as sendmail does.

/// Behind so many characters a line is cut.
const WIDTH: usize = 72;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Encodes text as it comes.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    hides: Hides,
    /// The line so far.
    column: usize,
    /// The last byte, as what follows decides how it is written.
    last: Option<u8>,
    /// How much of `From ` the line is; none when it is something else.
    from: Option<usize>,
    begun: bool,
}

/// What is hidden beside what must be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hides {
    /// A `From ` at the beginning of a line (flag `E`).
    pub(super) from: bool,
    /// What has no place of its own in EBCDIC (flag `3`).
    pub(super) not_ebcdic: bool,
}

const FROM: &[u8] = b"From ";
/// What EBCDIC has in no place or in several ones (AD-089).
const NOT_EBCDIC: &[u8] = b"!\"#$@[\\]^`{|}~";

impl Encoder {
    pub(super) fn new(hides: Hides) -> Self {
        Self { hides, ..Self::default() }
    }

    pub(super) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for byte in text {
            if let Some(last) = self.last.take() {
                self.put(last, Some(*byte), out);
            }
            if *byte == b'\n' {
                self.end_line(out);
            } else {
                self.last = Some(*byte);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(last) = self.last.take() {
            self.put(last, None, out);
        }
        if self.begun {
            self.end_line(out);
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.push(b'\n');
        *self = Self::new(self.hides);
    }

    fn put(&mut self, byte: u8, next: Option<u8>, out: &mut Vec<u8>) {
        let ends = matches!(next, None | Some(b'\n'));
        let hidden = self.hides.from && self.is_from(byte);
        let encoded = match byte {
            b' ' | b'\t' => ends || hidden,
            // Alone on its line it would end a message.
            b'.' => ends && !self.begun,
            b'=' => true,
            byte if self.hides.not_ebcdic && NOT_EBCDIC.contains(&byte) => true,
            byte => !(b'!'..=b'~').contains(&byte),
        };
        if self.column > WIDTH && !(byte == b'.' && ends) {
            out.extend_from_slice(b"=\n");
            self.column = 0;
        }
        self.begun = true;
        if encoded {
            let digit = |bits: u8| HEX.get(usize::from(bits)).copied().unwrap_or_default();
            out.extend_from_slice(&[b'=', digit(byte >> 4), digit(byte & 15)]);
            self.column += 3;
        } else {
            out.push(byte);
            self.column += 1;
        }
    }

    /// Whether the byte completes a `From ` at the beginning of the line.
    fn is_from(&mut self, byte: u8) -> bool {
        let known = if self.begun { self.from } else { Some(0) };
        let matched = known.filter(|known| FROM.get(*known) == Some(&byte)).map(|known| known + 1);
        self.from = matched;
        matched == Some(FROM.len())
    }
}

/// Decodes text as it comes: what is wrong behind an equals sign is lost with the rest of its line
/// (observed).
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Plain,
    /// Behind `=`, perhaps with blanks behind it.
    Equals { blanks: bool },
    /// Behind `=` and a digit.
    Digit(u8),
    /// In a line the rest of which is lost.
    Lost,
}

/// The value of a hexadecimal digit.
fn digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl Decoder {
    pub(super) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for &byte in text {
            self.state = match (self.state, byte) {
                (State::Lost, b'\n') | (State::Equals { .. }, b'\n') => State::Plain,
                (State::Digit(_), b'\n') => State::Plain,
                (State::Plain, b'=') => State::Equals { blanks: false },
                (State::Plain, byte) => {
                    out.push(byte);
                    State::Plain
                }
                (State::Equals { .. }, b' ' | b'\t') => State::Equals { blanks: true },
                (State::Equals { blanks: false }, byte) => {
                    digit(byte).map_or(State::Lost, State::Digit)
                }
                (State::Digit(high), byte) => match digit(byte) {
                    Some(low) => {
                        out.push(high << 4 | low);
                        State::Plain
                    }
                    None => State::Lost,
                },
                (State::Equals { blanks: true } | State::Lost, _) => State::Lost,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &[u8], from: bool) -> Vec<u8> {
        encoded_with(text, Hides { from, not_ebcdic: false })
    }

    #[test]
    fn what_ebcdic_does_not_have() {
        // AD-089, observed
        let hides = Hides { from: false, not_ebcdic: true };
        let coded = encoded_with(b"!\"#$%&'()@[\\]^_`{|}~a", hides);
        assert_eq!(coded, b"=21=22=23=24%&'()=40=5B=5C=5D=5E_=60=7B=7C=7D=7Ea\n");
    }

    fn encoded_with(text: &[u8], hides: Hides) -> Vec<u8> {
        let (mut out, mut encoder) = (Vec::new(), Encoder::new(hides));
        encoder.push(text, &mut out);
        encoder.finish(&mut out);
        out
    }

    fn decoded(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Decoder::default().push(text, &mut out);
        out
    }

    #[test]
    fn characters_as_observed() {
        let check = |text: &[u8], expected: &[u8]| assert_eq!(encoded(text, false), expected);
        check(b"trail \t\n \n=\n", b"trail =09\n=20\n=3D\n");
        check(b"From x\n.x\n..\n.\n-- \n", b"From x\n.x\n..\n=2E\n--=20\n");
        check(b"\x01\x7f\x0c\0\rtab\tin", b"=01=7F=0C=00=0Dtab\tin\n");
        check(b"", b"");
        assert_eq!(encoded(b"From x\n>From x\nFrom", true), b"From=20x\n>From x\nFrom\n");
    }

    #[test]
    fn lines_are_cut_as_observed() {
        let x = |count: usize| vec![b'x'; count];
        let check = |count: usize, text: &[u8], cut: usize, rest: &[u8]| {
            let expected = match cut {
                0 => [&x(count)[..], rest].concat(),
                cut => [&x(cut)[..], b"=\n", &x(count - cut), rest].concat(),
            };
            assert_eq!(encoded(&[&x(count)[..], text].concat(), false), expected, "{count}");
        };
        check(72, b"y\n", 0, b"y\n");
        check(73, b"\n", 0, b"\n");
        check(73, b"y\n", 73, b"y\n");
        check(73, b".\n", 0, b".\n");
        check(73, b".z\n", 73, b".z\n");
        check(73, b" \n", 73, b"=20\n");
        check(72, b"\xe9\n", 0, b"=E9\n");
        check(69, b"\xe9\xe9y\n", 0, b"=E9=E9=\ny\n");
        check(74, b".\n", 73, b".\n");
    }

    #[test]
    fn what_is_wrong_is_lost_as_observed() {
        assert_eq!(decoded(b"a=E9b\nsoft=\nbreak\n"), b"a\xe9b\nsoftbreak\n");
        assert_eq!(decoded(b"soft =  \nblank\nlow=e9\n"), b"soft blank\nlow\xe9\n");
        assert_eq!(decoded(b"bad=zz x\nend=\n"), b"badend");
        assert_eq!(decoded(b"==\n=3\n=4\nab=3D\n=00\n=0D=0A"), b"ab=\n\0\n\r\n");
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(
            text in proptest::string::bytes_regex("([a-z .=\t]{0,90}|\n|From |[\\x80-\\xff\\x00]){0,30}\n").unwrap(),
            hide_from in any::<bool>(),
        ) {
            let coded = encoded(&text, hide_from);
            prop_assert!(coded.split(|byte| *byte == b'\n').all(|line| line.len() <= WIDTH + 5));
            prop_assert_eq!(decoded(&coded), text);
        }
    }
}
