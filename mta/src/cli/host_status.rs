//! `-bh` and `-bH`: what is known of hosts is shown, and forgotten (CMD-012, CMD-013, CMD-097, CMD-098).

use std::time::Duration;

use ruleset_vm::Exit;

use super::arguments::Arguments;
use super::voice::Voice;
use super::{print_line, start};
use crate::daemon::settings;
use crate::delivery::host_status::{HostStatus, HostStatusError, host_of};
use crate::delivery::outcome;
use crate::events::interval;
use crate::sys::{clock, errors, host_status_files};

/// Columns of the results, without `-v`.
const RESULT_WIDTH: usize = 25;

/// `-bh`
pub(super) fn show(arguments: &Arguments) -> u8 {
    let site = match start::site(arguments, b'h') {
        Ok(site) => site,
        Err(exit) => return exit,
    };
    if let Err(exit) = start::enter_queue(&site, b'h', Voice::of(b'h')) {
        return exit;
    }
    let Some(directory) = settings::host_status_directory(&site) else { return Exit::OK.0 };
    let verbose = arguments.has(b'v');
    let mut first = true;
    host_status_files::for_each(&directory, &mut |file| {
        if std::mem::take(&mut first) {
            print_line(HEAD);
        }
        let status = match HostStatus::decode(&file.text) {
            Ok(status) => status,
            Err(error) => {
                let path = file.path.display();
                let again = match error {
                    HostStatusError::Damaged => format!("{path}: "),
                    HostStatusError::Version(_) => String::new(),
                };
                print_line(format!("{path}: line 1: {again}{error}").as_bytes());
                return;
            }
        };
        print_line(&row(&host_of(&file.place), &status, file.locked, verbose));
    });
    Exit::OK.0
}

const HEAD: &[u8] =
    b" -------------- Hostname --------------- How long ago ---------Results---------";

/// One line of the list.
fn row(host: &[u8], status: &HostStatus, locked: bool, verbose: bool) -> Vec<u8> {
    let age = interval(clock::now().saturating_sub(status.last_used));
    let mut result = result(status);
    if !verbose {
        result.truncate(RESULT_WIDTH);
    }
    let name = String::from_utf8_lossy(host);
    let mark = if locked { '*' } else { ' ' };
    [format!("{mark}{name:<39} {age:>12} ").as_bytes(), &result].concat()
}

fn result(status: &HostStatus) -> Vec<u8> {
    let error = || {
        let error = std::io::Error::from_raw_os_error(status.errno);
        errors::describe(&error)
    };
    match (&status.reply, Exit(status.exit)) {
        (Some(reply), _) => reply.clone(),
        (None, Exit::OK) if status.errno == 0 => b"OK".to_vec(),
        (None, Exit::OK) => format!("OK: {}", error()).into_bytes(),
        (None, Exit::TEMPFAIL) if status.errno != 0 => {
            format!("Deferred: {}", error()).into_bytes()
        }
        (None, exit) => match outcome::exit_row(exit) {
            Some(row) => format!("{} {}", row.logged, row.text).into_bytes(),
            None => format!("Unknown exit status {}", status.exit).into_bytes(),
        },
    }
}

/// `-bH`
pub(super) fn purge(arguments: &Arguments) -> u8 {
    let site = match start::site(arguments, b'H') {
        Ok(site) => site,
        Err(exit) => return exit,
    };
    start::warn_of_host_status(&site, true);
    if let Some(directory) = settings::host_status_directory(&site) {
        let validity = settings::host_status_validity(&site);
        host_status_files::purge(&directory, Duration::from_secs(validity));
    }
    Exit::OK.0
}
