//! The frames of the protocol: `Content-Length: N`, an empty line, N bytes of JSON.

use thiserror::Error;

use crate::json::Value;

/// Most bytes of a message.
pub const LARGEST: usize = 64 << 20;

/// Most bytes of the header of a message.
const LARGEST_HEADER: usize = 4096;

/// What cannot be a frame; the stream cannot be read any further.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    /// The header has no length, or one that is no number.
    #[error("a message without Content-Length")]
    NoLength,
    /// The header does not end.
    #[error("the header of a message is longer than {LARGEST_HEADER} bytes")]
    LongHeader,
    /// The message is too long.
    #[error("a message of more than {LARGEST} bytes")]
    TooLong,
}

/// Cuts a stream into messages.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// The length of the message whose header has been read.
    length: Option<usize>,
}

impl Decoder {
    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message that is complete; `None` until more has come.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let length = match self.length {
            Some(length) => length,
            None => {
                let end = memchr::memmem::find(&self.buffer, b"\r\n\r\n");
                let Some(end) = end.filter(|end| *end <= LARGEST_HEADER) else {
                    return match self.buffer.len() > LARGEST_HEADER {
                        true => Err(FrameError::LongHeader),
                        false => Ok(None),
                    };
                };
                let length = content_length(self.buffer.get(..end).unwrap_or_default())?;
                self.buffer.drain(..end + 4);
                self.length = Some(length);
                length
            }
        };
        if self.buffer.len() < length {
            return Ok(None);
        }
        self.length = None;
        Ok(Some(self.buffer.drain(..length).collect()))
    }
}

fn content_length(header: &[u8]) -> Result<usize, FrameError> {
    let mut fields = header.split(|byte| *byte == b'\n');
    let value = fields.find_map(|field| {
        let colon = memchr::memchr(b':', field)?;
        let (name, value) = field.split_at(colon);
        name.trim_ascii().eq_ignore_ascii_case(b"content-length").then(|| value.get(1..))?
    });
    let text = value.and_then(|value| std::str::from_utf8(value.trim_ascii()).ok());
    let length: usize = text.and_then(|text| text.parse().ok()).ok_or(FrameError::NoLength)?;
    if length > LARGEST { Err(FrameError::TooLong) } else { Ok(length) }
}

/// A message as it is sent.
#[must_use]
pub fn encode(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn however_the_stream_is_cut() {
        let stream =
            [encode(&json!({"a": 1})), b"content-length:2\r\nX: y\r\n\r\n{}".to_vec()].concat();
        for size in 1..stream.len() {
            let mut decoder = Decoder::default();
            let mut found = Vec::new();
            for piece in stream.chunks(size) {
                decoder.feed(piece);
                while let Some(message) = decoder.next_message().unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, [b"{\"a\":1}".to_vec(), b"{}".to_vec()], "{size}");
        }
    }

    #[test]
    fn what_is_no_frame() {
        let of = |bytes: &[u8]| {
            let mut decoder = Decoder::default();
            decoder.feed(bytes);
            decoder.next_message()
        };
        assert_eq!(of(b"X: 1\r\n\r\n"), Err(FrameError::NoLength));
        assert_eq!(of(b"Content-Length: -1\r\n\r\n"), Err(FrameError::NoLength));
        assert_eq!(of(b"Content-Length: 99999999999\r\n\r\n"), Err(FrameError::TooLong));
        assert_eq!(of(&[b'x'; 5000]), Err(FrameError::LongHeader));
        assert_eq!(of(b"Content-Length: 5\r\n\r\nab"), Ok(None));
    }
}
