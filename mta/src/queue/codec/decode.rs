//! Control file to envelope.

use super::encode::{ENVELOPE_FLAGS, RECIPIENT_FLAGS};
use super::{Damage, QUOTE, QfError, VERSION, is_operator};
use crate::message::envelope::{
    BodyType, ControllingUser, DeliverBy, Envelope, EnvelopeFlags, Field, Recipient,
    RecipientFlags, RecipientState,
};
use crate::message::field_kind::kind_of;
use ruleset_vm::{Exit, Status};

/// Bytes of a bad line that an error shows.
const SHOWN: usize = 100;

/// Reads a control file.
///
/// The priority is the one in the file: the caller adds the RetryFactor (QU-019). Numbers that do
/// not read are 0 and unknown flag letters are passed over, as the oracle does.
///
/// # Errors
/// [`QfError`] with the line at fault; [`Damage::disposition`] says what becomes of the file.
pub fn decode(bytes: &[u8]) -> Result<Envelope, QfError> {
    let mut reader = Reader::default();
    let mut lines = Lines { rest: bytes, number: 1 };
    for (number, text) in lines.by_ref() {
        reader.line(text).map_err(|damage| QfError { line: number, damage })?;
    }
    reader.finish().map_err(|damage| QfError { line: lines.number, damage })
}

/// Logical lines: continuation lines, which start with white space, belong to the line before.
struct Lines<'a> {
    rest: &'a [u8],
    number: u32,
}

impl<'a> Iterator for Lines<'a> {
    /// Number of the first physical line, and the text without the final line end.
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let first = self.number;
        let mut from = 0;
        let end = loop {
            let found = self.rest.get(from..).and_then(|rest| memchr::memchr(b'\n', rest));
            let Some(at) = found.map(|at| from + at) else { break self.rest.len() };
            self.number += 1;
            from = at + 1;
            if at == 0 || !matches!(self.rest.get(from), Some(b' ' | b'\t')) {
                break at;
            }
        };
        let (text, after) = self.rest.split_at(end);
        self.rest = after.get(1..).unwrap_or_default();
        Some((first, text))
    }
}

/// What an `R` line takes from the lines before it.
#[derive(Default)]
struct Pending {
    message: Option<Vec<u8>>,
    original: Option<Vec<u8>>,
    final_recipient: Option<Vec<u8>>,
    controlling_user: Option<ControllingUser>,
    alias: Option<Vec<u8>>,
}

#[derive(Default)]
struct Reader {
    envelope: Envelope,
    pending: Pending,
    version: u32,
    has_sender: bool,
    ended: bool,
}

impl Reader {
    fn line(&mut self, text: &[u8]) -> Result<(), Damage> {
        if self.ended {
            return Err(Damage::ExtraData(shown(text)));
        }
        let Some((&letter, rest)) = text.split_first() else {
            return Err(Damage::UnknownLine(Vec::new()));
        };
        match letter {
            b'.' => self.ended = true,
            b'V' => self.version(rest)?,
            b'F' if rest.starts_with(b"rom ") => return Err(Damage::FromLine(shown(text))),
            b'R' => self.recipient(rest),
            b'C' => self.controlling(rest),
            b'M' if self.has_sender => self.pending.message = Some(rest.to_vec()),
            b'Q' => self.pending.original = Some(rest.to_vec()),
            b'r' => self.pending.final_recipient = Some(rest.to_vec()),
            b'H' => self.envelope.header.extend(field(rest)),
            b'$' => self.envelope.macros.push(macro_value(rest)),
            b'D' | b'E' | b'L' => {}
            _ => return self.envelope_line(letter, rest, text),
        }
        Ok(())
    }

    fn envelope_line(&mut self, letter: u8, rest: &[u8], text: &[u8]) -> Result<(), Damage> {
        let envelope = &mut self.envelope;
        match letter {
            b'T' => envelope.created = unsigned(rest),
            b'K' => envelope.last_try = unsigned(rest),
            b'N' => envelope.tries = u32::try_from(unsigned(rest)).unwrap_or(u32::MAX),
            b'P' => envelope.priority = signed(rest),
            b'I' => envelope.body_identity = Some(rest.to_vec()),
            b'd' => envelope.body_directory = Some(rest.to_vec()),
            b'B' => {
                envelope.body_type =
                    Some(body_type(rest).ok_or_else(|| Damage::ExtraData(shown(text)))?);
                if Some(rest) != envelope.body_name() {
                    envelope.body_word = rest.to_vec();
                }
            }
            b'q' => envelope.quarantine = Some(rest.to_vec()),
            b'M' => envelope.message = Some(rest.to_vec()),
            b'F' => envelope.flags = envelope_flags(rest),
            b'S' => {
                envelope.sender = if rest == b"<>" { Vec::new() } else { rest.to_vec() };
                self.has_sender = true;
            }
            b'Z' => envelope.envid = Some(rest.to_vec()),
            b'A' => envelope.auth = Some(rest.to_vec()),
            b'!' => envelope.deliver_by = deliver_by(rest),
            _ => return Err(Damage::UnknownLine(shown(text))),
        }
        Ok(())
    }

    fn version(&mut self, rest: &[u8]) -> Result<(), Damage> {
        self.version = u32::try_from(unsigned(rest)).unwrap_or(u32::MAX);
        if self.version > VERSION { Err(Damage::Version(self.version)) } else { Ok(()) }
    }

    /// `C`, `C:alias`, `Cuser:uid:gid:alias`; before version 2 `Cuser:alias`, whose ids the
    /// caller must look up (they are given as 0 and the user name is kept) (QU-015, QU-031).
    fn controlling(&mut self, rest: &[u8]) {
        let parts = if self.version < 2 { 2 } else { 4 };
        let mut words = rest.splitn(parts, |&b| b == b':');
        let user = words.next().unwrap_or_default();
        if user.is_empty() {
            self.pending.controlling_user = None;
            self.pending.alias = rest.strip_prefix(b":").map(<[u8]>::to_vec);
            return;
        }
        let mut id = || match parts {
            2 => 0,
            _ => u32::try_from(unsigned(words.next().unwrap_or_default())).unwrap_or(u32::MAX),
        };
        let (uid, gid) = (id(), id());
        self.pending.controlling_user = Some(ControllingUser { user: user.to_vec(), uid, gid });
        self.pending.alias = words.next().map(<[u8]>::to_vec);
    }

    /// Flags stand in front of a colon since version 1.
    fn recipient(&mut self, rest: &[u8]) {
        let (flags, address) = match memchr::memchr(b':', rest) {
            Some(at) if self.version >= 1 => {
                let (letters, after) = rest.split_at(at);
                (recipient_flags(letters), after.get(1..).unwrap_or_default())
            }
            _ => {
                let named = RecipientFlags {
                    primary: true,
                    on_failure: true,
                    on_delay: true,
                    ..Default::default()
                };
                (named, rest)
            }
        };
        let pending = &mut self.pending;
        let state = match pending.message.take() {
            Some(text) => RecipientState::Deferred(Status::from_exit(Exit::TEMPFAIL, text)),
            None => RecipientState::Pending,
        };
        self.envelope.recipients.push(Recipient {
            flags,
            original: pending.original.take(),
            final_recipient: pending.final_recipient.take(),
            controlling_user: pending.controlling_user.clone(),
            alias: pending.alias.clone(),
            state,
            ..Recipient::primary(address)
        });
    }

    fn finish(self) -> Result<Envelope, Damage> {
        if !self.ended {
            return Err(Damage::Incomplete);
        }
        if !self.has_sender {
            return Err(Damage::NoSender);
        }
        Ok(self.envelope)
    }
}

fn shown(text: &[u8]) -> Vec<u8> {
    text.iter().take(SHOWN).copied().collect()
}

/// Leading digits as atol(3) reads them, saturating.
fn unsigned(text: &[u8]) -> u64 {
    u64::try_from(signed(text)).unwrap_or(0)
}

fn signed(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let value = digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0i64, |value, &b| value.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    if negative { -value } else { value }
}

fn body_type(text: &[u8]) -> Option<BodyType> {
    match text.to_ascii_uppercase().as_slice() {
        b"7BIT" => Some(BodyType::SevenBit),
        b"8BITMIME" => Some(BodyType::EightBitMime),
        _ => None,
    }
}

fn envelope_flags(letters: &[u8]) -> EnvelopeFlags {
    let mut flags = EnvelopeFlags::default();
    for (letter, flag) in ENVELOPE_FLAGS {
        *flag(&mut flags) = letters.contains(&letter);
    }
    flags
}

fn recipient_flags(letters: &[u8]) -> RecipientFlags {
    let mut flags = RecipientFlags::default();
    for (letter, flag) in RECIPIENT_FLAGS {
        *flag(&mut flags) = letters.contains(&letter);
    }
    flags
}

fn deliver_by(text: &[u8]) -> Option<DeliverBy> {
    let (&mode, rest) = text.split_first()?;
    Some(DeliverBy { mode, seconds: signed(rest) })
}

/// A macro's name (`r`, `{daemon_flags}`) and its value.
fn macro_value(text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let name = match text.first() {
        Some(b'{') => memchr::memchr(b'}', text).map_or(text.len(), |at| at + 1),
        _ => text.len().min(1),
    };
    let (name, value) = text.split_at(name);
    (name.to_vec(), value.to_vec())
}

/// `?condition?Name:value`; `None` where the name is missing or has a blank inside, which the oracle
/// passes over with `header syntax error`.
fn field(text: &[u8]) -> Option<Field> {
    let (condition, rest) = match text.strip_prefix(b"?") {
        Some(rest) => {
            let at = memchr::memchr(b'?', rest)?;
            (rest.get(..at)?, rest.get(at + 1..)?)
        }
        None => (b"".as_slice(), text),
    };
    let (name, value) = rest.split_at(memchr::memchr(b':', rest)?);
    let name = name.trim_ascii_end();
    if name.is_empty() || name.iter().any(|&b| b <= b' ' || b == 0x7f) {
        return None;
    }
    let value = value.get(1..)?;
    let value = if kind_of(name).late { value.to_vec() } else { unquoted(value) };
    Some(Field { condition: condition.to_vec(), name: name.to_vec(), value, is_default: false })
}

/// What [`super::encode`] has quoted.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match rest.next_if(|next| byte == QUOTE && is_operator(*next)) {
            Some(next) => out.push(next),
            None => out.push(byte),
        }
    }
    out
}
