//! What is known of a name without looking at the file.

use cf_parser::options::OPTIONS;
use cf_parser::predefined::{CLASSES, MACROS};

use crate::xref::{BUILT_IN_MAILERS, BUILT_IN_MAPS, CrossReference, Kind, Symbol, hook};

/// What sendmail does with it, in a line; `None` for what has a meaning in this file only.
#[must_use]
pub fn about(reference: &CrossReference, symbol: &Symbol) -> Option<String> {
    let name = &symbol.name[..];
    match symbol.kind {
        Kind::Ruleset => {
            let number = reference.numbers.get(name).map(|number| number.to_string());
            let hook = hook(name).or_else(|| hook(number?.as_bytes()))?;
            Some(format!("called {}; given {}", hook.when, hook.given))
        }
        Kind::Macro => {
            let spec = MACROS.iter().find(|spec| spec.name.as_bytes() == name)?;
            Some(format!("{} (set: {})", spec.summary, spec.set))
        }
        Kind::Class => {
            let spec = CLASSES.iter().find(|spec| spec.name.as_bytes() == name)?;
            let added = if spec.added.is_empty() { "" } else { "; added: " };
            Some(format!("{}{added}{}", spec.summary, spec.added))
        }
        Kind::Option => {
            let own = name.split(|byte| *byte == b'.').next().unwrap_or_default();
            let named = |name: &[u8]| {
                OPTIONS.iter().find(|spec| match name {
                    [letter] => spec.letter == Some(*letter),
                    name => spec.name.as_bytes().eq_ignore_ascii_case(name),
                })
            };
            let spec = named(own)?;
            let default = if spec.default.is_empty() { "nothing" } else { spec.default };
            Some(format!("{} [default: {default}]", spec.summary))
        }
        Kind::Mailer => {
            let known = BUILT_IN_MAILERS.iter().any(|known| known.as_bytes() == name);
            known.then(|| "exists without a line of the file".to_owned())
        }
        Kind::Map => {
            if let Some(class) = reference.map_classes.get(name) {
                return Some(format!("class {}", String::from_utf8_lossy(class)));
            }
            let known = BUILT_IN_MAPS.iter().any(|known| known.as_bytes() == name);
            known.then(|| "exists without a line of the file".to_owned())
        }
        Kind::Header | Kind::QueueGroup | Kind::Milter => None,
    }
}
