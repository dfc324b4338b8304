//! SMTP lines on a stream.

use std::io::{self, BufRead, BufReader, Read, Write};

/// The longest line that is read; longer ones are an error, so that a broken peer cannot fill the
/// memory.
const LONGEST_LINE: u64 = 1 << 20;

/// One end of an SMTP conversation.
pub(crate) struct Wire {
    reader: BufReader<Box<dyn Read + Send>>,
    writer: Box<dyn Write + Send>,
}

impl Wire {
    /// A conversation over the two directions of a stream.
    pub(crate) fn new(reader: Box<dyn Read + Send>, writer: Box<dyn Write + Send>) -> Self {
        Self { reader: BufReader::new(reader), writer }
    }

    /// Sends the bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.flush()
    }

    /// The next line with its end; `None` at the end of the stream.
    pub(crate) fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        Ok((read > 0).then_some(line))
    }

    /// The lines of one reply. A line `NNN-` continues; lines with the code 050 are progress notes
    /// before the reply and continue too. `None` when the stream ended before the reply.
    pub(crate) fn reply(&mut self) -> io::Result<Option<Vec<Vec<u8>>>> {
        let mut lines = Vec::new();
        while let Some(line) = self.line()? {
            let last = line.get(3) != Some(&b'-') && !line.starts_with(b"0");
            lines.push(line);
            if last {
                return Ok(Some(lines));
            }
        }
        Ok((!lines.is_empty()).then_some(lines))
    }

    /// The code of the next reply, `None` at the end of the stream.
    pub(crate) fn code(&mut self) -> io::Result<Option<u16>> {
        Ok(self
            .reply()?
            .and_then(|lines| std::str::from_utf8(lines.last()?.get(..3)?).ok()?.parse().ok()))
    }
}
