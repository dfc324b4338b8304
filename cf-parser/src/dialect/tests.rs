use super::*;
use proptest::prelude::*;

struct Names;

impl NameSpace for Names {
    fn variable(&self, key: &[u8]) -> Option<Vec<u8>> {
        match key {
            b"maildomain" => Some(b"uofa.edu".to_vec()),
            b"others" => Some(b"here here.uofa.edu".to_vec()),
            _ => None,
        }
    }

    fn hosts(&self) -> Vec<Vec<u8>> {
        [&b"here"[..], b"here.uofa.edu", b"there.org", b"bad$name"].map(<[u8]>::to_vec).to_vec()
    }

    fn domain(&self) -> Vec<u8> {
        b"example.test".to_vec()
    }
}

/// The translation, messages behind it.
fn shown(dialect: Dialect, text: &str) -> String {
    let Translation { bytes, diagnostics } = translate(dialect, text.as_bytes(), &Names);
    let mut out = String::from_utf8_lossy(&bytes).into_owned();
    for diagnostic in diagnostics {
        let text = String::from_utf8_lossy(&diagnostic.text).into_owned();
        out.push_str(&format!("!{} {text}\n", diagnostic.span.last_line));
    }
    out
}

#[test]
fn old_berkeley_files() {
    let rows = [
        ("ONARPA\nOW*\nODFalse\n", "#ONARPA\n#OW*\n#ODFalse\n"),
        ("O AutoRebuildAliases\nO AliasFile=x\n", "#O AutoRebuildAliases\nO AliasFile=x\n"),
        ("Mtcp, P=[IPC], F=m,\n\tA=IPC $h\n", "Mtcp, P=[IPC], F=m,\n\tA=TCP $h\n"),
        ("Mtcp, P=[TCP], A=IPC $h 25", "Mtcp, P=[IPC], A=TCP $h 25"),
        ("Mprog, P=/bin/x, A=IPC x\n", "Mprog, P=/bin/x, A=IPC x\n"),
        ("R$*\t$@ $%y ${x y$}\nDNx\n", "R$*\t$@ $%y ${x y$}\nDNx\n"),
    ];
    for (text, expected) in rows {
        assert_eq!(shown(Dialect::Bsd, text), expected);
    }
}

#[test]
fn hosts_of_sun_patterns_are_classes() {
    assert_eq!(
        shown(
            Dialect::Sun,
            "Lmmaildomain\nDAhosts.byname\nS0\nR$*<@$%y>$*\t$#a$@$2\nR$+@$%A\t$%y\nR$%l\tx"
        ),
        "Dmuofa.edu\nDAhosts.byname\nS0\nR$*<@$={sun_hosts}>$*\t$#a$@$2\nR$+@$={sun_single_hosts}\t$%y\n\
         R$={sun_local_hosts}\tx\nC{sun_hosts} here\nC{sun_hosts} here.uofa.edu\nC{sun_hosts} there.org\n\
         C{sun_local_hosts} here.uofa.edu\nC{sun_single_hosts} here\n"
    );
}

#[test]
fn sun_lines() {
    let rows = [
        ("V1/Sun\nKhost host\n", "V1/Berkeley\n#Khost host\n"),
        ("V7/sun\nKhost host\nORx\n", "V7/Berkeley\nKhost host\nORx\n"),
        ("V8/Berkeley\n", "V8/Berkeley\n"),
        ("Lxnothing\nGwothers\n", "#Lxnothing\nCwhere here.uofa.edu\n"),
        ("Lmmail\n domain\nGw\n", "#Lmmail\n# domain\n#Gw\n"),
        ("OR\nO>\n", "#OR\n#O>\n"),
        ("ORhub\n", "#ORhub\n!1 dialect sun: not run: all mail to a mail hub (use a smart host)\n"),
        (
            "DYmail.byaddr\nR$+\t${Y $1$} ${j}\n",
            "DYmail.byaddr\nR$+\t$(Y $1 $) ${j}\nKY nis mail.byaddr\n",
        ),
        (
            "R$%x\ta\n b\n",
            "#R$%x\ta\n# b\n!2 dialect sun: not run: mail exchangers in a pattern ($%x)\n",
        ),
        ("R$%z\tb", "#R$%z\tb!1 dialect sun: not run: $%z, of which no description is known\n"),
        ("R$%q\tb\n", "#R$%q\tb\n!1 dialect sun: not run: map in a pattern ($%q)\n"),
        (
            "R$+\t${q $1$}\n",
            "#R$+\t${q $1$}\n!1 dialect sun: not run: map without a name (${q ...$})\n",
        ),
        (
            "Drrev.alias\nR$+\t${r $1$}\n",
            "Drrev.alias\n#R$+\t${r $1$}\n\
             !2 dialect sun: not run: aliases backwards (a map whose name begins with rev)\n",
        ),
        ("ONARPA\n", "#ONARPA\n"),
    ];
    for (text, expected) in rows {
        assert_eq!(shown(Dialect::Sun, text), expected);
    }
}

#[test]
fn ida_databases() {
    let rows = [
        ("OKP/usr/lib/mail/pathtable\n", "KP hash -o /usr/lib/mail/pathtable\n"),
        ("OKN%mail.aliases\nOK@/etc/aliases\n", "KN nis mail.aliases\nOA/etc/aliases\n"),
        ("OK5m\nOW*\n", "OK5m\n#OW*\n"),
        ("R$+\t$(P $1 $: $)\n", "R$+\t$(P $1 $: $)\n"),
        (
            "R$+\t$(@ $1 $)\n",
            "#R$+\t$(@ $1 $)\n!1 dialect ida: not run: aliases as database ($(@ name $))\n",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(shown(Dialect::Ida, text), expected);
    }
}

#[test]
fn the_vendor_of_a_file() {
    let rows: [(&[u8], Option<Dialect>); 5] = [
        (b"# V1/Sun\nV1/Sun\n", Some(Dialect::Sun)),
        (b"V10/Berkeley\n", None),
        (b"V10\n", None),
        (b"DVx/Sun\n V1/Sun\n", None),
        (b"", None),
    ];
    for (text, expected) in rows {
        assert_eq!(Dialect::of_file(text), expected, "{}", text.escape_ascii());
    }
}

#[test]
fn the_page_is_written_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/dialects.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, dialects_markdown()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap();
    assert_eq!(page, dialects_markdown(), "write it with UPDATE_DOCS=1 cargo test -p cf-parser");
}

/// Lines of constructs and of anything else.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "[DLGOKRVMS][a-zR>@{$%]?[ -~\t]{0,20}".prop_map(String::into_bytes),
        "R(\\$%[yxlzA]|\\$\\{[a-z] [a-z]*\\$\\}|\\$|\t| ){0,8}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    #[test]
    fn lines_stay_where_they_are(file in file()) {
        for (_, dialect) in Dialect::NAMES {
            let Translation { bytes, .. } = translate(dialect, &file, &Names);
            let breaks = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
            let old: Vec<&[u8]> = file.split(|byte| *byte == b'\n').collect();
            let new: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            prop_assert!(new.len() >= old.len(), "{} {}", breaks(&file), breaks(&bytes));
            for (old, new) in old.iter().zip(&new) {
                prop_assert!(old.first() == new.first() || b"#CDKO".contains(new.first().unwrap_or(&b'#')));
            }
            // A translation is in the language of sendmail 8: it says the same again.
            if dialect == Dialect::Bsd {
                prop_assert_eq!(&translate(dialect, &bytes, &Names).bytes, &bytes);
            }
        }
    }
}
