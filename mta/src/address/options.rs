//! The options that steer the expansion of recipients.

use super::list_safety::Forgiven;
use crate::config::site::Site;
use crate::message::envelope::ControllingUser;
use crate::sys::users::{Account, LookupError};

/// `MaxAliasRecursion` by default (AD-014).
const MAX_ALIAS_RECURSION: i64 = 10;
/// `ForwardPath` by default (OPT-034).
const FORWARD_PATH: &[u8] = b"$z/.forward";

/// Options, read once.
#[derive(Clone, Debug)]
pub struct ExpandOptions {
    /// `MaxAliasRecursion`.
    pub max_recursion: u32,
    /// `ForwardPath`: paths in the order they are tried, macros unexpanded.
    pub forward_path: Vec<Vec<u8>>,
    /// `MeToo`: the sender stays in lists that name it.
    pub me_too: bool,
    /// `DontBlameSendmail`.
    pub forgiven: Forgiven,
    /// `DefaultUser`: who programs and files of aliases run as.
    pub default_user: ControllingUser,
    /// Aliases are looked up (not with `-n`).
    pub aliases: bool,
    /// `MatchGECOS`: a name that nobody logs in with may be the full name of a user.
    pub match_full_names: bool,
    /// Nobody wants to know what aliases and users stand for, only whether they exist (`VRFY`).
    pub verify_only: bool,
}

impl ExpandOptions {
    /// The options of a site.
    #[must_use]
    pub fn of_site(site: &Site, default_user: &ControllingUser) -> Self {
        let options = &site.configuration.options;
        let blame = options.all("DontBlameSendmail").map(|s| ruleset_vm::macros::bytes(&s.value));
        let path = options.text("ForwardPath").map(|text| cf_parser::text::write(text));
        let depth = options.number("MaxAliasRecursion", MAX_ALIAS_RECURSION);
        Self {
            max_recursion: u32::try_from(depth).unwrap_or(0),
            forward_path: split_path(path.as_deref().unwrap_or(FORWARD_PATH)),
            me_too: options.flag("MeToo", true),
            forgiven: Forgiven::parse(&blame.collect::<Vec<_>>().join(&b',')),
            default_user: default_user.clone(),
            aliases: true,
            match_full_names: options.flag("MatchGECOS", false),
            verify_only: false,
        }
    }
}

impl ExpandOptions {
    /// The user that a local part names: by login name, else, with `MatchGECOS`, by full name, where `_`
    /// stands for a blank (AD-046).
    ///
    /// # Errors
    /// The name service failed.
    pub fn find_user(&self, site: &Site, name: &[u8]) -> Result<Option<Account>, LookupError> {
        match site.user(name)? {
            None if self.match_full_names => {
                let full: Vec<u8> =
                    name.iter().map(|&byte| if byte == b'_' { b' ' } else { byte }).collect();
                site.user_by_full_name(&full)
            }
            found => Ok(found),
        }
    }
}

/// The elements of a colon list, without empty ones (AD-030).
fn split_path(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b':')
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_separated_by_colons() {
        let found = split_path(b"$z/.forward.$w+$h:$z/.forward+$h:: $z/.forward ");
        let expected: [&[u8]; 3] = [b"$z/.forward.$w+$h", b"$z/.forward+$h", b"$z/.forward"];
        assert_eq!(found, expected);
        assert!(split_path(b"").is_empty()); // OPT-034
    }
}
