//! LDAP maps against a server that says what the test wants.

#![allow(clippy::expect_used)]

mod common;

use common::*;
use mapper::{MapSet, Settings};

/// `ok` to a request to log in, with number 1.
const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("short").to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    element(0x30, &[&[2, 1, id], operation].concat())
}

fn entry(id: u8, name: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let octets = |text: &str| element(4, text.as_bytes());
    let attribute = |(name, values): &(&str, &[&str])| {
        let values = element(0x31, &values.iter().flat_map(|v| octets(v)).collect::<Vec<_>>());
        element(0x30, &[octets(name), values].concat())
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    message(id, &element(0x64, &[octets(name), element(0x30, &attributes)].concat()))
}

fn done(id: u8, code: u8) -> Vec<u8> {
    message(id, &element(0x65, &[10, 1, code, 4, 0, 4, 0]))
}

/// The answer to `Key` when the server has said all this.
fn answer(flags: &str, said: &[Vec<u8>]) -> String {
    let line = format!("d ldap -h h -k (a=%0) {flags}");
    let (mut maps, mut world) = (maps(&[&line]), World::default());
    world.replies.push_back(BOUND.to_vec());
    world.replies.extend(said.iter().cloned());
    ask(&mut maps, &mut world, "d", "Key", "")
}

const LOST: &str = "Error getting LDAP results, map=d, name=Key: Can't contact LDAP server; 75";

#[test]
fn what_is_found() {
    // MAP-066..MAP-070
    let two = |id| entry(id, "a", &[("mail", &["one", "two"]), ("objectClass", &["x"])]);
    for (flags, said, expected) in [
        ("-v mail", vec![two(2)], "=one"),
        ("-v mail -z,", vec![two(2), done(2, 0)], "=one,two"),
        ("-v mail -V= -z,", vec![two(2), done(2, 0)], "=mail=one,mail=two"),
        ("-v mail -z, -n", vec![two(2), done(2, 0)], "=mail"),
        ("-v mail -z, -1", vec![two(2), two(2), done(2, 0)], "68"),
        ("-v mail:NORMAL:y|x -z,", vec![two(2), done(2, 0)], "=one,two"),
        ("-v mail:NORMAL:y -z,", vec![two(2), done(2, 0)], "68"),
        ("-v mail -z, -m -a.x", vec![two(2), done(2, 0)], "=Key.x"),
        ("-v cn,mail:DN -z,", vec![two(2), done(2, 0), done(3, 0), done(4, 0)], "0"),
        ("-v mail -z,", vec![done(2, 0)], "68"),
    ] {
        assert_eq!(answer(flags, &said), expected, "{flags}");
    }
    let unasked = answer("-v cn", &[two(2), done(2, 0)]);
    assert_eq!(unasked, "Error getting LDAP results, map=d, name=Key: Bad address; 70");
}

#[test]
fn servers_that_go_away() {
    // MAP-080
    let one = entry(2, "a", &[("mail", &["one"])]);
    let half = one.get(..12).expect("half").to_vec();
    for said in [vec![], vec![one.clone()], vec![half], vec![b"GET / HTTP/1.0\r\n".to_vec()]] {
        assert_eq!(answer("-v mail -z,", &said), LOST);
    }
    // the answer must not be taken for whole
    let limited = answer("-v mail -z,", &[one, done(2, 4)]);
    assert_eq!(limited, "Error getting LDAP results, map=d, name=Key: Size limit exceeded; 75");
    let huge = b"\x30\x84\x7f\xff\xff\xff\x02\x01\x02".to_vec();
    assert_eq!(answer("-v mail -z,", &[huge]), LOST);
}

#[test]
fn answers_have_a_measure() {
    let long = "x".repeat(1 << 16);
    let mut said: Vec<_> = (0..20).map(|_| entry(2, "a", &[("mail", &[&long])])).collect();
    said.push(done(2, 0));
    let refused = "Error getting LDAP results, map=d, name=Key: Out of memory; 75";
    assert_eq!(answer("-v mail -z,", &said), refused);
    // what is not kept has none
    assert_eq!(answer("-v mail -m", &said), "=Key");
}

#[test]
fn one_connection_for_all_maps_of_a_login() {
    // MAP-077
    let settings = Settings { ldap_defaults: b"-h h -b dc=test".to_vec(), ..settings() };
    let mut maps = MapSet::new(settings);
    for line in ["a ldap -k (a=%0) -v b -s one", "b ldap -k (b=%0) -v c -R", "c ldap -w 3 -k x"] {
        assert_eq!(maps.declare(line.as_bytes()), []);
    }
    let mut world = World::default();
    let replies = [BOUND.to_vec(), done(2, 0), done(3, 0)];
    world.replies.extend(replies);
    assert_eq!(ask(&mut maps, &mut world, "a", "k", ""), "68");
    assert_eq!(ask(&mut maps, &mut world, "b", "k", ""), "68");
    assert_eq!(world.connections, 1);
    drop(ask(&mut maps, &mut world, "c", "k", ""));
    assert_eq!(world.connections, 2);
}
