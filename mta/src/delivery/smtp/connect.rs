//! Connections for SMTP and LMTP: over TCP to the addresses of the hosts in turn, to a Unix socket,
//! or to a program's standard input and output.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use ruleset_vm::{Enhanced, Exit, Status};

use crate::config::mailer::Mailer;
use crate::delivery::context::{Binding, DeliveryContext};
use crate::delivery::hosts::{self, LookupFailure, Target};
use crate::delivery::outcome;
use crate::delivery::program::{self, Addressees};
use crate::sys::exec::{self, Output};
use crate::sys::net::{self, Channel, Origin};
use crate::sys::{clock, errors, hostname};

/// The port of SMTP.
const SMTP_PORT: u16 = 25;

/// The words of `A=TCP host port` or `A=FILE path`, expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The second word: a host list, or a path.
    pub(super) place: Vec<u8>,
    /// The port.
    pub(super) port: u16,
}

impl Endpoint {
    /// Reads the words (ML-095, ML-096).
    pub(super) fn of(
        mailer: &Mailer,
        addressees: &Addressees,
        context: &DeliveryContext<'_>,
    ) -> Result<Self, Status> {
        let first = addressees.users.first().map_or(&b""[..], Vec::as_slice);
        let binding = Binding { host: &addressees.host, user: first, sender: context.sender };
        let word =
            |at: usize| mailer.argv.get(at).map(|word| context.expand.expand(word, &binding));
        let Some(place) = word(1).filter(|place| !place.is_empty()) else {
            let text = b"null destination for [IPC] mailer".to_vec();
            return Err(Status::from_exit(Exit::CONFIG, text));
        };
        let port = match word(2).filter(|port| !port.is_empty()) {
            None => SMTP_PORT,
            Some(name) => net::service_port(&name).ok_or_else(|| {
                Status::from_exit(Exit::CONFIG, [b"unknown service ", name.as_slice()].concat())
            })?,
        };
        Ok(Self { place, port })
    }

    /// ` port N` for verbose lines, nothing for the usual port.
    pub(super) fn port_text(&self) -> String {
        if self.port == SMTP_PORT { String::new() } else { format!(" port {}", self.port) }
    }
}

/// The addresses of a target that this mailer may use, and the name the target then has in texts: a
/// name found in the name service ends in a dot, be it that of an exchanger of `place` (observed).
pub(super) fn addresses(
    target: &Target,
    place: &[u8],
    mailer: &Mailer,
    context: &DeliveryContext<'_>,
) -> (Vec<u8>, Result<Vec<IpAddr>, Status>) {
    let mut label = target.label().to_vec();
    let is_exchanger = matches!(target, Target::Name(_)) && label != place;
    if is_exchanger && !label.ends_with(b".") {
        label.push(b'.');
    }
    if let Some(only) = context.settings.connect_only_to {
        return (label, Ok(vec![only]));
    }
    let name = match target {
        Target::Address { address, .. } => return (label, Ok(vec![*address])),
        Target::Name(name) => name.strip_suffix(b".").unwrap_or(name),
    };
    let found = match context.resolver.addresses(name) {
        Ok(found) => found,
        Err(LookupFailure::NotFound | LookupFailure::NoData) => Vec::new(),
        Err(LookupFailure::Temporary) => {
            let status = hosts::no_answer(&label, Enhanced::new(4, 4, 3));
            return (label, Err(status));
        }
    };
    let usable: Vec<IpAddr> =
        found.into_iter().filter(|address| address.is_ipv4() || !mailer.flags.has(b'4')).collect();
    if usable.is_empty() {
        let status = hosts::unknown_host(&label);
        return (label, Err(status));
    }
    ([name, b"."].concat(), Ok(usable))
}

/// Connects to one address; flag `Z` allows a second attempt after DialDelay (ML-072).
pub(super) fn tcp(
    address: IpAddr,
    port: u16,
    mailer: &Mailer,
    context: &DeliveryContext<'_>,
    overall: Option<Instant>,
) -> io::Result<Box<dyn Channel>> {
    let settings = context.settings;
    let origin = Origin { reserved_port: mailer.flags.has(b'R'), ..settings.origin };
    let first_try = context.envelope.tries == 0 && !settings.timeouts.initial_connect.is_zero();
    let chosen =
        if first_try { settings.timeouts.initial_connect } else { settings.timeouts.connect };
    let attempt = || {
        let limit = bounded(chosen, overall)?;
        net::connect(SocketAddr::new(address, port), limit, origin)
    };
    let stream = match attempt() {
        Err(_) if mailer.flags.has(b'Z') && settings.dial_delay > 0 => {
            clock::pause(Duration::from_secs(settings.dial_delay));
            attempt()
        }
        done => done,
    }?;
    (context.connected)(net::own_address(&stream));
    Ok(Box::new(stream))
}

/// `limit`, but not beyond `overall`; zero means no limit.
fn bounded(limit: Duration, overall: Option<Instant>) -> io::Result<Duration> {
    let Some(end) = overall else { return Ok(limit) };
    let left = end.saturating_duration_since(clock::monotonic());
    match () {
        () if left.is_zero() => Err(io::ErrorKind::TimedOut.into()),
        () if limit.is_zero() => Ok(left),
        () => Ok(limit.min(left)),
    }
}

/// Connects to a Unix stream socket.
pub(super) fn unix(path: &[u8]) -> io::Result<Box<dyn Channel>> {
    Ok(Box::new(net::connect_unix(path)?))
}

/// Starts a program that speaks SMTP or LMTP (ML-094).
pub(super) fn start_program(
    mailer: &Mailer,
    recipients: &[usize],
    addressees: &Addressees,
    context: &DeliveryContext<'_>,
) -> Result<Box<dyn Channel>, Status> {
    let invocation =
        program::prepare(mailer, recipients, addressees, context, Output::Conversation)?;
    match exec::spawn(&invocation) {
        Ok(running) => Ok(Box::new(running)),
        Err(error) => {
            program::system_error(context, &outcome::exec_error_text(&error));
            Err(outcome::from_exec_error(mailer, &error))
        }
    }
}

/// What a failed attempt to connect says: `Connection refused by H` and the like; all are kept for
/// another try, with dsn 4.4.1 (observed).
pub(super) fn failure(error: &io::Error, host: &[u8]) -> Status {
    let words: &[u8] = match error.kind() {
        io::ErrorKind::ConnectionRefused => b"Connection refused by ",
        io::ErrorKind::TimedOut => b"Connection timed out with ",
        io::ErrorKind::ConnectionReset => b"Connection reset by ",
        _ => b"",
    };
    let text = if words.is_empty() {
        [host, b": ", errors::describe(error).as_bytes()].concat()
    } else {
        [words, host].concat()
    };
    let code = Some(Enhanced::new(4, 4, 1));
    Status { enhanced: code, ..Status::from_exit(Exit::TEMPFAIL, text) }
}

/// `relay=` of the log: the host and its address (SM-134).
pub(super) fn relay(host: &[u8], address: IpAddr) -> Vec<u8> {
    [host, b" ", &hostname::bracketed_address(address)].concat()
}
