//! The message behind `DATA`: end of data, hidden dots, half line ends, size.
//!
//! Source: RFC 5321 sections 4.1.1.4 and 4.5.2; what is done about bare CR and LF: RS-139, SM-068,
//! observed with sendmail 8.17.1.9.

use super::action::Received;
use super::settings::BareEnd;
use memchr::{memchr, memchr2};

/// Upper bound of one piece handed on.
pub(super) const MAX_CHUNK: usize = 16 * 1024;

/// How the input is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyRules {
    pub(super) bare_cr: BareEnd,
    pub(super) bare_lf: BareEnd,
    pub(super) lenient_end: bool,
    /// Bytes after which nothing is handed on; 0 for no limit.
    pub(super) size_limit: u64,
}

/// Why reading stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    BareCr,
    BareLf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Line start, where a dot counts.
    Start,
    /// Behind a dot at line start.
    Dot,
    /// Behind a dot and a CR.
    DotCr,
    Text,
    Cr,
}

/// Reads one message. Any division of the input into pieces gives the same output.
#[derive(Debug)]
pub(super) struct BodyReader {
    rules: BodyRules,
    at: At,
    received: Received,
    /// Nothing of the line has been handed on.
    line_is_empty: bool,
    in_header: bool,
}

impl BodyReader {
    pub(super) fn new(rules: BodyRules) -> Self {
        let received = Received::default();
        Self { rules, at: At::Start, received, line_is_empty: true, in_header: true }
    }

    pub(super) fn received(&self) -> Received {
        self.received
    }

    /// Whether no empty line has come yet.
    pub(super) fn is_in_header(&self) -> bool {
        self.in_header
    }

    pub(super) fn over_limit(&self) -> bool {
        self.rules.size_limit > 0 && self.received.size > self.rules.size_limit
    }

    /// Reads from `input` until it is used up, `out` has [`MAX_CHUNK`] bytes, or the data end.
    /// Returns the number of bytes used.
    pub(super) fn read(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Option<End>) {
        let mut used = 0;
        while let Some(&byte) = input.get(used) {
            if out.len() >= MAX_CHUNK {
                break;
            }
            if self.at == At::Text {
                let rest = input.get(used..).unwrap_or_default();
                let room = rest.len().min(MAX_CHUNK - out.len());
                let window = rest.get(..room).unwrap_or_default();
                let run = memchr2(b'\r', b'\n', window).unwrap_or(room);
                if run > 0 {
                    self.emit(window.get(..run).unwrap_or_default(), out);
                    used += run;
                    continue;
                }
            }
            let (consumed, end) = self.step(byte, out);
            used += usize::from(consumed);
            if end.is_some() {
                return (used, end);
            }
        }
        (used, None)
    }

    /// One byte at a place that needs thought. The first result says whether it was used.
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> (bool, Option<End>) {
        match (self.at, byte) {
            (At::Start, b'.') => self.at = At::Dot,
            (At::Dot, b'\r') => self.at = At::DotCr,
            (At::DotCr, b'\n') => return (true, Some(End::Complete)),
            (At::Dot, b'\n') if self.dots_after_bare_lf() => return (true, Some(End::Complete)),
            // The dot was a hidden one: it is dropped, and the byte looked at again.
            (At::Dot, _) => {
                self.at = At::Text;
                return (false, None);
            }
            (At::Cr, b'\n') => {
                self.emit(b"\n", out);
                self.at = At::Start;
            }
            (At::Cr | At::DotCr, _) => return (false, self.bare_cr(out)),
            (At::Start | At::Text, b'\r') => self.at = At::Cr,
            (At::Start | At::Text, b'\n') => return (true, self.bare_lf(out)),
            (At::Start | At::Text, _) => {
                self.emit(&[byte], out);
                self.at = At::Text;
            }
        }
        (true, None)
    }

    /// Whether a bare LF is as good as CRLF around dots: only if it is accepted at all (observed:
    /// srv_features `O` without `G` still refuses it).
    fn dots_after_bare_lf(&self) -> bool {
        self.rules.lenient_end && self.rules.bare_lf == BareEnd::Accept
    }

    fn bare_cr(&mut self, out: &mut Vec<u8>) -> Option<End> {
        self.at = At::Text;
        match self.rules.bare_cr {
            BareEnd::Refuse => return Some(End::BareCr),
            BareEnd::Accept => self.emit(b"\r", out),
            BareEnd::Space => self.emit(b" ", out),
        }
        None
    }

    fn bare_lf(&mut self, out: &mut Vec<u8>) -> Option<End> {
        self.at = At::Text;
        match self.rules.bare_lf {
            BareEnd::Refuse => return Some(End::BareLf),
            BareEnd::Space => self.emit(b" ", out),
            BareEnd::Accept => {
                self.emit(b"\n", out);
                if self.dots_after_bare_lf() {
                    self.at = At::Start;
                }
            }
        }
        None
    }

    fn emit(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.received.size = self.received.size.saturating_add(bytes.len() as u64);
        self.received.eight_bit |= !bytes.is_ascii();
        self.received.nul |= memchr(0, bytes).is_some();
        let ends_line = bytes == b"\n";
        self.in_header &= !(ends_line && self.line_is_empty);
        self.line_is_empty = ends_line;
        if !self.over_limit() {
            out.extend_from_slice(bytes);
        }
    }
}
