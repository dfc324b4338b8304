//! Checks of rules: BP04.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::{File, Lines};

checks! {
    REPLACEMENT "BP0401" "replacement-out-of-bounds" Error
    "$n beyond what the left side has matched"
    "`$1` to `$9` are what the wildcards of the left side matched, counted from the left; `$&x` and `$@` \
     are not counted. sendmail keeps the rule; when it fires, it ends with status 78."
    Lines("Slocaladdr=5\nR$+ @ $+\t$: $1 @ $3\n", "Slocaladdr=5\nR$+ @ $+\t$: $1 @ $2\n");

    OPERATOR_MISPLACED "BP0402" "operator-misplaced" Error
    "an operator stands on the wrong side of a rule"
    "`$*`, `$+`, `$-`, `$=` and `$~` match, so they stand on the left; `$1`, `$:`, `$>`, `$[`, `$(` put \
     something, so they stand on the right. Such a left side matches nothing."
    Lines("Slocaladdr=5\nR$+ @ $+\t$: $+ @ $2\n", "Slocaladdr=5\nR$+ @ $+\t$: $1 @ $2\n");

    WILDCARDS "BP0403" "wildcards-too-many" Error
    "a left side has more than nine wildcards"
    "There are names for nine, `$1` to `$9`. sendmail empties the left side, which then matches the empty \
     address only."
    Lines("Sx\nR$- $- $- $- $- $- $- $- $- $-\t$: $1\n", "Sx\nR$- $- $- $- $- $- $- $- $-\t$: $1\n");

    LOOKUP_BRACKETS "BP0404" "lookup-brackets" Error
    "the brackets of a lookup do not fit"
    "`$(` needs its `$)` and `$[` its `$]`, and no lookup stands within another one. A map takes nine \
     arguments."
    Lines("Sx\nR$+\t$: $[ $1\n", "Sx\nR$+\t$: $[ $1 $]\n");

    SIDE_EMPTY "BP0405" "side-empty" Error
    "one side of a rule is empty"
    "Write `$@` for nothing on the left."
    Lines("Sx\nR\t\t$: x\n", "Sx\nR$@\t\t$: x\n");

    UNREACHABLE "BP0406" "rule-unreachable" Warning
    "a rule can never match, because an earlier one takes all that it could"
    "An earlier rule matches everything this one matches, and leaves the ruleset (`$@` or `$#`). Between \
     the two no rule can make such an address."
    Lines("Slocaladdr=5\nR$*\t$@ $1\nR$+ @ $+\t$: $1 % $2\n",
          "Slocaladdr=5\nR$+ @ $+\t$: $1 % $2\nR$*\t$@ $1\n");

    LOOPS "BP0407" "rule-loops" Error
    "a rule matches its own result, again and again"
    "A rule without `$:` or `$@` in front is applied until it does not match any more. This one always \
     does: after a hundred times sendmail says `Infinite loop in ruleset` and leaves the ruleset."
    Lines("Slocaladdr=5\nR$* @ $*\t$1 @ $2 . example\n", "Slocaladdr=5\nR$* @ $*\t$: $1 @ $2 . example\n");

    RECURSION "BP0408" "rulesets-recurse" Error
    "a ruleset calls itself for every address"
    "Before any other rule can end it, the ruleset calls itself, or one that calls it. After 50 of them \
     sendmail says `excessive recursion` and ends with status 78."
    Lines("Slocaladdr=5\nR$*\t$: $>x $1\nSx\nR$*\t$: $>localaddr $1\n",
          "Slocaladdr=5\nR$*\t$: $>x $1\nSx\nR$* @ $*\t$: $>localaddr $1\n");

    NO_TRIPLE "BP0409" "no-triple" Error
    "ruleset 0 ends without a triple"
    "Ruleset 0 has to say where the mail goes, `$#mailer $@ host $: user`. An address that leaves it \
     without is refused: `554 5.3.5 buildaddr: no mailer in parsed address`."
    File("V10\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\nS0\nR$*\t$@ $>9 $1\nS9\nR$* @ $*\t$: $1\n",
         "V10\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\nS0\nR$*\t$@ $>9 $1\nS9\nR$*\t$#local $: $1\n");

    HOOK_IDLE "BP0410" "hook-idle" Warning
    "a ruleset that the program asks can never act"
    "The program looks for `$#` at the front of what this ruleset returns (`$#error` or `$#discard`, or an \
     answer behind `$#`). Neither it nor what it calls ever returns one, and no map that does something is \
     asked: it could as well not be there."
    Lines("Scheck_mail\nR$* @ spam.example\t$: error 550\n",
          "Scheck_mail\nR$* @ spam.example\t$#error $@ 5.7.1 $: 550 no\n");

    ARGUMENT_QUOTED "BP0411" "argument-quoted" Warning
    "$n in quotes is not replaced"
    "A quoted text is one word, in which `$1` stays what it is: the reply has a control character and a \
     digit in it. End the quotes in front of it."
    Lines("Scheck_mail\nR$+ @ $+\t$#error $@ 5.7.1 $: \"550 not from $2\"\n",
          "Scheck_mail\nR$+ @ $+\t$#error $@ 5.7.1 $: \"550 not from \" $2\n");
}
