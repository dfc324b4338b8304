//! Whether a text could be put into an address: what classes `dequote` and `regex` ask before they
//! return one (MAP-041, MAP-042).

/// What stands open at the end of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    quoted: bool,
    escaped: bool,
    angles: i32,
    comments: i32,
    spaces: bool,
}

impl Balance {
    /// Takes one byte. A closing bracket without an opening one stays visible: the counts go below
    /// zero.
    pub(crate) fn take(&mut self, byte: u8) {
        if self.escaped {
            self.escaped = false;
            return;
        }
        match byte {
            b'\\' => self.escaped = true,
            b'(' => self.comments = self.comments.saturating_add(1),
            b')' => self.comments = self.comments.saturating_sub(1),
            b'"' => self.quoted = !self.quoted,
            // brackets in comments and quotes do not count
            b'<' if !self.quoted && self.comments == 0 => {
                self.angles = self.angles.saturating_add(1);
            }
            b'>' if !self.quoted && self.comments == 0 => {
                self.angles = self.angles.saturating_sub(1);
            }
            b' ' | b'\t' if !self.quoted && self.comments == 0 => self.spaces = true,
            _ => {}
        }
    }

    /// Whether everything is closed and no blank stands free.
    pub(crate) fn is_closed(&self) -> bool {
        *self == Self::default()
    }
}
