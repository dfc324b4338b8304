//! Lists of addresses, of headers and command lines as well as of alias values and list files: no address is invented,
//! and nothing but separators is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mta::address::list;
use mta::message::address_list::{ListStyle, elements_in_place, fold};
use ruleset_vm::operators::Operators;

/// What is left without separators.
fn kept(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && !b",\x0b".contains(byte)).collect()
}

fuzz_target!(|data: &[u8]| {
    for style in [ListStyle::Commas, ListStyle::Spaces] {
        let found = elements_in_place(data, style);
        for (element, rest) in &found {
            assert!(!element.is_empty() && rest.starts_with(element) && data.ends_with(rest));
        }
        let elements: Vec<&[u8]> = found.into_iter().map(|(element, _)| element).collect();
        assert_eq!(kept(&elements.concat()), kept(data));
        assert_eq!(kept(&fold(elements.into_iter(), 4, 78)), kept(data));
    }
    let operators = Operators::new(b".:%@!^/[]+");
    let (mut from, mut number) = (0, 0);
    while let Some(line) = list::next_line(data, from, number) {
        assert!(line.next > from && line.number > number);
        (from, number) = (line.next, line.number);
        let found: Vec<u8> = list::elements(line.text, &operators)
            .iter()
            .flat_map(|element| element.text.to_vec())
            .collect();
        assert_eq!(kept(&found), kept(line.text));
    }
});
