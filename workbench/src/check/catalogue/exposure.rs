//! Checks of what others may do: BP08.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::{File, Lines};

/// A site that sends mail for others by SMTP, listens, and takes `user%host@own.name` apart; lines can be put behind it.
macro_rules! site {
    ($lines:literal) => {
        concat!(
            "V10\nDjmail.example.com\nO QueueDirectory=/q\nO OperatorChars=.:%@!^/[]+\n",
            "S3\nR$* < $* > $*\t$: $2\nR$+ % $+ @ $=w\t$@ $1 @ $2\n",
            "S0\nR$+ @ $=w\t$#local $: $1\nR$+ @ $+\t$#smtp $@ $2 $: $1 @ $2\nR$+\t$#local $: $1\n",
            "Mlocal, P=/bin/mail, F=lsDFM, A=mail $u\nMsmtp, P=[IPC], F=mu, A=TCP $h\n",
            $lines
        )
    };
}

checks! {
    RELAY_OPEN "BP0801" "relay-open" Error
    "anybody may send mail to anybody through this host"
    "A client at 192.0.2.77, without a name and not authenticated, may send to a recipient at a foreign \
     host: `check_rcpt` was run with these facts, and no table had an entry for them. Whoever finds such a \
     host uses it for spam. Files that listen on the loopback address only are not reported."
    File(site!("Scheck_rcpt\nR< $+ @ spam.example >\t$#error $: 550 no\n"), site!("Scheck_rcpt\nR< $+ @ $=w >\t$@ OK\nR$*\t$#error $@ 5.7.1 $: 550 Relaying denied\n"));

    RELAY_SENDER "BP0802" "relay-by-sender" Error
    "who says to be a local sender may relay"
    "With a sender address of this host, a foreign client may send to a foreign recipient. Anybody can \
     write any address into MAIL FROM: m4's `relay_local_from` and `relay_mail_from` do this."
    File(site!("Scheck_rcpt\nR$*\t$: $&f $| $1\nR< $+ @ $=w > $| $*\t$@ OK\nR$* $| < $+ @ $=w >\t$@ OK\nR$*\t$#error $@ 5.7.1 $: 550 Relaying denied\n"), site!("Scheck_rcpt\nR< $+ @ $=w >\t$@ OK\nR$*\t$#error $@ 5.7.1 $: 550 Relaying denied\n"));

    RELAY_PERCENT "BP0803" "relay-percent" Error
    "an address with % or ! in front of this host's name is relayed"
    "`user%foreign@this.host` or `foreign!user@this.host` is accepted as an address of this host and then sent \
     on to `foreign`: `check_rcpt` looks at the host behind the last `@` only, and ruleset 3 or 0 takes it off."
    File(site!("Scheck_rcpt\nR< $+ @ $=w >\t$@ OK\nR$*\t$#error $@ 5.7.1 $: 550 Relaying denied\n"), site!("Scheck_rcpt\nR< $* % $* @ $=w >\t$#error $@ 5.7.1 $: 550 Relaying denied\nR< $+ @ $=w >\t$@ OK\nR$*\t$#error $@ 5.7.1 $: 550 Relaying denied\n"));

    RELAY_MX "BP0804" "relay-by-mx" Warning
    "whoever names this host as mail exchanger may relay through it"
    "A map of class `bestmx` decides about relaying: anybody can enter this host in their own DNS. m4's \
     `relay_based_on_MX` does this."
    File(site!("Kmx bestmx -T<TMP>\nScheck_rcpt\nR< $+ @ $+ >\t$: < $1 @ $2 > $(mx $2 $)\nR< $+ > $=w .\t$@ RELAY\nR$*\t$#error $: 550 no\n"), site!("Scheck_rcpt\nR< $+ @ $=w >\t$@ OK\nR$*\t$#error $: 550 no\n"));

    SMUGGLING "BP0805" "smuggling" Error
    "bare line ends are accepted, which lets messages be smuggled in"
    "A dot between line ends that are not CR LF ends a message for this host, but not for the one that \
     sends it: what follows is taken for another message, with a sender of its choice. `srv_features` with \
     the letters `O`, `G` or `U` allows it."
    Lines("Ssrv_features\nR$*\t$# O\n", "Ssrv_features\nR$*\t$# o\n");
}
