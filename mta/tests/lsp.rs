//! The language server with a real editor: Neovim, without a screen, driven by a script.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Stdio};

const FILE: &str = "V10/Berkeley\n\
O LogLevel = 9\n\
D{site}example.com\n\
Kmac macro\n\
SParse_it\n\
R$*\t$: $>Other $1\n\
R$+\tuser $: größe ${site}\n\
Rwrong\n\
SOther\n\
R$+\tuser $@ $1\n\
R$* $=w\t\t\t\t\t$@ $1\t\tshort\n";

#[test]
fn neovim() {
    let required = std::env::var_os("BANGPATH_REQUIRE_ORACLE").is_some();
    let known = Command::new("nvim").arg("--version").stdout(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        assert!(!required, "nvim is not installed (Debian: neovim)");
        eprintln!(
            "SKIPPED: nvim is not installed, the language server was not tried with an editor"
        );
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    std::fs::write(place("x.cf"), FILE).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lsp/editor.lua");
    let output = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-n"])
        .arg("-c")
        .arg(format!("luafile {script}"))
        .arg(place("x.cf"))
        .env("BANGPATH", env!("CARGO_BIN_EXE_bangpath"))
        .env("REPORT", place("report"))
        .env("WRITTEN", place("written.cf"))
        .env("HOME", directory.path())
        .env("XDG_STATE_HOME", directory.path())
        .env("XDG_CACHE_HOME", directory.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let report = std::fs::read_to_string(place("report")).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{report}");
    insta::assert_snapshot!("neovim", report);
    insta::assert_snapshot!("written", std::fs::read_to_string(place("written.cf")).unwrap());
}
