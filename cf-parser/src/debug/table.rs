//! The table of debugging categories.

/// A category that prints something here; the number is the one behind `-d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Category {
    /// Version and identity.
    Version = 0,
    /// How the program ends.
    End = 2,
    /// The resolver.
    Resolver = 8,
    /// Addresses for a mailer.
    RemoteName = 12,
    /// Parsing addresses.
    Parse = 20,
    /// Rewriting.
    Rewrite = 21,
    /// The tokenizer.
    Tokens = 22,
    /// Triples.
    Triple = 24,
    /// Aliases.
    Alias = 27,
    /// The user database.
    UserDb = 28,
    /// Display texts.
    Crack = 33,
    /// Macros.
    Macros = 35,
    /// Options and classes.
    Options = 37,
    /// Maps.
    Maps = 38,
    /// Hook rulesets.
    Hooks = 48,
    /// Lookups in rules.
    Lookups = 60,
    /// Operators by their octets.
    Codes = 84,
}

/// What one category prints.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The category.
    pub category: Category,
    /// Its subject.
    pub subject: &'static str,
    /// From which level on what is printed, in order.
    pub levels: &'static [(u8, &'static str)],
}

const fn row(
    category: Category,
    subject: &'static str,
    levels: &'static [(u8, &'static str)],
) -> Row {
    Row { category, subject, levels }
}

/// Every category that prints something here.
pub const CATEGORIES: &[Row] = &[
    row(
        Category::Version,
        "version and identity",
        &[
            (1, "version, what it is compiled with, the names of this host after the file is read"),
            (4, "names and addresses found for this host"),
            (
                10,
                "what the system has; paths of configurations and of the file with the process id",
            ),
            (15, "the mailers, as `=M` lists them"),
            (20, "addresses of interfaces"),
            (40, "that interfaces are asked"),
            (
                44,
                "their flags, and names known already; tokens one on a line, with made-up addresses",
            ),
        ],
    ),
    row(Category::End, "the end of test mode", &[(1, "the exit status")]),
    row(
        Category::Resolver,
        "the resolver",
        &[
            (1, "questions for mail hosts that failed"),
            (2, "questions for mail hosts and canonical names"),
            (4, "domains that take no mail"),
            (5, "each name and type that is tried"),
            (7, "how each went"),
        ],
    ),
    row(
        Category::RemoteName,
        "addresses as mailers see them",
        &[(1, "the address before and after")],
    ),
    row(
        Category::Parse,
        "addresses to mailers, hosts and users",
        &[(1, "the address, and what is known of it afterwards")],
    ),
    row(
        Category::Rewrite,
        "rewriting",
        &[
            (
                1,
                "input and result of each ruleset; the workspace of a rule that applies without end",
            ),
            (2, "values read with `$&`"),
            (3, "calls of rulesets without rules"),
            (4, "the workspace after each rule that applies"),
            (10, "rules that fail"),
            (12, "rules that are tried, and right-hand sides of those that match"),
            (15, "line numbers of rules; what `$1` to `$9` took"),
            (19, "the tokens of values read with `$&`"),
            (35, "every comparison of an element with a token"),
            (36, "every time that a wildcard takes one token more"),
        ],
    ),
    row(
        Category::Tokens,
        "the tokenizer",
        &[(11, "texts"), (12, "their tokens"), (36, "each token on a line")],
    ),
    row(
        Category::Triple,
        "triples",
        &[
            (4, "that the result is kept"),
            (5, "the workspace that is taken apart"),
            (6, "what came of it"),
        ],
    ),
    row(
        Category::Alias,
        "aliases and forwarding",
        &[
            (1, "names that are looked up, and their values"),
            (2, "files that are read"),
            (3, "files that are tried; alias files that are opened"),
            (4, "why a file is not read"),
            (5, "that a file of a list is safe"),
            (9, "as which user files are read"),
        ],
    ),
    row(Category::UserDb, "the user database", &[(1, "names that are looked up")]),
    row(Category::Crack, "display texts", &[(1, "the address and the text around it")]),
    row(
        Category::Macros,
        "macros",
        &[(9, "definitions"), (24, "display texts that are filled in"), (28, "each round of it")],
    ),
    row(
        Category::Options,
        "options, classes, maps as they are declared",
        &[
            (1, "options; flags of listeners"),
            (2, "time limits; files of classes"),
            (4, "the default user"),
            (5, "time limits at the start; maps"),
            (8, "words that come into classes"),
        ],
    ),
    row(
        Category::Maps,
        "maps",
        &[
            (2, "files that are opened; arithmetic"),
            (3, "patterns that are compiled"),
            (4, "whether opening worked"),
            (5, "maps that are closed at the end of test mode"),
            (9, "databases that are closed"),
            (19, "answers of the service switch"),
            (20, "lookups, and where host names are looked for"),
        ],
    ),
    row(Category::Hooks, "hook rulesets", &[(2, "their arguments")]),
    row(
        Category::Lookups,
        "lookups in rules",
        &[(1, "map, key and value"), (5, "the arguments of the lookup")],
    ),
    row(
        Category::Codes,
        "operators by their octets",
        &[(1, "in hexadecimal"), (2, "in octal instead")],
    ),
];

/// The table as a page of documentation.
#[must_use]
pub fn debug_markdown() -> String {
    let mut page = String::from(PREFACE);
    for row in CATEGORIES {
        page.push_str(&format!("\n## {}: {}\n\n", row.category as u8, row.subject));
        for (level, what) in row.levels {
            page.push_str(&format!("- {level}: {what}\n"));
        }
    }
    page
}

/// What stands in front of the categories.
const PREFACE: &str = "\
# Debugging flags

Made from the table in `cf-parser/src/debug/table.rs`; do not edit.

`-d` on the command line and in test mode takes a list: `21.12` is category 21 at level 12, `21` means level 1,
`20-24.5` several categories, and a comma or blank separates entries. Later entries win; a level of 0 turns a category off; `-d`
alone is level 1 of all. `-dANSI` shows operators in reverse video. Each level prints what the lower ones print as well.
";
