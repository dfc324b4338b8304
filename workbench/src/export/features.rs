//! What an export knows: each feature of a configuration with how it is recognised and what becomes of it.

/// What becomes of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    /// All of it is written; in these settings.
    Whole(&'static str),
    /// Written in these settings, but for what the second text says.
    Partly(&'static str, &'static str),
    /// Nothing is written, for this reason.
    No(&'static str),
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which feature.
    pub feature: Feature,
    /// Its name in output for machines.
    pub id: &'static str,
    /// What m4 files call it.
    pub m4: &'static str,
    /// How it is recognised.
    pub seen: &'static str,
    /// For Postfix.
    pub postfix: Carry,
    /// For Exim.
    pub exim: Carry,
}

macro_rules! features {
    ($($feature:ident, $id:literal, $m4:literal, $seen:literal, $postfix:expr, $exim:expr;)*) => {
        /// A feature of a configuration.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Feature {
            $(#[doc = $seen] $feature,)*
        }

        /// All features, in the order of the enumeration.
        pub const FEATURES: &[Row] = &[
            $(Row {
                feature: Feature::$feature,
                id: $id,
                m4: $m4,
                seen: $seen,
                postfix: $postfix,
                exim: $exim,
            },)*
        ];
    };
}

use Carry::{No, Partly, Whole};

features! {
    LocalNames, "local_names", "LOCAL_DOMAIN, use_cw_file", "class w",
        Whole("`mydestination`, `proxy_interfaces`"), Whole("`domainlist local_domains`");
    HostName, "host_name", "", "macros j, m",
        Whole("`myhostname`, `mydomain`, `myorigin`"), Whole("`primary_hostname`, `qualify_domain`");
    NullClient, "nullclient", "nullclient", "macro H names the host that all other mail goes to",
        Whole("`relayhost`, `@name` in `virtual_alias_maps`, empty `mydestination`"), Whole("routers `own_names`, `smart_host`");
    PercentHack, "percent_hack", "no nopercenthack", "`user%host` of this host goes to that host",
        Whole("`allow_percent_hack`"), Whole("router `percent_hack`");
    SmartHost, "smart_host", "SMART_HOST", "macro S",
        Whole("`relayhost`, or `*` in `transport`"), Whole("router `smart_host`");
    MailHub, "mail_hub", "MAIL_HUB", "macro H",
        Partly("`@name` in `virtual_alias_maps`", "aliases are not looked at before mail goes to the hub"), Whole("routers `mail_hub`, `hub_host`");
    LocalRelay, "local_relay", "LOCAL_RELAY", "macro R",
        No("names without a domain are qualified before anything sees them, so that they cannot go another way than qualified ones"),
        No("names without a domain are qualified before anything sees them, so that they cannot go another way than qualified ones");
    LuserRelay, "luser_relay", "LUSER_RELAY", "macro L",
        Whole("`fallback_transport`"), Whole("router `unknown_users`");
    OtherRelays, "other_relays", "BITNET_RELAY, UUCP_RELAY, DECNET_RELAY, FAX_RELAY", "macros B, U, C, F with a value",
        No("addresses of these networks have no form that it knows"), No("addresses of these networks have no form that it knows");
    Mailertable, "mailertable", "mailertable", "map mailertable",
        Whole("`transport_maps`"), Whole("routers `routed_elsewhere`, `routed`");
    Virtusertable, "virtusertable", "virtusertable", "map virtuser, class VirtHost",
        Whole("`virtual_alias_maps`, `relay_domains`; errors in `transport_maps`"), Whole("router `virtual_users`");
    Genericstable, "genericstable", "genericstable", "map generics, class G",
        Whole("`sender_canonical_maps`"), Whole("rewriting rules");
    Masquerade, "masquerade", "MASQUERADE_AS and its features", "what header and envelope senders look like to the mailer for other hosts",
        Whole("`sender_canonical_maps`, `sender_canonical_classes`, `recipient_canonical_maps`"), Whole("rewriting rules");
    MasqueradeHeadersOfLocalMail, "masquerade_local", "local_no_masquerade", "header senders change, but not for the local mailer",
        Partly("as for other mail", "addresses are rewritten before it is known where mail goes: local mail shows rewritten senders, too"),
        Partly("as for other mail", "addresses are rewritten before it is known where mail goes: local mail shows rewritten senders, too");
    Domaintable, "domaintable", "domaintable", "map domaintable",
        Whole("`canonical_maps`"), Whole("rewriting rules");
    Access, "access", "access_db", "map access",
        Whole("`check_client_access`, `check_sender_access`, `check_recipient_access`, `mynetworks`, `relay_domains`"),
        Whole("lookups in the ACLs");
    AccessLimits, "access_limits", "ratecontrol, conncontrol", "rulesets RateControl, ConnControl",
        Partly("the entries without a host: `smtpd_client_connection_rate_limit`, `smtpd_client_connection_count_limit`", "limits of single hosts"),
        Partly("the entries without a host: `smtp_accept_max_per_host`", "limits of single hosts, and rates");
    GreetPause, "greet_pause", "greet_pause", "ruleset greet_pause",
        No("postscreen does it before smtpd, with other means (`postscreen_greet_wait`)"),
        Whole("`delay` in the connect ACL");
    Relaying, "relaying", "RELAY_DOMAIN, relay_entire_domain, relay_hosts_only", "class R, and which recipients and clients check_rcpt lets through",
        Whole("`relay_domains`, `mynetworks`, `check_client_access`"), Whole("`domainlist relay_to_domains`, `hostlist relay_from_hosts`");
    OpenRelay, "open_relay", "promiscuous_relay", "check_rcpt lets foreign clients send to foreign domains",
        No("an open relay would be listed within hours; name the clients that may relay"),
        No("an open relay would be listed within hours; name the clients that may relay");
    RelayBySender, "relay_by_sender", "relay_mail_from, relay_local_from", "check_rcpt lets foreign clients relay that name a certain sender",
        No("anybody can name a sender; name the clients that may relay, or let users log in"),
        No("anybody can name a sender; name the clients that may relay, or let users log in");
    RelayByExchanger, "relay_by_exchanger", "relay_based_on_MX, bestmx_is_local", "a map of class bestmx",
        Partly("`permit_mx_backup`", "hosts that this one is the best exchanger of are not taken as local"),
        Partly("`@mx_any` in `relay_to_domains`", "hosts that this one is the best exchanger of are not taken as local");
    DelayChecks, "delay_checks", "delay_checks", "check_relay and check_mail have no rules, checkrelay has",
        Partly("`smtpd_delay_reject` (its default)", "friends and haters (`Spam:` entries)"), Partly("all checks in the RCPT ACL", "friends and haters (`Spam:` entries)");
    BlockedRecipients, "blocked_recipients", "blocklist_recipients", "check_rcpt heeds the access table for local recipients",
        Whole("`check_recipient_access`"), Whole("lookup in the RCPT ACL");
    UnqualifiedSenders, "unqualified_senders", "accept_unqualified_senders", "check_mail takes a sender without a domain from elsewhere",
        Whole("`reject_non_fqdn_sender` if it does not"), Whole("`sender_unqualified_hosts`");
    UnresolvableSenders, "unresolvable_senders", "accept_unresolvable_domains", "check_mail takes a sender in a domain that does not resolve",
        Whole("`reject_unknown_sender_domain` if it does not"), Whole("`verify = sender` if it does not");
    ReverseNames, "reverse_names", "require_rdns", "check_relay refuses a client without a name",
        Whole("`reject_unknown_client_hostname`"), Whole("`verify = reverse_host_lookup`");
    Helo, "helo", "block_bad_helo", "check_rcpt or check_mail refuses a HELO without a dot",
        Whole("`reject_non_fqdn_helo_hostname`"), Whole("condition on `$sender_helo_name`");
    Dnsbl, "dnsbl", "dnsbl, enhdnsbl", "the names that check_relay would look up for a client",
        Partly("`reject_rbl_client`", "texts of their own, and lists that let mail through"), Partly("`dnslists`", "lists that let mail through");
    Rhsbl, "rhsbl", "rhsbl", "the names that check_relay would look up for a sender",
        Whole("`reject_rhsbl_sender`"), Whole("`dnslists` with `$sender_address_domain`");
    Authinfo, "authinfo", "authinfo, AuthInfo: entries", "map authinfo, tag AuthInfo",
        Partly("`smtp_sasl_password_maps`", "the name to act as, realms and lists of mechanisms"), Partly("client authenticators", "the name to act as, realms and lists of mechanisms");
    DefaultAuthInfo, "default_auth_info", "confDEF_AUTH_INFO", "option DefaultAuthInfo",
        No("the file has secrets in a form of its own; put them into the table of passwords"), No("the file has secrets in a form of its own; put them into the table of passwords");
    ServerAuth, "server_auth", "TRUST_AUTH_MECH, confAUTH_MECHANISMS", "class TrustAuthMech or option AuthMechanisms",
        Partly("`smtpd_sasl_auth_enable`, `permit_sasl_authenticated`", "where passwords come from: Cyrus SASL or Dovecot has to be set up"),
        Partly("`accept authenticated`", "server authenticators: where passwords come from has to be written");
    Tls, "tls", "confSERVER_CERT and its like", "options of certificates",
        Whole("`smtpd_tls_*`, `smtp_tls_*`"), Whole("`tls_*` options, `tls_*` of the transport");
    TlsPolicy, "tls_policy", "TLS_Srv:, TLS_Clt:, TLS_Rcpt:, Try_TLS:", "these tags in the access table",
        Partly("`smtp_tls_policy_maps` for Try_TLS and TLS_Srv", "requirements on clients and recipients, on subjects and issuers of certificates"),
        Partly("`hosts_require_tls`, `hosts_avoid_tls`", "requirements on clients and recipients, on strengths, subjects and issuers of certificates");
    SrvFeatures, "srv_features", "Srv_Features:, Clt_Features:", "these tags in the access table",
        No("features of sessions are not chosen by table"), No("features of sessions are not chosen by table");
    Aliases, "aliases", "ALIAS_FILE", "option AliasFile",
        Whole("`alias_maps`"), Whole("router `aliases`");
    UserDatabase, "user_database", "confUSERDB_SPEC", "option UserDatabaseSpec",
        No("its attributes (`maildrop`, `mailname`) have no counterpart in one table; use `virtual` and `sender_canonical`"),
        No("its attributes (`maildrop`, `mailname`) have no counterpart in one table");
    Forward, "forward", "confFORWARD_PATH", "option ForwardPath",
        Whole("`forward_path`"), Whole("router `forward_files`");
    LocalMailer, "local_mailer", "MAILER(local), local_procmail, local_lmtp", "mailer local",
        Partly("`mailbox_command`, `mailbox_transport` or the mailboxes of local(8)", "flags of the mailer"), Partly("transport `local_delivery`", "flags of the mailer");
    Smrsh, "smrsh", "smrsh", "mailer prog runs smrsh",
        Whole("`local_command_shell`"), Whole("transport `address_pipe` runs smrsh");
    Plussed, "plussed_users", "preserve_local_plus_detail", "ruleset 5 takes user+detail apart",
        Whole("`recipient_delimiter`"), Whole("`local_part_suffix`");
    Redirect, "redirect", "redirect", "REDIRECT in class P",
        Whole("`relocated_maps`, `.redirect` in `transport`"), Whole("routers `redirected_users`, `moved_users`");
    OtherMailers, "other_mailers", "MAILER(...)", "mailers that are neither local nor SMTP and that something names",
        No("a transport of its own has to be written"), No("a transport of its own has to be written");
    Uucp, "uucp", "MAILER(uucp), uudomain, SITE", "classes U, Y, Z, V, map uudomain",
        No("addresses with `!` are not routed to UUCP"), No("addresses with `!` are not routed to UUCP");
    Bitdomain, "bitdomain", "bitdomain", "map bitdomain",
        No("there are no pseudo-domains"), No("there are no pseudo-domains");
    Ldap, "ldap", "ldap_routing, LDAP classes and maps", "maps and classes of class ldap",
        No("the schema of sendmail's entries is its own; write ldap_table(5) files"), No("the schema of sendmail's entries is its own; write lookups of type ldap");
    UnreadTable, "unread_table", "", "a table that cannot be read, or of a class that has no entries",
        No("what it holds is not known"), No("what it holds is not known");
    Ports, "ports", "DAEMON_OPTIONS", "option DaemonPortOptions",
        Partly("`inet_interfaces`, services of `master.cf`", "modifiers but `a` (authentication), `E` (no ETRN), `s` (TLS at once)"),
        Partly("`daemon_smtp_ports`, `local_interfaces`, `tls_on_connect_ports`", "modifiers but `s` (TLS at once)");
    Filters, "filters", "INPUT_MAIL_FILTER", "X lines, option InputMailFilters",
        Whole("`smtpd_milters`, `milter_default_action`"), No("there are no mail filters of this protocol");
    QueueGroups, "queue_groups", "QUEUE_GROUP, queuegroup", "Q lines",
        No("the queue is not divided"), No("queues are divided by `queue_domains` and named queues only");
    TrustedUsers, "trusted_users", "confTRUSTED_USERS, use_ct_file", "class t",
        Partly("", "everybody may name a sender on the command line, without a warning in the header"), Whole("`trusted_users`");
    Headers, "headers", "", "H lines beside those of the m4 files, header checks",
        No("templates and checks of headers are rules; write header_checks(5)"), No("templates and checks of headers are rules; write `add_header` and conditions in the DATA ACL");
    Privacy, "privacy", "confPRIVACY_FLAGS", "option PrivacyOptions",
        Partly("`disable_vrfy_command`, `smtpd_helo_required`, `smtpd_discard_ehlo_keywords`", "who may see and run the queue"), Partly("`acl_smtp_vrfy`, `acl_smtp_expn`, HELO in the MAIL ACL", "`authwarnings`, receipts");
    Options, "options", "confNAME", "other options that the file sets",
        Partly("what the table below says", "what it does not"), Partly("what the table below says", "what it does not");
    UnqualifiedLocal, "unqualified_local", "no always_add_domain", "header recipients without a domain stay so in local mail",
        Partly("", "all addresses get a domain (`append_at_myorigin`)"), Partly("", "all addresses get a domain");
    CustomRules, "custom_rules", "LOCAL_CONFIG, LOCAL_RULE_n, LOCAL_RULESETS, edited by hand", "rules that the m4 files of sendmail 8.17 do not write",
        No("rules are programs; see what they do and write it anew"), No("rules are programs; see what they do and write it anew");
    CustomMaps, "custom_maps", "LOCAL_CONFIG", "maps that no feature declares",
        No("only rules of the file's own ask them"), No("only rules of the file's own ask them");
}

impl Feature {
    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        FEATURES.iter().find(|row| row.feature == self).unwrap_or(&FEATURES[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_names_are_unique() {
        for (number, row) in FEATURES.iter().enumerate() {
            assert_eq!(row.feature.row(), row);
            assert_eq!(FEATURES.iter().position(|other| other.id == row.id), Some(number));
        }
    }
}
