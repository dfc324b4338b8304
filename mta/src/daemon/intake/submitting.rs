//! What the command line says about the message it submits.

use super::Intake;
use crate::daemon::dead_letter::DeadLetter;
use crate::daemon::smtp_settings;
use crate::events::Severity;
use crate::message::envelope::{Recipient, RecipientState};

impl Intake {
    /// Something makes it doubtful who sends the message that has begun: its header tells, where PrivacyOptions
    /// has `authwarnings`, and so does the log (AD-058).
    pub fn warn(&mut self, text: &[u8]) {
        if !smtp_settings::has_privacy(&self.post.site, "authwarnings") {
            return;
        }
        let warning = [&self.worker.macros.value(b"j")[..], b": ", text].concat();
        self.log(Severity::Info, 3, [b"Authentication-Warning: ", &warning[..]].concat());
        self.warnings.push(warning);
    }

    /// There was a system error before: the transcript of reports begins with it, and the postmaster gets
    /// those too.
    pub fn say_before(&mut self, line: Vec<u8>) {
        self.said.system_error = true;
        self.said.transcript.push(line);
    }

    /// What is wrong with recipients, reply codes in front.
    #[must_use]
    pub fn errors(&self) -> &[Vec<u8>] {
        &self.said.errors
    }

    /// Where the message is kept when it fails, instead of being sent back.
    pub fn keep_in(&mut self, dead_letter: Option<DeadLetter>) {
        self.origin.dead_letter = dead_letter;
    }

    /// Whether one of these recipients cannot be resolved.
    pub fn has_flaw(&mut self, recipients: &[Recipient]) -> bool {
        recipients.iter().any(|recipient| self.probe(recipient).is_some())
    }

    /// The message goes to nobody but back to its sender, with what is wrong with some recipients.
    pub fn return_to_sender(&mut self) {
        self.origin.dead_letter = self.origin.dead_letter.take().filter(DeadLetter::is_none);
        self.origin.delivery_mode = Some(b'i');
        for claimed in &mut self.accepted {
            for recipient in &mut claimed.envelope.recipients {
                if recipient.state == RecipientState::Pending {
                    recipient.state = RecipientState::Expanded;
                }
            }
        }
    }
}
