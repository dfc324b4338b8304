//! Asks maps as `/map NAME KEY` of address test mode does.
//!
//! `lookup FILE` reads the `K` lines of a configuration (and a few options) and then questions, one
//! `NAME KEY` a line, from standard input.

use std::io::{BufRead, Write};
use std::os::unix::ffi::OsStrExt;

use mapper::{Answer, LookupContext, MapSet, Settings, SystemServices};

fn main() -> std::io::Result<()> {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("usage: lookup FILE < questions");
        std::process::exit(64);
    };
    let text = std::fs::read(&file)?;
    let mut settings = Settings {
        local_domain: b"example.com".to_vec(),
        own_names: vec![b"mail.example.com".to_vec()],
        ..Settings::default()
    };
    for line in text.split(|&b| b == b'\n') {
        option(&mut settings, line);
    }
    let mut maps = MapSet::new(settings);
    let mut out = std::io::stdout().lock();
    for (number, line) in text.split(|&b| b == b'\n').enumerate() {
        for error in line.strip_prefix(b"K").map(|k| maps.declare(k)).unwrap_or_default() {
            let place = [file.as_bytes(), b": line "].concat();
            out.write_all(&place)?;
            write!(out, "{}: ", number + 1)?;
            out.write_all(&[&error.text[..], b"\n"].concat())?;
        }
    }
    maps.finish(10);
    let mut services = SystemServices::default();
    for question in std::io::stdin().lock().split(b'\n') {
        ask(&mut maps, &mut services, question?.trim_ascii_start(), &mut out)?;
    }
    Ok(())
}

/// Takes the options that maps depend on.
fn option(settings: &mut Settings, line: &[u8]) {
    let Some((name, value)) = line.strip_prefix(b"O ").and_then(|option| {
        let at = option.iter().position(|&b| b == b'=')?;
        Some((&option[..at], option[at + 1..].to_vec()))
    }) else {
        return;
    };
    match name {
        b"ServiceSwitchFile" => settings.service_switch_file = value,
        b"HostsFile" => settings.hosts_file = value,
        b"UserDatabaseSpec" => settings.user_database = value,
        b"AliasFile" => {
            settings.alias_files = value.split(|&b| b == b',').map(<[u8]>::to_vec).collect()
        }
        b"Timeout.resolver.retrans" => settings.resolver_retrans = 1,
        b"Timeout.resolver.retry" => settings.resolver_retry = 1,
        _ => {}
    }
}

fn ask(
    maps: &mut MapSet,
    services: &mut SystemServices,
    question: &[u8],
    out: &mut impl Write,
) -> std::io::Result<()> {
    let question = question.strip_prefix(b"/map ").unwrap_or(question).trim_ascii_start();
    let end = question.iter().position(u8::is_ascii_whitespace).unwrap_or(question.len());
    let (name, key) = (&question[..end], question[end..].trim_ascii_start());
    if key.is_empty() {
        return Ok(());
    }
    let lookup = maps.lookup(name, key, &[], &LookupContext::default(), services);
    for notice in &lookup.notices {
        out.write_all(&[&notice.text[..], b"\n"].concat())?;
    }
    let text = match &lookup.answer {
        Answer::Found(value) => [&b"returns "[..], value, b" (0)"].concat(),
        Answer::NotOpen | Answer::NoSuchMap => {
            let what = if lookup.answer == Answer::NotOpen { "open" } else { "found" };
            out.write_all(&[b"Map named \"", name].concat())?;
            return writeln!(out, "\" not {what}");
        }
        other => format!("no match ({})", other.exit()).into_bytes(),
    };
    out.write_all(&[b"map_lookup: ", name, b" (", key, b") ", &text, b"\n"].concat())
}
