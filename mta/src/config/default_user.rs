//! Whom programs run as, and files belong to, where nobody else is named.

use ruleset_vm::load::Configuration;

use crate::message::envelope::ControllingUser;
use crate::sys::users;

/// `DefaultUser`: as set, or the first of mailnull, sendmail, daemon that exists, or 1:1 (OPT-056).
#[must_use]
pub fn of(configuration: &Configuration) -> ControllingUser {
    let uid = users::effective_uid();
    if uid != 0 {
        let account = users::by_uid(uid).ok().flatten();
        let user = account.map_or_else(Vec::new, |account| account.name);
        return ControllingUser { user, uid, gid: users::effective_gid() };
    }
    let value = configuration.options.bytes("DefaultUser").unwrap_or_default();
    let mut parts = value.splitn(2, |b| matches!(b, b':' | b'/' | b'.'));
    let user = parts.next().unwrap_or_default().trim_ascii();
    let group = parts.next().map(<[u8]>::trim_ascii);
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok();
    let named = |name: &[u8]| users::by_name(name).ok().flatten();
    let mut chosen = match (number(user), named(user)) {
        (Some(uid), _) => Some(ControllingUser { user: user.to_vec(), uid, gid: uid }),
        (None, Some(a)) => Some(ControllingUser { user: a.name, uid: a.uid, gid: a.gid }),
        (None, None) => None,
    };
    if chosen.is_none() {
        chosen = [&b"mailnull"[..], b"sendmail", b"daemon"]
            .into_iter()
            .filter_map(named)
            .find(|account| account.uid != 0)
            .map(|a| ControllingUser { user: a.name, uid: a.uid, gid: a.gid });
    }
    let mut chosen = chosen.unwrap_or(ControllingUser { user: b"daemon".to_vec(), uid: 1, gid: 1 });
    if let Some(group) = group
        && let Some(gid) = number(group).or_else(|| users::group_by_name(group).ok().flatten())
    {
        chosen.gid = gid;
    }
    chosen
}
