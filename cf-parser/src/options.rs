//! The options: one table for the reader, the command line and the documentation.

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// Long name; empty for the two that have a letter only.
    pub name: &'static str,
    /// Letter of the old form.
    pub letter: Option<u8>,
    /// Known to the reference build.
    pub built: bool,
}

const fn row(name: &'static str, letter: Option<u8>, built: bool) -> OptionSpec {
    OptionSpec { name, letter, built }
}

/// Every option, in the order of `-bO`.
pub const OPTIONS: &[OptionSpec] = &[
    row("RemoteMode", Some(b'>'), false),
    row("SevenBitInput", Some(b'7'), true),
    row("EightBitMode", Some(b'8'), true),
    row("AliasFile", Some(b'A'), true),
    row("AliasWait", Some(b'a'), true),
    row("BlankSub", Some(b'B'), true),
    row("MinFreeBlocks", Some(b'b'), true),
    row("CheckpointInterval", Some(b'C'), true),
    row("HoldExpensive", Some(b'c'), true),
    row("DeliveryMode", Some(b'd'), true),
    row("ErrorHeader", Some(b'E'), true),
    row("ErrorMode", Some(b'e'), true),
    row("TempFileMode", Some(b'F'), true),
    row("SaveFromLine", Some(b'f'), true),
    row("MatchGECOS", Some(b'G'), true),
    row("", Some(b'g'), true),
    row("HelpFile", Some(b'H'), true),
    row("MaxHopCount", Some(b'h'), true),
    row("ResolverOptions", Some(b'I'), true),
    row("IgnoreDots", Some(b'i'), true),
    row("ForwardPath", Some(b'J'), true),
    row("SendMimeErrors", Some(b'j'), true),
    row("ConnectionCacheSize", Some(b'k'), true),
    row("ConnectionCacheTimeout", Some(b'K'), true),
    row("UseErrorsTo", Some(b'l'), true),
    row("LogLevel", Some(b'L'), true),
    row("MeToo", Some(b'm'), true),
    row("", Some(b'M'), true),
    row("CheckAliases", Some(b'n'), true),
    row("OldStyleHeaders", Some(b'o'), true),
    row("DaemonPortOptions", Some(b'O'), true),
    row("PrivacyOptions", Some(b'p'), true),
    row("PostmasterCopy", Some(b'P'), true),
    row("QueueFactor", Some(b'q'), true),
    row("QueueDirectory", Some(b'Q'), true),
    row("DontPruneRoutes", Some(b'R'), true),
    row("Timeout", Some(b'r'), true),
    row("StatusFile", Some(b'S'), true),
    row("SuperSafe", Some(b's'), true),
    row("QueueTimeout", Some(b'T'), true),
    row("TimeZoneSpec", Some(b't'), true),
    row("UserDatabaseSpec", Some(b'U'), true),
    row("DefaultUser", Some(b'u'), true),
    row("FallbackMXhost", Some(b'V'), true),
    row("Verbose", Some(b'v'), true),
    row("TryNullMXList", Some(b'w'), true),
    row("QueueLA", Some(b'x'), true),
    row("RefuseLA", Some(b'X'), true),
    row("RecipientFactor", Some(b'y'), true),
    row("ForkEachJob", Some(b'Y'), true),
    row("ClassFactor", Some(b'z'), true),
    row("RetryFactor", Some(b'Z'), true),
    row("QueueSortOrder", None, true),
    row("HostsFile", None, true),
    row("MinQueueAge", None, true),
    row("DefaultCharSet", None, true),
    row("ServiceSwitchFile", None, true),
    row("DialDelay", None, true),
    row("NoRecipientAction", None, true),
    row("SafeFileEnvironment", None, true),
    row("MaxMessageSize", None, true),
    row("ColonOkInAddr", None, true),
    row("MaxQueueRunSize", None, true),
    row("MaxDaemonChildren", None, true),
    row("DontExpandCnames", None, true),
    row("MustQuoteChars", None, true),
    row("SmtpGreetingMessage", None, true),
    row("UnixFromLine", None, true),
    row("OperatorChars", None, true),
    row("DontInitGroups", None, true),
    row("SingleLineFromHeader", None, true),
    row("AllowBogusHELO", None, true),
    row("ConnectionRateThrottle", None, true),
    row("UnsafeGroupWrites", None, true),
    row("DoubleBounceAddress", None, true),
    row("HostStatusDirectory", None, true),
    row("SingleThreadDelivery", None, true),
    row("RunAsUser", None, true),
    row("RrtImpliesDsn", None, true),
    row("PidFile", None, true),
    row("DontBlameSendmail", None, true),
    row("DontProbeInterfaces", None, true),
    row("MaxRecipientsPerMessage", None, true),
    row("DeadLetterDrop", None, true),
    row("DontLockFilesForRead", None, false),
    row("MaxAliasRecursion", None, true),
    row("ConnectOnlyTo", None, true),
    row("TrustedUser", None, true),
    row("MaxMimeHeaderLength", None, true),
    row("ControlSocketName", None, true),
    row("MaxHeadersLength", None, true),
    row("MaxForwardEntries", None, false),
    row("ProcessTitlePrefix", None, true),
    row("DefaultAuthInfo", None, true),
    row("AuthMechanisms", None, true),
    row("ClientPortOptions", None, true),
    row("DataFileBufferSize", None, true),
    row("XscriptFileBufferSize", None, true),
    row("LDAPDefaultSpec", None, true),
    row("ServerCertFile", None, true),
    row("ServerKeyFile", None, true),
    row("ClientCertFile", None, true),
    row("ClientKeyFile", None, true),
    row("CACertFile", None, true),
    row("CACertPath", None, true),
    row("DHParameters", None, true),
    row("InputMailFilters", None, true),
    row("Milter", None, true),
    row("AuthOptions", None, true),
    row("QueueFileMode", None, true),
    row("CertFingerprintAlgorithm", None, true),
    row("CipherList", None, true),
    row("RandFile", None, true),
    row("TLSSrvOptions", None, true),
    row("BadRcptThrottle", None, true),
    row("DeliverByMin", None, true),
    row("MaxQueueChildren", None, true),
    row("MaxRunnersPerQueue", None, true),
    row("DirectSubmissionModifiers", None, true),
    row("NiceQueueRun", None, true),
    row("SharedMemoryKey", None, true),
    row("AuthMaxBits", None, true),
    row("MailboxDatabase", None, true),
    row("UseMSP", None, true),
    row("DelayLA", None, true),
    row("FastSplit", None, true),
    row("SoftBounce", None, true),
    row("SharedMemoryKeyFile", None, true),
    row("RejectLogInterval", None, true),
    row("RequiresDirfsync", None, true),
    row("ConnectionRateWindowSize", None, true),
    row("CRLFile", None, true),
    row("FallbackSmartHost", None, true),
    row("AuthRealm", None, true),
    row("CRLPath", None, true),
    row("HeloName", None, true),
    row("RefuseLowMem", None, false),
    row("QueueLowMem", None, false),
    row("MemoryResource", None, false),
    row("MaxNOOPCommands", None, true),
    row("MessageAccept", None, false),
    row("CheckQueueRunners", None, false),
    row("EightBitAddrOK", None, false),
    row("AddrTypeModes", None, false),
    row("BadRcptShutdown", None, true),
    row("BadRcptShutdownGood", None, true),
    row("ServerSSLOptions", None, true),
    row("ClientSSLOptions", None, true),
    row("MaxQueueAge", None, true),
    row("BadRcptThrottleDelay", None, false),
    row("FIPSMode", None, false),
    row("RejectNUL", None, true),
    row("BounceQueue", None, false),
    row("AddBcc", None, false),
    row("UseCompressedIPv6Addresses", None, true),
    row("SSLEngine", None, true),
    row("SSLEnginePath", None, true),
    row("TLSFallbacktoClear", None, true),
    row("NameServer", None, false),
    row("DANE", None, false),
    row("NameSearchList", None, false),
    row("Hacks", None, false),
    row("KeepBcc", None, false),
    row("ClientCACertFile", None, false),
    row("ClientCACertPath", None, false),
    row("SetCertAltnames", None, true),
    row("SmtpUTF8", None, true),
    row("StrictTransportSecurity", None, true),
    row("CipherSuites", None, true),
];

/// What a long name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The option of that name.
    Exact(usize),
    /// The only option whose name begins so.
    Abbreviation(usize),
    /// The first two options whose names begin so.
    Ambiguous(usize, usize),
    /// No option.
    Unknown,
}

/// Looks a long name up, in any case, in full or abbreviated (OPT-001, OPT-003).
#[must_use]
pub fn by_name(name: &[u8]) -> Found {
    let built = || OPTIONS.iter().enumerate().filter(|(_, o)| o.built);
    if let Some((at, _)) =
        built().find(|(_, o)| !name.is_empty() && o.name.as_bytes().eq_ignore_ascii_case(name))
    {
        return Found::Exact(at);
    }
    let mut matches = built()
        .filter(|(_, o)| {
            o.name.as_bytes().get(..name.len()).is_some_and(|p| p.eq_ignore_ascii_case(name))
        })
        .map(|(at, _)| at);
    match (matches.next(), matches.next()) {
        (Some(first), Some(second)) => Found::Ambiguous(first, second),
        (Some(only), None) => Found::Abbreviation(only),
        (None, _) => Found::Unknown,
    }
}

/// The option of a letter (OPT-002).
#[must_use]
pub fn by_letter(letter: u8) -> Option<usize> {
    OPTIONS.iter().position(|o| o.built && o.letter == Some(letter))
}

/// The long name of an option; empty for an index out of range.
#[must_use]
pub fn name(option: usize) -> &'static str {
    OPTIONS.get(option).map_or("", |o| o.name)
}

/// Whether an option sets the queue directory, which must come before `Q` lines.
pub(crate) fn is_queue_directory(option: usize) -> bool {
    name(option) == "QueueDirectory"
}
