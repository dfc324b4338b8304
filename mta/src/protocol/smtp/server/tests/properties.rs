//! Whatever comes in, and however it is cut.

use super::Player;
use super::world::World;
use crate::protocol::smtp::server::{BareEnd, Lost, StartTls};
use proptest::prelude::*;

/// A world that lets early input through: its discovery depends on how the input is cut.
fn tolerant() -> World {
    let mut world = World::default();
    world.admission.features.early_input = true;
    world.admission.features.bare_lf = BareEnd::Accept;
    world.admission.features.auth = vec![b"PLAIN".to_vec()];
    world.settings.check_other = true;
    world
}

/// The log with consecutive pieces of a message joined.
fn play(input: &[u8], step: usize) -> Vec<String> {
    let mut player = Player::new(tolerant());
    for piece in input.chunks(step.max(1)) {
        player.send(piece);
    }
    player.session.lost(Lost::Closed);
    player.run();
    let mut joined: Vec<String> = Vec::new();
    for line in player.log {
        match (joined.last_mut(), line.strip_prefix("B: ")) {
            (Some(last), Some(more)) if last.starts_with("B: ") => last.push_str(more),
            _ => joined.push(line),
        }
    }
    joined
}

fn commands() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![
        Just("HELO x\r\n".to_owned()),
        Just("MAIL FROM:<a@b.com>\r\n".to_owned()),
        Just("RCPT TO:<root>\r\n".to_owned()),
        Just("DATA\r\n".to_owned()),
        Just("foo\r\n.\r\n".to_owned()),
        Just("RSET\r\n".to_owned()),
        Just("AUTH PLAIN\r\nYQ==\r\n".to_owned()),
        Just("VRFY root\n".to_owned()),
        Just("VERB rno\r\n".to_owned()),
        "[A-Z<>:@ .\r\n]{0,12}",
    ];
    prop::collection::vec(command, 0..20).prop_map(|all| all.concat().into_bytes())
}

proptest! {
    #[test]
    fn any_division_gives_the_same_dialogue(input in commands(), step in 1usize..30) {
        prop_assert_eq!(play(&input, step), play(&input, usize::MAX));
    }

    #[test]
    fn any_bytes_are_answered_within_bounds(input: Vec<u8>, step in 1usize..30) {
        let written: usize = play(&input, step).iter().map(String::len).sum();
        prop_assert!(written <= 1000 * (input.len() + 1));
    }

    #[test]
    fn a_transaction_has_one_end(input in commands(), step in 1usize..30) {
        let log = play(&input, step);
        let count = |start: &str| log.iter().filter(|line| line.starts_with(start)).count();
        let begun = count("S: 250 2.1.0");
        let accepted = count("S: 250 2.0.0 6AM3") + count("S: 554 5.6.0 eom bad");
        prop_assert_eq!(begun, accepted + count("A: "));
    }
}

#[test]
fn input_behind_starttls_never_survives_it() {
    let mut world = World::default();
    world.admission.features.starttls = StartTls::Offered;
    let mut player = Player::new(world);
    player.send(b"STARTTLS\r\nMAIL FROM:<evil@x.com>\r\n");
    player.send(b"RCPT TO:<root>\r\n");
    assert_eq!(player.log.last().map(String::as_str), Some("S: 503 5.0.0 Need MAIL before RCPT"));
}
