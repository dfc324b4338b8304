//! A writer of HTML: text is escaped unless a tag is meant.

/// A piece of HTML in the making. Tags and names of attributes come from the program, never from outside.
#[derive(Clone, Debug, Default)]
pub struct Html {
    out: Vec<u8>,
}

impl Html {
    /// An empty piece.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes, which are UTF-8.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Markup as it is: pages, styles and scripts of the program's own.
    pub fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.out.extend_from_slice(markup.as_bytes());
        self
    }

    /// An element with what `inside` writes.
    pub fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &[u8])],
        inside: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.open(tag, attributes);
        inside(self);
        self.markup("</").markup(tag).markup(">")
    }

    /// An element of a class with a text in it.
    pub fn span(&mut self, class: &'static str, text: &[u8]) -> &mut Self {
        self.element("span", &[("class", class.as_bytes())], |html| {
            html.text(text);
        })
    }

    /// A tag that begins an element.
    pub fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &[u8])]) -> &mut Self {
        self.markup("<").markup(tag);
        for (name, value) in attributes {
            self.markup(" ").markup(name).markup("=\"");
            self.bytes(value, &mut Self::plain_octet);
            self.markup("\"");
        }
        self.markup(">")
    }

    /// Text. What is not UTF-8, control characters, and characters that change the order of others or cannot be
    /// seen stand out as `\xff` and `\u{202e}`.
    pub fn text(&mut self, text: &[u8]) -> &mut Self {
        self.bytes(text, &mut |html, shown| {
            html.markup("<span class=\"octet\">");
            html.plain_octet(shown);
            html.markup("</span>");
        });
        self
    }

    fn plain_octet(&mut self, shown: &str) {
        self.out.extend_from_slice(shown.as_bytes());
    }

    /// Writes text; `octet` writes what cannot be shown as it is, given in ASCII without characters of markup.
    fn bytes(&mut self, text: &[u8], octet: &mut dyn FnMut(&mut Self, &str)) {
        for chunk in text.utf8_chunks() {
            for character in chunk.valid().chars() {
                self.character(character, octet);
            }
            for byte in chunk.invalid() {
                octet(self, &format!("\\x{byte:02x}"));
            }
        }
    }

    fn character(&mut self, character: char, octet: &mut dyn FnMut(&mut Self, &str)) {
        match character {
            '&' => self.out.extend_from_slice(b"&amp;"),
            '<' => self.out.extend_from_slice(b"&lt;"),
            '>' => self.out.extend_from_slice(b"&gt;"),
            '"' => self.out.extend_from_slice(b"&quot;"),
            '\'' => self.out.extend_from_slice(b"&#39;"),
            '\t' => self.out.push(b'\t'),
            '\u{0}'..='\u{1f}' | '\u{7f}' => {
                octet(self, &format!("\\x{:02x}", u32::from(character)))
            }
            unseen if is_unseen(unseen) => octet(self, &format!("\\u{{{:x}}}", u32::from(unseen))),
            other => self.out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Characters that hide, or hide what others are: controls of the upper half, widths of zero, directions, separators of
/// lines, tags and those that are for nobody.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &[u8]) -> String {
        let mut html = Html::new();
        html.text(text);
        String::from_utf8(html.into_bytes()).unwrap_or_default()
    }

    #[test]
    fn text_is_never_markup() {
        for (given, shown) in [
            (&b"<b>&\"'"[..], "&lt;b&gt;&amp;&quot;&#39;"),
            ("gr\u{fc}\u{df}e\t".as_bytes(), "gr\u{fc}\u{df}e\t"),
            (b"a\xffb", "a<span class=\"octet\">\\xff</span>b"),
            (b"\x1b", "<span class=\"octet\">\\x1b</span>"),
            ("\u{202e}".as_bytes(), "<span class=\"octet\">\\u{202e}</span>"),
            (
                b"\xed\xa0\x80",
                concat!(
                    "<span class=\"octet\">\\xed</span>",
                    "<span class=\"octet\">\\xa0</span>",
                    "<span class=\"octet\">\\x80</span>"
                ),
            ),
        ] {
            assert_eq!(text(given), shown);
        }
    }

    #[test]
    fn attributes_stay_within_their_quotes() {
        let mut html = Html::new();
        html.element("a", &[("title", b"\"><script>\xff\n")], |html| {
            html.span("x", b"</span>");
        });
        assert_eq!(
            html.into_bytes(),
            b"<a title=\"&quot;&gt;&lt;script&gt;\\xff\\x0a\"><span class=\"x\">&lt;/span&gt;</span></a>"
        );
    }
}
