//! What is printed before the configuration is read, and after it: version, identity, mailers
//! (categories 0, 35 and 37; CMD-032).

use cf_parser::debug::{Category, Levels};
use ruleset_vm::load::{Configuration, HostFacts, SENDMAIL_VERSION};

use crate::show;

/// Where the program looks for things.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The configuration that was chosen.
    pub chosen: &'a [u8],
    /// The file with the daemon's process id.
    pub pid_file: &'a [u8],
    /// The configurations for submission and for everything else.
    pub submission: &'a [u8],
    /// See above.
    pub transport: &'a [u8],
}

/// What this program is built with, in sendmail's words for it.
const COMPILED: &[&str] = &[
    "DNSMAP",
    "IPV6_FULL",
    "LOG",
    "MAP_REGEX",
    "MATCHGECOS",
    "NAMED_BIND",
    "NETINET",
    "NETINET6",
    "NETUNIX",
    "NEWDB=5.3",
    "PIPELINING",
    "SCANF",
    "SOCKETMAP",
    "USERDB",
    "XDEBUG",
];

/// What the system is like, in the same words.
const SYSTEM: &[&str] = &[
    "ADDRCONFIG_IS_BROKEN",
    "HASFCHOWN",
    "HASFCHMOD",
    "HASFLOCK",
    "HASGETDTABLESIZE",
    "HAS_GETHOSTBYNAME2",
    "HASGETUSERSHELL",
    "HASINITGROUPS",
    "HASLSTAT",
    "HASNICE",
    "HASRANDOM",
    "HASRRESVPORT",
    "HASSETREGID",
    "HASSETREUID",
    "HASSETRLIMIT",
    "HASSETSID",
    "HASSETVBUF",
    "HASURANDOMDEV",
    "HASSTRERROR",
    "HASUNAME",
    "HASUNSETENV",
    "HASWAITPID",
    "IDENTPROTO",
    "IP_SRCROUTE",
    "NEEDSGETIPNODE",
    "REQUIRES_DIR_FSYNC",
    "SFS_VFS",
    "USE_DOUBLE_FORK",
    "USE_SIGLONGJMP",
    "USESETEUID",
];

/// Macros that stand for operators: the letters whose macro is the operator itself.
const OPERATORS: &[u8] = b"*+-=~#@:>?|.[]()&0123456789";

/// Time limits as they are before the configuration is read, in seconds.
const TIMEOUTS: &[(&str, u32)] = &[
    ("connect", 0),
    ("aconnect", 0),
    ("initial", 300),
    ("helo", 300),
    ("mail", 600),
    ("rcpt", 3600),
    ("datainit", 300),
    ("datablock", 3600),
    ("datafinal", 3600),
    ("rset", 300),
    ("quit", 120),
    ("nextcommand", 3600),
    ("miscshort", 120),
    ("ident", 5),
    ("fileopen", 60),
    ("lhlo", 120),
    ("control", 120),
];

/// Where the words of a heading begin, and how far they may go.
const INDENT: usize = 16;
const LINE: usize = 75;

/// Collects lines that the flags ask for.
struct Page<'a> {
    levels: &'a Levels,
    text: Vec<u8>,
}

impl Page<'_> {
    fn line(&mut self, category: Category, level: u8, line: &[u8]) {
        if self.levels.at(category, level) {
            self.text.extend_from_slice(line);
            self.text.push(b'\n');
        }
    }

    fn define(&mut self, name: &[u8], value: &[u8]) {
        let line = [b"define(", name, b" as ", &show::visible(value)[..], b")"].concat();
        self.line(Category::Macros, 9, &line);
    }

    fn class(&mut self, name: &[u8], word: &[u8]) {
        self.line(Category::Options, 8, &[b"setclass(", name, b", ", word, b")"].concat());
    }

    /// A heading and words, broken as sendmail breaks its lines.
    fn words(&mut self, level: u8, heading: &str, words: &[&str]) {
        let mut line = heading.to_owned();
        let mut column = INDENT;
        for word in words {
            // Of `NAME=value` the name alone counts (observed).
            let length = word.split('=').next().map_or(0, str::len);
            if column + length > LINE {
                line.push_str("\n\t\t");
                column = INDENT;
            } else {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += length;
        }
        self.line(Category::Version, level, line.as_bytes());
    }
}

/// Before the configuration is read.
#[must_use]
pub fn before(levels: &Levels, facts: &HostFacts, places: Places<'_>) -> Vec<u8> {
    let mut page = Page { levels, text: Vec::new() };
    page.line(Category::Options, 4, b"setdefaults: DefUser=daemon, DefUid=1, DefGid=1");
    page.define(b"deliveryMode", b"b");
    page.line(Category::Options, 2, b"inittimeouts(<NULL>)");
    page.line(Category::Options, 5, b"Timeouts:");
    for (name, seconds) in TIMEOUTS {
        page.line(Category::Options, 5, format!("  {name} = {seconds}").as_bytes());
    }
    for letter in OPERATORS {
        page.define(&[*letter], &[b'$', *letter]);
    }
    page.define(b"n", b"MAILER-DAEMON");
    page.define(b"opMode", &[facts.mode]);
    version(&mut page, places);
    page.define(b"v", SENDMAIL_VERSION.as_bytes());
    identity(&mut page, facts);
    page.define(b"b", &facts.date);
    page.text
}

fn version(page: &mut Page<'_>, places: Places<'_>) {
    page.line(Category::Version, 1, format!("Version {SENDMAIL_VERSION}").as_bytes());
    page.words(1, " Compiled with:", COMPILED);
    page.words(10, "    OS Defines:", SYSTEM);
    page.line(Category::Version, 10, b"Kernel symbols:\t/boot/vmlinux");
    let default =
        |path: &[u8], of: &[u8]| [b"     Conf file:\t", path, b" (default for ", of, b")"].concat();
    page.line(Category::Version, 10, &default(places.submission, b"MSP"));
    page.line(Category::Version, 10, &default(places.transport, b"MTA"));
    let pid_file = [b"      Pid file:\t", DEFAULT_PID_FILE, b" (default)"].concat();
    page.line(Category::Version, 10, &pid_file);
}

/// The default of option `PidFile`.
const DEFAULT_PID_FILE: &[u8] = b"/var/run/sendmail/mta/sendmail.pid";

/// Who this host is.
fn identity(page: &mut Page<'_>, facts: &HostFacts) {
    let HostFacts { name, node, aliases, .. } = facts;
    page.line(Category::Version, 4, &[b"Canonical name: ", &name[..]].concat());
    page.define(b"w", name);
    page.define(b"j", name);
    page.class(b"w", name);
    if let Some(dot) = name.iter().position(|byte| *byte == b'.') {
        page.define(b"m", &name[dot + 1..]);
    }
    page.line(Category::Version, 4, &[b" UUCP nodename: ", &node[..]].concat());
    page.define(b"k", node);
    page.class(b"k", node);
    page.class(b"w", node);
    for alias in aliases.iter().filter(|alias| *alias != name && *alias != node) {
        page.line(Category::Version, 4, &[b"\ta.k.a.: ", &alias[..]].concat());
        page.class(b"w", alias);
    }
}

/// Words of classes that are filled after the file has been read.
const CLASSES: &[(&str, &[&str])] = &[
    ("n", &["multipart/signed"]),
    ("s", &["rfc822"]),
    ("e", &["7bit", "8bit", "binary"]),
    ("checkMIMEFieldHeaders", &["content-disposition", "content-type"]),
    ("checkMIMETextHeaders", &["content-description"]),
    (
        "checkMIMEHeaders",
        &[
            "content-disposition",
            "content-id",
            "content-transfer-encoding",
            "content-type",
            "mime-version",
        ],
    ),
    ("persistentMacros", &["r", "s", "_", "{if_addr}", "{daemon_flags}"]),
];

/// After the configuration has been read. With the mode comes whether the command line has set
/// DeliveryMode.
#[must_use]
pub fn after(
    levels: &Levels,
    configuration: &Configuration,
    (mode, mode_given): (u8, bool),
    places: Places<'_>,
) -> Vec<u8> {
    let mut page = Page { levels, text: Vec::new() };
    let selected = |head: &[u8], path: &[u8]| [head, path, b" (selected)"].concat();
    page.line(Category::Version, 10, &selected(b"     Conf file:\t", places.chosen));
    let pid_file = if places.pid_file.is_empty() { DEFAULT_PID_FILE } else { places.pid_file };
    page.line(Category::Version, 10, &selected(b"      Pid file:\t", pid_file));
    system_identity(&mut page, configuration);
    if mode == b't' {
        page.line(Category::Options, 1, b"setoption HoldExpensive (c)=F");
        let ignored = if mode_given { " (ignored)" } else { "" };
        page.line(Category::Options, 1, format!("setoption DeliveryMode (d)={ignored}").as_bytes());
        page.line(Category::Macros, 9, b"redefine(deliveryMode as i)");
    }
    page.class(b"w", &configuration.macros.value(b"j"));
    for (class, words) in CLASSES {
        words.iter().for_each(|word| page.class(class.as_bytes(), word.as_bytes()));
    }
    if levels.at(Category::Version, 15) {
        page.text.extend(show::mailers(configuration));
    }
    page.text
}

/// An envelope for test mode is made.
#[must_use]
pub fn envelope(levels: &Levels, queue_id: &[u8]) -> Vec<u8> {
    let mut page = Page { levels, text: Vec::new() };
    page.define(b"quarantine", b"");
    page.line(Category::Macros, 9, b"redefine(deliveryMode as i)");
    page.define(b"i", queue_id);
    page.line(Category::Macros, 9, b"redefine(quarantine as )");
    page.line(Category::Macros, 9, b"redefine(deliveryMode as i)");
    page.text
}

fn system_identity(page: &mut Page<'_>, configuration: &Configuration) {
    let rule = "=".repeat(56);
    let line =
        |head: &str, name: &[u8]| [head.as_bytes(), &configuration.macros.value(name)[..]].concat();
    page.line(Category::Version, 1, b"\n============ SYSTEM IDENTITY (after readcf) ============");
    page.line(Category::Version, 1, &line("      (short domain name) $w = ", b"w"));
    page.line(Category::Version, 1, &line("  (canonical domain name) $j = ", b"j"));
    page.line(Category::Version, 1, &line("         (subdomain name) $m = ", b"m"));
    page.line(Category::Version, 1, &line("              (node name) $k = ", b"k"));
    page.line(Category::Version, 1, format!("{rule}\n").as_bytes());
}
