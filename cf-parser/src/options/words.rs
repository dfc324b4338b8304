//! Words of PrivacyOptions and DontBlameSendmail.

use super::{Interpreted, OptionValue};
use crate::translate::is_space;

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

/// Words of letters and digits. White space and punctuation in front of a word does not count; what
/// ends a word is skipped, whatever it is, so that an octet of another kind is a word without letters.
fn flags(value: &[u8], known: &'static [&'static str], before: &str) -> Interpreted {
    let mut flags = Vec::new();
    let mut out = Interpreted::default();
    let mut rest = value;
    loop {
        let skipped = rest.iter().take_while(|b| is_space(**b) || b.is_ascii_punctuation()).count();
        rest = rest.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let end = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let (word, behind) = rest.split_at(end);
        rest = behind.get(1..).unwrap_or_default();
        match known.iter().find(|k| k.as_bytes().eq_ignore_ascii_case(word)) {
            Some(flag) => flags.push(*flag),
            None => out.error([before.as_bytes(), word, b" unrecognized"].concat()),
        }
    }
    out.value = Some(OptionValue::Flags(flags));
    out
}
