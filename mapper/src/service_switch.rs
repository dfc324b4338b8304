//! The service switch: in which order sources of names are asked (MAP-088, MAP-089).

use crate::settings::Settings;

/// Largest service switch file that is read, bytes.
const MAX_FILE: usize = 1 << 20;

/// The sources of a service: as the file says, else the built-in order; empty for a service that
/// is neither in the file nor built in. The file is read each time; callers keep the result.
pub(crate) fn service(settings: &Settings, name: &[u8]) -> Vec<Vec<u8>> {
    if let Some((_, sources)) = settings.services.iter().find(|(known, _)| known == name) {
        return sources.clone();
    }
    let from_file = crate::files::read_bounded(&settings.service_switch_file, MAX_FILE)
        .ok()
        .and_then(|text| parse(&text, name));
    from_file.unwrap_or_else(|| default(name))
}

fn default(name: &[u8]) -> Vec<Vec<u8>> {
    match name {
        b"aliases" | b"passwd" => vec![b"files".to_vec()],
        b"hosts" => vec![b"dns".to_vec(), b"files".to_vec()],
        _ => Vec::new(),
    }
}

/// The sources on the line of `name`; `None` if there is none. `#` starts a comment.
fn parse(text: &[u8], name: &[u8]) -> Option<Vec<Vec<u8>>> {
    text.split(|&b| b == b'\n').find_map(|line| {
        let line = line.split(|&b| b == b'#').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        (words.next()? == name).then(|| words.map(<[u8]>::to_vec).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        // MAP-088
        let text = b"# c\nhosts\tdns files # more\n\naliases files\n";
        assert_eq!(parse(text, b"hosts"), Some(vec![b"dns".to_vec(), b"files".to_vec()]));
        assert_eq!(parse(text, b"passwd"), None);
    }
}
