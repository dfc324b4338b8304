//! Reaching a directory server: connection, TLS, login (MAP-062, MAP-072, MAP-077).

use std::io::{self, ErrorKind};

use super::spec::{self, Spec};
use crate::class::Env;
use crate::files;
use crate::flags::Common;
use crate::ldap::session::{Deadline, Fault, Session};
use crate::ldap::url::{Security, Server};
use crate::services::{Endpoint, Protection};

/// The system's words that are left behind by a connection that came about, with and without TLS (observed).
const IN_PROGRESS: &str = "Operation now in progress";
const TRY_AGAIN: &str = "Resource temporarily unavailable";
/// The first version of the protocol with StartTLS.
const EXTENDED_VERSION: u32 = 3;
/// The name that means this host, whatever its certificate says.
const THIS_HOST: &[u8] = b"localhost";

/// `ldap_init/ldap_bind failed to HOST in map NAME`, and the system's words.
pub(super) fn not_connected(spec: &Spec, common: &Common, words: &[u8]) -> Vec<u8> {
    let separator: &[u8] = if words.is_empty() { b"" } else { b": " };
    let server = &spec.login.server;
    let head = [b"ldap_init/ldap_bind failed to ", &server[..], b" in map ", &common.name].concat();
    [&head, separator, words].concat()
}

/// Makes the connection that all maps with the same login share (MAP-077). The error is what the system
/// says last, which has little to do with the trouble but is what is shown (observed).
pub(super) fn connect(spec: &Spec, env: &mut Env<'_>) -> Result<(), Vec<u8>> {
    if env.maps.directories().contains_key(&spec.login) {
        return Ok(());
    }
    // libldap knows no other way to log in
    if spec.method != spec::SIMPLE {
        return Err(Vec::new());
    }
    let mut last = Vec::new();
    let Some(servers) = spec.servers() else { return Err(spec::NOT_CONNECTED.into()) };
    for server in servers {
        let Some(server) = server else {
            last = Vec::new();
            continue;
        };
        let deadline = Deadline::after(env.services, spec.network_timeout);
        let mut session = match reach(spec, &server, env) {
            Ok(session) => session,
            Err(words) => {
                last = words;
                continue;
            }
        };
        start(&mut session, spec, &server, deadline, env)?;
        env.maps.directories().insert(spec.login.clone(), session);
        return Ok(());
    }
    Err(last)
}

/// Connects, with TLS if it comes first: if not, the next server is tried.
fn reach(spec: &Spec, server: &Server, env: &mut Env<'_>) -> Result<Session, Vec<u8>> {
    let stream = env.services.connect(&server.endpoint, spec.network_timeout);
    let stream = stream.map_err(|error| connect_words(&server.endpoint, &error))?;
    let mut session = Session::new(stream);
    if server.security == Security::Tls {
        protect(&mut session, spec, server, env).map_err(|error| tls_words(&error))?;
    }
    Ok(session)
}

/// Logs in, after asking for TLS where the URL says so.
fn start(
    session: &mut Session,
    spec: &Spec,
    server: &Server,
    deadline: Deadline,
    env: &mut Env<'_>,
) -> Result<(), Vec<u8>> {
    let login = &spec.login;
    let mut protected = server.security == Security::Tls;
    if let Security::StartTls { required } = server.security {
        protected = start_tls(session, spec, server, deadline, required, env)?;
    }
    match session.bind(login.version(), &login.name, &login.secret, env.services, deadline) {
        Ok(()) => Ok(()),
        Err(Fault::Late) => Err(Fault::Late.words().into()),
        Err(_) => Err(match &server.endpoint {
            Endpoint::Unix(_) => Vec::new(),
            _ if protected => TRY_AGAIN.into(),
            _ => IN_PROGRESS.into(),
        }),
    }
}

/// Asks for TLS; whether there is some now. Where it is not required, the connection goes on without it if the
/// server or the version of the protocol have none.
fn start_tls(
    session: &mut Session,
    spec: &Spec,
    server: &Server,
    deadline: Deadline,
    required: bool,
    env: &mut Env<'_>,
) -> Result<bool, Vec<u8>> {
    if spec.login.version() < EXTENDED_VERSION {
        return if required { Err(IN_PROGRESS.into()) } else { Ok(false) };
    }
    match session.ask_for_tls(env.services, deadline) {
        Ok(()) => {}
        Err(Fault::Code(_)) if !required => return Ok(false),
        Err(Fault::Late) => return Err(Fault::Late.words().into()),
        Err(_) => return Err(Vec::new()),
    }
    protect(session, spec, server, env).map(|()| true).map_err(|error| tls_words(&error))
}

fn protect(
    session: &mut Session,
    spec: &Spec,
    server: &Server,
    env: &mut Env<'_>,
) -> io::Result<()> {
    let Endpoint::Directory { host, .. } = &server.endpoint else {
        return Err(ErrorKind::Unsupported.into());
    };
    let own_name = &env.settings.ldap_host;
    let is_here = host.eq_ignore_ascii_case(THIS_HOST) && !own_name.is_empty();
    let protection = Protection {
        host: if is_here { own_name } else { host },
        limit: spec.network_timeout,
        environment: &env.settings.environment,
    };
    session.protect(|stream| env.services.protect(stream, &protection))
}

fn connect_words(endpoint: &Endpoint, error: &io::Error) -> Vec<u8> {
    match (endpoint, error.kind()) {
        (Endpoint::Unix(_), _) => files::reason(error),
        (_, ErrorKind::TimedOut) => Fault::Late.words().into(),
        // no such host
        (_, ErrorKind::NotFound) => Vec::new(),
        _ => spec::NOT_CONNECTED.into(),
    }
}

fn tls_words(error: &io::Error) -> Vec<u8> {
    match error.kind() {
        ErrorKind::TimedOut => Fault::Late.words().into(),
        // the file of certificates
        ErrorKind::NotFound => files::reason(error),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => spec::NOT_CONNECTED.into(),
        _ => TRY_AGAIN.into(),
    }
}
