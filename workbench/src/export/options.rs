//! What becomes of options: one row for each that a file may set.

use cf_parser::options::OPTIONS;
use ruleset_vm::load::Configuration;
use ruleset_vm::macros;

use super::Target;
use super::features::Feature;
use super::remark::{Loss, Place};
use super::site::Site;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As it is.
    Text,
    /// A number; none that is not above 0 is written.
    Number,
    /// Kibibytes as bytes.
    Kibibytes,
    /// A time in these units if they are not written, as seconds.
    Time(u8),
    /// `yes` or `no`.
    YesNo,
    /// The user of `user:group`.
    User,
    /// The address of `Addr=...`.
    Address,
}

/// What becomes of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// These settings.
    Set(&'static [&'static str], How),
    /// A feature has it.
    Feature,
    /// Nothing; why.
    Nothing(&'static str),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// Its name, with the part behind the dot for timeouts.
    pub name: &'static str,
    /// For Postfix.
    pub postfix: Becomes,
    /// For Exim; settings that begin with `smtp:` belong to the transport of that name.
    pub exim: Becomes,
}

use Becomes::{Feature as Has, Nothing, Set};
use How::{Address, Kibibytes, Number, Text, Time, User, YesNo};

const fn row(name: &'static str, postfix: Becomes, exim: Becomes) -> OptionRow {
    OptionRow { name, postfix, exim }
}

/// A row with the same answer for both.
const fn both(name: &'static str, becomes: Becomes) -> OptionRow {
    row(name, becomes, becomes)
}

/// A row of an option without counterpart.
const fn none(name: &'static str, why: &'static str) -> OptionRow {
    both(name, Nothing(why))
}

const OWN_QUEUE: &str = "it keeps and runs its queue in its own way";
const OWN_PLACES: &str = "its files have places of their own";
const OWN_USERS: &str = "it runs under users of its own";
const OWN_LOG: &str = "it logs in its own way";
const OWN_FORM: &str = "it writes messages and reports in one way only";
const OWN_RULES: &str = "it is about addresses as sendmail's rules see them";
const OWN_RESOLVER: &str = "the resolver is the system's";
const OWN_LOAD: &str = "it limits processes, not load";
const NOT_NEEDED: &str = "it always does so, or never";
const OWN_CIPHERS: &str = "ciphers are chosen in another way";

/// Every option.
#[rustfmt::skip]
pub const OPTION_ROWS: &[OptionRow] = &[
    none("RemoteMode", NOT_NEEDED),
    none("SevenBitInput", "all octets are kept"),
    none("EightBitMode", "bodies of eight bits are converted for hosts that do not take them, or sent as they are"),
    both("AliasFile", Has),
    none("AliasWait", "databases are replaced in one step"),
    none("BlankSub", OWN_RULES),
    row("MinFreeBlocks", Set(&["queue_minfree"], Kibibytes), Set(&["check_spool_space"], Kibibytes)),
    none("CheckpointInterval", OWN_QUEUE),
    none("HoldExpensive", OWN_QUEUE),
    none("DeliveryMode", "mail is taken into the queue and delivered at once"),
    none("ErrorHeader", "reports have templates of their own (`bounce_template_file`, `bounce_message_file`)"),
    none("ErrorMode", "errors are mailed back"),
    none("TempFileMode", OWN_PLACES),
    none("SaveFromLine", OWN_FORM),
    none("MatchGECOS", "full names are no addresses; make aliases of them"),
    none("HelpFile", "HELP says nothing of one's own"),
    row("MaxHopCount", Set(&["hopcount_limit"], Number), Set(&["received_headers_max"], Number)),
    none("ResolverOptions", OWN_RESOLVER),
    none("IgnoreDots", "it is a flag of the command line (-i)"),
    both("ForwardPath", Has),
    none("SendMimeErrors", NOT_NEEDED),
    none("ConnectionCacheSize", "connections are kept in another way"),
    none("ConnectionCacheTimeout", "connections are kept in another way"),
    none("UseErrorsTo", "reports go to the envelope sender"),
    none("LogLevel", OWN_LOG),
    none("MeToo", NOT_NEEDED),
    none("CheckAliases", "addresses are looked at when mail comes"),
    none("OldStyleHeaders", "addresses in headers are separated by commas"),
    both("DaemonPortOptions", Has),
    both("PrivacyOptions", Has),
    row("PostmasterCopy", Set(&["bounce_notice_recipient", "delay_notice_recipient"], Text), Set(&["errors_copy"], Text)),
    none("QueueFactor", OWN_QUEUE),
    none("QueueDirectory", OWN_PLACES),
    none("DontPruneRoutes", "routes (`@a,@b:user@c`) are cut off"),
    row("Timeout.queuereturn", Set(&["maximal_queue_lifetime", "bounce_queue_lifetime"], Time(b'd')), Set(&["retry"], Time(b'd'))),
    row("Timeout.queuewarn", Set(&["delay_warning_time"], Time(b'h')), Set(&["delay_warning"], Time(b'h'))),
    row("Timeout.connect", Set(&["smtp_connect_timeout"], Time(b'm')), Set(&["smtp:connect_timeout"], Time(b'm'))),
    row("Timeout.command", Set(&["smtpd_timeout"], Time(b'm')), Set(&["smtp_receive_timeout"], Time(b'm'))),
    row("Timeout.helo", Set(&["smtp_helo_timeout"], Time(b'm')), Set(&["smtp:command_timeout"], Time(b'm'))),
    row("Timeout.mail", Set(&["smtp_mail_timeout"], Time(b'm')), Nothing("all commands have one time limit")),
    row("Timeout.rcpt", Set(&["smtp_rcpt_timeout"], Time(b'm')), Nothing("all commands have one time limit")),
    row("Timeout.datainit", Set(&["smtp_data_init_timeout"], Time(b'm')), Nothing("all commands have one time limit")),
    row("Timeout.datablock", Set(&["smtp_data_xfer_timeout"], Time(b'm')), Set(&["smtp:data_timeout"], Time(b'm'))),
    row("Timeout.datafinal", Set(&["smtp_data_done_timeout"], Time(b'm')), Set(&["smtp:final_timeout"], Time(b'm'))),
    row("Timeout.quit", Set(&["smtp_quit_timeout"], Time(b'm')), Nothing("all commands have one time limit")),
    row("Timeout.rset", Set(&["smtp_rset_timeout"], Time(b'm')), Nothing("all commands have one time limit")),
    row("Timeout.starttls", Set(&["smtp_starttls_timeout"], Time(b'm')), Nothing("all commands have one time limit")),
    row("Timeout.ident", Nothing("clients are not asked by IDENT"), Set(&["rfc1413_query_timeout"], Time(b's'))),
    none("Timeout.initial", "it counts as the time of HELO"),
    none("Timeout.misc", "all commands have one time limit"),
    none("Timeout.aconnect", "every host gets the time of a connection"),
    none("Timeout.iconnect", "the first attempt gets the time of all"),
    none("Timeout.lhlo", "it counts as the time of HELO"),
    none("Timeout.auth", "all commands have one time limit"),
    none("Timeout.fileopen", OWN_PLACES),
    none("Timeout.control", "there is no control socket"),
    none("Timeout.hoststatus", "hosts that do not answer are remembered in its own way"),
    none("Timeout.resolver", OWN_RESOLVER),
    none("Timeout", "only timeouts by name are carried over"),
    none("StatusFile", "there are no statistics of mailers"),
    none("SuperSafe", "mail is on disk before it is acknowledged"),
    none("QueueTimeout", "it is the old form of Timeout.queuereturn"),
    row("TimeZoneSpec", Nothing("the time zone is the system's"), Set(&["timezone"], Text)),
    both("UserDatabaseSpec", Has),
    row("DefaultUser", Set(&["default_privs"], User), Set(&["pipe:user"], User)),
    row("FallbackMXhost", Set(&["smtp_fallback_relay"], Text), Set(&["smtp:fallback_hosts"], Text)),
    none("Verbose", "it is a flag of the command line"),
    none("TryNullMXList", "a host without exchangers is asked itself"),
    row("QueueLA", Nothing(OWN_LOAD), Set(&["queue_only_load"], Number)),
    row("RefuseLA", Nothing(OWN_LOAD), Set(&["smtp_load_reserve"], Number)),
    none("RecipientFactor", OWN_QUEUE),
    none("ForkEachJob", OWN_QUEUE),
    none("ClassFactor", OWN_QUEUE),
    none("RetryFactor", OWN_QUEUE),
    none("QueueSortOrder", OWN_QUEUE),
    none("HostsFile", OWN_RESOLVER),
    row("MinQueueAge", Set(&["minimal_backoff_time"], Time(b'm')), Nothing("retry rules say when")),
    none("DefaultCharSet", "text without a character set is left as it is"),
    none("ServiceSwitchFile", OWN_RESOLVER),
    none("DialDelay", "connections are not tried twice at once"),
    none("NoRecipientAction", OWN_FORM),
    none("SafeFileEnvironment", "deliveries to files cannot be kept below one directory by an option"),
    row("MaxMessageSize", Set(&["message_size_limit"], Number), Set(&["message_size_limit"], Number)),
    none("ColonOkInAddr", OWN_RULES),
    none("MaxQueueRunSize", OWN_QUEUE),
    row("MaxDaemonChildren", Set(&["default_process_limit"], Number), Set(&["smtp_accept_max"], Number)),
    none("DontExpandCnames", NOT_NEEDED),
    none("MustQuoteChars", OWN_FORM),
    none("SmtpGreetingMessage", "its macros are sendmail's; see `smtpd_banner`, `smtp_banner`"),
    none("UnixFromLine", OWN_FORM),
    none("OperatorChars", OWN_RULES),
    none("DontInitGroups", OWN_USERS),
    none("SingleLineFromHeader", OWN_FORM),
    none("AllowBogusHELO", NOT_NEEDED),
    none("ConnectionRateThrottle", "rates are counted for each client, not for all"),
    none("UnsafeGroupWrites", "it has rules of its own on permissions"),
    row("DoubleBounceAddress", Set(&["2bounce_notice_recipient"], Text), Nothing("errors of reports are frozen in the queue")),
    none("HostStatusDirectory", "hosts that do not answer are remembered in its own way"),
    none("SingleThreadDelivery", OWN_QUEUE),
    none("RunAsUser", OWN_USERS),
    none("RrtImpliesDsn", "receipts are asked for by DSN only"),
    row("PidFile", Nothing(OWN_PLACES), Set(&["pid_file_path"], Text)),
    none("DontBlameSendmail", "it has rules of its own on permissions"),
    none("DontProbeInterfaces", "addresses of interfaces are local in any case"),
    row("MaxRecipientsPerMessage", Set(&["smtpd_recipient_limit"], Number), Set(&["recipients_max"], Number)),
    none("DeadLetterDrop", "there are no dead letters"),
    none("DontLockFilesForRead", "databases are replaced in one step"),
    none("MaxAliasRecursion", "aliases may nest as deep as it allows"),
    none("ConnectOnlyTo", "it is for tests"),
    none("TrustedUser", OWN_USERS),
    none("MaxMimeHeaderLength", OWN_FORM),
    none("ControlSocketName", "there is no control socket"),
    row("MaxHeadersLength", Set(&["header_size_limit"], Number), Set(&["header_maxsize"], Number)),
    none("MaxForwardEntries", "there is no limit of entries"),
    none("ProcessTitlePrefix", OWN_LOG),
    both("DefaultAuthInfo", Has),
    both("AuthMechanisms", Has),
    row("ClientPortOptions", Set(&["smtp_bind_address"], Address), Set(&["smtp:interface"], Address)),
    none("DataFileBufferSize", OWN_QUEUE),
    none("XscriptFileBufferSize", OWN_QUEUE),
    none("LDAPDefaultSpec", "tables of LDAP name their servers themselves"),
    row("ServerCertFile", Set(&["smtpd_tls_cert_file"], Text), Set(&["tls_certificate"], Text)),
    row("ServerKeyFile", Set(&["smtpd_tls_key_file"], Text), Set(&["tls_privatekey"], Text)),
    row("ClientCertFile", Set(&["smtp_tls_cert_file"], Text), Set(&["smtp:tls_certificate"], Text)),
    row("ClientKeyFile", Set(&["smtp_tls_key_file"], Text), Set(&["smtp:tls_privatekey"], Text)),
    row("CACertFile", Set(&["smtpd_tls_CAfile", "smtp_tls_CAfile"], Text), Set(&["tls_verify_certificates"], Text)),
    row("CACertPath", Set(&["smtpd_tls_CApath", "smtp_tls_CApath"], Text), Nothing("CACertFile is taken")),
    row("DHParameters", Set(&["smtpd_tls_dh1024_param_file"], Text), Set(&["tls_dhparam"], Text)),
    both("InputMailFilters", Has),
    none("Milter", "filters get the macros that are usual there"),
    none("AuthOptions", "options of authentication are chosen in another way (`smtpd_sasl_security_options`, `server_advertise_condition`)"),
    none("QueueFileMode", OWN_QUEUE),
    none("CertFingerprintAlgorithm", "requirements on certificates are not carried over"),
    none("CipherList", OWN_CIPHERS),
    none("RandFile", NOT_NEEDED),
    none("TLSSrvOptions", "certificates of clients are not asked for"),
    row("BadRcptThrottle", Set(&["smtpd_soft_error_limit"], Number), Nothing("see `smtp_ratelimit_rcpt`")),
    none("DeliverByMin", "there is no DELIVERBY"),
    none("MaxQueueChildren", OWN_QUEUE),
    none("MaxRunnersPerQueue", OWN_QUEUE),
    none("DirectSubmissionModifiers", OWN_RULES),
    none("NiceQueueRun", OWN_QUEUE),
    none("SharedMemoryKey", OWN_QUEUE),
    none("AuthMaxBits", OWN_CIPHERS),
    none("MailboxDatabase", "users are the system's"),
    none("UseMSP", "there is no program of its own for submission"),
    none("DelayLA", OWN_LOAD),
    none("FastSplit", OWN_QUEUE),
    row("SoftBounce", Set(&["soft_bounce"], YesNo), Nothing("there is no such mode")),
    none("SharedMemoryKeyFile", OWN_QUEUE),
    none("RejectLogInterval", OWN_LOG),
    none("RequiresDirfsync", OWN_QUEUE),
    row("ConnectionRateWindowSize", Set(&["anvil_rate_time_unit"], Time(b's')), Nothing("rates have their times with them")),
    none("CRLFile", "revocation lists belong to the files of authorities"),
    row("FallbackSmartHost", Set(&["smtp_fallback_relay"], Text), Set(&["smtp:fallback_hosts"], Text)),
    row("AuthRealm", Set(&["smtpd_sasl_local_domain"], Text), Nothing("authenticators name their realms")),
    none("CRLPath", "revocation lists belong to the files of authorities"),
    row("HeloName", Set(&["smtp_helo_name"], Text), Set(&["smtp:helo_data"], Text)),
    none("RefuseLowMem", OWN_LOAD),
    none("QueueLowMem", OWN_LOAD),
    none("MemoryResource", OWN_LOAD),
    row("MaxNOOPCommands", Set(&["smtpd_junk_command_limit"], Number), Set(&["smtp_accept_max_nonmail"], Number)),
    none("MessageAccept", OWN_FORM),
    none("CheckQueueRunners", OWN_QUEUE),
    none("EightBitAddrOK", OWN_RULES),
    none("AddrTypeModes", OWN_RULES),
    row("BadRcptShutdown", Set(&["smtpd_hard_error_limit"], Number), Set(&["smtp_max_unknown_commands"], Number)),
    none("BadRcptShutdownGood", "good recipients do not count"),
    none("ServerSSLOptions", OWN_CIPHERS),
    none("ClientSSLOptions", OWN_CIPHERS),
    row("MaxQueueAge", Set(&["maximal_backoff_time"], Time(b'm')), Nothing("retry rules say when")),
    row("BadRcptThrottleDelay", Set(&["smtpd_error_sleep_time"], Time(b's')), Nothing("see `smtp_ratelimit_rcpt`")),
    none("FIPSMode", OWN_CIPHERS),
    none("RejectNUL", NOT_NEEDED),
    none("BounceQueue", OWN_QUEUE),
    row("AddBcc", Nothing(OWN_FORM), Nothing(OWN_FORM)),
    none("UseCompressedIPv6Addresses", "addresses have their usual form"),
    none("SSLEngine", OWN_CIPHERS),
    none("SSLEnginePath", OWN_CIPHERS),
    none("TLSFallbacktoClear", "without TLS mail is sent in the clear, unless a policy forbids it"),
    none("NameServer", OWN_RESOLVER),
    none("DANE", "it needs a resolver that validates; see `smtp_tls_security_level = dane`, `hosts_try_dane`"),
    none("NameSearchList", OWN_RESOLVER),
    none("Hacks", OWN_RULES),
    none("KeepBcc", OWN_FORM),
    none("ClientCACertFile", "authorities are those of CACertFile"),
    none("ClientCACertPath", "authorities are those of CACertFile"),
    none("SetCertAltnames", "requirements on certificates are not carried over"),
    row("SmtpUTF8", Set(&["smtputf8_enable"], YesNo), Nothing("see `smtputf8_advertise_hosts`")),
    none("StrictTransportSecurity", "policies of MTA-STS are a service beside it"),
    none("CipherSuites", OWN_CIPHERS),
];

impl OptionRow {
    /// What becomes of it.
    #[must_use]
    pub fn becomes(&self, target: Target) -> Becomes {
        match target {
            Target::Postfix => self.postfix,
            Target::Exim => self.exim,
        }
    }
}

/// The row for an option as the file sets it: the longest that fits.
fn row_of(name: &str, suboption: Option<&str>) -> Option<&'static OptionRow> {
    let full = suboption.map(|sub| format!("{name}.{}", sub.to_ascii_lowercase()));
    let named = |wanted: &str| OPTION_ROWS.iter().find(|row| row.name.eq_ignore_ascii_case(wanted));
    let mut wanted = full.as_deref();
    while let Some(candidate) = wanted {
        if let Some(row) = named(candidate) {
            return Some(row);
        }
        wanted = candidate.rfind('.').map(|dot| &candidate[..dot]);
    }
    named(name)
}

/// A value in the form of the targets; `None` if there is nothing to write.
fn written(how: How, value: &[u8]) -> Option<Vec<u8>> {
    let text = value.trim_ascii();
    if text.iter().any(u8::is_ascii_control) {
        return None;
    }
    let number = || {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(text.get(..digits)?)
            .ok()?
            .parse::<u64>()
            .ok()
            .filter(|number| *number > 0)
    };
    match how {
        Text => (!text.is_empty()).then(|| text.to_vec()),
        Number => Some(number()?.to_string().into_bytes()),
        Kibibytes => Some(number()?.saturating_mul(1024).to_string().into_bytes()),
        Time(unit) => {
            let (seconds, _) = cf_parser::options::time(text, unit);
            (seconds > 0).then(|| format!("{seconds}s").into_bytes())
        }
        YesNo => {
            let yes = matches!(text.first(), None | Some(b't' | b'T' | b'y' | b'Y'));
            Some(if yes { b"yes".to_vec() } else { b"no".to_vec() })
        }
        User => {
            let user = text.split(|byte| matches!(byte, b':' | b'.')).next().unwrap_or_default();
            (!user.is_empty()).then(|| user.to_vec())
        }
        Address => text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).find_map(|setting| {
            let address = setting.strip_prefix(b"Addr=").or_else(|| setting.strip_prefix(b"A="))?;
            (!address.is_empty() && address != b"0.0.0.0").then(|| address.to_vec())
        }),
    }
}

/// The settings that options become, the last of each; the others are noted.
pub fn settings(
    configuration: &Configuration,
    target: Target,
    site: &mut Site,
) -> Vec<(&'static str, Vec<u8>, Vec<Place>)> {
    let mut out: Vec<(&'static str, Vec<u8>, Vec<Place>)> = Vec::new();
    for spec in OPTIONS.iter().filter(|spec| !spec.name.is_empty()) {
        for setting in configuration.options.all(spec.name) {
            let suboption = setting.suboption.as_deref().map(String::from_utf8_lossy);
            let Some(row) = row_of(spec.name, suboption.as_deref()) else { continue };
            let raw = macros::bytes(&setting.value);
            let places = vec![Place::cf(setting.span.line)];
            let what = match &suboption {
                Some(sub) => format!("{}.{sub}", spec.name),
                None => spec.name.to_owned(),
            };
            let what = [what.as_bytes(), b"=", &raw].concat();
            match row.becomes(target) {
                Has => {}
                Set(names, how) => {
                    site.found(Feature::Options, places.clone());
                    let expanded = configuration.macros.expand_bytes(&setting.value);
                    let Some(value) = written(how, &expanded) else { continue };
                    for name in names {
                        out.retain(|(known, ..)| known != name);
                        out.push((name, value.clone(), places.clone()));
                    }
                }
                Nothing(_) if suboption.is_none() && is_default(&raw, spec.default) => {}
                Nothing(why) => {
                    site.found(Feature::Options, places.clone());
                    site.remark(Feature::Options, Loss::Left, &what, why, places);
                }
            }
        }
    }
    out
}

fn is_default(value: &[u8], default: &str) -> bool {
    let (value, default) = (value.trim_ascii(), default.as_bytes());
    value.eq_ignore_ascii_case(default)
        || (default.eq_ignore_ascii_case(b"true") && matches!(value, b"" | b"t" | b"T"))
        || (default.eq_ignore_ascii_case(b"false") && matches!(value, b"f" | b"F"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_has_a_row() {
        for spec in OPTIONS.iter().filter(|spec| !spec.name.is_empty()) {
            assert!(row_of(spec.name, None).is_some(), "{}", spec.name);
        }
        for row in OPTION_ROWS {
            let name = row.name.split('.').next().unwrap();
            assert!(OPTIONS.iter().any(|spec| spec.name == name), "{name}");
            assert_eq!(OPTION_ROWS.iter().filter(|other| other.name == row.name).count(), 1);
        }
    }

    #[test]
    fn values() {
        let rows: [(How, &[u8], Option<&str>); 9] = [
            (Time(b'd'), b"5", Some("432000s")),
            (Time(b'd'), b"2h", Some("7200s")),
            (Number, b"0", None),
            (Kibibytes, b"100", Some("102400")),
            (YesNo, b"True", Some("yes")),
            (User, b"mail:mail", Some("mail")),
            (Address, b"Family=inet, Addr=192.0.2.7", Some("192.0.2.7")),
            (Address, b"Addr=0.0.0.0", None),
            (Text, b"a\nb", None),
        ];
        for (how, value, expected) in rows {
            let expected = expected.map(|text| text.as_bytes().to_vec());
            assert_eq!(written(how, value), expected, "{how:?} {}", String::from_utf8_lossy(value));
        }
        assert_eq!(
            row_of("Timeout", Some("queuereturn.normal")).unwrap().name,
            "Timeout.queuereturn"
        );
        assert_eq!(row_of("Timeout", Some("resolver.retry")).unwrap().name, "Timeout.resolver");
    }
}
