//! Option settings as they were read, in order.

use std::collections::BTreeMap;

use cf_parser::Span;
use cf_parser::options::{OPTIONS, TIMEOUTS};
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
    /// By index into the table of timeouts: seconds, or a count.
    timeouts: BTreeMap<usize, i64>,
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

    /// Sets timeouts, given by their index; one that stands for a family sets all of it.
    pub(super) fn set_timeouts<'a>(&mut self, times: impl Iterator<Item = &'a (usize, i64)>) {
        for (index, time) in times {
            let Some(name) = TIMEOUTS.get(*index).map(|spec| spec.name) else { continue };
            for (member, spec) in TIMEOUTS.iter().enumerate() {
                let rest = spec.name.strip_prefix(name);
                if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                    self.timeouts.insert(member, *time);
                }
            }
        }
    }

    /// A timeout in seconds, or a count: what was set, by whichever form of line, or the default;
    /// `None` leaves it to the system (OPT-213..OPT-240).
    #[must_use]
    pub fn timeout(&self, name: &str) -> Option<i64> {
        let index = TIMEOUTS.iter().position(|spec| spec.name == name)?;
        self.timeouts.get(&index).copied().or_else(|| TIMEOUTS.get(index)?.default)
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
