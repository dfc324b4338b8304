//! Maps that features declare.

use super::super::features::Feature;

/// Maps whose entries are carried over, by the names that m4 gives them, and the features they belong to.
pub const TABLES: &[(&str, Feature)] = &[
    ("mailertable", Feature::Mailertable),
    ("virtuser", Feature::Virtusertable),
    ("generics", Feature::Genericstable),
    ("domaintable", Feature::Domaintable),
    ("bitdomain", Feature::Bitdomain),
    ("uudomain", Feature::Uucp),
    ("access", Feature::Access),
    ("authinfo", Feature::Authinfo),
];

/// Maps without entries of their own that m4 files declare for their rules.
pub(super) const HELPERS: &[&str] = &[
    "arith",
    "macro",
    "dequote",
    "user",
    "resolve",
    "canonify",
    "bestmx",
    "dnsbl",
    "ednsbl",
    "dnsblaccess",
    "storage",
    "sepa",
    "hostb",
    "aliases",
    "host",
    "syslog",
    "log",
    "checkaddress",
    "prog",
    "localuser",
    "ldapmra",
    "ldapmh",
    "tlsrcpt",
    "stsmap",
    "sts",
    "cnlookup",
    "rdns",
    "check_address",
    "hrelay",
    "domainlist",
    "badmx",
    "badmxl",
    "stszone",
    "ename",
    "luser",
];
