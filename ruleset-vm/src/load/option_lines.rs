//! `O` lines: their values checked, what they do while the file is read (OPT-297, MC-056, RS-001).

use cf_parser::debug::Category;
use cf_parser::item::OptionLine;
use cf_parser::options::{
    Expansion, Interpreted, OPTIONS, OptionValue, PortItem, PortKey, interpret,
};
use cf_parser::text::plain;
use cf_parser::{Directive, Span};

use super::surroundings::Complaint;
use super::{Loader, Setting};
use crate::macros::bytes;

/// Said when operators change behind the first rule.
const LATE_OPERATORS: &str = "Warning: OperatorChars is being redefined.\n         \
                              It should only be set before ruleset definitions.";

impl Loader<'_> {
    /// The options of the command line, which those of the file do not change any more (CMD-045).
    pub(super) fn command_line(&mut self) {
        for text in &self.facts.options {
            let line = [b"V10\nO", text.as_slice(), b"\n"].concat();
            let (config, diagnostics) = cf_parser::parse(&line);
            let level = self.configuration.level;
            for mut diagnostic in diagnostics {
                diagnostic.bare = true;
                self.diagnostics.push(diagnostic);
            }
            for item in config.items {
                if let Directive::Option(line) = item.directive {
                    if let Some(spec) = OPTIONS.get(line.option) {
                        self.trace_option(spec, &line, false);
                    }
                    self.set_option(&line, Span::default(), true);
                    // A suboption does not keep the file from setting others (observed).
                    if line.suboption.is_none() {
                        self.fixed_options.push(line.option);
                    }
                }
            }
            self.configuration.level = level;
        }
    }

    /// An `O` line of the file.
    pub(super) fn option(&mut self, line: &OptionLine, span: Span) {
        let ignored = self.fixed_options.contains(&line.option);
        if let Some(spec) = OPTIONS.get(line.option) {
            self.trace_option(spec, line, ignored);
        }
        if !ignored {
            self.set_option(line, span, false);
        }
    }

    fn set_option(&mut self, line: &OptionLine, span: Span, bare: bool) {
        let Some(spec) = OPTIONS.get(line.option) else { return };
        let value = match spec.expansion {
            Expansion::Read => bytes(&self.expand(&line.value, span)),
            Expansion::Never | Expansion::Late => bytes(&line.value),
        };
        let Interpreted { value: meaning, messages } =
            interpret(line.option, line.suboption.as_deref(), &value);
        for message in messages {
            self.diagnostics.push(cf_parser::Diagnostic {
                span,
                text: message.text,
                severity: message.severity,
                bare: bare || message.bare,
            });
        }
        if spec.name == "OperatorChars" && self.operators.is_some() {
            self.complain(span, vec![Complaint::bare(LATE_OPERATORS)]);
        }
        if meaning.is_none() {
            return;
        }
        self.take_effect(spec.name, meaning, span);
        if spec.name == "AliasFile" && self.configuration.options.all("AliasFile").next().is_none()
        {
            self.trace(Category::Options, 5, || {
                b"map aliases.files, class sequence, flags 1, file (null),\n\
                  \tapp (null), domain (null), rebuild (null)"
                    .to_vec()
            });
        }
        let value =
            if spec.expansion == Expansion::Read { plain(&value) } else { line.value.clone() };
        self.configuration.options.push(Setting {
            option: line.option,
            suboption: line.suboption.clone(),
            value,
            span,
        });
    }

    /// What a value does at once, and what only the host can say of it.
    fn take_effect(&mut self, name: &'static str, meaning: Option<OptionValue>, span: Span) {
        match meaning {
            Some(OptionValue::Bool(yes)) if name == "ColonOkInAddr" => {
                self.configuration.colon_ok = yes;
            }
            Some(OptionValue::Letter(mode)) if name == "DeliveryMode" => {
                self.configuration.macros.set(b"deliveryMode", &[mode]);
            }
            Some(OptionValue::Macro { name, value }) => {
                self.configuration.macros.define(name, plain(&value));
            }
            Some(OptionValue::User { user, group }) => {
                let shown = if name == "DefaultUser" { "u" } else { name };
                self.check_user(shown, &user, group.as_deref(), span);
            }
            Some(OptionValue::Group(group)) => {
                let known = group.first().is_some_and(u8::is_ascii_digit)
                    || self.surroundings.group(&group).is_some();
                if !known {
                    self.say(span, [b"readcf: option g: unknown group ", &group[..]].concat(), 70);
                }
            }
            Some(OptionValue::Ports(items)) => {
                self.check_ports(&items, span);
                if name == "DaemonPortOptions" {
                    self.trace_listener(&items);
                }
            }
            _ => {}
        }
    }

    /// `readcf: option X: unknown user Y` (OPT-297).
    fn check_user(&mut self, option: &str, user: &[u8], group: Option<&[u8]>, span: Span) {
        let numeric = |text: &[u8]| text.first().is_some_and(u8::is_ascii_digit);
        let mut wrong = None;
        if !numeric(user) && self.surroundings.user(user).is_none() {
            wrong = Some(("user", user));
        } else if let Some(group) = group
            && !numeric(group)
            && self.surroundings.group(group).is_none()
        {
            wrong = Some(("group", group));
        }
        if let Some((kind, name)) = wrong {
            let text = format!("readcf: option {option}: unknown {kind} ");
            self.say(span, [text.as_bytes(), name].concat(), 70);
        }
    }

    /// Services and hosts that a listener names must be known.
    fn check_ports(&mut self, items: &[PortItem], span: Span) {
        let is_path = items.iter().any(|item| {
            let value = item.value.to_ascii_lowercase();
            item.key == PortKey::Family && matches!(value.as_slice(), b"unix" | b"local" | b"1")
        });
        for item in items {
            let numeric = item.value.first().is_some_and(u8::is_ascii_digit);
            let unknown = match item.key {
                PortKey::Port if !numeric && !self.surroundings.service(&item.value) => "service",
                PortKey::Addr if !is_path && !self.surroundings.host(&item.value) => "host",
                _ => continue,
            };
            let text = [unknown.as_bytes(), b" \"", &item.value, b"\" unknown"].concat();
            self.say(span, text, 70);
        }
    }
}
