//! Class `ldap`: entries of a directory (MAP-052, MAP-062..MAP-080).

mod connecting;
mod key;
mod results;
mod spec;

use cf_parser::debug::Category;

use super::{Answer, Class, Common, Declared, Env, MapSet, Opening, Request};
use crate::answer::{EX_NOTFOUND, EX_SOFTWARE};
use crate::interpolate;
use crate::ldap::message::Search;
use crate::ldap::session::{Deadline, Fault, Session};
use crate::ldap::{filter, url};
use connecting::{connect, not_connected};
use results::{Findings, OBJECT_CLASS, Trouble};
pub(crate) use spec::Login;
use spec::{Kind, Spec};

/// Seconds that a lookup may take in all, unless `-l` gives each search more. sendmail waits forever.
const MAX_LOOKUP: u32 = 300;

/// What finds every entry.
const ANY_ENTRY: &[u8] = b"(objectClass=*)";

struct Ldap {
    spec: Spec,
    /// The server was lost, and could not be reached again.
    lost: bool,
    /// What the system had to say when the map could not be opened.
    trouble: Vec<u8>,
}

/// Flags of its own, and a filter (`-k`), which is required.
pub(crate) fn declare(common: &mut Common, arguments: &[u8], maps: &MapSet) -> Declared {
    let (spec, errors) = spec::read(common, &maps.settings().ldap_defaults, arguments);
    match spec {
        Some(spec) => Declared::with(Ldap { spec, lost: false, trouble: Vec::new() }, errors),
        None => Declared::faulty(errors),
    }
}

impl Class for Ldap {
    fn open(&mut self, common: &Common, env: &mut Env<'_>) -> Opening {
        let cached = env.maps.directories().contains_key(&self.spec.login);
        env.trace(Category::Maps, 2, || {
            let how: &[u8] = if cached { b"using cached" } else { b"opening new" };
            [b"ldapmap_open(", &common.name[..], b", 0): ", how, b" connection\n"].concat()
        });
        match connect(&self.spec, env) {
            Ok(()) => Opening::Ready,
            Err(words) if common.optional => {
                self.trouble = words;
                Opening::Absent
            }
            Err(words) => {
                env.error(not_connected(&self.spec, common, &words));
                Opening::Failed
            }
        }
    }

    fn trouble(&self) -> &[u8] {
        &self.trouble
    }

    fn login(&self) -> Option<&Login> {
        (!self.lost).then_some(&self.spec.login)
    }

    fn lookup(&mut self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        if self.lost {
            return Answer::tempfail();
        }
        // a server that has gone is asked once more
        if let Err(words) = connect(&self.spec, env) {
            self.lost = true;
            if !common.optional {
                env.error(not_connected(&self.spec, common, &words));
                env.maps.count_as_opening(env.notices.len());
            }
            return Answer::tempfail();
        }
        let Some(mut session) = env.maps.directories().remove(&self.spec.login) else {
            return Answer::tempfail();
        };
        let key = common.fold(request.key);
        let mut lookup = Lookup::new(&self.spec, &mut session, env);
        let delimiter = common.delimiter.or(common.list_delimiter);
        let mut findings = Findings::new(&self.spec, delimiter, common.match_only);
        let outcome = lookup.run(&key, request.args, common.many_keys, &mut findings);
        let led_on = findings.has_led_on();
        let alive = !matches!(&outcome, Err(failure) if failure.ends_session());
        if alive {
            env.maps.directories().insert(self.spec.login.clone(), session);
        }
        match outcome {
            Ok(()) => match findings.into_value() {
                Some(value) => {
                    // what is only matched has no value (observed)
                    let shown = if common.match_only { b"<NULL>" } else { &value[..] };
                    let name = &common.name[..];
                    env.log_lookup(&[b"ldap=", name, b", ", request.key, b"=>", shown]);
                    Answer::Found(interpolate::result(common, request.key, &value, request.args))
                }
                // what nothing was found by, having been led on, is no failure (observed)
                None if led_on => Answer::MISS,
                None => Answer::NotFound { exit: EX_NOTFOUND },
            },
            Err(failure) => failure.answer(common, request, env),
        }
    }
}

/// Why a lookup has no answer.
enum Failure {
    /// The map's own filter is none: nothing is asked.
    Unasked,
    /// The answer did not come. A question that cannot be sent counts as this one.
    Server(Fault),
    /// A URL that is none.
    BadUrl,
    /// A filter, in an entry, that is none.
    BadFilter,
    /// What is wrong with the answer itself.
    Answer(Trouble),
}

const BAD_FILTER: &str = "Bad search filter";

impl Failure {
    fn ends_session(&self) -> bool {
        matches!(self, Self::Server(fault) if fault.ends_session())
    }

    /// Tells the user, and what the map answers (MAP-080).
    fn answer(self, common: &Common, request: Request<'_>, env: &mut Env<'_>) -> Answer {
        let (words, temporary) = match self {
            Self::Answer(Trouble::Ambiguous) => return Answer::NotFound { exit: EX_NOTFOUND },
            Self::Unasked => {
                let head = [b"Error in ldap_search in map ", &common.name[..], b": "].concat();
                env.error_coded("451 4.3.5", [&head, BAD_FILTER.as_bytes()].concat());
                return Answer::tempfail();
            }
            Self::Server(fault) => (fault.words(), true),
            Self::BadUrl => ("Unknown error", true),
            Self::BadFilter => (BAD_FILTER, true),
            Self::Answer(Trouble::Undecodable) => (Fault::Malformed.words(), true),
            Self::Answer(Trouble::TooLarge) => ("Out of memory", true),
            Self::Answer(Trouble::Unasked) => ("Bad address", false),
        };
        let head = [b"Error getting LDAP results, map=", &common.name[..], b", name="].concat();
        let text = [&head[..], request.key, b": ", words.as_bytes()].concat();
        env.error_coded("451 4.3.5", text);
        if temporary { Answer::tempfail() } else { Answer::NotFound { exit: EX_SOFTWARE } }
    }
}

/// One lookup: a search, and those that its entries lead to.
struct Lookup<'l, 'e> {
    spec: &'l Spec,
    session: &'l mut Session,
    env: &'l mut Env<'e>,
    attributes: Vec<&'l [u8]>,
    end: Deadline,
}

impl<'l, 'e> Lookup<'l, 'e> {
    fn new(spec: &'l Spec, session: &'l mut Session, env: &'l mut Env<'e>) -> Self {
        let named = spec.attributes.iter().map(|wanted| &wanted.name[..]);
        let attributes = if spec.attributes.is_empty() {
            Vec::new()
        } else {
            let others = named.filter(|name| !name.eq_ignore_ascii_case(OBJECT_CLASS));
            std::iter::once(OBJECT_CLASS).chain(others).collect()
        };
        let end = Deadline::after(env.services, spec.time_limit.max(MAX_LOOKUP));
        Self { spec, session, env, attributes, end }
    }

    fn run(
        &mut self,
        key: &[u8],
        args: &[&[u8]],
        many_keys: bool,
        findings: &mut Findings<'_>,
    ) -> Result<(), Failure> {
        let text = key::expand(&self.spec.filter, key, args, many_keys);
        let filter = filter::encode(&text).ok_or(Failure::Unasked)?;
        let search = Search { filter: &filter, ..usual(self.spec, &self.attributes) };
        let id = self.session.ask(&search).map_err(Failure::Server)?;
        self.collect(id, false, findings)?;
        while let Some((kind, text)) = findings.next_search() {
            match self.follow(kind, &text, findings) {
                // a further search that finds too much adds nothing (observed)
                Ok(()) | Err(Failure::Answer(Trouble::Ambiguous)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// A search that the value of an attribute leads to.
    fn follow(
        &mut self,
        kind: Kind,
        text: &[u8],
        findings: &mut Findings<'_>,
    ) -> Result<(), Failure> {
        let url =
            if kind == Kind::Url { Some(url::parse(text).ok_or(Failure::BadUrl)?) } else { None };
        let filter = match (kind, &url) {
            (Kind::Filter, _) => text,
            (_, Some(url)) => url.filter.as_deref().unwrap_or(ANY_ENTRY),
            _ => ANY_ENTRY,
        };
        let filter = filter::encode(filter).ok_or(Failure::BadFilter)?;
        let mut search = Search { filter: &filter, ..usual(self.spec, &self.attributes) };
        let mut named: Vec<&[u8]> = Vec::new();
        if kind == Kind::Dn {
            search.base = text;
        }
        if let Some(url) = &url {
            search.base = &url.base;
            // without a scope the entry itself is meant
            search.scope = url.scope.unwrap_or(0);
            named.extend(url.attributes.iter().map(|name| &name[..]));
            if !named.is_empty() {
                named.push(OBJECT_CLASS);
            }
            search.attributes = &named;
        }
        let id = self.session.ask(&search).map_err(Failure::Server)?;
        self.collect(id, kind == Kind::Url, findings)
    }

    /// Reads the answer to a search.
    fn collect(
        &mut self,
        id: u32,
        by_url: bool,
        findings: &mut Findings<'_>,
    ) -> Result<(), Failure> {
        let deadline = match self.spec.time_limit {
            0 => self.end,
            limit => Deadline::after(self.env.services, limit).min(self.end),
        };
        let mut answer = results::Answer::new(findings, by_url);
        let ended =
            self.session.answer(id, self.env.services, deadline, |entry| answer.take(entry));
        match answer.trouble() {
            Some(Trouble::Ambiguous) => {
                Err(ended.err().map_or(Failure::Answer(Trouble::Ambiguous), Failure::Server))
            }
            Some(trouble) => Err(Failure::Answer(trouble)),
            None => ended.map_err(Failure::Server),
        }
    }
}

/// What all searches of a map have in common unless a URL says otherwise.
fn usual<'s>(spec: &'s Spec, attributes: &'s [&'s [u8]]) -> Search<'s> {
    Search {
        base: &spec.base,
        scope: spec.scope,
        deref: spec.deref,
        size_limit: spec.size_limit,
        time_limit: spec.time_limit,
        names_only: spec.names_only,
        filter: b"",
        attributes,
    }
}
