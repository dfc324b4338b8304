//! Checks and forms of an address outside of rules: too long, octets it must not have, how messages
//! show it.

use std::borrow::Cow;

use crate::limits::MAX_NAME;
use crate::status::{Enhanced, Exit, Status};

/// Longest form in which messages show an address (`MAXSHORTSTR`, CF-104).
const SHOWN_LENGTH: usize = 203;

/// An address cut in the middle for messages.
#[must_use]
pub fn shorten(address: &[u8]) -> Vec<u8> {
    if address.len() <= SHOWN_LENGTH {
        return address.to_vec();
    }
    let part = (SHOWN_LENGTH - 3) / 2;
    [&address[..part], b"...", &address[address.len() - part..]].concat()
}

/// An address as it stands in front of `... text`: shortened, without upper bits (observed).
#[must_use]
pub fn label(address: &[u8]) -> Vec<u8> {
    shorten(address).iter().map(|byte| byte & 0x7f).collect()
}

/// Octet 0377 loses its upper bit (RS-017).
#[must_use]
pub fn masked(address: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(0xff, address).is_none() {
        return Cow::Borrowed(address);
    }
    address.iter().map(|byte| if *byte == 0xff { 0x7f } else { *byte }).collect()
}

/// Octets that make no [`flaw`].
const SOUND: [bool; 256] = {
    let mut sound = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        sound[byte] = match byte as u8 {
            b'"' | b'\\' => false,
            b' '..=b'~' | 0xa0.. => true,
            _ => false,
        };
        byte += 1;
    }
    sound
};

/// Whether an octet makes no [`flaw`].
pub(crate) fn is_sound(byte: u8) -> bool {
    SOUND[usize::from(byte)]
}

/// Why a resolved user part is no mailbox (RS-018): control characters, which become `?` where no
/// quotes protect them, an open quote, a backslash at the end.
pub(crate) fn flaw(user: &mut [u8]) -> Option<&'static str> {
    if user.iter().all(|byte| is_sound(*byte)) {
        return None;
    }
    let mut quoted = false;
    let mut escaped = false;
    let mut reason = None;
    for byte in user {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            0..=31 | 127 if !quoted => {
                *byte = b'?';
                reason = Some("non-printable character");
            }
            // What is left of operators.
            0x80..0xa0 => {
                *byte = b'?';
                reason = Some("8-bit character");
            }
            _ => {}
        }
    }
    match reason {
        _ if quoted => Some("unbalanced quote"),
        _ if escaped => Some("trailing \\ character"),
        reason => reason,
    }
}

/// An address as messages about its form show it: cut, octets of the operator range as `?`, the others
/// without their upper bit (observed).
#[must_use]
pub fn shown(address: &[u8]) -> Vec<u8> {
    let cut = &address[..address.len().min(MAX_NAME - 1)];
    cut.iter().map(|byte| if is_reserved(*byte) { b'?' } else { byte & 0x7f }).collect()
}

/// What is wrong with an address before it is tokenized (RS-016, RS-017). `limit` is the number of
/// bytes it must be shorter than.
#[must_use]
pub fn invalid(address: &[u8], limit: Option<usize>) -> Option<Status> {
    if let Some(limit) = limit
        && address.len() >= limit
    {
        let shown = shown(address);
        let text = format!(" too long ({} bytes max)", limit - 1);
        let text = [b"Address \"", &shown[..], b"\"", text.as_bytes()].concat();
        return Some(Status::from_reply(Exit::OK, 553, Enhanced::new(5, 1, 0), text));
    }
    if !address.iter().any(|byte| is_reserved(*byte)) {
        return None;
    }
    let text = [b"8-bit character in mailbox address \"", &shown(address)[..], b"\""].concat();
    Some(Status::from_reply(Exit::USAGE, 501, Enhanced::new(5, 1, 3), text))
}

/// Octets in which sendmail keeps its operators.
fn is_reserved(byte: u8) -> bool {
    (0x80..0xa0).contains(&byte)
}
