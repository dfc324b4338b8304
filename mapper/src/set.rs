//! All maps of a configuration: opening on first use, asking.

mod declaring;

use hashbrown::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cf_parser::debug::{Category, Levels};

use crate::answer::{Answer, EX_TEMPFAIL, Lookup, Notice};
use crate::class::ldap::Login;
use crate::class::{Class, Env, Opening, Request};
use crate::columns::Columns;
use crate::flags::Common;
use crate::k_line::{self, KLine};
use crate::ldap::session::Session;
use crate::map_numbers::MapNumbers;
use crate::services::{Endpoint, Services, Stream};
use crate::settings::Settings;
use crate::traces;

/// Members of sequences and switches nest at most so deep; a deeper one is not asked.
const MAX_DEPTH: usize = 50;

/// How long files count as unchanged once they have been looked at. To look costs as much time as all the
/// rules do, and whoever has changed a file cannot ask for an address in so short a time.
const ROUND: Duration = Duration::from_millis(1);

/// The delivery mode in which `-D` maps are not asked.
const DEFER_MODE: u8 = b'd';

/// What of the situation a lookup depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookupContext {
    /// The delivery mode letter (`b`, `i`, `q`, `d`); 0 when there is none.
    pub delivery_mode: u8,
    /// Asked by `/map` and not by a rule: only class `host` looks at the mode then (observed).
    pub direct: bool,
}

impl LookupContext {
    fn is_deferring(self) -> bool {
        self.delivery_mode == DEFER_MODE
    }
}

/// What the rule machine must know to build a map's key text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapTraits {
    /// Quotes stay in the key (`-q`, and always for class `dequote`).
    pub keep_quotes: bool,
    /// Replaces the blanks put between the tokens of the key (`-S`); none: as in addresses.
    pub space_sub: Option<u8>,
    /// The map's number, for [`MapSet::has_none`].
    pub number: usize,
}

/// A line about a map, for listings and completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapDescription {
    /// Name as declared.
    pub name: Vec<u8>,
    /// Class.
    pub class: &'static str,
    /// File, server or table; may be empty.
    pub file: Vec<u8>,
    /// Whether the line was understood.
    pub usable: bool,
    /// Of a text: which columns of it count.
    pub columns: Option<Columns>,
}

/// A map that has been opened, or could not be, as `-d38` shows its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedMap {
    /// Its name.
    pub name: Vec<u8>,
    /// Its file, or `NULL`.
    pub file: Vec<u8>,
    /// What is shown when its database is closed.
    pub closing: Option<Vec<u8>>,
    /// Which connection to a directory it has; maps with the same number share one.
    pub connection: Option<usize>,
}

enum State {
    Faulty,
    Declared(Box<dyn Class>),
    Open(Box<dyn Class>),
    Absent,
    Failed,
}

struct Map {
    common: Common,
    state: State,
}

/// All declared maps, by name without regard to case.
pub struct MapSet {
    settings: Arc<Settings>,
    /// Places in `maps` by name.
    numbers: MapNumbers,
    /// None while the map is being asked, so that it cannot be asked by its own members.
    maps: Vec<Option<Box<Map>>>,
    depth: usize,
    /// Counts rounds of lookups: in each, a file is looked at once for changes.
    round: u64,
    /// When the round began, by [`Services::instant`].
    round_began: Option<Instant>,
    /// What debugging flags ask for.
    levels: Levels,
    /// Notices about the opening of the map that was asked last.
    opening: usize,
    /// Whether the lookup is made in the mode in which `-D` maps are not asked.
    deferring: bool,
    /// How many alias maps are declared.
    alias_maps: usize,
    /// Connections of socket maps, shared by endpoint (MAP-087).
    connections: HashMap<Endpoint, Box<dyn Stream>>,
    /// Connections of LDAP maps, shared by login (MAP-077).
    directories: HashMap<Login, Session>,
}

impl Default for MapSet {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl MapSet {
    /// A set without maps. Nothing is opened or asked.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            numbers: MapNumbers::default(),
            maps: Vec::new(),
            depth: 0,
            round: 0,
            round_began: None,
            levels: Levels::default(),
            opening: 0,
            deferring: false,
            alias_maps: 0,
            connections: HashMap::new(),
            directories: HashMap::new(),
        }
    }

    /// Replaces the options, as known when the whole configuration has been read.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = Arc::new(settings);
    }

    /// What debugging flags ask for from now on.
    pub fn set_levels(&mut self, levels: Levels) {
        self.levels = levels;
    }

    /// What debugging flags ask for.
    pub(crate) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The maps that have been opened, or could not be.
    #[must_use]
    pub fn opened(&self) -> Vec<OpenedMap> {
        let maps = self.maps.iter().flatten();
        let asked = maps.filter(|map| matches!(map.state, State::Open(_) | State::Failed));
        let mut logins: Vec<&Login> = Vec::new();
        asked
            .map(|map| OpenedMap {
                connection: map.login().map(|login| {
                    logins.iter().position(|other| *other == login).unwrap_or_else(|| {
                        logins.push(login);
                        logins.len() - 1
                    })
                }),
                name: map.common.name.clone(),
                file: traces::file(&map.common),
                closing: match map.state {
                    State::Open(_) => traces::closing(&map.common),
                    _ => None,
                },
            })
            .collect()
    }

    /// The options in use.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The connections of socket maps.
    pub(crate) fn connections(&mut self) -> &mut HashMap<Endpoint, Box<dyn Stream>> {
        &mut self.connections
    }

    /// Whether maps with `-D` are not to be asked.
    pub(crate) fn is_deferring(&self) -> bool {
        self.deferring
    }

    /// What has been told so far is about the opening of the map that is asked.
    pub(crate) fn count_as_opening(&mut self, notices: usize) {
        self.opening = notices;
    }

    /// The connections of LDAP maps.
    pub(crate) fn directories(&mut self) -> &mut HashMap<Login, Session> {
        &mut self.directories
    }

    /// Whether a map of this name was declared (usable or not).
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        self.number(name).is_some()
    }

    /// Begins another round of lookups: files that have changed meanwhile are noticed.
    pub fn begin_round(&mut self) {
        self.round += 1;
        self.round_began = None;
    }

    /// Another address comes. `now` is what [`Services::instant`] tells: a round of lookups serves all
    /// addresses of a millisecond; without a clock each begins its own.
    pub fn begin_address(&mut self, now: Option<Instant>) {
        let age =
            now.zip(self.round_began).and_then(|(now, began)| now.checked_duration_since(began));
        if age.is_none_or(|age| age >= ROUND) {
            self.begin_round();
            self.round_began = now;
        }
    }

    fn number(&self, name: &[u8]) -> Option<usize> {
        self.numbers.get(name)
    }

    /// The class of a map.
    #[must_use]
    pub fn class_of(&self, name: &[u8]) -> Option<&'static str> {
        self.named(name).map(|map| map.common.class)
    }

    /// What the rule machine must know to build the key; none when there is no such map.
    #[must_use]
    pub fn traits(&self, name: &[u8]) -> Option<MapTraits> {
        let number = self.number(name)?;
        let Common { keep_quotes, space_sub, .. } = self.numbered(number)?.common;
        Some(MapTraits { keep_quotes, space_sub, number })
    }

    /// All maps, sorted by name.
    #[must_use]
    pub fn descriptions(&self) -> Vec<MapDescription> {
        let mut all: Vec<_> = self
            .maps
            .iter()
            .flatten()
            .map(|map| MapDescription {
                name: map.common.name.clone(),
                class: map.common.class,
                file: map.common.file.clone(),
                usable: !matches!(map.state, State::Faulty),
                columns: match map.common.class {
                    "text" => Columns::of(&map.common).ok(),
                    _ => None,
                },
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// A map's declaration as `-d37.5` shows it.
    #[must_use]
    pub fn declaration(&self, name: &[u8]) -> Option<Vec<u8>> {
        let map = self.named(name)?;
        Some(traces::declaration(&map.common, !matches!(map.state, State::Faulty)))
    }

    /// What `-d38.2` and `-d38.3` show when the map of a `K` line is declared.
    #[must_use]
    pub fn declaring(k_line: &[u8]) -> [Option<Vec<u8>>; 2] {
        let Ok(KLine { name, class, arguments }) = k_line::parse(k_line) else {
            return [None, None];
        };
        let class = class.to_ascii_lowercase();
        let first = traces::declaring(name, &class, arguments);
        [first, traces::compiling(&class, arguments)]
    }

    /// Lends what a question outside of any map needs; returns what there is to tell as well.
    pub(crate) fn with_env<T>(
        &mut self,
        services: &mut dyn Services,
        ask: impl FnOnce(&mut Env<'_>) -> T,
    ) -> (T, Vec<Notice>) {
        let settings = Arc::clone(&self.settings);
        let mut notices = Vec::new();
        let round = self.round;
        let result = ask(&mut Env {
            services,
            notices: &mut notices,
            settings: &settings,
            round,
            maps: self,
        });
        (result, notices)
    }

    /// Asks a map, opening it if this is its first use. `args` are the `$@` arguments (`%1` first).
    ///
    /// With delivery mode `d` a `-D` map is not asked: temporary failure (RS-067). Never panics;
    /// blocks as long as the services do.
    pub fn lookup(
        &mut self,
        name: &[u8],
        key: &[u8],
        args: &[&[u8]],
        context: &LookupContext,
        services: &mut dyn Services,
    ) -> Lookup {
        let Some(number) = self.number(name) else {
            let answer = Answer::NoSuchMap;
            return Lookup { answer, notices: Vec::new(), opening: 0, deferred: false };
        };
        self.deferring = context.is_deferring();
        let deferred = self.deferring
            && !context.direct
            && self.numbered(number).is_some_and(|map| map.common.not_deferred);
        self.lookup_number(number, Request { key, args }, deferred, services)
    }

    /// Whether the map of this number surely has no answer, as status 0 tells, and nothing to say; false
    /// for a map that is not open or needs more than its file, and where someone watches.
    pub fn has_none(&mut self, number: usize, key: &[u8], context: &LookupContext) -> bool {
        let Some(Some(map)) = self.maps.get_mut(number) else { return false };
        let State::Open(class) = &mut map.state else { return false };
        let deferred = context.is_deferring() && map.common.not_deferred;
        !(deferred || self.levels.on(Category::Maps))
            && class.has_none(&map.common, key, self.round)
    }

    fn lookup_number(
        &mut self,
        number: usize,
        request: Request<'_>,
        deferred: bool,
        services: &mut dyn Services,
    ) -> Lookup {
        let key = request.key;
        let mut notices = Vec::new();
        self.opening = 0;
        let request = (!deferred).then_some(request);
        let mut answer = self.ask_number(number, request, services, &mut notices);
        if let Answer::Temporary { text, substitute, sets_status, .. } = &mut answer
            && let Some(Map { common, .. }) = self.numbered(number)
        {
            // neither -T nor -t count for a map that was not asked (observed)
            *text = [&common.name[..], b" map: lookup (", key, b"): deferred"].concat();
            let suffix = common.tempfail_append.as_ref().filter(|_| !deferred);
            *substitute = suffix.map(|suffix| [key, &suffix[..]].concat());
            *sets_status = deferred || !common.tempfail_is_miss;
        }
        Lookup { answer, notices, opening: self.opening, deferred }
    }

    fn numbered(&self, number: usize) -> Option<&Map> {
        self.maps.get(number)?.as_deref()
    }

    fn named(&self, name: &[u8]) -> Option<&Map> {
        self.numbered(self.number(name)?)
    }

    /// The class-level lookup: no `-T`, no `-t`, no `-D`. Members of sequences are asked so.
    pub(crate) fn ask(
        &mut self,
        name: &[u8],
        request: Request<'_>,
        services: &mut dyn Services,
        notices: &mut Vec<Notice>,
    ) -> Answer {
        match self.number(name) {
            Some(number) => self.ask_number(number, Some(request), services, notices),
            None if self.depth >= MAX_DEPTH => Answer::MISS,
            None => Answer::NoSuchMap,
        }
    }

    /// Opens a map and asks it, if there is something to ask.
    fn ask_number(
        &mut self,
        number: usize,
        request: Option<Request<'_>>,
        services: &mut dyn Services,
        notices: &mut Vec<Notice>,
    ) -> Answer {
        if self.depth >= MAX_DEPTH {
            return Answer::MISS;
        }
        let Some(place) = self.maps.get_mut(number) else { return Answer::NoSuchMap };
        let Some(mut map) = place.take() else { return Answer::MISS };
        self.depth += 1;
        let settings = Arc::clone(&self.settings);
        let round = self.round;
        let mut env = Env { services, notices, settings: &settings, round, maps: self };
        let answer = map.ask(request, &mut env);
        self.depth -= 1;
        if let Some(place) = self.maps.get_mut(number) {
            *place = Some(map);
        }
        answer
    }
}

impl Map {
    /// The connection to a directory that the map has, once it is open.
    fn login(&self) -> Option<&Login> {
        match &self.state {
            State::Open(class) => class.login(),
            _ => None,
        }
    }

    fn ask(&mut self, request: Option<Request<'_>>, env: &mut Env<'_>) -> Answer {
        self.open(env);
        if env.maps.depth == 1 {
            env.maps.opening = env.notices.len();
        }
        let Some(request) = request else { return Answer::tempfail() };
        match &mut self.state {
            State::Open(class) => {
                traces::asking(&self.common, request, env);
                class.lookup(&self.common, request, env)
            }
            State::Failed => Answer::Temporary {
                exit: EX_TEMPFAIL,
                text: Vec::new(),
                substitute: None,
                sets_status: true,
            },
            State::Absent | State::Faulty | State::Declared(_) => Answer::NotOpen,
        }
    }

    fn open(&mut self, env: &mut Env<'_>) {
        if !matches!(self.state, State::Declared(_)) {
            return;
        }
        let State::Declared(mut class) = std::mem::replace(&mut self.state, State::Failed) else {
            return;
        };
        traces::opening(self.common.class, &self.common, env);
        let opening = class.open(&self.common, env);
        traces::opened(&self.common, opening, class.trouble(), env);
        self.state = match opening {
            Opening::Ready => State::Open(class),
            Opening::Absent => State::Absent,
            Opening::Failed => State::Failed,
        };
    }
}
