//! Complaints about `K` lines, as 8.17.1.9 words them.

mod common;

use common::*;
use mapper::MapSet;

/// What declaring a line says, after three good maps.
fn complaints(line: &str) -> String {
    let mut maps = MapSet::new(settings());
    for good in ["one null", "two null", "three null"] {
        assert_eq!(maps.declare(good.as_bytes()), []);
    }
    let errors = maps.declare(&expand(line));
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_line_itself() {
    // MAP-002, MAP-003
    assert_eq!(complaints(""), "readcf: config K line: no map name");
    assert_eq!(complaints("!x hash foo"), "readcf: config K line: no map name");
    assert_eq!(complaints("hh"), "readcf: config K line, map hh: no map class");
    for (line, text) in [
        ("un foo bar", "readcf: map un: class foo not available"),
        ("un cdb bar", "readcf: map un: class cdb not available"),
        ("un dbm bar", "readcf: map un: class dbm not available"),
        ("un hesiod x", "readcf: map un: class hesiod not available"),
        ("abc-d hash x", "readcf: map abc: class d not available"),
    ] {
        assert_eq!(complaints(line), text, "{line}");
    }
}

#[test]
fn missing_file_names() {
    // MAP-005
    for class in [
        "hash", "btree", "text", "stab", "implicit", "userdb", "program", "switch", "socket",
        "nis", "nisplus",
    ] {
        let expected = format!("No file name for {class} map nf");
        assert_eq!(complaints(&format!("nf {class}")), expected);
    }
    for class in [
        "user", "host", "bestmx", "dequote", "regex", "sequence", "macro", "arith", "arpa",
        "syslog", "null",
    ] {
        assert_eq!(complaints(&format!("nf {class}")), "", "{class}");
    }
    assert_eq!(complaints("nf ldap"), "No filter given in map nf");
    assert_eq!(complaints("nf dns"), "dns map nf: missing -R type");
}

#[test]
fn flags() {
    // MAP-006, MAP-039, MAP-044, MAP-049
    for (line, text) in [
        ("fl hash -Q -o /x", "Illegal option Q map fl"),
        ("fl user -Q", "Illegal option Q map fl"),
        ("fl syslog -Q", "Illegal option Q map syslog"),
        ("fl socket -Q inet:1@h", "Illegal option Q map fl"),
        ("fl host -Q", ""),
        ("fl regex -Q a", ""),
        ("fl macro -Q", ""),
        ("fl arith -Q", ""),
        ("fl arpa -Q", ""),
        ("fl dequote -Q", ""),
        ("fl sequence -Q two", "Sequence map fl: unknown member map Q"),
        ("fl sequence one two nosuch", "Sequence map fl: unknown member map nosuch"),
        ("fl dns -R FOO", "dns map fl: wrong type FOO; dns map fl: missing -R type"),
        ("fl dns -Q -R A", ""),
        ("fl dns -Ra", ""),
        ("fl syslog -Lfoo", "syslog_map_parseargs: Unknown priority foo"),
        ("fl syslog -L warning", ""),
        ("fl hash -dx /x", "Invalid time unit `x'"),
        ("fl hash - /x", "Illegal option   map fl"),
    ] {
        assert_eq!(complaints(line), text, "{line}");
    }
}

#[test]
fn patterns() {
    // MAP-042
    for (line, text) in [
        ("re regex a(", "pattern-compile-error: Unmatched ( or \\("),
        ("re regex -s3 (a)(b)", "field (3) out of range, only 3 substrings in pattern"),
        ("re regex -s0,1,5 (a)(b)(c)", "field (5) out of range, only 4 substrings in pattern"),
        ("re regex *a", "pattern-compile-error: Invalid preceding regular expression"),
        ("re regex -b a\\(", "pattern-compile-error: Unmatched ( or \\("),
        ("re regex", ""),
    ] {
        assert_eq!(complaints(line), text, "{line}");
    }
}

#[test]
fn redefinition_and_case() {
    // MAP-002, MAP-004
    let mut maps = maps(&["Foo null", "fOO arpa"]);
    assert_eq!(ask(&mut maps, &mut World::default(), "FOO", "1.2.3.4", ""), "=4.3.2.1");
}

#[test]
fn maps_can_move_between_threads() {
    fn send<T: Send>() {}
    send::<MapSet>();
    send::<mapper::SystemServices>();
}
