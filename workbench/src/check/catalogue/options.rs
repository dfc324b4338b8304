//! Checks of options: BP02.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::{File, Lines, Words};

checks! {
    OPTION_UNKNOWN "BP0201" "option-unknown" Error
    "there is no option of this name"
    "sendmail says `readcf: unknown option name` and goes on with the option as it was. Names are read in \
     any case. Where one name is close to what was written, it is shown."
    Lines("O LogLevl=9\n", "O LogLevel=9\n");

    OPTION_WITHDRAWN "BP0202" "option-withdrawn" Warning
    "an option that today's sendmail does not have any more"
    "Older versions had this option. sendmail 8.17 says `unknown option name`, asks for exit status 70, and \
     goes on. The line can go; what does its work today is said with the finding."
    Lines("O AutoRebuildAliases=True\n", "O LogLevel=9\n");

    OPTION_ABBREVIATED "BP0203" "option-abbreviated" Warning
    "the name of an option is abbreviated"
    "sendmail takes a beginning that fits one name only, and says so. A later version may have another \
     name that begins so.\n\n`--fix` writes the name in full."
    Lines("O LogLev=9\n", "O LogLevel=9\n");

    OPTION_AMBIGUOUS "BP0204" "option-ambiguous" Error
    "the abbreviated name fits more than one option"
    "sendmail says `ambiguous option name` and sets none of them."
    Lines("O Max=9\n", "O MaxHopCount=9\n");

    OPTION_VALUE "BP0205" "option-value" Error
    "the value of an option, or a part of it, is not understood"
    "What is not understood is left out or replaced by the default, and the rest counts. A misspelt word \
     of PrivacyOptions or DontBlameSendmail protects or allows nothing."
    Lines("O PrivacyOptions=novrfy,noexpand\n", "O PrivacyOptions=novrfy,noexpn\n");

    OPTION_REPEATED "BP0206" "option-repeated" Warning
    "an option is set again to something else"
    "The last line counts, and the earlier ones do nothing."
    Lines("O LogLevel=9\nO LogLevel=14\n", "O LogLevel=14\n");

    OPTION_OTHER_BUILD "BP0207" "option-other-build" Error
    "an option that only other builds of sendmail have"
    "The option depends on how sendmail was compiled. The reference build, Debian's, refuses it as \
     unknown."
    Lines("O FIPSMode=True\n", "O LogLevel=9\n");

    OPTIONS_UNFIT "BP0208" "options-unfit" Warning
    "two options do not go together"
    "One option has no effect, or not the intended one, without another."
    Lines("O SingleThreadDelivery=True\n",
          "O SingleThreadDelivery=True\nO HostStatusDirectory=.hoststat\n");

    OPERATORS_LATE "BP0209" "operators-late" Warning
    "OperatorChars is set behind rules"
    "The characters that separate words are fixed when the first rule is read. Later lines change them \
     for addresses only, so that addresses are cut in other places than the rules."
    File("V10\nSx\nR$*\t$@ $1\nO OperatorChars=.:@\n", "V10\nO OperatorChars=.:@\nSx\nR$*\t$@ $1\n");

    OPTION_NEEDS_ROOT "BP0210" "option-needs-root" Note
    "an option that does nothing for who is not root"
    "The option asks for something that only root can do: to become another user, to change the root \
     directory. With `UseMSP` the program runs as the user who submits a message, and sendmail passes \
     over the option without a word."
    Lines("O UseMSP=True\nO SafeFileEnvironment=/var/safe\n", "O SafeFileEnvironment=/var/safe\n");

    OPTION_UNSAFE "BP0211" "option-unsafe" Note
    "an option of the command line costs sendmail its privileges"
    "A user who is not root may set the options that the table in options.md calls safe. With any other one, \
     and with `-C`, sendmail gives up its set-user-ID and set-group-ID rights and cannot write the queue."
    Words("    bangpath check -O QueueDirectory=/tmp/q /etc/mail/sendmail.cf");

    OPTION_MISSING "BP0212" "option-missing" Error
    "a file needs an option that this one does not set"
    "sendmail ends with status 78 when the queue directory is not set."
    File("V10\nMlocal, P=/bin/mail, A=mail $u\n",
         "V10\nO QueueDirectory=/var/spool/mqueue\nMlocal, P=/bin/mail, A=mail $u\n");

    USER_UNKNOWN "BP0213" "user-unknown" Error
    "a user, group, service or host that this machine does not know"
    "The line names somebody or something whom this machine does not know. If the file is meant for \
     another machine, say so with `--host-facts`."
    Lines("O DefaultUser=nosuchuser\n", "O DefaultUser=1:1\n");

    OPTION_SUFFIX "BP0214" "option-suffix" Warning
    "a suboption that means nothing to the option"
    "Only `Timeout` and `Milter` have names behind a dot. What stands behind the dot of another option is \
     not read, and sendmail says nothing."
    Lines("O LogLevel.smtp=9\n", "O Timeout.helo=5m\n");
}
