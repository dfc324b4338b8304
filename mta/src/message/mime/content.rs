//! What `Content-Type` and `Content-Transfer-Encoding` say (RFC 2045 section 5 and 6), as far as
//! conversions ask, and read as sendmail reads them (observed).

use ruleset_vm::error_mailer::strip_quotes;

/// Parameters that are read; later ones are passed over (CF-094).
const MAX_PARAMETERS: usize = 20;

/// Characters that are words by themselves.
const SPECIALS: &[u8] = b"()<>@,;:\\/[]?=";

/// Words of a field: comments and blanks are left out.
struct Words<'a>(&'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            self.0 = self.0.trim_ascii_start();
            match self.0.first()? {
                b'(' => self.skip_comment(),
                _ => break,
            }
        }
        let ends =
            |byte: &u8| byte.is_ascii_whitespace() || SPECIALS.contains(byte) || *byte == b'"';
        let length = match self.0.first()? {
            b'"' => quoted_length(self.0),
            byte if SPECIALS.contains(byte) => 1,
            _ => self.0.iter().position(ends).unwrap_or(self.0.len()),
        };
        let (word, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(word)
    }
}

impl Words<'_> {
    fn skip_comment(&mut self) {
        let (mut depth, mut escaped) = (0usize, false);
        let end = self.0.iter().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        self.0 = end.and_then(|end| self.0.get(end + 1..)).unwrap_or_default();
    }
}

/// The length of the quoted string at the beginning of a text.
fn quoted_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().skip(1).position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |end| end + 2)
}

/// What a body is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentType {
    /// `text`, in lower case.
    pub main: Vec<u8>,
    /// `plain`, in lower case; may be missing.
    pub sub: Vec<u8>,
    /// The text between parts; empty if it is not given.
    pub boundary: Vec<u8>,
}

impl ContentType {
    /// `main/sub` without parameters.
    #[must_use]
    pub fn new(main: &[u8], sub: &[u8]) -> Self {
        Self { main: main.to_vec(), sub: sub.to_vec(), boundary: Vec::new() }
    }

    /// Reads the value of the field; none if there is nothing in it.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let mut words = Words(value).peekable();
        let main = words.next()?.to_ascii_lowercase();
        let mut found = Self::new(&main, b"");
        if words.next_if(|word| *word == b"/").is_some() {
            found.sub = words.next().unwrap_or_default().to_ascii_lowercase();
        }
        let mut parameters = 0;
        while words.by_ref().any(|word| word == b";") && parameters < MAX_PARAMETERS {
            let Some(name) = words.next_if(|word| *word != b";") else { continue };
            if words.next_if(|word| *word == b"=").is_none() {
                continue;
            }
            let Some(value) = words.next_if(|word| *word != b";") else { continue };
            parameters += 1;
            if name.eq_ignore_ascii_case(b"boundary") && found.boundary.is_empty() {
                found.boundary = strip_quotes(value);
            }
        }
        Some(found)
    }

    /// `main/sub` as classes have it.
    #[must_use]
    pub fn name(&self) -> Vec<u8> {
        [&self.main[..], b"/", &self.sub].concat()
    }

    /// Whether it is text/plain.
    #[must_use]
    pub fn is_plain_text(&self) -> bool {
        self.main == b"text" && self.sub == b"plain"
    }
}

/// How a body is encoded: the words of the field, a blank between two that would run together; none if
/// there is nothing in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding(Vec<u8>);

impl Encoding {
    /// Reads the value of the field.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let is_atom =
            |word: &[u8]| !word.first().is_none_or(|byte| SPECIALS.contains(byte) || *byte == b'"');
        let mut out: Vec<u8> = Vec::new();
        let mut after_atom = false;
        for word in Words(value) {
            if after_atom && is_atom(word) {
                out.push(b' ');
            }
            out.extend_from_slice(word);
            after_atom = is_atom(word);
        }
        (!out.is_empty()).then_some(Self(out))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.0
    }

    /// Whether its name is this one.
    #[must_use]
    pub fn is(&self, name: &[u8]) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_observed() {
        let read = |text: &str| {
            let found = ContentType::read(text.as_bytes()).unwrap_or_default();
            let boundary = String::from_utf8_lossy(&found.boundary).into_owned();
            (String::from_utf8_lossy(&found.name()).into_owned(), boundary)
        };
        let is = |name: &str, boundary: &str| (name.to_owned(), boundary.to_owned());
        assert_eq!(read(" (c) TEXT (d) / (e) plain ; x=y"), is("text/plain", ""));
        assert_eq!(read("multipart/mixed; Boundary=\"a b\" ; c=d"), is("multipart/mixed", "a b"));
        assert_eq!(read("multipart/mixed; boundary=a:b/c=d"), is("multipart/mixed", "a"));
        assert_eq!(read("multipart; boundary=b(c) junk; d=e"), is("multipart/", "b"));
        assert_eq!(read("multipart/mixed; boundary="), is("multipart/mixed", ""));
        assert_eq!(read("/; boundary=b").0, "//");
        let many = (0..22).map(|n| format!("a{n}=b; ")).collect::<String>();
        // CF-094
        assert_eq!(read(&format!("multipart/mixed; {many}boundary=b")).1, "");
        assert_eq!(ContentType::read(b" (only)"), None);
    }

    #[test]
    fn encodings_are_read_as_observed() {
        let read = |text: &str| Encoding::read(text.as_bytes()).map(|it| it.0);
        assert_eq!(read(" 8BIT (comment); x"), Some(b"8BIT;x".to_vec()));
        assert_eq!(read("8bit (x)"), Some(b"8bit".to_vec()));
        assert_eq!(read("\"8bit\""), Some(b"\"8bit\"".to_vec()));
        assert_eq!(read("x foo"), Some(b"x foo".to_vec()));
        assert_eq!(read(" (x"), None);
    }
}
