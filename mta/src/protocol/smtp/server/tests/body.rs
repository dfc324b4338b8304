//! The reader behind `DATA`.

use crate::protocol::smtp::server::BareEnd::{self, Accept, Refuse, Space};
use crate::protocol::smtp::server::body::{BodyReader, BodyRules, End, MAX_CHUNK};
use bstr::ByteSlice;
use proptest::prelude::*;

fn rules(bare: BareEnd, lenient_end: bool) -> BodyRules {
    BodyRules { bare_cr: bare, bare_lf: bare, lenient_end, size_limit: 0 }
}

/// The message, the bytes used, and the end, if `input` comes in pieces of `step` bytes.
fn read(rules: BodyRules, input: &[u8], step: usize) -> (Vec<u8>, usize, Option<End>) {
    let mut reader = BodyReader::new(rules);
    let (mut out, mut used) = (Vec::new(), 0);
    for piece in input.chunks(step.max(1)) {
        let mut at = 0;
        while at < piece.len() {
            let mut chunk = Vec::new();
            let (taken, end) = reader.read(&piece[at..], &mut chunk);
            assert!(chunk.len() <= MAX_CHUNK);
            at += taken;
            used += taken;
            out.extend(chunk);
            if end.is_some() {
                return (out, used, end);
            }
        }
    }
    (out, used, None)
}

#[test]
fn messages_as_the_oracle_stored_them() {
    // RS-139, SM-068, SM-069
    let mixed = b"foo\nbar\rbaz\r\n.\nqux\n.\r\nquux\r\r\nA\r\n.\r\r\nB\r\n..\nC\n..\r\nD\n.E\r\n\
                  .F\rG\n\r.\r\nH\r\n.\r\n";
    let dots = b"foo\n\n.\n.x\n..\n...\n.\r\n\r.\r\n.\rX\r\n.\r\r\n\r\r\r\nY\r\n.\r\n";
    let cases: [(BareEnd, bool, &[u8], &[u8]); 8] = [
        (Refuse, false, b".. two dots\r\n.x\r\n...\r\n.\r\n", b". two dots\nx\n..\n"),
        (
            Accept,
            false,
            mixed,
            b"foo\nbar\rbaz\n\nqux\n.\nquux\r\nA\n\r\nB\n.\nC\n..\nD\n.E\nF\rG\n\r.\nH\n",
        ),
        (Space, false, mixed, b"foo bar baz\n qux .\nquux \nA\n \nB\n. C ..\nD .E\nF G  .\nH\n"),
        (Accept, false, dots, b"foo\n\n.\n.x\n..\n...\n.\n\r.\n\rX\n\r\n\r\r\nY\n"),
        (Space, false, dots, b"foo  . .x .. ... .\n .\n X\n \n  \nY\n"),
        (Accept, true, b"foo\n.\r\n", b"foo\n"),
        (Accept, true, b"foo\n.\n", b"foo\n"),
        (Accept, true, b"foo\r\n.\n", b"foo\n"),
    ];
    for (bare, lenient, input, expected) in cases {
        for step in [1, 2, 3, input.len()] {
            let (out, used, end) = read(rules(bare, lenient), input, step);
            assert_eq!(out.as_bstr(), expected.as_bstr(), "{bare:?} {lenient} by {step}");
            assert_eq!((used, end), (input.len(), Some(End::Complete)));
        }
    }
}

#[test]
fn refused_ends() {
    // SM-020; the letter O alone does not make a bare LF good
    for lenient in [false, true] {
        for (input, end) in [
            (&b"foo\nbar"[..], End::BareLf),
            (b"foo\n.\r\n", End::BareLf),
            (b"foo\r\n.\n", End::BareLf),
            (b"foo\rbar", End::BareCr),
            (b"foo\r\r\n", End::BareCr),
            (b"foo\r\n.\rbar", End::BareCr),
            (b".\r\r\n", End::BareCr),
        ] {
            assert_eq!(
                read(rules(Refuse, lenient), input, 1).2,
                Some(end),
                "{:?}",
                input.as_bstr()
            );
        }
    }
}

#[test]
fn nothing_is_used_behind_the_end() {
    let (out, used, end) = read(rules(Refuse, false), b"a\r\n.\r\nQUIT\r\n", 100);
    assert_eq!((out.as_slice(), used, end), (&b"a\n"[..], 6, Some(End::Complete)));
}

/// A naive reading of the strict rules over the whole input: lines end in CRLF only.
fn naive(input: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for line in input.split_str("\r\n") {
        if line == b"." {
            return Some(out);
        }
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        out.push(b'\n');
    }
    None
}

proptest! {
    #[test]
    fn any_division_gives_the_same(
        input in "[a.\r\n\0]{0,60}",
        step in 1usize..8,
        bare in prop_oneof![Just(Refuse), Just(Accept), Just(Space)],
        lenient: bool,
    ) {
        let rules = rules(bare, lenient);
        prop_assert_eq!(read(rules, input.as_bytes(), step), read(rules, input.as_bytes(), 1000));
    }

    #[test]
    fn clean_messages_agree_with_the_naive_reader(lines in prop::collection::vec("[ab.]{0,5}", 0..20)) {
        let input = format!("{}\r\n.\r\n", lines.join("\r\n"));
        let (out, _, end) = read(rules(Refuse, false), input.as_bytes(), 7);
        prop_assert_eq!(end, Some(End::Complete));
        prop_assert_eq!(Some(out), naive(input.as_bytes()));
    }

    #[test]
    fn the_limit_bounds_what_comes_out(input: Vec<u8>, limit in 1u64..50) {
        let rules = BodyRules { size_limit: limit, ..rules(Accept, false) };
        let (out, _, _) = read(rules, &input, 16);
        prop_assert!(out.len() as u64 <= limit);
    }
}
