//! A client of the SMTP server that says anything, in pieces of any size (the first byte).
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use mta::protocol::smtp::server::{
    Action, Admission, Answer, BareEnd, Features, Lost, Peer, Question, Session, Settings,
    StartTls, replies,
};
use ruleset_vm::Status;

/// More actions than this for an input mean that the session does not get on.
const ACTIONS_PER_BYTE: usize = 64;

fuzz_target!(|data: &[u8]| {
    let Some((first, input)) = data.split_first() else { return };
    let settings = Settings { check_other: first & 128 != 0, ..Settings::new("mail.example.com") };
    let mut session = Session::new(Arc::new(settings), Peer::default());
    let mut actions = 0;
    for piece in input.chunks(usize::from(first & 63) + 1) {
        session.feed(piece);
        run(&mut session, first & 64 != 0, &mut actions);
    }
    session.lost(Lost::Closed);
    run(&mut session, false, &mut actions);
    assert!(actions <= ACTIONS_PER_BYTE * (data.len() + 16), "{actions} actions");
});

fn run(session: &mut Session, tolerant: bool, actions: &mut usize) {
    loop {
        *actions += 1;
        match session.poll() {
            Action::Read(_) | Action::Close => return,
            Action::Ask(question) => {
                session.answer(answer(&question, tolerant)).expect("an answer of the right kind");
            }
            Action::StartTls => session.tls_started(features(tolerant)),
            _ => {}
        }
    }
}

fn features(tolerant: bool) -> Features {
    let ends = if tolerant { BareEnd::Accept } else { BareEnd::Refuse };
    Features {
        auth: vec![b"PLAIN".to_vec(), b"LOGIN".to_vec()],
        starttls: StartTls::Offered,
        early_input: tolerant,
        bare_cr: ends,
        bare_lf: ends,
        ..Features::default()
    }
}

fn answer(question: &Question, tolerant: bool) -> Answer {
    let accepted = Answer::Accepted { address: None, will_queue: false };
    match question {
        Question::Connect => Answer::Admission(Box::new(Admission {
            features: features(tolerant),
            ..Admission::default()
        })),
        Question::Mail { .. } => accepted,
        Question::FaultyMail { .. } => Answer::Status(Status::ok()),
        Question::Rcpt { address, .. } if address.len() % 5 == 4 => {
            Answer::Status(replies::USER_UNKNOWN.status(&[]))
        }
        Question::Rcpt { .. } => accepted,
        Question::Message(_) => Answer::Queued(b"6AM3UtOf000058".to_vec()),
        Question::Verify(_) | Question::Expand(_) => {
            Answer::Status(replies::USER_UNKNOWN.status(&[]))
        }
        Question::Auth { response: None, .. } => Answer::Challenge(b"<1@x>".to_vec()),
        Question::Auth { .. } => Answer::Status(replies::AUTH_FAILED.status(&[])),
        _ => Answer::Status(Status::ok()),
    }
}
