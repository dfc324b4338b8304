//! Checks of files: BP06.

use super::{Check, Example, checks};
use crate::check::finding::Severity;
use Example::Words;

checks! {
    CLASS_FILE "BP0601" "class-file" Error
    "the file, program or map of an F line cannot be read"
    "sendmail says `fileclass: cannot open` and asks for status 71: it does not start as a daemon. With \
     `-o` behind the name a missing file is passed over."
    Words("    Fw/etc/mail/local-host-names      (and there is no such file)");

    FILE_MISSING "BP0602" "file-missing" Warning
    "a file or directory that the configuration names does not exist"
    "Whatever needs it fails when it is needed: a mailer's program, a certificate, the queue, the database \
     of a map without `-o`."
    Words("    Mlocal, P=/usr/lib/mail.local, ...      (and there is no such program)");

    FILE_UNSAFE "BP0603" "file-unsafe" Warning
    "others could change a file or directory that sendmail trusts"
    "sendmail does not use a file that somebody else could exchange: one that group or others may write, \
     or in a directory that they may write. A key that others can read is not secret. DontBlameSendmail \
     can allow each; what it allows here is not reported."
    Words("    O AliasFile=/tmp/aliases      (others may write in /tmp)");

    MAP_OLD "BP0604" "map-out-of-date" Warning
    "the text of a map or of aliases is newer than its database"
    "The database has what the text said earlier. Run `makemap` or `newaliases`. A map without a database \
     has to be made first."
    Words("    /etc/mail/access is newer than /etc/mail/access.db");

    RUNNING_OLD "BP0605" "daemon-has-older" Note
    "a file was changed after the daemon started"
    "The configuration and the files of classes are read when the daemon starts, which has written \
     PidFile. It goes by what they said then, until it is restarted."
    Words("    /etc/mail/local-host-names is newer than the running daemon");
}
