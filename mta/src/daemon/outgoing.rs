//! A queued message as one mailer gets it: From_ line, header, body.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use ruleset_vm::crack::CrackOptions;

use super::header_host::Headers;
use crate::address::worker::Worker;
use crate::delivery::context::{Conversion, MessageForm, MessageSource};
use crate::message::body::{LineEncoder, LineForm, encode};
use crate::message::envelope::{Envelope, Field, ResolvedSender, value_of};
use crate::message::mime::{self, Decoding, Rules, Seven, Sink};
use crate::message::output::{OutputOptions, delivery_header, is_resent};
use crate::sys::durable;

/// The form in which the first line is written when the option does not say (OPT-081).
const FROM_LINE: &[u8] = b"From $g  $d";

/// What is sent in place of a body that is gone (QU-113).
const NO_BODY: &[u8] = b"<<< No Message Collected >>>\n";

/// A message in the queue.
pub(super) struct Outgoing<'a, 'w> {
    pub(super) worker: &'a RefCell<&'w mut Worker>,
    pub(super) envelope: &'a Envelope,
    pub(super) body: Option<PathBuf>,
    pub(super) body_size: u64,
}

/// What becomes of the body and the fields that describe it.
enum Treatment {
    /// Written as it is, behind these lines at the end of the header.
    Kept(Vec<u8>),
    ToSeven,
    ToEight(Decoding),
}

impl Outgoing<'_, '_> {
    fn sender(&self) -> Option<&ResolvedSender> {
        self.envelope.resolved_sender.as_ref()
    }

    fn header(&self, fields: &[Field], form: &MessageForm) -> Vec<u8> {
        let site = self.worker.borrow().site.clone();
        let flags: Vec<u8> =
            site.mailers.get(form.mailer).map_or_else(Vec::new, |m| m.flags.iter().collect());
        let must_quote = site.configuration.options.bytes("MustQuoteChars");
        let options = OutputOptions {
            crack: CrackOptions::new(site.configuration.colon_ok, must_quote.as_deref()),
            mailer_flags: &flags,
            resent: is_resent(fields),
            delete_bcc: self.envelope.flags.delete_bcc,
            line_limit: form.line_limit,
            ..OutputOptions::default()
        };
        let host = Headers {
            worker: self.worker,
            mailer: Some(form.mailer),
            sender_domain: self
                .sender()
                .filter(|_| !self.envelope.is_from_nobody())
                .and_then(|sender| sender.domain.clone()),
        };
        delivery_header(fields, &host, &options)
    }

    /// What EightBitMode and the receiver make of the message (OPT-016, AD-084 to AD-087). Data above 127
    /// that nothing labels is converted in mode `m` only.
    fn treatment(&self, form: &MessageForm) -> Treatment {
        let converts = mime::mode(&self.worker.borrow().site.configuration) == b'm';
        let eight_bit = self.envelope.flags.has_8bit;
        let is_labelled = mime::is_labelled(self.envelope);
        match form.conversion {
            Conversion::EightToSeven if eight_bit && (is_labelled || converts) => {
                Treatment::ToSeven
            }
            Conversion::SevenToEight => Decoding::of(&self.envelope.header)
                .map_or_else(|| self.kept(converts), Treatment::ToEight),
            Conversion::EightToSeven | Conversion::None => self.kept(converts),
        }
    }

    /// In mode `m` data that nothing labels gets a label.
    fn kept(&self, converts: bool) -> Treatment {
        let header = &self.envelope.header;
        let mut label = Vec::new();
        if converts && self.envelope.flags.has_8bit && value_of(header, mime::VERSION).is_none() {
            label = mime::label(header, || self.charset());
            if value_of(header, mime::ENCODING).is_none() {
                label.extend(mime::encoding_field(b"8bit"));
            }
        }
        Treatment::Kept(label)
    }

    /// The character set of text that does not say: that of the sender's mailer (`C=`) or
    /// DefaultCharSet (AD-091).
    fn charset(&self) -> Vec<u8> {
        let worker = self.worker.borrow();
        let from_mailer = self.sender().filter(|_| !self.envelope.is_from_nobody());
        let from_mailer = from_mailer.and_then(ResolvedSender::mailer);
        let own = from_mailer.and_then(|index| worker.site.mailers.get(index)?.charset.clone());
        own.or_else(|| worker.site.configuration.options.bytes("DefaultCharSet"))
            .unwrap_or_else(|| b"unknown-8bit".to_vec())
    }

    /// Writes the end of the header and the body.
    fn write_body(
        &self,
        treatment: Treatment,
        form: &MessageForm,
        parts: &mut Parts<'_>,
    ) -> io::Result<()> {
        let mut body: Box<dyn Body> = match &self.body {
            Some(path) => Box::new(durable::open_readable(path).map_err(io::Error::other)?),
            None => Box::new(io::Cursor::new(NO_BODY)),
        };
        let by = self.worker.borrow().expand(b"$j id $i");
        match treatment {
            Treatment::Kept(label) => {
                parts.header(&label)?;
                parts.header(b"\n")?;
                io::copy(&mut body, parts).map(|_| ())
            }
            Treatment::ToEight(decoding) => mime::decode(&decoding, &by, body, parts),
            Treatment::ToSeven => {
                let site = self.worker.borrow().site.clone();
                let class = |class: &[u8], word: &[u8]| site.configuration.classes.has(class, word);
                let rules = Rules {
                    class: &class,
                    by: &by,
                    hide_from: form.escape_from,
                    for_ebcdic: form.for_ebcdic,
                };
                parts.header(&mime::label(&self.envelope.header, || self.charset()))?;
                Seven::new(&rules, body).message(&self.envelope.header, parts)
            }
        }
    }
}

/// The line in front of a message in a mailbox, with its line end (UnixFromLine).
pub(super) fn envelope_line(worker: &Worker) -> Vec<u8> {
    let template = worker.site.configuration.options.text("UnixFromLine");
    let mut line = match template {
        Some(text) => worker.macros.expand_bytes(text),
        None => worker.expand(FROM_LINE),
    };
    line.push(b'\n');
    line
}

impl MessageSource for Outgoing<'_, '_> {
    fn write(&self, form: &MessageForm, out: &mut dyn Write) -> io::Result<()> {
        let mut parts = Parts::new(form, out);
        if form.from_line {
            parts.header(&envelope_line(&self.worker.borrow()))?;
        }
        let treatment = self.treatment(form);
        let described = !matches!(treatment, Treatment::Kept(_)) && !form.header_only;
        let mut fields = Cow::Borrowed(&self.envelope.header[..]);
        if described {
            // The conversion says how the body is encoded.
            fields.to_mut().retain(|field| !field.is_named(mime::ENCODING));
        }
        parts.header(&self.header(&fields, form))?;
        if form.header_only {
            return parts.header(b"\n");
        }
        self.write_body(treatment, form, &mut parts)?;
        parts.finish(form.blank_line_at_end)
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

/// A body that can be read twice.
trait Body: Read + Seek {}

impl<T: Read + Seek> Body for T {}

/// Writes lines in a mailer's form.
struct Parts<'a> {
    out: &'a mut dyn Write,
    header: LineForm,
    body: LineEncoder,
    encoded: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn new(form: &MessageForm, out: &'a mut dyn Write) -> Self {
        let lines = |escape_from: bool, seven_bit: bool| LineForm {
            eol: form.eol.clone(),
            limit: form.line_limit,
            escape_from,
            seven_bit,
        };
        let header = lines(false, form.seven_bit_header);
        let body = LineEncoder::new(lines(form.escape_from, form.seven_bit_body));
        Self { out, header, body, encoded: Vec::new() }
    }

    fn finish(&mut self, blank_line: bool) -> io::Result<()> {
        self.encoded.clear();
        self.body.finish(blank_line, &mut self.encoded);
        self.out.write_all(&self.encoded)
    }
}

/// What is written belongs to the body.
impl Write for Parts<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.body(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Parts<'_> {
    fn header(&mut self, line: &[u8]) -> io::Result<()> {
        self.out.write_all(&encode(line, &self.header))
    }

    fn body(&mut self, text: &[u8]) -> io::Result<()> {
        self.encoded.clear();
        self.body.push(text, &mut self.encoded);
        self.out.write_all(&self.encoded)
    }
}
