//! Messages that nobody gets: too many hops, data that may not be sent.

use ruleset_vm::{Enhanced, Exit, Status};

use super::{Attempt, is_open};
use crate::daemon::reports::Told;
use crate::events::Event;
use crate::message::envelope::{Envelope, RecipientState};
use crate::message::mime;
use crate::queue::store::Claimed;
use crate::sys::clock;

impl Attempt<'_> {
    /// Fails all recipients of a message that nobody gets.
    pub(super) fn refuses_whole(&self, claimed: &mut Claimed, told: &mut Told) -> bool {
        let envelope = &claimed.envelope;
        let hops = self.too_many_hops(envelope);
        let goes_round = hops.is_some();
        let refused = hops
            .or_else(|| self.eight_bit_refused(envelope))
            .or_else(|| self.out_of_time(envelope, told));
        let Some((status, line)) = refused else { return false };
        if goes_round {
            self.tell_of_loop(claimed, told, &line);
        }
        for (index, recipient) in claimed.envelope.recipients.iter_mut().enumerate() {
            // Of what goes round nothing else is told, not even that somebody does not exist (observed).
            let failed = matches!(recipient.state, RecipientState::Failed(_));
            if is_open(&recipient.state) || goes_round && failed {
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

    /// AD-094
    fn tell_of_loop(&self, claimed: &Claimed, told: &mut Told, line: &[u8]) {
        let (_, text) = ruleset_vm::split_codes(line);
        let id = Some(claimed.place.id.0.as_slice());
        self.post.events.report(Event::system_error(id, b"root", text.to_vec()));
        told.queue_message = Some(text.to_vec());
        told.forget_outcomes();
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

    /// DeliverBy with mode `R`: what is late goes back (QU-084).
    fn out_of_time(&self, envelope: &Envelope, told: &mut Told) -> Option<(Status, Vec<u8>)> {
        let by = envelope.deliver_by.filter(|by| by.returns())?;
        let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
        if now <= by.moment(envelope.created) {
            return None;
        }
        let text = format!("delivery time expired {}s", by.seconds);
        let last = envelope.recipients.last().map_or(&b""[..], |recipient| &recipient.address);
        self.show(&[last, b"... ", text.as_bytes()].concat());
        told.queue_message = Some(text.clone().into_bytes());
        told.transcript.push(format!("Delivery time ({}s) expired", by.seconds).into_bytes());
        let status = Status {
            enhanced: Some(Enhanced::new(5, 4, 7)),
            ..Status::from_exit(Exit::UNAVAILABLE, text)
        };
        Some((status, b"Message will be deleted from queue".to_vec()))
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
