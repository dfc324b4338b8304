//! Whether a `.forward` or `:include:` file may be read, and whether what it says may name programs
//! and files (AD-025, AD-027, AD-032). Verdicts from facts; nothing is opened here.

use std::collections::BTreeSet;

use crate::sys::list_files::ListFacts;

/// The words of `O DontBlameSendmail`, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgiven(BTreeSet<Vec<u8>>);

impl Forgiven {
    /// Words separated by anything but letters and digits.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let words = value.split(|byte| !byte.is_ascii_alphanumeric());
        Self(words.filter(|word| !word.is_empty()).map(<[u8]>::to_ascii_lowercase).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(word.to_ascii_lowercase().as_bytes())
    }
}

/// What a file is read as; its rows of OPT-266..OPT-281.
#[derive(Debug)]
pub struct ListKind {
    /// In messages: `:include:` or `.forward`.
    pub name: &'static str,
    group_file: [&'static str; 2],
    world_file: [&'static str; 2],
    unsafe_directory: [&'static str; 2],
    group_directory: &'static str,
}

/// `:include:` files.
pub static INCLUDE: ListKind = ListKind {
    name: ":include:",
    group_file: ["GroupWritableIncludeFile", "GroupWritableIncludeFileSafe"],
    world_file: ["WorldWritableIncludeFile", "WorldWritableIncludeFileSafe"],
    unsafe_directory: ["IncludeFileInUnsafeDirPath", "IncludeFileInUnsafeDirPathSafe"],
    group_directory: "IncludeFileInGroupWritableDirPath",
};

/// `.forward` files.
pub static FORWARD: ListKind = ListKind {
    name: ".forward",
    group_file: ["GroupWritableForwardFile", "GroupWritableForwardFileSafe"],
    world_file: ["WorldWritableForwardFile", "WorldWritableForwardFileSafe"],
    unsafe_directory: ["ForwardFileInUnsafeDirPath", "ForwardFileInUnsafeDirPathSafe"],
    group_directory: "ForwardFileInGroupWritableDirPath",
};

/// What may be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListVerdict {
    /// Not read, for this reason.
    Refused(&'static str),
    /// Read, but programs and files in it are refused; the reason is for the log.
    Unsafe(&'static str),
    /// Read and believed.
    Safe,
}

/// Looks at the directories from the root on, then at the file; the group's right to write counts as
/// much as that of all.
#[must_use]
pub fn verdict(kind: &ListKind, facts: &ListFacts, forgiven: &Forgiven) -> ListVerdict {
    let mut worst = ListVerdict::Safe;
    let trusts_sticky = forgiven.has("TrustStickyBit");
    for directory in &facts.directories {
        if directory.mode & 0o1000 != 0 && trusts_sticky {
            continue;
        }
        let group_is_fine =
            forgiven.has("GroupWritableDirPathSafe") || forgiven.has(kind.group_directory);
        let reason = if directory.mode & 0o002 != 0 {
            "World writable directory"
        } else if directory.mode & 0o020 != 0 && !group_is_fine {
            "Group writable directory"
        } else {
            continue;
        };
        match weigh(forgiven, &kind.unsafe_directory, reason, "unsafe directory path") {
            ListVerdict::Safe => {}
            ListVerdict::Refused(reason) => return ListVerdict::Refused(reason),
            ListVerdict::Unsafe(reason) => worst = ListVerdict::Unsafe(reason),
        }
    }
    if !facts.regular {
        return ListVerdict::Refused("Regular files only");
    }
    let writers = [
        (0o020, &kind.group_file, "Group writable file", "group writable"),
        (0o002, &kind.world_file, "World writable file", "world writable"),
    ];
    for (bit, words, refusal, mark) in writers {
        if facts.mode & bit == 0 {
            continue;
        }
        match weigh(forgiven, words, refusal, mark) {
            ListVerdict::Safe => {}
            ListVerdict::Refused(reason) => return ListVerdict::Refused(reason),
            ListVerdict::Unsafe(reason) => worst = ListVerdict::Unsafe(reason),
        }
    }
    worst
}

/// `words`: the one that lets the file be read, and the one that lets it be believed.
fn weigh(
    forgiven: &Forgiven,
    words: &[&'static str; 2],
    refusal: &'static str,
    mark: &'static str,
) -> ListVerdict {
    match words {
        [_, safe] if forgiven.has(safe) => ListVerdict::Safe,
        [readable, _] if forgiven.has(readable) => ListVerdict::Unsafe(mark),
        _ => ListVerdict::Refused(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::list_files::Place;

    fn facts(directory: u32, file: u32) -> ListFacts {
        let directories = vec![Place { mode: 0o755, uid: 0 }, Place { mode: directory, uid: 1 }];
        ListFacts { mode: file, uid: 1, gid: 1, regular: true, directories }
    }

    #[test]
    fn verdicts_follow_the_bits_and_what_is_forgiven() {
        use ListVerdict::{Refused, Safe, Unsafe};
        // AD-025, AD-027, AD-032; each row seen with .forward or :include:
        let rows: &[(u32, u32, &str, ListVerdict)] = &[
            (0o755, 0o644, "", Safe),
            (0o755, 0o664, "", Refused("Group writable file")),
            (0o755, 0o666, "", Refused("Group writable file")),
            (0o755, 0o646, "", Refused("World writable file")),
            (0o775, 0o644, "", Refused("Group writable directory")),
            (0o777, 0o644, "", Refused("World writable directory")),
            (0o1777, 0o644, "", Refused("World writable directory")),
            (0o1777, 0o644, "TrustStickyBit", Safe),
            (0o775, 0o644, "groupwritabledirpathsafe", Safe),
            (0o775, 0o644, "ForwardFileInGroupWritableDirPath", Safe),
            (0o777, 0o644, "ForwardFileInUnsafeDirPath", Unsafe("unsafe directory path")),
            (0o777, 0o644, "ForwardFileInUnsafeDirPathSafe", Safe),
            (0o755, 0o664, "GroupWritableForwardFile", Unsafe("group writable")),
            (0o755, 0o664, "GroupWritableIncludeFile", Refused("Group writable file")),
            (0o755, 0o664, "GroupWritableForwardFileSafe", Safe),
            (0o755, 0o666, "GroupWritableForwardFileSafe", Refused("World writable file")),
        ];
        for &(directory, file, words, expected) in rows {
            let found =
                verdict(&FORWARD, &facts(directory, file), &Forgiven::parse(words.as_bytes()));
            assert_eq!(found, expected, "{directory:o} {file:o} {words}");
        }
        let pipe = ListFacts { regular: false, ..facts(0o755, 0o644) };
        assert_eq!(verdict(&INCLUDE, &pipe, &Forgiven::default()), Refused("Regular files only"));
    }
}
