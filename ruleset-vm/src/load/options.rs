//! Option settings as they were read, in order.

use cf_parser::Span;
use cf_parser::options::OPTIONS;
use cf_parser::text::Text;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Index into the option table.
    pub option: usize,
    /// What stands behind the dot of the name.
    pub suboption: Option<Vec<u8>>,
    /// The value, unexpanded.
    pub value: Text,
    /// Where it was set.
    pub span: Span,
}

/// All settings of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    settings: Vec<Setting>,
}

impl Options {
    /// Adds a setting behind the others.
    pub fn push(&mut self, setting: Setting) {
        self.settings.push(setting);
    }

    /// The settings of one option, in order.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Setting> + use<'a, 'n> {
        self.settings.iter().filter(move |setting| {
            OPTIONS.get(setting.option).is_some_and(|row| row.name.eq_ignore_ascii_case(name))
        })
    }

    /// The last setting of an option, as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&Text> {
        self.all(name).last().map(|setting| &setting.value)
    }

    /// The last setting of an option, as bytes; operators come out as written.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.text(name).map(|text| crate::macros::bytes(text))
    }

    /// The last setting of a suboption.
    #[must_use]
    pub fn suboption(&self, name: &str, sub: &str) -> Option<Vec<u8>> {
        self.all(name)
            .filter(|setting| {
                setting.suboption.as_ref().is_some_and(|s| s.eq_ignore_ascii_case(sub.as_bytes()))
            })
            .last()
            .map(|setting| crate::macros::bytes(&setting.value))
    }

    /// A boolean option (OPT-005): empty, or beginning with `t T y Y`.
    #[must_use]
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.bytes(name).map_or(default, |value| {
            matches!(value.first(), None | Some(b't' | b'T' | b'y' | b'Y'))
        })
    }

    /// A number (OPT-006).
    #[must_use]
    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.bytes(name).map_or(default, |value| super::mailers::number(&value))
    }

    /// Whether a word is in one of the settings of a cumulative option such as DontBlameSendmail;
    /// words are told apart by anything but letters and digits, case does not matter.
    #[must_use]
    pub fn has_word(&self, name: &str, word: &str) -> bool {
        self.all(name).any(|setting| {
            crate::macros::bytes(&setting.value)
                .split(|byte| !byte.is_ascii_alphanumeric())
                .any(|found| found.eq_ignore_ascii_case(word.as_bytes()))
        })
    }
}
