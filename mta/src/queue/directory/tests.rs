//! Tests of the directory store on a real file system.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::message::envelope::Recipient;
use crate::queue::recovery;

fn envelope(id: &str) -> Envelope {
    Envelope {
        id: Some(QueueId(id.into())),
        sender: b"root".to_vec(),
        recipients: vec![Recipient::primary("joe@remote.example")],
        ..Envelope::default()
    }
}

struct Spool {
    root: tempfile::TempDir,
    store: DirectoryStore,
}

fn spool(subdirectories: &[&str]) -> Spool {
    let root = tempfile::tempdir().unwrap();
    for name in subdirectories {
        std::fs::create_dir(root.path().join(name)).unwrap();
    }
    let uid = durable::facts(root.path()).unwrap().uid;
    let options = DirectoryOptions { effective_uid: uid, ..DirectoryOptions::default() };
    Spool { store: DirectoryStore::open(root.path(), options).unwrap(), root }
}

impl Spool {
    fn accept(&self, id: &str) -> Claimed {
        self.store.accept(envelope(id), &mut b"body\n".as_slice(), 0).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn place(&self, id: &str) -> Place {
        Place { directory: 0, kind: Kind::Normal, id: QueueId(id.into()) }
    }
}

#[test]
fn a_message_lives_from_accept_to_finish() {
    let spool = spool(&[]);
    let claimed = spool.accept("A1");
    assert_eq!(spool.names(), ["dfA1", "qfA1"]); // QU-004, QU-005
    for name in ["dfA1", "qfA1"] {
        let mode = std::fs::metadata(spool.root.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600); // QU-013
    }
    // QU-042: held by the acceptor until dropped.
    assert!(matches!(spool.store.claim(&claimed.place), Err(StoreError::Locked { .. })));
    drop(claimed);
    let mut again = spool.store.claim(&spool.place("A1")).unwrap();
    let body = durable::facts(&spool.root.path().join("dfA1")).unwrap();
    let body_identity = Some(body.identity()); // QU-021
    assert_eq!(again.envelope, Envelope { body_identity, ..envelope("A1") });
    assert!(!again.unsafe_owner);
    again.envelope.tries = 3;
    spool.store.update(&mut again).unwrap();
    // QU-041: the rewritten file is still locked, and it is complete.
    assert!(matches!(spool.store.claim(&spool.place("A1")), Err(StoreError::Locked { .. })));
    drop(again);
    let again = spool.store.claim(&spool.place("A1")).unwrap();
    assert_eq!(again.envelope.tries, 3);
    assert_eq!(std::fs::read(again.body.as_ref().unwrap()).unwrap(), b"body\n");
    spool.store.finish(again).unwrap();
    assert!(spool.names().is_empty());
    assert!(matches!(spool.store.claim(&spool.place("A1")), Err(StoreError::Gone(_))));
}

#[test]
fn an_id_is_used_once() {
    let spool = spool(&[]);
    spool.accept("A1");
    let again = spool.store.accept(envelope("A1"), &mut b"".as_slice(), 0);
    assert!(matches!(again, Err(StoreError::IdInUse(_))));
    assert_eq!(spool.names(), ["dfA1", "qfA1"]);
    for id in ["", "../x", "a/b", "a b"] {
        let refused = spool.store.begin(&QueueId(id.into()), 0);
        assert!(matches!(refused, Err(StoreError::NoId)), "{id:?}");
    }
}

#[test]
fn a_dropped_draft_leaves_nothing() {
    let spool = spool(&[]);
    let mut draft = spool.store.begin(&QueueId(b"A1".to_vec()), 0).unwrap();
    draft.write(b"half").unwrap();
    assert_eq!(spool.names(), ["dfA1"]);
    drop(draft);
    assert!(spool.names().is_empty());
}

#[test]
fn subdirectories_are_used_when_there() {
    // QU-011
    let spool = spool(&["qf", "df"]);
    let claimed = spool.accept("A1");
    assert!(spool.root.path().join("qf/qfA1").exists());
    assert!(spool.root.path().join("df/dfA1").exists());
    assert_eq!(spool.store.scan(Kind::Normal).unwrap().count(), 1);
    spool.store.finish(claimed).unwrap();
    assert!(!spool.root.path().join("df/dfA1").exists());
}

#[test]
fn a_split_envelope_shares_the_body() {
    // QU-012
    let spool = spool(&[]);
    let first = spool.accept("A1");
    let second = spool.store.split(&first, envelope("A2")).unwrap();
    assert_eq!(durable::facts(first.body.as_ref().unwrap()).unwrap().links, 2);
    spool.store.finish(first).unwrap();
    assert_eq!(std::fs::read(second.body.as_ref().unwrap()).unwrap(), b"body\n");
}

#[test]
fn quarantined_and_lost_messages_have_their_letters() {
    // QU-009, QU-010
    let spool = spool(&[]);
    let mut quarantined = envelope("A1");
    quarantined.quarantine = Some(b"because".to_vec());
    let claimed = spool.store.accept(quarantined, &mut b"".as_slice(), 0).unwrap();
    assert_eq!(spool.names(), ["dfA1", "hfA1"]);
    spool.store.set_kind(claimed, Kind::Lost).unwrap();
    assert_eq!(spool.names(), ["Qf", "df"].map(|prefix| format!("{prefix}A1")));
    assert_eq!(spool.store.scan(Kind::Lost).unwrap().count(), 1);
    assert_eq!(spool.store.scan(Kind::Normal).unwrap().count(), 0);
}

#[test]
fn distrusted_and_damaged_files_are_set_aside() {
    let spool = spool(&[]);
    let put = |name: &str, text: &str, mode| {
        let path = spool.root.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    put("qfW", "V8\nSroot\n.\n", 0o622); // QU-044
    put("qfU", "V8\nSroot\nXfoo\n.\n", 0o600); // QU-038
    put("qfI", "V8\nSroot\n", 0o600); // QU-039
    put("qfE", "", 0o600);
    put("qfR", "V8\nSroot\n.\n", 0o644); // QU-044: accepted
    let claim = |id: &str| spool.store.claim(&spool.place(id));
    assert!(matches!(claim("W"), Err(StoreError::Bogus { mode: 0o622, .. })));
    assert!(matches!(claim("U"), Err(StoreError::Damaged { .. })));
    assert!(matches!(claim("I"), Err(StoreError::Damaged { .. })));
    assert!(matches!(claim("E"), Err(StoreError::Damaged { .. })));
    assert!(claim("R").unwrap().body.is_none());
    assert_eq!(spool.names(), ["QfU", "QfW", "qfE", "qfI", "qfR"]);
}

#[test]
fn a_star_stands_for_all_directories_with_the_prefix() {
    // QU-050
    let root = tempfile::tempdir().unwrap();
    for name in ["q2", "q1", "other"] {
        std::fs::create_dir(root.path().join(name)).unwrap();
    }
    std::fs::write(root.path().join("q3"), b"").unwrap();
    let open = |pattern: &str| {
        DirectoryStore::open(&root.path().join(pattern), DirectoryOptions::default())
    };
    let store = open("q*").unwrap();
    let names: Vec<_> = store.directories().iter().map(|d| d.path.file_name().unwrap()).collect();
    assert_eq!(names, ["q1", "q2"]);
    assert!(matches!(open("none*"), Err(DiskError::Missing { .. })));
    assert!(matches!(open("none"), Err(DiskError::Missing { .. })));
}

/// The states a crash can leave, in the order of the durable steps of accepting (QU-007): at each of them
/// the message is either absent or complete, and what is left over is recognised.
#[test]
fn every_crash_point_leaves_the_message_absent_or_complete() {
    let spool = spool(&[]);
    drop(spool.accept("A1"));
    let read = |name: &str| std::fs::read(spool.root.path().join(name)).unwrap();
    let (control, body) = (read("qfA1"), read("dfA1"));
    for name in ["qfA1", "dfA1"] {
        std::fs::remove_file(spool.root.path().join(name)).unwrap();
    }
    let half = &control[..control.len() / 2];
    let states: [&[(&str, &[u8])]; 5] = [
        &[("dfA1", b"bo")],
        &[("dfA1", &body)],
        &[("dfA1", &body), ("tfA1", b"")],
        &[("dfA1", &body), ("tfA1", half)],
        &[("dfA1", &body), ("tfA1", &control)],
    ];
    let later = i64::from(u32::MAX);
    for state in states {
        for (name, text) in state {
            std::fs::write(spool.root.path().join(name), text).unwrap();
        }
        assert_eq!(spool.store.scan(Kind::Normal).unwrap().count(), 0);
        let found = recovery::find(&spool.store, later).unwrap();
        assert_eq!(found.len(), state.len());
        found.iter().for_each(|leftover| recovery::remove(leftover).unwrap());
        assert!(spool.names().is_empty());
    }
    // A crash while rewriting: the former text counts, and the next update clears the way.
    drop(spool.accept("A1"));
    std::fs::write(spool.root.path().join("tfA1"), half).unwrap();
    let mut claimed = spool.store.claim(&spool.place("A1")).unwrap();
    spool.store.update(&mut claimed).unwrap();
    assert_eq!(spool.names(), ["dfA1", "qfA1"]);
}
