//! `O Timeout.*` as far as deliveries read it.

use std::time::Duration;

/// The time limits of an outgoing connection; zero means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One attempt to connect; zero: the system's own limit.
    pub connect: Duration,
    /// The first attempt for a message; zero: as `connect`.
    pub initial_connect: Duration,
    /// All attempts for one delivery together.
    pub all_connects: Duration,
    /// The greeting.
    pub initial: Duration,
    /// Reply to `HELO` and `EHLO`.
    pub helo: Duration,
    /// Reply to `LHLO`.
    pub lhlo: Duration,
    /// Reply to `MAIL`.
    pub mail: Duration,
    /// Reply to `RCPT`.
    pub rcpt: Duration,
    /// Reply to `DATA`.
    pub data_init: Duration,
    /// Sending one block of data.
    pub data_block: Duration,
    /// Reply to the final dot.
    pub data_final: Duration,
    /// Reply to `RSET`.
    pub rset: Duration,
    /// Reply to `QUIT`.
    pub quit: Duration,
    /// Reply to other commands.
    pub misc: Duration,
    /// The `AUTH` dialogue.
    pub auth: Duration,
    /// The TLS handshake.
    pub starttls: Duration,
}

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

impl Default for Timeouts {
    /// OPT-213..OPT-230.
    fn default() -> Self {
        Self {
            connect: Duration::ZERO,
            initial_connect: Duration::ZERO,
            all_connects: Duration::ZERO,
            initial: minutes(5),
            helo: minutes(5),
            lhlo: minutes(2),
            mail: minutes(10),
            rcpt: minutes(60),
            data_init: minutes(5),
            data_block: minutes(60),
            data_final: minutes(60),
            rset: minutes(5),
            quit: minutes(2),
            misc: minutes(2),
            auth: minutes(10),
            starttls: minutes(60),
        }
    }
}
