//! The options of a configuration that maps depend on.

/// Options that maps read. Paths and names are bytes as in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The `V` line's level; -1 when there is none. Decides whether `host` exists by itself.
    pub version_level: i32,
    /// Option `ServiceSwitchFile` (MAP-088).
    pub service_switch_file: Vec<u8>,
    /// Sources of services that are known without that file, in order.
    pub services: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// Option `HostsFile`.
    pub hosts_file: Vec<u8>,
    /// Option `AliasFile`, one entry per file, each `[class:][flags ]path` (MAP-092).
    pub alias_files: Vec<Vec<u8>>,
    /// Option `Timeout.resolver.retrans`, seconds per try.
    pub resolver_retrans: u32,
    /// Option `Timeout.resolver.retry`, number of tries.
    pub resolver_retry: u32,
    /// Option `ResolverOptions` contains `+WorkAroundBrokenAAAA`: a failed AAAA query does not
    /// fail the lookup.
    pub work_around_broken_aaaa: bool,
    /// Option `ResolverOptions` contains `HasWildcardMX`: MX records do not make a name valid.
    pub has_wildcard_mx: bool,
    /// Option `ResolverOptions` without `DNSRCH`: no search list.
    pub use_search_list: bool,
    /// `$m` or the domain of `$j`: the domain searched when `resolv.conf` names none.
    pub local_domain: Vec<u8>,
    /// Class `w` in lower case: the names of this host (bestmx prefers them).
    pub own_names: Vec<Vec<u8>>,
    /// Option `UserDatabaseSpec`: database files for class `userdb`.
    pub user_database: Vec<u8>,
    /// Option `LDAPDefaultSpec`: flags that maps of class `ldap` begin with (MAP-077).
    pub ldap_defaults: Vec<u8>,
    /// `${sendmailMTACluster}` and `$j`, which tell whose entries of a directory count (MAP-078).
    pub ldap_cluster: Vec<u8>,
    /// See `ldap_cluster`.
    pub ldap_host: Vec<u8>,
    /// The environment of programs, `NAME=value` each: `AGENT` and the variables of `E` lines (ML-102).
    pub environment: Vec<Vec<u8>>,
    /// Option `DefaultUser` for program maps: user and group id, and whether to switch at all.
    pub default_user: Option<(u32, u32)>,
    /// Largest value made of several DNS records, bytes (MAP-027).
    pub max_dns_result: usize,
    /// Option `DontBlameSendmail` contains `MapInUnsafeDirPath` and friends.
    pub blame: BlameSettings,
    /// Option `TrustedUser`, 0 for none: may own map files as root may.
    pub trusted_user: u32,
}

/// The parts of `DontBlameSendmail` that concern map files (MAP-025).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlameSettings {
    /// `MapInUnsafeDirPath`.
    pub map_in_unsafe_dir_path: bool,
    /// `LinkedMapInWritableDir`.
    pub linked_map_in_writable_dir: bool,
    /// `GroupWritableDirPathSafe`.
    pub group_writable_dir_safe: bool,
}

impl BlameSettings {
    /// Everything is allowed.
    pub const ALL: Self = Self {
        map_in_unsafe_dir_path: true,
        linked_map_in_writable_dir: true,
        group_writable_dir_safe: true,
    };
}

impl Default for Settings {
    /// The values of a configuration that sets none of the options (op guide, 5.6; Debian's
    /// paths).
    fn default() -> Self {
        Self {
            version_level: 10,
            service_switch_file: b"/etc/mail/service.switch".to_vec(),
            services: Vec::new(),
            hosts_file: b"/etc/hosts".to_vec(),
            alias_files: Vec::new(),
            resolver_retrans: 5,
            resolver_retry: 2,
            work_around_broken_aaaa: false,
            has_wildcard_mx: false,
            use_search_list: true,
            local_domain: Vec::new(),
            own_names: Vec::new(),
            user_database: Vec::new(),
            ldap_defaults: Vec::new(),
            ldap_cluster: Vec::new(),
            ldap_host: Vec::new(),
            environment: vec![b"AGENT=sendmail".to_vec()],
            default_user: Some((1, 1)),
            max_dns_result: 628,
            blame: BlameSettings::default(),
            trusted_user: 0,
        }
    }
}
