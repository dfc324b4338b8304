//! Completion of what is typed in test mode: commands, and the names the configuration has.

use cf_parser::Name;
use mapper::MapSet;
use ruleset_vm::load::Configuration;

/// Commands behind a slash; those that take something end in a blank.
const SLASH: [&str; 10] = [
    "/canon ",
    "/expand ",
    "/header ",
    "/map ",
    "/mx ",
    "/parse ",
    "/quit",
    "/sender ",
    "/try ",
    "/tryflags ",
];
/// What `/tryflags` takes.
const ROLES: [&str; 4] = ["ER", "ES", "HR", "HS"];

/// What can stand instead of the text from `start` to the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Where the word to complete starts.
    pub start: usize,
    /// What it may be, sorted.
    pub candidates: Vec<Vec<u8>>,
}

/// Completes lines with the names of one configuration.
#[derive(Clone, Debug, Default)]
pub struct Completer {
    rulesets: Vec<Vec<u8>>,
    macros: Vec<Vec<u8>>,
    classes: Vec<Vec<u8>>,
    /// Names that something more follows end in a blank.
    mailers: Vec<Vec<u8>>,
    maps: Vec<Vec<u8>>,
}

impl Completer {
    /// The names of a configuration and its maps.
    #[must_use]
    pub fn new(configuration: &Configuration, maps: &MapSet) -> Self {
        let program = &configuration.program;
        let rulesets = program.names().into_iter().filter(|name| program.has_rules(name));
        Self {
            rulesets: sorted(rulesets),
            macros: sorted(configuration.macros.names().iter().map(written)),
            classes: sorted(configuration.classes.names().iter().map(written)),
            mailers: sorted(configuration.mailers.iter().map(|mailer| spaced(&mailer.name))),
            maps: sorted(maps.descriptions().into_iter().map(|map| spaced(&map.name))),
        }
    }

    /// Completes `line`, which is what stands in front of the cursor.
    #[must_use]
    pub fn complete(&self, line: &[u8]) -> Completion {
        let text = line.trim_ascii_start();
        let (word, rest) = match text.iter().position(u8::is_ascii_whitespace) {
            Some(end) => (&text[..end], Some(text[end..].trim_ascii_start())),
            None => (text, None),
        };
        let (typed, names): (&[u8], Vec<&[u8]>) = match (word, rest) {
            ([b'/', ..], None) => (word, SLASH.iter().map(|name| name.as_bytes()).collect()),
            ([b'/', command @ ..], Some(typed)) => {
                (typed, self.arguments(&command.to_ascii_lowercase()))
            }
            (_, Some(_)) => return Completion::default(),
            (b"=", None) => (word, vec![b"=M", b"=S"]),
            ([b'=', b'S', typed @ ..], None) => (typed, slices(&self.rulesets)),
            ([b'$', b'=', typed @ ..] | [b'.', b'C', typed @ ..], None) => {
                (typed, slices(&self.classes))
            }
            ([b'$', typed @ ..] | [b'.', b'D', typed @ ..], None) => (typed, slices(&self.macros)),
            (b".", None) => (word, vec![b".C", b".D"]),
            ([b'=' | b'.' | b'-' | b'#' | b'?', ..], None) => return Completion::default(),
            (list, None) => {
                let start = memchr::memrchr(b',', list).map_or(0, |comma| comma + 1);
                (&list[start..], slices(&self.rulesets))
            }
        };
        let fits = names.into_iter().filter(|name| starts_with(name, typed));
        Completion {
            start: line.len() - typed.len(),
            candidates: fits.map(<[u8]>::to_vec).collect(),
        }
    }

    /// What a command behind a slash takes first.
    fn arguments(&self, command: &[u8]) -> Vec<&[u8]> {
        match command {
            b"map" => slices(&self.maps),
            b"try" => slices(&self.mailers),
            b"tryflags" => ROLES.iter().map(|role| role.as_bytes()).collect(),
            _ => Vec::new(),
        }
    }
}

fn starts_with(name: &[u8], typed: &[u8]) -> bool {
    name.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

fn slices(names: &[Vec<u8>]) -> Vec<&[u8]> {
    names.iter().map(Vec::as_slice).collect()
}

fn spaced(name: &[u8]) -> Vec<u8> {
    [name, b" "].concat()
}

/// `j` or `{name}`
fn written(name: &Name) -> Vec<u8> {
    let mut out = Vec::new();
    name.write(&mut out);
    out
}

fn sorted(names: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = names.collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<Vec<u8>> {
        list.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    fn shown(line: &str) -> String {
        let completer = Completer {
            rulesets: names(&[
                "0",
                "3",
                "Local_check_mail",
                "canonify",
                "check_mail",
                "check_rcpt",
            ]),
            macros: names(&["j", "{client_addr}", "{client_name}"]),
            classes: names(&["w", "{VirtHost}"]),
            mailers: names(&["*file* ", "esmtp ", "local "]),
            maps: names(&["access ", "aliases ", "host "]),
        };
        let Completion { start, candidates } = completer.complete(line.as_bytes());
        let candidates: Vec<String> =
            candidates.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        format!("{}[{}]", &line[..start], candidates.join("|"))
    }

    #[test]
    fn what_is_completed_depends_on_what_stands_in_front() {
        let rows = [
            ("", "[0|3|Local_check_mail|canonify|check_mail|check_rcpt]"),
            ("ca", "[canonify]"),
            (" check_", " [check_mail|check_rcpt]"),
            ("3,check_m", "3,[check_mail]"),
            ("3,0 use", "[]"),
            ("3,0 ", "[]"),
            ("local", "[Local_check_mail]"),
            ("=", "[=M|=S]"),
            ("=Sca", "=S[canonify]"),
            ("=M", "[]"),
            ("$", "$[j|{client_addr}|{client_name}]"),
            ("${client_n", "$[{client_name}]"),
            ("$=", "$=[w|{VirtHost}]"),
            ("$={v", "$=[{VirtHost}]"),
            (".", "[.C|.D]"),
            (".D{client_a", ".D[{client_addr}]"),
            (".Cw a", "[]"),
            ("/m", "[/map |/mx ]"),
            ("/try", "[/try |/tryflags ]"),
            ("/map a", "/map [access |aliases ]"),
            ("/MAP  h", "/MAP  [host ]"),
            ("/map access a", "/map []"),
            ("/try e", "/try [esmtp ]"),
            ("/tryflags H", "/tryflags [HR|HS]"),
            ("/parse e", "/parse []"),
            ("-d21", "[]"),
            ("# can", "[]"),
        ];
        for (line, expected) in rows {
            assert_eq!(shown(line), expected, "{line:?}");
        }
    }
}
