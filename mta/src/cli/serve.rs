//! `-bs`, `-bd`, `-bD` and `-qTIME`: serving connections and the queue.

use std::time::Duration;

use super::arguments::Arguments;
use super::{print_line, queue, start, submit};
use crate::daemon::listener::{self, DaemonOptions};
use crate::daemon::smtp_session;

/// `-bs`: SMTP on standard input and output.
pub(super) fn standard_input(arguments: &Arguments) -> u8 {
    let post = match start::open(arguments, b's') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let mode = submit::delivery_mode(arguments);
    let served = smtp_session::serve_standard_input(&post, mode, arguments.has(b'v'));
    post.wait_for_background(Duration::from_secs(24 * 3600));
    match served {
        Ok(()) => 0,
        Err(_) => 71,
    }
}

/// `-bd`, `-bD`, with `-qTIME` queue runs beside.
pub(super) fn daemon(arguments: &Arguments, words: &[Vec<u8>], mode: u8) -> u8 {
    let queue = match queue::flags(arguments) {
        Ok(queue) => queue,
        Err(text) => {
            print_line(text.as_bytes());
            return 64;
        }
    };
    let post = match start::open(arguments, mode) {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let options = DaemonOptions {
        detach: mode == b'd',
        queue_interval: queue.interval.map(Duration::from_secs),
        arguments: words.to_vec(),
        delivery_mode: submit::delivery_mode(arguments),
        ..DaemonOptions::default()
    };
    match listener::run(post, options) {
        Ok(()) => 0,
        Err(error) => {
            print_line(error.to_string().as_bytes());
            71
        }
    }
}

/// `-q`: once, or every so often.
pub(super) fn queue(arguments: &Arguments, words: &[Vec<u8>]) -> u8 {
    match queue::flags(arguments) {
        Ok(flags) if flags.interval.is_some() => {
            let post = match start::open(arguments, b'q') {
                Ok(post) => post,
                Err(exit) => return exit,
            };
            let options = DaemonOptions {
                detach: true,
                queue_interval: flags.interval.map(Duration::from_secs),
                arguments: words.to_vec(),
                addresses: Some(Vec::new()),
                ..DaemonOptions::default()
            };
            match listener::run(post, options) {
                Ok(()) => 0,
                Err(error) => {
                    print_line(error.to_string().as_bytes());
                    71
                }
            }
        }
        _ => queue::run(arguments),
    }
}
