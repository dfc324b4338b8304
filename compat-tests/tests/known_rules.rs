//! The rules that sendmail's m4 files write, for `bangpath export`: `UPDATE_RULES=1` adds those that are new to
//! `workbench/src/export/recognise/known_rules.txt`, with several thousand runs of m4; `UPDATE_RULES=few` with the
//! most telling of them.

#![allow(clippy::unwrap_used)] // Helpers of tests may fail the test.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use compat_tests::compare::say;
use compat_tests::config;
use compat_tests::subject::{installed, oracle_required};
use workbench::export::recognise::{KNOWN_RULES, fingerprints};

/// An argument that no file of sendmail's has: rules with it have arguments of features in them.
const PARAMETER: &str = "bangpathparam";

/// What features are combined with.
const BASES: &[&str] = &[
    "",
    "FEATURE(`access_db')",
    "FEATURE(`access_db')\nFEATURE(`delay_checks')",
    "FEATURE(`access_db')\nFEATURE(`delay_checks', `friend')\nFEATURE(`blocklist_recipients')",
    "FEATURE(`access_db')\nFEATURE(`delay_checks', `hater')",
    "FEATURE(`access_db')\nFEATURE(`virtusertable')\nFEATURE(`mailertable')\nFEATURE(`genericstable')\n\
     FEATURE(`domaintable')\nMASQUERADE_AS(`bangpathparam')\nGENERICS_DOMAIN(`bangpathparam')",
    "define(`SMART_HOST', `bangpathparam')\ndefine(`MAIL_HUB', `bangpathparam')\ndefine(`LOCAL_RELAY', `bangpathparam')\n\
     define(`LUSER_RELAY', `bangpathparam')\ndefine(`BITNET_RELAY', `bangpathparam')\ndefine(`UUCP_RELAY', `bangpathparam')\n\
     define(`DECNET_RELAY', `bangpathparam')\ndefine(`FAX_RELAY', `bangpathparam')",
    "define(`confREJECT_MSG', `bangpathparam')\ndefine(`confRELAY_MSG', `bangpathparam')\n\
     define(`confRCPTREJ_MSG', `bangpathparam')\ndefine(`confSMTP_MAILER', `bangpathparam')\n\
     define(`confRELAY_MAILER', `bangpathparam')\ndefine(`confUUCP_MAILER', `bangpathparam')\n\
     define(`confLOCAL_MAILER', `bangpathparam')\ndefine(`confUUDOM_MAILER', `bangpathparam')",
    "TRUST_AUTH_MECH(`PLAIN LOGIN')\ndefine(`confAUTH_MECHANISMS', `PLAIN LOGIN')\nFEATURE(`access_db')\nFEATURE(`tls_session_features')",
    "SITE(`bangpathparam')\nCANONIFY_DOMAIN(`bangpathparam')\nLOCAL_USER(`bangpathparam')\nEXPOSED_USER(`bangpathparam')\nMASQUERADE_AS(`bangpathparam')\nMASQUERADE_EXCEPTION(`bangpathparam')",
    "undefine(`confUSERDB_SPEC')\ndefine(`confFORWARD_PATH', `$z/.forward')\ndefine(`confLUSER', `x')\ndefine(`confDOMAIN_NAME', `bangpathparam')",
];

/// Mailers beside local and smtp.
const MAILERS: &[&str] =
    &["uucp", "usenet", "procmail", "cyrus", "cyrusv2", "fax", "mail11", "phquery", "pop", "qpage"];

/// Features whose rules depend on their arguments.
const WITH_ARGUMENTS: &[&str] = &[
    "badmx",
    "bcc",
    "bestmx_is_local",
    "block_bad_helo",
    "check_other",
    "conncontrol",
    "delay_checks",
    "dnsbl",
    "domainmap",
    "enhdnsbl",
    "greet_pause",
    "ldap_routing",
    "mtamark",
    "nocanonify",
    "prefixmod",
    "queuegroup",
    "ratecontrol",
    "relay_mail_from",
    "require_rdns",
    "rhsbl",
    "sts",
    "uucpdomain",
    "virtusertable",
    "vnet",
];

/// Arguments of features.
const ARGUMENTS: &[&str] = &[
    "",
    ", `bangpathparam'",
    ", `bangpathparam', `bangpathparam'",
    ", `bangpathparam', `', `bangpathparam'",
    ", `bangpathparam', `bangpathparam', `bangpathparam', `bangpathparam', `bangpathparam'",
    ", `bangpathparam', `', `t', `127.0.0.2.', `127.0.0.3.'",
    ", `nodelay'",
    ", `nodelay', `terminate'",
    ", `domain'",
    ", `t'",
    ", `q'",
    ", `quarantine'",
    ", `null', `passthru', `preserve', `nodomain', `tempfail'",
    ", `null', `bounce', `strip', `nodomain', `queue'",
    ", `reject'",
    ", `canonify_hosts'",
    ", `allmasquerade'",
];

fn source(parts: &[&str], mailers: &[&str]) -> String {
    let mailers: String = mailers.iter().map(|mailer| format!("MAILER(`{mailer}')\n")).collect();
    format!(
        "divert(0)dnl\nOSTYPE(`linux')\n{}\nMAILER(`local')\nMAILER(`smtp')\n{mailers}",
        parts.join("\n")
    )
}

/// Lines whose rules no other source has.
const RARE: &[&str] = &[
    "FEATURE(`access_db', `', `skip')",
    "FEATURE(`access_db', `', `lookupdotdomain')",
    "FEATURE(`access_db', `', `relaytofulladdress')",
    "FEATURE(`access_db', `', `skip', `lookupdotdomain', `relaytofulladdress')",
    "FEATURE(`access_db')\nFEATURE(`lookupdotdomain')",
    "FEATURE(`ldap_routing', `null', `null', `passthru', `preserve')",
    "FEATURE(`ldap_routing', `null', `null', `bounce', `strip')",
    "FEATURE(`ldap_routing', `null', `null', `passthru', `strip', `nodomain')",
    "FEATURE(`ldap_routing', `null', `null', `sendertoo', `preserve', `nodomain', `tempfail')",
    "FEATURE(`ldap_routing', `null', `null', `bounce', `', `', `queue')",
    "FEATURE(`ldap_routing')\nLDAPROUTE_DOMAIN(`bangpathparam')",
    "FEATURE(`domaintable')\nFEATURE(`bitdomain')\nFEATURE(`uucpdomain')\nFEATURE(`domainmap')",
    "FEATURE(`relay_hosts_only')",
    "FEATURE(`loose_relay_check')",
    "FEATURE(`relay_hosts_only')\nFEATURE(`relay_entire_domain')",
    "FEATURE(`bcc', `bangpathparam', `bangpathparam')",
    "FEATURE(`delay_checks', `friend')\nFEATURE(`compat_check')",
];

/// Sources of which there are few: those lines, each of Debian's additions.
fn few() -> Vec<String> {
    let hacks = config::installed("hack").unwrap();
    let hacks = hacks
        .iter()
        .flat_map(|hack| ["", ", `bangpathparam'"].map(|more| format!("HACK(`{hack}'{more})")));
    let lines: Vec<String> = RARE.iter().map(|line| (*line).to_owned()).chain(hacks).collect();
    let all = lines
        .iter()
        .flat_map(|line| BASES.iter().map(move |base| source(&[base, line], &["uucp"])));
    all.collect()
}

/// Whether a source has rules of its own.
fn has_own_rules(source: &str) -> bool {
    source.contains("LOCAL_RULE") || source.contains("\nR$") || source.contains("LOCAL_NET_CONFIG")
}

/// All that is run.
fn sources() -> Vec<String> {
    let features = config::installed("feature").unwrap();
    let features: Vec<String> =
        features.into_iter().filter(|name| name != "msp" && name != "nullclient").collect();
    let with = |feature: &str, arguments: &str| format!("FEATURE(`{feature}'{arguments})");
    let mut out = Vec::new();
    for (number, base) in BASES.iter().enumerate() {
        out.push(source(&[base], &[]));
        out.push(source(&[base], MAILERS));
        for mailer in MAILERS {
            out.push(source(&[base], &[mailer]));
        }
        for feature in &features {
            let some = number < 4 && WITH_ARGUMENTS.contains(&&feature[..]);
            for arguments in if some { ARGUMENTS } else { &ARGUMENTS[..1] } {
                out.push(source(&[base, &with(feature, arguments)], &[]));
            }
            out.push(source(&[base, &with(feature, "")], &["uucp"]));
        }
    }
    for base in &BASES[1..2] {
        for (number, one) in features.iter().enumerate() {
            for other in &features[number + 1..] {
                let (one, other) = (with(one, ""), with(other, ""));
                out.push(source(&[base, &one, &other], &[]));
            }
        }
    }
    for feature in ["msp", "nullclient"] {
        for arguments in ["", ", `bangpathparam'"] {
            let line = with(feature, arguments);
            out.push(format!("divert(0)dnl\nOSTYPE(`linux')\n{line}\n"));
            for more in [
                "nocanonify",
                "access_db",
                "domaintable",
                "allmasquerade",
                "masquerade_envelope",
                "genericstable",
                "virtusertable",
                "mailertable",
                "authinfo",
                "no_default_msa",
            ] {
                out.push(format!("divert(0)dnl\nOSTYPE(`linux')\nFEATURE(`{more}')\n{line}\n"));
            }
        }
    }
    out
}

/// Fingerprints of the rules of a file: all, and of those with an argument also those without words.
fn known(cf: &[u8]) -> Vec<u64> {
    let (config, _) = cf_parser::parse(cf);
    let lines: Vec<&[u8]> = cf.split(|byte| *byte == b'\n').collect();
    let mut out = Vec::new();
    for (line, exact, bare, _) in fingerprints(&config) {
        out.push(exact);
        let text = lines.get(line as usize - 1).copied().unwrap_or_default();
        if String::from_utf8_lossy(text).to_ascii_lowercase().contains(PARAMETER) {
            out.push(bare);
        }
    }
    out
}

fn update() {
    let mut sources = few();
    if std::env::var("UPDATE_RULES").is_ok_and(|which| which != "few") {
        sources.append(&mut self::sources());
    }
    let next = AtomicUsize::new(0);
    let before = KNOWN_RULES.lines().filter_map(|line| u64::from_str_radix(line, 16).ok());
    let found: Mutex<BTreeSet<u64>> = Mutex::new(before.collect());
    for file in config::generated().unwrap().into_iter().chain(config::debian().unwrap()) {
        if !has_own_rules(&config::sources_of(&file.name).unwrap_or_default()) {
            found.lock().unwrap().extend(known(&file.cf));
        }
    }
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(source) = sources.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // combinations that the m4 files refuse write nothing
                    if let Ok(cf) = config::from_text(source) {
                        found.lock().unwrap().extend(known(&cf));
                    }
                }
            });
        }
    });
    let lines: String =
        found.into_inner().unwrap().iter().map(|print| format!("{print:016x}\n")).collect();
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../workbench/src/export/recognise/known_rules.txt");
    std::fs::write(path, lines).unwrap();
}

#[test]
fn rules_of_m4_files_are_known() {
    if !installed("m4") || config::installed("feature").is_err() {
        assert!(!oracle_required(), "m4 and sendmail-cf are not installed");
        say("SKIPPED known rules: m4 and sendmail-cf are not installed");
        return;
    }
    if std::env::var_os("UPDATE_RULES").is_some() {
        update();
        return;
    }
    let known: BTreeSet<&str> = KNOWN_RULES.lines().collect();
    let is_known = |print: u64| known.contains(&format!("{print:016x}")[..]);
    let mut wrong = String::new();
    let mut rules = 0;
    for file in config::generated().unwrap().into_iter().chain(config::debian().unwrap()) {
        let own = has_own_rules(&config::sources_of(&file.name).unwrap_or_default());
        let (config, _) = cf_parser::parse(&file.cf);
        let prints = fingerprints(&config);
        rules += prints.len();
        let unknown: Vec<String> = prints
            .iter()
            .filter(|(_, exact, bare, _)| !is_known(*exact) && !is_known(*bare))
            .map(|(line, _, _, ruleset)| format!("{line} ({})", String::from_utf8_lossy(ruleset)))
            .collect();
        if unknown.is_empty() == own {
            wrong += &format!(
                "{}: LOCAL_ sections {own}, unknown rules {}\n",
                file.name,
                unknown.join(", ")
            );
        }
    }
    say(&format!("known rules: {} fingerprints, {rules} rules looked at", known.len()));
    assert!(wrong.is_empty(), "{wrong}");
}
