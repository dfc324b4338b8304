//! The message that goes back.

use super::incoming::Incoming;

/// What stands in the user's text for the subject of the message that is answered.
const SUBJECT: &[u8] = b"$SUBJECT";
/// Fields that show which message is answered, unless the user's text has its own.
const IN_REPLY_TO: &[u8] = b"In-Reply-To:";
const REFERENCES: &[u8] = b"References:";

/// The answer to `incoming` for `recipient`: `text` is a message, of which this makes the first fields (RFC 3834,
/// section 3.1).
pub(super) fn compose(recipient: &[u8], incoming: &Incoming, text: &[u8]) -> Vec<u8> {
    let mut answer = [b"To: ", recipient, b"\nAuto-Submitted: auto-replied\n"].concat();
    if let Some(id) = &incoming.message_id {
        if !has_field(text, IN_REPLY_TO) {
            answer.extend([IN_REPLY_TO, b" ", id, b"\n"].concat());
        }
        if !has_field(text, REFERENCES) {
            let mut all = incoming.references.clone();
            all.push(id.clone());
            answer.extend([REFERENCES, b" ", &all.join(&b"\n "[..]), b"\n"].concat());
        }
    }
    substitute(text, &incoming.subject, &mut answer);
    answer
}

/// Whether the header of a message has a field; `field` has its colon.
fn has_field(text: &[u8], field: &[u8]) -> bool {
    let mut lines =
        text.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    lines.any(|line| line.get(..field.len()).is_some_and(|head| head.eq_ignore_ascii_case(field)))
}

fn substitute(text: &[u8], subject: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, SUBJECT) {
        let (before, behind) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(subject);
        rest = behind.get(SUBJECT.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(header: &str, text: &str) -> String {
        let incoming = Incoming::read(header.as_bytes(), &[]);
        let answer = compose(b"s@x", &incoming, text.as_bytes());
        String::from_utf8(answer).unwrap().replacen(
            "To: s@x\nAuto-Submitted: auto-replied\n",
            "",
            1,
        )
    }

    #[test]
    fn the_users_text_follows_the_fields() {
        let rows = [
            ("", "Subject: away\n\nx", "Subject: away\n\nx"),
            ("", "", ""),
            ("Message-Id: <a@b>", "S: x\n", "In-Reply-To: <a@b>\nReferences: <a@b>\nS: x\n"),
            (
                "Message-Id: <a@b>\nReferences: <c@d> <e@f>",
                "S: x\n",
                "In-Reply-To: <a@b>\nReferences: <c@d>\n <e@f>\n <a@b>\nS: x\n",
            ),
            ("Message-Id: <a@b>", "in-reply-to: y\n", "References: <a@b>\nin-reply-to: y\n"),
            ("Message-Id: <a@b>", "References: y\n", "In-Reply-To: <a@b>\nReferences: y\n"),
            (
                "Message-Id: <a@b>",
                "S: x\n\nReferences: y\n",
                "In-Reply-To: <a@b>\nReferences: <a@b>\nS: x\n\nReferences: y\n",
            ),
            ("References: <c@d>", "S: x\n", "S: x\n"),
        ];
        for (header, text, expected) in rows {
            assert_eq!(answer(header, text), expected, "{header} {text}");
        }
    }

    #[test]
    fn the_subject_is_put_in() {
        let text = "Subject: Re: $SUBJECT\n\n\"$SUBJECT$SUBJECT\" $SUBJEC $";
        assert_eq!(answer("Subject: hi", text), "Subject: Re: hi\n\n\"hihi\" $SUBJEC $");
        assert_eq!(answer("", text), "Subject: Re: \n\n\"\" $SUBJEC $");
        // it neither begins another field nor is it looked at again
        assert_eq!(
            answer("Subject: a\rBcc: x\n $SUBJECT", "S: $SUBJECT\n"),
            "S: a Bcc: x $SUBJECT\n"
        );
    }
}
