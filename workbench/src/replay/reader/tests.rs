use super::*;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(record: &Record) -> String {
    let place = format!("{}:{} x{}", record.place.file, record.place.line, record.times);
    let session = |transaction: &Option<Arc<Transaction>>| {
        transaction.as_ref().map_or("?".to_owned(), |it| {
            let login =
                it.login.as_ref().map_or(String::new(), |it| format!(" as {}", text(&it.name)));
            let tls =
                it.tls.as_ref().map_or(String::new(), |it| format!(" tls {}", text(&it.verify)));
            let words = [&it.sender, &it.relay, &it.protocol, &it.daemon].map(|part| text(part));
            format!("({}{login}{tls})", words.join(" "))
        })
    };
    let what = match &record.what {
        What::Accepted(transaction) => format!("accepted {}", session(&Some(transaction.clone()))),
        What::Delivery(it) => {
            let carrier = match &it.carrier {
                Carrier::Mailer(name) => text(name),
                other => format!("{other:?}"),
            };
            let relay = it.relay.as_ref().map_or("-".to_owned(), |relay| text(&relay.text()));
            let words = [text(&it.to), carrier, relay, text(&it.stat)].join(" ");
            let original =
                it.original.as_ref().map_or(String::new(), |it| format!(" was {}", text(it)));
            format!("{words}{original} {}", session(&it.transaction))
        }
        What::Refusal(it) => {
            let arguments: Vec<_> = it.arguments.iter().map(|it| text(it)).collect();
            let verdict = match &it.verdict {
                Verdict::Reject(reply) => text(reply),
                other => format!("{other:?}"),
            };
            format!(
                "{} {} {verdict} {}",
                text(&it.ruleset),
                arguments.join(" "),
                session(&it.transaction)
            )
        }
    };
    format!("{place} {what}")
}

fn read(logs: &[&str]) -> (Reader, String) {
    let (mut reader, mut records) = (Reader::new(), Vec::new());
    for (number, log) in (0..).zip(logs) {
        reader.file(number);
        log.lines().for_each(|line| reader.line(line.as_bytes(), &mut records));
    }
    reader.finish(&mut records);
    let shown: Vec<String> = records.iter().map(shown).collect();
    (reader, shown.join("\n"))
}

#[test]
fn what_belongs_to_a_message_is_put_together() {
    let log = "\
Nov 28 07:16:03 h sm-mta[9]: STARTTLS=server, relay=mx.test [192.0.2.1], version=TLSv1.3, verify=NO, cipher=T, bits=256/256
Nov 28 07:16:03 h sm-mta[9]: AUTH=server, relay=mx.test [192.0.2.1], authid=al, mech=PLAIN, bits=0
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: ruleset=check_rcpt, arg1=<c@d>, relay=mx.test [192.0.2.1], reject=550 5.7.1 <c@d>... no
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: <nosuch@h>... User unknown
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: from=<a@b>, size=1, class=0, nrcpts=2, msgid=<x>, proto=ESMTPSA, daemon=MTA, relay=mx.test [192.0.2.1]
Nov 28 07:16:04 h sm-mta[8]: 6AS7LDnf000142: 6AS7LDng000142: clone: owner=owner-list
Nov 28 07:16:04 h sm-mta[8]: 6AS7LDnf000142: to=<e@f>,<g@f>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=1, relay=f. [192.0.2.9], dsn=2.0.0, stat=Sent (ok)
Nov 28 07:16:04 h last message repeated 2 times
Nov 28 07:16:04 h sm-mta[8]: 6AS7LDng000142: to=\\\\bob, ctladdr=owner-list (8/0), delay=00:00:00, mailer=local, pri=1, dsn=2.0.0, stat=Sent
Nov 28 07:16:04 h sm-mta[8]: 6AS7LDng000142: done; delay=00:00:00, ntries=1
Nov 28 07:16:04 h sm-mta[8]: 6AS7LDng000142: to=late, delay=00:00:00, mailer=local, pri=1, dsn=2.0.0, stat=Sent
Nov 28 07:16:05 h sm-mta[9]: 6AS7LDnx000142: from=<a@b>, size=1, class=0, nrcpts=0, proto=ESMTP, daemon=MTA, relay=other.test [192.0.2.2]
Nov 28 07:16:05 h sm-mta[9]: ruleset=check_relay, arg1=[192.0.2.3], arg2=192.0.2.3, relay=[192.0.2.3], reject=550 5.7.1 no";
    let (reader, shown) = read(&[log]);
    insta::assert_snapshot!(shown, @r#"
    0:3 x1 check_rcpt <c@d> 550 5.7.1 <c@d>... no (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:4 x1  <nosuch@h> User unknown (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:5 x1 accepted (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:7 x1 <e@f> esmtp f. [192.0.2.9] Sent (ok) (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:7 x1 <g@f> esmtp f. [192.0.2.9] Sent (ok) (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:8 x2 <e@f> esmtp f. [192.0.2.9] Sent (ok) (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:8 x2 <g@f> esmtp f. [192.0.2.9] Sent (ok) (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:9 x1 \bob local - Sent (<a@b> mx.test [192.0.2.1] ESMTPSA MTA as al tls NO)
    0:11 x1 late local - Sent ?
    0:13 x1 check_relay [192.0.2.3] 192.0.2.3 550 5.7.1 no ?
    "#);
    assert_eq!(reader.lines(), (13, 13));
}

#[test]
fn refusals_whose_sender_never_comes_are_told_at_the_end() {
    let log = "\
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: ruleset=check_rcpt, arg1=<c@d>, relay=[192.0.2.1], reject=550 5.7.1 <c@d>... no
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000143: ruleset=check_rcpt, arg1=<e@d>, relay=[192.0.2.1], discard
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000143: from=<a@b>, size=1, class=0, nrcpts=1, proto=ESMTP, daemon=MTA, relay=[192.0.2.1]";
    // of what was to be thrown away nobody says that it was accepted
    insta::assert_snapshot!(read(&[log]).1, @r#"
    0:2 x1 check_rcpt <e@d> Discard (<a@b> [192.0.2.1] ESMTP MTA)
    0:1 x1 check_rcpt <c@d> 550 5.7.1 <c@d>... no ?
    "#);
}

#[test]
fn long_lines_are_joined() {
    let log = "\
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: to=<aaaa@b>,<bb...
Nov 28 07:16:03 h sm-mta[7]: 6AS7LDnf000155: to=<z@b>, delay=0, mailer=local, pri=1, dsn=2.0.0, stat=Sent
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: ...bb@b>, delay=00:00:00, mailer=esmtp, pri=1, relay=b...
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: ... [192.0.2.1], dsn=2.0.0, stat=Sent
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: to=<c@b>, delay=0, mailer=local, pri=1, dsn=5.0.0, stat=Service unavailable...
Nov 28 07:16:03 h sm-mta[9]: 6AS7LDnf000142: to=<d@b>, delay=0, mailer=local, pri=1, dsn=2.0.0, stat=Sent";
    insta::assert_snapshot!(read(&[log]).1, @r#"
    0:2 x1 <z@b> local - Sent ?
    0:1 x1 <aaaa@b> esmtp b [192.0.2.1] Sent ?
    0:1 x1 <bbbb@b> esmtp b [192.0.2.1] Sent ?
    0:5 x1 <c@b> local - Service unavailable... ?
    0:6 x1 <d@b> local - Sent ?
    "#);
}

#[test]
fn other_systems() {
    let postfix = "\
Nov 28 07:16:03 h postfix/smtpd[1]: 4ABC: client=mx.test[192.0.2.1], sasl_method=PLAIN, sasl_username=al
Nov 28 07:16:03 h postfix/qmgr[1]: 4ABC: from=<a@b>, size=3, nrcpt=2 (queue active)
Nov 28 07:16:03 h postfix/smtp[1]: 4ABC: to=<c@d>, relay=mx.d[192.0.2.9]:25, delay=1, dsn=4.0.0, status=deferred (later)
Nov 28 07:16:03 h postfix/local[1]: 4ABC: to=<bob@h>, orig_to=<info@h>, relay=local, delay=1, dsn=2.0.0, status=sent (ok)
Nov 28 07:16:03 h postfix/qmgr[1]: 4ABC: from=<a@b>, size=3, nrcpt=2 (queue active)
Nov 28 07:16:03 h postfix/qmgr[1]: 4ABC: removed
Nov 28 07:16:03 h postfix/smtpd[1]: NOQUEUE: reject: RCPT from mx.test[192.0.2.1]: 554 5.7.1 <c@d>: Relay access denied; from=<a@b> to=<c@d> proto=ESMTP helo=<h>";
    let exim = "\
2026-11-28 07:16:03 1abcde-000001-AB <= a@b H=mx.test [192.0.2.1] P=esmtps A=plain:al S=3
2026-11-28 07:16:03 1abcde-000001-AB => c@d R=dnslookup T=remote_smtp H=mx.d [192.0.2.9] C=\"250 ok\"
2026-11-28 07:16:03 1abcde-000001-AB -> bob <info@h> R=localuser T=local_delivery
2026-11-28 07:16:03 1abcde-000001-AB Completed
2026-11-28 07:16:03 H=mx.test [192.0.2.1] F=<a@b> rejected RCPT <c@d>: relay not permitted";
    let (reader, shown) = read(&[postfix, exim]);
    insta::assert_snapshot!(shown, @r#"
    0:2 x1 accepted (<a@b> mx.test [192.0.2.1]   as al)
    0:3 x1 <c@d> Remote mx.d [192.0.2.9] deferred (later) (<a@b> mx.test [192.0.2.1]   as al)
    0:4 x1 <bob@h> Local - sent (ok) was <info@h> (<a@b> mx.test [192.0.2.1]   as al)
    0:7 x1 check_rcpt <c@d> 554 5.7.1 <c@d>: Relay access denied (<a@b> mx.test [192.0.2.1] ESMTP )
    1:1 x1 accepted (<a@b> mx.test [192.0.2.1] ESMTPS  as al)
    1:2 x1 c@d Remote mx.d [192.0.2.9] => (<a@b> mx.test [192.0.2.1] ESMTPS  as al)
    1:3 x1 info@h Local - -> was info@h (<a@b> mx.test [192.0.2.1] ESMTPS  as al)
    1:5 x1 check_rcpt <c@d> relay not permitted (<a@b> mx.test [192.0.2.1] ESMTP )
    "#);
    assert_eq!(reader.lines(), (12, 12));
}

#[test]
fn memory_is_bounded() {
    let (mut reader, mut records) = (Reader::new(), Vec::new());
    let count = OPEN_MESSAGES as u64 * 2;
    for number in 0..count {
        let line = format!(
            "Nov 28 07:16:03 h sm-mta[9]: 6AS7LD{number:08}: ruleset=check_rcpt, arg1=<a@b>, relay=[192.0.2.1], reject=550 no"
        );
        reader.line(line.as_bytes(), &mut records);
        assert!(reader.open.len() <= OPEN_MESSAGES);
    }
    // what had to be forgotten has been told
    assert!(records.len() >= OPEN_MESSAGES);
    reader.finish(&mut records);
    assert_eq!(records.len() as u64, count);
}

/// Logs that Postfix 3.7 and Exim 4.96 have written of the same six messages.
#[test]
fn logs_as_postfix_and_exim_write_them() {
    let (reader, shown) = read(&[include_str!("postfix.log"), include_str!("exim.log")]);
    insta::assert_snapshot!(shown);
    assert_eq!(reader.lines(), (78, 49));
}
