//! `-bv`: what becomes of each address (CMD-093..CMD-095, CMD-140).

use cf_parser::debug::Category;
use ruleset_vm::{Exit, Role};

use super::arguments::Arguments;
use super::named::Named;
use super::{print_line, start};
use crate::address::expand;
use crate::address::note::complaint;
use crate::message::envelope::Envelope;
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
    let recipients = Named::by(arguments).all().to_vec();
    let mut envelope = Envelope { recipients, ..Envelope::default() };
    let id = post.new_id();
    worker.macros.set(b"i", &id.0);
    let mut exit = None;
    let mut unbalanced = false;
    let mut notes = |note: expand::Note| {
        // what can be read all the same counts only where nothing else is wrong (observed)
        match &note.what {
            expand::What::Said(text) if complaint(text).is_some() => unbalanced = true,
            _ => exit = exit.or(note.exit()),
        }
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
    exit.map_or(if unbalanced { Exit::USAGE.0 } else { 0 }, |exit| exit.0)
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
