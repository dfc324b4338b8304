use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn laid(text: &str) -> String {
    let first = format(text.as_bytes()).unwrap();
    assert_eq!(format(&first).unwrap(), first, "laid out twice");
    String::from_utf8(first).unwrap()
}

#[test]
fn columns_of_rules() {
    let file = "V10\nSa  \nR$*\t$1\nR$* $=w\t\t\t\t$2\t  a comment\n# c  \n\
R$* < @ $* $=w a very long left hand side that goes on >\t$2\t\t$3\nR$-\t$: $1\tb\n\n\
R$+\t$1 # inline\nR$+ \t $1  \n\n\n\nR$*\t$1\t\n";
    insta::assert_snapshot!(laid(file));
}

#[test]
fn fields_options_and_blanks() {
    let file = "V10 \nOA/etc/aliases \nOQ/q\nO Log = 9 # why\nO  Timeout.ident=0\nO timeout.INIT=5m\nOr1h\nOM x y\n\
Mlocal,P=/bin/mail,F=lsn , S=a/b,\n\t\n\tA=mail \"a, b\"  -d $u   \n\
Mesmtp,  P=[IPC] # note\n\t, F=mD\n\
DAx  \n# a comment\n   that goes on  \n \t\n   still\nCw a  b \n   \nHSubject: x\n\ty  \n\n\n";
    insta::assert_snapshot!(laid(file));
}

#[test]
fn what_is_no_line_stays() {
    for text in
        ["", "\n", "R$*\n x", " x\n", "V10\n\n R$*\t$1\n", "b \n", "O =x\n", "Mx\n", "Sa\nR$*\t\n"]
    {
        let laid = format(text.as_bytes()).unwrap();
        assert_eq!(laid.trim_ascii_end(), text.trim_end().as_bytes());
    }
}

/// The configurations on this machine.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        "../compat-tests/cf",
        "../examples/cf",
        "../../shared/corpus/cf",
        "../../shared/corpus/built",
    ];
    let entries =
        |folder: &str| std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        folders.iter().flat_map(|f| entries(f)).map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "cf"));
    files.sort();
    files
}

#[test]
fn real_files() {
    let files = files();
    assert!(files.len() > 30);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let first = format(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(format(&first).unwrap(), first, "{} again", path.display());
        // Nothing moves to another line.
        let lines = |bytes: &[u8]| bytes.trim_ascii_end().split(|b| *b == b'\n').count();
        assert_eq!(lines(&first), lines(&bytes), "{}", path.display());
        // No comment is lost.
        let comments = |bytes: &[u8]| {
            bytes.split(|b| *b == b'\n').filter(|line| line.starts_with(b"#")).count()
        };
        assert_eq!(comments(&first), comments(&bytes), "{}", path.display());
    }
}

/// Lines of any kind, with blanks and comments where they are not expected.
const LINES: &str = concat!(
    "(V10\n)?(([CDEFHKMOPQRSTVX#]|OA|O Tim|R\\$\\*|Mx,|Sa)([ -~\t\u{e4}]|\t+|, [A-Z]=|\\$([a-z@|]|[&~?=]?[a-z]|\\{[a-z]{1,4}\\})){0,20}",
    "\r?\n([ \t]{1,3}[ -~]{0,6}\r?\n)?(\n| \n)?){0,8}"
);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_lines_say_the_same_and_stay(text in LINES) {
        let first = format(text.as_bytes());
        let first = first.unwrap_or_else(|error| panic!("{error}: {text:?}"));
        let second = format(&first).unwrap();
        prop_assert_eq!(String::from_utf8_lossy(&second), String::from_utf8_lossy(&first));
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(format(&bytes).is_ok(), "{:?}", bytes);
    }
}
