//! What the peer offers in its reply to `EHLO` or `LHLO` (SM-085).

use super::reply::Reply;

/// The offered extensions. All absent after `HELO`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// `SIZE`: the largest message in bytes; `Some(0)` when no number was given.
    pub size: Option<u64>,
    /// `8BITMIME`
    pub eight_bit_mime: bool,
    /// `PIPELINING`
    pub pipelining: bool,
    /// `DSN`
    pub dsn: bool,
    /// `ENHANCEDSTATUSCODES`
    pub enhanced_status_codes: bool,
    /// `DELIVERBY`: the smallest time in seconds; `Some(0)` when no number was given.
    pub deliver_by: Option<u64>,
    /// `AUTH`: the mechanisms, blank separated, as offered.
    pub auth: Option<Vec<u8>>,
    /// `STARTTLS`
    pub starttls: bool,
    /// `SMTPUTF8`
    pub smtputf8: bool,
    /// `EXPN`
    pub expn: bool,
    /// `VERB`
    pub verb: bool,
}

/// How one keyword is taken in; the second argument is what follows the keyword.
type Setter = fn(&mut Offers, &[u8]);

/// One row per keyword.
const KEYWORDS: &[(&[u8], Setter)] = &[
    (b"SIZE", |offers, rest| offers.size = Some(number(rest))),
    (b"8BITMIME", |offers, _| offers.eight_bit_mime = true),
    (b"PIPELINING", |offers, _| offers.pipelining = true),
    (b"DSN", |offers, _| offers.dsn = true),
    (b"ENHANCEDSTATUSCODES", |offers, _| offers.enhanced_status_codes = true),
    (b"DELIVERBY", |offers, rest| offers.deliver_by = Some(number(rest))),
    (b"AUTH", |offers, rest| offers.auth = Some(rest.to_vec())),
    (b"STARTTLS", |offers, _| offers.starttls = true),
    (b"SMTPUTF8", |offers, _| offers.smtputf8 = true),
    (b"EXPN", |offers, _| offers.expn = true),
    (b"VERB", |offers, _| offers.verb = true),
];

impl Offers {
    /// Reads the lines behind the first one of a reply to `EHLO`.
    #[must_use]
    pub fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            offers.take(Reply::text_of(line));
        }
        offers
    }

    fn take(&mut self, text: &[u8]) {
        let text = text.trim_ascii();
        let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'='));
        let (keyword, rest) = text.split_at(end.unwrap_or(text.len()));
        let rest = rest.get(1..).unwrap_or(&[]).trim_ascii();
        if let Some((_, set)) = KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword))
        {
            set(self, rest);
        }
    }
}

/// The decimal number at the start of `text`; 0 if there is none, the largest value if it is larger.
fn number(text: &[u8]) -> u64 {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0u64, |n, digit| n.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read() {
        // SM-085
        let read = |lines: &[&str]| {
            let lines = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
            Offers::read(&Reply { code: 250, lines })
        };
        let offers = read(&[
            "250-SIZE DSN PIPELINING",
            "250-size 99999999999999999999999",
            "250-8bitmime",
            "250-AUTH=LOGIN",
            "250-auth  PLAIN CRAM-MD5 ",
            "250-XVERB",
            "250 DELIVERBY",
        ]);
        let expected = Offers {
            size: Some(u64::MAX),
            eight_bit_mime: true,
            auth: Some(b"PLAIN CRAM-MD5".to_vec()),
            deliver_by: Some(0),
            ..Offers::default()
        };
        assert_eq!(offers, expected);
        assert_eq!(read(&["250 SIZE 5"]), Offers::default());
        assert_eq!(read(&["250-x", "250", "25", ""]), Offers::default());
    }
}
