//! `-bm`, `-t`: a message on standard input (CMD-016, CMD-035, CMD-058, AD-057..AD-061).

use std::io::{BufRead as _, BufReader, Read as _};

use super::arguments::Arguments;
use super::{print_line, start};
use crate::address::expand;
use crate::daemon::intake::{Intake, Origin, SenderParameters};
use crate::daemon::post::Post;
use crate::message::address_list::{ListStyle, elements};
use crate::message::envelope::{BodyType, ControllingUser, Recipient};
use crate::message::field_kind::kind_of;
use crate::message::header;
use crate::sys::users;
use std::sync::Arc;

/// Longest piece of input taken at once, bytes.
const CHUNK: u64 = 64 << 10;

pub(super) fn run(arguments: &Arguments) -> u8 {
    let from_header = arguments.has(b't');
    if arguments.operands.is_empty() && !from_header {
        print_line(b"Recipient names must be specified");
        return 64;
    }
    let parameters = match parameters(arguments) {
        Ok(parameters) => parameters,
        Err(text) => {
            print_line(text.as_bytes());
            return 64;
        }
    };
    let post = match start::open(arguments, b'm') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let message = read_message(arguments.has(b'i') || ignores_dots(&post));
    let mut recipients: Vec<Vec<u8>> = arguments.operands.clone();
    if from_header {
        recipients.extend(header_recipients(&message));
        if recipients.is_empty() {
            print_line(b"No recipient addresses found in header");
            return 0;
        }
    }
    submit(arguments, &post, &message, &recipients, parameters)
}

fn submit(
    arguments: &Arguments,
    post: &Arc<Post>,
    message: &[u8],
    recipients: &[Vec<u8>],
    parameters: SenderParameters,
) -> u8 {
    let account = users::by_uid(users::real_uid()).ok().flatten();
    let user = account.as_ref().map(|account| ControllingUser {
        user: account.name.clone(),
        uid: account.uid,
        gid: account.gid,
    });
    let login = account.as_ref().map_or_else(|| b"nobody".to_vec(), |a| a.name.clone());
    let full_name = arguments.last(b'F').map_or_else(Vec::new, <[u8]>::to_vec);
    let given = arguments.last(b'f').or_else(|| arguments.last(b'r'));
    let origin = Origin {
        relay: [&login[..], b"@localhost"].concat(),
        user: if given.is_some() { None } else { user },
        full_name,
        verbose: arguments.has(b'v'),
        delivery_mode: delivery_mode(arguments),
    };
    let mut intake = Intake::new(post.clone(), origin);
    intake.set_session_macro(b"daemon_flags", b"c u");
    if arguments.has(b't') {
        intake.recipients_from_header();
    }
    let sender = given.map_or_else(|| login.clone(), <[u8]>::to_vec);
    if let Err(status) = intake.begin(&sender, parameters) {
        print_line(&status.text);
        return status.exit.0;
    }
    for recipient in recipients {
        for element in elements(recipient, ListStyle::Commas) {
            intake.push_recipient(Recipient::primary(crate::daemon::intake::bare(element)));
        }
    }
    intake.body(message);
    match intake.finish() {
        Ok(_) => intake.deliver_accepted().0,
        Err(status) => {
            print_line(&status.text);
            status.exit.0
        }
    }
}

/// `-odq` and its like: the command line's delivery mode.
pub(super) fn delivery_mode(arguments: &Arguments) -> Option<u8> {
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

/// `-B`, `-R`, `-V`, `-N`.
fn parameters(arguments: &Arguments) -> Result<SenderParameters, String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let body = match arguments.last(b'B') {
        None => None,
        Some(value) if value.eq_ignore_ascii_case(b"7BIT") => Some(BodyType::SevenBit),
        Some(value) if value.eq_ignore_ascii_case(b"8BITMIME") => Some(BodyType::EightBitMime),
        Some(value) => return Err(format!("Illegal body type {}", text(value))),
    };
    let return_headers_only = match arguments.last(b'R') {
        None => None,
        Some(value) if value.eq_ignore_ascii_case(b"full") => Some(false),
        Some(value) if value.eq_ignore_ascii_case(b"hdrs") => Some(true),
        Some(_) => return Err("Invalid -R value".to_owned()),
    };
    if let Some(count) = arguments.last(b'h')
        && !count.iter().all(u8::is_ascii_digit)
    {
        return Err(format!("Bad hop count ({})", text(count)));
    }
    Ok(SenderParameters {
        body,
        return_headers_only,
        envid: arguments.last(b'V').map(<[u8]>::to_vec),
        ..SenderParameters::default()
    })
}

/// The whole of standard input in queue form: lines end in LF. A line with one dot ends it unless
/// dots are ignored.
fn read_message(ignore_dots: bool) -> Vec<u8> {
    let mut input = BufReader::new(std::io::stdin().lock());
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(CHUNK).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if line.ends_with(b"\r\n") {
            line.truncate(line.len() - 2);
            line.push(b'\n');
        }
        if !ignore_dots && line == b".\n" {
            break;
        }
        message.extend_from_slice(&line);
    }
    message
}

fn ignores_dots(post: &Post) -> bool {
    post.site.configuration.options.flag("IgnoreDots", false)
}

/// To, Cc and Bcc of a message, with their Resent- forms if there are any.
fn header_recipients(message: &[u8]) -> Vec<Vec<u8>> {
    let split = header::split(message, 0);
    let resent = split.fields.iter().any(|field| kind_of(&field.name).resent);
    let mut out = Vec::new();
    for field in &split.fields {
        let kind = kind_of(&field.name);
        if kind.recipient && kind.resent == resent {
            out.extend(
                elements(&field.value, ListStyle::Commas).into_iter().map(<[u8]>::to_vec),
            );
        }
    }
    out
}

/// `-bv`: what becomes of each address (CMD-093..CMD-095, CMD-140).
pub(super) fn verify(arguments: &Arguments) -> u8 {
    if arguments.operands.is_empty() {
        print_line(b"Recipient names must be specified");
        return 64;
    }
    let post = match start::open(arguments, b'v') {
        Ok(post) => post,
        Err(exit) => return exit,
    };
    let mut worker = crate::address::worker::Worker::new(post.site.clone());
    let options = expand::ExpandOptions::of_site(&post.site, &post.delivery.default_user);
    let verbose = arguments.has(b'v');
    let mut envelope = crate::message::envelope::Envelope::default();
    for operand in &arguments.operands {
        for element in elements(operand, ListStyle::Commas) {
            envelope.recipients.push(Recipient::primary(element));
        }
    }
    let mut notes = |note: expand::Note| {
        if verbose && let Some(line) = note.verbose() {
            print_line(&line);
        }
    };
    expand::expand(&mut worker, &mut envelope, &options, &mut notes);
    let mut exit = 0;
    for (line, status) in expand::verify_lines(&post.site, &envelope) {
        print_line(&line);
        if exit == 0 {
            exit = status;
        }
    }
    exit
}
