//! The comments by which files of the m4 package say that they were read.

/// One such comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Its line, from 1.
    pub line: u32,
    /// The file without its folder and `.m4` or `.mc`; empty if the text names none.
    pub name: String,
    /// Whether it is a file of the package (`.m4`) and not the source of the configuration (`.mc`).
    pub package: bool,
    /// Its version; empty if the text has none.
    pub version: String,
    /// All of its text.
    pub text: String,
}

/// The markers of a file in order.
#[must_use]
pub fn markers(bytes: &[u8]) -> Vec<Marker> {
    let numbered = bytes.split(|byte| *byte == b'\n').enumerate();
    numbered
        .filter_map(|(index, line)| {
            let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            marker(number, line)
        })
        .collect()
}

fn marker(line: u32, bytes: &[u8]) -> Option<Marker> {
    let inner = bytes.trim_ascii_end().strip_prefix(b"#####  ")?.strip_suffix(b"  #####")?;
    let text = std::str::from_utf8(inner).ok()?.trim().to_owned();
    let (name, version) = identity(&text);
    let (file, package) = match name.strip_suffix(".m4") {
        Some(file) => (file, true),
        None => (name.strip_suffix(".mc").unwrap_or(""), false),
    };
    let (name, version) = (file.to_owned(), version.to_owned());
    Some(Marker { line, name, package, version, text })
}

/// File and version of `$Id: access_db.m4,v 8.28 2013-11-22 ... $` and `@(#)cf.m4 8.4 (Berkeley) ...`.
fn identity(text: &str) -> (&str, &str) {
    let known = text.strip_prefix("$Id:").or_else(|| text.strip_prefix("@(#)"));
    let Some(rest) = known else { return ("", "") };
    let rest = rest.trim_start();
    let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
    let rest = rest.strip_prefix('v').map_or(rest, str::trim_start);
    (name, rest.split_whitespace().next().unwrap_or(""))
}

/// Who built the file, where and with which package: `user@host on date`, folder, folder.
#[must_use]
pub fn built(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.split(|byte| *byte == b'\n').take(60);
    let line = lines.find_map(|line| line.strip_prefix(b"##### built by "))?;
    Some(String::from_utf8_lossy(line.trim_ascii()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_all_releases_write_them() {
        let file = b"##### built by a@b on Mon\n#####  $Id: cf.m4,v 8.33 2013-11-22 20:51:13 ca Exp $  #####\n\
#####  @(#)linux.m4\t8.8 (Berkeley) 5/19/1998  #####\n#####  setup for linux  #####\n#####  $Id$  #####\n\
#####  $Id: sendmail.mc, v 8.17.1.9-2 2024-06-16 21:07:57 cowboy Exp $  #####\n#####\t\tx  #####\n# no  #####\n";
        let shown: Vec<_> = markers(file)
            .into_iter()
            .map(|m| format!("{} {} {} {}", m.line, m.name, m.package, m.version))
            .collect();
        assert_eq!(
            shown,
            [
                "2 cf true 8.33",
                "3 linux true 8.8",
                "4  false ",
                "5  false ",
                "6 sendmail false 8.17.1.9-2"
            ]
        );
        assert_eq!(built(file).as_deref(), Some("a@b on Mon"));
    }
}
