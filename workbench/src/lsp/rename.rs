//! Renaming: every place of a name.

use cf_parser::Name;

use super::document::Document;
use super::position::Encoding;
use crate::json::{Value, json};
use crate::xref::{BUILT_IN_MAILERS, BUILT_IN_MAPS, Kind, Mention, Symbol, hook};

/// What can be renamed: its bytes.
pub(super) fn renamable(document: &Document, offset: usize) -> Result<&Mention, String> {
    let mention = document.reference.mention_at(offset).ok_or("there is no name here")?;
    let symbol = &mention.symbol;
    let kept = match symbol.kind {
        Kind::Option | Kind::Header => true,
        Kind::Ruleset => hook(&symbol.name).is_some() || is_number(document, mention),
        Kind::Macro => known(&symbol.name, cf_parser::predefined::MACROS.iter().map(|m| m.name)),
        Kind::Class => known(&symbol.name, cf_parser::predefined::CLASSES.iter().map(|c| c.name)),
        Kind::Mailer => {
            symbol.name == b"local" || known(&symbol.name, BUILT_IN_MAILERS.into_iter())
        }
        Kind::Map => known(&symbol.name, BUILT_IN_MAPS.into_iter()),
        Kind::QueueGroup | Kind::Milter => false,
    };
    match kept {
        true => Err(format!("sendmail itself knows this {} by its name", symbol.kind.words())),
        false => Ok(mention),
    }
}

fn known(name: &[u8], mut names: impl Iterator<Item = &'static str>) -> bool {
    names.any(|known| known.as_bytes() == name)
}

/// Whether a ruleset is written as its number here, and has no name.
fn is_number(document: &Document, mention: &Mention) -> bool {
    let written = written(document, mention);
    let named = document.reference.numbers.contains_key(&mention.symbol.name);
    !named && written.iter().all(u8::is_ascii_digit)
}

fn written<'d>(document: &'d Document, mention: &Mention) -> &'d [u8] {
    document.text.get(mention.place.start..mention.place.end).unwrap_or_default()
}

/// The edits that give a symbol another name.
pub(super) fn edits(
    document: &Document,
    symbol: &Symbol,
    new: &str,
    encoding: Encoding,
) -> Result<Value, String> {
    let new = new.trim_start_matches('$').trim_matches(['{', '}']).as_bytes();
    check(document, symbol, new)?;
    let replacement = match symbol.kind {
        Kind::Macro | Kind::Class => {
            let mut out = Vec::new();
            Name::new(new).write(&mut out);
            out
        }
        _ => new.to_vec(),
    };
    let text = String::from_utf8_lossy(&replacement).into_owned();
    let edits = document.reference.mentions_of(symbol).filter_map(|mention| {
        // A ruleset that is called by its number keeps it.
        let number = symbol.kind == Kind::Ruleset
            && written(document, mention).iter().all(u8::is_ascii_digit);
        let range = document.range(mention.place.start..mention.place.end, encoding);
        (!number).then(|| json!({ "range": range, "newText": text }))
    });
    Ok(edits.collect())
}

/// Whether the new name is one, and free.
fn check(document: &Document, symbol: &Symbol, new: &[u8]) -> Result<(), String> {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let good = match symbol.kind {
        Kind::Ruleset => new.first().is_some_and(u8::is_ascii_alphabetic) && new.iter().all(word),
        Kind::Macro | Kind::Class => {
            !new.is_empty() && new.len() <= cf_parser::names::MAX_NAME && new.iter().all(word)
        }
        _ => {
            let plain = |byte: &u8| byte.is_ascii_graphic() && !b",$\"\\#:".contains(byte);
            !new.is_empty() && new.iter().all(plain)
        }
    };
    if !good {
        return Err(format!("no name for a {}", symbol.kind.words()));
    }
    let folded = match symbol.kind {
        Kind::Mailer | Kind::Map => new.to_ascii_lowercase(),
        _ => new.to_vec(),
    };
    let other = Symbol::new(symbol.kind, folded);
    if other != *symbol && document.reference.mentions_of(&other).next().is_some() {
        return Err(format!("there is a {} of that name", symbol.kind.words()));
    }
    Ok(())
}
