//! Category 38: maps that are closed in the end.

use cf_parser::debug::{Category, Levels};
use mapper::{MapSet, OpenedMap};
use ruleset_vm::classes::bucket;

/// What the hash of sendmail's symbol table starts from for maps (observed).
const MAP_SEED: u32 = 6;

/// What is shown of the maps that have been opened when a program ends, in the order of sendmail's symbol table.
#[must_use]
pub fn maps(levels: &Levels, maps: &MapSet) -> Vec<u8> {
    let mut out = Vec::new();
    if !levels.at(Category::Maps, 2) {
        return out;
    }
    let mut say = |parts: &[&[u8]]| out.extend([&parts.concat()[..], b"\n"].concat());
    let mut opened = maps.opened();
    opened.sort_by_key(|map| (bucket(MAP_SEED, &map.name), map.name.clone()));
    let mut closed = Vec::new();
    for (at, OpenedMap { name, file, closing, connection }) in opened.iter().enumerate() {
        // a connection that maps share is closed with the first of them
        if connection.is_some_and(|number| closed.contains(&number)) {
            continue;
        }
        if levels.at(Category::Maps, 5) {
            say(&[b"closemaps: closing ", name, b" (", file, b")"]);
        }
        if let Some(closing) = closing.as_ref().filter(|_| levels.at(Category::Maps, 9)) {
            say(&[closing]);
        }
        let Some(number) = *connection else { continue };
        closed.push(number);
        say(&[b"ldapmap_close(", name, b")"]);
        for other in opened.iter().skip(at + 1).filter(|map| map.connection == Some(number)) {
            let end = b" (shared LDAP connection)";
            say(&[b"ldapmap_close(", name, b"): closed ", &other.name, end]);
        }
    }
    out
}
