//! What the command line says about the message it submits.

use ruleset_vm::{Enhanced, Exit, Status};

use super::Intake;
use crate::daemon::dead_letter::DeadLetter;
use crate::daemon::reports::reply_text;
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

    /// Rules refuse the message: nobody gets it, and its sender a report; or it waits, if that is for now (observed).
    /// `too_large`: because of its size.
    pub(super) fn keep_refused(&mut self, status: Status, too_large: bool) {
        let recipients = &mut self.envelope.recipients;
        let failed_before = recipients.iter().find_map(|recipient| match &recipient.state {
            RecipientState::Failed(status) => Some(status.exit),
            _ => None,
        });
        let limit = self.size_limit();
        self.envelope.flags.no_body_return |= limit != 0 && self.envelope.size > limit;
        if too_large {
            self.said.too_large = Some(failed_before.unwrap_or(Exit::OK));
        }
        self.envelope.message = Some(status.text.clone());
        let line = reply_text(&status).unwrap_or_else(|| status.text.clone());
        self.said.transcript.push(line);
        if status.retry {
            self.returns = true;
        } else {
            // what refuses all of it is said in the transcript, not of each recipient (observed)
            let code = Some(Enhanced::new(5, 0, 0));
            let failed = Status { reply: None, enhanced: code, ..status.clone() };
            let open = |recipient: &&mut Recipient| recipient.state == RecipientState::Pending;
            for recipient in self.envelope.recipients.iter_mut().filter(open) {
                recipient.state = RecipientState::Failed(failed.clone());
                // where somebody does not exist, only that is told of single recipients (observed)
                if failed_before.is_some() {
                    recipient.flags.notify_given = true;
                    recipient.flags.on_failure = false;
                }
            }
            self.mail_errors();
        }
        self.refusal = Some(status);
    }

    /// What the process ends with if the message is too large.
    #[must_use]
    pub fn size_refused(&self) -> Option<Exit> {
        self.said.too_large
    }

    /// What is said of a message that is too large, as a reply.
    #[must_use]
    pub fn size_reply(&self) -> Option<Vec<u8>> {
        self.said.too_large.and(self.refusal.as_ref()).and_then(reply_text)
    }

    /// Why rules refuse the message that was submitted last; it waits, or its sender hears of it.
    #[must_use]
    pub fn refusal(&self) -> Option<&Status> {
        self.refusal.as_ref()
    }

    /// What is wrong with recipients, reply codes in front.
    #[must_use]
    pub fn errors(&self) -> &[Vec<u8>] {
        &self.said.errors
    }

    /// Whether something is wrong with recipients, and not with maps alone.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.said.faulty
    }

    /// The exit status that the first recipient that failed asks for.
    #[must_use]
    pub fn first_failure(&self) -> Option<Exit> {
        self.said.failure
    }

    /// The exit status that the first trouble with a map asks for.
    #[must_use]
    pub fn trouble(&self) -> Exit {
        self.said.trouble.unwrap_or(Exit::OK)
    }

    /// The exit status if nothing worse has happened: addresses may have been read that are not balanced.
    #[must_use]
    pub fn least(&self) -> Exit {
        if self.said.unbalanced { Exit::USAGE } else { Exit::OK }
    }

    /// Where the message is kept when it fails, instead of being sent back.
    pub fn keep_in(&mut self, dead_letter: Option<DeadLetter>) {
        self.origin.dead_letter = dead_letter;
    }

    /// What is accepted waits for a queue run.
    pub fn only_queue(&mut self) {
        self.origin.delivery_mode = Some(b'q');
        if let [claimed] = self.accepted.as_mut_slice() {
            claimed.envelope.flags.split = false;
        }
    }

    /// Errors that would be printed are sent back.
    pub fn mail_errors(&mut self) {
        self.origin.dead_letter = self.origin.dead_letter.take().filter(DeadLetter::is_none);
    }

    /// Nothing is delivered now: what is wrong with some recipients goes back to the sender, the others wait
    /// for a queue run (observed).
    pub fn return_to_sender(&mut self) {
        self.mail_errors();
        self.only_queue();
        self.returns = true;
    }
}
