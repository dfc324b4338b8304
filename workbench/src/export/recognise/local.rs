//! Users of this host: mailboxes, aliases, forwarding.

use cf_parser::Piece;
use ruleset_vm::macros;
use ruleset_vm::mailer::{Mailer, find};

use super::super::features::Feature;
use super::super::remark::Loss;
use super::super::route::Transport;
use super::super::site::{AliasText, Mailbox};
use super::Recognition;
use crate::answering::MapServices;

/// Programs that put mail into the spool directory, as the targets do themselves.
const SPOOLERS: [&str; 4] = ["mail.local", "mail", "deliver", "sensible-mda"];
/// Programs that the targets call, with the words for a user.
const FILTERS: [&str; 2] = ["procmail", "maildrop"];
/// What `ForwardPath` is without the option.
const FORWARD: &[u8] = b"$home/.forward";
/// The ending of users that have moved.
const REDIRECT: &[u8] = b".redirect";

impl<S: MapServices> Recognition<'_, S> {
    pub(super) fn local(&mut self) {
        let configuration = std::sync::Arc::clone(&self.configuration);
        let mailers = &configuration.mailers;
        if let Some(mailer) = find(mailers, b"local").and_then(|number| mailers.get(number)) {
            self.mailbox(mailer);
        }
        if let Some(mailer) = find(mailers, b"prog").and_then(|number| mailers.get(number))
            && file_name(&mailer.path) == b"smrsh"
        {
            self.site.found(Feature::Smrsh, self.lines.of_mailer(b"prog"));
            self.site.local.shell = Some(mailer.path.clone());
        }
        self.site.local.plussed = self.probe.splits_details();
        if self.site.local.plussed {
            self.site.found(Feature::Plussed, self.lines.of_ruleset(b"localaddr"));
        }
        self.forward();
        self.site.local.trusted = self.class(b"t");
        if !self.site.local.trusted.is_empty() {
            self.site.found(Feature::TrustedUsers, self.lines.of_class(b"t"));
        }
        self.site.redirect =
            self.class(b"P").iter().any(|name| name == b"redirect" || name == REDIRECT);
        if self.site.redirect {
            self.site.found(Feature::Redirect, self.lines.of_class(b"P"));
        }
        self.other_mailers(mailers);
    }

    fn mailbox(&mut self, mailer: &Mailer) {
        let places = self.lines.of_mailer(b"local");
        self.site.found(Feature::LocalMailer, places.clone());
        let program = String::from_utf8_lossy(file_name(&mailer.path)).into_owned();
        self.site.local.mailbox = match Transport::of(mailer) {
            Transport::Lmtp(socket) => Mailbox::Lmtp(socket),
            _ if FILTERS.contains(&&program[..]) => Mailbox::Command(mailer.path.clone()),
            _ => Mailbox::Spool,
        };
        let known = SPOOLERS.contains(&&program[..]);
        if self.site.local.mailbox == Mailbox::Spool && !known {
            let why =
                "what this program does with mail is not known; mail goes into the spool directory";
            self.site.remark(Feature::LocalMailer, Loss::Changed, &mailer.path, why, places);
        } else if program == "sensible-mda" {
            let why = "it takes procmail, maildrop or deliver, whichever there is; mail goes into the spool directory";
            self.site.remark(Feature::LocalMailer, Loss::Changed, &mailer.path, why, places);
        }
    }

    fn forward(&mut self) {
        let Some(path) = self.configuration.options.text("ForwardPath") else {
            self.site.local.forward = vec![FORWARD.to_vec()];
            return;
        };
        let places = self.lines.of_option("ForwardPath");
        let mut text = Vec::new();
        let mut unknown = false;
        for piece in path {
            match piece {
                Piece::Byte(byte) => text.push(*byte),
                Piece::Macro(name) => text.extend_from_slice(match name.as_bytes() {
                    b"z" => b"$home",
                    b"u" => b"$user",
                    b"h" => b"$detail",
                    b"w" => &self.site.host,
                    _ => {
                        unknown = true;
                        b""
                    }
                }),
                other => unknown |= !macros::bytes(std::slice::from_ref(other)).is_empty(),
            }
        }
        self.site.found(Feature::Forward, places.clone());
        if unknown {
            let why = "it has macros that are not known for a user";
            self.site.remark(Feature::Forward, Loss::Left, &text, why, places);
            return;
        }
        let files = text
            .split(|byte| *byte == b':')
            .filter(|file| file.starts_with(b"/") || file.starts_with(b"$home"));
        self.site.local.forward = files.map(<[u8]>::to_vec).collect();
    }

    /// Mailers that tables or macros may name, and that are not SMTP.
    fn other_mailers(&mut self, mailers: &[Mailer]) {
        let own =
            [&b"local"[..], b"prog", b"*file*", b"*include*", b"error", b"discard", b"procmail"];
        let others = mailers.iter().filter(|mailer| {
            !own.iter().any(|name| name.eq_ignore_ascii_case(&mailer.name))
                && Transport::of(mailer) == Transport::Other
        });
        for mailer in others {
            let places = self.lines.of_mailer(&mailer.name);
            if !places.is_empty() {
                self.site.found(Feature::OtherMailers, places.clone());
                let why = "it is neither SMTP nor local: a transport of its own has to be written";
                let what = [b"M", &mailer.name[..]].concat();
                self.site.remark(Feature::OtherMailers, Loss::Left, &what, why, places);
            }
        }
    }

    /// Alias files; those who have moved are taken out of them.
    pub(super) fn aliases(&mut self, files: Vec<AliasText>, unread: &[(Vec<u8>, String)]) {
        let places = self.lines.of_option("AliasFile");
        if !places.is_empty() {
            self.site.found(Feature::Aliases, places.clone());
        }
        for (file, why) in unread {
            self.site.remark(Feature::Aliases, Loss::Left, file, why.clone(), places.clone());
        }
        for AliasText { file, text } in files {
            let mut kept = Vec::with_capacity(text.len());
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                match moved(line).filter(|_| self.site.redirect) {
                    Some(moved) => self.site.moved.push(moved),
                    None => kept.extend_from_slice(line),
                }
            }
            self.site.aliases.push(AliasText { file, text: kept });
        }
    }
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// `user: new@domain.REDIRECT` on one line.
fn moved(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    if matches!(line.first(), None | Some(b'#' | b' ' | b'\t')) {
        return None;
    }
    let colon = line.iter().position(|byte| *byte == b':')?;
    let user = line.get(..colon)?.trim_ascii().to_ascii_lowercase();
    let value = line.get(colon + 1..)?.trim_ascii();
    let end = value.len().checked_sub(REDIRECT.len())?;
    let (new, ending) = value.split_at(end);
    let plain = !user.is_empty() && !new.iter().any(|byte| matches!(byte, b',' | b' ' | b'"'));
    (plain && ending.eq_ignore_ascii_case(REDIRECT)).then(|| (user, new.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_moved() {
        assert_eq!(
            moved(b"Old: new@example.org.REDIRECT\n"),
            Some((b"old".to_vec(), b"new@example.org".to_vec()))
        );
        for line in
            [&b"old: new@example.org\n"[..], b"# a: b.REDIRECT\n", b"a: b, c@d.REDIRECT\n", b"x"]
        {
            assert_eq!(moved(line), None);
        }
    }
}
