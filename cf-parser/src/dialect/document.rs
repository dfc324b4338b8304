//! The page about dialects, from the table.

use super::{CONSTRUCTS, Dialect, NOT_RUN};
use std::fmt::Write as _;

/// The text of `docs/dialects.md`.
#[must_use]
pub fn dialects_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    for (name, dialect) in Dialect::NAMES {
        let _ = write!(out, "\n## {name}\n\n{}\n\n{HEAD}", about(dialect));
        for row in CONSTRUCTS.iter().filter(|row| row.dialect == dialect) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                row.construct, row.sendmail, row.becomes, row.source
            );
        }
    }
    out.push_str(OPEN);
    for (vendor, what) in NOT_RUN {
        let _ = writeln!(out, "| {vendor} | {what} |");
    }
    out
}

const INTRODUCTION: &str = "\
# Dialects

This page is written from the table in `cf-parser/src/dialect/table.rs`.

Vendors changed sendmail, and sendmail changed. Without being asked, bangpath reads every file as sendmail 8.17 reads it:
what that refuses is refused, in its words. A file that another sendmail ran is run with

    bangpath --dialect sun -C /etc/mail/sendmail.cf -bt

in front of the classic flags, for every mode. The name is one of those below, or `auto`: the vendor on the `V` line, and no
dialect if there is none or an unknown one. Each line is put into the language of sendmail 8 before it is read, line for line,
so that messages name the lines of the file; classes and maps that have to be added come behind its end.

    bangpath dialect sun /etc/mail/sendmail.cf >new.cf

prints the result, to go on with. What is *not run* is left out with a message,
`FILE: line N: dialect NAME: not run: ...`, and counts as an error in the file (exit status 70), because mail would go elsewhere
than it did.
";

const HEAD: &str = "| construct | sendmail 8.17 | becomes | meaning from |\n|---|---|---|---|\n";

const OPEN: &str = "
## Not run

No public description was found that says what these mean, or they have no counterpart. Files that use them are read as if they
did not, with sendmail's messages.

| vendor | what |
|---|---|
";

fn about(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Bsd => {
            "4.2BSD, 4.3BSD, and sendmail 8 before 8.12. The other dialects have these rows as well."
        }
        Dialect::Sun => {
            "SunOS 4, Solaris before 2.5 (no `V` line, or `V1/Sun`), and Solaris up to 7."
        }
        Dialect::Ida => "sendmail 5.6x with the IDA kit.",
    }
}
