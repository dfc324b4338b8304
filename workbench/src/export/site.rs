//! What a configuration means, in terms that are nobody's own.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Subject, Verdict};
use super::features::Feature;
use super::remark::{Loss, Place, Remark};
use super::route::{Hop, Refusal, Route};

/// A key of a routing table and where its mail goes.
#[derive(Clone, Debug)]
pub struct Routed {
    /// A domain, `.domain` for what is below it, `.` for everything.
    pub key: Vec<u8>,
    /// Where.
    pub route: Route,
}

/// What an address of a virtual domain stands for.
#[derive(Clone, Debug)]
pub enum Stands {
    /// Another address; without a domain, a user of this host. `%1` to `%3` are parts of the address.
    For(Vec<u8>),
    /// Nobody.
    Nobody(Refusal),
}

/// An entry about addresses of virtual domains.
#[derive(Clone, Debug)]
pub struct VirtualUser {
    /// `user@domain`, `@domain`, with `+*` or `++` behind the user.
    pub key: Vec<u8>,
    /// What it stands for.
    pub stands: Stands,
}

/// How an address of a sender changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// `user@domain`, `@domain`, or `.domain` for the domains below it.
    pub from: Vec<u8>,
    /// `user@domain`, or `@domain` to keep the user.
    pub to: Vec<u8>,
}

/// An entry about a client, sender or recipient.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What kind of thing `key` is.
    pub subject: Subject,
    /// The client, domain, address or user.
    pub key: Vec<u8>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// A domain, and whether those below it count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its name.
    pub name: Vec<u8>,
    /// Whether those below it count.
    pub below: bool,
}

/// Checks of a session.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// Clients and senders are looked at when the recipient is known.
    pub delayed: bool,
    /// Senders need a domain.
    pub qualified_senders: bool,
    /// Domains of senders have to resolve.
    pub resolvable_senders: bool,
    /// Clients need a name.
    pub named_clients: bool,
    /// HELO needs a dot.
    pub dotted_helo: bool,
    /// Access entries count for recipients of this host.
    pub blocked_recipients: bool,
    /// Best exchangers relay.
    pub relay_by_exchanger: bool,
    /// Lists asked about clients.
    pub client_lists: Vec<Vec<u8>>,
    /// Lists asked about domains of senders.
    pub sender_lists: Vec<Vec<u8>>,
    /// Seconds before the greeting.
    pub greet_pause: Option<u64>,
    /// Connections a minute, of each client.
    pub connection_rate: Option<u64>,
    /// Connections at a time, of each client.
    pub connection_count: Option<u64>,
}

/// Who logs in to another server.
#[derive(Clone, Debug)]
pub struct Login {
    /// The server's name or address; empty for all others.
    pub host: Vec<u8>,
    /// The user.
    pub user: Vec<u8>,
    /// The password.
    pub password: Vec<u8>,
}

/// Whether to use TLS with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    Never,
    /// Always.
    Always,
    /// Always, with a certificate that can be verified.
    Verified,
}

/// How mail for users of this host is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mailbox {
    /// Into a file of the spool directory.
    #[default]
    Spool,
    /// By procmail or its like: this command.
    Command(Vec<u8>),
    /// By LMTP at this socket.
    Lmtp(Vec<u8>),
}

/// Users of this host.
#[derive(Clone, Debug, Default)]
pub struct LocalUsers {
    /// How their mail is delivered.
    pub mailbox: Mailbox,
    /// The restricted shell for programs.
    pub shell: Option<Vec<u8>>,
    /// `user+detail` is `user`.
    pub plussed: bool,
    /// Where their mail goes instead.
    pub hub: Option<Vec<Hop>>,
    /// Where mail for unknown ones goes.
    pub unknown: Option<Route>,
    /// Files of theirs with forwarding addresses, with `$home` and `$user`.
    pub forward: Vec<Vec<u8>>,
    /// Users that may name other senders.
    pub trusted: Vec<Vec<u8>>,
}

/// A mail filter.
#[derive(Clone, Debug)]
pub struct Filter {
    /// `inet:port@host`, `unix:/path`
    pub socket: Vec<u8>,
    /// What happens without it: `accept`, `tempfail`, `reject`.
    pub otherwise: &'static str,
}

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Port number or service.
    pub port: Vec<u8>,
    /// The address, if not all.
    pub address: Option<Vec<u8>>,
    /// Modifier `a`: clients have to log in.
    pub login: bool,
    /// Modifier `s`: TLS from the beginning.
    pub tls: bool,
}

/// Aliases of one file.
#[derive(Clone, Debug)]
pub struct AliasText {
    /// The file's name.
    pub file: Vec<u8>,
    /// Its text.
    pub text: Vec<u8>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The name of the host.
    pub host: Vec<u8>,
    /// Its domain.
    pub domain: Vec<u8>,
    /// What is appended to users without a domain.
    pub origin: Vec<u8>,
    /// Domains whose mail is for users of this host, in lower case.
    pub local_names: BTreeSet<Vec<u8>>,
    /// Addresses of this host, without brackets, in lower case.
    pub literals: BTreeSet<Vec<u8>>,
    /// Nothing is local.
    pub null_client: bool,
    /// `user%host` of this host is `user@host`.
    pub percent_hack: bool,
    /// `host!user` is a user of another host.
    pub bang_paths: bool,
    /// Where mail for other hosts goes, if not to them.
    pub smart_host: Option<Route>,
    /// Exceptions from that.
    pub routes: Vec<Routed>,
    /// Aliases with domains.
    pub virtual_users: Vec<VirtualUser>,
    /// Domains in which these count, and that are not local.
    pub virtual_domains: Vec<Vec<u8>>,
    /// Names of domains that stand for others, in all addresses.
    pub renamed_domains: Vec<Rename>,
    /// What senders become.
    pub senders: Vec<Rename>,
    /// Domains below those of [`Site::senders`] that stay.
    pub kept_domains: Vec<Vec<u8>>,
    /// Whether envelope senders change, too.
    pub envelope_senders: bool,
    /// Whether recipients in headers change, too.
    pub header_recipients: bool,
    /// About clients.
    pub clients: Vec<Rule>,
    /// About senders.
    pub sender_rules: Vec<Rule>,
    /// About recipients.
    pub recipients: Vec<Rule>,
    /// Domains that mail is relayed to.
    pub relay_to: Vec<Domain>,
    /// Networks that may relay, as written or as prefixes.
    pub relay_networks: Vec<Vec<u8>>,
    /// Clients that may relay, by name.
    pub relay_clients: Vec<Domain>,
    /// Checks of sessions.
    pub checks: Checks,
    /// Passwords for other servers.
    pub logins: Vec<Login>,
    /// Users can log in.
    pub server_auth: bool,
    /// The server has a certificate.
    pub server_tls: bool,
    /// Words of PrivacyOptions, in lower case.
    pub privacy: BTreeSet<String>,
    /// TLS with other servers.
    pub encryption: Vec<(Vec<u8>, Encryption)>,
    /// Users of this host.
    pub local: LocalUsers,
    /// Their aliases.
    pub aliases: Vec<AliasText>,
    /// Users that have moved.
    pub moved: Vec<(Vec<u8>, Vec<u8>)>,
    /// `user.REDIRECT` is told to senders.
    pub redirect: bool,
    /// Mail filters.
    pub filters: Vec<Filter>,
    /// Listeners.
    pub ports: Vec<Port>,
    /// What was found, and where.
    pub found: BTreeMap<Feature, Vec<Place>>,
    /// What is not carried over.
    pub remarks: Vec<Remark>,
}

/// How many entries made from combinations (users times domains) are written at most.
pub const MAX_COMBINATIONS: usize = 100_000;

impl Site {
    /// Notes that a feature is there.
    pub fn found(&mut self, feature: Feature, places: Vec<Place>) {
        let known = self.found.entry(feature).or_default();
        for place in places {
            if !known.contains(&place) {
                known.push(place);
            }
        }
    }

    /// Notes that something cannot be carried over, or not as it was.
    pub fn remark(
        &mut self,
        feature: Feature,
        loss: Loss,
        what: &[u8],
        why: impl Into<String>,
        places: Vec<Place>,
    ) {
        let (what, why) = (what.to_vec(), why.into().into_bytes());
        self.remarks.push(Remark { feature, loss, what, why, places });
    }

    /// Whether mail for a domain is for users of this host.
    #[must_use]
    pub fn is_local(&self, domain: &[u8]) -> bool {
        let domain = domain.to_ascii_lowercase();
        let literal = domain.strip_prefix(b"[").and_then(|domain| domain.strip_suffix(b"]"));
        match literal {
            Some(literal) => self.literals.contains(literal),
            None => self.local_names.contains(&domain),
        }
    }
}

/// The domain of an address, if it has one.
#[must_use]
pub fn domain_of(address: &[u8]) -> Option<&[u8]> {
    let at = address.iter().rposition(|byte| *byte == b'@')?;
    address.get(at + 1..)
}
