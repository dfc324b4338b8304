//! Lists of addresses in header fields: where one address ends, and folding a list (AD-072, AD-053).

/// How the elements of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListStyle {
    /// By commas.
    Commas,
    /// By commas or spaces, as in messages older than RFC 822 (OldStyleHeaders, AD-053).
    Spaces,
}

/// Columns of a folded list, unless the mailer's lines are shorter (AD-072).
pub const FOLD_COLUMNS: usize = 78;

const INDENT: &[u8] = b"        ";

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_space(**byte)).count();
    text.get(blanks..).unwrap_or_default()
}

/// The elements of a list, comments and display texts included, without empty ones.
#[must_use]
pub fn elements(list: &[u8], style: ListStyle) -> Vec<&[u8]> {
    elements_in_place(list, style).into_iter().map(|(element, _)| element).collect()
}

/// The same, each with the list from it on, which messages about its syntax name.
#[must_use]
pub fn elements_in_place(list: &[u8], style: ListStyle) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    let mut rest = list;
    loop {
        let skipped = rest.iter().take_while(|&&b| is_space(b) || b == b',').count();
        rest = rest.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return found;
        }
        let (element, after) = rest.split_at(element_end(rest, style));
        let element = element.trim_ascii_end();
        if !element.is_empty() {
            found.push((element, rest));
        }
        rest = after;
    }
}

/// Where the first element ends. Quotes, comments, and the angle brackets of a route protect what they enclose; in
/// the old style an at sign beside the space binds the words.
fn element_end(text: &[u8], style: ListStyle) -> usize {
    let (mut quoted, mut comments, mut angles, mut route) = (false, 0usize, 0usize, false);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' if comments == 0 => quoted = !quoted,
            _ if quoted => {}
            b'(' => comments += 1,
            b')' => comments = comments.saturating_sub(1),
            _ if comments > 0 => {}
            b'<' => {
                let inside = text.get(at + 1..).unwrap_or_default();
                (angles, route) =
                    (angles + 1, route || inside.trim_ascii_start().starts_with(b"@"));
            }
            b'>' => (angles, route) = (angles.saturating_sub(1), false),
            b',' if angles == 0 || !route => return at,
            _ if angles == 0 && style == ListStyle::Spaces && is_space(byte) => {
                let next = without_blanks(text.get(at..).unwrap_or_default());
                let before = text.get(..at).unwrap_or_default().last();
                let binds = next.first() == Some(&b'@') || before == Some(&b'@');
                if !binds && next.first() != Some(&b'(') {
                    return at;
                }
                at = text.len() - next.len();
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// A folded list: elements joined by `, `, a new line with eight spaces before the one that would
/// pass `columns`. `start` is how many columns name, colon and leading space take; they are not part
/// of the result. Empty elements are left out; a break inside an element stays (observed).
#[must_use]
pub fn fold<'a>(elements: impl Iterator<Item = &'a [u8]>, start: usize, columns: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = start;
    for (index, element) in elements.filter(|element| !element.is_empty()).enumerate() {
        let separator = if index == 0 { 0 } else { 2 };
        column += element.len() + separator;
        if index > 0 && column > columns {
            out.extend_from_slice(b",\n");
            out.extend_from_slice(INDENT);
            column = INDENT.len() + element.len();
        } else if index > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(element);
    }
    out
}

/// An address without one pair of angle brackets around it.
#[must_use]
pub fn bare(address: &[u8]) -> &[u8] {
    let address = address.trim_ascii();
    match address.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")) {
        Some(inside) if !inside.contains(&b'<') => inside.trim_ascii(),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_at_unprotected_commas() {
        let check = |list: &str, style, expected: &[&str]| {
            let found: Vec<_> =
                elements(list.as_bytes(), style).into_iter().map(String::from_utf8_lossy).collect();
            assert_eq!(found, expected, "{list:?}");
        };
        let commas = ListStyle::Commas;
        check(" a, b,,c ,", commas, &["a", "b", "c"]);
        check("\"x, y\" <b@c>, t", commas, &["\"x, y\" <b@c>", "t"]);
        check("a (x, (y, z)), <@p,@q:r@s>", commas, &["a (x, (y, z))", "<@p,@q:r@s>"]);
        check("grp: a, b;", commas, &["grp: a", "b;"]);
        check("a\\,b, c", commas, &["a\\,b", "c"]);
        check("\"open, x", commas, &["\"open, x"]);
        check("", commas, &[]);
        // AD-053
        check("a b @ c d", ListStyle::Spaces, &["a", "b @ c", "d"]);
        check("a \x0b@ \x0bc\x0bd", ListStyle::Spaces, &["a \x0b@ \x0bc", "d"]);
    }

    proptest::proptest! {
        #[test]
        fn elements_lose_nothing_but_separators(list in "[a-c@<>\"(), \\\\\n]{0,60}") {
            let kept = |text: &[u8]| -> Vec<u8> {
                text.iter().copied().filter(|b| !b", \n".contains(b)).collect()
            };
            for style in [ListStyle::Commas, ListStyle::Spaces] {
                let found = elements(list.as_bytes(), style).concat();
                proptest::prop_assert_eq!(kept(&found), kept(list.as_bytes()));
            }
        }
    }
}
