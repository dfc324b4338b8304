//! `STARTTLS` (RFC 3207).

use super::replies;
use super::session::Session;
use super::settings::StartTls;
use super::verbs::Command;

impl Session {
    pub(super) fn starttls(&mut self, command: &Command) {
        let offered = self.features.starttls;
        let reply = if !command.argument.is_empty() {
            replies::TLS_ARGUMENT
        } else if offered == StartTls::Disabled || self.is_tls() {
            replies::TLS_NOT_AVAILABLE
        } else if offered == StartTls::Unavailable {
            replies::TLS_NO_CERTIFICATE
        } else if self.transaction.is_some() {
            replies::TLS_IN_TRANSACTION
        } else {
            return self.start_tls();
        };
        self.reply(reply.reply());
    }
}
