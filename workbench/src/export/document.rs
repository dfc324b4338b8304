//! `docs/export.md`: the table of features and options as text.

use super::features::{Carry, FEATURES};
use super::options::{Becomes, OPTION_ROWS};

/// What stands above the tables.
const HEAD: &str = "\
# Leaving for Postfix or Exim

    bangpath export postfix -C /etc/mail/sendmail.cf --to DIR
    bangpath export exim    -C /etc/mail/sendmail.cf --to DIR --addresses FILE --check

writes a configuration for the other mail system into `DIR`, and prints what could not be carried over, and why. Files that
are there are not overwritten without `--force`. It works on files of other machines, with `--host-facts` and `--root`
([host-facts.md](host-facts.md)), and touches nothing but files ([host-facts.md](host-facts.md#what-is-asked)).

What a configuration has is not read from its text: classes, macros, maps and options count as they stand when the file
has been read, and the rules are asked what they do with addresses, clients and senders made for the purpose.
Comments in what is written name the lines it comes from.

With `--check` the result is compared with the target where it is installed, for each address of `--addresses`: where
bangpath sends it, and where the target does, and what it looks like as a sender in a header to other hosts. Postfix is asked
with `postmap`, `postconf` and its own `trivial-rewrite`; Exim with `-bV`, `-v -bt` and `-brw`. The exit status is 1 if
something differs. Names that exist only in the name service are not asked for.

`DIR` for Postfix is a directory as `/etc/postfix`, with `main.cf`, `master.cf` and the sources of its tables; make
databases of those with `postmap` and `postalias` (`--check` does). For Exim it is `exim.conf` with tables beside it, which it reads as they are.

The list is grouped: what is `left` is not there at all, what is `changed` is there but not quite the same.

";

/// The whole text.
#[must_use]
pub fn document() -> String {
    let mut out = HEAD.to_owned();
    out.push_str(
        "## Features\n\n| name | of m4 | recognised by | Postfix | Exim |\n|---|---|---|---|---|\n",
    );
    for row in FEATURES {
        let m4 = if row.m4.is_empty() { "" } else { row.m4 };
        out.push_str(&format!(
            "| `{}` | {m4} | {} | {} | {} |\n",
            row.id,
            row.seen,
            carry(row.postfix),
            carry(row.exim)
        ));
    }
    out.push_str("\n## Options\n\nThose that belong to a feature are not repeated here.\n\n");
    out.push_str("| option | Postfix | Exim |\n|---|---|---|\n");
    for row in OPTION_ROWS {
        if row.postfix == Becomes::Feature {
            continue;
        }
        out.push_str(&format!(
            "| {} | {} | {} |\n",
            row.name,
            becomes(row.postfix),
            becomes(row.exim)
        ));
    }
    out
}

fn carry(carry: Carry) -> String {
    match carry {
        Carry::Whole(how) => how.to_owned(),
        Carry::Partly("", what) => format!("not carried over: {what}"),
        Carry::Partly(how, what) => format!("{how}; not: {what}"),
        Carry::No(why) => format!("no: {why}"),
    }
}

fn becomes(becomes: Becomes) -> String {
    match becomes {
        Becomes::Set(names, _) => {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        }
        Becomes::Feature => "a feature".to_owned(),
        Becomes::Nothing(why) => format!("no: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/export.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == document(), "docs/export.md: UPDATE_DOCS=1 cargo test -p workbench");
    }
}
