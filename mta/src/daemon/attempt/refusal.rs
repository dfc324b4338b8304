//! Messages that nobody gets: too many hops, data that may not be sent.

use ruleset_vm::{Enhanced, Exit, Status};

use super::{Attempt, is_open};
use crate::daemon::reports::Told;
use crate::message::envelope::{Envelope, RecipientState};
use crate::message::mime;
use crate::queue::store::Claimed;

impl Attempt<'_> {
    /// Fails all recipients of a message that nobody gets.
    pub(super) fn refuses_whole(&self, claimed: &mut Claimed, told: &mut Told) -> bool {
        let envelope = &claimed.envelope;
        let Some((status, line)) =
            self.too_many_hops(envelope).or_else(|| self.eight_bit_refused(envelope))
        else {
            return false;
        };
        for (index, recipient) in claimed.envelope.recipients.iter_mut().enumerate() {
            if is_open(&recipient.state) {
                recipient.state = RecipientState::Failed(status.clone());
                let mailer = recipient.route.as_ref().map(|route| route.mailer);
                let mailer = mailer.and_then(|index| self.post.site.mailers.get(index));
                told.note_status(index, mailer, &status);
            }
        }
        // One line for all of them.
        told.transcript.push(line);
        true
    }

    fn too_many_hops(&self, envelope: &Envelope) -> Option<(Status, Vec<u8>)> {
        let limit = self.post.site.configuration.options.number("MaxHopCount", 25);
        let trace = |name: &[u8]| crate::message::field_kind::kind_of(name).trace;
        let hops = envelope.header.iter().filter(|f| trace(&f.name)).count().max(envelope.hops);
        if i64::try_from(hops).unwrap_or(i64::MAX) <= limit {
            return None;
        }
        let code = Enhanced::new(5, 4, 6);
        let status = Status::from_reply(Exit::UNAVAILABLE, 554, code, "Too many hops");
        let first = envelope.recipients.first().map(|r| r.address.clone());
        let line = [
            format!("554 5.4.6 Too many hops {hops} ({limit} max): from ").as_bytes(),
            &envelope.sender,
            b" via localhost, to ",
            &first.unwrap_or_default(),
        ]
        .concat();
        Some((status, line))
    }

    /// EightBitMode `s`: data above 127 that nothing labels (AD-085). What comes by SMTP was refused there.
    fn eight_bit_refused(&self, envelope: &Envelope) -> Option<(Status, Vec<u8>)> {
        let refused = self.first && mime::is_refused(envelope, &self.post.site.configuration);
        let text = "Eight bit data not allowed";
        let code = Some(Enhanced::new(5, 0, 0));
        let status = Status { enhanced: code, ..Status::from_exit(Exit::DATAERR, text) };
        refused.then(|| (status, b"554 5.6.1 Eight bit data not allowed".to_vec()))
    }
}
