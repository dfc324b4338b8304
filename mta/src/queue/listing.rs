//! What `mailq` (`-bp`, `-bp -v`) prints, byte for byte (CMD-079 to CMD-090). Pure: the caller reads
//! the control files and says what state each is in.
//!
//! The listing reads control files more patiently than [`crate::queue::codec`]: it shows what it can
//! of a damaged file. Each physical line counts for itself; continuation lines are not shown.

use crate::message::date::{self, Moment};

const COLUMNS: &[u8] =
    b"-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------\n";
const COLUMNS_VERBOSE: &[u8] =
    b"-----Q-ID----- --Size-- -Priority- ---Q-Time--- --------Sender/Recipient--------\n";

/// The sign behind the id (CMD-084).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Waiting.
    #[default]
    None,
    /// `*`: being processed.
    Locked,
    /// `-`: too young for another attempt.
    TooYoung,
    /// `X`: the load is too high for it.
    LoadTooHigh,
    /// `?`: the listing of lost messages.
    Lost,
}

impl Mark {
    fn sign(self) -> char {
        match self {
            Self::None => ' ',
            Self::Locked => '*',
            Self::TooYoung => '-',
            Self::LoadTooHigh => 'X',
            Self::Lost => '?',
        }
    }
}

/// What the control file turned out to be (CMD-089).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Its bytes.
    Text(Vec<u8>),
    /// It cannot be opened.
    Denied,
    /// It went away: the message is done.
    Completed,
    /// It has no bytes yet.
    Empty,
}

/// One entry of the listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The queue id.
    pub id: Vec<u8>,
    /// Its state.
    pub mark: Mark,
    /// Bytes of the body file; `None` when it is missing, shown as -1.
    pub body_size: Option<u64>,
    /// The control file.
    pub control: Control,
}

/// The head of one directory's listing; `printed` is how many of `total` entries follow.
#[must_use]
pub fn head(directory: &[u8], total: usize, printed: usize, verbose: bool) -> Vec<u8> {
    if total == 0 {
        return [directory, b" is empty\n"].concat();
    }
    let mut out = [b"\t\t", directory].concat();
    let plural = if total == 1 { "" } else { "s" };
    out.extend_from_slice(format!(" ({total} request{plural}").as_bytes());
    if printed < total {
        out.extend_from_slice(format!(", only {printed} printed").as_bytes());
    }
    out.extend_from_slice(b")\n");
    out.extend_from_slice(if verbose { COLUMNS_VERBOSE } else { COLUMNS });
    out
}

/// What is said of a message whose body is gone (QU-113).
#[must_use]
pub fn no_body(id: &[u8]) -> Vec<u8> {
    [b"readqf: cannot open ./df", id, b": No such file or directory"].concat()
}

/// The last line of the whole listing (CMD-090).
#[must_use]
pub fn total(requests: usize) -> Vec<u8> {
    format!("\t\tTotal requests: {requests}\n").into_bytes()
}

/// One entry, with its line end. `offset_at` gives the local zone's seconds east of Greenwich at a
/// moment.
#[must_use]
pub fn entry(entry: &Entry, verbose: bool, offset_at: &dyn Fn(u64) -> i32) -> Vec<u8> {
    let mut out = entry.id.clone();
    while out.len() < 13 {
        out.insert(0, b' ');
    }
    let special: &[u8] = match &entry.control {
        Control::Text(text) => {
            if entry.body_size.is_none() && entry.mark != Mark::Locked {
                out.extend_from_slice(&no_body(&entry.id));
                out.push(b'\n');
            }
            out.extend_from_slice(entry.mark.sign().to_string().as_bytes());
            Rendering::new(entry, verbose, offset_at, &mut out).run(text);
            b""
        }
        Control::Denied => b" (Permission denied)",
        Control::Completed => b" (job completed)",
        Control::Empty => b"  (no control file)",
    };
    out.extend_from_slice(special);
    out.push(b'\n');
    out
}

/// The priority that a control file gives, be the rest of it as it may; 0 without.
#[must_use]
pub fn priority(text: &[u8]) -> i64 {
    text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"P")).map_or(0, number)
}

/// The lines of one control file turned into the lines of the listing.
struct Rendering<'a> {
    entry: &'a Entry,
    verbose: bool,
    offset_at: &'a dyn Fn(u64) -> i32,
    out: &'a mut Vec<u8>,
    version: u64,
    created: u64,
    priority: i64,
    warned: bool,
    quarantine: Vec<u8>,
    message: Vec<u8>,
    body_type: Vec<u8>,
}

fn number(text: &[u8]) -> i64 {
    let digits = text.iter().take_while(|b| b.is_ascii_digit() || **b == b'-');
    let digits: Vec<u8> = digits.copied().collect();
    std::str::from_utf8(&digits).ok().and_then(|d| d.parse().ok()).unwrap_or(0)
}

impl<'a> Rendering<'a> {
    fn new(
        entry: &'a Entry,
        verbose: bool,
        offset_at: &'a dyn Fn(u64) -> i32,
        out: &'a mut Vec<u8>,
    ) -> Self {
        Self {
            entry,
            verbose,
            offset_at,
            out,
            version: 0,
            created: 0,
            priority: 0,
            warned: false,
            quarantine: Vec::new(),
            message: Vec::new(),
            body_type: Vec::new(),
        }
    }

    fn run(mut self, text: &[u8]) {
        for line in text.split(|&b| b == b'\n') {
            let Some((&letter, rest)) = line.split_first() else { continue };
            match letter {
                b'V' => self.version = number(rest).unsigned_abs(),
                b'T' => self.created = number(rest).unsigned_abs(),
                b'P' => self.priority = number(rest),
                b'F' => self.warned = rest.contains(&b'w'),
                b'q' => self.quarantine = rest.to_vec(),
                b'M' => self.message = rest.to_vec(),
                b'B' => self.body_type = rest.to_vec(),
                b'S' => self.sender(rest),
                b'C' if self.verbose => self.controlling(rest),
                b'R' => self.recipient(rest),
                b'.' => break,
                _ => {}
            }
        }
    }

    fn sender(&mut self, sender: &[u8]) {
        let moment = Moment { seconds: self.created, offset: (self.offset_at)(self.created) };
        let time = date::ctime(&moment);
        let size = self.entry.body_size.map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX));
        let long = self.verbose;
        let (columns, time) = if long {
            let sign = if self.warned { '+' } else { ' ' };
            (format!("{size:8} {:10}{sign}", self.priority), time.get(4..16))
        } else {
            (format!("{size:8} "), time.get(..16))
        };
        self.out.extend_from_slice(columns.as_bytes());
        self.out.extend_from_slice(time.unwrap_or_default());
        self.out.push(b' ');
        self.shown(sender, if long { 78 } else { 39 });
        let cut = if long { 100 } else { 60 };
        if !self.quarantine.is_empty() {
            self.out.extend_from_slice(b"\n     QUARANTINE: ");
            let reason = std::mem::take(&mut self.quarantine);
            self.shown(&reason, cut);
        }
        let message = std::mem::take(&mut self.message);
        if message.is_empty() && self.body_type.is_empty() {
            return;
        }
        self.out.extend_from_slice(b"\n    ");
        for _ in self.body_type.len()..10 {
            self.out.push(b' ');
        }
        self.out.extend_from_slice(self.body_type.get(..10).unwrap_or(&self.body_type));
        if !message.is_empty() {
            self.out.extend_from_slice(b"   (");
            self.shown(&message, cut);
            self.out.push(b')');
        }
    }

    fn controlling(&mut self, text: &[u8]) {
        self.out.extend_from_slice(b"\n\t\t\t\t\t\t(---");
        self.shown(text, 64);
        self.out.extend_from_slice(b"---)");
    }

    fn recipient(&mut self, text: &[u8]) {
        let address = match memchr::memchr(b':', text) {
            Some(at) if self.version > 0 => text.get(at + 1..).unwrap_or_default(),
            _ => text,
        };
        if !self.verbose {
            self.out.extend_from_slice(b"\n\t\t\t\t\t ");
            self.shown(address, 38);
            self.message.clear();
            return;
        }
        self.out.extend_from_slice(b"\n\t\t\t\t\t\t");
        self.shown(address, 71);
        let message = std::mem::take(&mut self.message);
        if !message.is_empty() {
            self.out.extend_from_slice(b"\n\t\t (");
            self.shown(&message, 100);
            self.out.push(b')');
        }
    }

    /// A text cut to a number of bytes; what a terminal could take amiss is shown as an octal escape
    /// (observed).
    fn shown(&mut self, text: &[u8], limit: usize) {
        for &byte in text.iter().take(limit) {
            match byte {
                b' '..=b'~' | b'\t' => self.out.push(byte),
                _ => self.out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"V8\nT1795316370\nK0\nN3\nP30245\n\
Mglobal message that is quite long so it will be cut somewhere, at sixty or at a hundred bytes I am told by the row\n\
Fw\nSroot\nM one\n  two\nCroot:0:0:foo\nRPFD:a\x01b\x80\xc2\xa9@none.example\nH??X: y\n.\n";

    fn listed(
        id: &str,
        mark: Mark,
        body_size: Option<u64>,
        control: Control,
        verbose: bool,
    ) -> String {
        let line = Entry { id: id.into(), mark, body_size, control };
        String::from_utf8(entry(&line, verbose, &|_| 0)).unwrap()
    }

    #[test]
    fn entries_are_the_observed_ones() {
        // CMD-082 to CMD-088, taken from a run of the oracle over this file.
        let text = Control::Text(FILE.to_vec());
        insta::assert_snapshot!(listed("6AM3GD8k027367", Mark::Locked, None, text.clone(), false), @r"
        6AM3GD8k027367*      -1 Sun Nov 22 02:59 root
                         (global message that is quite long so it will be cut somewher)
        					 a\001b\200\302\251@none.example
        ");
        insta::assert_snapshot!(listed("6AM3GD8k027367", Mark::None, None, text, true), @r"
        6AM3GD8k027367readqf: cannot open ./df6AM3GD8k027367: No such file or directory
               -1      30245+Nov 22 02:59 root
                         (global message that is quite long so it will be cut somewhere, at sixty or at a hundred bytes I am t)
        						(---root:0:0:foo---)
        						a\001b\200\302\251@none.example
        		 ( one)
        ");
    }

    #[test]
    fn quarantine_and_body_type_have_their_lines() {
        // CMD-085, CMD-086
        let file = b"V8\nT1795316370\nP30245\nB8BITMIME\nqquar\nMfoo\nS<>\nRPFD:foo@bar.com\n.\n";
        let text = Control::Text(file.to_vec());
        insta::assert_snapshot!(listed("6AM3GD8k02736b", Mark::Lost, Some(5), text, false), @r"
        6AM3GD8k02736b?       5 Sun Nov 22 02:59 <>
             QUARANTINE: quar
              8BITMIME   (foo)
        					 foo@bar.com
        ");
        let text =
            Control::Text(b"V8\nT1795316370\nB8BITMIME\nS<>\nRPFD:foo@bar.com\n.\n".to_vec());
        insta::assert_snapshot!(listed("6AM3GD8k02736a", Mark::None, None, text, false), @r"
        6AM3GD8k02736areadqf: cannot open ./df6AM3GD8k02736a: No such file or directory
               -1 Sun Nov 22 02:59 <>
              8BITMIME
        					 foo@bar.com
        ");
    }

    #[test]
    fn heads_and_totals() {
        // CMD-079, CMD-080, CMD-090
        assert_eq!(head(b"/q", 0, 0, false), b"/q is empty\n");
        assert!(head(b"/q", 1, 1, false).starts_with(b"\t\t/q (1 request)\n-----Q-ID"));
        assert!(head(b"/q", 5, 2, true).starts_with(b"\t\t/q (5 requests, only 2 printed)\n"));
        assert_eq!(total(0), b"\t\tTotal requests: 0\n");
        // CMD-089
        assert_eq!(
            listed("x", Mark::None, None, Control::Completed, false),
            "            x (job completed)\n"
        );
    }
}
