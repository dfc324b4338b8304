//! `bangpath diff`: which rule parts two configurations, by our own engines and by programs in test mode.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

const BANGPATH: &str = env!("CARGO_BIN_EXE_bangpath");

const CF: &str = "V10/Berkeley\nDjmail.example.com\nCwmail.example.com\nO OperatorChars=.:@!^/[]+\nO DontBlameSendmail=MapInUnsafeDirPath\n\
    Kroutes text -k0 -v1 ROUTES\nScanonify=3\nR$*\t$: $1 < @ >\nR$* < @ >\t$: $1\nR$+ @ $+\t$: $1 < @ $2 >\n\
    Sfinal=4\nR$* < @ $* >\t$1 @ $2\nSparse=0\nR$+ < @ $=w >\t$#local $: $1\n\
    R$+ < @ $+ >\t$: $1 < @ $( routes $2 $) >\nR$+ < @ $+ >\t$#smtp $@ $2 $: $1 @ $2\nR$+\t$#local $: $1\n\
    Mlocal, P=/bin/true, F=lsDFMA, A=true $u\nMsmtp, P=[IPC], F=mDFMX, A=TCP $h\nMprog, P=/bin/sh, F=lsD, A=sh -c $u\n";

struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Self { dir: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        let routes = self.dir.path().join(format!("{name}.routes"));
        std::fs::write(&path, text.replace("ROUTES", routes.to_str().unwrap())).unwrap();
        std::fs::write(routes, "b.example hub.example\n").unwrap();
        path
    }

    fn diff(&self, words: &[&str], old: &Path, new: &Path) -> String {
        let addresses =
            self.write("addresses", "a@mail.example.com\nb@b.example\nc@c.example\nd\n");
        let output = Command::new(BANGPATH)
            .arg("diff")
            .args(words)
            .args(["--only", "triple", "--addresses"])
            .args([&addresses, old, new])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn a_program_in_test_mode_shows_the_same_causes_as_our_engines() {
    let site = Site::new();
    let old = site.write("old.cf", CF);
    let rows = [
        ("R$+\t$#local $: $1\n", "R$+\t$#prog $: $1\n", "old.cf:17 (parse)"),
        ("R$+ < @ $=w >\t", "R$+ < @ x.$=w >\t", "old.cf:14 (parse)"),
        ("R$* < @ $* >\t$1 @ $2\n", "R$* < @ $* >\t$1 @ $2\nRc @ $*\tx @ $1\n", "no more rules"),
    ];
    for (line, other, cause) in rows {
        let new = site.write("new.cf", &CF.replace(line, other));
        let ours = site.diff(&[], &old, &new);
        assert!(ours.contains(cause), "{ours}");
        let programs = ["--oracle", BANGPATH, "--oracle-new", BANGPATH];
        assert_eq!(site.diff(&programs, &old, &new), ours);
        assert_eq!(site.diff(&programs[..2], &old, &new), ours);
    }
    let new = site.write("new.cf", CF);
    std::fs::write(new.with_extension("cf.routes"), "c.example hub.example\n").unwrap();
    let ours = site.diff(&[], &old, &new);
    assert!(ours.contains("2 addresses, because map routes answers otherwise"), "{ours}");
    assert_eq!(site.diff(&["--oracle", BANGPATH, "--oracle-new", BANGPATH], &old, &new), ours);
}

#[test]
fn what_was_not_asked_is_said() {
    let site = Site::new();
    let text = CF.replace("Kroutes text -k0 -v1 ROUTES", "Kroutes dns -R A");
    let old = site.write("old.cf", &text);
    let new = site.write("new.cf", &text.replace("R$+\t$#local", "R$+\t$#prog"));
    let said = site.diff(&[], &old, &new);
    let expected = "not asked (--allow dns): 4 lookups, the first in map routes: b.example A\n";
    assert!(said.ends_with(expected), "{said}");
}
