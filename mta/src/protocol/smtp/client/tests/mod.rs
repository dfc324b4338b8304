//! Scripted peers: what the client says, waits for and concludes.

mod connection;
mod hostile;
mod meanings;
mod transaction;

use std::collections::VecDeque;

use bstr::ByteSlice;

use super::*;

/// `EHLO` reply of a peer with enhanced codes only.
pub(super) const PLAIN: &str = "250-peer hi|250 ENHANCEDSTATUSCODES";
/// The same with pipelining.
pub(super) const PIPED: &str = "250-peer hi|250-PIPELINING|250 ENHANCEDSTATUSCODES";

pub(super) fn settings() -> Settings {
    let mut settings = Settings::new("me.example", "[127.0.0.1]");
    settings.loop_name = Some(b"me.example".to_vec());
    settings
}

pub(super) fn order(recipients: &[&str]) -> Transaction {
    Transaction {
        sender: b"s@me.example".to_vec(),
        recipients: recipients.iter().map(|address| Recipient::new(*address)).collect(),
        ..Transaction::default()
    }
}

/// Plays one connection against `replies`, one per wait (`|` separates lines, `CLOSE`, `RESET` and
/// `HANG` lose the connection), with one transaction after the other; tells what happens.
pub(super) fn play(settings: Settings, orders: &[Transaction], replies: &[&str]) -> String {
    let mut client = Client::new(settings);
    let mut orders: VecDeque<_> = orders.iter().collect();
    let mut replies: VecDeque<_> = replies.iter().collect();
    let mut told = String::new();
    let mut tell = |line: String| {
        told.push_str(&line);
        told.push('\n');
    };
    for _ in 0..1000 {
        match client.step() {
            Step::Write(bytes) => {
                bytes.lines().for_each(|line| tell(format!("C: {}", line.as_bstr())));
            }
            Step::Wait { what } => match replies.pop_front().copied() {
                None | Some("CLOSE") => client.lost(&Loss::Closed),
                Some("RESET") => client.lost(&Loss::Reset),
                Some("HANG") => {
                    tell(format!("-- waited for {what:?}"));
                    client.lost(&Loss::TimedOut);
                }
                Some(reply) => {
                    tell(format!("S: {reply}"));
                    client.feed(format!("{}\r\n", reply.replace('|', "\r\n")).as_bytes());
                }
            },
            Step::SendMessage => {
                tell("C: (message)".to_owned());
                client.message_sent();
            }
            Step::Idle => match orders.pop_front() {
                Some(order) => assert!(client.begin(order.clone())),
                None => client.quit(),
            },
            Step::Done(outcome) => {
                for verdict in &outcome.recipients {
                    tell(format!("-- {}", show(verdict.stage, &verdict.status)));
                }
                if let Some(host) = outcome.host {
                    tell(format!("-- host: {}", host.text.as_bstr()));
                }
                if !outcome.return_body {
                    tell("-- headers only".to_owned());
                }
            }
            Step::Refused(refusal) => {
                tell(format!("-- refused: {}", show(refusal.stage, &refusal.status)));
            }
            Step::Close => {
                tell("-- close".to_owned());
                return told;
            }
        }
    }
    panic!("endless:\n{told}");
}

/// `Rcpt 67 5.1.1 550 text`
fn show(stage: Stage, status: &ruleset_vm::Status) -> String {
    assert_eq!(status.retry, status.exit.is_temporary());
    let enhanced = status.enhanced.map(|code| code.to_string()).unwrap_or_default();
    let reply = status.reply.map_or("-".to_owned(), |code| code.to_string());
    format!("{stage:?} {} {enhanced} {reply} {}", status.exit.0, status.text.as_bstr())
}
