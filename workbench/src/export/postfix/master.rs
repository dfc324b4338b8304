//! `master.cf`: the services.

use super::super::features::Feature;
use super::super::site::Site;
use super::super::writing::origin;

/// Services besides listeners: name, type, private, unprivileged, chroot, wake up, processes, command.
const SERVICES: &[[&str; 8]] = &[
    ["pickup", "unix", "n", "-", "n", "60", "1", "pickup"],
    ["cleanup", "unix", "n", "-", "n", "-", "0", "cleanup"],
    ["qmgr", "unix", "n", "-", "n", "300", "1", "qmgr"],
    ["tlsmgr", "unix", "-", "-", "n", "1000?", "1", "tlsmgr"],
    ["rewrite", "unix", "-", "-", "n", "-", "-", "trivial-rewrite"],
    ["bounce", "unix", "-", "-", "n", "-", "0", "bounce"],
    ["defer", "unix", "-", "-", "n", "-", "0", "bounce"],
    ["trace", "unix", "-", "-", "n", "-", "0", "bounce"],
    ["verify", "unix", "-", "-", "n", "-", "1", "verify"],
    ["flush", "unix", "n", "-", "n", "1000?", "0", "flush"],
    ["proxymap", "unix", "-", "-", "n", "-", "-", "proxymap"],
    ["proxywrite", "unix", "-", "-", "n", "-", "1", "proxymap"],
    ["smtp", "unix", "-", "-", "n", "-", "-", "smtp"],
    ["relay", "unix", "-", "-", "n", "-", "-", "smtp"],
    ["showq", "unix", "n", "-", "n", "-", "-", "showq"],
    ["error", "unix", "-", "-", "n", "-", "-", "error"],
    ["retry", "unix", "-", "-", "n", "-", "-", "error"],
    ["discard", "unix", "-", "-", "n", "-", "-", "discard"],
    ["local", "unix", "-", "n", "n", "-", "-", "local"],
    ["virtual", "unix", "-", "n", "n", "-", "-", "virtual"],
    ["lmtp", "unix", "-", "-", "n", "-", "-", "lmtp"],
    ["anvil", "unix", "-", "-", "n", "-", "1", "anvil"],
    ["scache", "unix", "-", "-", "n", "-", "1", "scache"],
];

pub(super) fn services(site: &Site, name: &[u8]) -> Vec<u8> {
    let mut out = [b"# Made from ", name, b" by bangpath export postfix.\n"].concat();
    out.extend(origin(site, Feature::Ports, name));
    let mut written = Vec::new();
    for port in &site.ports {
        let place = match &port.address {
            Some(address) if address.contains(&b':') => {
                [b"[", &address[..], b"]:", &port.port].concat()
            }
            Some(address) => [&address[..], b":", &port.port].concat(),
            None => port.port.clone(),
        };
        if written.contains(&place) {
            continue;
        }
        line(
            &mut out,
            [&String::from_utf8_lossy(&place), "inet", "n", "-", "n", "-", "-", "smtpd"],
        );
        if port.tls {
            out.extend_from_slice(b"  -o smtpd_tls_wrappermode=yes\n");
        }
        if port.login {
            out.extend_from_slice(b"  -o smtpd_sasl_auth_enable=yes\n");
            out.extend_from_slice(
                b"  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n",
            );
        }
        written.push(place);
    }
    if site.ports.is_empty() && !site.null_client {
        line(&mut out, ["smtp", "inet", "n", "-", "n", "-", "-", "smtpd"]);
    }
    for service in SERVICES {
        line(&mut out, *service);
    }
    out
}

fn line(out: &mut Vec<u8>, fields: [&str; 8]) {
    let [name, kind, rest @ ..] = fields;
    out.extend(format!("{name:<15} {kind:<5} {}\n", rest.join("  ")).into_bytes());
}
