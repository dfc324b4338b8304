//! Tables whose values are one address or one domain.

use super::{Row, error_value};
use crate::check::catalogue;
use crate::check::finding::{Finding, shown};

/// More than one word or address.
fn several(row: &Row<'_>) -> Option<Finding> {
    let quoted = row.value.contains(&b'"');
    let comma = row.value.contains(&b',') && !quoted;
    comma.then(|| {
        let message = "the value is one address; there can be no list".to_owned();
        let finding = row.about_value(&catalogue::TABLE_VALUE, message);
        finding.help("name an alias, and put the list into the aliases")
    })
}

/// virtusertable: `user@domain address`.
pub(super) fn virtual_user(row: &Row<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if !row.key.contains(&b'@') {
        let message = "the rules ask for keys with `@` only".to_owned();
        let finding = row.about_key(&catalogue::TABLE_KEY, message);
        found.push(finding.help(format!(
            "write `@{0}` for a domain, `user@{0}` for a user of it",
            shown(row.key)
        )));
    } else if row.key.ends_with(b".") {
        let message = "the rules ask for names without a dot at their end".to_owned();
        found.push(row.about_key(&catalogue::TABLE_KEY, message));
    }
    let head = row.value.get(..6).unwrap_or_default();
    if head.eq_ignore_ascii_case(b"error:") {
        found.extend(error_value(row, row.value.get(6..).unwrap_or_default()));
        return found;
    }
    found.extend(several(row));
    let percent = row.value.windows(2).find(
        |pair| matches!(pair, [b'%', digit] if digit.is_ascii_digit() && !b"0123".contains(digit)),
    );
    if let Some(pair) = percent {
        let message = format!("`{}` stands for nothing: the rules give `%1` to `%3`", shown(pair));
        found.push(row.about_value(&catalogue::TABLE_VALUE, message));
    }
    found
}

/// genericstable: `user address`, `user@domain address`.
pub(super) fn generic(row: &Row<'_>) -> Vec<Finding> {
    several(row).into_iter().collect()
}

/// domaintable: `domain domain`.
pub(super) fn domain(row: &Row<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if row.key.contains(&b'@') {
        let message = "keys are domains: the rules never ask for one with `@`".to_owned();
        found.push(row.about_key(&catalogue::TABLE_KEY, message));
    }
    if row.value.contains(&b'@') || row.value.iter().any(u8::is_ascii_whitespace) {
        let message = format!("`{}` is no domain", shown(row.value));
        found.push(row.about_value(&catalogue::TABLE_VALUE, message));
    }
    found
}
