//! A report on its way into the queue.

use std::cell::RefCell;

use super::Addressed;
use crate::address::worker::Worker;
use crate::daemon::attempt::Attempt;
use crate::daemon::escaped_body;
use crate::daemon::header_host::Headers;
use crate::daemon::intake::{persistent_macros, set_time_macros, unsettled};
use crate::message::defaults;
use crate::message::envelope::{Envelope, EnvelopeFlags, QueueId, ResolvedSender};
use crate::message::output::{OutputOptions, stored_header};
use crate::protocol::dsn;
use crate::queue::priority;
use crate::queue::store::{Claimed, Draft, QueueStore as _, StoreError};
use crate::sys::traffic::{self, Way};
use crate::sys::{clock, durable, ids};

/// The full name in the From: field of reports.
const REPORTER: &[u8] = b"Mail Delivery Subsystem";

/// What a report is taken to add to the size of its message, bytes (observed).
const REPORT_SIZE: u64 = 1024;

/// Puts a report into the queue.
pub(super) fn store(
    attempt: &Attempt<'_>,
    worker: &mut Worker,
    claimed: &Claimed,
    report: &dsn::Report,
    id: QueueId,
    (addressed, reporter): (&Addressed, ResolvedSender),
) -> Result<Claimed, StoreError> {
    let post = &attempt.post;
    let now = clock::now();
    let kept = worker.macros.clone();
    let macros = macros_of(worker);
    worker.reset();
    set_time_macros(worker, post, now, &id);
    let daemon = worker.macros.value(b"n");
    for (name, value) in [
        (&b"r"[..], &b""[..]),
        (b"s", b"localhost"),
        (b"_", b"localhost"),
        (b"x", REPORTER),
        (b"f", &daemon),
        (b"g", &daemon),
    ] {
        worker.macros.set(name, value);
    }
    let assembled = defaults::assemble(&post.site.default_header, Vec::new(), &[]);
    let mut fields = assembled.header;
    for field in &report.fields {
        defaults::insert(&mut fields, field.clone());
    }
    let header = {
        let cell = RefCell::new(&mut *worker);
        let host = Headers { worker: &cell, mailer: None, sender_domain: None };
        stored_header(&fields, &host, &OutputOptions::default())
    };
    worker.macros = kept;
    let choice = usize::try_from(ids::random_u64() >> 1).unwrap_or(0);
    let mut draft = post.store.begin(&id, choice)?;
    let mut said = traffic::Stream::new(Way::Sent);
    said.push(&report.before_body);
    draft.write(&report.before_body)?;
    if report.with_body {
        copy_body(claimed, &mut *draft, &mut said)?;
    }
    said.push(&report.after_body);
    draft.write(&report.after_body)?;
    let size = if report.with_body { claimed.envelope.size + REPORT_SIZE } else { 0 };
    let envelope = Envelope {
        id: Some(id),
        created: now,
        sender: daemon,
        resolved_sender: Some(reporter),
        flags: EnvelopeFlags { response: true, split: true, ..EnvelopeFlags::default() },
        priority: priority::initial(size, 0, addressed.given, &post.factors()),
        size,
        macros,
        recipients: addressed.recipients.clone(),
        message: addressed.waits.clone(),
        header,
        ..Envelope::default()
    };
    let mut stored = draft.commit(unsettled(&envelope))?;
    stored.envelope = envelope;
    let body = stored.body.as_deref().and_then(|path| durable::facts(path).ok());
    stored.envelope.body_identity = body.map(|facts| facts.identity());
    Ok(stored)
}

/// The macros that go with a report: those of the message it is about, but for where that came from (observed).
fn macros_of(worker: &mut Worker) -> Vec<(Vec<u8>, Vec<u8>)> {
    for (name, value) in [(&b"_"[..], &b"localhost"[..]), (b"r", b""), (b"s", b"localhost")] {
        worker.macros.set(name, value);
    }
    persistent_macros(worker)
}

/// Copies the body; a last line without an end has that of the boundary behind it (observed).
fn copy_body(
    claimed: &Claimed,
    draft: &mut dyn Draft,
    said: &mut traffic::Stream,
) -> Result<(), StoreError> {
    let Some(path) = &claimed.body else { return Ok(()) };
    let mut file = durable::open_readable(path)?;
    escaped_body::copy(&mut file, &mut |block| {
        said.push(block);
        draft.write(block)
    })
}
