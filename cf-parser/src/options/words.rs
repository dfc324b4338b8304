//! Words of PrivacyOptions and DontBlameSendmail.

use super::{Interpreted, OptionValue};

/// The words of PrivacyOptions (OPT-242..OPT-257).
pub const PRIVACY: [&str; 16] = [
    "public",
    "needmailhelo",
    "needexpnhelo",
    "needvrfyhelo",
    "noexpn",
    "novrfy",
    "noetrn",
    "noverb",
    "authwarnings",
    "restrictmailq",
    "restrictqrun",
    "restrictexpand",
    "noreceipts",
    "nobodyreturn",
    "noactualrecipient",
    "goaway",
];

/// The words of DontBlameSendmail that the reference build knows (OPT-259..OPT-282).
pub const DONT_BLAME: [&str; 43] = [
    "Safe",
    "AssumeSafeChown",
    "ClassFileInUnsafeDirPath",
    "DontWarnForwardFileInUnsafeDirPath",
    "ErrorHeaderInUnsafeDirPath",
    "FileDeliveryToHardLink",
    "FileDeliveryToSymLink",
    "ForwardFileInGroupWritableDirPath",
    "ForwardFileInUnsafeDirPath",
    "ForwardFileInUnsafeDirPathSafe",
    "GroupReadableDefaultAuthInfoFile",
    "GroupReadableKeyFile",
    "GroupReadableSASLDBFile",
    "GroupWritableAliasFile",
    "GroupWritableDirPathSafe",
    "GroupWritableForwardFile",
    "GroupWritableForwardFileSafe",
    "GroupWritableIncludeFile",
    "GroupWritableIncludeFileSafe",
    "GroupWritableSASLDBFile",
    "HelpFileInUnsafeDirPath",
    "IncludeFileInGroupWritableDirPath",
    "IncludeFileInUnsafeDirPath",
    "IncludeFileInUnsafeDirPathSafe",
    "InsufficientEntropy",
    "LinkedAliasFileInWritableDir",
    "LinkedClassFileInWritableDir",
    "LinkedForwardFileInWritableDir",
    "LinkedIncludeFileInWritableDir",
    "LinkedMapInWritableDir",
    "LinkedServiceSwitchFileInWritableDir",
    "MapInUnsafeDirPath",
    "NonRootSafeAddr",
    "RunProgramInUnsafeDirPath",
    "RunWritableProgram",
    "TrustStickyBit",
    "WorldWritableAliasFile",
    "WorldWritableForwardfile",
    "WorldWritableIncludefile",
    "WriteMapToHardLink",
    "WriteMapToSymLink",
    "WriteStatsToHardLink",
    "WriteStatsToSymLink",
];

/// PrivacyOptions: words in any case, anything else separates (OPT-242).
pub(super) fn privacy(value: &[u8]) -> Interpreted {
    flags(value, &PRIVACY, "readcf: Op line: ")
}

/// DontBlameSendmail (OPT-283).
pub(super) fn dont_blame(value: &[u8]) -> Interpreted {
    flags(value, &DONT_BLAME, "readcf: DontBlameSendmail option: ")
}

fn flags(value: &[u8], known: &'static [&'static str], before: &str) -> Interpreted {
    let mut flags = Vec::new();
    let mut out = Interpreted::default();
    for word in value.split(|b| !b.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
        match known.iter().find(|k| k.as_bytes().eq_ignore_ascii_case(word)) {
            Some(flag) => flags.push(*flag),
            None => out.error([before.as_bytes(), word, b" unrecognized"].concat()),
        }
    }
    out.value = Some(OptionValue::Flags(flags));
    out
}
