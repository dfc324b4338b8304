//! `bangpath replay` on logs that the oracle has written: nothing differs from what the oracle has just done, at every
//! LogLevel and however the log is cut up; and what is changed in the tables afterwards is found, with the rule behind it.

use std::process::Command;

use bstr::ByteSlice;
use compat_tests::compare::say;
use compat_tests::subject::{self, Mode, Subject};
use compat_tests::world::{self, Step};
use compat_tests::{Error, Result, config};

const SCRIPT: &str = r#"
. ./site
chmod +x bangpath
sink 25
site
replay() { ./bangpath replay -C /etc/mail/site.cf --allow dns "$@"; echo "[status $?]"; }
for level in 4 7 9 15; do
    load $level
    echo "== level $level"
    replay --maillog maillog
done
echo "== cut up"
on() { sed -E "s/^(<[0-9]+>)[A-Z][a-z]{2} [ 0-9]{2}/\\1$1/"; }
head -n 500 maillog | on 'Dec 30' | gzip >maillog.3.gz
sed -n '501,900p' maillog | on 'Dec 31' >maillog.2
sed -n '901,$p' maillog | on 'Jan  1' | replay --maillog - maillog.2 maillog.3.gz
echo "== changed"
cd /etc/mail
sed -i 's/^literal.*/literal.example.org\trelay:[127.0.0.32]/;s/^here.*/here.example.org\tesmtp:[smart.test]/' mailertable
sed -i 's/^gone.*/gone@virtual.test\tbob@remote.test/;s/^@moved.*/@moved.test\terror:nouser 550 Gone/' virtusertable
sed -i '/^Connect:127.0.0.77/d;/^From:bad/d;s/Not from there/Go away/' access
for table in mailertable virtusertable access; do makemap hash $table <$table; done
cd /tmp/case
replay --format json --maillog maillog
"#;

#[test]
fn logs_of_the_oracle() {
    check().unwrap();
}

fn check() -> Result<()> {
    let skip = |why: &str| {
        say(&format!("SKIPPED replay: {why}"));
        Ok(())
    };
    if let Mode::Skip(why) = subject::mode()? {
        return skip(&why);
    }
    if !Subject::Oracle.executable().is_ok_and(|path| path.exists()) {
        return skip("there is no oracle");
    }
    for tool in ["m4", "python3"] {
        if !subject::installed(tool) {
            return skip(&format!("{tool} is not installed"));
        }
    }
    let mut etc_mail = config::etc_mail();
    etc_mail.insert("site.cf".to_owned(), configuration()?);
    let file = |name: &str| read(&world::world_dir().with_file_name("replay").join(name));
    let step = Step::script("replay", SCRIPT)
        .file("site", &file("site")?)
        .file("load.py", &file("load.py")?)
        .file("bangpath", &read(&Subject::Bangpath.executable()?)?)
        .seconds(300);
    let captures = world::run(Subject::Oracle, &etc_mail, &[step])?;
    let capture = captures.get("replay").cloned().unwrap_or_default();
    let text = capture.stdout.to_str_lossy().into_owned();
    let everything = format!("{text}\n{}", capture.stderr.as_bstr());
    let (same, changed) = text.split_once("== changed\n").unwrap_or_default();
    let parts: Vec<&str> = same.split("== ").skip(1).collect();
    assert_eq!(parts.len(), 5, "{everything}");
    // without senders not all can be decided
    assert!(
        parts[0].contains("\nnothing differs, ") && parts[0].ends_with("[status 0]\n"),
        "{everything}"
    );
    for part in &parts[1..] {
        assert!(part.ends_with("\nnothing differs\n[status 0]\n"), "{everything}");
    }
    let table = |part: &str| part.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(table(parts[3])[1..], table(parts[4])[1..], "{everything}");
    assert!(changed.ends_with("[status 1]\n"), "{everything}");
    assert_eq!(kinds(changed), EXPECTED, "{everything}");
    Ok(())
}

/// What the changes of the script make different: kind, ruleset that is asked, before, after.
const EXPECTED: [&str; 12] = [
    "accepted||No such user here|esmtp",
    "host||[127.0.0.25]|[127.0.0.32]",
    "mailer||local|esmtp",
    "refused|check_rcpt|accepted|550 5.7.1 Relaying denied. IP name lookup failed *",
    "refused||esmtp|550 5.0.0 Gone",
    "verdict|check_rcpt|451 4.1.8 Domain of sender address * does not resolve|550 5.7.1 Relaying denied. IP name lookup failed *",
    "verdict|check_rcpt|550 5.7.1 Access denied|553 5.1.8 Domain of sender address * does not exist",
    "verdict|check_rcpt|553 5.1.8 Domain of sender address * does not exist|550 5.7.1 Relaying denied. IP name lookup failed *",
    "verdict|check_rcpt|discarded|550 5.7.1 Relaying denied. IP name lookup failed *",
    "words|check_rcpt|550 5.7.1 Access denied|550 5.7.1 Relaying denied. IP name lookup failed *",
    "words|check_rcpt|550 5.7.1 Not from there|550 5.7.1 Go away",
    "words|check_rcpt|550 5.7.1 Not from there|550 5.7.1 Relaying denied. IP name lookup failed *",
];

/// The differences, each as one line, in order.
fn kinds(objects: &str) -> Vec<String> {
    let value = |line: &str, name: &str| {
        let rest = line.split(&format!("\"{name}\":\"")).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let differences = objects.lines().filter(|line| line.contains("\"replay_difference\""));
    let mut kinds: Vec<String> = differences
        .map(|line| ["kind", "asked", "was", "now"].map(|name| value(line, name)).join("|"))
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn read(path: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::Tool(format!("{}: {error}", path.display())))
}

/// Debian's configuration with tables.
fn configuration() -> Result<Vec<u8>> {
    let edit = world::world_dir().with_file_name("replay").join("site.sed");
    let script = format!("sed -f '{}' /etc/mail/sendmail.mc | m4", edit.display());
    let output = Command::new("sh").args(["-c", &script]).output();
    let output = output.map_err(|error| Error::Tool(format!("m4: {error}")))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(Error::Tool(format!("m4: {}", output.stderr.as_bstr()))),
    }
}
