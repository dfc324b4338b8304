//! The control socket of a daemon: one command a line, and its answer (CMD-130..CMD-135). Pure.

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The commands, from the help file.
    Help,
    /// How busy the daemon is.
    Status,
    /// The same for programs.
    Statistics,
    /// What is in memory.
    Memory,
    /// Start again with the same arguments.
    Restart,
    /// An orderly stop.
    Shutdown,
}

const COMMANDS: &[(&str, Command)] = &[
    ("help", Command::Help),
    ("status", Command::Status),
    ("mstat", Command::Statistics),
    ("memdump", Command::Memory),
    ("restart", Command::Restart),
    ("shutdown", Command::Shutdown),
];

/// What is answered to an order that is carried out.
pub const DONE: &[u8] = b"OK\r\n";
/// What is answered to `memdump`: heaps are not checked.
pub const NO_MEMORY_DUMP: &[u8] =
    b"Memory dump unavailable.\r\nTo fix, run sendmail with -dsm_check_heap.4\r\n";

/// The command of a line; the first word alone counts, in any case.
///
/// # Errors
/// The answer to what is no command.
pub fn parse(line: &[u8]) -> Result<Command, Vec<u8>> {
    let word = line.split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
    let word = word.unwrap_or_default();
    let row = COMMANDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    row.map(|(_, command)| *command).ok_or_else(|| [b"Bad command (", word, b")\r\n"].concat())
}

/// How busy a daemon is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Connections being served.
    pub connections: usize,
    /// How many there may be; 0 without a limit.
    pub limit: usize,
    /// Free space in the queue's file system, in units of 1024 bytes.
    pub free: Option<u64>,
    /// The load average.
    pub load: u32,
    /// Process ids and what the processes do.
    pub tasks: Vec<(u32, String)>,
}

impl Activity {
    /// The answer to `status`.
    #[must_use]
    pub fn status(&self) -> Vec<u8> {
        let Self { connections, limit, load, tasks, .. } = self;
        let mut out = format!("{connections}/{limit}/{}/{load}\r\n", self.free());
        tasks.iter().for_each(|(pid, task)| out.push_str(&format!("{pid} {task}\r\n")));
        out.into_bytes()
    }

    /// The answer to `mstat`. Numbers of queue entries would come from shared memory.
    #[must_use]
    pub fn statistics(&self) -> Vec<u8> {
        let Self { connections, limit, load, tasks, .. } = self;
        let mut out = format!("C:{connections}\r\nM:{limit}\r\nL:{load}\r\n");
        out.push_str(&format!("Q:NOTCONFIGURED:-1\r\nD:0/./{}\r\n", self.free()));
        tasks.iter().for_each(|(pid, task)| out.push_str(&format!("P:{pid} {task}\r\n")));
        out.into_bytes()
    }

    fn free(&self) -> String {
        self.free.map_or_else(|| "-1".to_owned(), |free| free.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_words() {
        let table: &[(&str, Result<Command, &str>)] = &[
            ("help", Ok(Command::Help)),
            ("  STATUS now", Ok(Command::Status)),
            ("mstat\r", Ok(Command::Statistics)),
            ("foo bar", Err("Bad command (foo)\r\n")),
            ("", Err("Bad command ()\r\n")), // CMD-135
        ];
        for (line, expected) in table {
            let expected = expected.map_err(|text| text.as_bytes().to_vec());
            assert_eq!(parse(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn activity_is_shown_in_two_ways() {
        let tasks = vec![(120, "accepting connections".to_owned())];
        let activity = Activity { connections: 2, limit: 7, free: Some(99), load: 3, tasks };
        // CMD-131, CMD-132, observed
        assert_eq!(activity.status(), b"2/7/99/3\r\n120 accepting connections\r\n");
        assert_eq!(
            activity.statistics(),
            b"C:2\r\nM:7\r\nL:3\r\nQ:NOTCONFIGURED:-1\r\nD:0/./99\r\nP:120 accepting connections\r\n"
        );
        assert_eq!(Activity::default().status(), b"0/0/-1/0\r\n");
    }
}
