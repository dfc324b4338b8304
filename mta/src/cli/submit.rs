//! `-bm`, `-t`: a message on standard input (CMD-016, CMD-035, CMD-058, AD-057..AD-061).

use std::fs::File;
use std::io;

use ruleset_vm::{Exit, Status};

use super::arguments::Arguments;
use super::incoming::Incoming;
use super::named::{self, Named};
use super::voice::Voice;
use super::{print_line, start};
use crate::config::site::Site;
use crate::daemon::dead_letter::DeadLetter;
use crate::daemon::intake::{Intake, Origin, SenderFlaw, SenderParameters};
use crate::daemon::post::Post;
use crate::events::Severity;
use crate::message::envelope::{BodyType, ControllingUser};
use crate::message::full_name::phrase;
use crate::message::mime;
use crate::sys::{background, config_files, errors, terminal, users};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::time::Duration;

/// How long deliveries in the background may go on.
const BACKGROUND_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// Takes the message and delivers it; `mistakes` is the exit status that flags already ask for.
pub(super) fn run(arguments: &Arguments, mode: u8, mistakes: u8) -> u8 {
    let from_header = arguments.has(b't');
    let post = match start::open(arguments, mode) {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let is_for_nobody = arguments.operands.is_empty() && !from_header;
    if is_for_nobody {
        Voice::of(mode).usage("Recipient names must be specified");
    }
    let options = &post.site.configuration.options;
    let ignore_dots = arguments.has(b'i') || options.flag("IgnoreDots", false);
    let opened = terminal::input().and_then(|input| {
        let mut incoming = Incoming::new(input, ignore_dots);
        incoming.head().map(|head| (incoming, head))
    });
    let (mut incoming, head) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            Voice::of(mode).usage(errors::describe(&error));
            return Exit::IOERR.0;
        }
    };
    let mut recipients = Named::by(arguments);
    if from_header {
        let old_style = options.flag("OldStyleHeaders", false);
        recipients = recipients.and_by_header(arguments, &head, old_style);
        if recipients.is_empty() {
            print_line(b"No recipient addresses found in header");
        }
    }
    let sender = named_sender(arguments).map(<[u8]>::to_vec);
    let submission = Submission { mode, mistakes, head, recipients, sender };
    let exit = submit(arguments, &post, &submission, &mut incoming);
    if is_for_nobody { Exit::USAGE.0 } else { exit }
}

/// The beginning of a message, and what the command line says about it.
struct Submission {
    /// `-bm` or `-ba`.
    mode: u8,
    /// An exit status that must be reported, so that the process cannot end early.
    mistakes: u8,
    head: Vec<u8>,
    recipients: Named,
    /// The sender that was given; else it is the user.
    sender: Option<Vec<u8>>,
}

fn submit(
    arguments: &Arguments,
    post: &Arc<Post>,
    submission: &Submission,
    rest: &mut Incoming<File>,
) -> u8 {
    let account = users::by_uid(users::real_uid()).ok().flatten();
    let submitter = Submitter {
        voice: Voice::of(submission.mode),
        login: account.as_ref().map_or_else(|| b"nobody".to_vec(), |a| a.name.clone()),
        account,
        error_mode: error_mode(post),
    };
    let mut intake = submitter.intake(arguments, post, submission);
    match submitter.take_in(&mut intake, arguments, submission, rest) {
        // it is read and logged all the same (observed)
        Ok(_) if submission.recipients.is_empty() => 0,
        Ok(flaw) => {
            let exit = submitter.hand_over(&mut intake, arguments, post, submission, flaw);
            intake.worker().show_end();
            exit
        }
        Err(status) => {
            submitter.voice.usage(&status.text);
            status.exit.0
        }
    }
}

/// Who submits, and how errors are told.
struct Submitter {
    voice: Voice,
    login: Vec<u8>,
    account: Option<users::Account>,
    error_mode: u8,
}

impl Submitter {
    fn intake(&self, arguments: &Arguments, post: &Arc<Post>, submission: &Submission) -> Intake {
        let account = self.account.as_ref();
        let sender = submission.sender.as_ref().unwrap_or(&self.login);
        let origin = Origin {
            relay: [&self.login[..], b"@localhost"].concat(),
            by_smtp: false,
            sender_in_header: submission.mode == b'a',
            doubtful: self.doubtful_sender(arguments, &post.site).is_some(),
            user: account.filter(|_| submission.sender.is_none()).map(controlling),
            full_name: phrase(&full_name(arguments), &post.site.must_quote()),
            verbose: arguments.has(b'v'),
            says: self.says(arguments),
            delivery_mode: delivery_mode(arguments),
            logs_queued: true,
            dead_letter: match self.error_mode {
                b'q' => Some(DeadLetter::none()),
                b'p' => own_dead_letter(submission, account.filter(|one| one.name == *sender)),
                _ => None,
            },
        };
        start::log_connection(post, &origin.relay);
        let mut intake = Intake::new(post.clone(), origin);
        for (name, value) in session_macros(arguments) {
            intake.set_session_macro(&name, &value);
        }
        if arguments.has(b't') {
            intake.name_only(submission.recipients.by_arguments());
        }
        intake
    }

    /// How errors in recipients are said when they are found. With -t it depends on all of them what is said, with -v
    /// the expansion says it.
    fn says(&self, arguments: &Arguments) -> Option<fn(&[u8])> {
        let at_once = self.error_mode == b'p' && !arguments.has(b'v') && !arguments.has(b't');
        at_once.then_some(self.voice.speaker())
    }

    /// Takes the message; what was wrong with its sender.
    fn take_in(
        &self,
        intake: &mut Intake,
        arguments: &Arguments,
        submission: &Submission,
        rest: &mut Incoming<File>,
    ) -> Result<Option<SenderFlaw>, Status> {
        let named = submission.sender.as_deref();
        let flaw = named.and_then(|sender| intake.sender_flaw(sender));
        let readable = flaw.as_ref().is_none_or(|flaw| flaw.readable);
        let given = submission.sender.as_ref().filter(|_| readable);
        let sender = match given {
            Some(given) if given.is_empty() => b"<>",
            given => given.unwrap_or(&self.login).as_slice(),
        };
        intake.begin(sender, parameters(arguments))?;
        self.warnings(arguments, intake).iter().for_each(|text| intake.warn(text));
        if let Some(flaw) = &flaw {
            if self.error_mode == b'p' {
                flaw.lines.iter().for_each(|line| self.voice.say_line(line));
                if !flaw.readable {
                    intake.keep_in(own_dead_letter(submission, self.account.as_ref()));
                }
            }
            flaw.lines.iter().for_each(|line| intake.say_before(line.clone()));
        }
        let hops = arguments.last(b'h').and_then(|n| std::str::from_utf8(n).ok()?.parse().ok());
        intake.set_hops(hops.unwrap_or(0));
        for recipient in submission.recipients.all() {
            intake.push_recipient(recipient.clone());
        }
        intake.body(&submission.head);
        let unreadable =
            |error: io::Error| Status::from_exit(Exit::IOERR, errors::describe(&error));
        while let Some(piece) = rest.piece().map_err(unreadable)? {
            intake.body(piece);
        }
        intake.finish()?;
        Ok(flaw)
    }

    /// Says what is wrong and delivers; the exit status.
    fn hand_over(
        &self,
        intake: &mut Intake,
        arguments: &Arguments,
        post: &Arc<Post>,
        submission: &Submission,
        flaw: Option<SenderFlaw>,
    ) -> u8 {
        // With -v the expansion has said it already.
        let verbose = arguments.has(b'v');
        if arguments.has(b't') && intake.is_faulty() && header_fails(intake, arguments, submission)
        {
            let shown = match (verbose, arguments.operands.is_empty()) {
                (_, true) => 1,
                (true, false) => 0,
                (false, false) => usize::MAX,
            };
            return self.return_to_sender(intake, submission, shown);
        }
        let is_refused = mime::is_refused(intake.envelope(), &post.site.configuration);
        if is_refused {
            self.voice.say(b"554 5.6.1", b"Eight bit data not allowed");
        }
        if self.error_mode == b'p' && !verbose && self.says(arguments).is_none() {
            intake.errors().iter().for_each(|line| self.voice.say_line(line));
        }
        let mistakes = flaw.map_or(submission.mistakes, |flaw| flaw.exit.0);
        if let Some(status) = intake.refusal() {
            match intake.size_reply() {
                Some(reply) => self.voice.say_line(&reply),
                None => self.voice.usage(&status.text),
            }
            if status.retry {
                intake.only_queue();
            }
        }
        let failed_before = intake.size_refused();
        let (trouble, least) = (intake.trouble(), intake.least());
        let delivered = deliver(post, intake, arguments, mistakes == 0);
        let exit = match trouble {
            Exit::OK if mistakes == submission.mistakes && delivered == 0 => least.0,
            Exit::OK if mistakes == submission.mistakes => delivered,
            Exit::OK => mistakes,
            trouble => trouble.0,
        };
        if let Some(failed) = failed_before.filter(|_| exit == delivered) {
            return if self.error_mode == b'e' { 0 } else { failed.0 };
        }
        // That nobody gets the message is told in a report alone (observed).
        if self.error_mode == b'e' || is_refused { 0 } else { exit }
    }
}

/// Whether it is the header that names somebody who does not exist; those that the command line names keep nobody from
/// getting the message (observed).
fn header_fails(intake: &mut Intake, arguments: &Arguments, submission: &Submission) -> bool {
    arguments.operands.is_empty() || intake.has_flaw(submission.recipients.by_header())
}

/// The name of the sender: that of `-F`, else that of the variable NAME (CMD-138).
fn full_name(arguments: &Arguments) -> Vec<u8> {
    let given = arguments.last(b'F').map(<[u8]>::to_vec);
    given.or_else(|| config_files::environment(b"NAME")).unwrap_or_default()
}

/// `-f` or `-r`.
fn named_sender(arguments: &Arguments) -> Option<&[u8]> {
    arguments.last(b'f').or_else(|| arguments.last(b'r'))
}

impl Submitter {
    /// With `-t` a recipient that does not exist keeps all from getting the message before the next queue run; of what
    /// is wrong with those of the header only the last thing is said, and what its lists lack (observed).
    fn return_to_sender(&self, intake: &mut Intake, submission: &Submission, shown: usize) -> u8 {
        let errors = intake.errors();
        let from = errors.len().saturating_sub(shown);
        for line in errors.get(from..).unwrap_or_default() {
            self.voice.say_line(line);
        }
        let program = &intake.post.site.configuration.program;
        let header = named::complaints(&submission.head, program.operators());
        header.first.iter().for_each(|line| self.voice.say(b"553 5.0.0", line));
        let waits = intake.envelope().recipients.iter().any(|recipient| recipient.state.waits());
        let exit = intake.first_failure();
        intake.return_to_sender();
        intake.deliver_accepted();
        if waits {
            header.again.iter().for_each(|line| self.voice.say(b"553 5.0.0", line));
        }
        if self.error_mode == b'e' { 0 } else { exit.map_or(0, |exit| exit.0) }
    }

    /// The user's name; empty if there is no such account.
    fn user(&self) -> &[u8] {
        self.account.as_ref().map_or(b"", |account| &account.name)
    }

    fn is_trusted(&self, site: &Site) -> bool {
        users::real_uid() == 0 || site.configuration.classes.has(b"t", self.user())
    }

    /// The sender that somebody names who is neither that nor trusted.
    fn doubtful_sender<'a>(&self, arguments: &'a Arguments, site: &Site) -> Option<&'a [u8]> {
        named_sender(arguments).filter(|sender| *sender != self.user() && !self.is_trusted(site))
    }

    /// What makes it doubtful who sends: flags that only some users may use unnoticed (AD-058).
    fn warnings(&self, arguments: &Arguments, intake: &Intake) -> Vec<Vec<u8>> {
        if users::real_uid() == 0 {
            return Vec::new();
        }
        let (user, site) = (self.user(), &intake.post.site);
        let file = arguments.last(b'C');
        let sets_queue = |(letter, value): &(u8, Vec<u8>)| match letter {
            b'o' => value.starts_with(b"Q"),
            b'O' => value.to_ascii_lowercase().trim_ascii_start().starts_with(b"queuedirectory"),
            _ => false,
        };
        // A file that anybody may have written sets it as well.
        let own_queue = file.is_some() || arguments.flags.iter().any(sets_queue);
        let mut out = Vec::new();
        if let Some(sender) = self.doubtful_sender(arguments, site) {
            out.push([user, b" set sender to ", sender, b" using -f"].concat());
        }
        if own_queue && !self.is_trusted(site) {
            let directory = intake.post.queue_directory.as_os_str().as_bytes();
            out.push([b"Processed from queue ", directory].concat());
        }
        if let Some(file) = file {
            out.push([b"Processed by ", user, b" with -C ", file].concat());
        }
        out
    }
}

fn own_dead_letter(
    submission: &Submission,
    account: Option<&users::Account>,
) -> Option<DeadLetter> {
    let replies = submission.mode == b'a';
    account.map(|account| DeadLetter::of(&controlling(account), &account.home, replies))
}

fn controlling(account: &users::Account) -> ControllingUser {
    ControllingUser { user: account.name.clone(), uid: account.uid, gid: account.gid }
}

/// `ErrorMode`: what happens with errors of a message that is just submitted (OPT-025).
pub(super) fn error_mode(post: &Post) -> u8 {
    let option = post.site.configuration.options.bytes("ErrorMode").unwrap_or_default();
    let mode = option.first().map_or(b'p', u8::to_ascii_lowercase);
    if b"pqmwe".contains(&mode) { mode } else { b'p' }
}

/// Delivers what was accepted. In the background a process of its own does it (AD-095), if there is anybody who
/// gets it.
fn deliver(post: &Arc<Post>, intake: &mut Intake, arguments: &Arguments, may_detach: bool) -> u8 {
    let mode = delivery_mode(arguments).unwrap_or_else(|| post.site.delivery_mode());
    let (alive, failed) = intake.prospects();
    let trouble = intake.trouble();
    let failed = if trouble == Exit::OK { failed } else { trouble };
    // with trouble in a header it is read as a whole once more later (observed)
    let waits = arguments.has(b't') && trouble != Exit::OK;
    if waits {
        intake.only_queue();
    }
    let background = mode == b'b' && !waits && !arguments.has(b'v') && may_detach && alive;
    if background {
        if let Err(error) = background::detach(failed.0) {
            // The message is in the queue; a queue run will deliver it.
            post.log(None, Severity::Warning, 0, format!("cannot fork: {error}"));
            return 0;
        }
        // There is no terminal to print errors on any more: they are mailed (observed).
        intake.mail_errors();
    }
    let (first, least) = (intake.first_failure(), intake.least());
    let exit = match intake.deliver_accepted() {
        Exit::OK if mode == b'b' => failed.0,
        Exit::OK => 0,
        later if later == failed && first.is_some() => first.unwrap_or(later).0,
        // what can be read all the same counts before what happens later (observed)
        _ if failed == Exit::OK && least != Exit::OK => least.0,
        later => later.0,
    };
    post.wait_for_background(BACKGROUND_LIMIT);
    post.counting.save();
    exit
}

/// The delivery mode of the command line: who wants to see the delivery (`-v`) does not wait for it.
pub(super) fn delivery_mode(arguments: &Arguments) -> Option<u8> {
    if arguments.has(b'v') { Some(b'i') } else { given_delivery_mode(arguments) }
}

/// `-odq` and its like.
pub(super) fn given_delivery_mode(arguments: &Arguments) -> Option<u8> {
    arguments.flags.iter().rev().find_map(|(letter, value)| match (letter, value.as_slice()) {
        (b'o', [b'd', mode, ..]) => Some(*mode),
        (b'o', [b'd']) => Some(b'i'),
        (b'O', text) => {
            let text = text.to_ascii_lowercase();
            let value = text.strip_prefix(b"deliverymode=")?.first().copied();
            Some(value.unwrap_or(b'i'))
        }
        _ => None,
    })
}

/// Macros of `-G`, `-p`, `-M` and `-oM` (CMD-036, CMD-041, CMD-046).
fn session_macros(arguments: &Arguments) -> Vec<(Vec<u8>, Vec<u8>)> {
    let flags: &[u8] = if arguments.has(b'G') { b"CC f" } else { b"c u" };
    let mut macros = vec![(b"daemon_flags".to_vec(), flags.to_vec())];
    for (letter, value) in &arguments.flags {
        let definition = match (letter, value.as_slice()) {
            (b'M', definition) | (b'o', [b'M', definition @ ..]) => definition,
            (b'p', value) => {
                let parts = value.splitn(2, |byte| *byte == b':');
                let given =
                    [b"r", b"s"].into_iter().zip(parts).filter(|(_, part)| !part.is_empty());
                macros.extend(given.map(|(name, part)| (name.to_vec(), part.to_vec())));
                continue;
            }
            _ => continue,
        };
        let parsed = cf_parser::names::parse_name(definition);
        if let Some(name) = parsed.name {
            macros.push((name.as_bytes().to_vec(), parsed.rest.to_vec()));
        }
    }
    macros
}

/// `-B`, `-R`, `-V`; values that mean nothing were told of before.
fn parameters(arguments: &Arguments) -> SenderParameters {
    let is = |letter: u8, word: &[u8]| {
        arguments.last(letter).is_some_and(|value| value.eq_ignore_ascii_case(word))
    };
    let body = match () {
        () if is(b'B', b"7BIT") => Some(BodyType::SevenBit),
        () if is(b'B', b"8BITMIME") => Some(BodyType::EightBitMime),
        () => None,
    };
    let return_headers_only = match () {
        () if is(b'R', b"full") => Some(false),
        () if is(b'R', b"hdrs") => Some(true),
        () => None,
    };
    let body_word = body.and_then(|_| arguments.last(b'B')).unwrap_or_default().to_vec();
    SenderParameters {
        body,
        body_word,
        return_headers_only,
        envid: arguments.last(b'V').map(<[u8]>::to_vec),
        ..SenderParameters::default()
    }
}
