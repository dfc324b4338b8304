//! Addresses through the rules of a configuration: the library call, without output and traces.
//!
//!     cargo bench -p workbench --bench rules -- CF ADDRESSES [ROUNDS]
//!
//! Prints addresses a second of one core. `benches/rules` runs it and sendmail on the same input and
//! prints the ratios, by instructions (callgrind) and by CPU time.

use std::time::Instant;

use mapper::{LookupContext, MapSet, Settings, SystemServices};
use ruleset_vm::load::{
    ClassFileBlame, ClassText, Complaint, Configuration, HostFacts, OwnInterface, Surroundings,
    User, load,
};
use ruleset_vm::trace::NoTracer;
use ruleset_vm::{Machine, Rewriter, Role};
use workbench::answering::{Answering, MapMessage};

/// The files a configuration names, and nothing else of the system.
struct Files {
    maps: MapSet,
}

impl Surroundings for Files {
    fn class_file(&mut self, path: &[u8], _blame: ClassFileBlame) -> Result<ClassText, Complaint> {
        let path = String::from_utf8_lossy(path).into_owned();
        let found = std::fs::read(&path);
        found
            .map(ClassText::Bytes)
            .map_err(|error| Complaint::error(error.to_string().into_bytes(), 71))
    }

    fn class_program(&mut self, _command: &[u8]) -> Result<Vec<u8>, Complaint> {
        Ok(Vec::new())
    }

    fn class_lookup(
        &mut self,
        _name: &cf_parser::Name,
        _key: &[u8],
        _spec: &[u8],
    ) -> Result<Option<Vec<u8>>, Vec<Complaint>> {
        Ok(None)
    }

    fn declare_map(&mut self, line: &[u8]) -> Vec<Complaint> {
        self.maps.declare(line).into_iter().map(|e| Complaint::error(e.text, 70)).collect()
    }

    fn declare_alias_map(&mut self, _class: Option<&[u8]>, _spec: &[u8]) -> Vec<Complaint> {
        Vec::new()
    }

    fn environment(&mut self, _name: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn user(&mut self, _name: &[u8]) -> Option<User> {
        None
    }

    fn interfaces(&mut self, _loopback_names: bool) -> Vec<OwnInterface> {
        Vec::new()
    }

    fn service(&mut self, _name: &[u8]) -> bool {
        true
    }

    fn host(&mut self, _name: &[u8], _v6: bool) -> bool {
        true
    }

    fn group(&mut self, _name: &[u8]) -> Option<u32> {
        None
    }
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn configuration(cf: &[u8]) -> (Configuration, MapSet) {
    let (config, diagnostics) = cf_parser::parse(cf);
    let facts = HostFacts {
        name: b"bench.example.test".to_vec(),
        node: b"bench".to_vec(),
        mode: b't',
        ..HostFacts::default()
    };
    let mut files = Files { maps: MapSet::new(Settings::default()) };
    let (configuration, _) = load(&config, diagnostics, &facts, &mut files);
    let mut settings = Settings::default();
    settings.blame.map_in_unsafe_dir_path = true;
    settings.blame.group_writable_dir_safe = true;
    files.maps.set_settings(settings);
    files.maps.finish(configuration.level);
    (configuration, files.maps)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [cf, addresses, rest @ ..] = &arguments[..] else {
        eprintln!("usage: rules CF ADDRESSES [ROUNDS]");
        return;
    };
    let rounds: usize = rest.first().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (configuration, mut maps) = configuration(&read(cf));
    let addresses = read(addresses);
    let addresses: Vec<&[u8]> =
        addresses.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut services = SystemServices::default();
    let mut say = |message: MapMessage| {
        eprintln!("{}", String::from_utf8_lossy(&message.text));
    };
    let mut lookups = Answering {
        maps: &mut maps,
        services: &mut services,
        context: LookupContext::default(),
        levels: Default::default(),
        say: &mut say,
        postponed: None,
    };
    let mut machine = Machine::new(configuration.program.clone());
    let mut macros = configuration.macros.clone();
    let mut tracer = NoTracer;
    let mut rewriter = Rewriter {
        machine: &mut machine,
        configuration: &configuration,
        macros: &mut macros,
        lookups: &mut lookups,
        tracer: &mut tracer,
    };
    let start = Instant::now();
    let mut mailers = vec![0u64; configuration.mailers.len() + 1];
    for _ in 0..rounds {
        for address in &addresses {
            let parsed = rewriter.parse(address, None, Role::default());
            let place = match parsed.map(|parsed| parsed.triple.mailer) {
                Some(ruleset_vm::Target::Mailer(index)) => index + 1,
                _ => 0,
            };
            mailers[place] += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = addresses.len() * rounds;
    println!("{count} addresses, {:.0} a second, by mailer {mailers:?}", count as f64 / seconds);
}
