//! `O` lines and options of the command line: their values checked, what they do while the file is
//! read (OPT-010, OPT-297, MC-056, RS-001).

use cf_parser::debug::Category;
use cf_parser::item::OptionLine;
use cf_parser::options::{
    AliasFile, Expansion, Interpreted, Kind, OPTIONS, OptionValue, PortItem, PortKey, interpret,
};
use cf_parser::text::{Piece, Text, plain};
use cf_parser::{Diagnostic, Span, parse_option};

use super::surroundings::{Complaint, Surroundings};
use super::{Loader, Setting};
use crate::macros::bytes;

/// Said when operators change behind the first rule.
const LATE_OPERATORS: &str = "Warning: OperatorChars is being redefined.\n         \
                              It should only be set before ruleset definitions.";

/// Most listeners (OPT-044, CF-096).
const MAX_DAEMONS: usize = 64;

/// An option that the command line has set, which the file does not change any more: a suboption
/// only itself, a timeout wherever it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fixed {
    Option(usize),
    Suboption(usize, Vec<u8>),
    Timeout(usize),
}

/// What is wrong with an option of the command line; `text` is what would stand behind the `O` of a
/// line.
pub fn check_option(text: &[u8], surroundings: &mut dyn Surroundings) -> Vec<Diagnostic> {
    let (line, mut found) = parse_option(text);
    let Some(line) = line else { return found };
    let Some(spec) = OPTIONS.get(line.option) else { return found };
    let (value, messages) = read(&line, &bytes(&line.value), Span::default());
    found.extend(messages);
    if let Some(value) = value {
        let complaints = on_this_host(spec.name, &value, surroundings);
        found.extend(complaints.into_iter().map(|c| c.about(Span::default())));
    }
    found
}

/// What a value means, and the messages about it.
fn read(line: &OptionLine, value: &[u8], span: Span) -> (Option<OptionValue>, Vec<Diagnostic>) {
    let Interpreted { value, messages } = interpret(line.option, line.suboption.as_deref(), value);
    let messages = messages.into_iter().map(|message| Diagnostic {
        span,
        text: message.text,
        severity: message.severity,
        bare: message.bare,
    });
    (value, messages.collect())
}

impl Loader<'_> {
    /// The options of the command line (OPT-010). What is wrong with them was said when the command
    /// line was read (see [`check_option`]).
    pub(super) fn command_line(&mut self) {
        for text in &self.facts.options {
            let (Some(line), _) = parse_option(text) else { continue };
            if let Some(spec) = OPTIONS.get(line.option) {
                self.trace_option(spec, &line, false);
            }
            let value = self.set_option(&line, Span::default(), false);
            if let Some(value) = value {
                self.fixed_options.extend(fixed(&line, &value));
            }
        }
    }

    /// An `O` line of the file.
    pub(super) fn option(&mut self, line: &OptionLine, span: Span) {
        let ignored = self.is_fixed(line);
        if let Some(spec) = OPTIONS.get(line.option) {
            self.trace_option(spec, line, ignored);
        }
        if !ignored {
            self.set_option(line, span, true);
        }
    }

    /// Whether the command line has set this option, or this suboption.
    fn is_fixed(&self, line: &OptionLine) -> bool {
        let own = |sub: &Vec<u8>| Fixed::Suboption(line.option, sub.to_ascii_lowercase());
        self.fixed_options.contains(&Fixed::Option(line.option))
            || line.suboption.as_ref().is_some_and(|sub| self.fixed_options.contains(&own(sub)))
    }

    /// Takes a value in, unless it means nothing; returns what it means. What is wrong with it is said
    /// unless that was done.
    fn set_option(&mut self, line: &OptionLine, span: Span, say: bool) -> Option<OptionValue> {
        let spec = OPTIONS.get(line.option)?;
        let text = match spec.expansion {
            Expansion::Read => self.expand(line.value.clone(), span),
            Expansion::Never | Expansion::Late => line.value.clone(),
        };
        let (value, messages) = read(line, &as_read(&text), span);
        if say {
            self.diagnostics.extend(messages);
        }
        if spec.name == "OperatorChars" && self.operators.is_some() {
            self.complain(span, vec![Complaint::bare(LATE_OPERATORS)]);
        }
        let value = value?;
        if spec.name == "DaemonPortOptions" {
            self.daemons += 1;
            if self.daemons > MAX_DAEMONS {
                let text = format!("too many daemons defined ({MAX_DAEMONS} max)");
                self.say(span, text, 70);
                return None;
            }
        }
        let complaints = on_this_host(spec.name, &value, self.surroundings);
        if say {
            self.complain(span, complaints);
        }
        self.take_effect(spec.name, &value);
        if spec.name == "AliasFile" && self.configuration.options.all("AliasFile").next().is_none()
        {
            self.trace(Category::Maps, 2, || b"seq_map_parse(aliases.files, )".to_vec());
            self.trace(Category::Options, 5, || {
                b"map aliases.files, class sequence, flags 1, file (null),\n\
                  \tapp (null), domain (null), rebuild (null)"
                    .to_vec()
            });
        }
        let text = match (&value, spec.expansion) {
            // OPT-013: a name that the empty value stands for.
            (OptionValue::Text(name), _) if text.is_empty() => plain(name),
            (_, Expansion::Read) => plain(&bytes(&text)),
            _ => text,
        };
        let (option, suboption) = (line.option, line.suboption.clone());
        self.configuration.options.push(Setting { option, suboption, value: text, span });
        if let OptionValue::Timeouts(times) = &value {
            let free = times.iter().filter(|t| !self.fixed_options.contains(&Fixed::Timeout(t.0)));
            self.configuration.options.set_timeouts(free);
        }
        Some(value)
    }

    /// What a value does at once.
    fn take_effect(&mut self, name: &'static str, value: &OptionValue) {
        match value {
            OptionValue::Bool(yes) if name == "ColonOkInAddr" => {
                self.configuration.colon_ok = *yes;
            }
            OptionValue::Letter(mode) if name == "DeliveryMode" => {
                self.configuration.macros.set(b"deliveryMode", &[*mode]);
            }
            OptionValue::Macro { name, value } => {
                self.configuration.macros.define(name.clone(), plain(value));
            }
            OptionValue::Ports(items) if name == "DaemonPortOptions" => self.trace_listener(items),
            _ => {}
        }
    }
}

/// What an option of the command line keeps the file from changing; options that add up, and
/// macros, stay open.
fn fixed(line: &OptionLine, value: &OptionValue) -> Vec<Fixed> {
    let kind = OPTIONS.get(line.option).map(|spec| spec.kind);
    match (kind, value, &line.suboption) {
        (Some(Kind::Privacy | Kind::DontBlame | Kind::MacroDefinition), ..) => Vec::new(),
        (_, OptionValue::Timeouts(times), _) => {
            times.iter().map(|(timeout, _)| Fixed::Timeout(*timeout)).collect()
        }
        (Some(Kind::Milter), _, Some(sub)) => {
            vec![Fixed::Suboption(line.option, sub.to_ascii_lowercase())]
        }
        _ => vec![Fixed::Option(line.option)],
    }
}

/// A value as the checks see it: operators are octets there.
fn as_read(text: &Text) -> Vec<u8> {
    if text.iter().all(|piece| matches!(piece, Piece::Byte(_))) {
        return bytes(text);
    }
    cf_parser::in_message(text)
}

/// What only the host can say of a value: whether users, groups, services, hosts are known, and what
/// a map makes of the text.
fn on_this_host(
    name: &'static str,
    value: &OptionValue,
    surroundings: &mut dyn Surroundings,
) -> Vec<Complaint> {
    match value {
        OptionValue::User { user, group } => {
            let shown = if name == "DefaultUser" { "u" } else { name };
            check_user(shown, user, group.as_deref(), surroundings).into_iter().collect()
        }
        OptionValue::Group(group) if !is_number(group) && surroundings.group(group).is_none() => {
            vec![Complaint::error([b"readcf: option g: unknown group ", &group[..]].concat(), 70)]
        }
        OptionValue::Ports(items) => check_ports(items, surroundings),
        OptionValue::Aliases(files) => {
            let declare = |AliasFile { class, spec }: &AliasFile| {
                surroundings.declare_alias_map(class.as_deref(), spec)
            };
            files.iter().flat_map(declare).collect()
        }
        OptionValue::Text(spec) if name == "LDAPDefaultSpec" => {
            surroundings.ldap_defaults(spec);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn is_number(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// `readcf: option X: unknown user Y` (OPT-297).
fn check_user(
    option: &str,
    user: &[u8],
    group: Option<&[u8]>,
    surroundings: &mut dyn Surroundings,
) -> Option<Complaint> {
    let group = group.filter(|group| !group.is_empty());
    let (kind, name) = if !is_number(user) && surroundings.user(user).is_none() {
        ("user", user)
    } else {
        ("group", group.filter(|g| !is_number(g) && surroundings.group(g).is_none())?)
    };
    let text = format!("readcf: option {option}: unknown {kind} ");
    Some(Complaint::error([text.as_bytes(), name].concat(), 70))
}

/// Services and hosts that a listener names must be known.
fn check_ports(items: &[PortItem], surroundings: &mut dyn Surroundings) -> Vec<Complaint> {
    let last = |key| items.iter().rev().find(|item| item.key == key).map(|item| &item.value);
    let family = last(PortKey::Family).map_or(Family::V4, |value| Family::named(value));
    let mut complaints = Vec::new();
    let mut unknown = |what: &str, value: &[u8]| {
        let text = [what.as_bytes(), b" \"", value, b"\" unknown"].concat();
        complaints.push(Complaint::error(text, 70));
    };
    if let Some(service) = last(PortKey::Port)
        && !is_number(service)
        && !surroundings.service(service)
    {
        unknown("service", service);
    }
    if let Some(address) = last(PortKey::Addr) {
        match family {
            Family::V4 | Family::V6 => {
                if !surroundings.host(address, family == Family::V6) {
                    unknown("host", address);
                }
            }
            Family::Path => {}
            Family::Other(number) => {
                let text = format!("address= option unsupported for family {number}");
                complaints.push(Complaint::error(text, 70));
            }
        }
    }
    complaints
}

/// The address family of a listener.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
    Path,
    Other(i64),
}

impl Family {
    /// By name, or by the number the system gives it.
    fn named(value: &[u8]) -> Self {
        match value.to_ascii_lowercase().as_slice() {
            b"inet" | b"2" => Self::V4,
            b"inet6" | b"10" => Self::V6,
            b"unix" | b"local" | b"1" => Self::Path,
            number => Self::Other(super::mailers::number(number)),
        }
    }
}
