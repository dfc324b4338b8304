//! Whom the command line and, with `-t`, the header name as recipients, and what is wrong with the lists of the header.

use ruleset_vm::operators::Operators;
use ruleset_vm::split_codes;

use super::arguments::Arguments;
use super::usage;
use crate::address::list;
use crate::message::address_list::ListStyle;
use crate::message::defaults;
use crate::message::envelope::{Field, Recipient};
use crate::message::field_kind::{FieldKind, kind_of};
use crate::message::header;

/// The recipients in the order in which they are entered: as in lists, the last one comes first.
pub(super) struct Named {
    /// Those of the command line, then those of the header.
    all: Vec<Recipient>,
    /// How many the command line names.
    by_arguments: usize,
}

impl Named {
    /// Those of the command line.
    pub(super) fn by(arguments: &Arguments) -> Self {
        let lists = arguments.operands.iter().map(Vec::as_slice);
        let mut all: Vec<_> =
            lists.flat_map(|list| Recipient::of_list(list, ListStyle::Commas)).collect();
        let notify = arguments.last(b'N').and_then(usage::notify);
        all.iter_mut().for_each(|recipient| want(recipient, notify));
        Self { by_arguments: all.len(), all }
    }

    /// And To, Cc and Bcc of a message, with their Resent- forms if there are any. Blanks separate addresses if the
    /// option says so and nothing else does (AD-053).
    pub(super) fn and_by_header(mut self, arguments: &Arguments, head: &[u8], old: bool) -> Self {
        let notify = arguments.last(b'N').and_then(usage::notify);
        let fields = header::split(head, 0).fields;
        let resent = fields.iter().any(|field| kind_of(&field.name).resent);
        let separated = addresses(&fields).any(|(_, it)| defaults::has_separators(&it.value));
        let style = if old && !separated { ListStyle::Spaces } else { ListStyle::Commas };
        let lists = addresses(&fields).filter(|(kind, _)| kind.recipient && kind.resent == resent);
        for (_, field) in lists {
            let mut named = Recipient::of_list(&field.value, style);
            named.iter_mut().for_each(|recipient| want(recipient, notify));
            self.all.extend(named);
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn all(&self) -> &[Recipient] {
        &self.all
    }

    pub(super) fn by_arguments(&self) -> &[Recipient] {
        self.all.get(..self.by_arguments).unwrap_or_default()
    }

    pub(super) fn by_header(&self) -> &[Recipient] {
        self.all.get(self.by_arguments..).unwrap_or_default()
    }
}

/// What `-N` asks to be told of.
fn want(recipient: &mut Recipient, notify: Option<(bool, bool, bool)>) {
    if let Some((success, failure, delay)) = notify {
        recipient.flags.notify_given = true;
        recipient.flags.on_success = success;
        recipient.flags.on_failure = failure;
        recipient.flags.on_delay = delay;
    }
}

/// The fields of addresses.
fn addresses(fields: &[Field]) -> impl Iterator<Item = (FieldKind, &Field)> {
    let kinds = fields.iter().map(|field| (kind_of(&field.name), field));
    kinds.filter(|(kind, _)| kind.sender || kind.recipient)
}

/// What is said of a header while it is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderComplaints {
    /// When its addresses are rewritten: of each list from the flaw on, and of the address.
    pub(super) first: Vec<Vec<u8>>,
    /// When it is written once more.
    pub(super) again: Vec<Vec<u8>>,
}

/// Brackets, quotes and comments without a partner in the lists of a header (observed).
pub(super) fn complaints(head: &[u8], operators: &Operators) -> HeaderComplaints {
    let mut said = HeaderComplaints::default();
    let fields = header::split(head, 0).fields;
    for (_, field) in addresses(&fields) {
        for element in list::elements(&field.value, operators) {
            for complaint in &element.complaints {
                let complaint = complaint.to_string();
                let (_, words) = split_codes(complaint.as_bytes());
                let about = |text: &[u8]| [text, b"... ", words].concat();
                said.first.extend([about(element.rest), about(element.text)]);
                said.again.push(about(element.rest));
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_of_lists_are_told_of_the_rest_and_of_the_address() {
        let check = |head: &str, first: &[&str], again: &[&str]| {
            let bytes = |lines: &[&str]| lines.iter().map(|it| it.as_bytes().to_vec()).collect();
            let expected = HeaderComplaints { first: bytes(first), again: bytes(again) };
            assert_eq!(complaints(head.as_bytes(), &Operators::new(b".@")), expected, "{head}");
        };
        check(
            "To: a<b, alice\n",
            &["a<b, alice... Unbalanced '<'", "a<b... Unbalanced '<'"],
            &["a<b, alice... Unbalanced '<'"],
        );
        check("To: alice (x)\nSubject: a<b\n", &[], &[]);
    }
}
