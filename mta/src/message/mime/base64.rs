//! Base64 (RFC 2045 section 6.8) in lines of 72 characters, and back as sendmail reads it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters of a line.
const WIDTH: usize = 72;

/// Encodes bytes as they come.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// Bytes of a group that is not complete.
    held: Vec<u8>,
    column: usize,
}

impl Encoder {
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            self.held.push(*byte);
            if self.held.len() == 3 {
                self.put(out);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.put(out);
        }
        if std::mem::take(&mut self.column) > 0 {
            out.push(b'\n');
        }
    }

    fn put(&mut self, out: &mut Vec<u8>) {
        if self.column >= WIDTH {
            out.push(b'\n');
            self.column = 0;
        }
        let group = self.held.iter().chain(&[0, 0]).take(3);
        let bits = group.fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        for at in 0..4 {
            let letter = ALPHABET.get(bits >> (18 - 6 * at) & 63).copied().unwrap_or(b'=');
            out.push(if at <= self.held.len() { letter } else { b'=' });
        }
        self.held.clear();
        self.column += 4;
    }
}

/// Decodes bytes as they come: blanks are passed over, a character that does not belong there counts as
/// all bits set, a group that begins with a filler is nothing (observed).
#[derive(Debug, Default)]
pub(super) struct Decoder {
    group: Vec<u8>,
}

/// The six bits of a character.
fn bits(letter: u8) -> u8 {
    ALPHABET.iter().position(|known| *known == letter).map_or(0xff, |at| at as u8)
}

impl Decoder {
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            self.group.push(*byte);
            if let [first, second, third, fourth] = self.group[..] {
                self.group.clear();
                put([first, second, third, fourth], out);
            }
        }
    }
}

fn put(group: [u8; 4], out: &mut Vec<u8>) {
    let [first, second, third, fourth] = group.map(bits);
    let fillers = group.map(|letter| letter == b'=');
    if fillers[0] || fillers[1] {
        return;
    }
    out.push(first << 2 | (second & 0x30) >> 4);
    if fillers[2] {
        return;
    }
    out.push((second & 0x0f) << 4 | (third & 0x3c) >> 2);
    if !fillers[3] {
        out.push((third & 3) << 6 | fourth & 0x3f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let (mut out, mut encoder) = (Vec::new(), Encoder::default());
        encoder.push(bytes, &mut out);
        encoder.finish(&mut out);
        out
    }

    fn decoded(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Decoder::default().push(text, &mut out);
        out
    }

    #[test]
    fn groups_as_observed() {
        assert_eq!(encoded(b"caf\xe9\r\n"), b"Y2Fm6Q0K\n");
        assert_eq!(encoded(b"\xe9"), b"6Q==\n");
        assert_eq!(encoded(b"YWLp"), b"WVdMcA==\n");
        assert_eq!(decoded(b"Y2 Fm!6Q0K\n\nbGlu\n==\nZSB0d2\n"), b"caf\xff\xa44)\xb1\xa5H\x1d\x1d");
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = encoded(&bytes);
            prop_assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= WIDTH));
            prop_assert_eq!(decoded(&text), bytes);
        }
    }
}
