//! Answers of every class, as observed with 8.17.1.9 (`/map NAME KEY`, and rules for the arguments).

mod common;

use common::*;
use mapper::bdb::{DatabaseKind, DatabaseWriter};
use mapper::{Answer, LookupContext, MapSet};

#[test]
fn databases() {
    // MAP-008..MAP-013, MAP-023, MAP-024, MAP-029, MAP-094
    check("A hash FX/small-hash", &[("foo", "=bar"), ("FOO", "=bar"), ("bar", "=Baz"), ("x", "0")]);
    check("A hash FX/small-hash.db", &[("foo", "=bar"), ("foo2", "=brfoo2x%y%q")]);
    check("B btree FX/small-btree", &[("foo", "=bar"), ("x", "0")]);
    check("A hash -a.x%0 FX/small-hash", &[("foo", "=bar.x%0")]);
    check("A hash -m -a.y FX/small-hash", &[("FOO", "=FOO.y"), ("x", "0")]);
    check("A hash -f FX/small-hash", &[("FOO", "0"), ("foo", "=bar")]);
    check("A hash -N FX/small-hash", &[("foo", "0")]);
    check("A hash -O FX/small-hash", &[("foo", "=bar")]);
    check("A hash -N -O FX/small-hash", &[("foo", "0")]);
    check("A hash FX/nul-hash", &[("foo", "=bar"), ("bar", "=Baz")]);
    check("A hash -N FX/nul-hash", &[("foo", "=bar")]);
    check("A hash -O FX/nul-hash", &[("foo", "0")]);
    check("A hash -o /nosuch", &[("foo", "not open")]);
    let missing = "hash map \"A\": missing map file /nosuch.db: No such file or directory; 75";
    check("A hash /nosuch", &[("foo", missing), ("foo", "75")]);
    check("A implicit FX/small-hash", &[("foo", "=bar")]);
    check("A implicit /nosuch", &[("foo", "75")]);
}

#[test]
fn files_that_are_no_databases() {
    let text = |class: &str, file: &str| {
        let file = String::from_utf8_lossy(&expand(file)).into_owned();
        format!("Cannot open {class} database {file}: Invalid argument; 75")
    };
    check("A hash FX/small-btree", &[("foo", &text("hash", "FX/small-btree.db"))]);
    check("A btree FX/small-hash", &[("foo", &text("btree", "FX/small-hash.db"))]);
}

#[test]
fn unsafe_directories() {
    // MAP-025
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("A.db");
    std::fs::copy(String::from_utf8_lossy(&fixture("small-hash.db")).as_ref(), &path)
        .expect("copy");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(directory.path(), mode).expect("mode");
    let mut settings = settings();
    settings.blame.map_in_unsafe_dir_path = false;
    let mut maps = MapSet::new(settings);
    let path = path.display();
    assert_eq!(maps.declare(format!("A hash {path}").as_bytes()), []);
    let answer = ask(&mut maps, &mut World::default(), "A", "foo", "");
    let expected = format!("hash map \"A\": unsafe map file {path}: World writable directory; 75");
    assert_eq!(answer, expected);
}

#[test]
fn a_changed_file_is_read_again() {
    // MAP-026
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("t");
    let (mut maps, mut world) =
        (maps(&[&format!("t text -v1 {}", path.display())]), World::default());
    for (content, expected) in [("k one\n", "=one"), ("k fourteen\n", "=fourteen")] {
        std::fs::write(&path, content).expect("write");
        assert_eq!(ask(&mut maps, &mut world, "t", "k", ""), expected);
    }
}

/// Writes a file as if it had been there for a while, so that what is read of it may be kept.
fn write_old(path: &std::path::Path, content: &[u8], seconds: u64) -> std::io::Result<()> {
    std::fs::write(path, content)?;
    let time = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
    std::fs::File::options().write(true).open(path)?.set_modified(time)
}

#[test]
fn kept_answers_end_with_the_file() {
    // MAP-026: of a file of the same size, too; a damaged page is told of every time it is met
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("t.db");
    let mut content =
        std::fs::read(String::from_utf8_lossy(&fixture("small-hash.db")).as_ref()).expect("read");
    let (mut maps, mut world) = (maps(&[&format!("t hash {}", path.display())]), World::default());
    let mut check = |content: &[u8], seconds, foo: &str, x: &str| {
        write_old(&path, content, seconds).expect("write");
        maps.begin_round();
        for _ in 0..2 {
            assert_eq!(ask(&mut maps, &mut world, "t", "foo", ""), foo);
            assert_eq!(ask(&mut maps, &mut world, "t", "x", ""), x);
        }
    };
    check(&content, 50, "=bar", "0");
    let value = content.windows(6).position(|bytes| bytes == b"bar\x01fo").expect("value");
    content[value + 2] = b't';
    check(&content, 40, "=bat", "0");
    let pages: Vec<usize> = (4096..content.len()).step_by(4096).collect();
    pages.iter().for_each(|page| content[page + 25] = 99);
    let damaged = format!("hash map \"t\": file {}: page 1: not a hash page; 75", path.display());
    check(&content, 30, &damaged, &damaged);
}

/// A hash file of 2000 keys that all have this value.
fn rows(value: &str) -> Vec<u8> {
    let mut writer = DatabaseWriter::new(DatabaseKind::Hash);
    (0..2000).for_each(|n| writer.put(format!("key{n}").as_bytes(), value.as_bytes()));
    writer.render([0; 20])
}

#[test]
fn pages_of_two_states_do_not_mix() {
    // MAP-026, MAP-102: between two looks at the file it is rewritten in place, with more pages
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("t.db");
    write_old(&path, &rows("old"), 60).expect("write");
    let (mut maps, mut world) = (maps(&[&format!("t hash {}", path.display())]), World::default());
    let mut look = |key: &str| ask(&mut maps, &mut world, "t", key, "");
    assert_eq!((look("key0"), look("none0")), ("=old".into(), "0".into()));
    write_old(&path, &rows(&"new".repeat(9)), 50).expect("write");
    assert_eq!(look("key0"), "=old");
    let new = format!("={}", "new".repeat(9));
    // What pages in memory have is old until another page is needed.
    let answers: Vec<String> = (0..2000).map(|n| look(&format!("key{n}"))).collect();
    let first = answers.iter().position(|answer| *answer == new).expect("another page");
    assert!(answers[..first].iter().all(|answer| answer == "=old"));
    assert!(answers[first..].iter().all(|answer| *answer == new));
    assert_eq!((look("key0"), look("none0")), (new, "0".into()));
}

#[test]
fn files_are_looked_at_once_in_a_while() {
    // MAP-026
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("t.db");
    let old = std::fs::read(String::from_utf8_lossy(&fixture("small-hash.db")).as_ref());
    let old = old.expect("read");
    let mut new = old.clone();
    let value = new.windows(6).position(|bytes| bytes == b"bar\x01fo").expect("value");
    new[value + 2] = b't';
    write_old(&path, &old, 60).expect("write");
    let (mut maps, mut world) = (maps(&[&format!("t hash {}", path.display())]), World::default());
    let start = std::time::Instant::now();
    let mut look = |now: Option<u64>| {
        maps.begin_address(now.map(|now| start + std::time::Duration::from_micros(now)));
        ask(&mut maps, &mut world, "t", "foo", "")
    };
    assert_eq!(look(Some(10)), "=bar");
    write_old(&path, &new, 50).expect("write");
    assert_eq!(look(Some(1009)), "=bar");
    assert_eq!(look(Some(1010)), "=bat");
    write_old(&path, &old, 40).expect("write");
    assert_eq!(look(Some(2009)), "=bat");
    assert_eq!(look(None), "=bar");
    write_old(&path, &new, 30).expect("write");
    assert_eq!(look(None), "=bat");
    write_old(&path, &old, 20).expect("write");
    assert_eq!(look(Some(2010)), "=bar");
}

#[test]
fn text_files() {
    // MAP-014..MAP-016, MAP-035
    let rows = [("foo", "=bar"), ("FOO", "=bar"), ("bar", "=Baz"), ("Baz", "68")];
    check("t text -k0 -v1 FX/plain.txt", &rows);
    check("t text -f -k 0 -v 1 FX/plain.txt", &rows);
    check("t text FX/plain.txt", &[("foo", "=foo")]);
    check("t text -k1 FX/plain.txt", &[("baz", "=Bar")]);
    check("t text -k1 -v0 -z: FX/columns.txt", &[("b", "=a"), ("d", "= "), ("y", "68")]);
    check("t text -v2 -z: FX/columns.txt", &[("A", "=c"), ("empty", "=x"), ("only", "68")]);
    check("t text -v1 -z\\t FX/columns.txt", &[("q", "=r")]);
    check(
        "t text x.txt",
        &[("q", "text map \"t\": file name must be fully qualified; 75"), ("q", "75")],
    );
    check("t text /nosuch", &[("q", "text map \"t\": unsafe map file /nosuch; 75")]);
    check("t text -o /nosuch", &[("q", "not open")]);
    let file = String::from_utf8_lossy(&fixture("plain.txt")).into_owned();
    let text = format!("text map \"t\", file {file}: -k should specify a number, not foo; 75");
    check("t text -kfoo FX/plain.txt", &[("q", &text)]);
}

#[test]
fn alias_texts() {
    // MAP-034, MAP-091, MAP-092
    let file = String::from_utf8_lossy(&fixture("aliases")).into_owned();
    let summary = format!("{file}: 2 aliases, longest 8 bytes, 17 bytes total; ");
    let first = format!("{summary}=bar, baz");
    check("s stab FX/aliases", &[("foo", &first), ("FOO", "=bar, baz"), ("x", "=y,  z")]);
    check("s stab /nosuch", &[("foo", "75")]);
    let (mut plain, mut world) = (maps(&[]), World::default());
    assert_eq!(ask(&mut plain, &mut world, "aliases", "foo", ""), "68");
    let mut settings = settings();
    settings.alias_files = vec![fixture("aliases")];
    let mut maps = MapSet::new(settings);
    assert_eq!(maps.finish(10), []);
    let warning = format!("WARNING: cannot open alias database {file}; reading text version; ");
    assert_eq!(ask(&mut maps, &mut world, "aliases", "foo", ""), warning + &first);
    assert_eq!(ask(&mut maps, &mut world, "alias0", "x", ""), "=y,  z");
}

#[test]
fn users() {
    // MAP-036
    for (field, expected) in [
        ("name", "=joe"),
        ("passwd", "=x"),
        ("uid", "=1001"),
        ("gid", "=100"),
        ("gecos", "=Joe B"),
        ("dir", "=/home/joe"),
        ("shell", "=/bin/sh"),
    ] {
        check(&format!("u user -v{field}"), &[("joe", expected), ("JOE", expected), ("x", "67")]);
    }
    check("u user -m -a.x", &[("joe", "=joe.x")]);
    check("u user -vfoo", &[("joe", "User map u: unknown column name foo; 75"), ("joe", "75")]);
}

#[test]
fn dequoting() {
    // MAP-041; only the first flag counts
    check("d dequote", &[("\"a.b\"", "=a.b"), ("ab", "0"), ("\"a b\"", "0"), ("\"\"", "=")]);
    check("d dequote -s_", &[("\"a b\"", "=a_b")]);
    check("d dequote -S.", &[("\"a b\"", "=a.b")]);
    check("d dequote -s", &[("\"a b\"", "0")]);
    check("d dequote -a.z", &[("\"ab\"", "=ab.z")]);
    check("d dequote -s_ -a.z", &[("\"a b\"", "=a_b")]);
}

#[test]
fn regular_expressions() {
    // MAP-042
    check("r regex (a)(b+)", &[("xabby", "="), ("XABBY", "="), ("zzz", "0")]);
    check("r regex -s -d| (a)(b+)", &[("xabby", "=abb|a|bb")]);
    check("r regex -s1,2 -d: (a)(b+)", &[("xabby", "=a:bb")]);
    check("r regex -s1,2 -d (a)(b+)", &[("xabby", "=abb")]);
    check("r regex -a@Y (a)(b+)", &[("xabby", "=@Y")]);
    check("r regex -m -a@Y (a)(b+)", &[("xabby", "=xabby@Y")]);
    check("r regex -n (a)(b+)", &[("xabby", "0"), ("zzz", "=")]);
    check("r regex -n -m -aX (a)(b+)", &[("zzz", "=zzzX")]);
    check("r regex -f (A)(B+)", &[("xabby", "0"), ("xABBy", "=")]);
    check("r regex -b -s1,2 -d/ \\(a\\)\\(b*\\)", &[("xabbb", "=a/bbb")]);
    // what could not stand in an address is no result
    check(
        "r regex -s0 .*",
        &[("a<b", "0"), ("a\"b", "0"), ("ab)", "0"), ("a b", "0"), ("ab", "=ab")],
    );
    check("r regex -m a b   ", &[("a b", "=a b")]);
    let (mut maps, mut world) =
        (maps(&["r regex -s1 (a+)|(b)", "p regex -s1 -a%1 x(.*)y"]), World::default());
    for (args, expected) in [("", "="), ("2", "=b"), ("0", "=b"), ("x", "=b")] {
        assert_eq!(ask(&mut maps, &mut world, "r", "b", args), expected, "{args}");
    }
    let text = "field (9) out of range, only 3 substrings in pattern; 0";
    assert_eq!(ask(&mut maps, &mut world, "r", "b", "9"), text);
    assert_eq!(ask(&mut maps, &mut world, "p", "x%1y", "1"), "=1%1");
}

#[test]
fn programs() {
    // MAP-043
    check("p program /echo A B", &[("Key", "=A B Key"), ("x y", "=A B x y")]);
    check("p program -m -a.x /echo", &[("k", "=k.x")]);
    check("p program /two", &[("k", "=one")]);
    check("p program /silent", &[("k", "0")]);
    check("p program /nosuch", &[("k", "78")]);
    check("p program /killed", &[("k", "prog_map_lookup(p): child died on signal 9; 69")]);
    check("p program /exit", &[("1", "1"), ("67", "67"), ("75", "75"), ("0", "=ignored")]);
}

#[test]
fn lists_of_maps() {
    // MAP-044, MAP-045
    let lines = [
        "A hash FX/small-hash",
        "mis hash /nosuch",
        "d dequote",
        "s sequence mis A",
        "s2 sequence A mis",
        "s3 sequence d,A",
        "w switch nosuch",
        "v switch foosvc",
        "v.one hash FX/small-hash",
        "self sequence A",
    ];
    let (mut maps, mut world) = (maps(&lines), World::default());
    let mut ask = |name: &str, key: &str| ask(&mut maps, &mut world, name, key, "");
    let missing = "hash map \"mis\": missing map file /nosuch.db: No such file or directory; ";
    assert_eq!(ask("s", "foo"), format!("{missing}=bar"));
    assert_eq!(ask("s", "nosuch"), "75");
    assert_eq!(ask("s2", "foo"), "=bar");
    assert_eq!(ask("s3", "\"foo\""), "=foo");
    assert_eq!(ask("w", "foo"), "75");
    assert_eq!(ask("v", "foo"), "Switch map v: unknown member map v.two; =bar");
    assert_eq!(ask("nosuch", "foo"), "not found");
}

#[test]
fn a_sequence_of_itself_ends() {
    let mut maps = maps(&["s null"]);
    assert_eq!(maps.declare(b"s sequence s"), []);
    assert_eq!(ask(&mut maps, &mut World::default(), "s", "k", ""), "68");
}

#[test]
fn classes_without_data() {
    // MAP-046..MAP-050, MAP-115
    check("n null", &[("x", "68")]);
    check("a arpa -a.x", &[("1.2.3.4", "=4.3.2.1.x"), ("xyz", "65")]);
    check("a arith", &[("+", "78")]);
    let (mut maps, mut world) =
        (maps(&["m macro", "l syslog -LNOTICE", "a arith"]), World::default());
    assert_eq!(ask(&mut maps, &mut world, "m", "{Foo}", "v w"), "=");
    assert_eq!(ask(&mut maps, &mut world, "m", "xy", ""), "=");
    assert_eq!(ask(&mut maps, &mut world, "l", "text", ""), "=");
    assert_eq!(ask(&mut maps, &mut world, "a", "++", "3,4"), "=7");
    assert_eq!(ask(&mut maps, &mut world, "a", "+", "9223372036854775807,3"), "=-92233720368547");
    assert_eq!(ask(&mut maps, &mut world, "a", "^", "3,4"), "78");
    let macros = [(b"Foo".to_vec(), Some(b"v w".to_vec())), (b"x".to_vec(), None)];
    assert_eq!(world.macros, macros);
    let log = [(5, b"text".to_vec()), (4, b"arith_map: unknown operator ^".to_vec())];
    assert_eq!(world.log, log);
}

#[test]
fn rule_level_outcomes() {
    // MAP-011, MAP-017, MAP-018, MAP-116, RS-067, RS-068
    let lines = [
        "p program /exit",
        "pT program -T<T> /exit",
        "tt program -t /exit",
        "uT program -t -T<T> /exit",
        "D hash -D -T<T> -t FX/small-hash",
    ];
    let (mut maps, mut world) = (maps(&lines), World::default());
    let mut lookup = |name: &str, delivery_mode| {
        let context = LookupContext { delivery_mode, direct: false };
        maps.lookup(name.as_bytes(), b"75", &[], &context, &mut world).answer
    };
    let failure = |name: &str, substitute: Option<&str>, sets_status| Answer::Temporary {
        exit: 75,
        text: format!("{name} map: lookup (75): deferred").into_bytes(),
        substitute: substitute.map(|s| s.as_bytes().to_vec()),
        sets_status,
    };
    assert_eq!(lookup("p", b'b'), failure("p", None, true));
    assert_eq!(lookup("pT", b'b'), failure("pT", Some("75<T>"), true));
    assert_eq!(lookup("tt", b'b'), failure("tt", None, false));
    assert_eq!(lookup("uT", b'b'), failure("uT", Some("75<T>"), false));
    assert_eq!(lookup("D", b'b'), Answer::NotFound { exit: 0 });
    assert_eq!(lookup("D", b'd'), failure("D", None, true));
}

#[test]
fn traits_for_building_keys() {
    // MAP-019, MAP-020, MAP-041
    let maps = maps(&["d dequote", "q regex -q a", "s program -S_ /x"]);
    let traits = |name: &str| maps.traits(name.as_bytes()).expect("declared");
    assert!(traits("d").keep_quotes && traits("Q").keep_quotes && !traits("s").keep_quotes);
    assert_eq!(traits("s").space_sub, Some(b'_'));
    assert_eq!(maps.traits(b"nosuch"), None);
    assert!(maps.traits(b"host").is_some());
}

#[test]
fn alias_databases_of_makemap_are_found() {
    // MAP-009, MAP-092: zero bytes behind keys are looked for, but need not be there
    for (spec, expected) in [
        ("hash:FX/small-hash", "=bar"),
        ("hash:-O FX/small-hash", "=bar"),
        ("hash:-N FX/small-hash", "68"),
        ("FX/small-hash", "=bar"),
        ("hash:FX/nul-hash", "=bar"),
        ("hash:-N FX/nul-hash", "=bar"),
        ("hash:-O FX/nul-hash", "68"),
    ] {
        let mut settings = settings();
        settings.alias_files = vec![expand(spec)];
        let mut maps = MapSet::new(settings);
        assert_eq!(maps.finish(10), []);
        assert_eq!(ask(&mut maps, &mut World::default(), "aliases", "foo", ""), expected, "{spec}");
    }
}

#[test]
fn aliases_built_here_are_found_here() {
    // MAP-092, MAP-097, MAP-098
    let directory = tempfile::tempdir().expect("directory");
    let text = directory.path().join("aliases");
    std::fs::write(&text, "Foo: bar,\n baz\nx: y\n").expect("write");
    let read = std::fs::read(&text).expect("read");
    let parsed = mapper::build_aliases(&read, false, &mut |name: &[u8]| {
        mapper::AliasName::Local(name.to_ascii_lowercase())
    });
    let database = mapper::alias_database(&parsed, DatabaseKind::Hash);
    let file = directory.path().join("aliases.db");
    let path = file.as_os_str().as_encoded_bytes();
    for _ in 0..2 {
        let rules = mapper::FileRules { create: true, ..mapper::FileRules::default() };
        let open = mapper::DatabaseFile::open_for_writing(path, rules, &mut |_| ());
        open.expect("open").replace(&database, [1; 20]).expect("written");
    }
    let mut settings = settings();
    settings.alias_files = vec![[b"hash:", text.as_os_str().as_encoded_bytes()].concat()];
    let mut maps = MapSet::new(settings);
    assert_eq!(maps.finish(10), []);
    let mut world = World::default();
    assert_eq!(ask(&mut maps, &mut world, "aliases", "FOO", ""), "=bar, baz");
    assert_eq!(ask(&mut maps, &mut world, "aliases", "@", ""), "=@");
    assert_eq!(ask(&mut maps, &mut world, "aliases", "nosuch", ""), "68");
}
