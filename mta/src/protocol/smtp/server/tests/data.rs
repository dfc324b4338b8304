//! The message in a session: faults seen while it comes in, and after the final dot.

use super::check;
use super::world::World;

const OPENING: &str = "R: MAIL FROM:<a@b.com>\\r\\nRCPT TO:<root>\\r\\nDATA\\r\\n
    S: 250 2.1.0 <a@b.com>... Sender ok
    S: 250 2.1.5 <root>... Recipient ok
    S: 354 End data with <CR><LF>.<CR><LF>\n";

fn check_data(world: World, script: &str) {
    check(world, &[OPENING, script].concat());
}

#[test]
fn half_line_ends_close_the_connection_at_once() {
    // SM-020, SM-068
    check_data(
        World::default(),
        "R: foo\\nbar\\r\\n.\\r\\nNOOP\\r\\n
        B: foo
        A: Refused
        S: 421 4.5.0 Bare linefeed (LF) not allowed
        Q:",
    );
    check_data(
        World::default(),
        "R: foo\\r\\n.\\r\\r\\n
        B: foo\\n
        A: Refused
        S: 421 4.5.0 Bare carriage return (CR) not allowed
        Q:",
    );
}

#[test]
fn a_message_over_the_limit_is_read_to_its_end() {
    // SM-020; counted as stored
    let mut world = World::default();
    world.settings.limits.message_size = 8;
    check_data(
        world,
        "R: 1234567\\r\\n9\\r\\n.\\r\\nNOOP\\r\\n
        B: 1234567\\n
        A: TooLarge { size: 10, limit: 8 }
        S: 552 5.2.3 Message exceeds maximum fixed size (8)
        S: 250 2.0.0 OK
        C: MAIL FROM:<a@b.com> SIZE=9
        S: 552 5.2.3 Message size exceeds fixed maximum message size (8)",
    );
}

#[test]
fn nul_and_eight_bit() {
    // SM-020, SM-123
    check_data(
        World::default(),
        "R: \\0\\xff\\r\\n.\\r\\n
        B: \\x00\\xff\\n
        S: 250 2.0.0 6AM3UtOf000058 Message accepted for delivery",
    );
    let strict = || {
        let mut world = World::default();
        world.settings.limits.reject_nul = true;
        world.settings.limits.reject_eight_bit = true;
        world
    };
    check_data(
        strict(),
        "R: \\0\\r\\n.\\r\\n
        B: \\x00\\n
        A: Refused
        S: 554 5.6.1 NUL byte not allowed",
    );
    check_data(
        strict(),
        "R: \\xff\\r\\n.\\r\\n
        B: \\xff\\n
        A: Refused
        S: 554 5.6.1 Eight bit data not allowed",
    );
    check(
        strict(),
        "R: MAIL FROM:<a@b.com> BODY=8bitmime\\r\\nRCPT TO:<root>\\r\\nDATA\\r\\n
        S: 250 2.1.0 <a@b.com>... Sender ok
        S: 250 2.1.5 <root>... Recipient ok
        S: 354 End data with <CR><LF>.<CR><LF>
        R: \\xff\\r\\n.\\r\\n
        B: \\xff\\n
        S: 250 2.0.0 6AM3UtOf000058 Message accepted for delivery",
    );
}
