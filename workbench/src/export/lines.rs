//! Which lines of a configuration say what.

use cf_parser::item::{ClassSource, HeaderAction};
use cf_parser::options::OPTIONS;
use cf_parser::{Config, Directive, Item};

use super::remark::Place;

/// The lines of a configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a>(pub(super) &'a Config);

impl<'a> Lines<'a> {
    fn places(self, wanted: impl Fn(&'a Directive) -> bool) -> Vec<Place> {
        let items = self.0.items.iter().filter(|item| wanted(&item.directive));
        items.map(|item| Place::cf(item.span.line)).collect()
    }

    /// Those that define a macro.
    #[must_use]
    pub(super) fn of_macro(self, name: &[u8]) -> Vec<Place> {
        self.places(
            |line| matches!(line, Directive::Macro { name: own, .. } if own.as_bytes() == name),
        )
    }

    /// Those that add to a class.
    #[must_use]
    pub(super) fn of_class(self, name: &[u8]) -> Vec<Place> {
        self.places(|line| match line {
            Directive::Class { name: own, .. } | Directive::ClassSource { name: own, .. } => {
                own.as_bytes() == name
            }
            Directive::Trusted(_) => name == b"t",
            _ => false,
        })
    }

    /// Those that take members of classes from a directory.
    #[must_use]
    pub(super) fn of_class_lookups(self) -> Vec<Place> {
        self.places(|line| {
            matches!(line, Directive::ClassSource { source: ClassSource::Lookup { .. }, .. })
        })
    }

    /// The one that declares a map.
    #[must_use]
    pub(super) fn of_map(self, map: &[u8]) -> Vec<Place> {
        self.places(|line| match line {
            Directive::Map(text) => {
                let text = cf_parser::octets(text);
                let name = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
                name.eq_ignore_ascii_case(map)
            }
            _ => false,
        })
    }

    /// The one that defines a mailer.
    #[must_use]
    pub(super) fn of_mailer(self, mailer: &[u8]) -> Vec<Place> {
        self.places(|line| {
            matches!(line, Directive::Mailer { name, .. } if name.eq_ignore_ascii_case(mailer))
        })
    }

    /// Those that set an option.
    #[must_use]
    pub(super) fn of_option(self, option: &str) -> Vec<Place> {
        self.places(|line| match line {
            Directive::Option(line) => {
                OPTIONS.get(line.option).is_some_and(|row| row.name.eq_ignore_ascii_case(option))
            }
            _ => false,
        })
    }

    /// Those of a letter: `Q`, `X`.
    #[must_use]
    pub(super) fn of_queue_groups(self) -> Vec<Place> {
        self.places(|line| matches!(line, Directive::QueueGroup { .. }))
    }

    /// Those of mail filters.
    #[must_use]
    pub(super) fn of_milters(self) -> Vec<Place> {
        self.places(|line| matches!(line, Directive::Milter { .. }))
    }

    /// The headings of a ruleset.
    #[must_use]
    pub(super) fn of_ruleset(self, name: &[u8]) -> Vec<Place> {
        self.places(|line| match line {
            Directive::Ruleset(text) => heading(&cf_parser::octets(text)) == name,
            _ => false,
        })
    }

    /// Header lines that check, and those whose field `known` does not have: with the field.
    #[must_use]
    pub(super) fn of_headers(self, known: &[&str]) -> Vec<(&'a [u8], Place)> {
        let fields = self.0.items.iter().filter_map(|Item { span, directive }| {
            let Directive::Header(header) = directive else { return None };
            let checks = matches!(header.action, HeaderAction::Check { .. });
            let is_known =
                known.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(&header.name));
            (checks || !is_known).then_some((&header.name[..], Place::cf(span.line)))
        });
        fields.collect()
    }
}

/// The name of the ruleset that an `S` line begins.
#[must_use]
pub(super) fn heading(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let end = text.iter().position(|byte| matches!(byte, b'=' | b' ' | b'\t'));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}
