//! Checks of lines: BP00 and BP01.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::{File, Lines, Words};

checks! {
    ALLOW_UNKNOWN "BP0001" "allow-unknown" Warning
    "an allow comment names no check"
    "A comment `# bangpath: allow CODE` keeps a finding from being shown. This one names a code that does \
     not exist, so it allows nothing."
    Lines("# bangpath: allow BP9999\nDXx\n", "# bangpath: allow BP0307\nDXx\n");

    ALLOW_UNUSED "BP0002" "allow-unused" Note
    "an allow comment allows nothing"
    "Nothing of what the comment allows was found. Perhaps it has been mended; then the comment can go."
    Lines("Slocaladdr=5\n# bangpath: allow BP0406\nR$*\t$1\n", "Slocaladdr=5\n# bangpath: allow BP0407\nR$*\t$1\n");

    OTHER "BP0100" "sendmail-complains" Error
    "sendmail complains about a line"
    "sendmail has something to say about the line that no other check has better words for."
    Words("    a file with more than 25 `P` lines");

    TAB_MISSING "BP0101" "tab-missing" Error
    "blanks stand where a tab must separate the two sides of a rule"
    "The sides of a rule are separated by tabs; blanks belong to the side they stand in. sendmail says \
     `invalid rewrite line ... (tab expected)` and leaves the rule out, and the mail goes where the \
     other rules send it. Editors and copies through terminals turn tabs into blanks.\n\n\
     `--fix` puts a tab in the place of the blanks where only one place can be meant."
    Lines("Sx\nR$* @ $*      $: $1 % $2\n", "Sx\nR$* @ $*\t$: $1 % $2\n");

    LINE_CONTINUES "BP0102" "line-continues" Warning
    "a line that looks empty continues the one above it"
    "A line that begins with a blank or a tab continues the line above, even if there is nothing else on \
     it. What follows it, if it is indented as well, belongs to the same line. Where nothing follows, \
     this is a note only.\n\n\
     `--fix` takes the blanks away where nothing follows them."
    Lines("DXx\n  \n  more\n", "DXx\n\nDYy\n");

    LINE_SWALLOWED "BP0103" "line-swallowed" Warning
    "an indented line is part of the line above it"
    "A line that begins with a blank or a tab continues the line above. This one looks like a line of its \
     own, but it is none: a rule in it is never tried, an option in it is never set."
    Lines("Sx\nR$* @ $*\t$: $1 % $2\n R$* % $*\t$: $1 @ $2\n",
          "Sx\nR$* @ $*\t$: $1 % $2\nR$* % $*\t$: $1 @ $2\n");

    LINE_UNKNOWN "BP0104" "line-unknown" Error
    "a line begins with no known letter"
    "The first character of a line says what it is. sendmail says `unknown configuration line` and goes \
     on without it."
    Lines("lookup foo\n", "# lookup foo\n");

    NAME_FAULTY "BP0105" "name-faulty" Error
    "the name of a macro or class cannot be read"
    "A name is one character, or up to 25 letters, digits and underscores in braces. A file can have 96 \
     long names."
    Lines("D{a.b}x\n", "D{a_b}x\n");

    RULESET_NAME_CUT "BP0106" "ruleset-name-cut" Warning
    "only the beginning of a ruleset's name counts"
    "The name of a ruleset is a number, or a letter with letters, digits and underscores behind it. What \
     follows is not read, and sendmail says nothing: `S1O`, with the letter O, is ruleset 1, and the rules \
     behind it are added to that. The same goes for calls: `$>1O` calls ruleset 1."
    Lines("S1O\nR$*\t$@ $1\n", "S10\nR$*\t$@ $1\n");

    RULESET_NAME "BP0107" "ruleset-name" Error
    "a ruleset cannot have this name or number"
    "Numbers are below 100, names begin with a letter, and a file can name a hundred rulesets. The rules \
     behind such a line are lost."
    Lines("S150\nR$*\t$@ $1\n", "S15\nR$*\t$@ $1\n");

    RULE_OUTSIDE "BP0108" "rule-outside" Error
    "a rule belongs to no ruleset"
    "There is no `S` line above the rule, or that one was refused. sendmail says `missing valid ruleset`."
    File("V10\nR$*\t$@ $1\n", "V10\nSx\nR$*\t$@ $1\n");

    NUL_BYTE "BP0109" "nul-byte" Warning
    "a zero byte ends a line"
    "What stands behind a zero byte is not read, and neither are the lines that continue it."
    Lines("DXx\0y\n", "DXxy\n");
}
