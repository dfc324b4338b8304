//! Peers that send anything, cut anywhere.

use proptest::prelude::*;

use super::*;

/// Plays a whole connection against a stream of bytes cut at `cuts`, then end of file; returns what
/// was said and concluded.
fn against(protocol: Protocol, stream: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<Line>, String) {
    let mut client = Client::new(Settings { protocol, ..settings() });
    let (mut said, mut lines, mut ends) = (Vec::new(), Vec::new(), String::new());
    let (mut at, mut cut, mut transactions) = (0, 0, 0);
    for _ in 0..100_000 {
        let step = client.step();
        lines.extend(client.take_dialogue());
        match step {
            Step::Write(bytes) => said.extend(bytes),
            Step::Wait { .. } if at == stream.len() => client.lost(&Loss::Closed),
            Step::Wait { .. } => {
                let size = cuts.get(cut).copied().unwrap_or(usize::MAX).max(1);
                cut += 1;
                let end = at.saturating_add(size).min(stream.len());
                client.feed(&stream[at..end]);
                at = end;
            }
            Step::SendMessage => client.message_sent(),
            Step::Idle if transactions < 3 => {
                transactions += 1;
                assert!(client.begin(order(&["a@x", "b@x", "c@x"])));
            }
            Step::Idle => client.quit(),
            Step::Done(outcome) => {
                assert_eq!(outcome.recipients.len(), 3);
                ends.push_str(&format!("{outcome:?}\n"));
            }
            Step::Refused(refusal) => ends.push_str(&format!("{refusal:?}\n")),
            Step::Close => return (said, lines, ends),
        }
    }
    panic!("endless");
}

/// Streams that get far: mostly whole replies.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => "(220 x ESMTP|250 2.1.0 ok|250-x|250 PIPELINING|250-PIPELINING|354 go|250 2.0.0 done)",
        1 => "(421 4.3.2 bye|450 4.2.1 busy|550 5.1.1 no|503 need|552 big|650 what|junk||000 x)",
        1 => "[0-9]{3}[ -]?[ -~]{0,12}",
    ];
    let lines = proptest::collection::vec((line, prop_oneof!["\r\n", "\n"]), 0..40);
    lines.prop_map(|lines| lines.into_iter().flat_map(|(a, b)| (a + &b).into_bytes()).collect())
}

proptest! {
    #[test]
    fn cuts_change_nothing(stream in stream(), cuts in proptest::collection::vec(1usize..9, 0..200)) {
        for protocol in [Protocol::Smtp, Protocol::Lmtp] {
            prop_assert_eq!(against(protocol, &stream, &[]), against(protocol, &stream, &cuts));
        }
    }

    #[test]
    fn any_bytes_end_in_bounded_output(
        stream in proptest::collection::vec(any::<u8>(), 0..2000),
        good in 0usize..6,
    ) {
        let start = b"220 ESMTP\n250-x\n250 PIPELINING\n250 ok\n250 ok\n354 go\n";
        let end = start.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(good).map_or(0, |e| e.0);
        let bytes = [&start[..=end], &stream].concat();
        let (said, lines, _) = against(Protocol::Smtp, &bytes, &[]);
        prop_assert!(said.len() < 4 * 300);
        let kept: usize = lines.iter().map(|line| match line {
            Line::Sent(text) | Line::Received { text, .. } => text.len(),
        }).sum();
        prop_assert!(kept <= said.len() + bytes.len());
    }

    #[test]
    fn stuffed_dots_come_back(
        message in "(\\.|a|\r|\n|\r\n){0,40}",
        cuts in proptest::collection::vec(0usize..5, 0..40),
    ) {
        let mut stuffer = DotStuffer::new(true);
        let (mut out, mut rest) = (Vec::new(), message.as_bytes());
        for cut in cuts {
            let (piece, tail) = rest.split_at(cut.min(rest.len()));
            stuffer.push(piece, &mut out);
            rest = tail;
        }
        stuffer.push(rest, &mut out);
        stuffer.finish(b"\r\n", &mut out);
        prop_assert!(out.is_empty() || out.ends_with(b"\n"));
        prop_assert!(out.lines_with_terminator().all(|line| line != b".\r\n" && line != b".\n"));
        let back: Vec<u8> = out
            .lines_with_terminator()
            .flat_map(|line| line.strip_prefix(b".").unwrap_or(line).to_vec())
            .collect();
        prop_assert!(back.starts_with(message.as_bytes()));
        prop_assert!(back.len() <= message.len() + 2);
    }
}

#[test]
fn replies_without_end_are_given_up() {
    let endless = b"250-x\r\n".repeat(10_000);
    let (_, lines, ends) = against(Protocol::Smtp, &endless, &[1000; 100]);
    let text = format!("{:?}", b"Endless reply from [127.0.0.1]");
    assert!(ends.contains(&text), "{ends}");
    assert!(lines.is_empty());
    let junk = b"junk\r\n".repeat(10_000);
    let (_, _, ends) = against(Protocol::Smtp, &junk, &[]);
    assert!(ends.contains(&text), "{ends}");
}

#[test]
fn long_lines_are_cut() {
    let mut reader = ReplyReader::default();
    for _ in 0..1000 {
        reader.feed(&b"220 ".repeat(1000));
        assert_eq!(reader.next_reply(), Ok(None));
    }
    reader.feed(b"\r\n550 next\r\n");
    let first = reader.next_reply().unwrap().unwrap();
    assert_eq!((first.code, first.lines[0].len()), (220, MAX_REPLY_LINE));
    assert_eq!(reader.next_reply().unwrap().unwrap().code, 550);
}

#[test]
fn many_recipients_do_not_fill_the_pipe() {
    let mut client = Client::new(settings());
    client.feed(format!("220 ESMTP\n{}\n250 ok\n", PIPED.replace('|', "\n")).as_bytes());
    let addresses = vec!["a@x"; 1000];
    let mut longest = 0;
    loop {
        match client.step() {
            Step::Write(bytes) => longest = longest.max(bytes.lines().count()),
            Step::Idle => assert!(client.begin(order(&addresses))),
            Step::Wait { .. } => client.feed(b"250 ok\n"),
            Step::Done(outcome) => {
                assert_eq!(outcome.recipients.len(), 1000);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(longest, 100);
}
