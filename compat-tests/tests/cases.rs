//! The hand-written cases: each directory of `cases/` is one test.

use compat_tests::suite::check;

#[test]
fn bt() {
    check("bt").unwrap();
}

#[test]
fn sh() {
    check("sh").unwrap();
}
