//! The files that a configuration names: missing, unsafe, out of date.

use std::ops::Range;

use cf_parser::Span;
use cf_parser::item::{ClassSource, Directive};
use cf_parser::options::{OptionValue, interpret};

use super::Context;
use super::catalogue;
use super::finding::{Finding, shown};

/// What kind of thing a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else.
    Other,
}

/// What is known of a file, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its kind.
    pub kind: FileKind,
    /// Its mode, `07777`; nothing if it is not that of the machine the configuration is for.
    pub mode: Option<u32>,
    /// When it was changed last: seconds since 1970, nanoseconds.
    pub modified: (i64, i64),
}

/// Questions about files.
pub trait Files {
    /// What is known of a file; nothing if there is none, or none that may be looked at.
    fn facts(&self, path: &[u8]) -> Option<FileFacts>;
}

/// Options that name a file or directory which has to be there, and the words of DontBlameSendmail that let
/// others read it, for those that are secret.
const PATHS: [(&str, Option<&str>); 9] = [
    ("ServerCertFile", None),
    ("ServerKeyFile", Some("GroupReadableKeyFile")),
    ("ClientCertFile", None),
    ("ClientKeyFile", Some("GroupReadableKeyFile")),
    ("CACertFile", None),
    ("CACertPath", None),
    ("CRLFile", None),
    ("SafeFileEnvironment", None),
    ("DefaultAuthInfo", Some("GroupReadableDefaultAuthInfoFile")),
];

/// Map classes with a database beside their text.
const DATABASES: [&[u8]; 3] = [b"hash", b"btree", b"implicit"];

pub(super) fn check(context: &mut Context<'_>) {
    let Some(files) = context.subject.files else { return };
    let mut looking = Looking { context, files };
    looking.maps();
    looking.aliases();
    looking.mailers();
    looking.options();
    looking.queue();
    looking.running();
}

struct Looking<'c, 'a> {
    context: &'c mut Context<'a>,
    files: &'a dyn Files,
}

/// The name of the directory that a path is in.
fn parent(path: &[u8]) -> Option<&[u8]> {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let slash = memchr::memrchr(b'/', path)?;
    match slash {
        0 if path.len() > 1 => Some(b"/"),
        0 => None,
        slash => path.get(..slash),
    }
}

impl Looking<'_, '_> {
    fn allows(&self, word: &str) -> bool {
        self.context.subject.configuration.options.has_word("DontBlameSendmail", word)
    }

    fn expand(&self, text: &[cf_parser::Piece]) -> Vec<u8> {
        self.context.subject.configuration.macros.expand_bytes(text).trim_ascii().to_vec()
    }

    fn place(&self, span: Span, path: &[u8]) -> Option<Range<usize>> {
        // the name of a database is that of its text with an ending
        let whole = self.context.source.logical(span)?;
        let text = path.strip_suffix(b".db").unwrap_or(path);
        let found =
            [path, text].iter().find_map(|name| self.context.source.find_in(whole.clone(), name));
        found.or_else(|| self.context.source.find(span, path))
    }

    fn missing(&mut self, span: Span, path: &[u8], what: &str) {
        let at = self.place(span, path);
        let message = format!("{what} `{}` does not exist", shown(path));
        self.context.report(Finding::new(&catalogue::FILE_MISSING, at, message));
    }

    /// Who else could change a file or put another one in its place.
    fn writers(&self, path: &[u8], loose: Loose) -> Option<String> {
        if !loose.directories {
            let mut directory = parent(path);
            while let Some(name) = directory {
                let mode = self.files.facts(name).and_then(|facts| facts.mode).unwrap_or(0);
                if mode & 0o002 != 0 {
                    return Some(format!("everybody may write in `{}`", shown(name)));
                }
                if mode & 0o020 != 0 && !loose.group_directories {
                    return Some(format!("a group may write in `{}`", shown(name)));
                }
                directory = parent(name);
            }
        }
        let mode = self.files.facts(path).and_then(|facts| facts.mode).unwrap_or(0);
        match loose.file {
            false if mode & 0o002 != 0 => Some("everybody may write it".to_owned()),
            false if mode & 0o020 != 0 => Some("a group may write it".to_owned()),
            _ => None,
        }
    }

    fn look_who_writes(&mut self, span: Span, path: &[u8], loose: Loose) {
        let Some(why) = self.writers(path, loose) else { return };
        let at = self.place(span, path);
        let message = format!("`{}` is not safe: {why}", shown(path));
        self.context.report(Finding::new(&catalogue::FILE_UNSAFE, at, message));
    }

    fn maps(&mut self) {
        for map in self.context.outline.maps.clone() {
            let optional = map.is_optional();
            let file = map.words.iter().find(|word| word.starts_with(b"/"));
            let Some(file) = file else { continue };
            if DATABASES.contains(&&map.class[..]) {
                self.database(map.span, file, optional, "makemap");
            } else if map.class == b"text" && !optional && self.files.facts(file).is_none() {
                self.missing(map.span, file, "the text");
            }
        }
    }

    /// The database of a map, and its text.
    fn database(&mut self, span: Span, file: &[u8], optional: bool, program: &str) {
        let database = mapper::database_file_name(file);
        let text = file.strip_suffix(b".db").unwrap_or(file);
        let (made, source) = (self.files.facts(&database), self.files.facts(text));
        let source = source.filter(|facts| facts.kind == FileKind::File);
        let Some(made) = made else {
            let at = self.place(span, file);
            let finding = match source {
                Some(_) => {
                    let message = format!("`{}` has no database", shown(text));
                    Finding::new(&catalogue::MAP_OLD, at, message).help(format!("run {program}"))
                }
                None if optional => return,
                None => {
                    let message = format!("the database `{}` does not exist", shown(&database));
                    Finding::new(&catalogue::FILE_MISSING, at, message)
                        .help("make it, or write `-o` if the map may be missing")
                }
            };
            self.context.report(finding);
            return;
        };
        if source.is_some_and(|source| source.modified > made.modified) {
            let at = self.place(span, file);
            let message = format!("`{}` is newer than its database", shown(text));
            let finding = Finding::new(&catalogue::MAP_OLD, at, message);
            self.context.report(finding.help(format!("run {program}")));
        }
        let loose = Loose {
            directories: self.allows("MapInUnsafeDirPath"),
            group_directories: self.allows("GroupWritableDirPathSafe"),
            file: true,
        };
        self.look_who_writes(span, &database, loose);
    }

    fn aliases(&mut self) {
        let settings: Vec<_> =
            self.context.subject.configuration.options.all("AliasFile").cloned().collect();
        for setting in settings {
            let value = self.expand(&setting.value);
            let Some(OptionValue::Aliases(list)) = interpret(setting.option, None, &value).value
            else {
                continue;
            };
            for alias in list {
                let class = alias.class.clone().unwrap_or_else(|| b"implicit".to_vec());
                let mut words = alias.spec.split(u8::is_ascii_whitespace);
                let Some(file) = words.find(|word| word.starts_with(b"/")) else { continue };
                if !DATABASES.contains(&&class.to_ascii_lowercase()[..]) {
                    continue;
                }
                self.database(setting.span, file, false, "newaliases");
                let loose = Loose {
                    directories: true,
                    group_directories: true,
                    file: self.allows("GroupWritableAliasFile"),
                };
                self.look_who_writes(setting.span, file, loose);
            }
        }
    }

    fn mailers(&mut self) {
        let items = self.context.outline.items;
        for item in items {
            let Directive::Mailer { equates, .. } = &item.directive else { continue };
            let Some(path) = equates.iter().find(|equate| equate.letter == b'P') else { continue };
            let path = self.expand(&path.value);
            if !path.starts_with(b"/") {
                continue;
            }
            if self.files.facts(&path).is_none() {
                self.missing(item.span, &path, "the program");
                continue;
            }
            let loose = Loose {
                directories: self.allows("RunProgramInUnsafeDirPath"),
                group_directories: self.allows("GroupWritableDirPathSafe"),
                file: self.allows("RunWritableProgram"),
            };
            self.look_who_writes(item.span, &path, loose);
        }
    }

    fn options(&mut self) {
        for (name, secret) in PATHS {
            let Some(setting) =
                self.context.subject.configuration.options.all(name).last().cloned()
            else {
                continue;
            };
            let value = self.expand(&setting.value);
            // certificates come in pairs
            for path in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if !path.starts_with(b"/") {
                    continue;
                }
                let Some(facts) = self.files.facts(path) else {
                    self.missing(setting.span, path, &format!("{name}:"));
                    continue;
                };
                let Some(mode) = secret.and(facts.mode) else { continue };
                let group = secret.is_some_and(|word| self.allows(word));
                let readable = mode & 0o007 != 0 || mode & 0o070 != 0 && !group;
                if readable {
                    let at = self.place(setting.span, path);
                    let message =
                        format!("others than its owner can use the secret in `{}`", shown(path));
                    self.context.report(Finding::new(&catalogue::FILE_UNSAFE, at, message));
                }
            }
        }
    }

    fn queue(&mut self) {
        let options = &self.context.subject.configuration.options;
        let Some(setting) = options.all("QueueDirectory").last().cloned() else { return };
        let path = self.expand(&setting.value);
        // `/var/spool/mqueue/q*` names directories
        let starred = path.ends_with(b"*");
        let directory = if starred { parent(&path).unwrap_or(b"/") } else { &path };
        if !directory.starts_with(b"/") {
            return;
        }
        match self.files.facts(directory) {
            None => self.missing(setting.span, directory, "the queue directory"),
            Some(FileFacts { mode: Some(mode), .. }) if mode & 0o002 != 0 => {
                let at = self.place(setting.span, &path);
                let message = format!("everybody may write in the queue `{}`", shown(directory));
                self.context.report(Finding::new(&catalogue::FILE_UNSAFE, at, message));
            }
            Some(_) => {}
        }
    }

    /// Files of classes that have changed since the daemon started.
    fn running(&mut self) {
        let options = &self.context.subject.configuration.options;
        let pid = options.text("PidFile").map(|text| self.expand(text));
        let started = pid.and_then(|path| Some(self.files.facts(&path)?.modified));
        let Some(started) = started else { return };
        let items = self.context.outline.items;
        for item in items {
            let Directive::ClassSource { source: ClassSource::File { path, .. }, .. } =
                &item.directive
            else {
                continue;
            };
            let path = self.expand(path);
            if self.files.facts(&path).is_some_and(|facts| facts.modified > started) {
                let at = self.place(item.span, &path);
                let message = format!("`{}` was changed after the daemon started", shown(&path));
                let finding = Finding::new(&catalogue::RUNNING_OLD, at, message);
                self.context.report(finding.help("restart it"));
            }
        }
    }
}

/// What DontBlameSendmail lets pass.
#[derive(Clone, Copy)]
struct Loose {
    directories: bool,
    group_directories: bool,
    file: bool,
}

/// The long name of an option that is a path, for the test of the table.
#[cfg(test)]
fn is_option(name: &str) -> bool {
    cf_parser::options::OPTIONS.iter().any(|spec| spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_options() {
        assert!(PATHS.iter().all(|(name, _)| is_option(name)));
    }

    #[test]
    fn parents() {
        assert_eq!(parent(b"/a/b"), Some(&b"/a"[..]));
        assert_eq!(parent(b"/a"), Some(&b"/"[..]));
        assert_eq!(parent(b"/"), None);
    }
}
