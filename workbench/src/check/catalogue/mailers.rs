//! Checks of mailers, headers and filters: BP05.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::{File, Lines};

checks! {
    MAILER_UNDEFINED "BP0501" "mailer-undefined" Error
    "a rule resolves to a mailer that the file does not define"
    "sendmail finds out when the rule fires: `554 5.3.5 buildaddr: unknown mailer`, and the mail bounces."
    Lines("Slocaladdr=5\nR$* @ $*\t$#smpt $@ $2 $: $1\n",
          "Msmtp, P=[IPC], F=mu, A=TCP $h\nSlocaladdr=5\nR$* @ $*\t$#smtp $@ $2 $: $1\n");

    MAILER_UNUSED "BP0502" "mailer-unused" Note
    "no rule resolves to a mailer"
    "The file has no rule with this mailer behind `$#`, and no rule that takes a mailer's name from a table \
     or from another macro."
    Lines("Msmtp, P=[IPC], F=mu, A=TCP $h\n",
          "Msmtp, P=[IPC], F=mu, A=TCP $h\nSlocaladdr=5\nR$* @ $*\t$#smtp $@ $2 $: $1\n");

    MAILER_LINE "BP0503" "mailer-line" Error
    "an M line, or a field of it, is not understood"
    "The mailer does not exist, or it works without what was not understood."
    Lines("Mx, P=/bin/x, Z=1, A=x $u\n", "Mlocal, P=/bin/x, F=lsDFM, A=x $u\n");

    MAILER_IPC_WORD "BP0504" "mailer-ipc-word" Warning
    "the first argument of an [IPC] mailer is neither TCP nor FILE"
    "Before sendmail 8.10 it was `IPC`. sendmail warns, and takes it for `TCP`.\n\n`--fix` writes `TCP`."
    Lines("Mtcp, P=[IPC], F=mu, A=IPC $h\nSlocaladdr=5\nR$* @ $*\t$#tcp $@ $2 $: $1\n",
          "Mtcp, P=[IPC], F=mu, A=TCP $h\nSlocaladdr=5\nR$* @ $*\t$#tcp $@ $2 $: $1\n");

    MAILER_FLAG "BP0505" "mailer-flag-unknown" Warning
    "a mailer has a flag that means nothing"
    "sendmail keeps any character as a flag. This one means nothing to it, and no `H` line asks for it."
    Lines("Mlocal, P=/bin/mail, F=lsDFMJ, A=mail $u\n", "Mlocal, P=/bin/mail, F=lsDFM, A=mail $u\n");

    HEADER_FLAG "BP0506" "header-flag-unset" Note
    "a header is added for a flag that no mailer has"
    "`H?x?Name: ...` is added for mailers with flag x. No mailer of the file has it, so that the header is \
     never added."
    Lines("H?Y?X-Loop: $j\n", "H?D?X-Loop: $j\n");

    MAILER_LOCAL "BP0507" "mailer-local-missing" Error
    "there is no mailer named local"
    "sendmail does not start without one: `No local mailer defined`, status 70."
    File("V10\nO QueueDirectory=/q\n", "V10\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n");

    SERVICE_LINE "BP0508" "service-line" Error
    "the line of a queue group or filter is not understood"
    "The group or filter does not exist, or works without what was not understood."
    Lines("Xclam, F=T\n", "Xclam, S=local:/run/clam.sock, F=T\nO InputMailFilters=clam\n");

    FILTER_UNDEFINED "BP0509" "filter-undefined" Error
    "InputMailFilters names a filter that no X line defines"
    "sendmail does not call it, and mail is not filtered."
    Lines("Xclam, S=local:/run/clam.sock, F=T\nO InputMailFilters=clam,dkim\n",
          "Xclam, S=local:/run/clam.sock, F=T\nO InputMailFilters=clam\n");

    FILTER_UNUSED "BP0510" "filter-unused" Note
    "a filter is defined, but not called"
    "Only filters that the option InputMailFilters names are called, or those that a DaemonPortOptions line \
     gives to its listener."
    Lines("Xclam, S=local:/run/clam.sock, F=T\n",
          "Xclam, S=local:/run/clam.sock, F=T\nO InputMailFilters=clam\n");
}
