//! Every check by its example; what is shown; what the safe edits do.

use super::catalogue::{Check, Example, FAMILIES, all, by_code};
use super::tables::{Kind, PlainReader, Table};
use super::testing::{BASE, Loaded, Tree, found};
use super::{Finding, Places, Severity, Style, document, render};

/// Codes found in an example.
fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.check.code).collect()
}

fn found_in_table(kind: &str, text: &str) -> Vec<Finding> {
    let table = Table {
        bytes: text.as_bytes(),
        kind: Kind::by_name(kind).expect("a kind"),
        configuration: None,
        reader: &mut PlainReader,
        files: None,
    };
    super::tables::check(table)
}

#[test]
fn nothing_is_found_in_the_small_configuration() {
    assert_eq!(found(BASE.as_bytes()), []);
}

#[test]
fn every_check_finds_its_example_and_only_that() {
    let mut failed = Vec::new();
    for check in all() {
        let (wrong, right) = match check.example {
            Example::Lines(wrong, right) => {
                let whole = |lines: &str| found([BASE, lines].concat().as_bytes());
                (whole(wrong), whole(right))
            }
            Example::File(wrong, right) => (found(wrong.as_bytes()), found(right.as_bytes())),
            Example::Table(kind, wrong, right) => {
                (found_in_table(kind, wrong), found_in_table(kind, right))
            }
            Example::Words(_) => continue,
        };
        let Check { code, name, .. } = check;
        let worst = wrong.iter().filter(|f| f.check.code == *code).map(|f| f.severity).max();
        if worst != Some(check.severity) || codes(&right).contains(code) {
            failed.push(format!("{code} {name}: {:?}, {:?}", codes(&wrong), codes(&right)));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn right_examples_are_right() {
    let mut failed = Vec::new();
    for check in all() {
        let found = match check.example {
            Example::Lines(_, right) => found([BASE, right].concat().as_bytes()),
            Example::Table(kind, _, right) => found_in_table(kind, right),
            Example::File(..) | Example::Words(_) => continue,
        };
        let bad = found.iter().filter(|f| f.severity > Severity::Note);
        failed.extend(bad.map(|f| format!("{}: {} {}", check.code, f.check.code, f.message)));
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn codes_are_in_order_and_belong_to_families() {
    let codes: Vec<_> = all().map(|check| check.code).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    for check in all() {
        assert!(FAMILIES.iter().any(|(prefix, _)| check.code.starts_with(prefix)));
        assert_eq!(by_code(check.name), Some(check));
        assert_eq!(by_code(&check.code.to_lowercase()), Some(check));
    }
    assert_eq!(sorted.len(), codes.len());
}

#[test]
fn the_pages_are_those_of_the_table() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/check");
    let mut pages: Vec<(String, String)> =
        all().map(|check| (format!("{}.md", check.code), document::page_markdown(check))).collect();
    pages.push(("README.md".to_owned(), document::index_markdown()));
    for (name, page) in &pages {
        let path = format!("{directory}/{name}");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(directory).expect("a directory");
            std::fs::write(&path, page).expect("a page");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == *page, "{path} is old: run the tests of workbench with UPDATE_DOCS=1");
    }
    let there = std::fs::read_dir(directory).expect("docs/check").count();
    assert_eq!(there, pages.len(), "docs/check has pages of no check");
}

fn shown(bytes: &[u8]) -> String {
    let source = Places::new(bytes);
    let findings = found(bytes);
    let shown = findings.iter().map(|finding| render("x.cf", &source, finding, Style::default()));
    shown.collect::<Vec<_>>().join("\n")
}

/// `BASE` and lines, with only the findings shown.
fn shown_behind(lines: &[u8]) -> String {
    shown(&[BASE.as_bytes(), lines].concat())
}

#[test]
fn blanks_for_a_tab() {
    insta::assert_snapshot!(shown_behind(b"Slocaladdr=5\nR$+ @ $+      $: $1 % $2\n"));
}

#[test]
fn dollars_are_shown_as_written() {
    insta::assert_snapshot!(shown_behind(b"Slocaladdr=5\nR$+ @ ${foo}\t$: $1 $3 $&{bar}\n$xfoo\n"));
}

#[test]
fn octets_that_are_no_text() {
    insta::assert_snapshot!(shown_behind(
        b"Slocaladdr=5\nRm\xfcll@\x01$+\t$: \xe4$1 $2\nR\xc3\xa4$+ $1\n"
    ));
}

#[test]
fn the_letter_o() {
    insta::assert_snapshot!(shown_behind(b"S1O\nR$* @ $*\t$@ $>1O $1\n"));
}

#[test]
fn lines_that_continue() {
    insta::assert_snapshot!(shown_behind(
        b"DXa\n \t\n   b\nCw$X\n\t\nO LogLevel=9\n O LogLevel=10\n"
    ));
}

#[test]
fn rules_behind_one_that_takes_all() {
    insta::assert_snapshot!(shown_behind(
        b"Slocaladdr=5\nR$+ @ $+\t$@ $1\nR$- @ $-\t$: $2\nR$*\t$@ x\nR$* % $*\t$: $1\n"
    ));
}

#[test]
fn a_rule_that_could_match_again_is_not_reported() {
    let lines = b"Slocaladdr=5\nR$* @ $*\t$@ $1\nR$* % $*\t$: $1 @ $2\nR$* @ $*\t$@ $2\n";
    assert_eq!(found(&[BASE.as_bytes(), lines].concat()), []);
}

#[test]
fn options_by_name() {
    insta::assert_snapshot!(shown_behind(
        b"O LogLev=9\nO Max=9\nO LogLevl=9\nO AutoRebuildAliases\nONfoo\nO FIPSMode=1\nO PrivacyOptions=goaway,noexp\n"
    ));
}

#[test]
fn another_vendors_file() {
    insta::assert_snapshot!(shown(
        b"V1/Sun\nLmailhost\nOQ/q\nMlocal, P=/bin/mail, F=l, A=mail $u\nS0\nR$*\t$#local$:$1\n"
    ));
}

#[test]
fn comments_allow() {
    let rows: [(&str, &[&str]); 7] = [
        ("# bangpath: allow BP0307\nDXa\n", &[]),
        ("# bangpath: allow macro-unused -- it is for test mode\nDXa\n", &[]),
        ("# bangpath: allow BP0307\n# and another comment\nDXa\n", &[]),
        ("# bangpath: allow BP0307\nDXa\nDYb\n", &["BP0307"]),
        ("# bangpath: allow-file BP0307\nDXa\nDYb\n", &[]),
        ("DXa # bangpath: allow BP0307\n", &["BP0307"]),
        ("# bangpath: allow BP0307, BP0309\nDXa\n", &["BP0002"]),
    ];
    for (lines, expected) in rows {
        let found = found([BASE, lines].concat().as_bytes());
        assert_eq!(codes(&found), expected, "{lines}");
    }
}

#[test]
fn safe_edits() {
    let lines = "Slocaladdr=5\nR$+ @ $+   $: $1 % $2\nDXa\n \t\nCw$X\nO LogLev=9\n";
    let wrong = [BASE, lines].concat();
    let mended = lines.replace("   $:", "\t$:").replace(" \t\n", "\n").replace("Lev=", "Level=");
    let fixed = super::apply(wrong.as_bytes(), &found(wrong.as_bytes()), &mut |bytes| found(bytes));
    assert_eq!(String::from_utf8_lossy(&fixed.bytes), [BASE, &mended].concat());
    assert_eq!((fixed.mended, fixed.left), (3, 0));
    assert_eq!(found(&fixed.bytes), []);
}

#[test]
fn edits_that_make_it_worse_are_not_made() {
    // the rule that would come about never ends
    let lines = "Slocaladdr=5\nR$* @ $*   $1 @ $2 x\nO LogLev=9\n";
    let wrong = [BASE, lines].concat();
    let fixed = super::apply(wrong.as_bytes(), &found(wrong.as_bytes()), &mut |bytes| found(bytes));
    let expected = [BASE, &lines.replace("Lev=", "Level=")].concat();
    assert_eq!(String::from_utf8_lossy(&fixed.bytes), expected);
    assert_eq!((fixed.mended, fixed.left), (1, 1));
}

#[test]
fn a_tab_is_put_only_where_one_place_can_be_meant() {
    for rule in ["R$*  @ $*   $: $1", "R$* @ $* $: $1", "R$* @ $*   $: $3", "R$* @   # x"] {
        let text = [BASE, "Sx\n", rule, "\n"].concat();
        let found = found(text.as_bytes());
        let tab = found.iter().find(|f| f.check.code == "BP0101").expect(rule);
        assert_eq!(tab.fix, None, "{rule}");
    }
}

fn with_files(lines: &str, tree: &Tree) -> String {
    let loaded = Loaded::new([BASE, lines].concat().as_bytes());
    let source = Places::new(&loaded.bytes);
    let findings = loaded.check(Some(tree), &[]);
    let shown = findings.iter().map(|finding| render("x.cf", &source, finding, Style::default()));
    shown.collect::<Vec<_>>().join("\n")
}

/// What `BASE` names.
fn tree() -> Tree {
    Tree::default()
        .with("/", 0o755, 1)
        .with("/etc/", 0o755, 1)
        .with("/etc/mail/", 0o755, 1)
        .with("/bin/", 0o755, 1)
        .with("/bin/mail", 0o755, 1)
        .with("/var/spool/mqueue/", 0o700, 1)
}

#[test]
fn files_that_are_there() {
    let tree = tree()
        .with("/etc/mail/access", 0o644, 5)
        .with("/etc/mail/access.db", 0o644, 6)
        .with("/etc/mail/aliases", 0o644, 6)
        .with("/etc/mail/aliases.db", 0o644, 6);
    let lines = "Kaccess hash /etc/mail/access\nKgone hash -o /etc/mail/gone\nScheck_mail\nR$+\t$#error $: $(access $1 $) $(gone $1 $)\nO AliasFile=/etc/mail/aliases\n";
    assert_eq!(with_files(lines, &tree), "");
}

#[test]
fn files_that_are_missing_old_or_unsafe() {
    let tree = tree()
        .with("/tmp/", 0o1777, 1)
        .with("/etc/mail/access", 0o644, 7)
        .with("/etc/mail/access.db", 0o644, 6)
        .with("/etc/mail/aliases", 0o664, 6)
        .with("/tmp/domains", 0o644, 6)
        .with("/tmp/domains.db", 0o644, 6)
        .with("/etc/key", 0o644, 6);
    let lines = "Kaccess hash /etc/mail/access\nKgone hash /etc/mail/gone\nKd hash /tmp/domains\nScheck_mail\nR$+\t$#error $: $(access $1 $) $(gone $1 $) $(d $1 $)\nO AliasFile=/etc/mail/aliases\nO ServerKeyFile=/etc/key\nO ServerCertFile=/etc/cert\nMprog, P=/bin/nosh, F=l, A=sh -c $u\n";
    insta::assert_snapshot!(with_files(lines, &tree));
}

#[test]
fn options_of_the_command_line() {
    let loaded = Loaded::new(BASE.as_bytes());
    let options = [b" LogLevel=14".to_vec(), b" RunAsUser=mail".to_vec(), b"Mr SMTP".to_vec()];
    let found = loaded.check(None, &options);
    assert_eq!(codes(&found), ["BP0211"]);
    assert!(found[0].message.starts_with("RunAsUser"));
}

#[test]
fn tables() {
    let show = |kind: &str, text: &str| {
        let source = Places::new(text.as_bytes());
        let found = found_in_table(kind, text);
        let shown = found.iter().map(|finding| render(kind, &source, finding, Style::default()));
        shown.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(show(
        "access",
        "# comment\nConnect:10.0.0.0/8\tRELAY\nFrom:*.spam.example REJECT\nform:x.example OK\n10.1. RELAY\n\
         To:a@b.example ERROR:5.1.1:no such user\nTo:c@d.example ERROR:5.1.1:550 fine\nSrv_Features:x.example O\n\
         GreetPause:x.example soon\nIPv6:2001:db8 RELAY\n2001:db8::1 RELAY\ny.example 550 no\nz.example reject\n nokey x\nnovalue\n"
    ));
    insta::assert_snapshot!(show(
        "virtusertable",
        "x.example joe\njoe@x.example joe, jane\n@x.example %1@y.example\n@z.example error:nouser no\n\
         @w.example error:nosuch no\n@v.example %4\n@u.example error:5.7.0:550 no\n"
    ));
    insta::assert_snapshot!(show(
        "mailertable",
        "x.example smtp:[y.example]\n.x.example y.example\nz.example. smtp:y\nw.example error:nohost no\nv.example emstp:y\n"
    ));
    insta::assert_snapshot!(show("domaintable", "x.example y.example\nz.example joe@y.example\n"));
    insta::assert_snapshot!(show(
        "aliases",
        "postmaster: root\na: b\nb: c,\n  a\nc: a\nd: d\ne: a, joe\nno colon\njoe@x.example: y\na: z\n"
    ));
}

#[test]
fn kinds_of_files() {
    let rows: [(&str, Option<Kind>); 6] = [
        ("/etc/aliases", Some(Kind::Aliases)),
        ("debian-access", Some(Kind::Access)),
        ("/x/mailertable", Some(Kind::Mailertable)),
        ("sendmail.cf", None),
        ("aliases.cf", None),
        ("/etc/mail/virtusertable.txt", Some(Kind::Virtusertable)),
    ];
    for (path, kind) in rows {
        assert_eq!(Kind::of_file(path.as_bytes(), None), kind, "{path}");
    }
    let lines = "Kaccess hash -T<TMPF> /etc/mail/rights\nKvirtuser hash /etc/mail/v\nO AliasFile=/etc/names\n";
    let loaded = Loaded::new([BASE, lines].concat().as_bytes());
    let uses = Some((&loaded.config, &loaded.configuration));
    let of = |path: &str| Kind::of_file(path.as_bytes(), uses);
    assert_eq!(of("/etc/mail/rights"), Some(Kind::Access));
    assert_eq!(of("/etc/mail/v"), Some(Kind::Virtusertable));
    assert_eq!(of("/etc/names"), Some(Kind::Aliases));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_checked_and_shown(lines in proptest::collection::vec(0..LINES.len(), 0..12), noise in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
        let mut bytes = BASE.as_bytes().to_vec();
        for line in lines {
            bytes.extend_from_slice(LINES[line]);
        }
        bytes.extend_from_slice(&noise);
        shown(&bytes);
    }
}

/// Lines that many checks look at.
const LINES: [&[u8]; 14] = [
    b"S1O\n",
    b"R$*  $1\n",
    b"R$*\t$1\n",
    b"R$* $=\n",
    b" \n",
    b"\tO LogLevel=9\n",
    b"O Log=\xff\n",
    b"Kx hash\n",
    b"Mx, P=[IPC], A=IPC $h\n",
    b"C{x}\xc3 #\n",
    b"R$+ \"$1\t$#\xe4$2\"\n",
    b"\0\n",
    b"# bangpath: allow x\n",
    b"D{",
];
