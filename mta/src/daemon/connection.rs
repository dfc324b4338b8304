//! What is known of a connection before the first word: who, through which daemon, how many others.

use std::net::IpAddr;

use super::client::Client;
use super::intake::{Intake, Origin};
use super::ports::{DaemonPort, Modifiers};
use crate::message::envelope::ControllingUser;
use crate::sys::hostname;
use crate::sys::load;

/// A connection, or standard input and output.
#[derive(Clone, Debug)]
pub struct Connection {
    /// `$_` and the peer in replies and log lines: `name [address]`, with -bs `user@localhost`.
    pub display: Vec<u8>,
    /// Modifiers of the daemon; with -bs those of DirectSubmissionModifiers.
    pub modifiers: Modifiers,
    /// The client and the daemon it came to; `None` with -bs.
    pub arrival: Option<Arrival>,
    /// Who is at the other end of standard input, with -bs, if that is a socket (observed).
    pub peer: Option<Client>,
    /// The local user, with -bs.
    pub user: Option<ControllingUser>,
    /// Delivery mode of the daemon or the command line, in place of the configuration's.
    pub delivery_mode: Option<u8>,
}

/// A connection to a daemon.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Who.
    pub client: Client,
    /// The daemon.
    pub daemon: DaemonPort,
    /// The own address.
    pub own: Option<IpAddr>,
    /// The name of the own address, if known.
    pub own_name: Option<Vec<u8>>,
    /// Open connections and recent ones.
    pub counts: Counts,
    /// `${daemon_info}`: `SMTP+queueing@00:30:00`.
    pub daemon_info: Vec<u8>,
}

/// `${client_connections}`, `${client_rate}`, `${total_rate}` (MC-049, MC-050).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open connections of this client, this one included.
    pub connections: u32,
    /// Connections of this client in the window, this one included.
    pub client_rate: u32,
    /// Connections of all clients in the window.
    pub total_rate: u32,
}

impl Connection {
    /// Standard input and output of a local user (-bs, SM-006). `modifiers` is the value of
    /// DirectSubmissionModifiers.
    #[must_use]
    pub fn standard(user: ControllingUser, modifiers: &[u8], delivery_mode: Option<u8>) -> Self {
        let letters = modifiers.iter().copied().filter(|b| !b.is_ascii_whitespace());
        Self {
            display: [user.user.as_slice(), b"@localhost"].concat(),
            modifiers: Modifiers(letters.collect()),
            arrival: None,
            peer: None,
            user: Some(user),
            delivery_mode,
        }
    }

    /// The same where standard input is a socket with this peer.
    #[must_use]
    pub fn with_peer(self, peer: Client) -> Self {
        Self { display: peer.display(), peer: Some(peer), ..self }
    }

    /// The client, if its address is known.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        self.arrival.as_ref().map(|arrival| &arrival.client).or(self.peer.as_ref())
    }

    /// A connection to a daemon.
    #[must_use]
    pub fn arrived(arrival: Arrival) -> Self {
        Self {
            display: arrival.client.display(),
            modifiers: arrival.daemon.modifiers.clone(),
            delivery_mode: arrival.daemon.delivery_mode,
            user: None,
            peer: None,
            arrival: Some(arrival),
        }
    }

    /// The peer's name in replies: `${client_name}`, with -bs `localhost`.
    #[must_use]
    pub fn peer_name(&self) -> &[u8] {
        self.client().map_or(b"localhost", |client| &client.name)
    }

    /// Name and address of the client; with -bs `localhost` and `0`.
    #[must_use]
    pub fn name_and_address(&self) -> (&[u8], &[u8]) {
        self.client().map_or((b"localhost", b"0"), |client| (&client.name, &client.address))
    }

    /// The daemon in log lines: its name, with -bs `stdin`.
    #[must_use]
    pub fn daemon_name(&self) -> &[u8] {
        self.arrival.as_ref().map_or(b"stdin", |arrival| &arrival.daemon.name)
    }

    /// Where messages of this connection come from.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            relay: self.display.clone(),
            by_smtp: true,
            user: self.user.clone(),
            delivery_mode: self.delivery_mode,
            ..Origin::default()
        }
    }

    /// Sets the macros of the connection (MC-045..MC-061).
    pub(super) fn define_macros(&self, intake: &mut Intake) {
        let site = intake.post.site.clone();
        let mut set = |name: &[u8], value: &[u8]| intake.set_session_macro(name, value);
        set(b"r", b"SMTP");
        set(b"daemon_flags", &self.modifiers.flags());
        set(b"load_avg", load::load_average().to_string().as_bytes());
        let mode = self.delivery_mode.unwrap_or_else(|| site.delivery_mode());
        set(b"deliveryMode", &[mode]);
        let Some(arrival) = &self.arrival else {
            let (name, address, port) = match &self.peer {
                Some(peer) => (&peer.name[..], &peer.address[..], peer.port),
                None => (&b""[..], &b"0"[..], 0),
            };
            set(b"client_name", name);
            set(b"client_ptr", name);
            set(b"client_resolve", b"");
            set(b"client_addr", address);
            set(b"client_port", port.to_string().as_bytes());
            return;
        };
        let Arrival { client, daemon, counts, .. } = arrival;
        set(b"opMode", b"d");
        set(b"s", &client.name);
        set(b"client_addr", &client.address);
        set(b"client_name", &client.name);
        set(b"client_ptr", &client.pointer);
        set(b"client_port", client.port.to_string().as_bytes());
        set(b"client_resolve", client.resolved.word().as_bytes());
        set(b"client_connections", counts.connections.to_string().as_bytes());
        set(b"client_rate", counts.client_rate.to_string().as_bytes());
        set(b"total_rate", counts.total_rate.to_string().as_bytes());
        set(b"daemon_name", &daemon.name);
        set(b"daemon_addr", &daemon.address());
        set(b"daemon_family", daemon.family().as_bytes());
        set(b"daemon_port", daemon.port().to_string().as_bytes());
        set(b"daemon_info", &arrival.daemon_info);
        arrival.define_interface(&mut set);
    }
}

impl Arrival {
    /// The own interface; its address and family stay empty for a loopback interface (observed).
    fn define_interface(&self, set: &mut dyn FnMut(&[u8], &[u8])) {
        let Some(own) = self.own.map(|own| own.to_canonical()) else { return };
        let name = self.own_name.clone().unwrap_or_else(|| hostname::bracketed_address(own));
        define_own_end(own, &name, b"", set);
    }
}

/// The own end of a connection: `${if_name}`, `${if_addr}` and `${if_family}`, with `suffix` behind their names.
pub(super) fn define_own_end(
    own: IpAddr,
    name: &[u8],
    suffix: &[u8],
    set: &mut dyn FnMut(&[u8], &[u8]),
) {
    set(&[b"if_name", suffix].concat(), name);
    if !own.is_loopback() {
        set(&[b"if_addr", suffix].concat(), hostname::plain_address(own).as_bytes());
        let family: &[u8] = if own.is_ipv4() { b"inet" } else { b"inet6" };
        set(&[b"if_family", suffix].concat(), family);
    }
}
