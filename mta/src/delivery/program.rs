//! Delivery to a program: argument vector, environment, message on its standard input, outcome.
//!
//! DIAGNOSTICS: system errors `mailer M died with signal N`, `endmailer M: wait timeout (N)`,
//! `Cannot exec PATH: ERROR`.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use ruleset_vm::{Enhanced, Exit, Status};

use super::context::{Binding, DeliveryContext, DeliveryReport, MessageForm, MessageSource};
use super::identity::Candidates;
use super::outcome;
use crate::config::mailer::{MAX_ARGUMENTS, Mailer};
use crate::events::{Event, Severity};
use crate::message::envelope::ControllingUser;
use crate::sys::exec::{
    self, Ended, ExecError, Identity, Ignored, Invocation, Output, Program, Running,
};
use crate::sys::traffic::{self, Way};
use crate::sys::{errors, poll, program_safety, users};

/// The recipients of a delivery as the mailer is told them, quotes stripped where flag `s` wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressees {
    /// `$h`
    pub host: Vec<u8>,
    /// `$u`, one per recipient.
    pub users: Vec<Vec<u8>>,
}

/// Runs the program with the message on its standard input.
#[must_use]
pub fn deliver(
    index: usize,
    recipients: &[usize],
    addressees: &Addressees,
    message: &dyn MessageSource,
    context: &DeliveryContext<'_>,
) -> DeliveryReport {
    let Some(mailer) = context.mailers.get(index) else { return DeliveryReport::default() };
    let invocation = match prepare(mailer, recipients, addressees, context, Output::Captured) {
        Ok(invocation) => invocation,
        Err(status) => return DeliveryReport::all(recipients, &status),
    };
    traffic::write(Way::Done, &[b"EXEC ", &invocation.program.argv.join(&b" "[..])[..]].concat());
    let mut running = match exec::spawn(&invocation) {
        Ok(running) => running,
        Err(error) => return not_started(mailer, recipients, &error, context),
    };
    let form = MessageForm::for_mailer(mailer, index, true, true);
    match write_message(&mut running, &form, message, context) {
        // A program need not read the message (observed): its exit status decides.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Ok(()) => {}
        Err(error) => {
            // Not closed but killed: the end of its input would make it deliver half a message.
            drop(running);
            let text = format!("mailer output: {}", errors::describe(&error));
            return DeliveryReport::all(recipients, &Status::from_exit(Exit::IOERR, text));
        }
    }
    let (ended, output) = match running.finish(Duration::from_secs(mailer.wait)) {
        Ok(done) => done,
        Err(error) => {
            let text = errors::describe(&error);
            return DeliveryReport::all(recipients, &Status::from_exit(Exit::OSERR, text));
        }
    };
    let mut heard = traffic::Stream::new(Way::Heard);
    heard.push(&output);
    heard.end();
    let mut report = DeliveryReport::default();
    report.transcript.extend(transcript_lines(&output));
    let status = status_of(mailer, ended, &mut report.transcript, context);
    report.add_all(recipients, &status);
    report.system_error = (ended == Ended::TimedOut).then_some(Exit::OSERR);
    // The queue keeps the first words about a program that was stopped (ML-129).
    if let (Ended::Signalled { .. } | Ended::TimedOut, Some(line)) =
        (ended, report.transcript.last())
    {
        let words = line.strip_prefix(STOPPED_CODE).unwrap_or(line).to_vec();
        report.outcomes.iter_mut().for_each(|outcome| outcome.queue_text.clone_from(&words));
    }
    report
}

/// The codes in front of the words about a program that was stopped, in the transcript (ML-129).
const STOPPED_CODE: &[u8] = b"451 4.3.0 ";

/// The command with its surroundings.
pub(super) fn prepare(
    mailer: &Mailer,
    recipients: &[usize],
    addressees: &Addressees,
    context: &DeliveryContext<'_>,
    output: Output,
) -> Result<Invocation, Status> {
    let first = addressees.users.first().map_or(&b""[..], Vec::as_slice);
    let binding = Binding { host: &addressees.host, user: first, sender: context.sender };
    let expand = |template: &Vec<u8>| context.expand.expand(template, &binding);
    let mut directories: Vec<Vec<u8>> = mailer
        .directory
        .as_ref()
        .map(|list| expand(list).split(|&byte| byte == b':').map(<[u8]>::to_vec).collect())
        .unwrap_or_default();
    directories.retain(|directory| !directory.is_empty());
    if !context.settings.queue_directory.is_empty() {
        directories.push(context.settings.queue_directory.clone());
    }
    warn_if_unsafe(mailer, context);
    let program = Program {
        path: mailer.path.clone(),
        argv: arguments(mailer, addressees, context)?,
        environment: context.settings.environment.clone(),
        identity: identity(mailer, recipients, context),
        root: mailer.root.as_ref().map(expand),
        directories,
        nice: mailer.nice,
        own_session: true,
        ignored: Ignored::BrokenPipesAndTerminals,
    };
    Ok(Invocation { program, output })
}

/// `Warning: program P unsafe: REASON` (ML-152); the program runs nevertheless.
fn warn_if_unsafe(mailer: &Mailer, context: &DeliveryContext<'_>) {
    let Some(reason) = program_safety::danger(&mailer.path, context.settings.forgiven) else {
        return;
    };
    let path = mailer.path.as_slice();
    let text = [b"Warning: program ", path, b" unsafe: ", reason.as_bytes()].concat();
    context.events.report(Event::text(Some(context.queue_id), Severity::Info, 0, text));
}

/// The user the program runs as. With flags `o` and `w` a local recipient is its own user.
fn identity(mailer: &Mailer, recipients: &[usize], context: &DeliveryContext<'_>) -> Identity {
    let first = recipients.first().and_then(|&at| context.envelope.recipients.get(at));
    let local = first
        .filter(|recipient| {
            let (o, w) = (mailer.flags.has(b'o'), mailer.flags.has(b'w'));
            o && w && recipient.controlling_user.is_none()
        })
        .and_then(|recipient| recipient.route.as_ref())
        .and_then(|route| users::by_name(&route.user).ok().flatten())
        .map(|found| ControllingUser { user: found.name, uid: found.uid, gid: found.gid });
    Candidates {
        mailer,
        recipient: first
            .and_then(|recipient| recipient.controlling_user.as_ref())
            .or(local.as_ref()),
        sender: context.sender_user,
        default: &context.settings.default_user,
    }
    .for_program(users::effective_uid() == 0)
}

/// The argument vector: `-f` or `-r` behind the name (ML-101), and the first word with `$u` once per
/// recipient if the mailer has flag `m` (ML-100). Further words with `$u` name the last recipient
/// (observed).
fn arguments(
    mailer: &Mailer,
    addressees: &Addressees,
    context: &DeliveryContext<'_>,
) -> Result<Vec<Vec<u8>>, Status> {
    let repeated = mailer.user_word();
    let bind = |user| Binding { host: &addressees.host, user, sender: context.sender };
    let first = addressees.users.first().map_or(&b""[..], Vec::as_slice);
    let last = addressees.users.last().map_or(&b""[..], Vec::as_slice);
    let mut argv: Vec<Vec<u8>> = Vec::new();
    for (at, word) in mailer.argv.iter().enumerate() {
        if Some(at) == repeated && mailer.flags.has(b'm') {
            argv.extend(
                addressees.users.iter().map(|user| context.expand.expand(word, &bind(user))),
            );
        } else {
            let user = if repeated.is_some_and(|repeated| repeated < at) { last } else { first };
            argv.push(context.expand.expand(word, &bind(user)));
        }
        if at == 0 {
            argv.extend(sender_option(mailer, context));
        }
        if argv.len() > MAX_ARGUMENTS {
            let text = match repeated {
                Some(repeated) if repeated <= at => b"pv overflow after $u".to_vec(),
                _ => [b"Too many parameters to ", mailer.name.as_slice(), b" before $u"].concat(),
            };
            return Err(Status::from_reply(Exit::SOFTWARE, 554, Enhanced::new(5, 3, 5), text));
        }
    }
    Ok(argv)
}

fn sender_option(mailer: &Mailer, context: &DeliveryContext<'_>) -> Vec<Vec<u8>> {
    let option: &[u8] = match () {
        () if !context.explicit_sender => return Vec::new(),
        () if mailer.flags.has(b'f') => b"-f",
        () if mailer.flags.has(b'r') => b"-r",
        () => return Vec::new(),
    };
    vec![option.to_vec(), context.sender.to_vec()]
}

/// The program's standard input as a writer.
struct Input<'a> {
    running: &'a mut Running,
    deadline: Option<Instant>,
    said: traffic::Stream,
}

impl Write for Input<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.running.write_some(bytes, self.deadline)?;
        self.said.push(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_message(
    running: &mut Running,
    form: &MessageForm,
    message: &dyn MessageSource,
    context: &DeliveryContext<'_>,
) -> io::Result<()> {
    let deadline = poll::deadline_after(context.settings.timeouts.data_block);
    let mut out =
        BufWriter::new(Input { running, deadline, said: traffic::Stream::new(Way::Sent) });
    message.write(form, &mut out)?;
    out.flush()
}

/// The lines a program wrote.
pub(super) fn transcript_lines(output: &[u8]) -> Vec<Vec<u8>> {
    let text = output.strip_suffix(b"\n").unwrap_or(output);
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec())
        .collect()
}

/// What the end of the program means; signals and timeouts are reported as system errors.
fn status_of(
    mailer: &Mailer,
    ended: Ended,
    transcript: &mut Vec<Vec<u8>>,
    context: &DeliveryContext<'_>,
) -> Status {
    let text = match ended {
        Ended::Exited(code) => return outcome::from_exit(Exit(code), mailer),
        Ended::Signalled { signal, core_dumped } => {
            outcome::signal_text(mailer, signal, core_dumped)
        }
        Ended::TimedOut => outcome::wait_timeout_text(mailer),
    };
    system_error(context, &text);
    transcript.push([STOPPED_CODE, text.as_slice()].concat());
    outcome::from_exit(Exit::TEMPFAIL, mailer)
}

pub(super) fn system_error(context: &DeliveryContext<'_>, text: &[u8]) {
    let name = users::own_name();
    context.events.report(Event::system_error(Some(context.queue_id), &name, text));
}

/// The program could not be run: queued for local mailers and passing troubles, else refused (ML-131).
fn not_started(
    mailer: &Mailer,
    recipients: &[usize],
    error: &ExecError,
    context: &DeliveryContext<'_>,
) -> DeliveryReport {
    let text = outcome::exec_error_text(error);
    system_error(context, &text);
    let status = outcome::from_exec_error(mailer, error);
    let mut report = DeliveryReport::all(recipients, &status);
    report.transcript.push([STOPPED_CODE, text.as_slice()].concat());
    report
}

#[cfg(test)]
mod tests;
