//! Whether mail would go to the host it went to.

use std::rc::Rc;

use mapper::{DnsAnswer, DnsQuery, RecordData, RecordType};
use ruleset_vm::mailer::Mailer;

use super::super::host::{Relay, Target, bare, same_address, targets};
use super::Judge;
use crate::answering::MapServices;

/// Names and addresses that a host is known by; `None` if that was not asked, or nobody answered.
pub(super) type Names = Option<Vec<Vec<u8>>>;

/// Seconds for a question to the name service, and how often it is put.
const PATIENCE: (u32, u32) = (5, 2);
/// Mail exchangers looked at.
const MAX_EXCHANGERS: usize = 20;

/// Of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    Different,
    /// It differs unless the name service says otherwise.
    Undecided,
    /// It cannot be compared: who takes mail for the host is not known.
    NotTold,
}

/// Whether a mailer speaks to other hosts.
pub(super) fn is_network(mailer: &Mailer) -> bool {
    let path = mailer.path.to_ascii_uppercase();
    let file = mailer.argv.first().is_some_and(|word| plain(word).eq_ignore_ascii_case(b"FILE"));
    matches!(path.as_slice(), b"[IPC]" | b"[TCP]") && !file
}

fn plain(word: &cf_parser::text::Text) -> Vec<u8> {
    cf_parser::text::write(word)
}

impl<S: MapServices> Judge<S> {
    /// Compares the `$@` part with where mail went.
    pub(super) fn compare_host(&mut self, wanted: &[u8], mailer: usize, relay: &Relay) -> Verdict {
        let configuration = self.engine.configuration().clone();
        let Some(mailer) = configuration.mailers.get(mailer) else { return Verdict::NotTold };
        if !is_network(mailer) {
            let same = relay.host.eq_ignore_ascii_case(wanted) || relay.is(wanted);
            return if same { Verdict::Same } else { Verdict::Different };
        }
        // a mailer that goes to the same host whatever the triple says
        if mailer.argv.get(1).is_none_or(|word| plain(word) != b"$h") {
            return Verdict::NotTold;
        }
        let targets = targets(wanted);
        if relay.host.eq_ignore_ascii_case(wanted) || targets.iter().any(|it| relay.is(it.name)) {
            return Verdict::Same;
        }
        // when all else fails, mail goes there
        let options = &configuration.options;
        let fallback = ["FallbackMXhost", "FallbackSmartHost"]
            .iter()
            .filter_map(|name| options.bytes(name))
            .any(|host| super::super::host::targets(&host).iter().any(|it| relay.is(it.name)));
        if fallback {
            return Verdict::Same;
        }
        self.compare_names(&targets, relay)
    }

    fn compare_names(&mut self, targets: &[Target<'_>], relay: &Relay) -> Verdict {
        if targets.iter().all(|target| target.is_address()) {
            // a name without an address is none of them, or the name of one
            let told = relay.known_address();
            return if told { Verdict::Different } else { Verdict::NotTold };
        }
        let mut known = true;
        for target in targets.iter().filter(|target| !target.is_address()) {
            match self.names_of(*target).as_ref() {
                Some(names) if names.iter().any(|name| relay.is(name)) => return Verdict::Same,
                Some(_) => {}
                None => known = false,
            }
        }
        match known {
            true => Verdict::Different,
            // brackets: the host itself, unless its name is an alias
            false if targets.iter().all(|target| target.bracketed) => Verdict::Undecided,
            false => Verdict::NotTold,
        }
    }

    /// The mail exchangers of a host, or if it stands in brackets its own names and addresses.
    fn names_of(&mut self, target: Target<'_>) -> Rc<Names> {
        let mark: &[u8] = if target.bracketed { b"[" } else { b"" };
        let key = [mark, &target.name.to_ascii_lowercase()[..]].concat();
        if let Some(known) = self.hosts.get(&key).0 {
            return Rc::clone(known);
        }
        let names = Rc::new(self.ask_names(target));
        self.hosts.insert(key, Rc::clone(&names));
        names
    }

    fn ask_names(&mut self, target: Target<'_>) -> Names {
        let mut names = vec![target.name.to_vec()];
        if !target.bracketed {
            let exchangers = self.look_up(target.name, RecordType::Mx)?;
            names.extend(exchangers.into_iter().take(MAX_EXCHANGERS));
        }
        // a name may be an alias of another one
        for name in names.clone() {
            for kind in [RecordType::A, RecordType::Aaaa] {
                names.extend(self.look_up(&name, kind)?);
            }
        }
        names.sort_unstable();
        names.dedup_by(|one, other| one.eq_ignore_ascii_case(other) || same_address(one, other));
        Some(names)
    }

    /// Names and addresses of an answer; none for a name that does not exist.
    fn look_up(&mut self, name: &[u8], kind: RecordType) -> Names {
        let (retrans, retry) = PATIENCE;
        match self.engine.resolve_name(&DnsQuery { name: bare(name), kind, retrans, retry })? {
            DnsAnswer::Failure => None,
            DnsAnswer::NoSuchName => Some(Vec::new()),
            DnsAnswer::Records(records) => {
                let texts = records.into_iter().filter_map(|record| match record.data {
                    RecordData::Address(address) => Some(address.to_string().into_bytes()),
                    RecordData::Name(name) | RecordData::Preferred(_, name) => Some(name),
                    _ => None,
                });
                Some(texts.collect())
            }
        }
    }
}
