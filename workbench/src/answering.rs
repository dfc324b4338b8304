//! Lookups of the rule machine answered by the configuration's maps.

use cf_parser::debug::{Category, Levels};
use mapper::{LookupContext, MapSet, MapTraits, Notice, NoticeKind, Services};
use ruleset_vm::{Answer, Exit, KeyStyle, Lookups, Macros, Request};

use crate::traces::lookups;

/// A message of a map, to be shown where lookups are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapMessage {
    /// The text behind reply codes.
    pub text: Vec<u8>,
    /// The exit status it asks for; 0 for none.
    pub exit: u8,
    /// What a debugging flag has asked for: no error, and its newlines are its own.
    pub trace: bool,
}

/// Services that also tell what a `macro` map has set since the last call.
pub trait MapServices: Services {
    /// Macros set or cleared, in order.
    fn take_macros(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)>;
}

/// Answers lookups at once.
pub struct Answering<'a> {
    /// The maps.
    pub maps: &'a mut MapSet,
    /// Resolver, programs, users, clock.
    pub services: &'a mut dyn MapServices,
    /// Delivery mode and the like.
    pub context: LookupContext,
    /// Debugging flags.
    pub levels: Levels,
    /// Receives what maps have to say.
    pub say: &'a mut dyn FnMut(MapMessage),
}

impl Lookups for Answering<'_> {
    fn begin(&mut self) {
        self.maps.begin_round();
    }

    fn lookup(&mut self, request: &Request, macros: &mut Macros) -> Answer {
        let args: Vec<&[u8]> = request.args.iter().map(Vec::as_slice).collect();
        let traced = self.levels.on(Category::Lookups);
        let lookup =
            self.maps.lookup(&request.map, &request.key, &args, &self.context, self.services);
        let asked = |say: &mut dyn FnMut(MapMessage)| {
            let text = lookups::asked(&self.levels, &request.map, &request.key, &args);
            say(MapMessage { text, exit: 0, trace: true });
        };
        let count = lookup.notices.len();
        for (number, notice) in lookup.notices.into_iter().enumerate() {
            if traced && number == lookup.opening {
                asked(self.say);
            }
            let exit = exit_of(&notice);
            let trace = notice.kind == NoticeKind::Trace;
            (self.say)(MapMessage { text: notice.text, exit, trace });
        }
        if traced {
            if count <= lookup.opening {
                asked(self.say);
            }
            let text = lookups::answered(&request.map, &request.key, &lookup.answer);
            (self.say)(MapMessage { text, exit: 0, trace: true });
        }
        for (name, value) in self.services.take_macros() {
            match value {
                Some(value) => macros.set(&name, &value),
                None => macros.clear(&name),
            }
        }
        match lookup.answer {
            mapper::Answer::Found(value) => Answer::Found(value),
            mapper::Answer::Temporary {
                substitute: Some(value), exit, sets_status: true, ..
            } => Answer::Substitute(value, Exit(exit)),
            mapper::Answer::Temporary { substitute: Some(value), .. } => Answer::Found(value),
            mapper::Answer::Temporary { exit, sets_status: true, .. } => Answer::Failed(Exit(exit)),
            _ => Answer::NotFound,
        }
    }

    fn key_style(&self, map: &[u8]) -> Option<KeyStyle> {
        let MapTraits { keep_quotes, space_sub } = self.maps.traits(map)?;
        Some(KeyStyle { keep_quotes, blank: space_sub })
    }
}

/// The exit status that a message of a map asks for: 71 with the system's words at its end, which
/// begin with a capital (observed).
pub(crate) fn exit_of(notice: &Notice) -> u8 {
    let end = notice.text.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    match notice.kind {
        NoticeKind::Message | NoticeKind::Trace => 0,
        NoticeKind::Error if matches!(end, [b' ', b'A'..=b'Z', ..]) => 71,
        NoticeKind::Error => 70,
    }
}

impl MapServices for mapper::SystemServices {
    fn take_macros(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        self.take_macro_changes()
    }
}
