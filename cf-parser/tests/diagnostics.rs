//! What is said about bad lines: each text, line number and exit status is the oracle's
//! (sendmail 8.17.1.9, `-bt`), for a file of `V10`, the line, and lines that are right.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use cf_parser::{Directive, Severity, level_check, parse};

/// Lines; exit status; line numbers and texts.
type Case = (&'static [u8], u8, &'static [(u32, &'static [u8])]);

/// CF-003, CF-004, CF-008, CF-011, CF-112
const LINES: &[Case] = &[
    (b"W foo", 70, &[(2, b"unknown configuration line \"W foo\"")]),
    (b"L foo", 70, &[(2, b"unknown configuration line \"L foo\"")]),
    (b"$xfoo", 70, &[(2, b"unknown configuration line \"\x01xfoo\"")]),
    (b"bar", 70, &[(2, b"unknown configuration line \"bar\"")]),
    (b"b\xe4r", 70, &[(2, b"unknown configuration line \"bdr\"")]),
    (b"b\x85r", 70, &[(2, b"unknown configuration line \"b\x7f\x05r\"")]),
    (b"b${foo}r$=x", 70, &[(2, b"unknown configuration line \"b\x01\"r\x01=x\"")]),
    (b"b\n c  ", 70, &[(3, b"unknown configuration line \"b\n c\"")]),
    (
        b"b\n\n z",
        70,
        &[(2, b"unknown configuration line \"b\""), (4, b"unknown configuration line \"\n z\"")],
    ),
    (b"\n   # foo", 70, &[(3, b"unknown configuration line \"\n\"")]),
    (b"bx # y\n z", 70, &[(3, b"unknown configuration line \"bx\n z\"")]),
    (b"\\#x", 0, &[]),
    (b"b\0x\n y", 70, &[(3, b"unknown configuration line \"b\"")]),
    (b"b\r\n x\r", 70, &[(3, b"unknown configuration line \"b\n x\"")]),
    (b"#${foo", 0, &[]),
];

/// CF-067, CF-068
const NAMES: &[Case] = &[
    (b"D", 70, &[(2, b"Name required for macro/class")]),
    (b"D{}foo", 70, &[(2, b"Name required for macro/class")]),
    (
        b"D{abc foo",
        70,
        &[
            (2, b"Invalid macro/class character  "),
            (2, b"Unbalanced { on abcfoo"),
            (2, b"Unable to assign macro/class ID (mid = 0xffffffff)"),
        ],
    ),
    (b"D{a.b}foo", 70, &[(2, b"Invalid macro/class character .")]),
    (
        b"D{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}x",
        70,
        &[
            (2, b"Macro/class name ({aaaaaaaaaaaaaaaaaaaaaaaaa}) too long (25 chars max)"),
            (2, b"Unable to assign macro/class ID (mid = 0xffffffff)"),
        ],
    ),
    (b"C", 70, &[(2, b"Name required for macro/class")]),
    (
        b"C{foo",
        70,
        &[(2, b"Unbalanced { on foo"), (2, b"Unable to assign macro/class ID (mid = 0xffffffff)")],
    ),
    (
        b"DA${foo",
        70,
        &[(2, b"Unbalanced { on foo"), (2, b"Unable to assign macro/class ID (mid = 0xffffffff)")],
    ),
    (b"DAa${f o}b", 70, &[(2, b"Invalid macro/class character  ")]),
    (
        b"DA${foo}${foo ",
        70,
        &[
            (2, b"Invalid macro/class character  "),
            (2, b"Unbalanced { on foo"),
            (2, b"Unable to assign macro/class ID (mid = 0xffffffff)"),
        ],
    ),
    (b"DAa$&", 70, &[(2, b"Name required for macro/class")]),
    (
        b"DA$={a",
        70,
        &[(2, b"Unbalanced { on a"), (2, b"Unable to assign macro/class ID (mid = 0xffffffff)")],
    ),
];

/// CF-036
const VERSIONS: &[Case] = &[
    (b"V", 70, &[(2, b"invalid argument to V line: \"\"")]),
    (b"Vx", 70, &[(2, b"invalid argument to V line: \"x\"")]),
    (b"V-1", 70, &[(2, b"invalid argument to V line: \"-1\"")]),
    (b"V10/", 70, &[(2, b"invalid V line vendor code: \"\"")]),
    (b"V10/ Berkeley", 70, &[(2, b"invalid V line vendor code: \"\"")]),
    (b"V10/berkeley", 0, &[]),
    (b"V10/Sun", 70, &[(2, b"invalid V line vendor code: \"Sun\"")]),
    (b"V10/Ber9", 70, &[(2, b"invalid V line vendor code: \"Ber\"")]),
    (b"V10 /Foo", 0, &[]),
    (b"V10x/Foo", 0, &[]),
    (b"V$x", 70, &[(2, b"invalid argument to V line: \"\x01x\"")]),
];

/// CF-024
const PRECEDENCES: &[Case] = &[
    (b"P", 70, &[(2, b"unknown configuration line \"P\"")]),
    (b"Pfoo", 70, &[(2, b"unknown configuration line \"Pfoo\"")]),
    (b"Pfoo=", 0, &[]),
    (b"P=1", 0, &[]),
    (b"Pa=x", 0, &[]),
];

/// CF-051, CF-056
const CLASS_FILES: &[Case] = &[
    (b"F", 70, &[(2, b"Name required for macro/class")]),
    (b"Fx", 70, &[(2, b"fileclass: missing file name")]),
    (b"FA-o", 70, &[(2, b"fileclass: missing file name")]),
    (b"FA\"/no pe", 70, &[(2, b"illegal filename '\"/no pe'")]),
    (b"FA\\", 70, &[(2, b"illegal filename '\\'")]),
];

/// CF-065
const HEADERS: &[Case] = &[
    (b"H", 70, &[(2, b"header syntax error, line \"\"")]),
    (b"Hfoo", 70, &[(2, b"header syntax error, line \"foo\"")]),
    (b"H:", 70, &[(2, b"header syntax error, line \":\"")]),
    (b"H?x", 70, &[(2, b"header syntax error, line \"?x\"")]),
    (b"H?x?", 70, &[(2, b"header syntax error, line \"?x\"")]),
    (b"Hfoo bar: x", 70, &[(2, b"header syntax error, line \"foo bar: x\"")]),
    (b"H?${foo}D?X: y", 70, &[(2, b"header syntax error, line \"?\x01\"D?X: y\"")]),
    (b"H?D? Foo: x", 70, &[(2, b"header syntax error, line \"?D\"")]),
    (b"H Foo: x", 70, &[(2, b"header syntax error, line \" Foo: x\"")]),
    (b"H??Foo: x", 0, &[]),
    (b"H?D$x?Foo: x", 70, &[(2, b"header syntax error, line \"?D\x01x?Foo: x\"")]),
    (b"HF\xe4o: x", 70, &[(2, b"header syntax error, line \"Fdo: x\"")]),
    (
        b"H?${foo?x: y",
        70,
        &[
            (2, b"Invalid macro/class character ?"),
            (2, b"Invalid macro/class character :"),
            (2, b"Invalid macro/class character  "),
            (2, b"Unbalanced { on fooxy"),
            (2, b"Unable to assign macro/class ID (mid = 0xffffffff)"),
            (2, b"header syntax error, line \"?\x01\""),
        ],
    ),
    (b"HFoo: $>", 70, &[(2, b"invalid ruleset name: \"\"")]),
    (b"HFoo: $> + a", 70, &[(2, b"invalid ruleset name: \"+ a\"")]),
    (b"HFoo: $>\"foo\"", 70, &[(2, b"invalid ruleset name: \"\"foo\"\"")]),
    (b"HFoo\n : x", 0, &[]),
    (b"H?$&x?Foo: x", 70, &[(2, b"header syntax error, line \"?\x01&x?Foo: x\"")]),
];

/// ML-001..ML-005
const MAILERS: &[Case] = &[
    (b"M", 70, &[(2, b"name required for mailer")]),
    (b"M foo, P=/x, A=x", 70, &[(2, b"name required for mailer")]),
    (b"M, P=/x, A=x", 70, &[(2, b"name required for mailer")]),
    (b"Mfoo, P=/x, A=x,", 70, &[(2, b"mailer foo: `=' expected")]),
    (b"Mfoo, P", 70, &[(2, b"mailer foo: `=' expected")]),
    (b"Mfoo, P=/x, A=x, F", 70, &[(2, b"mailer foo: `=' expected")]),
    (b"Mfoo, P=/x, A=x, =y", 70, &[(2, b"Mfoo: unknown mailer equate ==")]),
    (b"Mfoo, P=/x, A=x, $x=3", 70, &[(2, b"Mfoo: unknown mailer equate \x01=")]),
    (
        b"Mfoo, P=/x, A=x, Z=1, Y=2, F=l",
        70,
        &[(2, b"Mfoo: unknown mailer equate Z="), (2, b"Mfoo: unknown mailer equate Y=")],
    ),
    (b"Mfoo, Path=/x, Argv=\"x, y\"", 0, &[]),
];

/// QU-048
const QUEUE_GROUPS: &[Case] = &[
    (b"O QueueDirectory=/tmp/cfp/q\nQ", 70, &[(3, b"name required for queue")]),
    (b"O QueueDirectory=/tmp/cfp/q\nQ, P=/x", 0, &[]),
    (b"O QueueDirectory=/tmp/cfp/q\nQ foo, P=/x", 70, &[(3, b"queue : `=' expected")]),
    (b"Qfoo", 70, &[(2, b"QueueDir must be defined before queue groups")]),
    (b"Qfoo, P=/tmp/cfp/q", 0, &[]),
    (b"O QueueDirectory=/tmp/cfp/q\nQfoo, P=", 70, &[(3, b"queue foo: empty path name")]),
    (b"O QueueDirectory=/tmp/cfp/q\nQfoo, P", 70, &[(3, b"queue foo: `=' expected")]),
    (b"O QueueDirectory=/tmp/cfp/q\nQfoo, Y=1", 70, &[(3, b"Qfoo: unknown queue equate Y=")]),
    (b"OQ/tmp/cfp/q\nQfoo, F=f, I=5a", 0, &[(3, b"Invalid time unit `a'")]),
];

/// MI-001, MI-002, MI-004
const FILTERS: &[Case] = &[
    (b"X", 70, &[(2, b"name required for mail filter")]),
    (b"X f, S=local:/x", 70, &[(2, b"name required for mail filter")]),
    (
        b"Xf, S=local:/x\nXF, S=local:/y",
        71,
        &[(3, b"XF: duplicate filter definition: No such file or directory")],
    ),
    (b"Xf", 70, &[(2, b"Xf: empty or missing socket information")]),
    (b"Xf, S=inet:1", 70, &[(2, b"Xf: bad address 1 (expected port@host)")]),
    (
        b"Xf,\n\tS=foo:x,\n\tZ=1",
        70,
        &[
            (4, b"Xf: unknown filter equate Z="),
            (4, b"Xf: unknown socket type foo: Protocol not supported"),
        ],
    ),
    (b"Xf, S=inet:@localhost", 70, &[(2, b"Xf: unknown port name ")]),
    (b"Xf, S=inet:1@", 70, &[(2, b"Xf: Unknown host name ")]),
    (b"Xf, S=local:/x, T=S:5q", 0, &[(2, b"Invalid time unit `q'")]),
    (b"Xf, S=local:/x, T=Z:5s", 70, &[(2, b"Xf: unknown filter timeout Z")]),
    (
        b"Xf, S=local:/x, T=S:5s;R:3x;E",
        70,
        &[(2, b"Invalid time unit `x'"), (2, b"Xf, T=: `:' expected")],
    ),
    (b"Xf, S", 70, &[(2, b"Xf: `=' expected")]),
    (b"Xf, S=local:/x,", 70, &[(2, b"Xf: `=' expected")]),
];

/// OPT-001..OPT-004
const OPTIONS: &[Case] = &[
    (b"O", 70, &[(2, b"readcf: unknown option name 0x0")]),
    (b"O =", 70, &[(2, b"readcf: null option name")]),
    (b"O  =5", 70, &[(2, b"readcf: ambiguous option name  (matches SevenBitInput and EightBitMode)")]),
    (b"O  LogLevel=5", 70, &[(2, b"readcf: unknown option name  LogLevel")]),
    (b"O LogLevel 5", 70, &[(2, b"readcf: unknown option name LogLevel 5")]),
    (b"OW5", 70, &[(2, b"readcf: unknown option name 0x57")]),
    (b"O\x80x", 70, &[(2, b"readcf: unknown option name 0xff")]),
    (b"O$x", 70, &[(2, b"readcf: unknown option name 0x81")]),
    (b"O $x=3", 70, &[(2, b"readcf: unknown option name \x01x")]),
    (b"O Log=5", 0, &[(2, b"Option Log used as abbreviation for LogLevel")]),
    (b"O Conn=5", 70, &[(2, b"readcf: ambiguous option name Conn (matches ConnectionCacheSize and ConnectionCacheTimeout)")]),
    (b"O LogLevelX=5", 70, &[(2, b"readcf: unknown option name LogLevelX")]),
    (b"O loglevel.foo=5", 0, &[]),
    (b"O Timeout .mail=5m", 70, &[(2, b"readcf: unknown option name Timeout ")]),
    (b"O Foo.bar=5", 70, &[(2, b"readcf: unknown option name Foo")]),
    (b"O\tLogLevel=5", 70, &[(2, b"readcf: unknown option name 0x9")]),
    (b"O g1", 70, &[(2, b"readcf: unknown option name g1")]),
    (b"O M=x", 70, &[(2, b"readcf: ambiguous option name M (matches MinFreeBlocks and MatchGECOS)")]),
    (b"O DANE=true", 70, &[(2, b"readcf: unknown option name DANE")]),
    (b"O MaxHop=5\n 6", 0, &[(3, b"Option MaxHop used as abbreviation for MaxHopCount")]),
];

/// RS-022, RS-024, RS-025
const RULES_AND_RULESETS: &[Case] = &[
    (b"S98=97", 0, &[]),
    (b"Sfoo\nR foo bar", 70, &[(3, b"invalid rewrite line \"R foo bar\" (tab expected)")]),
    (b"Sfoo\nR$* foo", 70, &[(3, b"invalid rewrite line \"R\x01* foo\" (tab expected)")]),
    (b"Sfoo\nRfoo\t", 70, &[(3, b"invalid rewrite line \"Rfoo\" (tab expected)")]),
    (b"Rfoo bar", 70, &[(2, b"missing valid ruleset for \"Rfoo bar\"")]),
    (b"Sfoo\nRfoo#x\tbar", 70, &[(3, b"invalid rewrite line \"Rfoo\" (tab expected)")]),
];

fn check(cases: &[Case]) {
    for (lines, exit, texts) in cases {
        let file = [b"V10\n", *lines, b"\nOQ/tmp/q\nMlocal, P=/bin/cat, A=cat $u\n"].concat();
        let (_, diagnostics) = parse(&file);
        let got: Vec<(u32, &[u8])> =
            diagnostics.iter().map(|d| (d.span.last_line, &d.text[..])).collect();
        let shown = String::from_utf8_lossy(lines);
        assert_eq!(got, *texts, "{shown}");
        let first = diagnostics.iter().find_map(|d| match d.severity {
            Severity::Error { exit, .. } => Some(exit),
            Severity::Note | Severity::Warning | Severity::Mistake => None,
        });
        assert_eq!(first.unwrap_or(0), *exit, "{shown}");
    }
}

#[test]
fn lines() {
    check(LINES);
}

#[test]
fn names() {
    check(NAMES);
}

#[test]
fn versions() {
    check(VERSIONS);
}

#[test]
fn precedences() {
    check(PRECEDENCES);
}

#[test]
fn class_files() {
    check(CLASS_FILES);
}

#[test]
fn headers() {
    check(HEADERS);
}

#[test]
fn mailers() {
    check(MAILERS);
}

#[test]
fn queue_groups() {
    check(QUEUE_GROUPS);
}

#[test]
fn filters() {
    check(FILTERS);
}

#[test]
fn options() {
    check(OPTIONS);
}

#[test]
fn rules_and_rulesets() {
    check(RULES_AND_RULESETS);
}

/// Levels and file level messages: CF-013, CF-024, CF-039, CF-047, CF-070.
#[test]
fn whole_files() {
    let said = |file: &[u8]| -> Vec<String> {
        let (_, diagnostics) = parse(file);
        diagnostics
            .iter()
            .map(|d| {
                let text = String::from_utf8_lossy(&d.text);
                if d.bare { text.into_owned() } else { format!("{}: {text}", d.span.last_line) }
            })
            .collect()
    };
    assert_eq!(said(b"V2\nb\\#c#d\n"), [r#"2: unknown configuration line "b\#c#d""#]);
    assert_eq!(said(b"V3\nb\\#c#d\n"), [r#"2: unknown configuration line "b#c""#]);
    let level = |n| level_check(n).map(|d| (String::from_utf8(d.text).unwrap(), d.severity));
    let old = "Warning: .cf file is out of date: sendmail 8.17.1.9 supports version 10, .cf file is version 0";
    assert_eq!(level(0), Some((old.to_owned(), Severity::Warning)));
    assert_eq!(level(10), None);
    let new =
        "Warning: .cf version level (11) exceeds sendmail version 8.17.1.9 functionality (10)";
    assert_eq!(level(11), Some((new.to_owned(), Severity::Error { exit: 70, fatal: false })));
    assert_eq!(said(b"V10\nbx"), [r#"2: unknown configuration line "bx""#]);
    assert_eq!(said(b" \nV10\n"), [r#"1: unknown configuration line " ""#]);
    let many: Vec<u8> = (0..27).flat_map(|n| format!("Pa{n}=1\n").into_bytes()).collect();
    let file = [b"V10\n", many.as_slice()].concat();
    assert_eq!(said(&file), ["27: too many P lines, 25 max", "28: too many P lines, 25 max"]);
    let names: Vec<u8> = (0..95).flat_map(|n| format!("D{{n{n}}}x\n").into_bytes()).collect();
    let file = [b"V10\n", names.as_slice()].concat();
    assert_eq!(
        said(&file),
        [
            "96: Macro/class {n94}: too many long names",
            "96: Unable to assign macro/class ID (mid = 0xffffffff)"
        ]
    );
}

/// RS-024, RS-025: the loader, which expands them, gets names and numbers as they are written.
#[test]
fn ruleset_lines() {
    for text in
        ["foo", "  foo , bar", "a$x", "3x", "010", "98=97", "foo = 3", "", "-3", "{foo}", "foo=x y"]
    {
        let (config, diagnostics) = parse(format!("V10\nS{text}\n").as_bytes());
        assert!(diagnostics.is_empty(), "{text}");
        let Some(Directive::Ruleset(read)) = config.items.get(1).map(|item| &item.directive) else {
            panic!("{text}");
        };
        assert_eq!(cf_parser::text::write(read), text.as_bytes());
    }
}
