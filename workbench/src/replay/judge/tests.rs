use super::*;
use crate::machine::{Allowed, Facts, Guarded};
use crate::nowhere::Nowhere;
use crate::replay::report::Report;
use crate::replay::{Findings, Reader};
use crate::source::Source;
use mapper::{MapSet, Settings, SystemServices};
use ruleset_vm::load::{HostFacts, load};

const CF: &str = include_str!("site.cf");

fn judge(facts: &str) -> Judge<SystemServices> {
    let mut known = Facts::default();
    known.add(b"user alice\nuser bob\n").unwrap();
    known.add(facts.as_bytes()).unwrap();
    let settings = Settings {
        services: vec![(b"hosts".to_vec(), vec![b"dns".to_vec()])],
        ..Settings::default()
    };
    let mut nowhere = Nowhere::new(MapSet::new(settings));
    let (config, diagnostics) = cf_parser::parse(CF.as_bytes());
    let host = HostFacts {
        name: b"hub.test".to_vec(),
        node: b"hub".to_vec(),
        mode: b't',
        ..HostFacts::default()
    };
    let (configuration, _) = load(&config, diagnostics, &host, &mut nowhere);
    let mut maps = nowhere.into_maps();
    for (name, entries) in &known.maps {
        assert!(maps.give(name, entries));
    }
    let services = Guarded::new(SystemServices::default(), Arc::new(known), Allowed::default());
    let engine = Engine::new(Arc::new(configuration), maps, services);
    let daemons = [Daemon { name: b"MTA".to_vec(), flags: Vec::new() }];
    Judge::new(engine, Arc::from(daemons))
}

/// What is found in a log, without the frames of lines.
fn report(facts: &str, log: &str) -> (Findings, String) {
    let (mut reader, mut records) = (Reader::new(), Vec::new());
    for line in log.lines() {
        let line = format!("Nov 28 07:16:03 hub sm-mta[9]: {line}");
        reader.line(line.as_bytes(), &mut records);
    }
    reader.finish(&mut records);
    let (mut judge, mut findings) = (judge(facts), Findings::new(1));
    records.iter().for_each(|record| judge.judge(record, &mut findings));
    let source = Source::new(b"site.cf", CF.as_bytes());
    let files = [b"maillog".to_vec()];
    let lines = reader.lines();
    let shown = Report { findings: &findings, source: &source, files: &files, lines }.text();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let causes = shown.split_once("\n\n").unwrap().1.split_once("\n\n").unwrap().1.to_owned();
    (findings, causes)
}

const FROM: &str = "6AS7LDnf000142: from=<a@b.test>, size=1, class=0, nrcpts=1, msgid=<x>, proto=ESMTP, daemon=MTA, relay=mx.test [192.0.2.1]\n";

fn to(address: &str, mailer: &str, relay: &str) -> String {
    format!(
        "6AS7LDnf000142: to={address}, delay=00:00:00, xdelay=00:00:00, mailer={mailer}, pri=1, {relay}dsn=2.0.0, stat=Sent\n"
    )
}

#[test]
fn what_has_not_changed_is_the_same() {
    let log = [
        FROM.to_owned(),
        to("<alice@hub.test>", "local", ""),
        to("alice,bob", "local", ""),
        to("<v@smart.test>", "esmtp", "relay=relay.test. [192.0.2.7], "),
        to("<v@literal.test>", "esmtp", "relay=[192.0.2.25] [192.0.2.25], "),
        to("<v@elsewhere.test>", "esmtp", "relay=mx.elsewhere.test. [192.0.2.9], "),
        to("\"|/bin/cat\"", "prog", ""),
        to("<v@hub.test>", "esmtp", "relay=hub2.test. [192.0.2.4], "),
        "6AS7LDnf000143: ruleset=check_rcpt, arg1=<closed@hub.test>, relay=mx.test [192.0.2.1], reject=550 5.7.1 <closed@hub.test>... Closed\n".to_owned(),
        "6AS7LDnf000144: <nosuch@hub.test>... User unknown\n".to_owned(),
        "6AS7LDnf000144: <gone@gone.test>... No such user\n".to_owned(),
        "ruleset=check_relay, arg1=[192.0.2.66], arg2=192.0.2.66, relay=[192.0.2.66], reject=550 5.7.1 Go away\n".to_owned(),
    ];
    let (findings, shown) = report("", &log.concat());
    insta::assert_snapshot!(shown, @r#"
    1 host not compared: who takes mail for them is not known
    nothing differs
    "#);
    assert_eq!((findings.tally.deliveries, findings.tally.same_mailer), (8, 8));
    assert_eq!((findings.tally.refusals, findings.tally.same_refusals), (4, 4));
    assert_eq!((findings.tally.same_host, findings.tally.hosts_not_told), (3, 1));
}

#[test]
fn what_has_changed_is_found_with_its_rule() {
    let log = [
        FROM.to_owned(),
        to("<alice@hub.test>", "esmtp", "relay=old.test. [192.0.2.8], "),
        to("<v@smart.test>", "relay", "relay=relay.test. [192.0.2.7], "),
        to("<v@literal.test>", "esmtp", "relay=[192.0.2.26] [192.0.2.26], "),
        to("<v@gone.test>", "esmtp", "relay=gone.test. [192.0.2.8], "),
        to("<closed@hub.test>", "local", ""),
        "6AS7LDnf000143: ruleset=check_rcpt, arg1=<bob@hub.test>, relay=mx.test [192.0.2.1], reject=550 5.7.1 <bob@hub.test>... Closed\n".to_owned(),
        "6AS7LDnf000143: ruleset=check_rcpt, arg1=<closed@hub.test>, relay=mx.test [192.0.2.1], reject=550 5.7.1 <closed@hub.test>... Not open\n".to_owned(),
        "6AS7LDnf000143: ruleset=check_rcpt, arg1=<closed@hub.test>, relay=mx.test [192.0.2.1], discard\n".to_owned(),
        "6AS7LDnf000143: from=<a@b.test>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA, relay=mx.test [192.0.2.1]\n".to_owned(),
    ];
    let (findings, shown) = report("", &log.concat());
    insta::assert_snapshot!(shown, @r#"
    8 differ

    1 time went by esmtp, would go by local
      site.cf:21 (parse)  R$* < @ $=w >    $#local $: $1
        <alice@hub.test>  maillog:2

    1 time went by relay, would go by esmtp
      site.cf:22 (parse)  R$* < @ smart . test >  $#esmtp $@ [relay.test] $: $1 < @ smart . test >
        <v@smart.test>  maillog:3

    1 time went to [192.0.2.26], would go to [192.0.2.25]
      site.cf:23 (parse)  R$* < @ literal . test >  $#esmtp $@ [192.0.2.25] $: $1 < @ literal . test >
        <v@literal.test>  maillog:4

    1 time went by esmtp, would be refused: 550 5.1.1 No such user
      site.cf:20 (parse)  R$* < @ gone . test >  $#error $@ 5.1.1 $: "550 No such user"
        <v@gone.test>  maillog:5

    1 time accepted, check_rcpt, would be refused: 550 5.7.1 Closed
      site.cf:36 (check_rcpt)  R$* $| closed < @ $+ >  $#error $@ 5.7.1 $: "550 Closed"
        <closed@hub.test>  from <a@b.test>  by mx.test [192.0.2.1]  maillog:6

    1 time sendmail said 550 5.7.1 Closed, check_rcpt would accept
      no rule decided
        <bob@hub.test>  from <a@b.test>  by mx.test [192.0.2.1]  maillog:7

    1 time check_rcpt said 550 5.7.1 Not open, would say 550 5.7.1 Closed
      site.cf:36 (check_rcpt)  R$* $| closed < @ $+ >  $#error $@ 5.7.1 $: "550 Closed"
        <closed@hub.test>  from <a@b.test>  by mx.test [192.0.2.1]  maillog:8

    1 time check_rcpt said discarded, would say 550 5.7.1 Closed
      site.cf:36 (check_rcpt)  R$* $| closed < @ $+ >  $#error $@ 5.7.1 $: "550 Closed"
        <closed@hub.test>  from <a@b.test>  by mx.test [192.0.2.1]  maillog:9
    "#);
    assert_eq!((findings.tally.different, findings.tally.undecided), (8, 0));
}

/// Differences that come from what nobody knows are none.
#[test]
fn what_depends_on_something_unknown_is_undecided() {
    let log = [
        FROM.to_owned(),
        // the name service is not asked
        to("<v@canon.test>", "local", ""),
        to("<v@smart.test>", "esmtp", "relay=alias.test. [192.0.2.7], "),
        // the client may have said another name, for all the log tells
        "6AS7LDnf000143: ruleset=check_rcpt, arg1=<helo@hub.test>, relay=mx.test [192.0.2.1], reject=550 5.7.1 <helo@hub.test>... Bad name\n".to_owned(),
        // there may be an alias or a user by now
        "6AS7LDnf000144: <alice@hub.test>... User unknown\n".to_owned(),
        // the rest of the name is not in the log
        format!("ruleset=check_rcpt, arg1=<{}...@hub.test>, relay=mx.test [192.0.2.1], reject=550 5.7.1 no\n", "x".repeat(150)),
    ];
    let (findings, shown) = report("", &log.concat());
    insta::assert_snapshot!(shown, @r#"
    nothing differs, 5 undecided

    1 time went by local, would go by esmtp
      undecided: not asked (--allow dns)
      site.cf:19 (parse)  R$* < @ missing >  $#esmtp $@ missing.test $: $1
        <v@canon.test>  maillog:2

    1 time went to alias.test., would go to [relay.test]
      undecided: the mail exchangers are not known (--allow dns, or facts)
      site.cf:22 (parse)  R$* < @ smart . test >  $#esmtp $@ [relay.test] $: $1 < @ smart . test >
        <v@smart.test>  maillog:3

    1 time sendmail said 550 5.7.1 Bad name, check_rcpt would accept
      undecided: rules read $s, which the log does not tell
      no rule decided
        <helo@hub.test>  by mx.test [192.0.2.1]  maillog:4

    1 time refused (User unknown), would go by local
      undecided: whether there was such a user is no matter of rules
      site.cf:21 (parse)  R$* < @ $=w >    $#local $: $1
        <alice@hub.test>  maillog:5

    1 time sendmail said 550 5.7.1 no, check_rcpt would accept
      undecided: the log has it in part only
      no rule decided
        <xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...@hub.test>  by mx.test [192.0.2.1]  maillog:6
    "#);
    assert_eq!((findings.tally.different, findings.tally.undecided), (0, 5));
}

#[test]
fn facts_decide() {
    let log = [
        to("<v@canon.test>", "esmtp", "relay=mx.canon.test. [192.0.2.9], "),
        to("<v@smart.test>", "esmtp", "relay=real.test. [192.0.2.8], "),
    ];
    let mail = "dns canon.test A 192.0.2.1\ndns canon.test MX 5 mx.canon.test\ndns relay.test ";
    let (same, _) = report(&format!("{mail}CNAME real.test\ndns * nxdomain\n"), &log.concat());
    assert_eq!((same.tally.same_host, same.tally.different, same.tally.undecided), (2, 0, 0));
    let (other, _) = report(&format!("{mail}A 192.0.2.3\ndns * nxdomain\n"), &log.concat());
    assert_eq!((other.tally.same_host, other.tally.different, other.tally.undecided), (1, 1, 0));
}

/// A client that has logged in may relay, whatever mechanism it used.
#[test]
fn logins_count() {
    let from = |protocol: &str| {
        let facts = format!("proto={protocol}, daemon=MTA, relay=other.test [192.0.2.9]\n");
        format!("6AS7LDnf000142: from=<a@b.test>, size=1, class=0, nrcpts=1, msgid=<x>, {facts}")
    };
    let recipient = to("<v@far.test>", "esmtp", "relay=far.test. [192.0.2.8], ");
    let login = "AUTH=server, relay=other.test [192.0.2.9], authid=al, mech=PLAIN, bits=0\n";
    let denied = |log: &str| report("", log).0.tally.different;
    assert_eq!(denied(&[login, &from("ESMTPA"), &recipient].concat()), 0);
    assert_eq!(denied(&[&from("ESMTPA")[..], &recipient].concat()), 0);
    assert_eq!(denied(&[&from("ESMTP")[..], &recipient].concat()), 1);
    let login = login.replace("PLAIN", "ANONYMOUS");
    assert_eq!(denied(&[&login[..], &from("ESMTPA"), &recipient].concat()), 1);
}

/// The program that submits mail has another configuration, and writes to the same log.
#[test]
fn submissions_are_not_compared() {
    let log = [
        "6AS7LDnf000142: from=alice, size=1, class=0, nrcpts=1, msgid=<x>, relay=alice@localhost\n"
            .to_owned(),
        to("bob", "relay", "relay=[127.0.0.1] [127.0.0.1], "),
    ];
    let (findings, _) = report("", &log.concat());
    assert_eq!((findings.tally.submissions, findings.tally.different), (1, 0));
}
