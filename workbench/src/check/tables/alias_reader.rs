//! Names of aliases: by the rules of a configuration, or without any.

use mapper::{AliasName, AliasPart, AliasReader, AliasSeverity};
use ruleset_vm::{Role, Target};

use crate::answering::MapServices;
use crate::engine::{Engine, Messages};

/// Reads names by the rules: a name is the user of a local address (AD-003).
pub struct EngineReader<'e, S>(pub &'e mut Engine<S>);

impl<S: MapServices> AliasReader for EngineReader<'_, S> {
    fn left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        let mut messages = Messages::default();
        let parsed = self
            .0
            .rewrite(&mut messages, |rewriter| rewriter.parse(line, Some(b':'), Role::default()));
        let complaints = messages
            .0
            .iter()
            .map(|text| (AliasSeverity::Fault, ruleset_vm::split_codes(text).1.to_vec()))
            .collect();
        let Some(parsed) = parsed else {
            return (AliasName::Illegal, AliasPart { text: line.to_vec(), complaints });
        };
        let text = line.get(..parsed.used).unwrap_or(line).trim_ascii().to_vec();
        let mailer = match parsed.triple.mailer {
            Target::Mailer(index) => self.0.configuration().mailers.get(index),
            Target::Error(_) => None,
        };
        let name = match mailer.filter(|mailer| mailer.flags.has(b'A')) {
            None => AliasName::NotLocal,
            Some(mailer) if mailer.flags.has(b'u') => AliasName::Local(parsed.triple.user),
            Some(_) => AliasName::Local(parsed.triple.user.to_ascii_lowercase()),
        };
        (name, AliasPart { text, complaints })
    }
}

/// Reads names without rules: whatever has no domain is local.
pub struct PlainReader;

impl AliasReader for PlainReader {
    fn left(&mut self, line: &[u8]) -> (AliasName, AliasPart) {
        let mut name_of = |name: &[u8]| match name {
            b"" => AliasName::Illegal,
            name if name.contains(&b'@') => AliasName::NotLocal,
            name => AliasName::Local(name.to_ascii_lowercase()),
        };
        name_of.left(line)
    }
}
