//! The form of reports that JUnit has given to build servers.

use super::report::Report;

/// All reports in one document.
#[must_use]
pub fn junit(reports: &[Report]) -> Vec<u8> {
    let total: usize = reports.iter().map(|report| report.results.len()).sum();
    let failed: usize = reports.iter().map(Report::failed).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites tests=\"{total}\" failures=\"{failed}\" errors=\"0\">\n"));
    for report in reports {
        let name = escaped(&report.file);
        let (total, failed) = (report.results.len(), report.failed());
        out.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{total}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">\n"
        ));
        for result in &report.results {
            let title = escaped(&result.title);
            let head = format!(
                "    <testcase name=\"{title}\" classname=\"{name}\" file=\"{name}\" line=\"{}\"",
                result.line
            );
            out.push_str(&head);
            let Some(first) = result.failures.first() else {
                out.push_str("/>\n");
                continue;
            };
            let message = [b"expected ", &first.expected[..], b", got ", &first.got].concat();
            out.push_str(&format!(">\n      <failure message=\"{}\">", escaped(&message)));
            let details = report.details(result).join(&b'\n');
            out.push_str(&escaped(&details));
            out.push_str("</failure>\n    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out.into_bytes()
}

/// A text for content and attributes of XML 1.0. What XML cannot hold, and octets that are no UTF-8, are written as
/// `\xHH`; line ends are kept as references, which attributes need.
fn escaped(text: &[u8]) -> String {
    let mut out = String::new();
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\n' => out.push_str("&#10;"),
                '\t' => out.push_str("&#9;"),
                '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
                control if control.is_control() => {
                    out.push_str(&format!("\\x{:02x}", u32::from(control)));
                }
                other => out.push(other),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::example;
    use super::*;

    #[test]
    fn a_document() {
        insta::assert_snapshot!(String::from_utf8(junit(&[example()])).unwrap());
    }

    #[test]
    fn what_xml_cannot_hold() {
        let text = escaped(b"a<b>&\"'\x00\x1b\x7f\xff\xc3\xa4\n");
        assert_eq!(text, "a&lt;b&gt;&amp;&quot;'\\x00\\x1b\\x7f\\xff\u{e4}&#10;");
    }
}
