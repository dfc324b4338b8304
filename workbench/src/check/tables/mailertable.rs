//! The mailertable: `domain mailer:host`.

use ruleset_vm::mailer::find;

use super::{Cf, Row, error_value};
use crate::check::catalogue;
use crate::check::finding::{Finding, shown};
use crate::check::suggest::nearest;

/// Mailers that files made with m4 have, where the configuration is not known.
const USUAL: [&str; 24] = [
    "local",
    "prog",
    "smtp",
    "esmtp",
    "smtp8",
    "dsmtp",
    "relay",
    "uucp",
    "uucp-old",
    "uucp-new",
    "uucp-dom",
    "uucp-uudom",
    "suucp",
    "procmail",
    "cyrus",
    "cyrusv2",
    "cyrusbb",
    "fax",
    "usenet",
    "mail11",
    "phquery",
    "qpage",
    "pop",
    "error",
];

pub(super) fn row(row: &Row<'_>, cf: &Cf<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if row.key.contains(&b'@') {
        let message = "keys are domains: the rules never ask for one with `@`".to_owned();
        found.push(row.about_key(&catalogue::TABLE_KEY, message));
    } else if row.key.len() > 1 && row.key.ends_with(b".") {
        let message = "the rules ask for names without a dot at their end".to_owned();
        found.push(row.about_key(&catalogue::TABLE_KEY, message));
    }
    let Some(colon) = memchr::memchr(b':', row.value) else {
        let message = format!("`{}` names no mailer: the entry does not count", shown(row.value));
        let finding = row.about_value(&catalogue::TABLE_MAILER, message);
        found.push(finding.help(format!("as in `smtp:{}`", shown(row.value))));
        return found;
    };
    let (mailer, rest) = row.value.split_at(colon);
    if mailer.eq_ignore_ascii_case(b"error") {
        found.extend(error_value(row, rest.get(1..).unwrap_or_default()));
        return found;
    }
    let known = match cf.loaded {
        Some(loaded) => find(&loaded.mailers, mailer).is_some(),
        None => USUAL.iter().any(|usual| usual.as_bytes().eq_ignore_ascii_case(mailer)),
    };
    if known {
        return found;
    }
    let near = match cf.loaded {
        Some(loaded) => nearest(mailer, loaded.mailers.iter().map(|mailer| &mailer.name[..])),
        None => nearest(mailer, USUAL.iter().map(|usual| usual.as_bytes())),
    };
    // without a configuration only what is nearly right is surely wrong
    if cf.loaded.is_none() && near.is_none() {
        return found;
    }
    let message = format!("there is no mailer `{}`", shown(mailer));
    let finding = row.about_value(&catalogue::TABLE_MAILER, message);
    found.push(match near {
        Some(near) => finding.help(format!("perhaps `{}`", shown(near))),
        None => finding,
    });
    found
}
