//! The README's first command: a message goes all its way.

#![allow(clippy::unwrap_used)]

#[test]
fn the_tour_ends_in_the_mailbox() {
    let tour =
        std::process::Command::new(env!("CARGO_BIN_EXE_bangpath")).arg("tour").output().unwrap();
    let said = String::from_utf8_lossy(&tour.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&tour.stderr).into_owned();
    assert!(tour.status.success(), "{said}{complaints}");
    assert!(said.contains("Subject: a message of the tour"), "{said}");
}
