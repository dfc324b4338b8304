//! What an export reads: tables, access entries, routes, and what the targets answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleset_vm::mailer::Mailer;
use workbench::export::access::{self, Subject, Verdict};
use workbench::export::recognise::fingerprints;
use workbench::export::route::{Refusal, Route};
use workbench::export::table::{of_database, read_source};
use workbench::export::verdict::Outcome;

fuzz_target!(|data: &[u8]| {
    let refusal = Refusal::of(data);
    assert!(refusal.reply.len() == 3 && !refusal.text.is_empty());
    let mut smtp = Mailer::named(b"relay");
    smtp.path = b"[IPC]".to_vec();
    smtp.argv = [&b"TCP"[..], b"$h", b"26"].map(cf_parser::text::plain).to_vec();
    let mailers = [smtp];
    for entry in read_source(data) {
        assert!(!entry.key.is_empty() && !entry.value.is_empty());
        let (_, key) = access::split(&entry.key);
        let _ = Subject::of(key);
        let _ = Verdict::of(&entry.value, &refusal);
        if let Route::Smtp(hops) = Route::of(&entry.value, &mailers) {
            assert!(hops.iter().all(|hop| !hop.host.is_empty()));
        }
    }
    let _ = of_database(data, data);
    let _ = Outcome::of_postfix(data);
    let _ = Outcome::of_exim(data, data).shown();
    let (config, _) = cf_parser::parse(data);
    let _ = fingerprints(&config);
});
