//! What is asked of a whole configuration in address test mode: every command, about everything the
//! file defines, and the addresses.

use bstr::ByteSlice;

/// The lines before anything else: each command as users mistype it, and what has no output.
const ODD_LINES: &[&str] = &[
    "",
    "   ",
    "# a comment",
    "?",
    "-",
    "-x",
    ".",
    ".D",
    ".Dx",
    ".C",
    ".Cx",
    ".X",
    "=",
    "=X",
    "=S",
    "=Snowhere",
    "=S9999",
    "=S-1",
    "$",
    "$=",
    "$=Q",
    "$={NoSuchClass}",
    "${noSuchMacro}",
    "${unclosed",
    "/",
    "/nonsense",
    "/PARSE Alice",
    "/parse",
    "/try",
    "/try local",
    "/try nowhere alice",
    "/tryflags",
    "/tryflags X",
    "/mx",
    "/canon",
    "/map",
    "/map nowhere key",
    "/map host",
    "3",
    "3 ",
    "nowhere alice",
    "3,nowhere alice",
    "3, alice",
    ",3 alice",
    "3 alice, bob@remote.test ,carol",
    "canonify alice",
    "Canonify alice",
    "3,1,2,4 alice@example.test",
    "0 alice",
    "\t3,0\talice",
];

/// Macros and classes that sendmail sets by itself, beside those of the file.
const OWN_MACROS: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "i",
    "j",
    "k",
    "l",
    "m",
    "n",
    "o",
    "p",
    "q",
    "r",
    "s",
    "t",
    "u",
    "v",
    "w",
    "x",
    "y",
    "z",
    "Z",
    "_",
    "{addr_type}",
    "{bodytype}",
    "{client_addr}",
    "{client_name}",
    "{client_resolve}",
    "{daemon_addr}",
    "{daemon_flags}",
    "{deliveryMode}",
    "{envid}",
    "{if_addr}",
    "{if_name}",
    "{mail_from}",
    "{opMode}",
    "{queue_interval}",
    "{rcpt_flags}",
    "{verify}",
];

/// As for [`OWN_MACROS`].
const OWN_CLASSES: &[&str] =
    &["b", "e", "E", "G", "k", "m", "M", "n", "P", "q", "R", "s", "t", "w", "{persistentMacros}"];

/// Keys that maps are asked for: entries of the world's maps, near misses, and what no map holds.
const KEYS: &[&str] = &[
    "alice",
    "ALICE",
    "root",
    "a b",
    "red",
    "old.test",
    "relay.example.org",
    "uuhost",
    "info@virtual.test",
    "@moved.test",
    "From:ok.test",
    "localhost",
    "mail.example.test",
    "nowhere.test",
    "\"quoted\"",
    "192.0.2.1",
];

/// Hosts for `/mx` and `/canon`.
const HOSTS: &[&str] = &[
    "remote.test",
    "mail.example.test",
    "mail",
    "localhost",
    "nosuch.test",
    "name.broken.test",
    "cname.test",
    "www.example.com",
    "[192.0.2.1]",
    "[bad]",
    "192.0.2.1",
    "remote.test.",
    "REMOTE.test",
    "a b",
];

/// The four settings of `/tryflags`; the last is the one at the start.
const FLAGS: &[&str] = &["HS", "HR", "ES", "ER"];

/// What rulesets other than 3 and 0 are called with: hooks get pairs.
const WORKSPACES: &[&str] = &[
    "alice",
    "<alice@remote.test>",
    "alice < @ remote . test . >",
    "host.remote.test $| 192.0.2.77",
    "<alice@example.test> $| <bob@bad.test>",
    "< tag > $| 7",
];

/// Everything that is asked of a configuration. `addresses` go through the rulesets that mail goes
/// through; `few` of them through every mailer and every kind of address.
pub fn questions(cf: &[u8], addresses: &[Vec<u8>], few: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let found = Definitions::of(cf);
    let mut lines: Vec<Vec<u8>> = owned(ODD_LINES);
    lines.push(b"=M".to_vec());
    lines.extend(prefixed("$", &found.macros));
    lines.extend(prefixed("$=", &found.classes));
    lines.extend(prefixed("=S", &found.rulesets));
    for host in HOSTS {
        lines.extend([format!("/mx {host}").into_bytes(), format!("/canon {host}").into_bytes()]);
    }
    for (map, key) in pairs(&found.maps, KEYS) {
        lines.push([b"/map ", map, b" ", key].concat());
    }
    for (ruleset, workspace) in pairs(&found.rulesets, WORKSPACES) {
        lines.push([ruleset, b" ", workspace].concat());
    }
    for address in addresses {
        for form in ["3,0 ", "canonify,parse ", "/parse "] {
            lines.push([form.as_bytes(), address].concat());
        }
    }
    for flags in FLAGS {
        lines.push(format!("/tryflags {flags}").into_bytes());
        for address in few {
            lines.push([b"/parse ", address.as_slice()].concat());
            for mailer in &found.mailers {
                lines.push([b"/try ", mailer.as_slice(), b" ", address].concat());
            }
        }
    }
    lines.extend(changes(few));
    lines
}

/// Macros and classes changed by the user, and what depends on them.
fn changes(few: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut lines = owned(&[
        ".D{client_addr}198.51.100.9",
        ".D{client_name}host.example.net",
        ".DSchanged.smart.test",
        ".D{long_name}a $j b $| c",
        ".Cwadded.test also.test",
        ".C{NewClass}one two.three",
        ".CP $=w",
        "${client_addr}",
        "$S",
        "${long_name}",
        "$=w",
        "$={NewClass}",
        "$=P",
        "3,0 user@added.test",
        "/parse user%remote.test@also.test",
        "check_relay host.example.net $| 198.51.100.9",
        "/sender",
    ]);
    for address in few {
        lines.push([b"/sender ", address.as_slice()].concat());
        for ruleset in ["check_mail ", "check_rcpt ", "check_compat x $| "] {
            lines.push([ruleset.as_bytes(), address].concat());
        }
    }
    lines
}

/// What a file defines, each name once, in the order of the file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Definitions {
    rulesets: Vec<Vec<u8>>,
    classes: Vec<Vec<u8>>,
    macros: Vec<Vec<u8>>,
    mailers: Vec<Vec<u8>>,
    maps: Vec<Vec<u8>>,
}

impl Definitions {
    fn of(cf: &[u8]) -> Self {
        let mut found = Self {
            classes: owned(OWN_CLASSES),
            macros: owned(OWN_MACROS),
            mailers: owned(&["local", "prog", "*file*", "*include*", "*error*"]),
            maps: owned(&["host", "aliases"]),
            ..Self::default()
        };
        for line in cf.lines() {
            let Some((first, rest)) = line.split_first() else { continue };
            let (list, name) = match first {
                b'S' => (&mut found.rulesets, word(rest)),
                b'C' | b'F' => (&mut found.classes, macro_name(rest)),
                b'D' => (&mut found.macros, macro_name(rest)),
                b'M' => (&mut found.mailers, until(rest, |b| b == b',' || b.is_ascii_whitespace())),
                b'K' => (&mut found.maps, until(rest.trim_ascii(), |b| b.is_ascii_whitespace())),
                _ => continue,
            };
            if !name.is_empty() && !list.iter().any(|known| known == name) {
                list.push(name.to_vec());
            }
        }
        found
    }
}

fn word(text: &[u8]) -> &[u8] {
    until(text, |byte| !byte.is_ascii_alphanumeric() && byte != b'_')
}

/// `x` or `{name}`.
fn macro_name(text: &[u8]) -> &[u8] {
    match text.first() {
        Some(b'{') => {
            let end = text.iter().position(|byte| *byte == b'}').unwrap_or(text.len() - 1);
            text.get(..=end).unwrap_or_default()
        }
        Some(_) => text.get(..1).unwrap_or_default(),
        None => text,
    }
}

fn until(text: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| ends(*byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn owned(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn prefixed(prefix: &str, names: &[Vec<u8>]) -> Vec<Vec<u8>> {
    names.iter().map(|name| [prefix.as_bytes(), name.as_slice()].concat()).collect()
}

fn pairs<'a>(
    names: &'a [Vec<u8>],
    texts: &'a [&'a str],
) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    names.iter().flat_map(move |name| texts.iter().map(move |t| (name.as_slice(), t.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_file_defines() {
        let cf = b"SParse=0\nR$*\t$1\nS3\nCw a\nFw/etc/x\nC{Long}x\nDSsmart\nMsmtp, P=x\nK name hash y\n";
        let found = Definitions::of(cf);
        assert_eq!(found.rulesets, owned(&["Parse", "3"]));
        assert_eq!(found.classes.last().unwrap(), b"{Long}");
        assert_eq!(found.macros.last().unwrap(), b"S");
        assert_eq!(found.mailers.last().unwrap(), b"smtp");
        assert_eq!(found.maps.last().unwrap(), b"name");
    }

    #[test]
    fn every_command_is_asked() {
        let cf = b"S3\nMsmtp, P=x\nKm hash y\nCxa\n";
        let lines = questions(cf, &owned(&["a@b"]), &owned(&["c"]));
        for line in
            ["3,0 a@b", "/parse a@b", "/try smtp c", "/map m alice", "$=x", "=S3", "3 alice"]
        {
            assert!(lines.iter().any(|l| l == line.as_bytes()), "{line}");
        }
    }
}
