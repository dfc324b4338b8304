//! Cutting a message into header and body while it comes in; the body goes straight to the queue.

use crate::message::envelope::Field;
use crate::message::header::{Collector, Taken};
use crate::queue::store::{Draft, StoreError};

/// Longest header line held; the rest of a longer one is dropped with the message.
const LINE_LIMIT: usize = 1 << 20;

/// How messages are taken in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Intaking {
    /// MaxHeadersLength in bytes; 0 for no limit.
    pub(super) header_limit: usize,
    /// MaxMessageSize in bytes, where nobody else looks at it: the body of a larger message is not kept; 0 for no limit.
    pub(super) size_limit: u64,
    /// SaveFromLine: a `From ` line in front is kept.
    pub(super) keep_from: bool,
    /// SevenBitInput, or the sender said so: the eighth bit is taken away.
    pub(super) seven_bit: bool,
}

/// A message on its way in.
pub(super) struct Collecting {
    draft: Result<Box<dyn Draft>, StoreError>,
    header: Option<Collector>,
    fields: Vec<Field>,
    line: Vec<u8>,
    size: u64,
    header_size: u64,
    has_8bit: bool,
    header_too_long: bool,
    seven_bit: bool,
    size_limit: u64,
}

/// A message that has come in whole; its body is in the draft, not yet durable.
pub(super) struct Collected {
    /// The body.
    pub(super) draft: Box<dyn Draft>,
    /// The header as received.
    pub(super) fields: Vec<Field>,
    /// Bytes received.
    pub(super) size: u64,
    /// Those of the header, with the line that ended it.
    pub(super) header_size: u64,
    /// There are octets above 127.
    pub(super) has_8bit: bool,
    /// The header is longer than allowed.
    pub(super) header_too_long: bool,
}

impl Collecting {
    pub(super) fn new(draft: Result<Box<dyn Draft>, StoreError>, how: Intaking) -> Self {
        Self {
            draft,
            header: Some(Collector::new(how.header_limit).keeping_from(how.keep_from)),
            fields: Vec::new(),
            line: Vec::new(),
            size: 0,
            header_size: 0,
            has_8bit: false,
            header_too_long: false,
            seven_bit: how.seven_bit,
            size_limit: if how.size_limit == 0 { u64::MAX } else { how.size_limit },
        }
    }

    /// Bytes taken so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Takes more of the message.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.seven_bit && !bytes.is_ascii() {
            let stripped: Vec<u8> = bytes.iter().map(|byte| byte & 0x7f).collect();
            return self.take(&stripped);
        }
        self.take(bytes);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.has_8bit |= !bytes.is_ascii();
        let mut rest = bytes;
        while self.header.is_some() && !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() <= LINE_LIMIT {
                self.line.extend_from_slice(part);
            } else {
                self.header_too_long = true;
            }
            let taken = end.map_or(rest.len(), |end| end + 1);
            self.header_size += taken as u64;
            rest = &rest[taken..];
            if end.is_some() {
                self.header_line();
            }
        }
        if !rest.is_empty() {
            self.write(rest);
        }
    }

    fn header_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let Some(collector) = &mut self.header else { return };
        match collector.line(&line) {
            Taken::Header => {}
            Taken::TooLong => self.header_too_long = true,
            Taken::EndOfHeader => self.end_header(),
            Taken::Body(bytes) => {
                self.end_header();
                self.write(&bytes);
            }
        }
    }

    fn end_header(&mut self) {
        if let Some(collector) = self.header.take() {
            let (fields, _from_line, _has_8bit) = collector.finish();
            self.fields = fields;
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        // nobody gets a message that is too large, or whose header is
        if self.size <= self.size_limit
            && !self.header_too_long
            && let Ok(draft) = &mut self.draft
            && let Err(error) = draft.write(bytes)
        {
            self.draft = Err(error);
        }
    }

    /// The end of the message.
    pub(super) fn finish(mut self) -> Result<Collected, StoreError> {
        if !self.line.is_empty() && self.header.is_some() {
            self.header_line();
        }
        self.end_header();
        Ok(Collected {
            draft: self.draft?,
            fields: self.fields,
            size: self.size,
            header_size: self.header_size,
            has_8bit: self.has_8bit,
            header_too_long: self.header_too_long,
        })
    }
}
