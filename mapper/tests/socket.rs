//! Socket maps against a server that says what the test wants.

mod common;

use common::*;

/// The answer to `Key` when the server's side of the connection is `wire`.
fn answer(wire: &str) -> String {
    let (mut maps, mut world) = (maps(&["S socket -a.x inet:1@127.0.0.1"]), World::default());
    world.replies.push_back(wire.as_bytes().to_vec());
    ask(&mut maps, &mut world, "s", "Key", "")
}

#[test]
fn statuses() {
    // MAP-083, MAP-084
    for (wire, expected) in [
        ("8:OK value,", "=value.x"),
        ("3:OK ,", "=.x"),
        ("8:NOTFOUND,", "68"),
        ("9:NOTFOUND ,", "68"),
        ("8:TEMP why,", "75"),
        ("8:TIMEOUT ,", "75"),
        ("5:PERM ,", "69"),
        ("7:FOO bar,", "76"),
    ] {
        assert_eq!(answer(wire), expected, "{wire}");
    }
}

#[test]
fn broken_replies() {
    // MAP-085, MAP-086
    for (wire, text) in [
        ("x", "failed to read length parameter of reply 0"),
        ("1000001:", "reply too long: 1000001"),
        ("0000000010:", "missing ':' in reply"),
        ("1234567890:", "reply too long: 123456789"),
        ("3:OK x", "missing ',' in reply"),
    ] {
        assert_eq!(answer(wire), format!("socket_map_lookup(S): {text}; 75"), "{wire}");
    }
    assert_eq!(answer("8:OK v"), "75");
}

#[test]
fn one_connection_for_all_maps_of_an_endpoint() {
    // MAP-082, MAP-087
    let lines = ["one socket inet:1@127.0.0.1", "Two socket -f inet:1@127.0.0.1"];
    let (mut maps, mut world) = (maps(&lines), World::default());
    world.replies.push_back(b"4:OK a,4:OK b,".to_vec());
    assert_eq!(ask(&mut maps, &mut world, "one", "Key", ""), "=a");
    assert_eq!(ask(&mut maps, &mut world, "two", "Key", ""), "=b");
    assert_eq!(world.connections, 1);
    assert_eq!(*world.requests.lock().expect("lock"), b"7:one key,7:Two Key,");
}
