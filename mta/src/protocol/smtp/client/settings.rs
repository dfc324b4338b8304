//! What the caller fixes for a whole connection.

/// The language spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// SMTP, RFC 5321.
    #[default]
    Smtp,
    /// LMTP, RFC 2033 (mailer flag `z`): `LHLO`, and one reply per recipient after the final dot.
    Lmtp,
}

/// When `EHLO` is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Esmtp {
    /// If a line of the greeting contains `ESMTP`, in capitals (SM-083, SM-140).
    #[default]
    IfGreeted,
    /// Always (mailer flag `a`, ML-030).
    Always,
    /// Never (mailer flag `2`, ML-075).
    Never,
}

/// The fixed part of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// When `EHLO` is tried; LMTP always says `LHLO`.
    pub esmtp: Esmtp,
    /// Name said in `HELO`, `EHLO`, `LHLO`: HeloName, else `$j` (SM-084).
    pub hello_name: Vec<u8>,
    /// Own name (`$j`) looked for in the reply to `EHLO`/`HELO`: a peer of that name is this host
    /// itself (SM-083). `None` with mailer flag `k`; not looked for in the reply to `LHLO`.
    pub loop_name: Option<Vec<u8>>,
    /// Own name put in front of the sender as a route (`<@name:user@host>`) with mailer flag `p`
    /// (ML-057). `None` without, and for a sender that belongs to a local mailer (observed).
    pub reverse_path_name: Option<Vec<u8>>,
    /// The peer as texts and the log call it, for instance `mx.example.net.`.
    pub peer: Vec<u8>,
    /// End of a line, `E=` of the mailer (ML-017).
    pub eol: Vec<u8>,
    /// Mailer flag `I`: `VERB` is sent, offered or not (ML-046).
    pub verbose: bool,
    /// Whether a leading dot is doubled (mailer flag `X`, ML-070); [`super::DotStuffer`] reads it.
    pub hidden_dot: bool,
}

impl Settings {
    /// SMTP to `peer` with the defaults of an `[IPC]` mailer: greeting decides on ESMTP, lines end
    /// in CRLF, leading dots are doubled.
    #[must_use]
    pub fn new(hello_name: impl Into<Vec<u8>>, peer: impl Into<Vec<u8>>) -> Self {
        Self {
            protocol: Protocol::Smtp,
            esmtp: Esmtp::IfGreeted,
            hello_name: hello_name.into(),
            loop_name: None,
            reverse_path_name: None,
            peer: peer.into(),
            eol: b"\r\n".to_vec(),
            verbose: false,
            hidden_dot: true,
        }
    }
}
