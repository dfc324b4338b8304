//! Categories 12, 20, 24, 33, 35 and 48: what becomes of an address.

use cf_parser::debug::Category;
use ruleset_vm::trace::{Event, Scene};
use ruleset_vm::{Role, Target, Triple};

use super::Traces;
use super::pointers::pointer;
use crate::show::{self, Look};

/// Flags of an address as traces show them.
const BUILT: &str = "180<QPINGONFAILURE,QPINGONDELAY>";
const PARSED: &str = "100180<QPINGONFAILURE,QPINGONDELAY,QSECURE>";

pub(super) fn write(traces: &Traces<'_>, scene: Scene<'_>, event: &Event<'_>, out: &mut Vec<u8>) {
    let at = |category, level| traces.levels.at(category, level);
    match event {
        Event::Parsing(address) if at(Category::Parse, 1) => {
            out.extend([b"\n--parseaddr(", *address, b")\n"].concat());
        }
        Event::Parsed { address, triple } if at(Category::Parse, 1) => {
            parsed(traces, address, triple, out);
        }
        Event::Building { workspace, role } if at(Category::Triple, 5) => {
            out.extend(format!("buildaddr, flags={}, tv=", flags(traces, *role)).into_bytes());
            Look::of(traces.levels).workspace(workspace, scene.table, out);
            out.push(b'\n');
        }
        Event::Built(triple) if at(Category::Triple, 6) => {
            out.extend_from_slice(b"buildaddr => ");
            address_dump(traces, b"<null>", triple, (b"<null>", BUILT), out);
        }
        Event::Kept { address, role } if at(Category::Triple, 4) => {
            out.extend(format!("allocaddr(flags={}, paddr=", flags(traces, *role)).into_bytes());
            out.extend([*address, b", ad=1)\n"].concat());
        }
        Event::Rewriting(address) if at(Category::RemoteName, 1) => {
            out.extend([b"remotename(", *address, b")\n"].concat());
        }
        Event::RewrittenFor { text, exit } if at(Category::RemoteName, 1) => {
            out.extend([b"remotename => `", *text, b"', "].concat());
            out.extend(format!("stat={}\n", exit.0).into_bytes());
        }
        Event::Cracked { address, template } if at(Category::Crack, 1) => {
            out.extend([b"crackaddr(", *address, b")\ncrackaddr=>`"].concat());
            out.extend(Look::of(traces.levels).text(template));
            out.extend_from_slice(b"'\n");
        }
        Event::Hook { ruleset, argument } if at(Category::Hooks, 2) => {
            out.extend([b"rscap(", *ruleset, b", ", *argument, b", (NULL))\n"].concat());
        }
        Event::Defined { name, value, again } if at(Category::Macros, 9) => {
            out.extend(definition(name, *value, *again));
        }
        Event::Filled { template, address, text } if at(Category::Macros, 9) => {
            let line = |parts: &[&[u8]]| [&parts.concat()[..], b"\n"].concat();
            let (template, text) = (show::visible(template), show::visible(text));
            out.extend(line(&[b"macset(g as ", &show::visible(address), b")"]));
            if at(Category::Macros, 24) {
                out.extend(line(&[b"expand(", &template, b")"]));
                if at(Category::Macros, 28) {
                    out.extend(line(&[b"expand(0) ==> ", &text]));
                }
                out.extend(line(&[b"expand ==> ", &text]));
            }
            out.extend_from_slice(b"macset(g as <null>)\n");
        }
        _ => {}
    }
}

/// A macro gets a value or loses it; `again` if it had one.
pub(crate) fn definition(name: &[u8], value: Option<&[u8]>, again: bool) -> Vec<u8> {
    let head: &[u8] = if again { b"redefine(" } else { b"define(" };
    let value = value.map_or(b"<null>".to_vec(), show::macro_value);
    [head, name, b" as ", &value, b")\n"].concat()
}

/// 1 for a sender, 2 more in a header, 30 more if the address is kept; in hexadecimal.
fn flags(traces: &Traces<'_>, role: Role) -> String {
    let role = u8::from(role.sender) | u8::from(role.header) << 1;
    format!("{:x}", role | if traces.copies { 0x30 } else { 0 })
}

fn parsed(traces: &Traces<'_>, address: &[u8], triple: &Triple, out: &mut Vec<u8>) {
    if matches!(triple.mailer, Target::Mailer(_)) {
        out.extend_from_slice(b"parseaddr-->");
        address_dump(traces, address, triple, (b"", PARSED), out);
    }
}

/// An address with everything that is known of it; `none` stands for a missing host.
fn address_dump(
    traces: &Traces<'_>,
    address: &[u8],
    triple: &Triple,
    (none, flags): (&[u8], &str),
    out: &mut Vec<u8>,
) {
    let (number, name) = match triple.mailer {
        Target::Mailer(index) => {
            let mailer = traces.configuration.mailers.get(index);
            (index, mailer.map_or(&b""[..], |mailer| &mailer.name))
        }
        Target::Error(_) => (0, &b"*error*"[..]),
    };
    let host = triple.host.as_deref().unwrap_or(none);
    out.extend(pointer(0).into_bytes());
    out.extend([b"=", address, b":\n\tmailer ", number.to_string().as_bytes()].concat());
    out.extend([b" (", name, b"), host `", host, b"'\n\tuser `", &triple.user[..]].concat());
    out.extend_from_slice(
        b"', ruser `<null>'\n\tstate=OK, next=0x0, alias 0x0, uid 0, gid 0\n\tflags=",
    );
    out.extend_from_slice(flags.as_bytes());
    out.extend_from_slice(
        b"\n\towner=(none), home=\"(none)\", fullname=\"(none)\"\n\
          \torcpt=\"(none)\", statmta=(none), status=(none)\n\
          \tfinalrcpt=\"(none)\"\n\trstatus=\"(none)\"\n\tstatdate=(none)\n",
    );
}
