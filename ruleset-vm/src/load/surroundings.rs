//! What reading a configuration asks of the outside: files, programs, users, maps.

use cf_parser::debug::Levels;
use cf_parser::{Diagnostic, Name, Severity, Span};

use super::Configuration;

/// The facts about this host that a configuration starts from (CF-106, MC-010..MC-023, MC-085).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The name of this host, in full if it could be found without waiting: `$w` and `$j`.
    pub name: Vec<u8>,
    /// The node name of `uname`: `$k`.
    pub node: Vec<u8>,
    /// Other names and bracketed addresses of this host, for class w before the file is read.
    pub aliases: Vec<Vec<u8>>,
    /// The current date in RFC 822 form: `$b`.
    pub date: Vec<u8>,
    /// The operation mode letter: `{opMode}`.
    pub mode: u8,
    /// Name of the user who runs this.
    pub user: Vec<u8>,
    /// Options given on the command line, as they would stand behind the `O` of a line: ` Name=value`
    /// or a letter and the value. They win over the file's.
    pub options: Vec<Vec<u8>>,
    /// Macros given on the command line (`-M`), name without braces.
    pub macros: Vec<(Vec<u8>, Vec<u8>)>,
    /// Processors on line: `QueueLA` and `RefuseLA` are multiples of it.
    pub processors: usize,
    /// What `-d` asks for.
    pub levels: Levels,
}

/// A network interface that is up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnInterface {
    /// Its address in brackets.
    pub address: Vec<u8>,
    /// Its names, the official one in front.
    pub names: Vec<Vec<u8>>,
    /// Its flags as the system has them.
    pub flags: u32,
}

/// A message with the `sysexits` value it asks for; 0 for a mere warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The oracle's words.
    pub text: Vec<u8>,
    /// Exit status.
    pub exit: u8,
    /// Printed without file and line in front.
    pub bare: bool,
}

impl Complaint {
    /// An error with file and line in front.
    #[must_use]
    pub fn error(text: impl Into<Vec<u8>>, exit: u8) -> Self {
        Self { text: text.into(), exit, bare: false }
    }

    /// A warning without file and line.
    #[must_use]
    pub fn bare(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), exit: 0, bare: true }
    }

    /// The message about a line.
    pub(super) fn about(self, span: Span) -> Diagnostic {
        let Self { text, exit, bare } = self;
        let severity =
            if exit == 0 { Severity::Warning } else { Severity::Error { exit, fatal: false } };
        Diagnostic { span, text, severity, bare }
    }
}

/// A user as the password database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: Vec<u8>,
    /// User id.
    pub uid: u32,
    /// Login group.
    pub gid: u32,
}

/// What `DontBlameSendmail` allows for class files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassFileBlame {
    /// `ClassFileInUnsafeDirPath`
    pub unsafe_directories: bool,
    /// `GroupWritableDirPathSafe`
    pub group_directories: bool,
}

/// The contents of a class file.
pub enum ClassText {
    /// All of it.
    Bytes(Vec<u8>),
    /// A file too large for that, to be read more than once.
    Large(Box<dyn LargeFile>),
}

impl From<Vec<u8>> for ClassText {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// Something to be read from its beginning more than once.
pub trait LargeFile {
    /// Its contents from the beginning.
    ///
    /// # Errors
    /// As the medium gives them.
    fn open(&mut self) -> std::io::Result<Box<dyn std::io::BufRead + '_>>;
}

/// The outside of the loader. Every method is asked when the line is read.
pub trait Surroundings {
    /// The contents of a class file (CF-048..CF-058).
    ///
    /// # Errors
    /// The text behind `fileclass: ` and its exit status.
    fn class_file(&mut self, path: &[u8], blame: ClassFileBlame) -> Result<ClassText, Complaint>;

    /// The output of a class program, run without a shell (CF-052).
    ///
    /// # Errors
    /// As for files.
    fn class_program(&mut self, command: &[u8]) -> Result<Vec<u8>, Complaint>;

    /// What `F{name}@LDAP` means on a host of this cluster and this name (CF-054).
    fn class_schema(&mut self, _name: &Name, _cluster: &[u8], _host: &[u8]) -> Vec<u8> {
        b"LDAP".to_vec()
    }

    /// One lookup of `key` in a map made for class `name` from `spec` (CF-053).
    ///
    /// # Errors
    /// Every message to be printed.
    fn class_lookup(
        &mut self,
        name: &Name,
        key: &[u8],
        spec: &[u8],
    ) -> Result<Option<Vec<u8>>, Vec<Complaint>>;

    /// Declares a map: what stands behind `K`, expanded.
    fn declare_map(&mut self, line: &[u8]) -> Vec<Complaint>;

    /// The file has been read: what every configuration has without saying so is declared.
    fn end_of_file(&mut self, _configuration: &Configuration) -> Vec<Complaint> {
        Vec::new()
    }

    /// Declares the next alias map; `class` is `None` for the default, `spec` its flags and file.
    fn declare_alias_map(&mut self, class: Option<&[u8]>, spec: &[u8]) -> Vec<Complaint>;

    /// The flags that maps of class `ldap` declared from now on begin with.
    fn ldap_defaults(&mut self, _spec: &[u8]) {}

    /// A variable of the caller's environment.
    fn environment(&mut self, name: &[u8]) -> Option<Vec<u8>>;

    /// A user by name.
    fn user(&mut self, name: &[u8]) -> Option<User>;

    /// The interfaces of this host, with names unless they are loopback interfaces and
    /// `loopback_names` is false; asked when the file has been read.
    fn interfaces(&mut self, loopback_names: bool) -> Vec<OwnInterface>;

    /// Whether a TCP service of this name is known.
    fn service(&mut self, name: &[u8]) -> bool;

    /// Whether a host of this name, or an address, is known in the family of IPv6 or IPv4.
    fn host(&mut self, name: &[u8], v6: bool) -> bool;

    /// A group's id by name.
    fn group(&mut self, name: &[u8]) -> Option<u32>;
}
