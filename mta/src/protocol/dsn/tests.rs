//! Reports compared with what the oracle delivered for the same events.

use super::*;

const HEADER: &[u8] = b"Return-Path: <root>\nReceived: (from root@localhost)\n\
Subject: hi\nTo: a, b\n";

fn recipient(address: &str, action: Action, status: (u16, u16, u16)) -> Reported {
    Reported {
        address: address.into(),
        expanded_from: None,
        reason: None,
        action,
        status: Enhanced::new(status.0, status.1, status.2),
        original: None,
        final_recipient: format!("RFC822; {address}").into_bytes(),
        actual: Some(format!("rfc822; {address}").into_bytes()),
        remote_mta: None,
        diagnostic: None,
        last_attempt: Some(1_795_318_552),
    }
}

fn request<'a>(kind: Kind, recipients: &'a [Reported], transcript: &'a [Vec<u8>]) -> Request<'a> {
    Request {
        kind,
        id: b"6AM3ZqcZ002081",
        original_id: b"6AM3biuu015415",
        host: b"mail.example.com",
        origin: b"root@localhost",
        received_from_mta: None,
        envid: None,
        arrived: 1_795_318_552,
        deliver_by: None,
        now: 1_795_318_552,
        offset_at: |_| 0,
        mime: true,
        has_8bit: false,
        error_header: b"",
        recipients,
        transcript,
        returned: Returned::Full,
        header: HEADER,
    }
}

fn lines(text: &[&str]) -> Vec<Vec<u8>> {
    text.iter().map(|line| line.as_bytes().to_vec()).collect()
}

fn whole(request: &Request<'_>) -> String {
    let report = report(request, &[b"root@mail.example.com"]);
    let mut text = Vec::new();
    for field in report.fields {
        text.extend_from_slice(&[field.name.as_slice(), b":", &field.value, b"\n"].concat());
    }
    text.push(b'\n');
    text.extend_from_slice(&report.before_body);
    if report.with_body {
        text.extend_from_slice(b"body\nline2\n");
    }
    text.extend_from_slice(&report.after_body);
    String::from_utf8(text).unwrap() + "<end>"
}

#[test]
fn a_bounce_is_the_observed_one() {
    // QU-085 to QU-092, QU-103
    let recipients = [recipient("a@bad.example", Action::Failed, (5, 1, 2))];
    let transcript = lines(&["550 5.1.2 a@bad.example... Host unknown"]);
    insta::assert_snapshot!(whole(&request(Kind::Failure, &recipients, &transcript)), @r#"
    To: root@mail.example.com
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status;
    	boundary="6AM3ZqcZ002081.1795318552/mail.example.com"
    Subject: Returned mail: see transcript for details
    Auto-Submitted: auto-generated (failure)

    This is a MIME-encapsulated message

    --6AM3ZqcZ002081.1795318552/mail.example.com

    The original message was received at Sun, 22 Nov 2026 03:35:52 GMT
    from root@localhost

       ----- The following addresses had permanent fatal errors -----
    a@bad.example

       ----- Transcript of session follows -----
    550 5.1.2 a@bad.example... Host unknown

    --6AM3ZqcZ002081.1795318552/mail.example.com
    Content-Type: message/delivery-status

    Reporting-MTA: dns; mail.example.com
    Arrival-Date: Sun, 22 Nov 2026 03:35:52 GMT

    Final-Recipient: RFC822; a@bad.example
    X-Actual-Recipient: rfc822; a@bad.example
    Action: failed
    Status: 5.1.2
    Last-Attempt-Date: Sun, 22 Nov 2026 03:35:52 GMT

    --6AM3ZqcZ002081.1795318552/mail.example.com
    Content-Type: message/rfc822

    Return-Path: <root>
    Received: (from root@localhost)
    Subject: hi
    To: a, b

    body
    line2

    --6AM3ZqcZ002081.1795318552/mail.example.com--

    <end>
    "#);
}

#[test]
fn a_warning_is_the_observed_one() {
    // QU-082
    let kind = Kind::Warning { after: 4 * 3600, give_up: 5 * 86_400 };
    let mut late = recipient("a@remote.example", Action::Delayed, (4, 4, 2));
    late.remote_mta = Some(b"mail.example.com".to_vec());
    let mut transcript =
        lines(&["a@remote.example... Deferred: Connection reset by mail.example.com"]);
    transcript.extend(warning_lines(4 * 3600, 5 * 86_400));
    let recipients = [late];
    let mut request = request(kind, &recipients, &transcript);
    request.arrived = 1_795_300_553;
    insta::assert_snapshot!(whole(&request), @r#"
    To: root@mail.example.com
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status;
    	boundary="6AM3ZqcZ002081.1795318552/mail.example.com"
    Subject: Warning: could not send message for past 4 hours
    Auto-Submitted: auto-generated (warning-timeout)

    This is a MIME-encapsulated message

    --6AM3ZqcZ002081.1795318552/mail.example.com

        **********************************************
        **      THIS IS A WARNING MESSAGE ONLY      **
        **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
        **********************************************

    The original message was received at Sat, 21 Nov 2026 22:35:53 GMT
    from root@localhost

       ----- Transcript of session follows -----
    a@remote.example... Deferred: Connection reset by mail.example.com
    Warning: message still undelivered after 4 hours
    Will keep trying until message is 5 days old

    --6AM3ZqcZ002081.1795318552/mail.example.com
    Content-Type: message/delivery-status

    Reporting-MTA: dns; mail.example.com
    Arrival-Date: Sat, 21 Nov 2026 22:35:53 GMT

    Final-Recipient: RFC822; a@remote.example
    X-Actual-Recipient: rfc822; a@remote.example
    Action: delayed
    Status: 4.4.2
    Remote-MTA: DNS; mail.example.com
    Last-Attempt-Date: Sun, 22 Nov 2026 03:35:52 GMT
    Will-Retry-Until: Thu, 26 Nov 2026 22:35:53 GMT

    --6AM3ZqcZ002081.1795318552/mail.example.com
    Content-Type: message/rfc822

    Return-Path: <root>
    Received: (from root@localhost)
    Subject: hi
    To: a, b

    body
    line2

    --6AM3ZqcZ002081.1795318552/mail.example.com--

    <end>
    "#);
}

#[test]
fn reasons_aliases_and_receipts_have_their_lines() {
    // QU-098, QU-104 to QU-107
    let mut failed = recipient("multi@r.example", Action::Failed, (5, 7, 1));
    failed.expanded_from = Some(b"blst".to_vec());
    failed.reason = Some(b"550-5.7.1 first line\n550 5.7.1 second line".to_vec());
    failed.final_recipient = b"RFC822; blst@mail.example.com".to_vec();
    failed.original = Some(b"rfc822;blst@mail.example.com".to_vec());
    failed.remote_mta = Some(b"[127.0.0.1]".to_vec());
    failed.diagnostic = Some((b"SMTP".to_vec(), b"550-5.7.1 first line\n550 x".to_vec()));
    let mut list = recipient("lst4", Action::DeliveredToList, (2, 0, 0));
    list.expanded_from = Some(b"lst".to_vec());
    let recipients = [
        recipient("root", Action::Delivered, (2, 1, 5)),
        recipient("good@r.example", Action::Relayed, (2, 1, 5)),
        list,
        failed,
    ];
    let mut request = request(Kind::Failure, &recipients, &[]);
    request.envid = Some(b"env1");
    request.deliver_by = Some(1_795_318_552 + 3600);
    request.received_from_mta = Some(b"client.example");
    request.returned = Returned::Headers;
    let text = whole(&request);
    let from = text.find("   -----").unwrap();
    insta::assert_snapshot!(&text[from..], @r"
       ----- The following addresses had permanent fatal errors -----
    multi@r.example
        (reason: 550-5.7.1 first line)
        (expanded from: blst)

       ----- The following addresses had successful delivery notifications -----
    root  (successfully delivered to mailbox)
    good@r.example  (relayed to non-DSN-aware mailer)
    lst4  (successfully delivered to mailing list)
        (expanded from: lst)

    --6AM3ZqcZ002081.1795318552/mail.example.com
    Content-Type: message/delivery-status

    Original-Envelope-Id: env1
    Reporting-MTA: dns; mail.example.com
    Received-From-MTA: DNS; client.example
    Arrival-Date: Sun, 22 Nov 2026 03:35:52 GMT
    Deliver-By-Date: Sun, 22 Nov 2026 04:35:52 GMT

    Final-Recipient: RFC822; root
    X-Actual-Recipient: rfc822; root
    Action: delivered (to mailbox)
    Status: 2.1.5
    Last-Attempt-Date: Sun, 22 Nov 2026 03:35:52 GMT

    Final-Recipient: RFC822; good@r.example
    X-Actual-Recipient: rfc822; good@r.example
    Action: relayed (to non-DSN-aware mailer)
    Status: 2.1.5
    Last-Attempt-Date: Sun, 22 Nov 2026 03:35:52 GMT

    Final-Recipient: RFC822; lst4
    X-Actual-Recipient: rfc822; lst4
    Action: delivered (to mailing list)
    Status: 2.0.0
    Last-Attempt-Date: Sun, 22 Nov 2026 03:35:52 GMT

    Original-Recipient: rfc822;blst@mail.example.com
    Final-Recipient: RFC822; blst@mail.example.com
    X-Actual-Recipient: rfc822; multi@r.example
    Action: failed
    Status: 5.7.1
    Remote-MTA: DNS; [127.0.0.1]
    Diagnostic-Code: SMTP; 550-5.7.1 first line
    Last-Attempt-Date: Sun, 22 Nov 2026 03:35:52 GMT

    --6AM3ZqcZ002081.1795318552/mail.example.com
    Content-Type: text/rfc822-headers

    Return-Path: <root>
    Received: (from root@localhost)
    Subject: hi
    To: a, b

    --6AM3ZqcZ002081.1795318552/mail.example.com--

    <end>
    ");
}

#[test]
fn without_mime_the_postmaster_reads_plain_text() {
    // QU-086, QU-089, QU-097, QU-108
    let recipients = [recipient("a@bad.example", Action::Failed, (5, 1, 2))];
    let transcript = lines(&["550 5.1.2 a@bad.example... Host unknown"]);
    let mut request = request(Kind::Postmaster, &recipients, &transcript);
    request.mime = false;
    request.error_header = b"Our header\nline 2";
    request.returned = Returned::Headers;
    insta::assert_snapshot!(whole(&request), @r"
    To: root@mail.example.com
    Subject: Postmaster notify: see transcript for details
    Auto-Submitted: auto-generated (postmaster-notification)

    The original message was received at Sun, 22 Nov 2026 03:35:52 GMT
    from root@localhost
    with id 6AM3biuu015415

    Our header
    line 2

       ----- The following addresses had permanent fatal errors -----
    a@bad.example

       ----- Transcript of session follows -----
    550 5.1.2 a@bad.example... Host unknown

       ----- Message header follows -----

    Return-Path: <root>
    Received: (from root@localhost)
    Subject: hi
    To: a, b

       ----- Message body suppressed -----

    <end>
    ");
}

#[test]
fn lengths_of_time_are_told_in_words() {
    let table = [
        (4 * 3600, "4 hours"),
        (97_500, "1 day, 3 hours, 5 minutes"),
        (3601, "1 hour, 1 second"),
        (788_645, "1 week, 2 days, 3 hours, 4 minutes, 5 seconds"),
        (1_209_600, "2 weeks"),
        (432_000, "5 days"),
    ];
    for (seconds, words) in table {
        assert_eq!(interval(seconds), words);
    }
    assert_eq!(give_up_lines(432_000)[0], b"Message could not be delivered for 5 days");
}
