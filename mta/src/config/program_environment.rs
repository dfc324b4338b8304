//! The environment of programs: mailers' and those of maps (ML-102).

use ruleset_vm::load::Configuration;

use crate::sys::config_files;

/// Variables beyond are dropped (CF-090).
const MAX_VARIABLES: usize = 100;
const AGENT: &[u8] = b"AGENT";
const ZONE: &[u8] = b"TZ";

/// `NAME=value` each: `AGENT=sendmail`, `TZ` as option TimeZoneSpec says, and the variables of `E` lines.
#[must_use]
pub fn of(configuration: &Configuration) -> Vec<Vec<u8>> {
    let zone = match configuration.options.bytes("TimeZoneSpec") {
        Some(name) if name.is_empty() => config_files::environment(ZONE),
        other => other,
    };
    variables(&configuration.environment, zone)
}

/// `E` lines may change `AGENT`; the zone of the option counts more than theirs (observed).
fn variables(lines: &[(Vec<u8>, Vec<u8>)], zone: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut all = vec![(AGENT, &b"sendmail"[..])];
    let zone = zone.as_ref().map(|zone| (ZONE, &zone[..]));
    let lines = lines.iter().map(|(name, value)| (&name[..], &value[..]));
    for (name, value) in lines.chain(zone) {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => all.push((name, value)),
        }
    }
    all.truncate(MAX_VARIABLES);
    all.into_iter().map(|(name, value)| [name, b"=", value].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_small() {
        // ML-102
        let mut lines = vec![(b"A".to_vec(), b"1".to_vec()), (b"AGENT".to_vec(), b"me".to_vec())];
        assert_eq!(variables(&lines, None), [&b"AGENT=me"[..], b"A=1"]);
        lines.truncate(1);
        assert_eq!(variables(&lines, None), [&b"AGENT=sendmail"[..], b"A=1"]);
        lines.push((b"TZ".to_vec(), b"UTC7".to_vec()));
        let zone = Some(b"EST5EDT".to_vec());
        assert_eq!(variables(&lines, zone), [&b"AGENT=sendmail"[..], b"A=1", b"TZ=EST5EDT"]);
        lines.truncate(1);
        // CF-090
        lines.extend((0..200).map(|n| (format!("V{n}").into_bytes(), Vec::new())));
        assert_eq!(variables(&lines, None).last().map(Vec::as_slice), Some(&b"V97="[..]));
    }
}
