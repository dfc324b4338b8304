//! `bangpath export` against Postfix and Exim themselves: what it writes for configurations of m4 features, read and asked
//! by the programs. They are unpacked, not installed: `compat-tests/peers/fetch DIR`, and `BANGPATH_PEERS=DIR` or
//! `target/peers`.

#![allow(clippy::unwrap_used)] // Helpers of tests may fail the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use compat_tests::compare::say;
use compat_tests::config;
use compat_tests::subject::{Subject, oracle_required};
use workbench::json::Value;

/// Sources in `export/`, beside Debian's own. What the targets treat in another way is in `snapshots/`.
const CONFIGURATIONS: &[&str] = &[
    "null-client",
    "smart-host",
    "tables",
    "access",
    "directory",
    "domain-gateway",
    "rules-of-its-own",
];

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Where the programs are; `None`, said aloud, without them.
fn peers() -> Option<PathBuf> {
    let named = std::env::var_os("BANGPATH_PEERS").map(PathBuf::from);
    let dir = named.unwrap_or_else(|| own("../target/peers"));
    let inside = Command::new(own("peers/inside")).arg(&dir).arg("true").output();
    let works =
        dir.join("postfix/usr").exists() && inside.is_ok_and(|output| output.status.success());
    if works {
        return Some(dir);
    }
    let why =
        "Postfix and Exim are not unpacked (compat-tests/peers/fetch), or no namespace can be made";
    assert!(!oracle_required(), "{why}");
    say(&format!("SKIPPED export: {why}"));
    None
}

/// One export and what came of it.
struct Ran {
    objects: Vec<Value>,
    status: Option<i32>,
    stderr: String,
    /// Holds the files.
    place: tempfile::TempDir,
}

impl Ran {
    fn of_type(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |object| object["type"] == kind)
    }

    fn number(&self, member: &str) -> u64 {
        self.of_type("comparison").next().and_then(|object| object[member].as_u64()).unwrap_or(0)
    }
}

fn export(peers: &Path, target: &str, cf: &[u8]) -> Ran {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("sendmail.cf");
    std::fs::write(&file, cf).unwrap();
    let output = Command::new(own("peers/inside"))
        .arg(peers)
        .arg(Subject::Bangpath.executable().unwrap())
        .args([
            "export",
            target,
            "--format",
            "json",
            "--check",
            "--fact",
            "host gateway.example.org",
            "-C",
        ])
        .arg(&file)
        .arg("--root")
        .arg(own("export/tables"))
        .arg("--to")
        .arg(place.path().join("out"))
        .arg("--addresses")
        .arg(own("export/addresses.txt"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = String::from_utf8(output.stdout).unwrap();
    let objects = lines.lines().map(|line| line.parse().unwrap()).collect();
    Ran { objects, status: output.status.code(), stderr, place }
}

/// The differences, one a line.
fn differences(ran: &Ran) -> String {
    let text = |object: &Value, name: &str| object[name].as_str().unwrap_or("?").to_owned();
    let line = |object: &Value| {
        let [role, address, here, there] =
            ["role", "address", "here", "there"].map(|name| text(object, name));
        format!("{role} {address}: here {here}; there {there}\n")
    };
    ran.of_type("difference").map(line).collect()
}

#[test]
fn targets_do_the_same() {
    let Some(peers) = peers() else { return };
    let mut configurations =
        vec![("debian".to_owned(), config::debian().unwrap().swap_remove(0).cf)];
    for name in CONFIGURATIONS {
        let mc = std::fs::read_to_string(own(&format!("export/{name}.mc"))).unwrap();
        configurations.push(((*name).to_owned(), config::from_text(&mc).unwrap()));
    }
    let mut rows = String::new();
    let mut sums = [0; 4];
    for (name, cf) in &configurations {
        for target in ["postfix", "exim"] {
            let ran = export(&peers, target, cf);
            assert!(matches!(ran.status, Some(0 | 1)), "{name} {target}: {}", ran.stderr);
            let comparison = ran.of_type("comparison").next().unwrap();
            assert_eq!(comparison["warnings"], "", "{name} {target}");
            insta::assert_snapshot!(format!("{name}-{target}"), differences(&ran));
            let numbers = ["recipients", "recipients_different", "senders", "senders_different"]
                .map(|member| ran.number(member));
            rows += &row(name, target, numbers);
            sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
        }
    }
    say(&format!(
        "export                       same recipients    same senders\n{rows}{}",
        row("all", "", sums)
    ));
}

fn row(name: &str, target: &str, [recipients, other, senders, others]: [u64; 4]) -> String {
    format!(
        "{name:<18} {target:<8} {:>6} of {recipients:<6} {:>6} of {senders}\n",
        recipients - other,
        senders - others
    )
}

/// What is not carried over is told with its place.
#[test]
fn the_list_names_lines() {
    let Some(peers) = peers() else { return };
    for (name, feature, what, file, line) in [
        (
            "rules-of-its-own",
            "custom_rules",
            "a rule of ruleset",
            "sendmail.cf",
            "R$+ < @ special.example . >",
        ),
        (
            "rules-of-its-own",
            "custom_rules",
            "a rule of ruleset Local_check_mail",
            "sendmail.cf",
            "R$* spammer $*",
        ),
        ("rules-of-its-own", "custom_maps", "Kcustomers", "sendmail.cf", "Kcustomers"),
        ("directory", "ldap", "", "sendmail.cf", "K"),
        ("tables", "mailertable", "fax.example", "mailertable", "fax.example"),
        ("tables", "virtusertable", "x@not-ours.example", "virtusertable", "x@not-ours.example"),
        ("access", "access", "x-own:thing", "access", "X-Own:thing"),
        ("access", "tls_policy", "tls_clt:secure.example.net", "access", "TLS_Clt"),
    ] {
        let mc = std::fs::read_to_string(own(&format!("export/{name}.mc"))).unwrap();
        let ran = export(&peers, "postfix", &config::from_text(&mc).unwrap());
        let found = ran.of_type("not_carried").find(|object| {
            let own = object["what"].as_str().unwrap_or_default();
            object["feature"] == feature
                && own.starts_with(what)
                && object["places"].as_array().is_some_and(|places| {
                    places.iter().any(|place| {
                        let path = place["file"].as_str().unwrap_or_default();
                        let number =
                            usize::try_from(place["line"].as_u64().unwrap_or(0)).unwrap_or(0);
                        let text = std::fs::read(path).unwrap_or_default();
                        let own = text
                            .split(|byte| *byte == b'\n')
                            .nth(number.wrapping_sub(1))
                            .unwrap_or_default();
                        path.ends_with(file) && own.starts_with(line.as_bytes())
                    })
                })
        });
        assert!(found.is_some(), "{name}: {feature} {what} is not told of with its line");
        assert!(ran.place.path().join("out/main.cf").exists());
    }
}
