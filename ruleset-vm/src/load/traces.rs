//! What debugging flags show while a configuration is read: categories 0, 22, 35 and 37. The lines stand among
//! the messages, in order.

use cf_parser::debug::Category;
use cf_parser::item::OptionLine;
use cf_parser::options::{OptionSpec, PortItem, PortKey, takes_suboption};
use cf_parser::text::{Name, Text};
use cf_parser::{Diagnostic, Severity, Span};

use super::{Configuration, Loader, OwnInterface};
use crate::macros::Macros;
use crate::prescan::{Mode, Scanned, prescan_text};
use crate::visible::{visible, visible_text};

impl Loader<'_> {
    /// Adds a line if the flags ask for it.
    pub(super) fn trace(&mut self, category: Category, level: u8, text: impl FnOnce() -> Vec<u8>) {
        if self.facts.levels.at(category, level) {
            trace_line(&mut self.diagnostics, text());
        }
    }

    /// Adds a word to a class.
    pub(super) fn add_to_class(&mut self, name: &Name, word: &[u8]) {
        self.trace(Category::Options, 8, || class_line(name.as_bytes(), word));
        self.configuration.classes.add(name, word);
    }

    /// Gives a macro its value.
    pub(super) fn define(&mut self, name: &Name, value: Text) {
        if self.facts.levels.at(Category::Macros, 9) {
            let line = definition(&self.configuration.macros, name, &visible_text(&value));
            trace_line(&mut self.diagnostics, line);
        }
        self.configuration.macros.define(name.clone(), value);
    }

    /// An option is about to be set; `ignored` because the command line has set it.
    pub(super) fn trace_option(&mut self, spec: &OptionSpec, line: &OptionLine, ignored: bool) {
        let value = crate::macros::bytes(&line.value);
        let suboption = line.suboption.as_deref().filter(|_| takes_suboption(line.option));
        if let (Some(lost), None) = (&line.suboption, suboption) {
            self.trace(Category::Options, 1, || {
                let name = spec.name.as_bytes();
                let words = b" does not support suboptions, ignoring .";
                [b"setoption: ", name, words, &lost[..]].concat()
            });
        }
        self.trace(Category::Options, 1, || {
            let mut text = [b"setoption ", spec.name.as_bytes(), b" ("].concat();
            match spec.letter {
                Some(letter) => text.push(letter),
                None => text.extend(format!("0x{:x}", code(spec.name)).into_bytes()),
            }
            text.push(b')');
            if let Some(suboption) = suboption {
                text.extend([b".", suboption].concat());
            }
            text.push(b'=');
            // The flag -v is the option with a value.
            let flag = spec.name == "Verbose" && line.short && value.is_empty();
            text.extend(if flag { b"T".to_vec() } else { visible(&value) });
            text.extend_from_slice(if ignored { b" (ignored)" } else { b"" });
            text
        });
        if ignored || spec.name != "Timeout" {
            return;
        }
        self.trace(Category::Options, 2, || match &line.suboption {
            Some(name) => [b"settimeout(", &name[..], b" = ", &value[..], b")"].concat(),
            None => [b"inittimeouts(", &value[..], b")"].concat(),
        });
    }

    /// A listener has been read.
    pub(super) fn trace_listener(&mut self, items: &[PortItem]) {
        self.listeners += 1;
        let default = format!("Daemon{}", self.listeners - 1);
        self.trace(Category::Options, 1, || {
            let of = |key| items.iter().rev().find(|item| item.key == key);
            let name = of(PortKey::Name).map_or(default.into_bytes(), |item| item.value.clone());
            let letters = of(PortKey::Modifiers).map_or(&b""[..], |item| &item.value);
            let known = MODIFIERS.iter().filter(|(letter, _)| letters.contains(letter));
            let words: Vec<&str> = known.map(|(_, word)| *word).collect();
            let words = words.join(",");
            let words = if words.is_empty() { words } else { format!("<{words}>") };
            [b"Daemon ", &name[..], b" flags: ", words.as_bytes()].concat()
        });
    }

    /// One side of a rule is tokenized.
    pub(super) fn trace_side(&mut self, side: &Text, mode: Mode<'_>) {
        if !self.facts.levels.at(Category::Tokens, 11) {
            return;
        }
        let scan = prescan_text(side, mode);
        let tokens = scan.tokens.unwrap_or_default();
        self.trace(Category::Tokens, 11, || [b"prescan: ", &visible_text(side)[..]].concat());
        let shown: Vec<Vec<u8>> = tokens.iter().map(token).collect();
        for token in &shown {
            self.trace(Category::Tokens, 36, || [b"tok=", &token[..]].concat());
        }
        self.trace(Category::Tokens, 12, || {
            let words: Vec<u8> = shown.iter().flat_map(|word| [b" ", &word[..]].concat()).collect();
            [b"prescan==>", &words[..]].concat()
        });
    }

    /// What the names of the interfaces are about to add to class w.
    pub(super) fn trace_interfaces(&mut self, interfaces: &[OwnInterface]) {
        let size = interfaces.len() * INTERFACE_SIZE;
        self.trace(Category::Version, 40, || {
            format!("scanning for interface specific names, ifc_len={size}").into_bytes()
        });
    }

    /// An interface gives class w its address and names; a name that is new comes with its bracketed
    /// form (observed).
    pub(super) fn name_interface(&mut self, interface: &OwnInterface) {
        let class_w = Name::new(b"w");
        let bare = interface.address.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
        self.trace(Category::Version, 20, || bare.unwrap_or_default().to_vec());
        self.trace(Category::Version, 44, || {
            format!("\tflags: {:x}", interface.flags).into_bytes()
        });
        if !self.configuration.classes.has(b"w", &interface.address) {
            self.add_to_class(&class_w, &interface.address);
            self.trace(Category::Version, 4, || also(&interface.address, b""));
        }
        for name in &interface.names {
            if self.configuration.classes.has(b"w", name) {
                self.trace(Category::Version, 44, || also(name, b" (already in $=w)"));
                continue;
            }
            self.add_to_class(&class_w, name);
            self.trace(Category::Version, 4, || also(name, b""));
            self.add_to_class(&class_w, &[b"[", &name[..], b"]"].concat());
        }
    }
}

/// Modifiers of a listener as traces call them.
const MODIFIERS: &[(u8, &str)] = &[
    (b'a', "AUTHREQ"),
    (b'b', "BINDIF"),
    (b'c', "CANONREQ"),
    (b'h', "IFNHELO"),
    (b'f', "FQMAIL"),
    (b'u', "UNQUALOK"),
    (b's', "SMTPS"),
    (b'A', "NOAUTH"),
    (b'C', "NOCANON"),
    (b'E', "NOETRN"),
    (b'S', "NOTLS"),
    (b'O', "OPTIONAL"),
];

/// The size of what the system tells of one interface.
const INTERFACE_SIZE: usize = 40;

fn also(name: &[u8], note: &[u8]) -> Vec<u8> {
    [b"\ta.k.a.: ", name, note].concat()
}

fn trace_line(diagnostics: &mut Vec<Diagnostic>, text: Vec<u8>) {
    let (span, severity) = (Span::default(), Severity::Warning);
    diagnostics.push(Diagnostic { span, text, severity, bare: true });
}

fn class_line(name: &[u8], word: &[u8]) -> Vec<u8> {
    [b"setclass(", name, b", ", word, b")"].concat()
}

fn definition(macros: &Macros, name: &Name, value: &[u8]) -> Vec<u8> {
    let head: &[u8] = if macros.get(name).is_some() { b"redefine(" } else { b"define(" };
    [head, name.as_bytes(), b" as ", value, b")"].concat()
}

fn token(token: &Scanned) -> Vec<u8> {
    match token {
        Scanned::Word(_, text) => visible(text),
        Scanned::Piece(piece) => visible_text(std::slice::from_ref(piece)),
    }
}

/// The version line shortens `$w`.
pub(super) fn short_name(configuration: &Configuration, name: &[u8]) -> Vec<u8> {
    definition(&configuration.macros, &Name::new(b"w"), &visible(name))
}

/// The number behind an option's name in traces where it has no letter; 0 if it has none either.
fn code(name: &str) -> u8 {
    CODES.iter().find(|(known, _)| *known == name).map_or(0, |(_, code)| *code)
}

/// Numbers of the options without a letter (observed).
const CODES: &[(&str, u8)] = &[
    ("QueueSortOrder", 0x81),
    ("HostsFile", 0x82),
    ("MinQueueAge", 0x83),
    ("DefaultCharSet", 0x85),
    ("ServiceSwitchFile", 0x86),
    ("DialDelay", 0x87),
    ("NoRecipientAction", 0x88),
    ("SafeFileEnvironment", 0x89),
    ("MaxMessageSize", 0x8a),
    ("ColonOkInAddr", 0x8b),
    ("MaxQueueRunSize", 0x8c),
    ("MaxDaemonChildren", 0x8d),
    ("DontExpandCnames", 0x8e),
    ("MustQuoteChars", 0x8f),
    ("SmtpGreetingMessage", 0x90),
    ("UnixFromLine", 0x91),
    ("OperatorChars", 0x92),
    ("DontInitGroups", 0x93),
    ("SingleLineFromHeader", 0x94),
    ("AllowBogusHELO", 0x95),
    ("ConnectionRateThrottle", 0x97),
    ("UnsafeGroupWrites", 0x99),
    ("DoubleBounceAddress", 0x9a),
    ("HostStatusDirectory", 0x9b),
    ("SingleThreadDelivery", 0x9c),
    ("RunAsUser", 0x9d),
    ("RrtImpliesDsn", 0x9e),
    ("PidFile", 0x9f),
    ("DontBlameSendmail", 0xa0),
    ("DontProbeInterfaces", 0xa1),
    ("MaxRecipientsPerMessage", 0xa2),
    ("DeadLetterDrop", 0xa3),
    ("MaxAliasRecursion", 0xa5),
    ("ConnectOnlyTo", 0xa6),
    ("TrustedUser", 0xa7),
    ("MaxMimeHeaderLength", 0xa8),
    ("ControlSocketName", 0xa9),
    ("MaxHeadersLength", 0xaa),
    ("ProcessTitlePrefix", 0xac),
    ("DefaultAuthInfo", 0xad),
    ("AuthMechanisms", 0xae),
    ("ClientPortOptions", 0xaf),
    ("DataFileBufferSize", 0xb0),
    ("XscriptFileBufferSize", 0xb1),
    ("LDAPDefaultSpec", 0xb2),
    ("ServerCertFile", 0xb4),
    ("ServerKeyFile", 0xb5),
    ("ClientCertFile", 0xb6),
    ("ClientKeyFile", 0xb7),
    ("CACertFile", 0xb8),
    ("CACertPath", 0xb9),
    ("DHParameters", 0xba),
    ("InputMailFilters", 0xbb),
    ("Milter", 0xbc),
    ("AuthOptions", 0xbd),
    ("QueueFileMode", 0xbe),
    ("CertFingerprintAlgorithm", 0xbf),
    ("CipherList", 0xc0),
    ("RandFile", 0xc1),
    ("TLSSrvOptions", 0xc2),
    ("BadRcptThrottle", 0xc3),
    ("DeliverByMin", 0xc4),
    ("MaxQueueChildren", 0xc5),
    ("MaxRunnersPerQueue", 0xc6),
    ("DirectSubmissionModifiers", 0xc7),
    ("NiceQueueRun", 0xc8),
    ("SharedMemoryKey", 0xc9),
    ("AuthMaxBits", 0xca),
    ("MailboxDatabase", 0xcb),
    ("UseMSP", 0xcc),
    ("DelayLA", 0xcd),
    ("FastSplit", 0xce),
    ("SoftBounce", 0xcf),
    ("SharedMemoryKeyFile", 0xd0),
    ("RejectLogInterval", 0xd1),
    ("RequiresDirfsync", 0xd2),
    ("ConnectionRateWindowSize", 0xd3),
    ("CRLFile", 0xd4),
    ("FallbackSmartHost", 0xd5),
    ("AuthRealm", 0xd6),
    ("CRLPath", 0xd7),
    ("HeloName", 0xd8),
    ("MaxNOOPCommands", 0xdc),
    ("BadRcptShutdown", 0xe1),
    ("BadRcptShutdownGood", 0xe2),
    ("ServerSSLOptions", 0xe3),
    ("ClientSSLOptions", 0xe4),
    ("MaxQueueAge", 0xe5),
    ("RejectNUL", 0xe9),
    ("UseCompressedIPv6Addresses", 0xec),
    ("SSLEngine", 0xed),
    ("SSLEnginePath", 0xee),
    ("TLSFallbacktoClear", 0xef),
    ("SetCertAltnames", 0xf7),
    ("SmtpUTF8", 0xf8),
    ("StrictTransportSecurity", 0xf9),
    ("CipherSuites", 0xfa),
];
