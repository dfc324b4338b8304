//! `-bt`: address test mode on standard input.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use cf_parser::Severity;
use mapper::{LogLine, SystemServices};
use ruleset_vm::load::post_checks;
use workbench::bt::{BANNER, Completer, Control, PROMPT, Session, coloured};
use workbench::traces::startup;

use super::arguments::Arguments;
use super::conversation::{Conversation, Heard};
use super::line_editor::{Entered, LineEditor};
use super::voice::Voice;
use super::{complain, either, print, print_line, start, submit, usage};
use crate::config::reading::Reading;
use crate::daemon::help_file;
use crate::daemon::log_sink::{DEFAULT_LOG_LEVEL, LogSink};
use crate::events::{EventSink as _, map_lines};
use crate::sys::syslog::Syslog;
use crate::sys::terminal::{self, Listening};
use crate::sys::{clock, ids, load, users};

/// Longest line taken at once (`MAXLINE`); the rest is a line of its own.
const LINE_LIMIT: usize = 2047;

/// Runs test mode; `exit` is what the command line has left.
pub(super) fn run(arguments: &Arguments, exit: u8) -> u8 {
    let reading = match start::read(arguments, b't') {
        Ok(reading) => reading,
        Err(error) => {
            print_line(error.to_string().as_bytes());
            return 72;
        }
    };
    for (message, _) in reading.messages() {
        print_line(&message);
    }
    if let Some(exit) = reading.fatal() {
        return exit;
    }
    usage::check_body_type(arguments, Voice::of(b't'));
    let mut exit = either(exit, reading.exit());
    if let Some(path) = arguments.last(b'X')
        && let Err(own) = start::open_traffic_log(path, Voice::of(b't'))
    {
        exit = either(exit, own);
    }
    if let Some(warning) = start::group_warning(&reading.configuration) {
        print_line(warning.as_bytes());
    }
    for found in post_checks(&reading.configuration, b't') {
        print_line(&found.text);
        if let Severity::Error { exit: own, .. } = found.severity {
            exit = either(exit, own);
        }
    }
    terminal::trace(&start::after(arguments, b't', &reading));
    converse(arguments, reading, exit)
}

fn converse(arguments: &Arguments, reading: Reading, exit: u8) -> u8 {
    let Reading { configuration, mut maps, .. } = reading;
    let help_path =
        configuration.options.text("HelpFile").map(|text| configuration.macros.expand_bytes(text));
    let help = help_path.and_then(|path| {
        let path = Path::new(OsStr::from_bytes(path.trim_ascii()));
        help_file::read(path, &configuration.options, &configuration.macros)
    });
    let mut services = SystemServices::default();
    let completer = terminal::understands_escapes().then(|| Completer::new(&configuration, &maps));
    let verbose = configuration.options.flag("Verbose", false);
    let log_level = configuration.options.number("LogLevel", DEFAULT_LOG_LEVEL);
    let sink = LogSink::with(Syslog::new(&start::log_tag(arguments)), log_level);
    let mut session = Session::new(configuration, &mut maps, &mut services, help, exit);
    session.set_levels(arguments.levels());
    if terminal::traces_apart() {
        session.keep_traces_apart();
    }
    session.set_delivery_mode(submit::given_delivery_mode(arguments).unwrap_or_default());
    session.set_user(&users::own_name());
    let mut queue_ids = crate::queue::id::IdSource::new(ids::process_id(), ids::next_sequence());
    let queue_id = queue_ids.next(clock::now()).0;
    session.set_macro(b"i", &queue_id);
    terminal::trace(&startup::envelope(&arguments.levels(), &queue_id));
    for (name, value) in macros(arguments) {
        session.set_macro(name, &value);
    }
    let mut log = |lines: Vec<LogLine>| {
        for line in lines {
            sink.report(map_lines::event(line, Some(&queue_id), &users::own_name()));
        }
    };
    let talked = match completer.and_then(|names| LineEditor::start(names).ok()) {
        Some(editor) => talk_edited(&mut session, editor, &mut log),
        None => talk_plain(&mut session, BANNER, verbose, &mut log),
    };
    let exit = match talked {
        Ok(Ending::Quit) => {
            session.finish();
            let mut last_words = Vec::new();
            session.move_output(&mut last_words);
            print(&last_words);
            session.exit()
        }
        Ok(Ending::Stopped) => 0,
        Err(error) => {
            complain(error.to_string().as_bytes());
            session.exit()
        }
    };
    // The program ends here, and with it all of its memory at once.
    std::mem::forget(session);
    exit
}

/// Takes the lines that maps want logged.
type Logger<'a> = &'a mut dyn FnMut(Vec<LogLine>);

/// How a dialogue ended.
enum Ending {
    Quit,
    /// By a signal: the exit status is 0 whatever happened before (observed).
    Stopped,
}

/// Lines from a program, a file, or a terminal that is used like one. With `verbose` each line is shown
/// behind a prompt when it has been read, and there is no other prompt.
fn talk_plain(
    session: &mut Session<'_>,
    greeting: &[u8],
    verbose: bool,
    log: Logger<'_>,
) -> io::Result<Ending> {
    let mut talk = Conversation::new(Listening::start()?, terminal::output()?, LINE_LIMIT);
    talk.kept().extend_from_slice(greeting);
    session.move_output(talk.kept());
    let ending = loop {
        if !verbose {
            talk.kept().extend_from_slice(PROMPT.as_bytes());
        }
        let control = match talk.hear()? {
            Heard::Line(line) => session.line(line.strip_suffix(b"\n").unwrap_or(line)),
            Heard::Interrupt => continue,
            Heard::Stop => break Ending::Stopped,
            Heard::End => break Ending::Quit,
        };
        log(session.take_log());
        terminal::trace(&session.take_traces());
        if verbose {
            talk.kept().extend_from_slice(PROMPT.as_bytes());
        }
        session.move_output(talk.kept());
        if control == Control::Quit {
            break Ending::Quit;
        }
    };
    talk.flush();
    Ok(ending)
}

/// Lines from somebody at a terminal.
fn talk_edited(
    session: &mut Session<'_>,
    mut editor: LineEditor,
    log: Logger<'_>,
) -> io::Result<Ending> {
    let mut out = BANNER.to_vec();
    session.move_output(&mut out);
    loop {
        terminal::print(&coloured(&out));
        out.clear();
        let line = match editor.read(PROMPT)? {
            Entered::Line(line) => line,
            Entered::Interrupt(text) => {
                out.extend_from_slice(text);
                continue;
            }
            Entered::End => return Ok(Ending::Quit),
            Entered::NotText => {
                drop(editor);
                let note = b"(not UTF-8: lines are no longer edited; enter this one again)\n";
                return talk_plain(session, note, false, log);
            }
        };
        for part in line.chunks(LINE_LIMIT) {
            let control = session.line(part);
            session.move_output(&mut out);
            log(session.take_log());
            terminal::trace(&session.take_traces());
            if control == Control::Quit {
                terminal::print(&coloured(&out));
                return Ok(Ending::Quit);
            }
        }
        if line.is_empty() {
            session.line(b"");
        }
    }
}

/// Macros that are set when test mode begins, whatever the file says of them (MC-003, MC-018, MC-054,
/// MC-056..MC-058, MC-061, MC-069).
fn macros(arguments: &Arguments) -> Vec<(&'static [u8], Vec<u8>)> {
    let mode = submit::given_delivery_mode(arguments).unwrap_or(b'i');
    let mut macros: Vec<(&[u8], Vec<u8>)> = vec![
        (b"load_avg", load::load_average().to_string().into_bytes()),
        (b"deliveryMode", vec![mode]),
        (b"quarantine", Vec::new()),
    ];
    for (flag, name) in [(b'V', &b"dsn_envid"[..]), (b'N', b"dsn_notify"), (b'R', b"dsn_ret")] {
        macros.extend(arguments.last(flag).map(|value| (name, value.to_vec())));
    }
    if arguments.has(b'G') {
        macros.push((b"daemon_flags", b"CC f".to_vec()));
    }
    if let Some(hops) = arguments.last(b'h') {
        macros.push((b"c", hops.to_vec()));
    }
    if let Some(value) = arguments.last(b'p') {
        let mut parts = value.splitn(2, |byte| *byte == b':');
        macros.push((b"r", parts.next().unwrap_or_default().to_vec()));
        macros.extend(parts.next().map(|host| (&b"s"[..], host.to_vec())));
    }
    macros
}
