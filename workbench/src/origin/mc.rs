//! The source of a configuration: statements of m4.

/// A folder of the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Folder {
    /// `ostype`
    Ostype,
    /// `domain`
    Domain,
    /// `feature`
    Feature,
    /// `hack`
    Hack,
    /// `mailer`
    Mailer,
}

impl Folder {
    /// Every folder with the macro that reads a file of it.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Ostype, "ostype", "OSTYPE"),
        (Self::Domain, "domain", "DOMAIN"),
        (Self::Feature, "feature", "FEATURE"),
        (Self::Hack, "hack", "HACK"),
        (Self::Mailer, "mailer", "MAILER"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(folder, ..)| *folder == self).map_or("", |(_, name, _)| name)
    }

    /// The macro that reads a file of it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(folder, ..)| *folder == self).map_or("", |(.., word)| word)
    }
}

/// What a statement is, in the order in which they must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// `VERSIONID`
    Version,
    /// `define` in front of `OSTYPE`, which looks whether something is set
    Early,
    /// `OSTYPE`
    Ostype,
    /// `DOMAIN`
    Domain,
    /// `define`, `undefine`
    Define,
    /// `FEATURE`, `HACK`
    Feature,
    /// `EXPOSED_USER` and its like, `DAEMON_OPTIONS`, filters
    Macro,
    /// `MAILER`
    Mailer,
    /// `define` behind `MAILER`, which looks whether something is set
    Late,
    /// `LOCAL_CONFIG` and its like
    Local,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    /// Where it belongs.
    pub part: Part,
    /// The macro: `FEATURE`, `define`, `LOCAL_CONFIG`, ...
    pub word: &'static str,
    /// Its arguments; of `LOCAL_CONFIG` and its like the lines.
    pub arguments: Vec<Vec<u8>>,
}

impl Statement {
    /// `WORD(`argument', ...)`
    #[must_use]
    pub fn new(part: Part, word: &'static str, arguments: &[&[u8]]) -> Self {
        Self { part, word, arguments: arguments.iter().map(|text| text.to_vec()).collect() }
    }

    /// A file of the package.
    #[must_use]
    pub fn file(folder: Folder, name: &[u8]) -> Self {
        let part = match folder {
            Folder::Ostype => Part::Ostype,
            Folder::Domain => Part::Domain,
            Folder::Feature | Folder::Hack => Part::Feature,
            Folder::Mailer => Part::Mailer,
        };
        Self::new(part, folder.word(), &[name])
    }

    /// Whether m4 takes its arguments for nothing but text: no quote of m4 and no call of a macro stands
    /// in them. A file of unknown origin must not make m4 do anything.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        match self.part {
            Part::Local => self.quotes().is_some(),
            _ => self.arguments.iter().all(|text| is_plain(text)),
        }
    }

    /// Quotes that do not stand in the lines of a `LOCAL_` section.
    fn quotes(&self) -> Option<(&'static str, &'static str)> {
        let free = |(open, close): &(&str, &str)| {
            let has = |mark: &str| {
                self.arguments
                    .iter()
                    .any(|text| memchr::memmem::find(text, mark.as_bytes()).is_some())
            };
            !has(open) && !has(close)
        };
        [("`", "'"), ("[[", "]]"), ("<<", ">>"), ("{{", "}}"), ("(((", ")))")]
            .into_iter()
            .find(free)
    }

    /// The statement as it stands in an mc file.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.word.as_bytes());
        if self.part == Part::Local {
            return self.write_lines(out);
        }
        out.push(b'(');
        for (at, argument) in self.arguments.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b", `" } else { b"`" });
            out.extend_from_slice(argument);
            out.push(b'\'');
        }
        out.extend_from_slice(b")dnl\n");
    }

    /// Lines that m4 copies as they are.
    fn write_lines(&self, out: &mut Vec<u8>) {
        let Some((open, close)) = self.quotes() else { return };
        out.push(b'\n');
        if open != "`" {
            out.extend_from_slice(format!("changequote(`{open}', `{close}')dnl\n").as_bytes());
        }
        out.extend_from_slice(open.as_bytes());
        out.extend(self.arguments.join(&b'\n'));
        out.extend_from_slice(close.as_bytes());
        out.push(b'\n');
        if open != "`" {
            out.extend_from_slice(
                format!("changequote({open}`{close}, {open}'{close})dnl\n").as_bytes(),
            );
        }
    }
}

/// Whether an argument is text for m4.
fn is_plain(text: &[u8]) -> bool {
    let calls = text
        .windows(2)
        .any(|pair| matches!(pair, [byte, b'('] if byte.is_ascii_alphanumeric() || *byte == b'_'));
    !calls && !text.iter().any(|byte| matches!(byte, b'`' | b'\'' | b'\n'))
}

/// The mc file of statements that are in order.
#[must_use]
pub fn write(statements: &[Statement]) -> Vec<u8> {
    let mut out = b"divert(0)dnl\n".to_vec();
    for statement in statements {
        statement.write(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_m4_would_take_for_more_than_text() {
        let define = |value: &[u8]| Statement::new(Part::Define, "define", &[b"confX", value]);
        for value in ["a'b", "`a", "syscmd(x)", "x) FEATURE(y", "a\nb"] {
            assert!(!define(value.as_bytes()).is_plain(), "{value}");
        }
        for value in ["", "a, b", "$j (x)", "hash -o /etc/x <y>"] {
            assert!(define(value.as_bytes()).is_plain(), "{value}");
        }
    }

    #[test]
    fn quotes_that_fit() {
        let local = |text: &[u8]| {
            let mut out = Vec::new();
            Statement::new(Part::Local, "LOCAL_RULE_0", &[text]).write(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(local(b"R$*\t$1"), "LOCAL_RULE_0\n`R$*\t$1'\n");
        let other = "LOCAL_RULE_0\nchangequote(`[[', `]]')dnl\n[[R$*\tdon't]]\nchangequote([[`]], [[']])dnl\n";
        assert_eq!(local(b"R$*\tdon't"), other);
        let none = Statement::new(Part::Local, "LOCAL_RULE_0", &[b"' [[ << {{ ((("]);
        assert!(!none.is_plain());
    }
}
