//! Random SMTP dialogues: `sendmail -bs` and `bangpath -bs` say the same, exit the same, and leave the same in the queue.
//!
//! `BANGPATH_DIALOGUES` is how many (200 without), `BANGPATH_DIALOGUE_SEED` which.

use compat_tests::compare::{Comparison, Pair, say};
use compat_tests::diff::printable;
use compat_tests::munge::munge;
use compat_tests::mutate::{self, Dice};
use compat_tests::subject::{self, Mode, Subject};
use compat_tests::world::{self, Step};
use compat_tests::{Result, config};

/// Configurations: one that takes nearly everything, one that has reasons to refuse. Both let clients speak on.
const CONFIGURATIONS: [(&str, &str); 2] = [
    (
        "plain",
        "OSTYPE(`linux')\nFEATURE(`nocanonify')\nFEATURE(`accept_unresolvable_domains')\n\
         LOCAL_DOMAIN(`example.test')\nMAILER(local)\nMAILER(smtp)\nMAILER(uucp)\n\
         LOCAL_RULESETS\nSsrv_features\nR$*\t$# F\n",
    ),
    (
        "strict",
        "OSTYPE(`linux')\ndefine(`confPRIVACY_FLAGS',`authwarnings,needmailhelo,noverb')\n\
         define(`confMAX_RCPTS_PER_MESSAGE',`2')\nFEATURE(`nocanonify')\n\
         FEATURE(`virtusertable',`text -k0 -v1 -z: /etc/mail/dialogue-users')\n\
         LOCAL_DOMAIN(`example.test')\nVIRTUSER_DOMAIN(`virtual.test')\nMAILER(local)\nMAILER(smtp)\n\
         LOCAL_RULESETS\nHSubject: $>Check_Subject\nHX-Drop: $>+Check_Drop\n\
         Ssrv_features\nR$*\t$# F\n\
         SLocal_check_mail\nR$* bob $*\t$#error $@ 5.7.0 $: \"550 no bob\"\nR$* later $*\t$#error $@ 4.7.0 $: \"450 later\"\n\
         SLocal_check_rcpt\nR$* list $*\t$#error $: \"553 no lists\"\nR$* held $*\t$#error $@ quarantine $: held\n\
         SCheck_Subject\nR$* hello $*\t$#error $@ 5.7.1 $: \"553 no hello\"\nRx\t$#error $: 451 later\n\
         SCheck_Drop\nR$*\t$#discard $: discard\nScheck_vrfy\nR$* nosuch $*\t$#error $: \"550 not that\"\n",
    ),
];

const USERS: &str = "a@virtual.test:alice\n@virtual.test:error:nouser 550 not here\n";

const ADDRESSES: [&str; 37] = [
    "a@far.test",
    "<a@far.test>",
    "bob",
    "<bob>",
    "<>",
    "< >",
    "<root>",
    "alice@example.test",
    "<nosuch@example.test>",
    "<@x,@y:a@b.test>",
    "<a@b@c>",
    "<a..b@x>",
    "<\"q r\"@x.test>",
    "<a@[192.0.2.1]>",
    "<a@[1.2.3]>",
    "<list>",
    "<x!y>",
    "<x%y@example.test>",
    "<a@>",
    "<@b>",
    "a b",
    "<a b@c>",
    "<(c)a@b>",
    "<a@b",
    "<postmaster>",
    "<a@far.test.>",
    "<a@localhost>",
    "<MAILER-DAEMON>",
    "<|/bin/x>",
    "</tmp/x>",
    "<\"|/bin/x\"@example.test>",
    "<:include:/x>",
    "<a@b;>",
    "<a@virtual.test>",
    "<b@virtual.test>",
    "<later@far.test>",
    "<held@far.test>",
];
const OF_SENDERS: [&str; 16] = [
    "",
    "",
    "",
    "",
    " SIZE=100",
    " SIZE=x",
    " BODY=8BITMIME",
    " BODY=7BIT",
    " BODY=x",
    " RET=HDRS",
    " ENVID=abc",
    " ENVID=",
    " AUTH=<>",
    " FOO=BAR",
    " BY=x",
    " SIZE",
];
const OF_RECIPIENTS: [&str; 12] = [
    "",
    "",
    "",
    "",
    " NOTIFY=NEVER",
    " NOTIFY=SUCCESS,FAILURE",
    " NOTIFY=x",
    " NOTIFY=NEVER,SUCCESS",
    " ORCPT=rfc822;a@b",
    " ORCPT=x",
    " FOO",
    " NOTIFY=",
];
const COMMANDS: [&str; 50] = [
    "HELO x",
    "HELO",
    "EHLO x",
    "EHLO",
    "EHLO a b c",
    "NOOP",
    "NOOP x",
    "RSET",
    "RSET x",
    "VRFY alice",
    "VRFY nosuch",
    "VRFY a@far.test",
    "VRFY",
    "VRFY <root>",
    "EXPN root",
    "EXPN",
    "EXPN nosuch",
    "HELP",
    "HELP MAIL",
    "HELP xx",
    "ETRN x",
    "ETRN",
    "XXX",
    "",
    "  MAIL FROM:<a@b>",
    "DATA",
    "DATA x",
    "TURN",
    "SEND FROM:<a>",
    "BDAT 3",
    "MAIL",
    "RCPT",
    "MAIL FROM",
    "RCPT TO",
    "MAIL FROM:",
    "RCPT TO:",
    "mail from:<a@b.test>",
    "MAIL FROM <a@b>",
    "MAIL TO:<x>",
    "RCPT FROM:<x>",
    "DEBUG",
    "WIZ",
    "GET / HTTP/1.0",
    "POST /",
    "HELO \u{1}",
    "EHLO [192.0.2.1]",
    "EHLO x_y",
    "HELO -x",
    "ONEX",
    "STARTTLS",
];
const MESSAGES: [&str; 10] = [
    "Subject: x\r\n\r\nhi",
    "",
    "\r\n",
    "no header line",
    "From: a\r\nTo: b\r\n\r\n..dot",
    "Subject: say hello now\r\n\r\n",
    "Subject: y\r\nbad line\r\n\r\nbody",
    "X-Drop: 1\r\nSubject: z\r\n\r\nq",
    "\tx\r\nSubject: a\r\n\r\nx",
    "X : y\r\n\r\nz",
];

/// What a server says to a dialogue, how it ends, and whom it has taken mail for.
const SCRIPT: &str = "cp users /etc/mail/dialogue-users\n\
    sendmail -C test.cf -bi >/dev/null 2>&1\n\
    for dialogue in d*; do\n\
        echo \"== $dialogue\"\n\
        status sendmail -C test.cf -bs -odq <$dialogue\n\
        cat /var/spool/mqueue/qf* 2>/dev/null | grep '^[SRQ]'\n\
        rm -f /var/spool/mqueue/?f*\n\
    done\n";

fn dialogue(dice: &mut Dice) -> String {
    let one = |dice: &mut Dice, of: &[&str]| dice.pick(of).copied().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    if dice.below(10) > 0 {
        lines.push("EHLO client.test".to_owned());
    }
    for _ in 0..2 + dice.below(8) {
        let blank = if dice.below(8) == 0 { " " } else { "" };
        lines.push(match dice.below(20) {
            0..=5 => {
                format!("MAIL FROM:{blank}{}{}", one(dice, &ADDRESSES), one(dice, &OF_SENDERS))
            }
            6..=12 => {
                format!("RCPT TO:{blank}{}{}", one(dice, &ADDRESSES), one(dice, &OF_RECIPIENTS))
            }
            13..=15 => format!("DATA\r\n{}\r\n.", one(dice, &MESSAGES)),
            _ => one(dice, &COMMANDS),
        });
    }
    lines.push("QUIT\r\n".to_owned());
    lines.join("\r\n")
}

#[test]
fn random_dialogues_go_the_same_way() {
    if let Mode::Recorded(why) | Mode::Skip(why) = subject::mode().unwrap() {
        return say(&format!("SKIPPED dialogues: {why}"));
    }
    check().unwrap();
}

fn check() -> Result<()> {
    let (count, seed) = (
        mutate::number_from_env("BANGPATH_DIALOGUES", 200),
        mutate::number_from_env("BANGPATH_DIALOGUE_SEED", 1),
    );
    let mut steps = Vec::new();
    for (name, mc) in CONFIGURATIONS {
        let step = Step::script(name, SCRIPT).seconds(300);
        let step = step.file("test.cf", &config::from_text(mc)?).file("users", USERS.as_bytes());
        steps.push((0..count).fold(step, |step, number| {
            let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
            step.file(&format!("d{number:05}"), dialogue(&mut dice).as_bytes())
        }));
    }
    let oracle = world::run(Subject::Oracle, &config::etc_mail(), &steps)?;
    let tested = world::run(Subject::Bangpath, &config::etc_mail(), &steps)?;
    let mut comparison = Comparison::of_lines("dialogues");
    for Step { name, files, .. } in &steps {
        let text = |captures: &world::Captures| {
            let capture = captures.get(name).cloned().unwrap_or_default();
            printable(&munge(&[capture.stdout, capture.stderr].concat()))
        };
        let (oracle, tested) = (text(&oracle), text(&tested));
        for dialogue in files.keys().filter(|file| file.starts_with('d')) {
            let (expected, actual) =
                (world::part(&oracle, dialogue), world::part(&tested, dialogue));
            assert!(
                expected.contains("[status "),
                "the oracle does not end {dialogue}: {expected}"
            );
            let label = files.get(dialogue).map(|lines| printable(lines)).unwrap_or_default();
            let label = format!("{dialogue}\n{label}");
            comparison.add(Pair { group: name.clone(), label, expected, actual });
        }
    }
    comparison.finish()
}
