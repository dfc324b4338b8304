//! The daemon's ears: opens the ports, takes connections in, gives each a thread.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::client::{self, Client, Patience, Resolved};
use super::connection::{Arrival, Connection};
use super::connection_rates::ConnectionRates;
use super::ports::{self, DaemonPort, Names, PortError};
use super::post::Post;
use super::settings::seconds;
use super::smtp_session;
use crate::config::site::Site;
use crate::events::{Event, Severity};
use crate::sys::duplex::Bell;
use crate::sys::hostname::{self, HostsEntry};
use crate::sys::listen::{self, AcceptedConnection, Listening};
use crate::sys::poll::{self, Interest};
use crate::sys::{clock, errors, load, net};

/// Most connections at once when MaxDaemonChildren does not say.
const MAX_CONNECTIONS: usize = 500;
/// How often a daemon that refuses connections looks whether it can take them again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How often the load average is read.
const LOAD_INTERVAL: Duration = Duration::from_secs(5);
/// Pause between attempts to bind (CMD-078).
const BIND_PAUSE: Duration = Duration::from_secs(5);

/// Why the daemon does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// DaemonPortOptions name what does not exist.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A port cannot be opened (exit status 71).
    #[error("opendaemonsocket: daemon {daemon}: server SMTP socket wedged: exiting")]
    Wedged {
        /// The daemon's name.
        daemon: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// No descriptors or threads are left.
    #[error("cannot start listening: {0}")]
    System(#[from] std::io::Error),
}

/// One open port.
struct Port {
    daemon: DaemonPort,
    socket: Listening,
    connections: AtomicUsize,
    /// Why connections are refused now, as it was logged.
    refusing: Mutex<Option<String>>,
}

/// What all connections of the daemon share.
pub(super) struct Listener {
    post: Arc<Post>,
    ports: Vec<Arc<Port>>,
    stop: Bell,
    rates: Mutex<ConnectionRates>,
    connections: AtomicUsize,
    daemon_info: Vec<u8>,
    hosts: Vec<HostsEntry>,
    limits: Limits,
}

/// The options that bound what is taken in.
struct Limits {
    connections: usize,
    per_second: usize,
    refuse_load: u32,
    patience: Patience,
}

impl Limits {
    fn of(site: &Site) -> Self {
        let options = &site.configuration.options;
        let count = |name: &str| usize::try_from(options.number(name, 0)).unwrap_or(0);
        let connections = match count("MaxDaemonChildren") {
            0 => MAX_CONNECTIONS,
            limit => limit,
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let refuse = options.number("RefuseLA", i64::try_from(12 * processors).unwrap_or(12));
        Self {
            connections,
            per_second: count("ConnectionRateThrottle"),
            refuse_load: u32::try_from(refuse).unwrap_or(0),
            patience: Patience::of_site(site),
        }
    }
}

impl Listener {
    /// Opens all ports of the configuration; each is tried `tries` times.
    pub(super) fn open(
        post: Arc<Post>,
        daemon_info: Vec<u8>,
        tries: u32,
        stop: Bell,
    ) -> Result<Self, ListenError> {
        let daemons = ports::daemons(&ports::settings(&post.site.configuration), &mut SystemNames)?;
        let mut ports = Vec::new();
        for daemon in daemons {
            if let Some(socket) = open_port(&post, &daemon, tries, &stop)? {
                let (connections, refusing) = (AtomicUsize::new(0), Mutex::new(None));
                ports.push(Arc::new(Port { daemon, socket, connections, refusing }));
            }
        }
        let options = &post.site.configuration.options;
        let window = options
            .bytes("ConnectionRateWindowSize")
            .map(|value| seconds(&value, b's'))
            .filter(|&window| window > 0)
            .unwrap_or(60);
        let hosts = hostname::own_hosts();
        Ok(Self {
            limits: Limits::of(&post.site),
            ports,
            stop,
            rates: Mutex::new(ConnectionRates::new(Duration::from_secs(window))),
            connections: AtomicUsize::new(0),
            daemon_info,
            hosts,
            post,
        })
    }

    /// The TCP addresses that are listened on.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.ports.iter().filter_map(|port| port.socket.address()).collect()
    }

    /// Connections being served.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    /// Takes connections in until the bell is rung.
    pub(super) fn run(self: &Arc<Self>) {
        let mut load = LoadWatch { value: 0, next: clock::monotonic() };
        while !self.stop.rung() {
            let open: Vec<&Arc<Port>> =
                self.ports.iter().filter(|port| self.accepts(port, &mut load)).collect();
            let mut watched: Vec<_> =
                open.iter().map(|port| (port.socket.as_fd(), Interest::Read)).collect();
            watched.push((self.stop.as_fd(), Interest::Read));
            let waiting = open.len() < self.ports.len() || self.limits.refuse_load > 0;
            let limit = if open.len() < self.ports.len() { LOOK_AGAIN } else { LOAD_INTERVAL };
            let deadline = if waiting { poll::deadline_after(limit) } else { None };
            let Ok(ready) = poll::wait(&watched, deadline) else {
                clock::pause(LOOK_AGAIN);
                continue;
            };
            for (port, _) in open.iter().zip(ready).filter(|(_, ready)| *ready) {
                self.accept(port);
            }
        }
    }

    /// Whether a port takes connections now; says so in the log when that changes (LG-036).
    fn accepts(&self, port: &Port, load: &mut LoadWatch) -> bool {
        let reason = self.reason_to_refuse(port, load);
        let mut refusing = lock(&port.refusing);
        let name = String::from_utf8_lossy(&port.daemon.name);
        match (&reason, refusing.is_some()) {
            (Some((verb, reason)), false) => {
                let text = format!("{verb} connections on daemon {name}: {reason}");
                self.post.log(None, Severity::Notice, 8, text);
            }
            (None, true) => {
                let text = format!("accepting connections again for daemon {name}");
                self.post.log(None, Severity::Notice, 8, text);
            }
            _ => {}
        }
        let taken = reason.is_none();
        *refusing = reason.map(|(_, reason)| reason);
        taken
    }

    fn reason_to_refuse(
        &self,
        port: &Port,
        load: &mut LoadWatch,
    ) -> Option<(&'static str, String)> {
        let children = |now: usize, most: usize| {
            (now >= most).then(|| ("rejecting", format!("{now} children, max {most}")))
        };
        let own_limit = usize::try_from(port.daemon.children).unwrap_or(0);
        if own_limit > 0
            && let Some(reason) = children(port.connections.load(Ordering::Acquire), own_limit)
        {
            return Some(reason);
        }
        if let Some(reason) = children(self.connections(), self.limits.connections) {
            return Some(reason);
        }
        let refuse = match port.daemon.refuse_load {
            0 => self.limits.refuse_load,
            own => own,
        };
        if refuse > 0 && load.current() >= refuse {
            return Some(("rejecting", format!("load average: {}", load.current())));
        }
        let second = clock::monotonic().checked_sub(Duration::from_secs(1))?;
        let throttle = self.limits.per_second;
        (throttle > 0 && lock(&self.rates).since(second) >= throttle)
            .then(|| ("deferring", format!("{throttle} per second")))
    }

    fn accept(self: &Arc<Self>, port: &Arc<Port>) {
        let connection = match port.socket.accept() {
            Ok(Some(connection)) => connection,
            Ok(None) => return,
            Err(error) => {
                let text = format!("getrequests: accept: {}", errors::describe(&error));
                self.post.log(None, Severity::Critical, 0, text);
                return clock::pause(LOOK_AGAIN);
            }
        };
        // A Unix socket counts as one client.
        let ip = connection.peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
        let counts = lock(&self.rates).connected(ip, clock::monotonic());
        self.connections.fetch_add(1, Ordering::AcqRel);
        port.connections.fetch_add(1, Ordering::AcqRel);
        let served = Served { listener: self.clone(), port: port.clone(), ip };
        // If there can be no thread the connection is closed, and counted as closed, with the work.
        let work = move || served.serve(connection, counts);
        if let Err(error) = std::thread::Builder::new().name("smtp".into()).spawn(work) {
            let text = format!("daemon: cannot fork: {}", errors::describe(&error));
            self.post.log(None, Severity::Critical, 0, text);
        }
    }

    fn identify(&self, peer: Option<SocketAddr>) -> Client {
        let Some(peer) = peer else {
            let name = b"localhost".to_vec();
            return Client {
                address: b"0".to_vec(),
                port: 0,
                pointer: name.clone(),
                name,
                resolved: Resolved::Ok,
            };
        };
        client::identify_here(peer, &self.hosts, self.limits.patience)
    }
}

/// A connection that counts as open as long as this lives.
struct Served {
    listener: Arc<Listener>,
    port: Arc<Port>,
    ip: IpAddr,
}

impl Served {
    fn serve(&self, mut accepted: AcceptedConnection, counts: super::connection::Counts) {
        let listener = &self.listener;
        let own_name = accepted.own.and_then(|own| {
            let own = own.to_canonical();
            let entry = listener.hosts.iter().find(|entry| entry.address == own)?;
            entry.names.first().cloned()
        });
        let connection = Connection::arrived(Arrival {
            client: listener.identify(accepted.peer),
            daemon: self.port.daemon.clone(),
            own: accepted.own,
            own_name,
            counts,
            daemon_info: listener.daemon_info.clone(),
        });
        let stream = &mut *accepted.stream;
        smtp_session::serve(stream, &listener.post, &connection, Some(&listener.stop));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        lock(&self.listener.rates).closed(self.ip);
        self.port.connections.fetch_sub(1, Ordering::AcqRel);
        self.listener.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The load average, read now and then.
struct LoadWatch {
    value: u32,
    next: Instant,
}

impl LoadWatch {
    fn current(&mut self) -> u32 {
        let now = clock::monotonic();
        if now >= self.next {
            self.value = load::load_average();
            self.next = now + LOAD_INTERVAL;
        }
        self.value
    }
}

/// Opens one port, with patience (CMD-078). `None`: modifier `O` says to do without (OPT-209).
fn open_port(
    post: &Post,
    daemon: &DaemonPort,
    tries: u32,
    stop: &Bell,
) -> Result<Option<Listening>, ListenError> {
    let name = String::from_utf8_lossy(&daemon.name).into_owned();
    let mut attempt = 1;
    loop {
        let source = match listen::listen(&daemon.place, daemon.tuning) {
            Ok(socket) => return Ok(Some(socket)),
            Err(error) => error,
        };
        let busy = source.kind() == std::io::ErrorKind::AddrInUse;
        let text =
            format!("opendaemonsocket: daemon {name}: cannot bind: {}", errors::describe(&source));
        post.events.report(Event::system_error(None, b"root", text));
        if daemon.modifiers.has(b'O') && !busy {
            return Ok(None);
        }
        let text = format!("daemon {name}: problem creating SMTP socket");
        post.log(None, Severity::Alert, 0, text);
        if attempt >= tries || stop.wait(BIND_PAUSE) {
            let error = ListenError::Wedged { daemon: name, source };
            post.events.report(Event::system_error(None, b"root", error.to_string()));
            return Err(error);
        }
        attempt += 1;
    }
}

/// Names as this host knows them.
struct SystemNames;

impl Names for SystemNames {
    fn service(&mut self, name: &[u8]) -> Option<u16> {
        net::service_port(name)
    }

    fn host(&mut self, name: &[u8]) -> Vec<IpAddr> {
        let Ok(name) = std::str::from_utf8(name) else { return Vec::new() };
        (name, 0)
            .to_socket_addrs()
            .map_or_else(|_| Vec::new(), |found| found.map(|address| address.ip()).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
