//! Selecting queue entries: `-qI`, `-qR`, `-qS`, `-qQ`, each with `!` (CMD-052, CMD-053).
//!
//! A run with a `Q` condition looks at `hf` files instead of `qf` files; that is the caller's choice of
//! [`crate::queue::store::Kind`].

use bstr::ByteSlice;

use crate::message::envelope::Envelope;

/// What a text is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `I`: the queue id.
    Id,
    /// `R`: any recipient.
    Recipient,
    /// `S`: the sender.
    Sender,
    /// `Q`: the quarantine reason.
    Quarantine,
}

/// One condition of a selective run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Where to look.
    pub part: Part,
    /// `!`: entries without the text are meant.
    pub negated: bool,
    /// The text. Upper and lower case are the same for senders and recipients, not for ids and reasons
    /// (observed). Empty matches everything.
    pub text: Vec<u8>,
}

/// The conditions of a run: OR within a kind, AND between kinds (CMD-052).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// In the order given; none selects everything.
    pub conditions: Vec<Condition>,
}

impl Selection {
    /// Whether anything is selected at all: such a run does not ask for MinQueueAge (QU-063).
    #[must_use]
    pub fn is_selective(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether a message is meant.
    #[must_use]
    pub fn matches(&self, envelope: &Envelope) -> bool {
        [Part::Id, Part::Recipient, Part::Sender, Part::Quarantine].into_iter().all(|part| {
            let mut of_part = self.conditions.iter().filter(|c| c.part == part).peekable();
            of_part.peek().is_none() || of_part.any(|condition| condition.holds(envelope))
        })
    }
}

impl Condition {
    /// With `!R` one recipient without the text is enough (observed).
    fn holds(&self, envelope: &Envelope) -> bool {
        let text = self.text.as_slice();
        let folded =
            |address: &[u8]| address.to_ascii_lowercase().contains_str(text.to_ascii_lowercase());
        let meant = |found: bool| found != self.negated;
        match self.part {
            Part::Id => meant(envelope.id.as_ref().is_some_and(|id| id.0.contains_str(text))),
            Part::Recipient => envelope.recipients.iter().any(|r| meant(folded(&r.address))),
            Part::Sender => meant(folded(&envelope.sender)),
            Part::Quarantine => {
                meant(envelope.quarantine.as_ref().is_some_and(|q| q.contains_str(text)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::envelope::{QueueId, Recipient};

    #[test]
    fn kinds_are_anded_and_repetitions_ored() {
        let envelope = Envelope {
            id: Some(QueueId(b"6AM2vgb0007375".to_vec())),
            sender: b"root".to_vec(),
            recipients: vec![Recipient::primary("far@Remote.Example"), Recipient::primary("alice")],
            ..Envelope::default()
        };
        type Row = (&'static [(Part, bool, &'static str)], bool);
        let table: &[Row] = &[
            (&[], true),
            (&[(Part::Recipient, false, "remote.EX")], true),
            (&[(Part::Recipient, true, "remote")], true),
            (&[(Part::Recipient, true, "")], false),
            (&[(Part::Recipient, true, "a")], false),
            (&[(Part::Recipient, false, "no"), (Part::Recipient, false, "far")], true),
            (&[(Part::Recipient, false, "far"), (Part::Sender, false, "joe")], false),
            (&[(Part::Id, false, "vgb0")], true),
            (&[(Part::Id, false, "VGB0")], false),
            (&[(Part::Sender, false, "ROOT")], true),
            (&[(Part::Quarantine, false, "")], false),
            (&[(Part::Quarantine, true, "")], true),
        ];
        for (conditions, expected) in table {
            let conditions = conditions
                .iter()
                .map(|&(part, negated, text)| Condition { part, negated, text: text.into() })
                .collect();
            assert_eq!(Selection { conditions }.matches(&envelope), *expected);
        }
    }
}
