//! Lookups of the rule machine answered by the configuration's maps.

use cf_parser::debug::{Category, Levels};
use mapper::{LogLine, LookupContext, MapSet, MapTraits, Notice, NoticeKind, Services};
use ruleset_vm::{Answer, Exit, KeyStyle, KnownMaps, Lookups, Macros, Question, Request};

use crate::machine::NotAsked;
use crate::traces::lookups;

/// A lookup that was answered with "not found" because what it needs may not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unasked {
    /// Which lookup of all it was, from 0.
    pub lookup: usize,
    /// The map.
    pub map: Vec<u8>,
    /// The key.
    pub key: Vec<u8>,
    /// What was not touched.
    pub what: NotAsked,
}

/// A message of a map, to be shown where lookups are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapMessage {
    /// The text behind reply codes.
    pub text: Vec<u8>,
    /// Reply codes, as [`Notice::code`].
    pub code: &'static str,
    /// The exit status it asks for; 0 for none.
    pub exit: u8,
    /// How it is meant.
    pub kind: NoticeKind,
}

/// Services that also tell what maps have set and want logged since the last call.
pub trait MapServices: Services {
    /// Macros set or cleared, in order.
    fn take_macros(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)>;
    /// Lines for the system log, in order.
    fn take_log(&mut self) -> Vec<LogLine>;
    /// What was not asked because it may not be. Services without limits have nothing to tell.
    fn take_not_asked(&mut self) -> Vec<NotAsked> {
        Vec::new()
    }
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
    /// What the first map said that could not answer now, `NAME map: lookup (KEY): deferred`: the
    /// reason why a message waits (RS-068).
    pub postponed: Option<Vec<u8>>,
    /// Lookups so far that reached a map.
    pub count: usize,
    /// Those of them that were not asked.
    pub unasked: Vec<Unasked>,
}

impl KnownMaps for Answering<'_> {
    fn key_style(&self, map: &[u8]) -> Option<KeyStyle> {
        let MapTraits { keep_quotes, space_sub, number } = self.maps.traits(map)?;
        Some(KeyStyle { keep_quotes, blank: space_sub, number })
    }

    fn has_none(&mut self, question: Question<'_>) -> bool {
        let none = !self.levels.on(Category::Lookups)
            && self.maps.has_none(question.number, question.key, &self.context);
        // an answer all the same
        self.count += usize::from(none);
        none
    }
}

impl Lookups for Answering<'_> {
    fn begin(&mut self) {
        self.maps.begin_address(self.services.instant());
    }

    fn lookup(&mut self, request: &Request, macros: &mut Macros) -> Answer {
        // rules pass few arguments as a rule: no room needs to be allocated for them
        let args: &[&[u8]] = match request.args.as_slice() {
            [] => &[],
            [first] => &[first.as_slice()],
            [first, second] => &[first.as_slice(), second.as_slice()],
            [first, second, third] => &[first.as_slice(), second.as_slice(), third.as_slice()],
            many => &many.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        };
        let (maps, context) = (&mut *self.maps, &self.context);
        let lookup = maps.lookup(&request.map, &request.key, args, context, self.services);
        let number = self.count;
        self.count += 1;
        if self.was_not_asked(number, request) {
            self.services.take_macros();
            return match for_rules(lookup.answer) {
                Answer::Failed(_) | Answer::Substitute(..) => Answer::NotFound,
                answer => answer,
            };
        }
        if self.levels.on(Category::Lookups) {
            self.say_traced(request, args, &lookup);
        } else {
            lookup.notices.into_iter().for_each(|notice| self.say_notice(notice));
        }
        for (name, value) in self.services.take_macros() {
            match value {
                Some(value) => macros.set(&name, &value),
                None => macros.clear(&name),
            }
        }
        if let mapper::Answer::Temporary { text, sets_status: true, .. } = &lookup.answer {
            self.postponed.get_or_insert_with(|| text.clone());
        }
        for_rules(lookup.answer)
    }
}

impl Answering<'_> {
    /// Whether the services were not allowed to find the answer; it is remembered.
    fn was_not_asked(&mut self, number: usize, request: &Request) -> bool {
        let not_asked = self.services.take_not_asked();
        let (map, key) = (&request.map, &request.key);
        let any = !not_asked.is_empty();
        self.unasked.extend(not_asked.into_iter().map(|what| Unasked {
            lookup: number,
            map: map.clone(),
            key: key.clone(),
            what,
        }));
        any
    }

    fn say_notice(&mut self, notice: Notice) {
        let exit = exit_of(&notice);
        (self.say)(MapMessage { text: notice.text, code: notice.code, exit, kind: notice.kind });
    }

    fn say_trace(&mut self, text: Vec<u8>) {
        (self.say)(MapMessage { text, code: "", exit: 0, kind: NoticeKind::Trace });
    }

    /// What maps have to say with the question, which stands behind the notices about the opening
    /// of the map, and the answer.
    fn say_traced(&mut self, request: &Request, args: &[&[u8]], lookup: &mapper::Lookup) {
        let at_opening = lookup.opening.min(lookup.notices.len());
        let (opening, rest) = lookup.notices.split_at(at_opening);
        opening.iter().for_each(|notice| self.say_notice(notice.clone()));
        // a map that is not there is not asked
        if lookup.answer == mapper::Answer::NotOpen {
            return;
        }
        self.say_trace(lookups::asked(&self.levels, &request.map, &request.key, args, lookup));
        rest.iter().for_each(|notice| self.say_notice(notice.clone()));
        self.say_trace(lookups::answered(&request.map, &request.key, lookup));
    }
}

/// The answer of a map as rules take it.
fn for_rules(answer: mapper::Answer) -> Answer {
    match answer {
        mapper::Answer::Found(value) => Answer::Found(value),
        mapper::Answer::Temporary { substitute: Some(value), exit, sets_status: true, .. } => {
            Answer::Substitute(value, Exit(exit))
        }
        mapper::Answer::Temporary { substitute: Some(value), .. } => Answer::Found(value),
        mapper::Answer::Temporary { exit, sets_status: true, .. } => Answer::Failed(Exit(exit)),
        _ => Answer::NotFound,
    }
}

/// The exit status that a message of a map asks for: 64 for what a user has written wrongly, 71 with the system's
/// words at its end, which begin with a capital (observed).
#[must_use]
pub fn exit_of(notice: &Notice) -> u8 {
    let end = notice.text.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    match notice.kind {
        NoticeKind::Message | NoticeKind::Warning | NoticeKind::Trace => 0,
        NoticeKind::Error if notice.code.starts_with("553") => 64,
        // these words are not the system's
        NoticeKind::Error if end == b" Internal NIS error" => 70,
        NoticeKind::Error if matches!(end, [b' ', b'A'..=b'Z', ..]) => 71,
        NoticeKind::Error => 70,
    }
}

impl MapServices for mapper::SystemServices {
    fn take_macros(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        self.take_macro_changes()
    }

    fn take_log(&mut self) -> Vec<LogLine> {
        mapper::SystemServices::take_log(self)
    }
}
