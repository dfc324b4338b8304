//! The classes that ask for host names, as observed with 8.17.1.9 and the same zone.

mod common;

use common::*;
use mapper::Settings;

#[test]
fn dns_records() {
    // MAP-039
    for (line, key, expected) in [
        ("d dns -RA", "a.example.org", "=192.0.2.20"),
        ("d dns -RA", "A.EXAMPLE.ORG.", "=192.0.2.20"),
        ("d dns -R A -z:", "a.example.org", "=192.0.2.20:192.0.2.21"),
        ("d dns -RA", "long.example.org", "=192.0.2.20"),
        ("d dns -RCNAME", "long.example.org", "=c.example.org"),
        ("d dns -RAAAA", "six.example.org", "=IPv6:2001:db8:0:0:0:0:0:99"),
        ("d dns -RAAAA", "a.example.org", "68"),
        ("d dns -RMX", "m.example.org", "=mx2.example.org"),
        ("d dns -RMX -z,", "cm.example.org", "=mx2.example.org,mx1.example.org,MX1b.example.org"),
        ("d dns -RMX -z, -Z1", "m.example.org", "=mx2.example.org"),
        ("d dns -RTXT", "m.example.org", "=hello world"),
        ("d dns -RTXT -z;", "m.example.org", "=hello world;twoXXx"),
        ("d dns -RTXT", "pct.example.org", "=apct.example.orgb"),
        ("d dns -RSRV", "_sip._tcp.example.org", "=sip.example.org"),
        ("d dns -RNS", "example.org", "=ns1.example.org"),
        ("d dns -RPTR", "20.2.0.192.in-addr.arpa", "=a.example.org"),
        ("d dns -RAFSDB", "afs.example.org", "=db1.example.org"),
        ("d dns -RA -B example.com", "a", "=192.0.2.41"),
        ("d dns -RA -B.example.com.", "a", "68"),
        ("d dns -RA", "a", "=192.0.2.41"),
        ("d dns -RA", "nosuch.example.org", "68"),
        ("d dns -RA", "m.example.org", "68"),
        ("d dns -RA", "bad.example.org", "75"),
        ("d dns -RA", "fs", "=192.0.2.63"),
        ("d dns -RA", "a..b", "68"),
        ("d dns -RA -m -a.x", "A.example.org", "=A.example.org.x"),
    ] {
        check(line, &[(key, expected)]);
    }
}

#[test]
fn best_exchangers() {
    // MAP-040, MAP-114
    check(
        "b bestmx",
        &[
            ("m.example.org", "=MX1b.example.org."),
            ("nullmx.example.org", "69"),
            ("own.example.org", "=mail.example.com."),
            ("a.example.org", "=a.example.org."),
            ("nosuch.example.org", "68"),
            ("bad.example.org", "75"),
            ("a", "68"),
        ],
    );
    check(
        "b bestmx -z:",
        &[
            ("own.example.org", "=mail.example.com.:other.example.org."),
            ("m.example.org", "=MX1b.example.org.:mx1.example.org.:mx2.example.org."),
        ],
    );
    check("b bestmx -a.x", &[("m.example.org", "=MX1b.example.org..x")]);
}

#[test]
fn canonical_names() {
    // MAP-038
    check(
        "host host -a.",
        &[
            ("www", "=www.example.com."),
            ("dotless", "=other.example.net."),
            ("WWW.Example.com.", "=www.example.com."),
            ("a.example.org", "=a.example.org."),
            ("A.Example.Org", "=A.Example.Org."),
            ("c.example.org", "=a.example.org."),
            ("long.example.org", "=a.example.org."),
            ("m.example.org", "=m.example.org."),
            ("cm.example.org", "=m.example.org."),
            ("six.example.org", "=six.example.org."),
            ("nosuch.example.org", "68"),
            ("bad.example.org", "bad.example.org: Name server timeout; 75"),
            ("fs", "fs: Name server timeout; 75"),
            ("a", "=a.example.com."),
            ("s.mail", "=s.mail.example.com."),
            ("a.example.org.", "=a.example.org."),
            ("a.", "68"),
            ("wild", "=wild.example.com."),
            ("txtonly", "68"),
            ("loop.example.org", "DNS failure: CNAME loop for loop2.example.org; 68"),
            ("a..b", "68"),
            (".", "68"),
            ("..", "68"),
        ],
    );
    check("host host", &[("www", "=www.example.com")]);
    check("host host -m", &[("WWW", "=WWW")]);
}

#[test]
fn names_of_addresses() {
    // MAP-038
    check(
        "host host -a.",
        &[
            ("[192.0.2.7]", "=www.example.com."),
            ("[192.0.2.20]", "=a.example.org."),
            ("[192.0.2.9]x", "=dotless."),
            ("[192.0.2.77]", "68"),
            ("[IPv6:2001:db8::7]", "=six.example.com."),
            ("[::1]", "68"),
            ("[]", "68"),
            ("[IPv6:foo]", "68"),
            // What is no address has the status of the last question (observed).
            ("[foo.bar]", "68"),
            ("[192.0.2.7", "0"),
        ],
    );
}

/// The questions one lookup leads to.
fn questions(keys: &[&str]) -> Vec<String> {
    let (mut maps, mut world) = (maps(&[]), World::default());
    for key in keys {
        ask(&mut maps, &mut world, "host", key, "");
    }
    world.asked
}

#[test]
fn questions_in_order() {
    // MAP-038
    assert_eq!(questions(&["www"]), [""; 0]);
    assert_eq!(
        questions(&["a"]),
        ["a.sub.example.com Aaaa", "a.example.com Aaaa", "a.example.com A"]
    );
    assert_eq!(
        questions(&["a.example.org", "a.example.org"]),
        ["a.example.org Aaaa", "a.example.org A"]
    );
    assert_eq!(
        questions(&["m.example.org."]),
        ["m.example.org Aaaa", "m.example.org A", "m.example.org Mx",]
    );
    assert_eq!(
        questions(&["bad.example.org"]),
        [
            "bad.example.org Aaaa",
            "bad.example.org A",
            "bad.example.org Mx",
            "bad.example.org.sub.example.com Aaaa",
            "bad.example.org.example.com Aaaa",
        ]
    );
    assert_eq!(questions(&["fs"]), ["fs.sub.example.com Aaaa"]);
    assert_eq!(questions(&["loop.example.org"]).len(), 12);
}

#[test]
fn without_dns_in_the_switch_nothing_is_asked() {
    // MAP-093
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), "hosts files\n").expect("write");
    let mut maps = maps(&["b bestmx"]);
    let path = file.path().as_os_str().as_encoded_bytes().to_vec();
    maps.set_settings(Settings { service_switch_file: path, ..settings() });
    let mut world = World::default();
    assert_eq!(ask(&mut maps, &mut world, "host", "a.example.org", ""), "68");
    assert_eq!(ask(&mut maps, &mut world, "b", "m.example.org", ""), "0");
    assert_eq!(world.asked, [""; 0]);
}
