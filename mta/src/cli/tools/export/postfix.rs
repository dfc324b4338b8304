//! Postfix, asked: `postconf` reads the settings, `postmap` makes and asks the tables, `trivial-rewrite` resolves.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use workbench::export::verdict::Outcome;
use workbench::export::{Export, Use};

use super::check::{Answers, CheckError};
use crate::sys::other_programs::{Said, ask as run, find};

/// How often a table may change what it has given.
const ROUNDS: usize = 10;

struct Postfix<'a> {
    directory: &'a Path,
    postconf: PathBuf,
    postmap: PathBuf,
    postalias: PathBuf,
    rewrite: PathBuf,
    /// Domains of users of this host.
    local: Vec<Vec<u8>>,
}

/// Makes Postfix read the files, and route and rewrite addresses.
pub(super) fn ask(
    made: &Export,
    directory: &Path,
    addresses: &[Vec<u8>],
) -> Result<Answers, CheckError> {
    let program = |name: &'static str| find(&[name]).ok_or(CheckError::NotInstalled("postfix"));
    let mut postfix = Postfix {
        directory,
        postconf: program("postconf")?,
        postmap: program("postmap")?,
        postalias: program("postalias")?,
        rewrite: PathBuf::new(),
        local: made.site.local_names.iter().cloned().collect(),
    };
    let warnings = postfix.read()?;
    for file in &made.files {
        let program = match file.use_ {
            Use::Text => continue,
            Use::Postmap => &postfix.postmap,
            Use::Postalias => &postfix.postalias,
        };
        let said = postfix.run(program, &[directory.join(file.name).into()], b"")?;
        if !said.well {
            let said = String::from_utf8_lossy(&said.stderr).into_owned();
            return Err(CheckError::Refused { program: "postmap", said });
        }
    }
    let virtual_users = postfix.maps("virtual_alias_maps")?;
    let canonical = postfix.maps("canonical_maps")?;
    let senders = postfix.maps("sender_canonical_maps")?;
    let qualified = postfix.qualified(addresses)?;
    let recipients = postfix.mapped(&canonical, &qualified)?;
    let recipients = postfix.mapped(&virtual_users, &recipients)?;
    let outcomes =
        recipients.iter().map(|address| postfix.resolved(address)).collect::<Result<_, _>>()?;
    let senders = postfix.mapped(&senders, &qualified)?;
    let senders = postfix.mapped(&canonical, &senders)?;
    Ok(Answers { outcomes, senders, warnings })
}

impl Postfix<'_> {
    fn run(&self, program: &Path, words: &[OsString], input: &[u8]) -> Result<Said, CheckError> {
        let environment = [("MAIL_CONFIG", self.directory.as_os_str())];
        run(program, words, &environment, input).map_err(|source| CheckError::Program {
            program: program.display().to_string(),
            source,
        })
    }

    /// Has `postconf` read everything; returns its warnings.
    fn read(&mut self) -> Result<Vec<u8>, CheckError> {
        let mut warnings = Vec::new();
        for words in [&["-n"][..], &["-M"]] {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let said = self.run(&self.postconf, &words, b"")?;
            if !said.well {
                let said = String::from_utf8_lossy(&said.stderr).into_owned();
                return Err(CheckError::Refused { program: "postconf", said });
            }
            warnings.extend(said.stderr);
        }
        let daemons = self.setting("daemon_directory")?;
        self.rewrite = Path::new(OsStr::from_bytes(&daemons)).join("trivial-rewrite");
        Ok(warnings)
    }

    fn setting(&self, name: &str) -> Result<Vec<u8>, CheckError> {
        let said = self.run(&self.postconf, &["-hx".into(), name.into()], b"")?;
        Ok(said.stdout.trim_ascii().to_vec())
    }

    /// The tables of a setting.
    fn maps(&self, name: &str) -> Result<Vec<OsString>, CheckError> {
        let value = self.setting(name)?;
        let words = value.split(|byte| matches!(byte, b',' | b' ' | b'\t' | b'\n'));
        let words = words.filter(|word| !word.is_empty() && word.contains(&b':'));
        Ok(words.map(|word| OsStr::from_bytes(word).to_owned()).collect())
    }

    /// One request to `trivial-rewrite`, which answers on its standard output.
    fn request(&self, fields: &[&[u8]]) -> Result<Vec<u8>, CheckError> {
        let mut request = fields.join(&0);
        request.extend_from_slice(b"\0\0");
        let words = ["-S", "-n", "rewrite"].map(OsString::from);
        let said = self.run(&self.rewrite, &words, &request)?;
        if said.stdout.is_empty() {
            let said = String::from_utf8_lossy(&said.stderr).into_owned();
            return Err(CheckError::Refused { program: "trivial-rewrite", said });
        }
        Ok(said.stdout)
    }

    /// Addresses with domains, routes and other networks' forms taken out.
    fn qualified(&self, addresses: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CheckError> {
        let mut out = Vec::with_capacity(addresses.len());
        for address in addresses {
            let fields = [&b"request"[..], b"rewrite", b"rule", b"local", b"address", address];
            let reply = self.request(&fields)?;
            let mut words = reply.split(|byte| *byte == 0).skip_while(|word| *word != b"address");
            out.push(words.nth(1).unwrap_or_default().to_vec());
        }
        Ok(out)
    }

    fn resolved(&self, address: &[u8]) -> Result<Outcome, CheckError> {
        let fields = [&b"request"[..], b"resolve", b"sender", b"", b"address", address];
        Ok(Outcome::of_postfix(&self.request(&fields)?))
    }

    /// What tables make of addresses, asked again until nothing changes.
    fn mapped(&self, maps: &[OsString], addresses: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CheckError> {
        let mut addresses = addresses.to_vec();
        if maps.is_empty() {
            return Ok(addresses);
        }
        for _ in 0..ROUNDS {
            let mut keys: Vec<Vec<u8>> =
                addresses.iter().flat_map(|address| self.keys(address)).collect();
            keys.sort();
            keys.dedup();
            let answers =
                maps.iter().map(|map| self.lookup(map, &keys)).collect::<Result<Vec<_>, _>>()?;
            let mut changed = false;
            for address in &mut addresses {
                let found = self
                    .keys(address)
                    .into_iter()
                    .find_map(|key| answers.iter().find_map(|answers| answers.get(&key)).cloned());
                let Some(value) = found else { continue };
                let value = match value.starts_with(b"@") {
                    true => [local_part(address), &value].concat(),
                    false => value,
                };
                changed |= value != *address;
                *address = value;
            }
            if !changed {
                break;
            }
        }
        Ok(addresses)
    }

    /// The keys of an address in their order (canonical(5), virtual(5)).
    fn keys(&self, address: &[u8]) -> Vec<Vec<u8>> {
        let local = local_part(address);
        let domain = address.get(local.len() + 1..).unwrap_or_default().to_ascii_lowercase();
        let folded = local.to_ascii_lowercase();
        let bare = match folded.iter().skip(1).position(|byte| *byte == b'+') {
            Some(plus) => &folded[..=plus],
            None => &folded[..],
        };
        let mut keys = vec![[&folded[..], b"@", &domain].concat()];
        if bare.len() < folded.len() {
            keys.push([bare, b"@", &domain].concat());
        }
        if self.local.contains(&domain) {
            keys.push(folded.clone());
            keys.push(bare.to_vec());
        }
        keys.push([b"@", &domain[..]].concat());
        keys.dedup();
        keys
    }

    /// Asks one table for many keys at once.
    fn lookup(
        &self,
        map: &OsString,
        keys: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, Vec<u8>>, CheckError> {
        let input = keys.iter().flat_map(|key| [&key[..], b"\n"]).collect::<Vec<_>>().concat();
        let said = self.run(&self.postmap, &["-q".into(), "-".into(), map.clone()], &input)?;
        let lines = said.stdout.split(|byte| *byte == b'\n');
        let pairs = lines.filter_map(|line| {
            let end = line.iter().position(|byte| *byte == b'\t')?;
            Some((line.get(..end)?.to_vec(), line.get(end + 1..)?.to_vec()))
        });
        Ok(pairs.collect())
    }
}

fn local_part(address: &[u8]) -> &[u8] {
    let end = address.iter().rposition(|byte| *byte == b'@').unwrap_or(address.len());
    address.get(..end).unwrap_or_default()
}
