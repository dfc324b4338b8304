//! The load average, which options such as `QueueLA` and `RefuseLA` are compared with.

/// The load average over one minute, rounded to the nearest number as sendmail does; 0 where the
/// system does not tell.
#[must_use]
pub fn load_average() -> u32 {
    std::fs::read_to_string("/proc/loadavg").ok().and_then(|text| parse(&text)).unwrap_or(0)
}

/// The first field of `/proc/loadavg`, rounded.
fn parse(text: &str) -> Option<u32> {
    let first: f64 = text.split_whitespace().next()?.parse().ok()?;
    (0.0..1e6).contains(&first).then_some((first + 0.5) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_is_rounded() {
        let rows = [
            ("0.49 1 2", Some(0)),
            ("0.50 1", Some(1)),
            ("12.7", Some(13)),
            ("x", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
