//! What macros of the m4 package stand behind which lines.

use cf_parser::options::Found;
use cf_parser::options::{OPTIONS, by_name, takes_suboption};

/// Macros whose value shows in a line that is no `O` line.
pub(super) const VALUES: &[&str] = &[
    "SMART_HOST",
    "LUSER_RELAY",
    "MAIL_HUB",
    "LOCAL_RELAY",
    "UUCP_RELAY",
    "BITNET_RELAY",
    "DECNET_RELAY",
    "FAX_RELAY",
    "confDOMAIN_NAME",
    "confMAILER_NAME",
    "confCW_FILE",
    "confCT_FILE",
    "confCR_FILE",
    "confLDAP_CLUSTER",
    "confCF_VERSION",
    "confTRUSTED_USERS",
    "confDEQUOTE_OPTS",
    "confRELAY_MSG",
    "confREJECT_MSG",
    "confRCPTREJ_MSG",
    "confFROM_HEADER",
    "confMESSAGEID_HEADER",
    "confRECEIVED_HEADER",
    "LOCAL_MAILER_PATH",
    "LOCAL_MAILER_ARGS",
    "LOCAL_MAILER_MAX",
    "LOCAL_MAILER_CHARSET",
    "LOCAL_MAILER_EOL",
    "LOCAL_MAILER_MAXMSGS",
    "LOCAL_MAILER_MAXRCPTS",
    "LOCAL_MAILER_QGRP",
    "LOCAL_SHELL_PATH",
    "LOCAL_SHELL_ARGS",
    "LOCAL_SHELL_DIR",
    "SMTP_MAILER_ARGS",
    "SMTP_MAILER_MAX",
    "SMTP_MAILER_MAXMSGS",
    "SMTP_MAILER_MAXRCPTS",
    "SMTP_MAILER_CHARSET",
    "SMTP_MAILER_LL",
    "ESMTP_MAILER_ARGS",
    "SMTP8_MAILER_ARGS",
    "DSMTP_MAILER_ARGS",
    "RELAY_MAILER_ARGS",
    "RELAY_MAILER_MAXMSGS",
    "RELAY_MAILER_LL",
    "PROCMAIL_MAILER_PATH",
    "PROCMAIL_MAILER_ARGS",
    "PROCMAIL_MAILER_MAX",
    "USENET_MAILER_PATH",
    "USENET_MAILER_ARGS",
    "USENET_MAILER_MAX",
    "UUCP_MAILER_PATH",
    "UUCP_MAILER_ARGS",
    "UUCP_MAILER_MAX",
    "UUCP_MAILER_CHARSET",
    "FAX_MAILER_PATH",
    "FAX_MAILER_ARGS",
    "FAX_MAILER_MAX",
    "POP_MAILER_PATH",
    "POP_MAILER_ARGS",
    "PH_MAILER_PATH",
    "PH_MAILER_ARGS",
    "QPAGE_MAILER_PATH",
    "QPAGE_MAILER_ARGS",
    "QPAGE_MAILER_MAX",
    "CYRUS_MAILER_PATH",
    "CYRUS_MAILER_ARGS",
    "CYRUS_MAILER_MAX",
    "CYRUS_MAILER_USER",
    "CYRUS_BB_MAILER_ARGS",
    "CYRUSV2_MAILER_ARGS",
    "CYRUSV2_MAILER_MAXMSGS",
    "MAIL11_MAILER_PATH",
    "MAIL11_MAILER_ARGS",
    "SSH_MAILER_PATH",
    "SSH_MAILER_ARGS",
    "LOCAL_MAILER_FLAGS",
    "LOCAL_SHELL_FLAGS",
    "SMTP_MAILER_FLAGS",
    "RELAY_MAILER_FLAGS",
    "PROCMAIL_MAILER_FLAGS",
    "UUCP_MAILER_FLAGS",
    "USENET_MAILER_FLAGS",
    "CYRUS_MAILER_FLAGS",
    "CYRUS_BB_MAILER_FLAGS",
    "CYRUSV2_MAILER_FLAGS",
    "POP_MAILER_FLAGS",
    "PH_MAILER_FLAGS",
    "QPAGE_MAILER_FLAGS",
    "MAIL11_MAILER_FLAGS",
    "SSH_MAILER_FLAGS",
    "confLOCAL_MAILER",
    "confSMTP_MAILER",
    "confRELAY_MAILER",
    "confUUCP_MAILER",
];

/// Macros that add a word to a class (`C{x}` with braces), or a file (`F{x}`).
pub(super) const CLASSES: &[(&str, &str, &str)] = &[
    ("E", "EXPOSED_USER", "EXPOSED_USER_FILE"),
    ("L", "LOCAL_USER", "LOCAL_USER_FILE"),
    ("M", "MASQUERADE_DOMAIN", "MASQUERADE_DOMAIN_FILE"),
    ("N", "MASQUERADE_EXCEPTION", "MASQUERADE_EXCEPTION_FILE"),
    ("w", "LOCAL_DOMAIN", ""),
    ("Canonify", "CANONIFY_DOMAIN", "CANONIFY_DOMAIN_FILE"),
    ("G", "GENERICS_DOMAIN", "GENERICS_DOMAIN_FILE"),
    ("LDAPRoute", "LDAPROUTE_DOMAIN", "LDAPROUTE_DOMAIN_FILE"),
    ("LDAPRouteEquiv", "LDAPROUTE_EQUIVALENT", "LDAPROUTE_EQUIVALENT_FILE"),
    ("VirtHost", "VIRTUSER_DOMAIN", "VIRTUSER_DOMAIN_FILE"),
    ("R", "RELAY_DOMAIN", "RELAY_DOMAIN_FILE"),
    ("TrustAuthMech", "TRUST_AUTH_MECH", ""),
];

/// Features whose first argument is the class and the arguments of a map.
pub(super) const MAPS: &[(&str, &str)] = &[
    ("access_db", "access"),
    ("mailertable", "mailertable"),
    ("virtusertable", "virtuser"),
    ("genericstable", "generics"),
    ("domaintable", "domaintable"),
    ("uucpdomain", "uudomain"),
    ("bitdomain", "bitdomain"),
    ("authinfo", "authinfo"),
];

/// Words that features take: the feature, which argument (the name is 0), the words.
pub(super) const WORDS: &[(&str, usize, &[&str])] = &[
    ("access_db", 2, &["skip", "lookupdotdomain", "relaytofulladdress"]),
    ("access_db", 3, &["skip", "lookupdotdomain", "relaytofulladdress"]),
    ("delay_checks", 1, &["friend", "hater"]),
    ("delay_checks", 2, &["n"]),
    ("dnsbl", 2, &["quarantine", "discard"]),
    ("dnsbl", 3, &["t"]),
    ("enhdnsbl", 2, &["quarantine", "discard"]),
    ("enhdnsbl", 3, &["t"]),
    ("rhsbl", 2, &["quarantine", "discard"]),
    ("mtamark", 2, &["t"]),
    ("conncontrol", 1, &["nodelay"]),
    ("conncontrol", 2, &["terminate"]),
    ("ratecontrol", 1, &["nodelay"]),
    ("ratecontrol", 2, &["terminate"]),
    ("nouucp", 1, &["reject", "nospecial"]),
    ("nopercenthack", 1, &["reject", "nospecial"]),
    ("nocanonify", 1, &["canonify_hosts"]),
    ("relay_mail_from", 1, &["domain"]),
    ("bcc", 1, &["access"]),
    ("msp", 2, &["MSA"]),
    ("ldap_routing", 3, &["bounce", "sendertoo"]),
    ("ldap_routing", 4, &["strip", "preserve"]),
    ("ldap_routing", 5, &["nodomain"]),
    ("ldap_routing", 6, &["tempfail", "queue"]),
];

/// Macros that switch something in rules, with the value that people give them.
pub(super) const SWITCHES: &[(&str, &str)] =
    &[("_USE_DECNET_SYNTAX_", "1"), ("_LOCAL_LMTP_", ""), ("DEBIAN_DEBUG", "")];

/// The sections for lines of one's own: their macro, and a line that can stand there.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    // In front of everything that the package writes.
    ("divert(0)", "Cxprobe x"),
    ("LOCAL_CONFIG", "Cxprobe x"),
    ("LOCAL_RULE_3", "Rxprobe\t$1"),
    ("LOCAL_NET_CONFIG", "Rxprobe\t$1"),
    ("LOCAL_RULE_0", "Rxprobe\t$1"),
    ("LOCAL_RULE_1", "Rxprobe\t$1"),
    ("LOCAL_RULE_2", "Rxprobe\t$1"),
    ("LOCAL_RULESETS", "Sxprobe"),
    ("LOCAL_SRV_FEATURES", "Rxprobe\t$1"),
    ("LOCAL_TRY_TLS", "Rxprobe\t$1"),
    ("LOCAL_TLS_RCPT", "Rxprobe\t$1"),
    ("LOCAL_TLS_CLIENT", "Rxprobe\t$1"),
    ("LOCAL_TLS_SERVER", "Rxprobe\t$1"),
    ("MAILER_DEFINITIONS", "Mxprobe, P=x"),
];

/// The macro behind an option, named as an `O` line names it.
pub(super) fn option_macro(name: &[u8]) -> Option<String> {
    let own = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    let (Found::Exact(option) | Found::Abbreviation(option)) = by_name(own) else { return None };
    let spec = OPTIONS.get(option)?;
    let behind = name.get(own.len() + 1..);
    match behind {
        Some(suboption) if takes_suboption(option) && spec.name == "Timeout" => {
            let suboption = std::str::from_utf8(suboption).ok()?;
            let suboption = suboption.replace('-', "").replace('.', "_").to_ascii_uppercase();
            Some(format!("confTO_{suboption}"))
        }
        Some(suboption) if spec.name == "Milter" => {
            let suboption = std::str::from_utf8(suboption).ok()?.replace('.', "_");
            Some(format!("confMILTER_{}", suboption.to_ascii_uppercase()))
        }
        _ => (!spec.m4.is_empty() && !spec.m4.ends_with(')')).then(|| spec.m4.to_owned()),
    }
}

/// The name by which `MODIFY_MAILER_FLAGS` knows a mailer.
pub(super) fn mailer_macro(mailer: &str) -> String {
    match mailer {
        "prog" => "SHELL".to_owned(),
        name if name.starts_with("uucp") || name == "suucp" => "UUCP".to_owned(),
        name => name.to_ascii_uppercase(),
    }
}
