//! Host lists and MX records, with a name service made of tables.

use super::*;

/// `mx host pref exchange`, one record each; hosts called `*.tmp` give no answer.
struct Table(&'static [(&'static str, u16, &'static str)]);

impl Resolver for Table {
    fn mx(&self, host: &[u8]) -> Result<Vec<Mx>, LookupFailure> {
        if host.ends_with(b".tmp") {
            return Err(LookupFailure::Temporary);
        }
        let found: Vec<Mx> = self
            .0
            .iter()
            .filter(|(name, ..)| name.as_bytes() == host)
            .map(|&(_, preference, exchange)| Mx { preference, exchange: exchange.into() })
            .collect();
        if found.is_empty() { Err(LookupFailure::NoData) } else { Ok(found) }
    }

    fn addresses(&self, _: &[u8]) -> Result<Vec<IpAddr>, LookupFailure> {
        Err(LookupFailure::NotFound)
    }
}

const ZONE: Table = Table(&[
    ("one.example", 20, "b.example."),
    ("one.example", 10, "a.example."),
    ("one.example", 30, "C.example."),
    ("self.example", 10, "a.example."),
    ("self.example", 20, "me.example."),
    ("self.example", 20, "b.example."),
    ("self.example", 30, "c.example."),
    ("loop.example", 5, "me.example."),
    ("loop.example", 10, "a.example."),
    ("null.example", 0, "."),
    ("same.example", 10, "a.example."),
    ("same.example", 10, "b.example."),
]);

fn check_with(host: &str, settings: &HostSettings, expected: Result<&[&str], &str>) {
    let rules = MxRules { is_own: &|name| name == b"me.example", random: &|_| 0 };
    let specs = host_list(host.as_bytes());
    let found = targets(&specs[0], true, settings, &ZONE, &rules);
    let shown: Result<Vec<String>, String> = found
        .map(|targets| {
            targets.iter().map(|t| String::from_utf8_lossy(t.label()).into_owned()).collect()
        })
        .map_err(|status| String::from_utf8_lossy(&status.text).into_owned());
    let expected = expected
        .map(|hosts| hosts.iter().map(ToString::to_string).collect::<Vec<_>>())
        .map_err(ToString::to_string);
    assert_eq!(shown, expected, "{host}");
}

fn check(host: &str, expected: Result<&[&str], &str>) {
    check_with(host, &HostSettings::default(), expected);
}

#[test]
fn records_are_tried_by_preference() {
    // SM-078
    check("one.example", Ok(&["a.example.", "b.example.", "c.example."]));
    check("[one.example]", Ok(&["one.example"]));
    check("none.example", Ok(&["none.example"])); // SM-079
    check("[10.1.2.3]", Ok(&["[10.1.2.3]"]));
}

#[test]
fn the_own_host_cuts_the_list() {
    // SM-078
    check("self.example", Ok(&["a.example."]));
    check("loop.example", Err("MX list for loop.example points back to me.example"));
    let forgiving = HostSettings { try_null_mx_list: true, ..HostSettings::default() };
    check_with("loop.example", &forgiving, Ok(&["loop.example"]));
}

#[test]
fn null_mx_and_temporary_failures() {
    check("null.example", Err("Host does not accept mail: MX 0 ."));
    check("x.tmp", Err("Name server: x.tmp: host name lookup failure"));
}

#[test]
fn the_fallback_comes_last() {
    // SM-080
    let settings = HostSettings {
        fallback_mx: Some(b"fall.example:[10.0.0.1]".to_vec()),
        ..HostSettings::default()
    };
    check_with("none.example", &settings, Ok(&["none.example", "fall.example", "[10.0.0.1]"]));
    check_with("x.tmp", &settings, Ok(&["fall.example", "[10.0.0.1]"]));
}

#[test]
fn equal_preferences_are_shuffled() {
    let rules = |random| MxRules { is_own: &|_| false, random };
    let records = ZONE.mx(b"same.example").unwrap();
    let first = |answer| match answer {
        MxAnswer::Hosts(hosts) => hosts[0].clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(first(order_mx(&records, &rules(&|_| 0))), b"b.example.");
    assert_eq!(first(order_mx(&records, &rules(&|below| below - 1))), b"a.example.");
}

#[test]
fn host_lists_are_cut_outside_brackets() {
    // ML-099
    let specs = host_list(b"a.example.:[IPv6:2001:db8::1]:[b]::[1.2.3.4]");
    assert_eq!(specs.len(), 4);
    assert_eq!(specs[0], HostSpec::Domain(b"a.example".to_vec()));
    assert!(matches!(&specs[1], HostSpec::Literal(Target::Address { address: IpAddr::V6(_), .. })));
    assert_eq!(specs[2], HostSpec::NoMx(b"b".to_vec()));
    assert!(matches!(&specs[3], HostSpec::Literal(_)));
    assert!(host_list(b"").is_empty());
}

#[test]
fn hosts_with_equal_records_have_equal_signatures() {
    // AD-092
    let sign = |host: &str| signature(host.as_bytes(), true, &ZONE);
    assert_eq!(sign("same.example"), b"a.example.:b.example.");
    assert_eq!(sign("none.example"), b"none.example");
    assert_eq!(signature(b"same.example", false, &ZONE), b"same.example");
}
