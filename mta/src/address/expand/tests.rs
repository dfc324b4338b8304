//! The walk with alias files and lists of its own. What is expected was observed with sendmail
//! 8.17.1.9 and the same aliases. `root` is the one user every system has.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use ruleset_vm::load::HostFacts;

use super::*;
use crate::config::reading::Reading;
use crate::config::site::Site;
use crate::message::envelope::{ControllingUser, Recipient};

const RULES: &str = "V10/Berkeley
O OperatorChars=.:%@!^/[]+
Scanonify=3
R$* < $* > $*\t\t$: $2
R$+ @ $+\t\t$: $1 < @ $2 >
Sparse=0
Rfail $* < @ $* > \t$#error $@ 5.1.2 $: \"550 no such host\"
R$* < @ $+ > $*\t\t$#smtp $@ $2 $: $1 < @ $2 > $3
R$+\t\t\t$#local $: $1
Sfinal=4
R$* < @ $* > $*\t\t$1 @ $2 $3
Mlocal, P=/bin/mail, F=lsDFMAw5:/|@qPn9, T=DNS/RFC822/X-Unix, A=mail $u
Mprog, P=/bin/sh, F=lsDFMoqeu9, A=sh -c $u
Msmtp, P=[IPC], F=mDFMuXa, T=DNS/RFC822/SMTP, A=TCP $h
";

struct World {
    directory: tempfile::TempDir,
    rules: String,
}

impl World {
    fn new(aliases: &str) -> Self {
        let directory = tempfile::tempdir_in("/var/lib").or_else(|_| tempfile::tempdir()).unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let world = Self { directory, rules: RULES.to_owned() };
        world.file("aliases", aliases);
        world
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        std::fs::write(&path, content.replace("DIR", &self.path().display().to_string())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }

    fn worker(&self) -> (Worker, ExpandOptions) {
        let facts = HostFacts { name: b"host.test".to_vec(), ..HostFacts::default() };
        let forgiven = "O DontBlameSendmail=IncludeFileInUnsafeDirPathSafe";
        let text =
            format!("{}{forgiven}\nO AliasFile={}/aliases\n", self.rules, self.path().display());
        let site = Arc::new(Site::new(Reading::of_bytes(b"test.cf", text.as_bytes(), &facts)));
        let default = ControllingUser { user: b"daemon".to_vec(), uid: 1, gid: 2 };
        let options = ExpandOptions::of_site(&site, &default);
        (Worker::new(site), options)
    }

    /// What is said, what stands in the envelope afterwards, and who gets an envelope of their own.
    fn expand(&self, addresses: &[&str]) -> String {
        let (mut worker, options) = self.worker();
        let mut envelope = Envelope {
            sender: b"root".to_vec(),
            recipients: addresses.iter().map(|one| Recipient::primary(*one)).collect(),
            ..Envelope::default()
        };
        let mut out = String::new();
        let mut notes = |note: Note| {
            let Some(line) = note.verbose() else { return };
            let line = String::from_utf8_lossy(&line).into_owned();
            if !line.contains("WARNING: cannot open") && !line.contains("aliases, longest") {
                writeln!(out, "{line}").unwrap();
            }
        };
        let expansion = expand(&mut worker, &mut envelope, &options, &mut notes);
        for recipient in &envelope.recipients {
            out.push_str(&line(recipient));
        }
        for split in expansion.splits {
            let owner = String::from_utf8_lossy(&split.owner).into_owned();
            writeln!(out, "owner {owner}: {:?}", split.recipients).unwrap();
        }
        out.replace(&self.path().display().to_string(), "DIR")
    }
}

fn line(recipient: &Recipient) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let state = match &recipient.state {
        RecipientState::Pending => "=",
        RecipientState::Failed(_) => "!",
        RecipientState::Deferred(_) => "?",
        _ => "-",
    };
    let flag = |set: bool, letter: &'static str| if set { letter } else { "" };
    let flags = flag(recipient.flags.primary, "P").to_owned()
        + flag(recipient.flags.from_alias, "A")
        + flag(recipient.flags.on_failure, "F");
    let user = recipient.controlling_user.as_ref();
    let user = user
        .map_or_else(String::new, |user| format!("{}:{}:{}", text(&user.user), user.uid, user.gid));
    let alias = recipient.alias.as_ref().map_or_else(String::new, |alias| text(alias));
    let kind = recipient.final_recipient.as_ref().map_or_else(String::new, |kind| text(kind));
    format!("{state} {flags}:{} C{user}:{alias} r{kind}\n", text(&recipient.address))
}

#[test]
fn lists_are_entered_last_first_and_sorted_by_host() {
    // QU-031, QU-101, AD-093
    let world = World::new("list: z@z.test, a@a.test, \"|/bin/cat\", y@A.test\n");
    insta::assert_snapshot!(world.expand(&["list", "c@b.test"]), @r#"
    list... aliased to z@z.test, a@a.test, "|/bin/cat", y@A.test
    - PF:list C: rRFC822; list@host.test
    = AF:"|/bin/cat" Clist:1:0:list rRFC822; list@host.test
    = AF:y@A.test Clist:1:0:list rRFC822; list@host.test
    = AF:a@a.test Clist:1:0:list rRFC822; list@host.test
    = PF:c@b.test C: rRFC822; c@b.test
    = AF:z@z.test Clist:1:0:list rRFC822; list@host.test
    "#);
}

#[test]
fn duplicates_are_entered_once() {
    // AD-048
    let world = World::new("list: z@z.test, a@a.test\n");
    insta::assert_snapshot!(world.expand(&["list", "z@z.test", "list", "A@a.test"]), @r"
    list... aliased to z@z.test, a@a.test
    z@z.test... duplicate suppressed
    - PF:z@z.test C: r
    - PF:list C: r
    - PF:list C: rRFC822; list@host.test
    = AF:a@a.test Clist:1:0:list rRFC822; list@host.test
    = PF:A@a.test C: rRFC822; A@a.test
    = PAF:z@z.test Clist:1:0:list rRFC822; list@host.test
    ");
}

#[test]
fn loops_end_at_a_user_or_fail() {
    // AD-013..AD-015
    let world = World::new(
        "root: next\nnext: root\none: two\ntwo: one\nself: self\nempty: :include:DIR/empty\n\
         both: empty, x@x.test\n",
    );
    world.file("aliases", &std::fs::read_to_string(world.path().join("aliases")).unwrap());
    world.file("empty", "");
    let mut out = String::new();
    for name in ["root", "one", "self", "empty", "both"] {
        writeln!(out, "# {name}\n{}", world.expand(&[name])).unwrap();
    }
    insta::assert_snapshot!(out, @r"
    # root
    root... aliased to next
    next... aliased to root
    = PF:root C: rRFC822; root@host.test
    - AF:next Croot:1:0:root rRFC822; root@host.test

    # one
    one... aliased to two
    two... aliased to one
    one... aliased to two
    two... duplicate suppressed
    aliasing/forwarding loop broken
    ! PF:one C: rRFC822; one@host.test
    - AF:two Cone:1:0:one rRFC822; one@host.test
    - AF:one Ctwo:1:0:two rRFC822; one@host.test

    # self
    self... aliased to self
    self... aliased to self
    self... duplicate suppressed
    self... User unknown
    self... User unknown
    ! PF:self C: rRFC822; self@host.test
    ! AF:self Cself:1:0:self rRFC822; self@host.test

    # empty
    empty... aliased to :include:DIR/empty
    :include:DIR/empty... including file DIR/empty
    aliasing/forwarding loop broken
    ! PF:empty C: rRFC822; empty@host.test
    - AF::include:DIR/empty Cempty:1:0:empty rRFC822; empty@host.test

    # both
    both... aliased to empty, x@x.test
    empty... aliased to :include:DIR/empty
    :include:DIR/empty... including file DIR/empty
    - PF:both C: rRFC822; both@host.test
    - AF:empty Cboth:1:0:both rRFC822; both@host.test
    - AF::include:DIR/empty Cempty:1:0:empty rRFC822; both@host.test
    = PAF:x@x.test Cboth:1:0:both rRFC822; both@host.test
    ");
}

#[test]
fn depth_is_limited() {
    // AD-014
    let mut aliases = String::new();
    for depth in 1..=10 {
        writeln!(aliases, "d{depth}: d{}", depth + 1).unwrap();
    }
    aliases.push_str("d11: a@b.test\n");
    let world = World::new(&aliases);
    let last = |text: String| text.lines().last().unwrap().to_owned();
    insta::assert_snapshot!(last(world.expand(&["d1"])), @"! AF:a@b.test Cd11:1:0:d11 rRFC822; d1@host.test");
    insta::assert_snapshot!(last(world.expand(&["d2"])), @"= PAF:a@b.test Cd11:1:0:d11 rRFC822; d2@host.test");
}

#[test]
fn members_of_owned_lists_go_apart() {
    // AD-016..AD-018, AD-021
    let world = World::new(
        "top: own, k@k.test\nown: z@z.test, inner, nosuch-user-x\ninner: q@q.test\n\
         owner-own: carol\nmany: m@m.test\nowner-many: a, b\nowner-x: x@x.test\nowner-owner: admin\n",
    );
    insta::assert_snapshot!(world.expand(&["top", "many", "owner-x"]), @r"
    top... aliased to own, k@k.test
    own... aliased to z@z.test, inner, nosuch-user-x
    nosuch-user-x... User unknown
    inner... aliased to q@q.test
    many... aliased to m@m.test
    owner-x... aliased to x@x.test
    - PF:top C: rRFC822; top@host.test
    - AF:own Ctop:1:0:top rRFC822; top@host.test
    ! AF:nosuch-user-x Cown:1:0:own rRFC822; top@host.test
    - AF:inner Cown:1:0:own rRFC822; top@host.test
    - PF:many C: rRFC822; many@host.test
    - PF:owner-x C: rRFC822; owner-x@host.test
    = AF:k@k.test Ctop:1:0:top rRFC822; top@host.test
    = PAF:m@m.test Cmany:1:0:many rRFC822; many@host.test
    = AF:q@q.test Cinner:1:0:inner rRFC822; top@host.test
    = PAF:x@x.test Cowner-x:1:0:owner-x rRFC822; owner-x@host.test
    = AF:z@z.test Cown:1:0:own rRFC822; top@host.test
    owner carol: [2, 8, 10]
    owner owner-many: [7]
    owner admin: [9]
    ");
}

#[test]
fn owned_lists_forget_what_the_submitter_wanted_to_hear() {
    // AD-022
    let world = World::new("own: z@z.test\nowner-own: carol\nplain: y@y.test, x@x.test\n");
    let (mut worker, options) = world.worker();
    let mut envelope = Envelope::default();
    for name in ["own", "plain"] {
        let mut recipient = Recipient::primary(name);
        recipient.flags.notify_given = true;
        recipient.flags.on_success = true;
        recipient.flags.on_failure = false;
        recipient.original = Some(b"rfc822;o".to_vec());
        envelope.recipients.push(recipient);
    }
    expand(&mut worker, &mut envelope, &options, &mut |_| {});
    let found: Vec<_> = envelope
        .recipients
        .iter()
        .filter(|recipient| recipient.alias.is_some())
        .map(|r| {
            (r.address.clone(), r.flags.notify_given, r.flags.on_success, r.original.is_some())
        })
        .collect();
    let row = |name: &str, given, success| (name.as_bytes().to_vec(), given, success, true);
    let expected =
        [row("x@x.test", true, true), row("y@y.test", true, true), row("z@z.test", false, false)];
    assert_eq!(found, expected);
}

#[test]
fn include_files_are_read_line_by_line() {
    // AD-023..AD-025, AD-028
    let world = World::new("");
    world.file("aliases", "list: :include:DIR/list\nmissing: :include:DIR/none, :include:rel\n");
    world.file(
        "list",
        "a@a.test\n\n# no\nb@b.test, c@c.test\n (x)\nnosuch-user-x\n:include:DIR/in\n",
    );
    world.file("in", "d@d.test\n");
    insta::assert_snapshot!(world.expand(&["list"]), @r"
    list... aliased to :include:DIR/list
    :include:DIR/list... including file DIR/list
    DIR/list: line 1: sending to a@a.test
    DIR/list: line 4: sending to b@b.test, c@c.test
    DIR/list: line 5: sending to  (x)
    DIR/list: line 6: sending to nosuch-user-x
    DIR/list: line 6: nosuch-user-x... User unknown
    DIR/list: line 7: sending to :include:DIR/in
    DIR/list: line 7: :include:DIR/in... including file DIR/in
    DIR/in: line 1: sending to d@d.test
    - PF:list C: rRFC822; list@host.test
    - AF::include:DIR/list Clist:1:0:list rRFC822; list@host.test
    ! F:nosuch-user-x C::include:DIR/list rRFC822; list@host.test
    - F::include:DIR/in C::include:DIR/list rRFC822; list@host.test
    = F:a@a.test C::include:DIR/list rRFC822; list@host.test
    = F:b@b.test C::include:DIR/list rRFC822; list@host.test
    = F:c@c.test C::include:DIR/list rRFC822; list@host.test
    = F:d@d.test C::include:DIR/in rRFC822; list@host.test
    ");
    insta::assert_snapshot!(world.expand(&["missing"]), @r"
    missing... aliased to :include:DIR/none, :include:rel
    :include:rel... including file rel
    :include:rel... Cannot open rel: Permission denied
    :include:DIR/none... including file DIR/none
    :include:DIR/none... Cannot open DIR/none: No such file or directory
    - PF:missing C: rRFC822; missing@host.test
    ! AF::include:rel Cmissing:1:0:missing rRFC822; missing@host.test
    ! AF::include:DIR/none Cmissing:1:0:missing rRFC822; missing@host.test
    ");
}

#[test]
fn only_lists_name_programs_and_files() {
    // AD-024, AD-038
    let world = World::new("ok: /tmp/f\n");
    insta::assert_snapshot!(
        world.expand(&["\"|/bin/cat\"", "/tmp/f", ":include:/tmp/f", "ok"]), @r#"
        "|/bin/cat"... Cannot mail directly to programs
        /tmp/f... Cannot mail directly to files
        :include:/tmp/f... Cannot mail directly to :include:s
        ok... aliased to /tmp/f
        ! PF:"|/bin/cat" C: rRFC822; "|/bin/cat"@host.test
        ! PF:/tmp/f C: rRFC822; /tmp/f@host.test
        ! PF::include:/tmp/f C: rRFC822; /tmp/f@host.test
        - PF:ok C: rRFC822; ok@host.test
        = PAF:/tmp/f Cok:1:0:ok rRFC822; ok@host.test
        "#);
}

#[test]
fn syntax_errors_come_before_other_errors() {
    let world = World::new("bad: <a@a.test, c@c.test<d>>, e@e.test, fail@f.test\n");
    insta::assert_snapshot!(world.expand(&["bad"]), @r"
    bad... aliased to <a@a.test, c@c.test<d>>, e@e.test, fail@f.test
    <a@a.test, c@c.test<d>>, e@e.test, fail@f.test... Unbalanced '<'
    c@c.test<d>>, e@e.test, fail@f.test... Unbalanced '>'
    fail@f.test... no such host
    c@c.test<d>>... User unknown
    - PF:bad C: rRFC822; bad@host.test
    ! AF:c@c.test<d>> Cbad:1:0:bad rRFC822; bad@host.test
    ! AF:fail@f.test Cbad:1:0:bad rRFC822; bad@host.test
    = AF:<a@a.test Cbad:1:0:bad rRFC822; bad@host.test
    = AF:e@e.test Cbad:1:0:bad rRFC822; bad@host.test
    ");
}

#[test]
fn ruleset_5_replaces_users_without_alias() {
    // RS-088, AD-047
    let mut world = World::new("known: k@k.test\nknown+*: l@l.test\n");
    world.rules = world.rules.replace(
        "Mlocal,",
        "S5\nR$+ + $*\t$#local $@ $2 $: $1\nRfar\t$#smtp $@ far.test $: far\nMlocal,",
    );
    insta::assert_snapshot!(world.expand(&["known+x", "root+y", "far", "gone"]), @r"
    known+x... aliased to k@k.test
    gone... User unknown
    - PF:known+x C: rRFC822; known+x@host.test
    - F:known+x C:known+x rRFC822; known+x@host.test
    - PF:root+y C: rRFC822; root+y@host.test
    - PF:far C: rRFC822; far@host.test
    ! PF:gone C: rRFC822; gone@host.test
    = PF:far C:far rRFC822; far@host.test
    = PAF:k@k.test Cknown:1:0:known+x rRFC822; known+x@host.test
    = PF:root+y C:root+y rRFC822; root+y@host.test
    ");
}

#[test]
fn the_sender_leaves_lists_without_me_too() {
    // AD-051
    let world = World::new("list: s@s.test, t@t.test\n");
    let (mut worker, mut options) = world.worker();
    options.me_too = false;
    let mut envelope = Envelope {
        sender: b"s@s.test".to_vec(),
        recipients: vec![Recipient::primary("list")],
        ..Envelope::default()
    };
    expand(&mut worker, &mut envelope, &options, &mut |_| {});
    let open: Vec<_> = envelope
        .recipients
        .iter()
        .filter(|recipient| recipient.state == RecipientState::Pending)
        .map(|recipient| recipient.address.as_slice())
        .collect();
    assert_eq!(open, [b"t@t.test"]);
}

#[test]
fn rcpt_judges_without_expanding() {
    // AD-046, AD-038
    let world = World::new("list: nosuch-user-x\n");
    let (mut worker, options) = world.worker();
    let mut out = String::new();
    for address in [
        "list",
        "root",
        "ROOT",
        "a@b.test",
        "nosuch-user-x",
        "|cat",
        "/f",
        "fail@x",
        "a<b",
        "",
        "\\root",
    ] {
        let found = resolve_recipient(&mut worker, address.as_bytes()).and_then(|found| {
            let Some(mut found) = found else { return Ok(None) };
            found.exists(&mut worker, &options)?;
            Ok(Some(found))
        });
        match found {
            Ok(None) => writeln!(out, "{address:?}: nobody").unwrap(),
            Ok(Some(found)) => {
                let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let (mailer, host) = (part(&found.mailer_name), part(&found.host));
                writeln!(out, "{address:?}: {mailer} {host} {}", part(&found.user)).unwrap();
            }
            Err(refusal) => {
                let status = &refusal.status;
                let text = ruleset_vm::error_mailer::status_text(address.as_bytes(), status);
                writeln!(out, "{address:?}: {}", String::from_utf8_lossy(&text)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(out, @r#"
    "list": local  list
    "root": local  root
    "ROOT": local  root
    "a@b.test": smtp b.test a@b.test
    "nosuch-user-x": 550 5.1.1 nosuch-user-x... User unknown
    "|cat": 550 5.7.1 |cat... Cannot mail directly to programs
    "/f": 550 5.7.1 /f... Cannot mail directly to files
    "fail@x": 550 5.1.2 fail@x... no such host
    "a<b": 553 5.0.0 a<b... Unbalanced '<'
    "": nobody
    "\\root": local  \root
    "#);
}
