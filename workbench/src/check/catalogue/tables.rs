//! Checks of tables and aliases: BP09.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::{Table, Words};

checks! {
    TABLE_LINE "BP0901" "table-line" Error
    "makemap refuses a line"
    "The line begins with a blank, has no value, or is longer than 1022 bytes. makemap says so, leaves it \
     out, and ends with status 65."
    Table("access", " spam.example REJECT\n", "spam.example REJECT\n");

    TABLE_DUPLICATE "BP0902" "table-duplicate" Error
    "a key stands in a table twice"
    "makemap takes the first, says `duplicate key` of the others, and ends with status 65. Case does not \
     matter."
    Table("access", "spam.example REJECT\nSpam.Example OK\n", "spam.example REJECT\n");

    TABLE_VALUE "BP0903" "table-value" Warning
    "a value that the rules of the feature do not take"
    "The rules of the feature know certain words; anything else becomes the text of an error, or an \
     address that does not work."
    Table("access", "From:spam.example REJCT\n", "From:spam.example REJECT\n");

    ACCESS_TAG "BP0904" "access-tag" Warning
    "a tag that no rule asks for"
    "The rules ask for keys with the tags `Connect:`, `From:`, `To:` and some others. A key with another \
     tag is never asked for."
    Table("access", "Form:spam.example REJECT\n", "From:spam.example REJECT\n");

    TABLE_KEY "BP0905" "table-key" Warning
    "a key in a form that the rules never ask for"
    "Networks are written as the beginning of an address without a dot at its end (`192.168`), domains \
     without a dot at their end, users with `@`."
    Table("access", "Connect:192.168.0.0/16 RELAY\n", "Connect:192.168 RELAY\n");

    TABLE_MAILER "BP0906" "table-mailer" Error
    "a mailertable sends to a mailer that does not exist, or to none"
    "A value is `mailer:host`. A mailer that the configuration does not have makes the mail bounce; a \
     value without a colon is taken for no entry."
    Table("mailertable", "example.com smpt:[relay.example.net]\n",
          "example.com smtp:[relay.example.net]\n");

    ALIAS_LINE "BP0907" "alias-line" Error
    "newaliases refuses a line of aliases"
    "The entry is left out, and newaliases ends with status 70."
    Table("aliases", "postmaster: root\nstaff alice, bob\n", "postmaster: root\nstaff: alice, bob\n");

    ALIAS_DUPLICATE "BP0908" "alias-duplicate" Warning
    "an alias is defined twice"
    "The last definition counts, unless the map has the flag `-A`."
    Table("aliases", "postmaster: root\nstaff: alice\nStaff: bob\n",
          "postmaster: root\nstaff: alice, bob\n");

    ALIAS_LOOP "BP0909" "alias-loop" Error
    "aliases lead back to themselves"
    "Mail to any of them bounces: `aliasing/forwarding loop broken`. An alias that names itself as \
     `\\name` ends there, and is fine."
    Table("aliases", "postmaster: root\na: b\nb: a\n", "postmaster: root\na: b\nb: \\a\n");

    ALIAS_POSTMASTER "BP0910" "alias-postmaster" Note
    "there is no alias postmaster"
    "Every host that takes mail needs a postmaster (RFC 5321, 4.5.1), and bounces come from MAILER-DAEMON. \
     Without the alias, mail to it goes to a user of that name, if there is one. Where there are several alias files, one \
     of them has to have it."
    Table("aliases", "staff: alice, bob\n", "postmaster: root\nstaff: alice, bob\n");

    ALIAS_FILE "BP0911" "alias-file" Warning
    "the list, program or file that an alias names does not exist or is not safe"
    "Mail to the alias waits or bounces."
    Words("    staff: :include:/etc/mail/staff      (and there is no such file)");
}
