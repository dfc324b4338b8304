//! The mailer as delivery sees it: the `M` line with its defaults filled in.
//!
//! Built by the loader of the configuration; immutable afterwards. Templates (`A=`, `D=`, `/=`) keep
//! their `$` macros: they are expanded once per delivery (ML-009).

use super::flags::MailerFlags;

/// Recipients of one invocation when `r=` is not given (ML-020).
pub const DEFAULT_MAX_RECIPIENTS: usize = 100;
/// Line length that flag `L` alone stands for (ML-021).
pub const SMTP_LINE_LIMIT: usize = 990;
/// Words of `A=` after expansion (ML-016).
pub const MAX_ARGUMENTS: usize = 256;

/// How a mailer takes a message; follows from `P=`, `A=` and flag `z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A program that reads the message from its standard input.
    Program,
    /// A program that speaks SMTP (LMTP with flag `z`) on its standard input and output (ML-094).
    ProgramSmtp,
    /// SMTP or LMTP over TCP: `P=[IPC], A=TCP host [port]`.
    Tcp,
    /// SMTP or LMTP over a Unix stream socket: `P=[IPC], A=FILE path`.
    UnixSocket,
    /// Appending to a file: `P=[FILE], A=FILE path`.
    File,
    /// SMTP on the inherited standard input and output: `P=[LPC]`.
    Inherited,
}

/// `U=`: the user a mailer runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailerUser {
    /// Numeric user id.
    pub uid: u32,
    /// Numeric group id; absent if only a number was given without group.
    pub gid: Option<u32>,
}

/// `T=`: the type names used in DSNs; a part left out is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DsnTypes {
    /// MTA name type (`dns`).
    pub mta: Option<Vec<u8>>,
    /// Address type (`rfc822`).
    pub address: Option<Vec<u8>>,
    /// Diagnostic type (`smtp`).
    pub diagnostic: Option<Vec<u8>>,
}

/// `S=` or `R=`: one ruleset for the envelope, one for the header. `None` is ruleset 0: no rewriting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesetPair {
    /// Name of the ruleset for the envelope.
    pub envelope: Option<Vec<u8>>,
    /// Name of the ruleset for the header.
    pub header: Option<Vec<u8>>,
}

/// One mailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailer {
    /// The name in front of the first comma.
    pub name: Vec<u8>,
    /// `P=`: a path, `[IPC]`, `[FILE]` or `[LPC]`.
    pub path: Vec<u8>,
    /// `A=`: the words, unexpanded.
    pub argv: Vec<Vec<u8>>,
    /// `F=`.
    pub flags: MailerFlags,
    /// `S=`.
    pub sender: RulesetPair,
    /// `R=`.
    pub recipient: RulesetPair,
    /// `E=`: the end of a line; never empty.
    pub eol: Vec<u8>,
    /// `M=`: largest message in bytes; 0 for no limit.
    pub max_size: u64,
    /// `L=`: longest line in bytes; 0 for no limit.
    pub line_limit: usize,
    /// `m=`: messages per connection; 0 for no limit.
    pub max_messages: usize,
    /// `r=`: recipients per invocation or transaction; 0 for no limit.
    pub max_recipients: usize,
    /// `D=`: working directories, colon separated, unexpanded.
    pub directory: Option<Vec<u8>>,
    /// `/=`: the directory to chroot to, unexpanded.
    pub root: Option<Vec<u8>>,
    /// `U=`.
    pub user: Option<MailerUser>,
    /// `N=`: increment of the nice value.
    pub nice: i32,
    /// `C=`: charset of 8-bit mail received from this mailer.
    pub charset: Option<Vec<u8>>,
    /// `T=`.
    pub types: DsnTypes,
    /// `W=`: seconds to wait for the end of the program; 0 for ever.
    pub wait: u64,
    /// `Q=`: name of the queue group.
    pub queue_group: Option<Vec<u8>>,
}

impl Mailer {
    /// A mailer with the defaults of an `M` line that gives only `P=`, `F=` and `A=`
    /// (ML-017, ML-020, ML-021, ML-027).
    #[must_use]
    pub fn new(name: &[u8], path: &[u8], flags: &[u8], argv: &[&[u8]]) -> Self {
        let mut mailer = Self {
            name: name.to_vec(),
            path: path.to_vec(),
            argv: argv.iter().map(|word| word.to_vec()).collect(),
            flags: MailerFlags::parse(flags),
            sender: RulesetPair::default(),
            recipient: RulesetPair::default(),
            eol: Vec::new(),
            max_size: 0,
            line_limit: 0,
            max_messages: 0,
            max_recipients: DEFAULT_MAX_RECIPIENTS,
            directory: None,
            root: None,
            user: None,
            nice: 0,
            charset: None,
            types: DsnTypes::default(),
            wait: 0,
            queue_group: None,
        };
        mailer.fill_defaults();
        mailer
    }

    /// Gives the fields an `M` line left empty the value that depends on other fields: `eol` (ML-017),
    /// `line_limit` (ML-021) and the parts of `types` (ML-027).
    pub fn fill_defaults(&mut self) {
        if self.eol.is_empty() {
            self.eol = if self.user_word().is_some() { b"\n".to_vec() } else { b"\r\n".to_vec() };
        }
        if self.line_limit == 0 && self.flags.has(b'L') {
            self.line_limit = SMTP_LINE_LIMIT;
        }
        let diagnostic: &[u8] = match self.transport() {
            Transport::Tcp => b"smtp",
            Transport::UnixSocket => b"x-unix",
            _ => return,
        };
        self.types.mta.get_or_insert_with(|| b"dns".to_vec());
        self.types.address.get_or_insert_with(|| b"rfc822".to_vec());
        self.types.diagnostic.get_or_insert_with(|| diagnostic.to_vec());
    }

    /// How this mailer takes a message.
    #[must_use]
    pub fn transport(&self) -> Transport {
        let first = self.argv.first().map_or(&b""[..], Vec::as_slice);
        match self.path.as_slice() {
            b"[IPC]" if first.eq_ignore_ascii_case(b"FILE") => Transport::UnixSocket,
            b"[IPC]" | b"[TCP]" => Transport::Tcp,
            b"[FILE]" => Transport::File,
            b"[LPC]" => Transport::Inherited,
            _ if self.flags.has(b'z') || self.user_word().is_none() => Transport::ProgramSmtp,
            _ => Transport::Program,
        }
    }

    /// The index of the first word of `A=` that contains `$u`, behind the program's name (ML-100).
    #[must_use]
    pub fn user_word(&self) -> Option<usize> {
        self.argv.iter().position(|word| has_user_macro(word))
    }

    /// The mailers every configuration has before its own `M` lines, in order: `prog`, `*file*`,
    /// `*include*` (ML-106..ML-108, ML-111).
    #[must_use]
    pub fn builtin() -> [Self; 3] {
        let unix = DsnTypes {
            mta: Some(b"X-Unix".to_vec()),
            address: Some(b"X-Unix".to_vec()),
            diagnostic: Some(b"X-Unix".to_vec()),
        };
        let mut prog = Self::new(b"prog", b"/bin/sh", b"lsouDq9", &[b"sh", b"-c", b"$u"]);
        prog.types = unix.clone();
        let mut file = Self::new(b"*file*", b"[FILE]", b"lsDFMPEouq9", &[b"FILE", b"$u"]);
        file.types = unix;
        let include = Self::new(b"*include*", b"/dev/null", b"su", &[b"INCLUDE", b"$u"]);
        [prog, file, include]
    }
}

/// Whether `word` contains the macro `$u` (or `${u}`).
fn has_user_macro(word: &[u8]) -> bool {
    word.windows(2).any(|pair| pair == b"$u") || word.windows(4).any(|part| part == b"${u}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(path: &[u8], flags: &[u8], argv: &[&[u8]]) -> Mailer {
        Mailer::new(b"m", path, flags, argv)
    }

    #[test]
    fn transport_follows_from_path_arguments_and_flag_z() {
        type Row = (&'static [u8], &'static [u8], &'static [&'static [u8]], Transport);
        let rows: &[Row] = &[
            (b"/bin/mail", b"m", &[b"mail", b"-d", b"$u"], Transport::Program), // ML-093
            (b"/bin/smtpd", b"m", &[b"smtpd"], Transport::ProgramSmtp),         // ML-094
            (b"/bin/mail", b"z", &[b"mail", b"-l", b"$u"], Transport::ProgramSmtp),
            (b"[IPC]", b"m", &[b"TCP", b"$h"], Transport::Tcp), // ML-095
            (b"[IPC]", b"z", &[b"FILE", b"/var/run/lmtp"], Transport::UnixSocket), // ML-096
            (b"[FILE]", b"", &[b"FILE", b"$u"], Transport::File), // ML-098
            (b"[LPC]", b"", &[b"LPC"], Transport::Inherited),   // ML-097
        ];
        for (path, flags, argv, expected) in rows {
            assert_eq!(mailer(path, flags, argv).transport(), *expected);
        }
    }

    #[test]
    fn defaults_depend_on_other_fields() {
        // ML-017, ML-021, ML-027
        assert_eq!(mailer(b"/bin/mail", b"", &[b"mail", b"$u"]).eol, b"\n");
        assert_eq!(mailer(b"[IPC]", b"", &[b"TCP", b"$h"]).eol, b"\r\n");
        assert_eq!(mailer(b"[IPC]", b"L", &[b"TCP", b"$h"]).line_limit, 990);
        let types = mailer(b"[IPC]", b"", &[b"FILE", b"/x"]).types;
        assert_eq!(types.diagnostic.as_deref(), Some(&b"x-unix"[..]));
        assert_eq!(mailer(b"/bin/mail", b"", &[b"mail"]).types, DsnTypes::default());
    }

    #[test]
    fn built_in_mailers_come_first() {
        let [prog, file, include] = Mailer::builtin();
        assert_eq!(prog.transport(), Transport::Program);
        assert_eq!(file.transport(), Transport::File);
        assert_eq!(include.name, b"*include*");
        assert!(file.flags.has(b'E') && prog.flags.has(b'o'));
    }
}
