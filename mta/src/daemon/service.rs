//! The daemon as a process: listening, queue runs, signals, the pid file, stopping and restarting.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::control::Control;
use super::listener::{ListenError, Listener};
use super::pidfile::PidFile;
use super::post::Post;
use super::queue_run::{self, RunOptions};
use crate::events::{self, Event, Severity};
use crate::message::envelope::QueueId;
use crate::sys::background;
use crate::sys::duplex::Bell;
use crate::sys::signals::{Request, Signals};
use crate::sys::{clock, errors, ids};

/// Attempts to bind a port (CMD-078).
const BIND_TRIES: u32 = 10;
/// How long connections and deliveries may take to end when the daemon stops.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// The pid file without PidFile.
const DEFAULT_PID_FILE: &str = "/var/run/sendmail/mta/sendmail.pid";

/// How the daemon is run.
#[derive(Clone, Debug, Default)]
pub struct DaemonOptions {
    /// `-bd`: go to the background; the caller's process ends. Before any thread is started.
    pub detach: bool,
    /// `-q` with an interval: run the queue at once and so often.
    pub queue_interval: Option<Duration>,
    /// The command line, the program's path in front: for the pid file and SIGHUP.
    pub argv: Vec<Vec<u8>>,
}

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system refuses a process, a thread or a descriptor (exit status 71).
    #[error("cannot start the daemon: {0}")]
    System(#[from] std::io::Error),
    /// SIGHUP came, and the program cannot be started again.
    #[error("could not exec {program}: {source}")]
    Restart {
        /// The program.
        program: String,
        /// The system's error.
        source: std::io::Error,
    },
}

/// A daemon that runs in this process, on threads of its own.
pub struct DaemonHandle {
    /// The TCP addresses it listens on, as bound.
    pub addresses: Vec<SocketAddr>,
    post: Arc<Post>,
    listener: Arc<Listener>,
    stop: Bell,
    threads: Vec<JoinHandle<()>>,
}

impl DaemonHandle {
    /// Stops: idle peers get a 421; messages being received and deliveries may end within
    /// `limit`. What is not delivered stays in the queue.
    pub fn stop(self, limit: Duration) {
        self.stop.ring();
        let end = clock::monotonic().checked_add(limit);
        // A queue run in progress is left to itself: each of its steps is safe to cut short.
        self.threads.into_iter().take(1).for_each(|thread| drop(thread.join()));
        let time_left =
            || end.is_none_or(|end| clock::monotonic() < end) && self.listener.connections() > 0;
        while time_left() {
            clock::pause(Duration::from_millis(20));
        }
        let left = end.map_or(limit, |end| end.saturating_duration_since(Instant::now()));
        self.post.wait_for_background(left);
    }
}

/// Starts a daemon in this process: opens the ports, each tried `tries` times, five seconds apart,
/// and takes connections in on other threads.
///
/// # Errors
/// A port cannot be opened, or there are no threads.
pub fn start(
    post: &Arc<Post>,
    queue_interval: Option<Duration>,
    tries: u32,
) -> Result<DaemonHandle, DaemonError> {
    let stop = Bell::new()?;
    let info = daemon_info(queue_interval);
    let listener = Arc::new(Listener::open(post.clone(), info, tries, stop.clone())?);
    let ears = listener.clone();
    let mut threads =
        vec![std::thread::Builder::new().name("listener".into()).spawn(move || ears.run())?];
    if let Some(interval) = queue_interval {
        let (post, stop) = (post.clone(), stop.clone());
        let work = move || run_queue(&post, interval, &stop);
        threads.push(std::thread::Builder::new().name("queue".into()).spawn(work)?);
    }
    let addresses = listener.addresses();
    Ok(DaemonHandle { addresses, post: post.clone(), listener, stop, threads })
}

/// `-bd` and `-bD`: runs until a signal ends it (CMD-010, CMD-011, CMD-125..CMD-129). SIGHUP starts
/// the program again and does not return.
///
/// # Errors
/// It cannot start, or not start again.
pub fn run(post: &Arc<Post>, options: &DaemonOptions) -> Result<(), DaemonError> {
    if options.detach {
        background::detach(0)?;
    }
    let signals = Signals::take_over()?;
    announce(post, options);
    let handle = start(post, options.queue_interval, BIND_TRIES)?;
    let pid_file = write_pid_file(post, options);
    let control = Control::open(post, &handle.listener, &handle.stop);
    let reason = || match control.as_ref().is_some_and(Control::has_asked) {
        true => "control socket",
        false => "signal",
    };
    loop {
        match signals.wait(None)? {
            Some(Request::Stop) => {
                log(post, true, 9, format!("stopping daemon, reason={}", reason()));
                handle.stop(STOP_LIMIT);
                return Ok(());
            }
            Some(Request::Restart) => match full_path(&options.argv) {
                None => log(post, false, 0, "could not restart: need full path"),
                Some(program) => {
                    log(post, false, 3, format!("restarting {program} due to {}", reason()));
                    handle.stop(STOP_LIMIT);
                    drop(control);
                    drop(pid_file);
                    return Err(restart(post, program, &options.argv));
                }
            },
            Some(Request::DumpState) => dump_state(post),
            Some(Request::Interrupt) | None => {}
        }
    }
}

/// `${daemon_info}`: `SMTP+queueing@01:00:00` (MC-055).
fn daemon_info(queue_interval: Option<Duration>) -> Vec<u8> {
    let queueing = queue_interval
        .map(|interval| format!("+queueing@{}", events::interval(interval.as_secs())));
    format!("SMTP{}", queueing.unwrap_or_default()).into_bytes()
}

/// A process that only runs the queue tells the log so (LG-064).
pub fn announce_runs(post: &Post, persistent: bool, interval: Duration) {
    let version = String::from_utf8_lossy(&post.site.value("v")).into_owned();
    let kind = if persistent { "persistent-queueing" } else { "queueing" };
    let interval = events::interval(interval.as_secs());
    log(post, false, 8, format!("starting daemon ({version}): {kind}@{interval}"));
}

/// LG-064
fn announce(post: &Post, options: &DaemonOptions) {
    let version = String::from_utf8_lossy(&post.site.value("v")).into_owned();
    let info = daemon_info(options.queue_interval);
    let info = String::from_utf8_lossy(&info);
    if full_path(&options.argv).is_none() {
        let text = "daemon invoked without full pathname; kill -1 won't work";
        post.log(Some(&QueueId(Vec::new())), Severity::Warning, 0, text);
    }
    log(post, false, Event::ALWAYS, format!("starting daemon ({version}): {info}"));
    log(post, false, 9, [b"started as: ".to_vec(), options.argv.join(&b' ')].concat());
}

fn write_pid_file(post: &Post, options: &DaemonOptions) -> Option<PidFile> {
    let path = post.site.path("PidFile").unwrap_or_else(|| PathBuf::from(DEFAULT_PID_FILE));
    match PidFile::write(&path, ids::process_id(), &options.argv) {
        Ok(file) => Some(file),
        Err(error) => {
            let reason = errors::describe(&error);
            log(post, true, 0, format!("unable to write pid to {}: {reason}", path.display()));
            None
        }
    }
}

/// Runs the queue at once and then at each interval; a run that takes longer delays the next.
fn run_queue(post: &Arc<Post>, interval: Duration, stop: &Bell) {
    let interval = interval.max(Duration::from_secs(1));
    loop {
        queue_run::run(post, &RunOptions::default());
        if stop.wait(interval) {
            return;
        }
    }
}

/// The program, if it was started by its full path.
fn full_path(argv: &[Vec<u8>]) -> Option<String> {
    let program = argv.first().filter(|program| program.starts_with(b"/"))?;
    String::from_utf8(program.clone()).ok()
}

fn restart(post: &Post, program: String, argv: &[Vec<u8>]) -> DaemonError {
    let words = argv.iter().skip(1).map(|word| OsString::from_vec(word.clone()));
    let source = background::replace_with(program.as_ref(), words);
    let error = DaemonError::Restart { program, source };
    log(post, true, 0, error.to_string());
    error
}

/// SIGUSR1 (CMD-127): what this process knows about itself.
fn dump_state(post: &Post) {
    let name = String::from_utf8_lossy(&post.site.value("j")).into_owned();
    let lines = [
        format!("--- dumping state on user signal: $j = {name} ---"),
        format!("deliveries in the background: {}", post.running()),
        "--- end of state dump ---".to_owned(),
    ];
    for line in lines {
        post.log(None, Severity::Debug, 0, line);
    }
}

/// A line about the daemon itself, with `NOQUEUE` in front or not.
fn log(post: &Post, with_id: bool, level: i16, text: impl Into<Vec<u8>>) {
    let nothing = QueueId(Vec::new());
    post.log((!with_id).then_some(&nothing), Severity::Info, level, text);
}
