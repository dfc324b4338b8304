//! The control socket: who may open it asks the daemon how it is, or has it stop or start again
//! (CMD-130..CMD-136).

use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::listener::Listener;
use super::post::Post;
use super::smtp_settings;
use crate::events::Severity;
use crate::message::envelope::QueueId;
use crate::protocol::control::{self, Activity, Command};
use crate::protocol::smtp::server;
use crate::sys::duplex::{Bell, Duplex, Woken};
use crate::sys::listen::{self, Listening, Place, Tuning};
use crate::sys::poll::{self, Interest};
use crate::sys::signals::{self, Request};
use crate::sys::{clock, disk, errors, ids, load, program_safety, users};

/// Longest command line that is read.
const MAX_LINE: usize = 1024;
/// Clients that may be connected at once.
const MAX_CLIENTS: usize = 16;
/// Pause when a client cannot be accepted.
const PAUSE: Duration = Duration::from_millis(200);
/// Rights of the socket.
const MODE: u32 = 0o660;

/// An open control socket; it goes with this value.
pub(super) struct Control {
    path: PathBuf,
    orders: Arc<AtomicBool>,
}

impl Control {
    /// Opens the socket, if ControlSocketName names one; says in the log why not.
    pub(super) fn open(post: &Arc<Post>, listener: &Arc<Listener>, stop: &Bell) -> Option<Self> {
        let path = post.site.path("ControlSocketName")?;
        let socket = match open(post, &path) {
            Ok(socket) => socket,
            Err(reason) => {
                let path = path.display();
                let text = format!("daemon could not open control socket {path}: {reason}");
                post.log(Some(&QueueId(Vec::new())), Severity::Warning, 0, text);
                return None;
            }
        };
        let orders = Arc::new(AtomicBool::new(false));
        let desk = Arc::new(Desk {
            post: post.clone(),
            listener: listener.clone(),
            stop: stop.clone(),
            orders: orders.clone(),
            clients: AtomicUsize::new(0),
        });
        let work = move || desk.serve(&socket);
        std::thread::Builder::new().name("control".into()).spawn(work).ok()?;
        Some(Self { path, orders })
    }

    /// Whether the request that just came was made here.
    pub(super) fn has_asked(&self) -> bool {
        self.orders.swap(false, Ordering::AcqRel)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The socket, for the TrustedUser and the group of this process.
fn open(post: &Post, path: &Path) -> Result<Listening, String> {
    use std::os::unix::fs::{PermissionsExt, chown};
    let told = |error: io::Error| errors::describe(&error);
    if let Some(reason) = program_safety::directory_danger(path, post.delivery.forgiven) {
        return Err(reason);
    }
    let socket =
        listen::listen(&Place::Unix(path.to_owned()), Tuning { backlog: 5, ..Tuning::default() });
    let socket = socket.map_err(told)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(MODE)).map_err(told)?;
    let trusted = post.site.configuration.options.bytes("TrustedUser");
    if users::effective_uid() == 0
        && let Some(uid) = trusted.and_then(|user| users::number_of(&user))
    {
        chown(path, Some(uid), None).map_err(told)?;
    }
    Ok(socket)
}

/// What answers.
struct Desk {
    post: Arc<Post>,
    listener: Arc<Listener>,
    stop: Bell,
    orders: Arc<AtomicBool>,
    clients: AtomicUsize,
}

impl Desk {
    fn serve(self: &Arc<Self>, socket: &Listening) {
        while !self.stop.rung() {
            let watched = [(socket.as_fd(), Interest::Read), (self.stop.as_fd(), Interest::Read)];
            let accepted = poll::wait(&watched, None).and_then(|_| socket.accept());
            match accepted {
                Ok(Some(client)) if self.clients.load(Ordering::Acquire) < MAX_CLIENTS => {
                    self.clients.fetch_add(1, Ordering::AcqRel);
                    let desk = self.clone();
                    let work = move || {
                        let mut stream = client.stream;
                        let _ = desk.answer(&mut *stream);
                        desk.clients.fetch_sub(1, Ordering::AcqRel);
                    };
                    if std::thread::Builder::new().name("control".into()).spawn(work).is_err() {
                        self.clients.fetch_sub(1, Ordering::AcqRel);
                    }
                }
                Ok(_) => {}
                Err(_) => clock::pause(PAUSE),
            }
        }
    }

    /// Answers one command; the connection ends with it.
    fn answer(&self, stream: &mut dyn Duplex) -> io::Result<()> {
        let limit = self.post.site.configuration.options.timeout("control").unwrap_or(120);
        let limit = Duration::from_secs(u64::try_from(limit).unwrap_or(0));
        let Some(line) = self.line(stream, limit)? else { return Ok(()) };
        let command = control::parse(&line);
        let (answer, order) = match command {
            Err(answer) => (answer, None),
            Ok(Command::Help) => (self.help(), None),
            Ok(Command::Status) => (self.activity().status(), None),
            Ok(Command::Statistics) => (self.activity().statistics(), None),
            Ok(Command::Memory) => (control::NO_MEMORY_DUMP.to_vec(), None),
            Ok(Command::Restart) => (control::DONE.to_vec(), Some(Request::Restart)),
            Ok(Command::Shutdown) => (control::DONE.to_vec(), Some(Request::Stop)),
        };
        stream.send(&answer, limit)?;
        if let Some(order) = order {
            self.orders.store(true, Ordering::Release);
            signals::ask_self(order)?;
        }
        Ok(())
    }

    /// The line of a client; `None` if there will be none.
    fn line(&self, stream: &mut dyn Duplex, limit: Duration) -> io::Result<Option<Vec<u8>>> {
        let end = poll::deadline_after(limit);
        let mut line = Vec::new();
        let mut buffer = [0; 256];
        while line.len() < MAX_LINE {
            let left = end.map(|end| end.saturating_duration_since(clock::monotonic()));
            match stream.wait_input(left, Some(&self.stop))? {
                Woken::Input => {}
                Woken::Bell => return Ok(None),
                Woken::Silence => {
                    let text = "timeout waiting for input during control command";
                    self.post.log(None, Severity::Notice, 0, text);
                    return Ok(None);
                }
            }
            let count = stream.receive(&mut buffer, limit)?;
            line.extend_from_slice(buffer.get(..count).unwrap_or_default());
            if let Some(at) = memchr::memchr(b'\n', &line) {
                line.truncate(at);
                return Ok(Some(line));
            }
            if count == 0 {
                return Ok((!line.is_empty()).then_some(line));
            }
        }
        Ok(Some(line))
    }

    fn help(&self) -> Vec<u8> {
        let settings = smtp_settings::settings(&self.post.worker());
        server::help_about(settings.help.as_deref(), b"control", &settings.program)
    }

    fn activity(&self) -> Activity {
        let options = &self.post.site.configuration.options;
        let free = disk::free(&self.post.queue_directory);
        Activity {
            connections: self.listener.connections(),
            limit: usize::try_from(options.number("MaxDaemonChildren", 0)).unwrap_or(0),
            free: free.map(|free| free.blocks.saturating_mul(free.block) / 1024),
            load: load::load_average(),
            tasks: vec![(ids::process_id(), "accepting connections".to_owned())],
        }
    }
}
