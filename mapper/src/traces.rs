//! Maps as debugging flags show them (categories 37 and 38).

use cf_parser::debug::Category;

use crate::class::{Env, Opening, Request, nis};
use crate::flags::{Common, Words};

/// Classes whose maps start without the two bits for keys with and without a zero byte.
const PLAIN: [&str; 8] =
    ["host", "dequote", "macro", "arith", "syslog", "regex", "arpa", "sequence"];
/// Those of them that keep quotes in keys.
const QUOTING: [&str; 4] = ["dequote", "macro", "arith", "arpa"];

/// `map NAME, class CLASS, flags BITS, ...`
pub(crate) fn declaration(common: &Common, usable: bool) -> Vec<u8> {
    let or_null = |text: &[u8]| if text.is_empty() { b"(null)".to_vec() } else { text.to_vec() };
    let plain = PLAIN.contains(&common.class);
    let (file, rest) =
        if plain { (&b""[..], &b""[..]) } else { (&common.file[..], &common.rest[..]) };
    [
        &b"map "[..],
        &common.name,
        b", class ",
        common.class.as_bytes(),
        format!(", flags {:x}, file ", bits(common, usable)).as_bytes(),
        &or_null(file),
        b",\n\tapp ",
        &or_null(&common.append),
        b", domain (null), rebuild ",
        &or_null(rest),
    ]
    .concat()
}

/// The arguments of a map are read.
pub(crate) fn declaring(name: &[u8], class: &[u8], arguments: &[u8]) -> Option<Vec<u8>> {
    let arguments = arguments.trim_ascii_start();
    match class {
        b"sequence" => Some([b"seq_map_parse(", name, b", ", arguments, b")"].concat()),
        b"regex" => {
            let head = [b"regex_map_init: mapname '", name, b"', args '"].concat();
            Some([&head, arguments, b"'"].concat())
        }
        _ => None,
    }
}

/// The pattern of a map of class `regex` is compiled (`-d38.3`).
pub(crate) fn compiling(class: &[u8], arguments: &[u8]) -> Option<Vec<u8>> {
    if class != b"regex" {
        return None;
    }
    let mut words = Words::new(arguments);
    let mut bits = EXTENDED | IGNORE_CASE | NO_SUBSTRINGS;
    while let Some((letter, _)) = words.flag() {
        match letter {
            b'b' => bits &= !EXTENDED,
            b'f' => bits &= !IGNORE_CASE,
            b's' => bits &= !NO_SUBSTRINGS,
            _ => {}
        }
    }
    let head = [b"regex_map_init: compile '", words.remainder(), b"' "].concat();
    Some([&head[..], format!("0x{bits:x}").as_bytes()].concat())
}

/// Flags of regcomp(3).
const EXTENDED: u32 = 1;
const IGNORE_CASE: u32 = 2;
const NO_SUBSTRINGS: u32 = 8;

/// The file of a database that is closed (`-d38.9`).
pub(crate) fn closing(common: &Common) -> Option<Vec<u8>> {
    let database = matches!(common.class, "hash" | "btree");
    let bits = bits(common, true) | OPEN | if common.aliases { ALIASES } else { 0 };
    let head = [b"db_map_close(", &common.name[..], b", ", &common.file, b", "].concat();
    database.then(|| [&head[..], format!("{bits:x})").as_bytes()].concat())
}

/// Keys that an LDAP map may have.
const MAX_KEYS: usize = 10;

/// Bits of a map that is open, and of one that holds aliases.
const OPEN: u32 = 0x100_0020;
const ALIASES: u32 = 0x80;

/// The word by which traces call the opening of maps of a class.
const OPENERS: [(&str, &str); 10] = [
    ("hash", "hash"),
    ("btree", "bt"),
    ("text", "text"),
    ("implicit", "impl"),
    ("stab", "stab"),
    ("switch", "switch"),
    ("user", "user"),
    ("dns", "dns"),
    ("nis", "nis"),
    ("nisplus", "nisplus"),
];

/// Classes whose files newaliases makes.
const REBUILT: [&str; 3] = ["hash", "btree", "implicit"];

/// A map is about to be opened as one of this class.
pub(crate) fn opening(class: &str, common: &Common, env: &mut Env<'_>) {
    let Some((_, word)) = OPENERS.iter().find(|(name, _)| *name == class) else { return };
    env.trace(Category::Maps, 2, || {
        let head = [word.as_bytes(), b"_map_open(", &common.name].concat();
        match class {
            "user" | "dns" => [&head[..], b", 0)\n"].concat(),
            _ => [&head[..], b", ", &common.file, b", 0)\n"].concat(),
        }
    });
}

/// An alias file can be used: it was waited for until nobody writes it.
fn awaited(common: &Common, env: &mut Env<'_>) {
    env.trace(Category::Alias, 3, || {
        let class = common.class.as_bytes();
        [b"aliaswait(", class, b":", &common.file[..], b")\n"].concat()
    });
}

/// How opening a map went, and with which trouble in the system's words.
pub(crate) fn opened(common: &Common, opening: Opening, trouble: &[u8], env: &mut Env<'_>) {
    let is_rebuilt = common.aliases && REBUILT.contains(&common.class);
    if is_rebuilt && opening == Opening::Ready {
        awaited(common, env);
    }
    env.trace(Category::Maps, 4, || {
        let class = common.class.as_bytes();
        let head = [b"openmap()\t", class, b":", &common.name, b" ", &file(common)[..], b": "];
        let missing = opening == Opening::Absent || common.class == "implicit";
        let separator: &[u8] = if trouble.is_empty() { b"" } else { b": " };
        let with_trouble = [b"invalid", separator, trouble, b"\n"].concat();
        let end: &[u8] = match opening {
            Opening::Ready => b"valid\n",
            Opening::Absent if common.class == "ldap" => &with_trouble,
            _ if common.class == "nis" => b"invalid\n",
            _ if common.class == "nisplus" => b"invalid: Resource temporarily unavailable\n",
            _ if missing => b"invalid: No such file or directory\n",
            _ => b"invalid\n",
        };
        [&head.concat(), end].concat()
    });
}

/// The file of a map as traces of opening and closing show it.
pub(crate) fn file(common: &Common) -> Vec<u8> {
    if common.file.is_empty() || PLAIN.contains(&common.class) {
        b"NULL".to_vec()
    } else if common.class == "nis" {
        nis::split(&common.file).0.to_vec()
    } else {
        common.file.clone()
    }
}

/// A map is about to be asked.
pub(crate) fn asking(common: &Common, request: Request<'_>, env: &mut Env<'_>) {
    if !env.maps.levels().on(Category::Maps) {
        return;
    }
    let (name, key) = (&common.name[..], request.key);
    let pair = |word: &str| [word.as_bytes(), b"_map_lookup(", name, b", ", key, b")"].concat();
    match common.class {
        "hash" | "btree" => looking_in("db_map_lookup", common, key, env),
        "text" => env.trace(Category::Maps, 20, || [&pair("text")[..], b"\n"].concat()),
        "sequence" | "switch" => {
            env.trace(Category::Maps, 20, || [&pair("seq")[..], b"\n"].concat());
        }
        "implicit" => env.trace(Category::Maps, 20, || [&pair("impl")[..], b"\n"].concat()),
        "macro" => env.trace(Category::Maps, 20, || [&pair("macro")[..], b"\n"].concat()),
        "user" => env.trace(Category::Maps, 20, || [&pair("user")[..], b"\n"].concat()),
        "dns" => env.trace(Category::Maps, 20, || [&pair("dns")[..], b"\n"].concat()),
        "userdb" => env.trace(Category::Maps, 20, || [&pair("udb")[..], b"\n"].concat()),
        "ldap" => env.trace(Category::Maps, 20, || directory(common, request)),
        "program" => env
            .trace(Category::Maps, 20, || [&pair("prog")[..], b" ", &common.file, b"\n"].concat()),
        "regex" => env.trace(Category::Maps, 20, || {
            let head = [b"regex_map_lookup: name=", name, b", key='", key, b"'\n"].concat();
            [&head[..], &arguments("regex", request)].concat()
        }),
        "arith" => env.trace(Category::Maps, 2, || {
            let head = [b"arith_map_lookup: key '", key, b"'\n"].concat();
            [&head[..], &arguments("arith", request)].concat()
        }),
        "arpa" => {
            env.trace(Category::Maps, 2, || [b"arpa_map_lookup: key '", key, b"'\n"].concat())
        }
        _ => {}
    }
}

/// The key of an LDAP map, or with `-K` all ten that there may be.
fn directory(common: &Common, request: Request<'_>) -> Vec<u8> {
    let head = [b"ldapmap_lookup(", &common.name[..], b", "].concat();
    if !common.many_keys {
        return [&head, request.key, b")\n"].concat();
    }
    let given = std::iter::once(request.key).chain(request.args.iter().copied());
    let keys = given.map(Some).chain(std::iter::repeat(None)).take(MAX_KEYS).enumerate();
    let line = |(at, key): (usize, Option<&[u8]>)| {
        let head = format!("   argv[{at}] = ").into_bytes();
        [&head, key.unwrap_or(b"NULL"), b"\n"].concat()
    };
    [head, b"argv)\n".to_vec()].into_iter().chain(keys.map(line)).flatten().collect()
}

/// The key, which counts as the first argument, and the others, a line each.
fn arguments(class: &str, request: Request<'_>) -> Vec<u8> {
    let line = |arg: &[u8]| [class.as_bytes(), b"_map_lookup: arg '", arg, b"'\n"].concat();
    std::iter::once(&request.key).chain(request.args).flat_map(|arg| line(arg)).collect()
}

/// A database or a table in memory is about to be asked.
pub(crate) fn looking_in(what: &str, common: &Common, key: &[u8], env: &mut Env<'_>) {
    env.trace(Category::Maps, 20, || {
        [what.as_bytes(), b"(", &common.name, b", ", key, b")\n"].concat()
    });
}

/// Flags of a map as one number (observed).
fn bits(common: &Common, usable: bool) -> u32 {
    let plain = PLAIN.contains(&common.class);
    let keep_quotes = common.keep_quotes || QUOTING.contains(&common.class);
    let rows = [
        (usable, 0x1),
        (common.with_nul, 0x2),
        (common.optional, 0x4),
        (common.keep_case, 0x8),
        (common.match_only, 0x10),
        (!plain && !common.with_nul, 0x100),
        (!plain && !common.without_nul, 0x200),
        (common.append_duplicates, 0x8000),
        (keep_quotes, 0x1_0000),
        (common.tempfail_is_miss, 0x2_0000),
        (common.not_deferred, 0x8_0000),
    ];
    rows.into_iter().filter(|(set, _)| *set).fold(0, |bits, (_, bit)| bits | bit)
}
