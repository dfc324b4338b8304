//! Whom an answer goes to, and whom none goes to.

/// Longest address that is answered, bytes; RFC 5321 allows 256.
pub(super) const MAX_ADDRESS: usize = 1024;

/// Users that are programs. Those of vacation(1), and more of RFC 3834's section 2 and of today's lists.
const MACHINES: [&[u8]; 9] = [
    b"postmaster",
    b"uucp",
    b"mailer",
    b"mailer-daemon",
    b"daemon",
    b"listserv",
    b"majordomo",
    b"noreply",
    b"no-reply",
];
const MACHINE_ENDINGS: [&[u8]; 4] = [b"-request", b"-relay", b"-owner", b"-bounces"];
const MACHINE_BEGINNING: &[u8] = b"owner-";

/// Where a message says it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An address, or the null reverse-path, without angle brackets.
    Address(Vec<u8>),
    /// There was one, but quotes are open.
    Malformed,
}

impl Origin {
    /// Reads what stands behind `From `: an address, up to a space that is not quoted. None if there is none.
    pub(super) fn of_from_line(rest: &[u8]) -> Option<Self> {
        let mut quoted = false;
        let mut end = 0;
        while let Some(byte) = rest.get(end) {
            match byte {
                b'\\' if end + 1 < rest.len() => end += 1,
                b'"' => quoted = !quoted,
                byte if byte.is_ascii_whitespace() && !quoted => break,
                _ => {}
            }
            end += 1;
        }
        match rest.get(..end).unwrap_or(rest) {
            b"" => None,
            _ if quoted => Some(Self::Malformed),
            address => Some(Self::Address(bare(address).to_vec())),
        }
    }
}

/// An address without the angle brackets around it.
pub(super) fn bare(address: &[u8]) -> &[u8] {
    let inner = address.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
    inner.unwrap_or(address)
}

/// Whether nobody is behind an address who reads answers.
pub(super) fn is_machine(address: &[u8]) -> bool {
    let host = address.iter().position(|byte| b"@%+".contains(byte)).unwrap_or(address.len());
    let local = address.get(..host).unwrap_or(address);
    let user = local.rsplit(|byte| *byte == b'!').next().unwrap_or_default();
    let user: Vec<u8> =
        user.iter().filter(|byte| **byte != b'"').map(u8::to_ascii_lowercase).collect();
    address.is_empty()
        || MACHINES.contains(&user.as_slice())
        || user.starts_with(MACHINE_BEGINNING)
        || MACHINE_ENDINGS.iter().any(|ending| user.ends_with(ending))
}

/// Whether this is one address, and no program, file, list or flag.
pub(super) fn is_answerable(address: &[u8]) -> bool {
    let mut quoted = false;
    let mut bytes = address.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            byte if byte.is_ascii_control() => return false,
            b'\\' => match bytes.next() {
                Some(byte) if !byte.is_ascii_control() => {}
                _ => return false,
            },
            b'"' => quoted = !quoted,
            b' ' | b',' | b';' | b'<' | b'>' | b'(' | b')' if !quoted => return false,
            _ => {}
        }
    }
    // quotes in front are looked through: sendmail finds programs and files behind them as well
    let quotes = address.iter().take_while(|byte| **byte == b'"').count();
    let head = address.get(quotes..).unwrap_or_default();
    let special = head.first().is_none_or(|byte| b"|/-@\\".contains(byte));
    let include = head.get(..9).is_some_and(|head| head.eq_ignore_ascii_case(b":include:"));
    !quoted && !special && !include && address.len() <= MAX_ADDRESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_lines_name_the_sender() {
        let address = |text: &[u8]| Some(Origin::Address(text.to_vec()));
        let rows: [(&[u8], Option<Origin>); 12] = [
            (b"s@x Sat Nov 28 04:00:00 2026", address(b"s@x")),
            (b"s@x", address(b"s@x")),
            (b"s@x ", address(b"s@x")),
            (b"\"s t\"@x Sat", address(b"\"s t\"@x")),
            (b"\"s\\\"x t\"@x Sat", address(b"\"s\\\"x t\"@x")),
            (b"s\\ t@x Sat", address(b"s\\ t@x")),
            (b"s\\", address(b"s\\")),
            (b"<s@x> Sat", address(b"s@x")),
            (b"<> Sat", address(b"")),
            (b"\"s t Sat", Some(Origin::Malformed)),
            (b" s@x Sat", None),
            (b"", None),
        ];
        for (line, expected) in rows {
            assert_eq!(Origin::of_from_line(line), expected, "{line:?}");
        }
    }

    #[test]
    fn machines_are_known() {
        for user in [
            "postmaster",
            "Postmaster",
            "uucp",
            "mailer",
            "MAILER-DAEMON",
            "daemon",
            "x-request",
            "X-REQUEST",
            "x-relay",
            "x-owner",
            "owner-x",
            "owner-",
            "\"owner-x\"",
            "listserv",
            "majordomo",
            "noreply",
            "no-reply",
            "x-bounces",
            "x-bounces+alice=y",
        ] {
            let hosts = ["", "@h", "%h@i", "+y@h"].map(|host| format!("{user}{host}"));
            for address in hosts.iter().chain([&format!("h!{user}")]) {
                assert!(is_machine(address.as_bytes()), "{address}");
            }
        }
        for address in [
            "s@x",
            "root@x",
            "request@x",
            "x-requests@x",
            "postmasterx@x",
            "xpostmaster",
            "a@x-request",
            "a.mailer@h",
            "owner@x",
            "xowner-x@y",
            "a@postmaster",
        ] {
            assert!(!is_machine(address.as_bytes()), "{address}");
        }
        assert!(is_machine(b""));
    }

    #[test]
    fn only_addresses_are_answered() {
        for address in [
            "s@x",
            "joe",
            "h!joe",
            "\"a b\"@x",
            "\"a,b\"@x",
            "a\\ b@x",
            "a=b+c@x",
            "\u{e9}@x",
            "a:b@x",
        ] {
            assert!(is_answerable(address.as_bytes()), "{address}");
        }
        let long = "l".repeat(MAX_ADDRESS + 1);
        for address in [
            "",
            "|prog",
            "\"|prog\"",
            "/file",
            "\"/file\"",
            "-oQ/tmp",
            ":include:/etc/passwd",
            ":INCLUDE:x",
            "\":include:/x\"",
            "\\joe",
            "a,b",
            "a b",
            "a;b",
            "<a@b>",
            "a(b)",
            "@a,@b:c@d",
            "@a:c@d",
            "a\nb",
            "a\0b",
            "a\\\nb",
            "\"a",
            "a\\",
            "\"\"",
            &long,
        ] {
            assert!(!is_answerable(address.as_bytes()), "{address:?}");
        }
    }
}
