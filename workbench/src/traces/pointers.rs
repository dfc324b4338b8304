//! Addresses in memory, which sendmail prints in places. They mean nothing outside of it and differ
//! from run to run; here they are made up, in the same form.

/// An address as `%p` prints it.
pub(super) fn pointer(offset: usize) -> String {
    format!("0x7ffd{:08x}", 0x1000_0000 + offset % 0x1000_0000)
}
