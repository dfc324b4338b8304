use super::*;

/// Groups as text, `|` between them, in the way a regex map with bare `-s` shows them.
fn show(pattern: &str, text: &str, basic: bool) -> String {
    let options = PatternOptions { basic, case_sensitive: false };
    let regex = match PosixRegex::new(pattern.as_bytes(), options) {
        Ok(regex) => regex,
        Err(error) => return error.to_string(),
    };
    let groups = match regex.captures(text.as_bytes()) {
        Ok(Some(groups)) => groups,
        Ok(None) => return "no match".into(),
        Err(error) => return error.to_string(),
    };
    assert_eq!(groups.len(), regex.groups() + 1);
    groups.iter().map(|g| g.map_or("", |(from, to)| &text[from..to])).collect::<Vec<_>>().join("|")
}

#[test]
fn back_references_as_glibc() {
    // MAP-042, observed with 8.17.1.9
    let rows = [
        ("(a*)\\1", "aaaa", "aaaa|aa"),
        ("(a*)\\1", "aaaaa", "aaaa|aa"),
        ("(a*)\\1", "b", "|"),
        ("^(.+)\\.(.+)\\.\\1$", "xy.z.w.xy.z", "xy.z.w.xy.z|xy.z|w"),
        ("^(.+)\\.(.+)\\.\\1$", "x.y.z", "no match"),
        ("^(.)(.)\\2\\1$", "abba", "abba|a|b"),
        ("^(a|b)*\\1$", "abb", "abb|b"),
        ("^(a|b)*\\1$", "b", "no match"),
        ("^(.)\\1$", "aA", "aA|a"),
        ("(a|ab)(c|bcd)\\1", "abcdab", "abcda|a|bcd"),
        ("(a|ab)(c|bcd)\\1", "abcab", "abcab|ab|c"),
        ("(.*)x\\1", "abxab", "abxab|ab"),
        ("(.*)x\\1", "abxb", "bxb|b"),
        ("(a)\\1*b", "aaaab", "aaaab|a"),
        ("(a)\\1{2}b", "aab", "no match"),
        ("^(()|a)\\1*$", "aaa", "aaa|a|"),
        ("([0-9]+)[-.]\\1\\.[^.]+$", "host-12.12.example", "12.12.example|12"),
        ("([0-9]+)[-.]\\1\\.[^.]+$", "host-12.13.example", "no match"),
        ("\\1(a)", "aa", "Invalid back reference"),
        ("(a\\1)", "aa", "Invalid back reference"),
        ("(a)(b)\\3", "ab", "Invalid back reference"),
        ("^(a)|\\1b$", "ab", "Invalid back reference"),
        ("((a)|b)\\2", "aa", "aa|a|a"),
    ];
    for (pattern, text, expected) in rows {
        assert_eq!(show(pattern, text, false), expected, "{pattern} on {text}");
    }
    assert_eq!(show("^\\(ab*\\)\\1$", "abbabb", true), "abbabb|abb");
}

#[test]
fn back_references_give_up() {
    let pattern = "^(a*)(a*)(a*)\\1\\2\\3(x)\\4";
    assert_eq!(show(pattern, &"a".repeat(1000), false), "no match");
    let text = "a".repeat(1000) + "xy";
    assert_eq!(show(pattern, &text, false), TooManySteps.to_string());
}

#[test]
fn extended_as_glibc() {
    // MAP-042, observed with 8.17.1.9
    let rows = [
        ("a|ab", "xabc", "ab"),
        ("(a*)(ab)*(b*)", "abab", "abab||ab|"),
        ("(a|ab)(c|bcd)(d*)", "abcd", "abcd|a|bcd|"),
        ("x*|b", "b", "b"),
        ("(a*)*", "b", "|"),
        ("(a*)*", "aab", "aa|aa"),
        ("(a*)+", "b", "|"),
        ("(a|b)*", "abba", "abba|a"),
        ("((a)|(b))*", "ab", "ab|b|a|b"),
        ("()a", "a", "a|"),
        ("a{,2}b", "aab", "aab"),
        ("a{,2}b", "{,2}b", "b"),
        ("a{2}{3}", "aaaaaaa", "aaaaaa"),
        ("a**", "aaa", "aaa"),
        ("a+?", "aaa", "aaa"),
        ("\\w+\\b", "foo.bar", "foo"),
        ("\\<a\\>", "x.a.b", "a"),
        ("[[:alpha:]_-]+", "xx_-y1", "xx_-y"),
        ("a||b", "b", "b"),
        ("(|a)b", "ab", "ab|a"),
        ("[[=a=]]", "a", "a"),
        ("x^a", "x^a", "no match"),
        ("a$b", "a$b", "no match"),
        ("(^a)", "a", "a|a"),
        ("()", "x", "|"),
        ("a)b", "a)b", "a)b"),
        ("[]a]", "]", "]"),
        ("[^]a]", "b", "b"),
        ("[a\\]]", "a]", "a]"),
        ("\\S\\s\\W", "a .", "a ."),
        ("a{1,2}{2}", "aaaa", "aaaa"),
        ("\\`a\\'", "a", "a"),
        ("(a){0}b", "b", "b|"),
        ("[[.a.]-c]", "b", "b"),
        ("(a)(b+)", "xABBy", "ABB|A|BB"),
        ("a\\xb", "axb", "no match"),
        ("a\\Xb", "axb", "axb"),
        ("a\\.b", "a.b", "a.b"),
        ("[a-\\\\d]", "d", "d"),
    ];
    for (pattern, text, expected) in rows {
        assert_eq!(show(pattern, text, false), expected, "{pattern} on {text}");
    }
}

#[test]
fn basic_as_glibc() {
    let rows = [
        ("a\\+b", "aaab", "aaab"),
        ("a\\|b", "b", "b"),
        ("*a", "*a", "*a"),
        ("\\(*a\\)", "*a", "*a|*a"),
        ("a\\{2\\}", "aa", "aa"),
        ("a+?{2}", "a+?{2}", "a+?{2}"),
        ("\\(^a\\)", "a", "a|a"),
        ("a^b$c", "a^b$c", "a^b$c"),
        ("a\\?b", "b", "b"),
        ("^*a", "*a", "*a"),
        ("\\(a\\)\\(b*\\)", "xabbb", "abbb|a|bbb"),
        ("\\(", "", "Unmatched ( or \\("),
        ("\\{1\\}", "", "Invalid preceding regular expression"),
        ("a\\{1", "", "Unmatched \\{"),
    ];
    for (pattern, text, expected) in rows {
        assert_eq!(show(pattern, text, true), expected, "{pattern} on {text}");
    }
}

#[test]
fn errors_as_glibc() {
    // MAP-042, observed with 8.17.1.9
    let rows = [
        ("[a-c-e]", "Invalid range end"),
        ("^*a", "Invalid preceding regular expression"),
        ("[[.hyphen.]]", "Invalid collation character"),
        ("a{1", "Unmatched \\{"),
        ("{1}", "Invalid preceding regular expression"),
        ("+a", "Invalid preceding regular expression"),
        ("a|*b", "Invalid preceding regular expression"),
        ("*a", "Invalid preceding regular expression"),
        ("[z-a]", "Invalid range end"),
        ("[[:alpha:]-z]", "Invalid range end"),
        ("(a)|b\\1", "Invalid back reference"),
        ("\\1(a)", "Invalid back reference"),
        ("[[:alph:]]", "Invalid character class name"),
        ("a{1,2,3}", "Invalid content of \\{\\}"),
        ("a{x}", "Invalid content of \\{\\}"),
        ("a{3,2}", "Invalid content of \\{\\}"),
        ("a{65536}", "Regular expression too big"),
        ("a{32768}", "Regular expression too big"),
        ("(", "Unmatched ( or \\("),
        ("(()", "Unmatched ( or \\("),
        ("a(", "Unmatched ( or \\("),
        ("[[.xx.]]", "Invalid collation character"),
        ("[[=xx=]]", "Invalid collation character"),
        ("[a", "Unmatched [, [^, [:, [., or [="),
        ("[[:alpha:]", "Unmatched [, [^, [:, [., or [="),
        ("[b-a-z]", "Invalid range end"),
        ("a\\", "Trailing backslash"),
    ];
    for (pattern, expected) in rows {
        assert_eq!(show(pattern, "", false), expected, "{pattern}");
    }
}

proptest::proptest! {
    /// The naive definition: of all matches the leftmost, of those the longest.
    #[test]
    fn leftmost_longest(pattern in "[abx]{1,3}(\\*|\\+|\\?|\\|[ab]{0,2}|)[ab]{0,2}", text in "[abc]{0,6}") {
        let regex = PosixRegex::new(pattern.as_bytes(), PatternOptions::default()).expect("valid");
        let whole = format!("^({pattern})$");
        let exact = PosixRegex::new(whole.as_bytes(), PatternOptions::default()).expect("valid");
        let naive = (0..=text.len()).find_map(|from| {
            (from..=text.len()).rev().find(|&to| exact.is_match(&text.as_bytes()[from..to]).unwrap())
                .map(|to| (from, to))
        });
        let found = regex.captures(text.as_bytes()).unwrap().and_then(|groups| groups[0]);
        proptest::prop_assert_eq!(found, naive);
        proptest::prop_assert_eq!(regex.is_match(text.as_bytes()).unwrap(), naive.is_some());
    }

    #[test]
    fn any_pattern_is_read(pattern in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
                           basic in proptest::bool::ANY) {
        let options = PatternOptions { basic, case_sensitive: true };
        if let Ok(regex) = PosixRegex::new(&pattern, options) {
            let _ = regex.captures(&pattern);
        }
    }
}
