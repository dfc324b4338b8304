//! What mailstats shows: counts for each mailer and for connections, and the file they are kept in (LG-047..LG-051).
//!
//! The file is a structure of C as 64-bit machines lay it out, in the machine's byte order, so that sendmail and its
//! mailstats go on with it (observed).

/// Mailers that have counts; there are no more of them in a configuration.
pub const MAILERS: usize = 25;
/// Bytes of the file.
pub const FILE_SIZE: usize = 1448;

const MAGIC: i32 = 0x0001_b1de;
const VERSION: i32 = 4;
/// Where the counts begin: magic, version, time, size and padding are in front.
const HEADER: usize = 24;

/// Counts of one mailer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailerCounts {
    /// Messages whose sender it would reach.
    pub from: u64,
    /// Their kilobytes, each message's rounded up.
    pub from_kilobytes: u64,
    /// Deliveries.
    pub to: u64,
    /// Their kilobytes.
    pub to_kilobytes: u64,
    /// Messages refused.
    pub rejected: u64,
    /// Messages discarded.
    pub discarded: u64,
    /// Messages quarantined.
    pub quarantined: u64,
}

/// Counts of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// From clients.
    pub from: u64,
    /// To servers.
    pub to: u64,
    /// Refused, or with something refused.
    pub rejected: u64,
}

/// All counts, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Seconds since 1970.
    pub since: i64,
    /// Connections.
    pub connections: ConnectionCounts,
    /// Mailers by number.
    pub mailers: [MailerCounts; MAILERS],
}

/// Why a file is none of statistics, in the words of mailstats.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    /// Something else.
    #[error("incorrect magic number in {0}")]
    Magic(String),
    /// Another layout.
    #[error("version (4) incompatible with {file} version ({version})")]
    Version {
        /// The file.
        file: String,
        /// Its version.
        version: i32,
    },
    /// The layout of another machine, or a part is missing.
    #[error("file size changed.")]
    Size,
}

/// Kilobytes of a message: thousands, rounded up (observed).
fn kilobytes(size: u64) -> u64 {
    size.div_ceil(1000)
}

/// The columns of counts of mailers, in the order of the file.
const COLUMNS: [fn(&mut MailerCounts) -> &mut u64; 7] = [
    |counts| &mut counts.from,
    |counts| &mut counts.from_kilobytes,
    |counts| &mut counts.to,
    |counts| &mut counts.to_kilobytes,
    |counts| &mut counts.rejected,
    |counts| &mut counts.discarded,
    |counts| &mut counts.quarantined,
];

impl MailerCounts {
    /// Adds those of another.
    pub fn add(&mut self, other: &Self) {
        let mut other = *other;
        for column in COLUMNS {
            *column(self) = column(self).saturating_add(*column(&mut other));
        }
    }
}

impl Statistics {
    fn mailer(&mut self, number: usize) -> Option<&mut MailerCounts> {
        self.mailers.get_mut(number)
    }

    /// A message of `size` bytes came in; its sender belongs to the mailer with this number.
    pub fn received(&mut self, mailer: usize, size: u64) {
        if let Some(counts) = self.mailer(mailer) {
            counts.from += 1;
            counts.from_kilobytes += kilobytes(size);
        }
    }

    /// A message of `size` bytes was delivered `times` times.
    pub fn delivered(&mut self, mailer: usize, times: u64, size: u64) {
        if let Some(counts) = self.mailer(mailer) {
            counts.to += times;
            counts.to_kilobytes += times * kilobytes(size);
        }
    }

    /// Whether there is nothing to add.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { since: self.since, ..Self::default() }
    }

    /// Adds what another process, or another part of this one, has counted.
    pub fn add(&mut self, other: &Self) {
        let (own, other_own) = (&mut self.connections, &other.connections);
        own.from = own.from.saturating_add(other_own.from);
        own.to = own.to.saturating_add(other_own.to);
        own.rejected = own.rejected.saturating_add(other_own.rejected);
        self.mailers.iter_mut().zip(&other.mailers).for_each(|(counts, other)| counts.add(other));
    }

    /// The file called `name`. An empty one has no counts since `now`.
    ///
    /// # Errors
    /// See [`StatisticsError`].
    pub fn decode(bytes: &[u8], name: &str, now: i64) -> Result<Self, StatisticsError> {
        if bytes.is_empty() {
            return Ok(Self { since: now, ..Self::default() });
        }
        if int(bytes, 0) != Some(MAGIC) {
            return Err(StatisticsError::Magic(name.to_owned()));
        }
        match int(bytes, 4) {
            Some(VERSION) => {}
            version => {
                let version = version.unwrap_or(0);
                return Err(StatisticsError::Version { file: name.to_owned(), version });
            }
        }
        let size = bytes.get(16..18).and_then(|size| size.try_into().ok()).map(u16::from_ne_bytes);
        if size.map(usize::from) != Some(FILE_SIZE) || bytes.len() < FILE_SIZE {
            return Err(StatisticsError::Size);
        }
        let mut numbers = bytes.get(HEADER..FILE_SIZE).unwrap_or_default().chunks_exact(8);
        let mut next = || {
            let number = numbers.next().and_then(|number| number.try_into().ok());
            number.map_or(0, u64::from_ne_bytes)
        };
        let connections = ConnectionCounts { from: next(), to: next(), rejected: next() };
        let mut statistics = Self { since: long(bytes, 8), connections, ..Self::default() };
        for column in COLUMNS {
            for counts in &mut statistics.mailers {
                *column(counts) = next();
            }
        }
        Ok(statistics)
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FILE_SIZE);
        bytes.extend_from_slice(&MAGIC.to_ne_bytes());
        bytes.extend_from_slice(&VERSION.to_ne_bytes());
        bytes.extend_from_slice(&self.since.to_ne_bytes());
        bytes.extend_from_slice(&(FILE_SIZE as u16).to_ne_bytes());
        bytes.resize(HEADER, 0);
        let mut put = |number: u64| bytes.extend_from_slice(&number.to_ne_bytes());
        put(self.connections.from);
        put(self.connections.to);
        put(self.connections.rejected);
        let mut mailers = self.mailers;
        for column in COLUMNS {
            mailers.iter_mut().for_each(|counts| put(*column(counts)));
        }
        bytes
    }
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..at + 4)?.try_into().ok().map(i32::from_ne_bytes)
}

fn long(bytes: &[u8], at: usize) -> i64 {
    let bytes = bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, i64::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back() {
        // LG-048, LG-049
        let mut statistics = Statistics { since: 1_795_826_196, ..Statistics::default() };
        assert!(statistics.is_empty());
        statistics.received(3, 4001);
        statistics.delivered(4, 2, 1000);
        statistics.delivered(25, 2, 1024);
        statistics.connections.rejected = 7;
        assert!(!statistics.is_empty());
        let bytes = statistics.encode();
        assert_eq!(bytes.len(), FILE_SIZE);
        assert_eq!(Statistics::decode(&bytes, "x", 0), Ok(statistics.clone()));
        // the places found in a file of sendmail
        let number = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!(
            (number(40), number(72), number(272), number(480), number(680)),
            (7, 1, 5, 2, 2)
        );
        let mut sum = statistics.clone();
        sum.add(&statistics);
        assert_eq!((sum.mailers[3].from_kilobytes, sum.mailers[4].to), (10, 4));
        assert_eq!(sum.since, statistics.since);
    }

    #[test]
    fn other_files_are_refused() {
        let good = Statistics::default().encode();
        let changed = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            Statistics::decode(&bytes, "st", 0).map_err(|error| error.to_string())
        };
        assert_eq!(changed(0), Err("incorrect magic number in st".to_owned()));
        assert_eq!(changed(4), Err("version (4) incompatible with st version (5)".to_owned()));
        assert_eq!(changed(16), Err("file size changed.".to_owned()));
        assert_eq!(Statistics::decode(&good[..1000], "st", 0), Err(StatisticsError::Size));
        assert_eq!(
            Statistics::decode(b"", "st", 9),
            Ok(Statistics { since: 9, ..Statistics::default() })
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..1600)) {
            let _ = Statistics::decode(&bytes, "x", 0);
        }
    }
}
