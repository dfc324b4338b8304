//! Random submissions: what `sendmail` and bangpath say of a message, with which status they end, what they deliver,
//! queue and log.
//!
//! `BANGPATH_SUBMISSIONS` is how many (100 without), `BANGPATH_SUBMISSION_SEED` which.

use compat_tests::compare::{Comparison, Pair, say};
use compat_tests::diff::printable;
use compat_tests::munge::munge;
use compat_tests::mutate::{self, Dice};
use compat_tests::subject::{self, Mode, Subject};
use compat_tests::world::{self, Step};
use compat_tests::{Result, config};

const CONFIGURATION: &str = "OSTYPE(`linux')\nFEATURE(`nocanonify')\n\
    define(`LOCAL_MAILER_PATH',`/run/sm/sensible-mda')\ndefine(`LOCAL_MAILER_ARGS',`sensible-mda $g $u')\n\
    define(`ALIAS_FILE',`/etc/mail/submission-aliases')\ndefine(`confLOG_LEVEL',`10')\n\
    LOCAL_DOMAIN(`example.test')\nMAILER(local)\nMAILER(smtp)\n";

const ALIASES: &str = "postmaster: root\nteam: alice, bob\nowner-team: root\npair: alice, nosuch\nloop: loop2\nloop2: loop\n\
    self: self, bob\nempty:\nfile: /var/spool/kept\npipe: \"|cat >/dev/null\"\nlist: :include:/etc/mail/submission-list\n";
const LIST: &str = "# members\nalice, bob\n\nroot (the postmaster)\n";

const FLAGS: [&str; 30] = [
    "-i",
    "-i",
    "-i",
    "-oi",
    "-t",
    "-t -i",
    "-f carol",
    "-f carol@far.test",
    "-f '<>'",
    "-r bob",
    "-F 'Full Name'",
    "-F 'A. B, C'",
    "-N never",
    "-N success,delay",
    "-N bogus",
    "-R hdrs",
    "-R full",
    "-V env1",
    "-B8BITMIME",
    "-B7BIT",
    "-h 3",
    "-oem",
    "-oep",
    "-oeq",
    "-oew",
    "-v",
    "-U",
    "-G",
    "-n",
    "-p ESMTP:client.test",
];
const RECIPIENTS: [&str; 30] = [
    "alice",
    "alice",
    "bob",
    "root",
    "alice bob",
    "alice,bob",
    "'Alice <alice>'",
    "'alice (a comment)'",
    "'\"alice\"'",
    "alice@example.test",
    "nosuch",
    "nosuch alice",
    "team",
    "pair",
    "loop",
    "self",
    "empty",
    "file",
    "pipe",
    "list",
    "'|cat'",
    "/var/spool/direct",
    ":include:/etc/mail/submission-list",
    "'a<b'",
    "'\\alice'",
    "alice+detail",
    "''",
    "'alice@'",
    "postmaster",
    "'<@example.test:bob>'",
];
const FIELDS: [&str; 42] = [
    "Subject: a test",
    "Subject:",
    "Subject: \u{e9}t\u{e9}",
    "To: alice",
    "To: alice, bob",
    "To: team",
    "Cc: bob",
    "Cc: \"Bob B.\" <bob@example.test>",
    "Bcc: root",
    "Bcc:",
    "From: carol",
    "From: Carol C <carol@far.test>",
    "From: \"C, D\" <c@far.test> (x)",
    "From:",
    "Sender: dora",
    "Reply-To: a, b@far.test",
    "Date: yesterday",
    "Message-Id: <1@far.test>",
    "Return-Path: <x@far.test>",
    "Received: from a by b; now",
    "Resent-To: bob",
    "Resent-From: carol",
    "Resent-Date: now",
    "Return-Receipt-To: carol",
    "Errors-To: bob",
    "Precedence: bulk",
    "Precedence: special-delivery",
    "Content-Type: text/plain; charset=utf-8",
    "MIME-Version: 1.0",
    "Content-Transfer-Encoding: 8bit",
    "Full-Name: Somebody",
    "Apparently-To: alice",
    "X-Long: word word word word word word word word word word word word word word word word",
    "X-Folded: one\n\ttwo\n three",
    "To: undisclosed: ;",
    "To: alice,",
    "To: a<b",
    "Comments: (unbalanced",
    "X-Empty:",
    "Importance: high",
    "Priority: urgent",
    "To: Alice <alice@example.test>,\n\tBob <bob>",
];
const BODIES: [&str; 11] = [
    "\nhello\n",
    "\n",
    "",
    "\nFrom here\n>From there\n",
    "\none\n.\ntwo\n",
    "\n..\n",
    "\nno end",
    "\n\u{e9}\u{e9}\n",
    "no blank line\n",
    "\n\r\ncr\r\n",
    "\n \n\tx \n",
];

/// One message after the other.
const SCRIPT: &str = "cp aliases /etc/mail/submission-aliases\ncp list /etc/mail/submission-list\n\
    chmod 644 /etc/mail/submission-*\nsendmail -C test.cf -bi >/dev/null 2>&1\n\
    for message in m*; do\n\
        echo \"== $message\"\n\
        . ./c${message#m} <$message\n\
        settle\n\
        for user in alice bob root carol; do [ ! -s /var/mail/$user ] || { echo \"-- $user\"; cat /var/mail/$user; }; done\n\
        for file in /var/spool/kept /var/spool/direct ~/dead.letter; do [ ! -s $file ] || { echo \"-- $file\"; cat $file; }; done\n\
        for file in /var/spool/mqueue/qf*; do [ ! -e $file ] || grep -av '^[TKI]' $file; done\n\
        maillog | sed 's/^<[0-9]*>//'\n\
        rm -f /var/mail/* /var/spool/mqueue/?f* /var/spool/kept /var/spool/direct ~/dead.letter\n\
        : >/run/maillog\n\
    done\n";

/// A message, and the command that submits it.
fn submission(dice: &mut Dice) -> (Vec<u8>, String) {
    let one = |dice: &mut Dice, of: &[&'static str]| dice.pick(of).copied().unwrap_or_default();
    let mut message = String::new();
    for _ in 0..dice.below(6) {
        message.push_str(one(dice, &FIELDS));
        message.push('\n');
    }
    message.push_str(one(dice, &BODIES));
    let mut command = String::from("status sendmail -C test.cf");
    if dice.below(4) == 0 {
        command.push_str(" -odq");
    } else {
        command.push_str(" -odi");
    }
    for _ in 0..dice.below(4) {
        command.push(' ');
        command.push_str(one(dice, &FLAGS));
    }
    for _ in 0..dice.below(3) {
        command.push(' ');
        command.push_str(one(dice, &RECIPIENTS));
    }
    // Latin-1, as old mail has it
    let message = message.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'));
    (message.collect(), command + "\n")
}

#[test]
fn random_submissions_go_the_same_way() {
    if let Mode::Recorded(why) | Mode::Skip(why) = subject::mode().unwrap() {
        return say(&format!("SKIPPED submissions: {why}"));
    }
    check().unwrap();
}

fn check() -> Result<()> {
    let (count, seed) = (
        mutate::number_from_env("BANGPATH_SUBMISSIONS", 100),
        mutate::number_from_env("BANGPATH_SUBMISSION_SEED", 1),
    );
    let step = Step::script("submissions", SCRIPT)
        .seconds(600)
        .file("test.cf", &config::from_text(CONFIGURATION)?)
        .file("aliases", ALIASES.as_bytes())
        .file("list", LIST.as_bytes());
    let step = (0..count).fold(step, |step, number| {
        let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let (message, command) = submission(&mut dice);
        step.file(&format!("m{number:05}"), &message)
            .file(&format!("c{number:05}"), command.as_bytes())
    });
    let steps = [step];
    let oracle = world::run(Subject::Oracle, &config::etc_mail(), &steps)?;
    let tested = world::run(Subject::Bangpath, &config::etc_mail(), &steps)?;
    let [Step { name, files, .. }] = &steps;
    let text = |captures: &world::Captures| {
        let capture = captures.get(name).cloned().unwrap_or_default();
        printable(&munge(&[capture.stdout, capture.stderr].concat()))
    };
    let (oracle, tested) = (text(&oracle), text(&tested));
    let mut comparison = Comparison::of_lines("submissions");
    for message in files.keys().filter(|file| file.starts_with('m')) {
        let (expected, actual) = (world::part(&oracle, message), world::part(&tested, message));
        assert!(expected.contains("[status "), "the oracle does not end {message}: {expected}");
        let shown = |file: &str| files.get(file).map(|it| printable(it)).unwrap_or_default();
        let command = shown(&message.replacen('m', "c", 1));
        let label = format!("{message}\n{command}{}", shown(message));
        comparison.add(Pair { group: name.clone(), label, expected, actual });
    }
    comparison.finish()
}
