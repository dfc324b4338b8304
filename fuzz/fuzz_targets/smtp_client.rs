//! A server that says anything to the SMTP and LMTP client (first byte: protocol and piece size).
#![no_main]

use libfuzzer_sys::fuzz_target;
use mta::protocol::smtp::client::{Client, Loss, Protocol, Recipient, Settings, Step, Transaction};

/// More steps than this for an input mean that the client does not get on.
const STEPS_PER_BYTE: usize = 64;

fuzz_target!(|data: &[u8]| {
    let Some((first, input)) = data.split_first() else { return };
    let protocol = if first & 128 == 0 { Protocol::Smtp } else { Protocol::Lmtp };
    let settings = Settings { protocol, ..Settings::new("mail.example.com", "mx.example.net.") };
    let mut client = Client::new(settings);
    let mut pieces = input.chunks(usize::from(first & 63) + 1);
    let mut sent = 0;
    for _ in 0..STEPS_PER_BYTE * (data.len() + 16) {
        match client.step() {
            Step::Write(_) => {}
            Step::Wait { .. } => match pieces.next() {
                Some(piece) => client.feed(piece),
                None => client.lost(&Loss::Closed),
            },
            Step::SendMessage => client.message_sent(),
            Step::Idle if sent < 3 => {
                sent += 1;
                assert!(client.begin(transaction()));
            }
            Step::Idle => client.quit(),
            Step::Done(outcome) => assert_eq!(outcome.recipients.len(), 2),
            Step::Refused(_) => {}
            Step::Close => return,
        }
    }
    panic!("the client does not get on");
});

fn transaction() -> Transaction {
    Transaction {
        sender: b"a@b.c".to_vec(),
        size: Some(1000),
        recipients: vec![Recipient::new("d@e.f"), Recipient::new("g@h.i")],
        ..Transaction::default()
    }
}
