//! Checks of levels, dialects and the host: BP07.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::{File, Lines, Words};

checks! {
    LEVEL_MISSING "BP0701" "level-missing" Warning
    "there is no V line"
    "The file is read as one of level 0, as before 1992: `#` begins a comment in the first column only, \
     names of hosts are not looked up as today, addresses with a colon are taken apart otherwise."
    File("O QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n",
         "V10\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n");

    LEVEL_OLD "BP0702" "level-old" Note
    "the file is of an older level than sendmail"
    "sendmail behaves as the version did that the level belongs to, and says that the file is out of date. \
     It works; what changes with the level is in the page about levels of the Operations Guide."
    File("V8\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n",
         "V10\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n");

    LEVEL_NEW "BP0703" "level-new" Error
    "the file is of a newer level than sendmail"
    "The file may have what this version does not know."
    File("V11\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n",
         "V10\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n");

    VENDOR "BP0704" "vendor-unknown" Error
    "the V line names a vendor whose sendmail this is not"
    "The file was written for another vendor's sendmail, which reads some lines otherwise. `--dialect` runs \
     those of SunOS, of 4.3BSD and of the IDA kit; `bangpath dialect` prints them in today's language."
    File("V1/Sun\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n",
         "V10/Berkeley\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\n");

    LEVEL_LATE "BP0705" "level-late" Warning
    "a V line stands behind lines whose meaning it changes"
    "A level counts from its line on: comments in rules, `$w`, the operators, the flags of mailers above it \
     have been read as the level before had them. Put it first."
    File("Mlocal, P=/bin/mail, A=mail $u\nV10\nO QueueDirectory=/q\n",
         "V10\nMlocal, P=/bin/mail, A=mail $u\nO QueueDirectory=/q\n");

    HASH_TEXT "BP0706" "hash-is-text" Warning
    "# begins no comment below level 3"
    "In a file of level 0 to 2, `#` begins a comment in the first column only. Here it and what follows \
     belong to the line."
    File("O QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\nCwhosta # and hostb\n",
         "V10\nO QueueDirectory=/q\nMlocal, P=/bin/mail, A=mail $u\nCwhosta # and hostb\n");

    DIALECT "BP0707" "dialect-not-run" Error
    "a line of another vendor's language that has no equal in sendmail 8"
    "The line was left out when the file was put into the language of sendmail 8. Mail that it was meant \
     for goes another way."
    Words("    bangpath --dialect sun check sendmail.cf");

    HOST_UNQUALIFIED "BP0708" "host-unqualified" Warning
    "the name of this host has no domain"
    "`$j` is what this host calls itself to others, and has to be a full name. Set it with a line `Dj`, or \
     give the host a full name."
    Lines("Djmyhost\n", "Djmyhost.example.com\n");
}
