//! `bangpath tour`: the main job on the embedded configuration, in a temporary directory.
//!
//! A daemon on an ephemeral loopback port takes two messages by SMTP, one for a local user and one
//! for an alias that is a program; for each the rules that fired, the triple, the control file as it
//! stands in the spool and what was delivered are shown.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ruleset_vm::{Role, Target};

use super::tour_client;
use super::{embedded, facts};
use crate::address::worker::Worker;
use crate::cli::arguments::Arguments;
use crate::config::reading::Reading;
use crate::config::site::Site;
use crate::daemon::post::Post;
use crate::daemon::queue_run::{self, RunOptions};
use crate::daemon::service;
use crate::sys::terminal;

/// What the tour changes in the embedded configuration: any free port, and delivery only when the
/// queue is run, so that the control file can be seen in the spool.
const CHANGES: [(&str, &str); 2] =
    [("Port=2525", "Port=0"), ("O DeliveryMode=background", "O DeliveryMode=queueonly")];

/// Why the tour could not be finished.
#[derive(Debug, thiserror::Error)]
enum TourError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the queue: {0}")]
    Queue(#[from] crate::daemon::post::OpenError),
    #[error("the daemon: {0}")]
    Daemon(#[from] service::DaemonError),
    #[error("the embedded configuration: {0}")]
    Configuration(String),
    #[error("the daemon answered `{0}'")]
    Reply(String),
    #[error("{0} is missing: the message was not delivered")]
    NotDelivered(String),
}

/// Runs the tour; returns the exit status.
pub(super) fn run() -> u8 {
    let directory = std::env::temp_dir().join(format!("bangpath-tour-{}", std::process::id()));
    let result = std::fs::create_dir_all(&directory)
        .map_err(TourError::from)
        .and_then(|()| Tour::new(&directory).show());
    let _ = std::fs::remove_dir_all(&directory);
    match result {
        Ok(()) => 0,
        Err(error) => {
            terminal::complain(format!("bangpath: tour: {error}\n").as_bytes());
            70
        }
    }
}

struct Tour<'a> {
    directory: &'a Path,
    colour: bool,
}

impl<'a> Tour<'a> {
    fn new(directory: &'a Path) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { directory, colour: io::stdout().is_terminal() && !plain }
    }

    fn show(&self) -> Result<(), TourError> {
        let user = self.furnish()?;
        let site = self.site(&user)?;
        let post = Post::open(site.clone(), Arc::new(()))?;
        embedded::hand_over(
            &post,
            &[self.directory.join("mail"), self.directory.join("robot.out")],
        )?;
        let daemon = service::start(&post, None, 1)?;
        let Some(address) = daemon.addresses.first().copied() else {
            return Err(TourError::Configuration("no address to listen on".to_owned()));
        };
        self.heading("A daemon on the embedded configuration");
        self.line(&format!(
            "listening on {address}, everything below {}",
            self.directory.display()
        ));
        let recipients = [
            (
                format!("{user}@localhost"),
                format!("a local user, {user}"),
                self.directory.join("mail").join(&user),
            ),
            (
                "robot".to_owned(),
                "an alias that is a program".to_owned(),
                self.directory.join("robot.out"),
            ),
        ];
        for (recipient, words, _) in &recipients {
            self.submit(&post, address, recipient, words)?;
        }
        self.heading("The queue is run");
        queue_run::run(&post, &RunOptions::default());
        for (recipient, _, path) in &recipients {
            self.delivered(recipient, path)?;
        }
        daemon.stop(Duration::from_secs(2));
        self.heading("What to try next");
        self.line(
            "bangpath -C /path/to/your/sendmail.cf -bt    your own rules, as in sendmail -bt",
        );
        self.line("bangpath -bD                                 this configuration on port 2525");
        self.line("bangpath -bp                                 what is waiting");
        self.line("bangpath --help                              everything else");
        Ok(())
    }

    /// The files the configuration expects; returns the user's name.
    fn furnish(&self) -> Result<String, TourError> {
        let own = facts::gather(&Arguments::default(), b'D');
        let user = String::from_utf8_lossy(&own.user).into_owned();
        let user = if user.is_empty() { "me".to_owned() } else { user };
        for directory in ["queue", "mail"] {
            std::fs::create_dir_all(self.directory.join(directory))?;
        }
        let output = self.directory.join("robot.out");
        let script = self.directory.join("robot");
        std::fs::write(&script, format!("#!/bin/sh\ncat > {}\n", output.display()))?;
        let aliases = format!("postmaster: {user}\nrobot: \"|/bin/sh {}\"\n", script.display());
        std::fs::write(self.directory.join("aliases"), aliases)?;
        std::fs::write(&output, b"")?;
        Ok(user)
    }

    fn site(&self, user: &str) -> Result<Arc<Site>, TourError> {
        use std::os::unix::ffi::OsStrExt as _;
        let mut facts = facts::gather(&Arguments::default(), b'D');
        let directory = self.directory.as_os_str().as_bytes().to_vec();
        facts.macros.push((b"stateDir".to_vec(), directory));
        facts.macros.push((b"user".to_vec(), user.as_bytes().to_vec()));
        let text = String::from_utf8_lossy(embedded::CONFIGURATION);
        let text =
            CHANGES.iter().fold(text.into_owned(), |text, (from, to)| text.replace(from, to));
        let reading = Reading::of_bytes(embedded::NAME, text.as_bytes(), &facts);
        let complaint = reading.messages().map(|(message, _)| message).next();
        match complaint {
            Some(message) => {
                Err(TourError::Configuration(String::from_utf8_lossy(&message).into_owned()))
            }
            None => Ok(Arc::new(Site::new(reading))),
        }
    }

    fn submit(
        &self,
        post: &Arc<Post>,
        address: std::net::SocketAddr,
        recipient: &str,
        words: &str,
    ) -> Result<(), TourError> {
        self.heading(&format!("A message to {words}"));
        let dialogue =
            tour_client::send(address, "visitor@example.com", recipient).map_err(|error| {
                match error {
                    tour_client::SendError::Io(error) => TourError::Io(error),
                    tour_client::SendError::Refused(reply) => TourError::Reply(reply),
                }
            })?;
        for line in dialogue {
            self.faint(&line);
        }
        self.rules(post, recipient);
        self.control_file(post)
    }

    /// The rules that fired for an address, and its triple; for an alias also those of its value.
    fn rules(&self, post: &Arc<Post>, recipient: &str) {
        self.subheading(&format!("why {recipient} goes where it goes"));
        let mut worker = post.worker();
        self.rules_for(&mut worker, post, recipient);
        if let mapper::Answer::Found(value) = worker.lookup(b"aliases", recipient.as_bytes(), &[]) {
            let value = String::from_utf8_lossy(&value).into_owned();
            self.line(&format!("  alias {recipient}: {value}"));
            self.rules_for(&mut worker, post, &value);
        }
    }

    fn rules_for(&self, worker: &mut Worker, post: &Arc<Post>, recipient: &str) {
        let (fired, parsed) = worker.explain(recipient.as_bytes(), Role::default());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for firing in fired {
            self.line(&format!(
                "  standalone.cf:{:<4} {:<10} {}  ->  {}",
                firing.line,
                text(&firing.ruleset),
                text(&firing.before),
                text(&firing.after)
            ));
        }
        let Some(parsed) = parsed else { return };
        let mailer = match parsed.triple.mailer {
            Target::Mailer(index) => {
                post.site.mailers.get(index).map_or_else(String::new, |m| text(&m.name))
            }
            Target::Error(status) => format!("error ({})", text(&status.text)),
        };
        let host =
            parsed.triple.host.map_or_else(String::new, |host| format!(" $@ {}", text(&host)));
        self.strong(&format!("  triple: $# {mailer}{host} $: {}", text(&parsed.triple.user)));
    }

    /// The newest control file, as it stands in the spool.
    fn control_file(&self, post: &Arc<Post>) -> Result<(), TourError> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(&post.queue_directory)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("qf"))
            })
            .collect();
        files.sort_by_key(|path| std::fs::metadata(path).and_then(|facts| facts.modified()).ok());
        let Some(path) = files.last() else {
            return Err(TourError::NotDelivered("a control file".to_owned()));
        };
        self.subheading(&path.display().to_string());
        self.contents(path)
    }

    fn delivered(&self, recipient: &str, path: &Path) -> Result<(), TourError> {
        if std::fs::metadata(path).map_or(0, |facts| facts.len()) == 0 {
            return Err(TourError::NotDelivered(path.display().to_string()));
        }
        self.subheading(&format!("{recipient}: {}", path.display()));
        self.contents(path)
    }

    fn contents(&self, path: &Path) -> Result<(), TourError> {
        for line in std::fs::read(path)?.split(|byte| *byte == b'\n') {
            let shown: String = line
                .iter()
                .map(|&byte| match byte {
                    b'\t' | 0x20..=0x7e => char::from(byte).to_string(),
                    other => format!("\\{other:03o}"),
                })
                .collect();
            self.line(&format!("  {shown}"));
        }
        Ok(())
    }

    fn heading(&self, text: &str) {
        self.line("");
        self.painted("1;36", text);
    }

    fn subheading(&self, text: &str) {
        self.painted("36", text);
    }

    fn strong(&self, text: &str) {
        self.painted("1", text);
    }

    fn faint(&self, text: &str) {
        self.painted("2", text);
    }

    fn painted(&self, code: &str, text: &str) {
        if self.colour {
            self.line(&format!("\x1b[{code}m{text}\x1b[0m"));
        } else {
            self.line(text);
        }
    }

    fn line(&self, text: &str) {
        terminal::print(format!("{text}\n").as_bytes());
    }
}
