//! What each dialect has that sendmail 8 has not. The page `docs/dialects.md` is written from it.

use super::Dialect;

/// One construct of a dialect.
#[derive(Clone, Copy, Debug)]
pub struct Construct {
    /// Whose.
    pub dialect: Dialect,
    /// How it looks in a file.
    pub construct: &'static str,
    /// What sendmail 8.17 makes of it (observed).
    pub sendmail: &'static str,
    /// What it becomes.
    pub becomes: &'static str,
    /// What it means according to whom.
    pub source: &'static str,
}

const fn row(
    dialect: Dialect,
    construct: &'static str,
    sendmail: &'static str,
    becomes: &'static str,
    source: &'static str,
) -> Construct {
    Construct { dialect, construct, sendmail, becomes, source }
}

const UNKNOWN_OPTION: &str = "`unknown option name`, exit status 70";
const UNKNOWN_LINE: &str = "`unknown configuration line`, exit status 70";
const TIME: &str = "ConnectionCacheTimeout: `Invalid time unit`, exit status 70";
const BAT: &str = "Costales and Allman, *sendmail*, 2nd edition, appendix D";
const GUIDE: &str = "Sun, *Mail Administration Guide* (802-5827), chapter 3";
const KIT: &str =
    "IDA Sendmail kit, comp.sources.unix volume 16 part 4, changes to the operation guide";
const NOTES: &str = "release notes of sendmail 8.12";

/// Every construct that is run, or known not to be.
pub const CONSTRUCTS: &[Construct] = &[
    row(
        Dialect::Bsd,
        "`ONname`",
        UNKNOWN_OPTION,
        "nothing",
        "comments in the files of 4.3BSD: name of the default network",
    ),
    row(
        Dialect::Bsd,
        "`OWpassword`",
        UNKNOWN_OPTION,
        "nothing",
        "comments in the files of 4.3BSD: the wizard's password",
    ),
    row(
        Dialect::Bsd,
        "`ODx`, `O AutoRebuildAliases=x`",
        UNKNOWN_OPTION,
        "nothing: newaliases does it",
        NOTES,
    ),
    row(
        Dialect::Bsd,
        "`A=IPC $h` of an `[IPC]` mailer",
        "a warning: `first argument in [IPC] mailer must be TCP or FILE`",
        "`A=TCP $h`",
        NOTES,
    ),
    row(
        Dialect::Bsd,
        "`P=[TCP]`",
        "`P=[TCP] must be replaced by P=[IPC]`, no such mailer, exit status 70",
        "`P=[IPC]`",
        NOTES,
    ),
    row(
        Dialect::Bsd,
        "`$2` where the pattern has one operand",
        "`replacement $2 out of bounds`, exit status 70; the rule stays",
        "the same: such a rule never worked",
        "observed",
    ),
    row(
        Dialect::Sun,
        "`V1/Sun`, `V7/Sun`",
        "`invalid V line vendor code`, exit status 70",
        "the level, without the vendor",
        BAT,
    ),
    row(
        Dialect::Sun,
        "`$%y` in a pattern",
        "the text `y`",
        "`$={sun_hosts}`: the names and aliases in `/etc/hosts`",
        GUIDE,
    ),
    row(
        Dialect::Sun,
        "`$%l` in a pattern",
        "the text `l`",
        "`$={sun_local_hosts}`: those of them that end in `.$m`",
        GUIDE,
    ),
    row(
        Dialect::Sun,
        "`$%A` in a pattern, with `DAhosts.byname`",
        "the text `A`",
        "`$={sun_single_hosts}`: those of them without a dot",
        GUIDE,
    ),
    row(
        Dialect::Sun,
        "`$%x` in a pattern",
        "the text `x`",
        "not run: patterns cannot ask the DNS",
        GUIDE,
    ),
    row(Dialect::Sun, "`$%z` in a pattern", "the text `z`", "not run: no description found", BAT),
    row(
        Dialect::Sun,
        "`${x name$}` in a result, with `Dxmap`",
        "`Invalid macro/class character`, exit status 70",
        "`$(x name $)` with `Kx nis map`; lookups fail for the time being, see [differences](differences.md)",
        GUIDE,
    ),
    row(
        Dialect::Sun,
        "the same with a map whose name begins with `rev`",
        "the same",
        "not run: aliases backwards",
        GUIDE,
    ),
    row(
        Dialect::Sun,
        "`Lxkey`",
        UNKNOWN_LINE,
        "`Dxvalue` from `/etc/mail/sendmailvars`; nothing if the key is not there. NIS+ is not asked",
        GUIDE,
    ),
    row(Dialect::Sun, "`Gxkey`", UNKNOWN_LINE, "`Cxvalues` from the same file", GUIDE),
    row(
        Dialect::Sun,
        "`ORhub` (no `V` line or level 1), `O>hub`",
        "`OR` is DontPruneRoutes; `O>`: `unknown option name`",
        "not run: all mail to a hub is not rewriting; without a hub, nothing (mounts of /var/mail are not looked at)",
        BAT,
    ),
    row(Dialect::Sun, "`K` lines of level 1", "maps", "nothing", BAT),
    row(
        Dialect::Ida,
        "`OKx/file`",
        TIME,
        "`Kx hash -o /file`: make the file again, `sed 's/%s/%1/' file \\| makemap hash file`",
        KIT,
    ),
    row(Dialect::Ida, "`OKx%map`", TIME, "`Kx nis map`", KIT),
    row(Dialect::Ida, "`OK@file`", TIME, "`OAfile`", KIT),
    row(Dialect::Ida, "`$(x key $@ arg $: default $)`", "a lookup in map `x`", "the same", KIT),
    row(Dialect::Ida, "`$[name $: default $]`", "the canonical name", "the same", KIT),
    row(Dialect::Ida, "`$(@ key $)`", "`map @ not found`", "not run: aliases as database", KIT),
];

/// Vendors whose constructs are not run: no description was found that says what they mean.
pub const NOT_RUN: &[(&str, &str)] = &[
    (
        "V1/Sun",
        "`$k` and `$K` (the hub), `${ms}`, `$j` kept out of `$=w`, `F=g` always on, EXPN for VRFY",
    ),
    ("V7/Sun", "`-d` of `K` lines"),
    ("IDA", "separate rulesets for header and envelope other than `S=a/b`, `R=a/b`"),
    ("Ultrix, OSF/1", "whatever differs from 4.3BSD and IDA"),
    ("HP-UX", "files before sendmail 8 came with it"),
    ("AIX", "files before AIX 4"),
    ("IRIX, NeXT, MPE/iX", "whatever differs from the sendmail they are based on"),
    ("MySQL patches", "`Qw` lines that fill a class, maps of class `mysql`"),
];
