//! `-bs`, `-bd`, `-bD` and `-qTIME`: serving connections and the queue.

use std::time::Duration;

use super::arguments::Arguments;
use super::{print_line, queue, start, submit};
use crate::daemon::client::{self, Client, Patience};
use crate::daemon::connection::Connection;
use crate::daemon::post::Post;
use crate::daemon::queue_run::{self, RunOptions};
use crate::daemon::service::{self, DaemonOptions};
use crate::daemon::smtp_session;
use crate::message::envelope::ControllingUser;
use crate::sys::duplex::Pipes;
use crate::sys::net::{self, PeerAddress};
use crate::sys::{background, clock, hostname, users};

/// How long deliveries in the background may go on when the session is over.
const BACKGROUND_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// `-bs`: SMTP on standard input and output.
pub(super) fn standard_input(arguments: &Arguments) -> u8 {
    let post = match start::open(arguments, b's') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let uid = users::real_uid();
    let user = Post::account(uid).unwrap_or_else(|| ControllingUser {
        user: b"nobody".to_vec(),
        uid,
        gid: 0,
    });
    let modifiers = post
        .site
        .configuration
        .options
        .bytes("DirectSubmissionModifiers")
        .unwrap_or_else(|| b"c u".to_vec());
    let mut connection = Connection::standard(user, &modifiers, submit::delivery_mode(arguments));
    // Another program may have accepted it: inetd.
    if let Some(peer) = net::standard_input_peer() {
        connection = connection.with_peer(match peer {
            PeerAddress::Unix => Client::of_unix_socket(),
            PeerAddress::Ip(address) => {
                let patience = Patience::of_site(&post.site);
                client::identify_here(address, &hostname::own_hosts(), patience)
            }
        });
    }
    let Ok(mut pipes) = Pipes::standard() else { return 71 };
    let exit = smtp_session::serve(&mut pipes, &post, &connection, None);
    post.wait_for_background(BACKGROUND_LIMIT);
    exit.0
}

/// `-bd`, `-bD`, with `-qTIME` queue runs beside.
pub(super) fn daemon(arguments: &Arguments, argv: &[Vec<u8>], mode: u8) -> u8 {
    let Ok(queue) = queue::flags(arguments) else { return 64 };
    let post = match start::open(arguments, mode) {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let options = DaemonOptions {
        detach: mode == b'd',
        queue_interval: queue.interval.map(Duration::from_secs),
        argv: argv.to_vec(),
    };
    match service::run(&post, &options) {
        Ok(()) => 0,
        Err(error) => {
            print_line(error.to_string().as_bytes());
            71
        }
    }
}

/// `-q`: once, or every so often in the background.
pub(super) fn queue(arguments: &Arguments) -> u8 {
    let Ok(flags) = queue::flags(arguments) else { return 64 };
    let post = match start::open(arguments, b'q') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    if let Some(unknown) = queue::unknown_group(&post, arguments) {
        print_line(&[b"Queue group ", &unknown[..], b" unknown"].concat());
        return 0;
    }
    // Without `f` a run goes on in the background, where nobody watches.
    let foreground = arguments.all(b'q').any(|value| value.starts_with(b"f"));
    let options = RunOptions {
        selection: flags.selection,
        verbose: arguments.has(b'v'),
        complains: foreground && submit::error_mode(&post) == b'p',
    };
    let Some(interval) = flags.interval else {
        queue_run::run(&post, &options);
        return 0;
    };
    if background::detach(0).is_err() {
        return 71;
    }
    service::announce_runs(&post, flags.persistent, Duration::from_secs(interval));
    loop {
        queue_run::run(&post, &options);
        clock::pause(Duration::from_secs(interval));
    }
}
