//! Checks of names: BP03.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::Lines;

checks! {
    RULESET_UNDEFINED "BP0301" "ruleset-undefined" Error
    "a ruleset is called that the file does not define"
    "sendmail finds out when the rule fires: `Unknown ruleset`, status 78, and the address keeps the call \
     in it. A call of a number without rules does nothing, and is a note only. A header check by a ruleset \
     without rules checks nothing."
    Lines("Sx\nR$*\t$: $>Cannonify $1\n", "Sx\nR$*\t$: $>canonify $1\n");

    RULESET_UNUSED "BP0302" "ruleset-unused" Note
    "nothing calls a ruleset"
    "No rule that can run, no mailer, no header and no event calls the ruleset by name or number. It can \
     still be asked in test mode."
    Lines("Sx\nR$* @ $*\t$: $1 % $2\n", "Sx\nR$* @ $*\t$: $1 % $2\nSlocaladdr=5\nR$*\t$: $>x $1\n");

    MAILER_RULESET "BP0303" "mailer-ruleset-undefined" Warning
    "a mailer names a ruleset that the file does not define"
    "The `S=` or `R=` of a mailer makes a new, empty ruleset of a name that has no `S` line, and sendmail \
     says nothing: addresses are not rewritten for this mailer."
    Lines("SEnvFrom\nR$*\t$: $1\nMx, P=[IPC], F=m, S=EnvForm, A=TCP $h\n",
          "SEnvFrom\nR$*\t$: $1\nMx, P=[IPC], F=m, S=EnvFrom, A=TCP $h\n");

    MACRO_UNDEFINED "BP0304" "macro-undefined" Warning
    "a macro is used that nothing defines"
    "It stands for nothing. The program does not set it, no `D` line defines it, no map of class `macro` \
     stores it."
    Lines("DZ1\nO SmtpGreetingMessage=$j $Q\n", "DZ1\nO SmtpGreetingMessage=$j $Z\n");

    MACRO_LATE "BP0305" "macro-late" Warning
    "a macro is used above the line that defines it"
    "Rules, `C`, `F` and `K` lines are expanded when they are read: the macro stands for nothing there, \
     or for what an earlier line has set."
    Lines("Sx\nR$* @ $X\t$: $1 @ y\nDXexample.com\n", "DXexample.com\nSx\nR$* @ $X\t$: $1 @ y\n");

    MACRO_AMPERSAND "BP0306" "macro-needs-ampersand" Warning
    "a rule reads a macro that has its value only later"
    "`$x` in a rule is replaced when the file is read; the program sets this macro when a connection or a \
     message comes. Write `$&x`, which is looked up when the rule runs."
    Lines("Slocaladdr=5\nR$* @ $*\t$: $1 @ $2 ${client_addr}\n",
          "Slocaladdr=5\nR$* @ $*\t$: $1 @ $2 $&{client_addr}\n");

    MACRO_UNUSED "BP0307" "macro-unused" Note
    "nothing uses a macro"
    "Neither the program nor another line of the file reads it."
    Lines("DXexample.com\n", "DXexample.com\nCw$X\n");

    CLASS_UNDEFINED "BP0308" "class-undefined" Warning
    "a rule asks for a class that has no members"
    "No `C`, `F` or `T` line puts a word into the class and the program does not fill it, so that `$=x` \
     never matches and `$~x` always does. Classes that every file made with m4 asks for are not reported."
    Lines("C{Hosts}a b\nSlocaladdr=5\nR$={Hosts}\t$: $1 @ x\nR$={Hots}\t$: $1 @ y\n",
          "C{Hosts}a b\nSlocaladdr=5\nR$={Hosts}\t$: $1 @ x\n");

    CLASS_UNUSED "BP0309" "class-unused" Note
    "no rule asks for a class"
    "Neither a rule nor the program looks into the class."
    Lines("C{Hosts}a b\n", "C{Hosts}a b\nSlocaladdr=5\nR$={Hosts}\t$: $1 @ x\n");

    MAP_UNDEFINED "BP0310" "map-undefined" Error
    "a rule asks a map that no K line declares"
    "sendmail finds out when the rule fires: `map not found`; it goes on as if the map had no such key."
    Lines("Slocaladdr=5\nR$+\t$: $(acess $1 $)\n",
          "Kaccess hash /etc/mail/access\nSlocaladdr=5\nR$+\t$: $(access $1 $)\n");

    MAP_UNUSED "BP0311" "map-unused" Note
    "no rule asks a map"
    "Neither a rule, nor another map, nor the program asks it."
    Lines("Kaccess hash /etc/mail/access\n",
          "Kaccess hash /etc/mail/access\nSlocaladdr=5\nR$+\t$: $(access $1 $)\n");

    MAP_CLASS "BP0312" "map-class" Error
    "a map is of a class that this build does not have"
    "sendmail says `class not available`; every rule that asks the map goes on as if it had no such key."
    Lines("Kaccess dbm /etc/mail/access\n",
          "Kaccess hash /etc/mail/access\nSlocaladdr=5\nR$+\t$: $(access $1 $)\n");

    MAP_LINE "BP0313" "map-line" Error
    "a K line, or a flag in it, is not understood"
    "The map cannot be used, or works without what was not understood."
    Lines("Kaccess hash -X /etc/mail/access\n",
          "Kaccess hash -o /etc/mail/access\nSlocaladdr=5\nR$+\t$: $(access $1 $)\n");

    RULESET_REOPENED "BP0314" "ruleset-reopened" Note
    "a ruleset is opened again"
    "The rules are added behind those that the ruleset has already. `sendmail -bt` warns of it."
    Lines("S10\nR$* @ $*\t$: $1 % $2\nS10\nR$* % $*\t$: $1 @ $2\nS5\nR$*\t$: $>10 $1\n",
          "S10\nR$* @ $*\t$: $1 % $2\nR$* % $*\t$: $1 @ $2\nS5\nR$*\t$: $>10 $1\n");

    MACRO_RECURSION "BP0315" "macro-recursion" Error
    "a macro contains itself"
    "Macros may contain macros ten deep."
    Lines("DXa$X\nCw$X\n", "DXa\nCw$X\n");
}
