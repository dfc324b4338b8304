//! The IDA enhancements: databases with one-letter names, defined by option `K`.

use super::Line;

pub(super) fn line(line: &[u8]) -> Line {
    match line {
        [b'O', b'K', b'@', file @ ..] => Line::Becomes([b"OA", file].concat()),
        [b'O', b'K', name, b'%', map @ ..] => {
            Line::Becomes([b"K", &[*name][..], b" nis ", map].concat())
        }
        [b'O', b'K', name, file @ ..] if file.starts_with(b"/") => {
            Line::Becomes([b"K", &[*name][..], b" hash -o ", file].concat())
        }
        [b'R', ..] if memchr::memmem::find(line, b"$(@").is_some() => {
            Line::NotRun("aliases as database ($(@ name $))".into())
        }
        _ => Line::Same,
    }
}
