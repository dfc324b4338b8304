//! What the mailer flags (`F=`) mean.

/// One row of the flag table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlagRow {
    /// The character.
    pub flag: u8,
    /// What it does, in one line.
    pub meaning: &'static str,
}

const fn row(flag: u8, meaning: &'static str) -> FlagRow {
    FlagRow { flag, meaning }
}

/// Every flag with a meaning of its own (op guide 5.4, ML-030..ML-091). The flags `D F M P x` only
/// serve as conditions of `H` lines.
pub const FLAGS: &[FlagRow] = &[
    row(b'a', "try EHLO first, whatever the greeting says"),
    row(b'A', "recipients may be aliases"),
    row(b'b', "put an empty line at the end of the message"),
    row(b'B', "strip leading backslashes from the user"),
    row(b'c', "drop comments and display names from header addresses"),
    row(b'C', "add the sender's domain to header addresses without one (sender's mailer)"),
    row(b'd', "no angle brackets around route addresses in the envelope"),
    row(b'D', "wants Date:"),
    row(b'e', "expensive: not connected to at once if HoldExpensive is set"),
    row(b'E', "escape body lines that begin with From and a blank"),
    row(b'f', "pass -f sender to the program"),
    row(b'F', "wants From:"),
    row(b'g', "error mail is sent from $g, not from the null sender"),
    row(b'h', "keep the case of the host"),
    row(b'H', "reserved: MAIL11V3 preview headers"),
    row(b'i', "rewrite the envelope sender by the user database"),
    row(b'I', "the peer is sendmail: VERB may be sent (deprecated)"),
    row(b'j', "rewrite header recipients by the user database"),
    row(b'k', "do not look for the own host name in the HELO reply"),
    row(b'K', "reserved: CHUNKING"),
    row(b'l', "final, local delivery"),
    row(b'L', "lines of at most 990 bytes (deprecated form of L=)"),
    row(b'm', "several recipients in one invocation or transaction"),
    row(b'M', "wants Message-Id:"),
    row(b'n', "no From_ line in front of the message"),
    row(b'N', "reserved: MAIL11V3 multiple status"),
    row(b'o', "always run as the recipient"),
    row(b'p', "route-address reverse path in MAIL"),
    row(b'P', "wants Return-Path:"),
    row(b'q', "VRFY answers 250, not 252"),
    row(b'r', "pass -r sender to the program"),
    row(b'R', "connect from a reserved port"),
    row(b's', "strip quotes and backslashes from user and host"),
    row(b'S', "do not change the user id; U= sets the effective one only"),
    row(b'u', "keep the case of the user"),
    row(b'U', "From_ line with remote from HOST"),
    row(b'v', "no effect (Content-Length: of System V)"),
    row(b'w', "the user must exist; .forward is read"),
    row(b'W', "ignore the stored status of hosts"),
    row(b'x', "wants Full-Name:"),
    row(b'X', "double a leading dot"),
    row(b'z', "LMTP"),
    row(b'Z', "DialDelay applies"),
    row(b'0', "no MX look-up, no FallbackMXhost"),
    row(b'1', "do not send NUL bytes (SMTP)"),
    row(b'2', "never ESMTP"),
    row(b'3', "quoted-printable as EBCDIC needs it"),
    row(b'4', "IPv4 addresses only"),
    row(b'5', "ruleset 5 for users that are no alias"),
    row(b'6', "strip the header to 7 bits"),
    row(b'7', "strip everything to 7 bits"),
    row(b'8', "8-bit data may be sent as it is"),
    row(b'9', "convert 7-bit encoded text/plain back to 8 bits"),
    row(b':', ":include: is recognised"),
    row(b'|', "a leading bar names a program"),
    row(b'/', "a leading slash names a file"),
    row(b'@', "look the user up in the user database"),
    row(b'%', "hold until ETRN or a selective queue run"),
    row(b'!', "keep an explicit From: equal to the generated one"),
    row(b'~', "the home directory must exist (build option)"),
    row(b'_', "implicit TLS (build option)"),
    row(b'+', "reserved: m4 flag editing"),
    row(b'-', "reserved: m4 flag editing"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flag_has_two_rows() {
        for (index, one) in FLAGS.iter().enumerate() {
            assert!(FLAGS[index + 1..].iter().all(|other| other.flag != one.flag), "{one:?}");
        }
    }
}
