//! `-bi`, `newaliases`: alias files to databases (CMD-014, CMD-096, AD-001..AD-011, MAP-097..MAP-102).

use cf_parser::options::{self, Found, OptionValue};
use mapper::bdb::DatabaseKind;
use mapper::{
    AliasName, AliasPart, AliasReader, AliasSeverity, AliasText, AliasTextRules, DatabaseFile,
    FileError, FileRules, database_file_name,
};
use std::sync::Arc;

use super::arguments::Arguments;
use super::map_tools::{Type, fresh_uid, types};
use super::{print_line, start};
use crate::address::worker::Worker;
use crate::address::{alias_names, list};
use crate::config::site::Site;
use crate::daemon::log_sink::LogSink;
use crate::daemon::post::{OpenError, Post};
use crate::events::{Event, EventSink as _, Severity};
use crate::sys::users;

pub(super) fn run(arguments: &Arguments) -> u8 {
    let site = match start::site(arguments, b'i') {
        Ok(site) => Arc::new(site),
        Err(exit) => return exit,
    };
    if site.path("QueueDirectory").is_none() {
        print_line(OpenError::NoQueueDirectory.to_string().as_bytes());
        return 78;
    }
    start::warn_of_host_status(&site, true);
    start::work_in_queue(&site);
    let log = Arc::new(LogSink::new(&site, &start::log_tag(arguments)));
    let mut worker = Worker::new(site.clone()).logging_to(log.clone());
    let mut exit = 0;
    for file in alias_files(&site) {
        let status = rebuild(&file, &mut worker, &log);
        exit = if exit == 0 { status } else { exit };
    }
    exit
}

/// One alias file.
struct AliasSource {
    kind: DatabaseKind,
    path: Vec<u8>,
    /// `-o`: it may be missing.
    optional: bool,
    /// `-A`: values of the same name are joined.
    append: bool,
}

/// The place of a file, by its number in `AliasFile`, among those that are built: sendmail goes through a table of
/// their maps' names, `Alias0` and so on (observed; for ten files).
fn turn(number: usize) -> usize {
    if number < 10 { number ^ 10 } else { usize::MAX }
}

/// The files that are built, in the order in which they are.
fn alias_files(site: &Site) -> Vec<AliasSource> {
    let Found::Exact(option) = options::by_name(b"AliasFile") else { return Vec::new() };
    let specs = site.maps().settings().alias_files.clone();
    let mut files: Vec<(usize, AliasSource)> = Vec::new();
    let mut number = 0;
    for spec in specs {
        let Some(OptionValue::Aliases(parsed)) = options::interpret(option, None, &spec).value
        else {
            continue;
        };
        for file in parsed {
            let class = file.class.unwrap_or_else(|| b"implicit".to_vec());
            // Maps of other classes have no databases that are built from text.
            let rebuilt = types().find(|one| class.eq_ignore_ascii_case(one.name));
            let rebuilt = rebuilt.and_then(Type::new_kind).map(|kind| source(&file.spec, kind));
            files.extend(rebuilt.map(|source| (number, source)));
            number += 1;
        }
    }
    files.sort_by_key(|(number, _)| turn(*number));
    files.into_iter().map(|(_, source)| source).collect()
}

/// Flags and path of a specification.
fn source(spec: &[u8], kind: DatabaseKind) -> AliasSource {
    let words = spec.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut source = AliasSource { kind, path: Vec::new(), optional: false, append: false };
    for word in words {
        match word {
            [b'-', b'o', ..] => source.optional = true,
            [b'-', b'A', ..] => source.append = true,
            [b'-', ..] => {}
            path => source.path = path.to_vec(),
        }
    }
    source
}

/// What `DontBlameSendmail` and `TrustedUser` say about the files.
fn rules(site: &Site) -> (AliasTextRules, FileRules) {
    let options = &site.configuration.options;
    let allows = |word: &str| options.has_word("DontBlameSendmail", word);
    let text = AliasTextRules {
        group_writable: allows("GroupWritableAliasFile"),
        world_writable: allows("WorldWritableAliasFile"),
        linked: allows("LinkedAliasFileInWritableDir"),
    };
    let blame = site.maps().settings().blame;
    let database = FileRules {
        trusted_user: site.maps().settings().trusted_user,
        create: true,
        links: false,
        group_directories: blame.group_writable_dir_safe,
        refuse_unsafe: !blame.map_in_unsafe_dir_path,
    };
    (text, database)
}

/// Builds the database of one file; returns the exit status.
fn rebuild(file: &AliasSource, worker: &mut Worker, log: &LogSink) -> u8 {
    let (text_rules, rules) = rules(&worker.site);
    let mut warn = |directory: mapper::UnsafeDirectory| print_line(&directory.warning());
    let source = match AliasText::read(&file.path, text_rules, rules, &mut warn) {
        Ok(source) => source,
        Err(error) => {
            tell_unread(file, &error);
            return 0;
        }
    };
    let path = database_file_name(&file.path);
    match DatabaseFile::open_for_writing(&path, rules, &mut warn) {
        Ok(database) => build(file, &source, database, worker, log),
        Err(_) => no_database(file, log),
    }
}

/// The text cannot be read; that is no reason to complain about a file that may be missing.
fn tell_unread(file: &AliasSource, error: &FileError) {
    let line = match error {
        FileError::Locked => {
            [b"Alias file ", &file.path[..], b" is locked (maybe being rebuilt)"].concat()
        }
        _ if file.optional => return,
        _ => {
            let reason = error.to_string();
            [b"newaliases: cannot open ", &file.path[..], b": ", reason.as_bytes()].concat()
        }
    };
    print_line(&line);
}

fn build(
    file: &AliasSource,
    source: &AliasText,
    database: DatabaseFile,
    worker: &mut Worker,
    log: &LogSink,
) -> u8 {
    let user = Post::account(users::real_uid()).map_or_else(|| b"nobody".to_vec(), |a| a.user);
    let text = [b"alias database ", &file.path[..], b" rebuilt by ", &user].concat();
    log.report(Event::text(Some(b""), Severity::Notice, 7, text));
    let checks = worker.site.configuration.options.flag("CheckAliases", false);
    let mut reader = Reader { worker, checks };
    let aliases = mapper::build_aliases(&source.text, file.append, &mut reader);
    for diagnostic in &aliases.diagnostics {
        let text = diagnostic.render(&file.path);
        print_line(&text);
        match diagnostic.severity {
            AliasSeverity::Error => log.report(Event::system_error(None, &user, text)),
            AliasSeverity::Fault => log.report(Event::text(None, Severity::Notice, 3, text)),
            AliasSeverity::Warning => {}
        }
    }
    if database.replace(&mapper::alias_database(&aliases, file.kind), fresh_uid()).is_err() {
        return no_database(file, log);
    }
    let summary = aliases.summary(&file.path);
    print_line(&summary);
    log.report(Event::text(Some(b""), Severity::Info, 7, summary));
    if aliases.has_errors() { 70 } else { 0 }
}

/// The database cannot be written.
fn no_database(file: &AliasSource, log: &LogSink) -> u8 {
    print_line(&[b"WARNING: cannot open alias database ", &file.path[..]].concat());
    let text = [b"Cannot create database for alias file ", &file.path[..]].concat();
    print_line(&text);
    let user = users::own_name();
    log.report(Event::system_error(None, &user, text));
    70
}

/// Reads addresses by the rules of the configuration.
struct Reader<'w> {
    worker: &'w mut Worker,
    /// CheckAliases.
    checks: bool,
}

impl AliasReader for Reader<'_> {
    fn left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        alias_names::left(self.worker, line)
    }

    fn right(&mut self, value: &[u8]) -> Option<AliasPart> {
        if !self.checks {
            return None;
        }
        let mut part = AliasPart::default();
        let operators = self.worker.site.configuration.program.clone();
        for element in list::elements(value, operators.operators()) {
            let parsed = self.worker.parse_first(element.rest, b',');
            part.complaints.extend(alias_names::complaints(self.worker));
            part.text = element.text.to_vec();
            if parsed.is_none() {
                let rest = element.rest;
                let shown = rest.get(..40).unwrap_or(rest);
                let text = [rest, b"... ", shown, b"... bad address"].concat();
                part.complaints.push((AliasSeverity::Fault, text));
                part.text = rest.to_vec();
            }
        }
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_have_flags_and_a_path() {
        let parsed = source(b"-o -A /etc/mail/aliases", DatabaseKind::Hash);
        assert_eq!(parsed.path, b"/etc/mail/aliases");
        assert!(parsed.optional && parsed.append);
        assert!(!source(b"/a", DatabaseKind::Btree).optional);
    }
}
