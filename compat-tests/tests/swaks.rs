//! The example of the README: a message from swaks to the daemon that was started with a copy of
//! Debian's generated `sendmail.cf` stands in the recipient's mailbox with the headers that sendmail
//! adds, and `-bp` showed it while it was queued.

use bstr::ByteSlice;
use compat_tests::compare::say;
use compat_tests::subject::{self, Mode, Subject};
use compat_tests::world::{self, Step};
use compat_tests::{Result, config};

const SCRIPT: &str = r#"
debian_cf
sed -i 's/^O DeliveryMode=.*/O DeliveryMode=queueonly/' debian.cf
daemon 2525 -C debian.cf
swaks --server 127.0.0.1:2525 --helo client.example.com --from sender@example.com \
    --to alice@example.test --header 'Subject: by swaks' --body 'The body.' --hide-all
echo "== queued"
sendmail -C debian.cf -bp
sendmail -C debian.cf -qf
echo "== delivered"
mailbox alice
echo "== empty"
sendmail -C debian.cf -bp
"#;

#[test]
fn from_swaks_to_the_mailbox() {
    check().unwrap();
}

fn check() -> Result<()> {
    let etc_mail = config::etc_mail();
    if let Mode::Skip(why) = subject::mode()? {
        say(&format!("SKIPPED swaks: {why}"));
        return Ok(());
    }
    if etc_mail.is_empty() {
        say("SKIPPED swaks: Debian's sendmail.cf is not installed");
        return Ok(());
    }
    let step = Step::script("swaks", SCRIPT);
    let captures = world::run(Subject::under_test(), &etc_mail, &[step])?;
    let capture = captures.get("swaks").cloned().unwrap_or_default();
    let text = capture.stdout.to_str_lossy().into_owned();
    let part = |from: &str, to: &str| {
        let rest = text.split(from).nth(1).unwrap_or_default();
        rest.split(to).next().unwrap_or_default().to_owned()
    };
    let queued = part("== queued\n", "== delivered");
    let mail = part("== delivered\n", "== empty");
    let empty = part("== empty\n", "\0");
    let everything = format!("{text}\n{}", capture.stderr.as_bstr());
    assert!(queued.contains("(1 request)"), "{everything}");
    assert!(queued.contains("sender@example.com"), "{everything}");
    assert!(queued.contains("alice@example.test"), "{everything}");
    for line in [
        "Return-Path: <sender@example.com>\n",
        "Received: from client.example.com (localhost [127.0.0.1])\n\tby mail.example.test (",
        ") with ESMTP id ",
        "\n\tfor <alice@example.test>; ",
        "\nMessage-Id: <",
        "\nSubject: by swaks\n",
        "\n\nThe body.\n",
    ] {
        assert!(mail.contains(line), "no {line:?} in\n{everything}");
    }
    assert!(empty.contains("is empty"), "{everything}");
    Ok(())
}
