//! What the program itself calls and brings along.

/// A ruleset that the program calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name, or its number.
    pub name: &'static str,
    /// When it is called.
    pub when: &'static str,
    /// What it is given.
    pub given: &'static str,
}

const fn row(name: &'static str, when: &'static str, given: &'static str) -> Hook {
    Hook { name, when, given }
}

/// The mailers that exist without an `M` line.
pub const BUILT_IN_MAILERS: [&str; 5] = ["prog", "*file*", "*include*", "error", "discard"];

/// The maps that exist without a `K` line.
pub const BUILT_IN_MAPS: [&str; 2] = ["host", "aliases"];

/// Every ruleset that is called without `$>` (RS-089..RS-136).
#[rustfmt::skip]
pub const HOOKS: &[Hook] = &[
    row("0", "to find the mailer of an address, after 3", "the address as 3 made it"),
    row("1", "to rewrite senders, after 3 (with no S= of the mailer, alone)", "the address as 3 made it"),
    row("2", "to rewrite recipients, after 3", "the address as 3 made it"),
    row("3", "first, with every address", "the address"),
    row("4", "last, with every address", "the address as the rulesets before it made it"),
    row("5", "with local users who are no alias and have no .forward, where the mailer has flag 5", "the user"),
    row("check_relay", "when a client has connected", "name $| address of the client"),
    row("check_mail", "at MAIL", "the sender"),
    row("check_rcpt", "at each RCPT", "the recipient"),
    row("check_data", "at DATA", "the number of recipients"),
    row("check_eoh", "behind the last header field", "number of fields $| bytes of the header"),
    row("check_eom", "behind the message", "the size of the message"),
    row("check_compat", "before each delivery", "sender $| recipient"),
    row("check_etrn", "at ETRN", "its argument"),
    row("check_expn", "at EXPN", "its argument"),
    row("check_vrfy", "at VRFY", "its argument"),
    row("check_other", "at other commands", "the command $| first digit of the reply"),
    row("trust_auth", "at MAIL AUTH=", "the submitter"),
    row("tls_client", "after STARTTLS of a client", "${verify} $| STARTTLS"),
    row("tls_server", "after STARTTLS with a server, or without it", "${verify}"),
    row("tls_rcpt", "before each RCPT to a server", "the recipient"),
    row("try_tls", "before STARTTLS with a server", "the name of the server"),
    row("tls_srv_features", "before the handshake with a client", "name $| address of the client"),
    row("tls_clt_features", "before the handshake with a server", "name $| address of the server"),
    row("srv_features", "when a client has connected, for what it is offered", "name of the client $|"),
    row("clt_features", "before a server is spoken to", "the name of the server"),
    row("authinfo", "before AUTH with a server", "name $| address of the server"),
    row("queuegroup", "for each recipient, for its queue group", "the recipient"),
    row("greet_pause", "before the greeting", "name $| address of the client"),
    row("oc_rate", "before a connection (builds with outgoing control)", "name $| address of the server"),
    row("oc_conc", "before a connection (builds with outgoing control)", "name $| address of the server"),
    row("bcc", "for each recipient (option AddBcc)", "the recipient"),
    row("x_connect", "at XCNCT (builds that take it)", "name $| address of the client"),
    row("debug_dumpstate", "at the signal USR1", "nothing"),
];

/// The row of a ruleset that the program calls.
#[must_use]
pub fn hook(name: &[u8]) -> Option<&'static Hook> {
    HOOKS.iter().find(|hook| hook.name.as_bytes() == name)
}
