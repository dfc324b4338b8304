//! Whether a text could be put into an address: what classes `dequote` and `regex` ask before they
//! return one (MAP-041, MAP-042). They do not ask quite the same.

/// How a class counts (observed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counting {
    /// Angle brackets in comments do not count.
    pub(crate) comments_hide_brackets: bool,
    /// A closing bracket must not come before the one it closes.
    pub(crate) in_order: bool,
    /// A tab counts as a blank.
    pub(crate) tabs: bool,
}

/// What stands open at the end of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Balance {
    counting: Counting,
    quoted: bool,
    escaped: bool,
    angles: i32,
    comments: i32,
    /// A blank stands free, or brackets are out of order.
    wrong: bool,
}

impl Balance {
    pub(crate) fn new(counting: Counting) -> Self {
        Self { counting, quoted: false, escaped: false, angles: 0, comments: 0, wrong: false }
    }

    /// Takes one byte.
    pub(crate) fn take(&mut self, byte: u8) {
        if self.escaped {
            self.escaped = false;
            return;
        }
        let hidden = self.quoted || self.counting.comments_hide_brackets && self.comments > 0;
        match byte {
            b'\\' => self.escaped = true,
            b'"' => self.quoted = !self.quoted,
            b'(' if !self.quoted => self.comments = self.comments.saturating_add(1),
            b')' if !self.quoted => self.comments = self.comments.saturating_sub(1),
            b'<' if !hidden => self.angles = self.angles.saturating_add(1),
            b'>' if !hidden => self.angles = self.angles.saturating_sub(1),
            b' ' if !self.quoted => self.wrong = true,
            b'\t' if !self.quoted && self.counting.tabs => self.wrong = true,
            _ => {}
        }
        self.wrong |= self.counting.in_order && (self.angles < 0 || self.comments < 0);
    }

    /// Whether everything is closed and no blank stands free.
    pub(crate) fn is_closed(&self) -> bool {
        !(self.quoted || self.escaped || self.wrong) && self.angles == 0 && self.comments == 0
    }
}
