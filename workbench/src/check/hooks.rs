//! The rulesets that the program asks by itself (RS-079..RS-136).

/// Who asks a ruleset, and what counts in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: &'static str,
    /// Only an answer with `$#` in front counts.
    pub needs_hash: bool,
}

const fn hook(name: &'static str, needs_hash: bool) -> Hook {
    Hook { name, needs_hash }
}

/// Rulesets that are asked by name.
pub const HOOKS: [Hook; 28] = [
    hook("check_relay", true),
    hook("check_mail", true),
    hook("check_rcpt", true),
    hook("check_data", true),
    hook("check_eoh", true),
    hook("check_eom", true),
    hook("check_compat", true),
    hook("check_etrn", true),
    hook("check_expn", true),
    hook("check_vrfy", true),
    hook("check_other", true),
    hook("trust_auth", true),
    hook("tls_client", true),
    hook("tls_server", true),
    hook("tls_rcpt", true),
    hook("try_tls", true),
    hook("tls_srv_features", false),
    hook("tls_clt_features", false),
    hook("srv_features", true),
    hook("clt_features", true),
    hook("authinfo", true),
    hook("queuegroup", true),
    hook("greet_pause", true),
    hook("oc_rate", false),
    hook("oc_conc", false),
    hook("bcc", false),
    hook("x_connect", false),
    hook("debug_dumpstate", false),
];

/// Rulesets that are asked by number: addresses go through them.
pub const NUMBERED: [usize; 6] = [0, 1, 2, 3, 4, 5];

/// Those that resolve an address to a mailer.
pub const RESOLVING: [usize; 3] = [3, 0, 5];
