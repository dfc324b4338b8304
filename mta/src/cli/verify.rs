//! `-bv`: what becomes of each address (CMD-093..CMD-095, CMD-140).

use cf_parser::debug::Category;
use ruleset_vm::Role;

use super::arguments::Arguments;
use super::{print_line, start};
use crate::address::expand;
use crate::message::envelope::Recipient;
use crate::sys::users;

/// `-bv`: what becomes of each address (CMD-093..CMD-095, CMD-140).
pub(super) fn run(arguments: &Arguments) -> u8 {
    let post = match start::open(arguments, b'v') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    if arguments.operands.is_empty() {
        print_line(b"Recipient names must be specified");
        return 64;
    }
    start::log_connection(&post, &[&users::own_name()[..], b"@localhost"].concat());
    let mut worker = post.worker();
    worker.macros.set(b"deliveryMode", b"v");
    if arguments.has(b'd') {
        trace_sender(&mut worker);
    }
    let options = expand::ExpandOptions::of_site(&post.site, &post.delivery.default_user);
    let verbose = arguments.has(b'v');
    let mut envelope = crate::message::envelope::Envelope::default();
    for operand in &arguments.operands {
        envelope.recipients.extend(Recipient::of_list(operand));
    }
    let id = post.new_id();
    worker.macros.set(b"i", &id.0);
    let mut exit = None;
    let mut notes = |note: expand::Note| {
        let failure = note.exit();
        exit = exit.or(failure);
        if (verbose || note.is_error())
            && let Some(line) = note.verbose()
        {
            print_line(&line);
        }
        if let Some(event) = note.event(&id.0) {
            post.events.report(event);
        }
    };
    expand::expand(&mut worker, &mut envelope, &options, &mut notes);
    for line in expand::verify_lines(&post.site, &envelope) {
        print_line(&line);
    }
    worker.show_end();
    exit.map_or(0, |exit| exit.0)
}

/// sendmail makes whoever runs it the sender first; here that is of interest to those only who trace
/// it.
fn trace_sender(worker: &mut crate::address::worker::Worker) {
    let user = users::by_uid(users::real_uid()).ok().flatten();
    let name = user.map_or_else(Vec::new, |account| account.name);
    worker.parse(&name, Role { header: false, sender: true });
    worker.debug(Category::UserDb, 1, &[b"udbmatch(", &name, b", mailname)"]);
    worker.canonical_sender(&name);
    worker.reset();
}
