//! The page of a story, as text. `mta/tests/explain_page.rs` looks at one in a browser.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

#[allow(dead_code)] // benchmarks use all of it
#[path = "../benches/common/mod.rs"]
mod common;

use std::sync::Arc;

use mapper::SystemServices;
use ruleset_vm::Role;
use workbench::engine::Engine;
use workbench::machine::{Allowed, Facts, Guarded};
use workbench::source::Source;
use workbench::story::html::{self, Chapter};
use workbench::story::{Recorder, WhyNot};

const CF: &[u8] = b"\
V10
D{tag}<b>
Kdns dns -R A
S3
R$+ @ $+\t\t$: $1 < @ $(dns $2 $: $2 $) > $&{tag}
# a rule that never matches
R$+ % $+ < $*\t$@ $1
S0
R$* < $* > $*\t$#local $: $1\ta comment, <i>with</i> markup & more
Mlocal, P=/bin/mail, F=lsDFM, A=mail -d $u
";

#[test]
fn a_chapter_and_what_is_around_it() {
    let (configuration, maps) = common::configuration(CF);
    let source = Source::new(b"/etc/<mail>/\xfftest.cf", CF);
    let services = SystemServices::default();
    let services = Guarded::new(services, Arc::new(Facts::default()), Allowed::default());
    let mut engine = Engine::new(Arc::new(configuration), maps, services);
    let mut watching = WhyNot::new(Recorder::new(engine.lookups()), 7);
    let address = b"joe@example.com";
    engine.resolve(address, Role::default(), &mut watching);
    let attempts = std::mem::take(&mut watching.attempts);
    let entered = watching.entered;
    let story = watching.into_recorder().finish(&engine.take_unasked());
    let chapter = Chapter {
        address: b"\"Joe\" <joe@example.com>\x00",
        role: "envelope recipient",
        story: &story,
        troubles: &[b"a map & its trouble".to_vec()],
        why_not: Some((7, &attempts, entered)),
        conclusion: &[b"mailer <local>".to_vec(), b"The mail goes.".to_vec()],
    };
    let note = b"not asked: F|/bin/<x>".to_vec();
    let head = html::head(&source, &[address, b"<other>"], &[note]);
    let page = [head, html::chapter(&source, 1, chapter), html::tail()].concat();
    let page = String::from_utf8(page).unwrap();
    // nothing of the configuration or the address has become markup
    for markup in ["<b>", "<i>", "<mail>", "<joe", "<other>", "<x>", "<local>"] {
        assert!(!page.contains(markup), "{markup}");
    }
    // nothing comes from elsewhere
    for foreign in ["http:", "https:", "src=", "@import", "url(", "<link"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let (_, body) = page.split_once("</style>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    insta::assert_snapshot!(body);
}
