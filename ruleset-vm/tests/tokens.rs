//! Addresses that nothing steers are cut in one pass: into what the scanner makes of them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "naive/world.rs"]
mod world;

use proptest::prelude::*;
use ruleset_vm::Machine;
use ruleset_vm::prescan::{Mode, prescan};

const CF: &[u8] = b"V10/Berkeley\nO OperatorChars=.:%@!^/[]+a\nCX host.example b_c\n\
    Ss0\nR$* @ $=X . Name\t$@ $1 !\n";

proptest! {
    #[test]
    fn one_pass_and_scanner_agree(
        text in "[abNname.:%@!^+/_ -]{0,12}(host|example|\\.|b_c|[\\\\\"(<,\u{e4}]|[x-z]{100}){0,4}",
        delimiter in prop::option::of(prop::sample::select(&b", x"[..])),
    ) {
        let (configuration, _) = world::loaded(CF);
        let mut machine = Machine::new(configuration.program.clone());
        let mode = Mode { delimiter, ..Mode::of_text(configuration.program.operators()) };
        let scan = prescan(text.as_bytes(), mode);
        let (tokens, ending) = machine.tokenize(text.as_bytes(), mode);
        prop_assert_eq!((scan.used, scan.complaints), (ending.used, ending.complaints));
        let expected = scan.tokens.map(|tokens| machine.intern(&tokens));
        let table = machine.table();
        let told = |tokens: Option<Vec<_>>| -> Option<Vec<_>> {
            let one = |token: &_| (table.kind(*token), table.text(*token).to_vec(), table.symbol(*token));
            tokens.map(|tokens| tokens.iter().map(one).collect())
        };
        prop_assert_eq!(told(expected), told(tokens));
    }
}
