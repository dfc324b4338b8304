//! The table of classes: MC-077..MC-089.

/// A class that sendmail fills, or that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassSpec {
    /// Row of the reference: `MC-` and this number.
    pub id: u16,
    /// Name without braces.
    pub name: &'static str,
    /// Its members when the first line is read, apart from those that depend on the host.
    pub members: &'static [&'static str],
    /// What the program adds, and when.
    pub added: &'static str,
    /// What it is for.
    pub summary: &'static str,
}

const fn row(
    id: u16,
    name: &'static str,
    members: &'static [&'static str],
    added: &'static str,
    summary: &'static str,
) -> ClassSpec {
    ClassSpec { id, name, members, added, summary }
}

/// Every class with a meaning. The columns: row of the reference, name, members at start, what is
/// added, meaning.
#[rustfmt::skip]
pub const CLASSES: &[ClassSpec] = &[
    row(77, "b", &[], "", "Documented as media types that hold binary data; empty in 8.17"),
    row(78, "e", &["7bit", "8bit", "binary"], "", "Content-Transfer-Encodings that may be converted"),
    row(79, "k", &[], "start: `$k`", "UUCP names of this host"),
    row(80, "m", &[], "end of the file: `$m`", "Domains of this host"),
    row(81, "n", &["multipart/signed"], "", "Content-Types never converted from eight to seven bits"),
    row(82, "q", &[], "", "Content-Types that become quoted-printable and never base64, in full or their first part"),
    row(83, "s", &["rfc822"], "", "Subtypes of message that are converted inside"),
    row(84, "t", &[], "`T` lines", "Users who may name another sender"),
    row(85, "w", &[], "start: `$w`, the names and bracketed addresses of the host; end of the file: `$j`, interfaces (DontProbeInterfaces)", "Names of this host"),
    row(86, "checkMIMEFieldHeaders", &["content-disposition", "content-type"], "", "Fields whose parameters are kept short (MaxMimeHeaderLength)"),
    row(87, "checkMIMEHeaders", &["mime-version", "content-type", "content-disposition", "content-id", "content-transfer-encoding"], "", "Fields that are kept short (MaxMimeHeaderLength)"),
    row(88, "checkMIMETextHeaders", &["content-description"], "", "Fields of free text that are kept short (MaxMimeHeaderLength)"),
    row(89, "persistentMacros", &["r", "s", "_", "{if_addr}", "{daemon_flags}"], "", "Macros that are kept in queue files"),
];
