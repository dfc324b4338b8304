//! The oracle's limits (CF-072..CF-105), observed with sendmail 8.17.1.9.

/// Most tokens of one workspace (`MAXATOM`).
pub const MAX_ATOMS: usize = 1000;
/// Longest token, in bytes (`MAXNAME`, observed); other texts count one for their end.
pub const MAX_NAME: usize = 256;
/// Bytes of all tokens of one address, each counting one more for its end (`PSBUFSIZE`).
pub const PRESCAN_BUFFER: usize = MAX_NAME + MAX_ATOMS;
/// Most wildcards on one left-hand side (`MAXMATCH`).
pub const MAX_WILDCARDS: usize = 9;
/// Ruleset numbers, named ones included (`MAXRWSETS`).
pub const MAX_RULESETS: usize = 200;
/// Numbers a configuration may write itself.
pub const MAX_NUMBERED: usize = MAX_RULESETS / 2;
/// Nested rulesets (`MAXRULERECURSION`); the outermost is not counted.
pub const MAX_RECURSION: usize = 50;
/// Applications of one rule in a row.
pub const MAX_LOOPS: usize = 100;
/// Key and arguments of one lookup, with the terminator (`MAX_MAP_ARGS`).
pub const MAX_MAP_ARGS: usize = 10;
/// Calls in one right-hand side (`MAX_SUBR`).
pub const MAX_CALLS: usize = 16;
/// Bytes of an expanded text (`MACBUFSIZE`).
pub const MAX_EXPANSION: usize = 4096;
/// Nesting of macros in macros.
pub const MAX_MACRO_DEPTH: usize = 10;
/// Bytes of a lookup key (`MAXKEY`).
pub const MAX_KEY: usize = 1024;
/// Bytes of an expanded line (`MAXLINE`).
pub const MAX_LINE: usize = 2048;
/// Mailers (`MAXMAILERS`).
pub const MAX_MAILERS: usize = 25;
/// Bytes of the user part of a triple (observed).
pub const MAX_USER: usize = MAX_NAME - 1;
/// Bytes of the host part of a triple (observed).
pub const MAX_HOST: usize = MAX_NAME - 2;
/// Bytes of an address rewritten for a mailer (observed).
pub const MAX_REWRITTEN: usize = MAX_NAME - 2;
/// Bytes of an envelope sender's address (observed).
pub const MAX_SENDER: usize = MAX_NAME - 3;
/// Bytes of an address rewritten for a mailer with its display text (observed).
pub const MAX_FILLED: usize = MAX_NAME;
/// Work on one address: see [`work`]. sendmail has no such limit: a ruleset that calls itself from a rule
/// that repeats keeps it busy for ever.
pub const MAX_WORK: usize = 200_000;

/// The work of entering a ruleset or applying a rule that makes a workspace of so many tokens.
#[must_use]
pub const fn work(tokens: usize) -> usize {
    1 + tokens / 16
}
