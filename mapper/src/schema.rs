//! What is asked of a directory where a configuration only says that there is one (MAP-078, MAP-079).

use crate::settings::Settings;

/// The arguments of an alias map of class `ldap` without any.
pub(crate) fn aliases(settings: &Settings) -> Vec<u8> {
    [
        &b"-k (&(objectClass=sendmailMTAAliasObject)(sendmailMTAAliasGrouping=aliases)"[..],
        &owner(&settings.ldap_cluster, &settings.ldap_host),
        b"(sendmailMTAKey=%0)) -v sendmailMTAAliasValue,",
        b"sendmailMTAAliasSearch:FILTER:sendmailMTAAliasObject,",
        b"sendmailMTAAliasURL:URL:sendmailMTAAliasObject",
    ]
    .concat()
}

/// The arguments of the map behind `F{CLASS}@LDAP`.
#[must_use]
pub fn class(name: &[u8], cluster: &[u8], host: &[u8]) -> Vec<u8> {
    [
        &b"-k (&(objectClass=sendmailMTAClass)(sendmailMTAClassName="[..],
        name,
        b")",
        &owner(cluster, host),
        b") -v sendmailMTAClassValue,sendmailMTAClassSearch:FILTER:sendmailMTAClass,",
        b"sendmailMTAClassURL:URL:sendmailMTAClass",
    ]
    .concat()
}

/// Entries of this cluster or this host.
fn owner(cluster: &[u8], host: &[u8]) -> Vec<u8> {
    [b"(|(sendmailMTACluster=", cluster, b")(sendmailMTAHost=", host, b"))"].concat()
}
