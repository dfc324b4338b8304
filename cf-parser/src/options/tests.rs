use super::*;

fn index(name: &str) -> usize {
    match by_name(name.as_bytes()) {
        Found::Exact(at) => at,
        other => panic!("{name}: {other:?}"),
    }
}

fn texts(name: &str, sub: Option<&str>, value: &str) -> Vec<String> {
    let read = interpret(index(name), sub.map(str::as_bytes), value.as_bytes());
    read.messages.iter().map(|m| String::from_utf8_lossy(&m.text).into_owned()).collect()
}

#[test]
fn names() {
    // OPT-003
    assert_eq!(by_name(b"log"), Found::Abbreviation(index("LogLevel")));
    assert_eq!(
        by_name(b"Conn"),
        Found::Ambiguous(index("ConnectionCacheSize"), index("ConnectionCacheTimeout"))
    );
    assert_eq!(by_name(b""), Found::Ambiguous(index("SevenBitInput"), index("EightBitMode")));
    assert_eq!(by_name(b"DANE"), Found::Unknown);
    assert_eq!(by_letter(b'W'), None);
    assert_eq!(by_letter(b'L'), Some(index("LogLevel")));
}

#[test]
fn messages_of_values() {
    // Each from the oracle: OPT-008, OPT-012, OPT-032, OPT-066, OPT-072, OPT-100, OPT-187,
    // OPT-193, OPT-196, OPT-241, OPT-283, OPT-284, OPT-286, OPT-288.
    let cases: &[(&str, Option<&str>, &str, &[&str])] = &[
        ("EightBitMode", None, "zz", &["Unknown 8-bit mode z"]),
        ("DeliveryMode", None, "zz", &["Unknown delivery mode z"]),
        ("DeliveryMode", None, "", &[]),
        ("ErrorMode", None, "z", &[]),
        ("AliasWait", None, "1h30x5", &["Invalid time unit `x'"]),
        ("QueueSortOrder", None, "xx", &["Invalid queue sort order \"xx\""]),
        ("NoRecipientAction", None, "foo", &["Invalid NoRecipientAction: foo"]),
        (
            "ConnectOnlyTo",
            None,
            "[1.2.3.4]",
            &["readcf: option ConnectOnlyTo: invalid IP address [1.2.3.4]"],
        ),
        ("ConnectOnlyTo", None, "25@IPv6:::1", &[]),
        (
            "PrivacyOptions",
            None,
            "foo-Goaway;bar",
            &["readcf: Op line: foo unrecognized", "readcf: Op line: bar unrecognized"],
        ),
        (
            "DontBlameSendmail",
            None,
            "foo,safe",
            &["readcf: DontBlameSendmail option: foo unrecognized"],
        ),
        ("ResolverOptions", None, "+debug foo true", &["readcf: I option value foo unrecognized"]),
        (
            "ServerSSLOptions",
            None,
            "+ssl_op_no_sslv2 0x10,SSL_OP_FOO",
            &["readcf: ServerSSLOptions option value SSL_OP_FOO unrecognized"],
        ),
        ("AuthOptions", None, "A,a q, r", &["Warning: Option: AuthOptions unknown parameter 'q'"]),
        ("Timeout", Some("foo"), "5m", &["settimeout: invalid timeout foo"]),
        ("Timeout", Some("queuereturn"), "5q", &["Invalid time unit `q'", "Invalid time unit `q'"]),
        ("Timeout", Some("mail"), "5q", &["Invalid time unit `q'"]),
        (
            "Timeout",
            None,
            "mail=5q,foo=3m",
            &["Invalid time unit `q'", "settimeout: invalid timeout foo"],
        ),
        ("Timeout", None, "zz", &[]),
        ("QueueTimeout", None, "5d/4q", &["Invalid time unit `q'", "Invalid time unit `q'"]),
        (
            "Milter",
            None,
            "x",
            &["milter_set_option: invalid Milter option, must specify suboption"],
        ),
        ("Milter", Some("macros"), "x", &["milter_set_option: invalid Milter option macros"]),
        ("Milter", Some("MACROS.connect"), "j, {x}", &[]),
        (
            "DaemonPortOptions",
            None,
            "Name=a b, Zoo = 1 2 ,Y=3",
            &[
                "PortOptions parameter \"Zoo = 1 2 \" unknown",
                "PortOptions parameter \"Y=3\" unknown",
            ],
        ),
        (
            "DaemonPortOptions",
            None,
            "Family=foo bar ",
            &["Unknown address family foo bar  in Family=option"],
        ),
        ("DaemonPortOptions", None, "Family=INET, D=q", &[]),
        ("DaemonPortOptions", None, "DeliveryMode=z", &["Unknown delivery mode z"]),
        (
            "MaxMimeHeaderLength",
            None,
            "100/50",
            &["Warning: MaxMimeHeaderLength: header length limit set lower than 128"],
        ),
        (
            "MaxHeadersLength",
            None,
            "1h",
            &["Warning: MaxHeadersLength: headers length limit set lower than 16384"],
        ),
        ("SmtpUTF8", None, "true", &["readcf: option: SmtpUTF8 set but no USE_EAI support"]),
        ("MailboxDatabase", None, "x", &[]),
        (
            "LDAPDefaultSpec",
            None,
            "-h \"a b\" -o -k x -3 -w 9 -r foo",
            &[
                "Illegal option 3 map O LDAPDefaultSpec",
                "LDAP version 9 exceeds max of 3 in map O LDAPDefaultSpec",
                "readcf: option LDAPDefaultSpec: Do not set non-LDAP specific flags",
                "readcf: option LDAPDefaultSpec: Do not set the LDAP search filter",
            ],
        ),
        ("Timeout", Some("nosuch"), "5q", &["settimeout: invalid timeout nosuch"]),
    ];
    for (name, sub, value, expect) in cases {
        assert_eq!(texts(name, *sub, value), *expect, "{name}={value}");
    }
}

#[test]
fn values_of_options() {
    let value = |name: &str, sub: Option<&str>, value: &str| {
        interpret(index(name), sub.map(str::as_bytes), value.as_bytes()).value
    };
    let timeout = |name: &str| TIMEOUTS.iter().position(|t| t.name == name).unwrap_or(usize::MAX);
    // OPT-005
    for (text, truth) in [("", true), ("True", true), ("yes", true), ("1", false), ("false", false)]
    {
        assert_eq!(value("SevenBitInput", None, text), Some(OptionValue::Bool(truth)));
    }
    // OPT-006, OPT-007, OPT-008
    assert_eq!(value("MaxHopCount", None, "25x"), Some(OptionValue::Int(25)));
    assert_eq!(value("TempFileMode", None, "07640"), Some(OptionValue::Mode(0o640)));
    assert_eq!(value("AliasWait", None, "1h30m"), Some(OptionValue::Seconds(5400)));
    assert_eq!(value("AliasWait", None, "10"), Some(OptionValue::Seconds(600)));
    assert_eq!(value("AliasWait", None, ""), Some(OptionValue::Seconds(300)));
    assert_eq!(value("DialDelay", None, "-10"), Some(OptionValue::Seconds(-10)));
    // OPT-052
    assert_eq!(value("SuperSafe", None, "PostMilter"), Some(OptionValue::Word("postmilter")));
    assert_eq!(value("SuperSafe", None, "zz"), Some(OptionValue::Word("false")));
    assert_eq!(value("SuperSafe", None, ""), Some(OptionValue::Word("true")));
    // OPT-056
    let user = OptionValue::User { user: b"nobody".to_vec(), group: Some(b"nogroup".to_vec()) };
    assert_eq!(value("DefaultUser", None, "nobody.nogroup"), Some(user));
    // OPT-240, OPT-239
    let common = value("Timeout", None, "10m");
    assert!(
        matches!(common, Some(OptionValue::Timeouts(set)) if set.len() == 6 && set.iter().all(|t| t.1 == 600))
    );
    let now = Some(OptionValue::Timeouts(vec![(timeout("queuewarn"), 0)]));
    assert_eq!(value("Timeout", Some("QueueWarn.*"), "now"), now);
    let days = Some(OptionValue::Timeouts(vec![(timeout("queuereturn.dsn"), 5 * 86_400)]));
    assert_eq!(value("Timeout", Some("queuereturn.dsn"), "5"), days);
    // OPT-017
    let aliases = vec![
        AliasFile { class: Some(b"hash".to_vec()), spec: b" -o /x".to_vec() },
        AliasFile { class: None, spec: b"/y".to_vec() },
    ];
    assert_eq!(value("AliasFile", None, "hash: -o /x, /y,"), Some(OptionValue::Aliases(aliases)));
}

#[test]
fn page_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/options.md");
    let page = options_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        assert!(std::fs::write(&path, &page).is_ok());
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/options.md is old: run the tests of cf-parser with UPDATE_DOCS=1"
    );
}
