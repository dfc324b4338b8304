//! The ruleset check_compat: whether a sender and a recipient suit each other, asked before each
//! delivery (RS-115).

use crate::address::worker::{Verdict, Worker};
use crate::config::site::Site;
use crate::delivery::context::DeliveryReport;
use crate::delivery::outcome;
use crate::delivery::plan::DeliveryGroup;
use crate::message::envelope::{Envelope, RecipientState};
use ruleset_vm::Status;

/// Takes the recipients out of the group that the ruleset is against. Those it discards count as
/// sent; of those it refuses there is a report, with a group of their own.
pub(super) fn check(
    worker: &mut Worker,
    envelope: &mut Envelope,
    group: &mut DeliveryGroup,
    site: &Site,
) -> Option<(DeliveryReport, DeliveryGroup)> {
    if !worker.has_ruleset("check_compat") {
        return None;
    }
    let mailer = site.mailers.get(group.mailer)?;
    let mut report = DeliveryReport::default();
    let mut refused = DeliveryGroup { recipients: Vec::new(), ..group.clone() };
    let sender = envelope.sender.clone();
    group.recipients.retain(|&index| {
        let Some(recipient) = envelope.recipients.get_mut(index) else { return false };
        match worker.check("check_compat", &[&sender, &recipient.address], true) {
            Verdict::Accept | Verdict::Quarantine(_) => true,
            Verdict::Discard => {
                recipient.state = RecipientState::Sent(Status::ok());
                false
            }
            Verdict::Reject(status) => {
                let exit = status.exit;
                report.transcript.push([b"550 ", status.text.as_slice()].concat());
                let mut status = outcome::from_exit(exit, mailer);
                status.enhanced = Some(outcome::reported_code(exit));
                report.add_all(&[index], &status);
                if let Some(last) = report.outcomes.last_mut() {
                    last.reply = Some(exit.0.to_string().into_bytes());
                }
                refused.recipients.push(index);
                false
            }
        }
    });
    (!refused.recipients.is_empty()).then_some((report, refused))
}
