//! A queued message as one mailer gets it: From_ line, header, body.

use std::cell::RefCell;
use std::io::{self, Read as _, Write};
use std::path::PathBuf;

use ruleset_vm::crack::CrackOptions;

use super::header_host::Headers;
use crate::address::worker::Worker;
use crate::delivery::context::{MessageForm, MessageSource};
use crate::message::body::{LineEncoder, LineForm, encode};
use crate::message::envelope::Envelope;
use crate::message::output::{OutputOptions, delivery_header};
use crate::sys::durable;

/// The form in which the first line is written when the option does not say (OPT-081).
const FROM_LINE: &[u8] = b"From $g  $d";

/// A message in the queue.
pub(super) struct Outgoing<'a, 'w> {
    pub(super) worker: &'a RefCell<&'w mut Worker>,
    pub(super) envelope: &'a Envelope,
    pub(super) body: Option<PathBuf>,
    pub(super) body_size: u64,
    /// `@domain` for addresses without one, when the sender's mailer has flag `C`.
    pub(super) sender_domain: Option<Vec<u8>>,
}

impl Outgoing<'_, '_> {
    fn header(&self, form: &MessageForm) -> Vec<u8> {
        let site = self.worker.borrow().site.clone();
        let flags: Vec<u8> =
            site.mailers.get(form.mailer).map_or_else(Vec::new, |m| m.flags.iter().collect());
        let must_quote = site.configuration.options.bytes("MustQuoteChars");
        let options = OutputOptions {
            crack: CrackOptions::new(site.configuration.colon_ok, must_quote.as_deref()),
            mailer_flags: &flags,
            resent: self
                .envelope
                .header
                .iter()
                .any(|f| f.name.len() > 7 && f.name[..7].eq_ignore_ascii_case(b"resent-")),
            delete_bcc: self.envelope.flags.delete_bcc,
            line_limit: form.line_limit,
            ..OutputOptions::default()
        };
        let host = Headers {
            worker: self.worker,
            mailer: Some(form.mailer),
            sender_domain: self.sender_domain.clone(),
        };
        delivery_header(&self.envelope.header, &host, &options)
    }

    fn envelope_line(&self) -> Vec<u8> {
        let worker = self.worker.borrow();
        let template = worker.site.configuration.options.text("UnixFromLine");
        let mut line = match template {
            Some(text) => worker.macros.expand_bytes(text),
            None => worker.expand(FROM_LINE),
        };
        line.push(b'\n');
        line
    }
}

impl MessageSource for Outgoing<'_, '_> {
    fn write(&self, form: &MessageForm, out: &mut dyn Write) -> io::Result<()> {
        let lines = |escape_from: bool, seven_bit: bool| LineForm {
            eol: form.eol.clone(),
            limit: form.line_limit,
            escape_from,
            seven_bit,
        };
        if form.from_line {
            out.write_all(&encode(&self.envelope_line(), &lines(false, form.seven_bit_header)))?;
        }
        out.write_all(&encode(&self.header(form), &lines(false, form.seven_bit_header)))?;
        out.write_all(&form.eol)?;
        if form.header_only {
            return Ok(());
        }
        let Some(path) = &self.body else { return Ok(()) };
        let mut file = durable::open_readable(path).map_err(io::Error::other)?;
        let mut encoder = LineEncoder::new(lines(form.escape_from, form.seven_bit_body));
        let mut buffer = [0; 16 << 10];
        let mut encoded = Vec::new();
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            encoded.clear();
            encoder.push(&buffer[..count], &mut encoded);
            out.write_all(&encoded)?;
        }
        encoded.clear();
        encoder.finish(form.blank_line_at_end, &mut encoded);
        out.write_all(&encoded)
    }

    fn size(&self) -> u64 {
        let header: usize =
            self.envelope.header.iter().map(|f| f.name.len() + f.value.len() + 2).sum();
        self.envelope.size.max(self.body_size + header as u64)
    }

    fn has_8bit(&self) -> bool {
        self.envelope.flags.has_8bit
    }
}
