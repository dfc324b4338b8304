//! `explain --html` in a real browser: clicked, folded, searched, by keys, in the dark and without its script. Pictures
//! are left in `target/tmp/explain_page`.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

mod browser;

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use browser::{Browser, DOWN, ENTER, ESCAPE, Element, LEFT, RIGHT};
use serde_json::json;

const CF: &str = include_str!("data/rules.cf");

/// Addresses as nobody should write them.
const ADDRESSES: [&[u8]; 4] = [
    b"joe@example.com",
    b"ann@here.example",
    b"<script>window.pwned=1</script>@example.org",
    b"\xffoctet\"'&@example.com",
];

/// A directory of its own, and the page in it.
fn page() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explain_page");
    std::fs::create_dir_all(&dir).unwrap();
    let (cf, page) = (dir.join("test.cf"), dir.join("page.html"));
    std::fs::write(&cf, CF).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bangpath"));
    command.args(["explain", "--fact", "host hub.example.net"]);
    command.args(["--fact", "map access example.org example.net"]).arg("-C").arg(&cf);
    let mut html = OsStr::new("--html=").to_owned();
    html.push(&page);
    command.arg(html).args(ADDRESSES.map(OsStr::from_bytes));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    page
}

/// Says that something could not be looked at, past the capture of output by the test runner.
fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {what}");
}

fn is_open(browser: &Browser, fold: &Element) -> bool {
    browser.property(fold, "open") == json!(true)
}

fn open_folds(browser: &Browser) -> usize {
    browser.all("details[open]").len()
}

#[test]
fn a_page_in_a_browser() {
    if !Browser::is_installed() {
        return skipped("the page of explain: chromium and chromium-driver are not installed");
    }
    let page = page();
    let browser = Browser::start();
    browser.open(&page);
    shows_everything_as_text(&browser);
    browser.picture(&page.with_file_name("light.png"));
    folds_by_clicks(&browser);
    folds_by_keys(&browser);
    searches(&browser, &page);
    obeys_the_wish_for_darkness(&browser);
    browser.picture(&page.with_file_name("dark.png"));
    works_without_its_script(&browser, &page);
}

fn shows_everything_as_text(browser: &Browser) {
    assert_eq!(browser.all("section").len(), ADDRESSES.len());
    assert_eq!(browser.run("return window.pwned ?? null"), json!(null));
    assert_eq!(browser.run("return performance.getEntriesByType('resource').length"), json!(0));
    assert_eq!(browser.all("main script").len(), 0);
    let headings: Vec<String> = browser.all("h2").iter().map(|one| browser.text(one)).collect();
    assert_eq!(
        headings,
        [
            "joe@example.com envelope recipient",
            "ann@here.example envelope recipient",
            "<script>window.pwned=1</script>@example.org envelope recipient",
            "\\xffoctet\"'&@example.com envelope recipient",
        ]
    );
    let conclusion = browser.text(&browser.all("#address1 .conclusion")[1]);
    assert_eq!(
        conclusion,
        "The mail for joe@example.com goes by SMTP to the mail exchangers of hub.example.net (mailer relay)."
    );
    let marked = browser.all("#address1 .before mark");
    let shown: Vec<String> = marked.iter().map(|one| browser.text(one)).collect();
    assert_eq!(shown[..2], ["joe", "example . com"]);
    let colours: Vec<String> =
        marked[..2].iter().map(|one| browser.style(one, "background-color")).collect();
    assert_ne!(colours[0], colours[1]);
    assert!(browser.is_displayed(&browser.one("#search")));
}

fn folds_by_clicks(browser: &Browser) {
    let rule = browser.one("#address1 details.rule");
    let (summary, inside) =
        (browser.one("#address1 details.rule > summary"), browser.one("#address1 .before"));
    assert!(is_open(browser, &rule) && browser.is_displayed(&inside));
    browser.click(&summary);
    assert!(!is_open(browser, &rule) && !browser.is_displayed(&inside));
    browser.click(&summary);
    assert!(is_open(browser, &rule) && browser.is_displayed(&inside));
    browser.click(&browser.one("#fold"));
    assert_eq!(open_folds(browser), 0);
    browser.click(&browser.one("#unfold"));
    assert_eq!(open_folds(browser), browser.all("details:not(.written)").len());
    let written = browser.one("#address1 details.written");
    assert!(!is_open(browser, &written));
}

fn folds_by_keys(browser: &Browser) {
    let first = browser.one("#address1 summary");
    browser.keys(&first, LEFT);
    let fold = browser.one("#address1 details");
    assert!(!is_open(browser, &fold));
    browser.keys(&first, RIGHT);
    assert!(is_open(browser, &fold));
    browser.keys(&first, DOWN);
    assert_eq!(browser.focused(), browser.all("#address1 summary")[1]);
    browser.keys(&browser.focused(), ENTER);
    assert!(!is_open(browser, &browser.one("#address1 details.rule")));
    browser.keys(&browser.focused(), "/");
    assert_eq!(browser.focused(), browser.one("#wanted"));
    browser.keys(&browser.focused(), ESCAPE);
}

fn searches(browser: &Browser, page: &Path) {
    browser.click(&browser.one("#fold"));
    let wanted = browser.one("#wanted");
    browser.click(&wanted);
    // as it is written in the address; workspaces have blanks within
    browser.keys(&wanted, "joe<@EXAMPLE.com");
    let hits = browser.all(".hit");
    assert!(hits.len() >= 4, "{}", hits.len());
    assert_eq!(browser.text(&browser.one("#found")), format!("1 of {}", hits.len()));
    for hit in &hits {
        assert!(browser.is_displayed(hit));
        assert!(browser.text(hit).replace(' ', "").contains("joe<@example.com"));
    }
    assert_eq!(browser.all(".here"), [hits[0].clone()]);
    browser.keys(&wanted, ENTER);
    assert_eq!(browser.all(".here"), [hits[1].clone()]);
    browser.click(&browser.one("#previous"));
    assert_eq!(browser.all(".here"), [hits[0].clone()]);
    let other = browser.one("#address2 h2");
    browser.click(&browser.one("#only"));
    assert!(!browser.is_displayed(&other) && browser.is_displayed(&hits[0]));
    let seen = browser.all("main .line").into_iter().filter(|line| browser.is_displayed(line));
    // what a hit stands below stays, to say where it is
    let seen: Vec<Element> = seen.collect();
    assert!(hits.iter().all(|hit| seen.contains(hit)));
    assert!(seen.len() < browser.all("main .line").len() / 2);
    browser.picture(&page.with_file_name("search.png"));
    browser.click(&browser.one("#only"));
    browser.keys(&wanted, ESCAPE);
    assert_eq!(browser.all(".hit").len(), 0);
    assert_eq!(open_folds(browser), 0, "folds are as they were before the search");
    assert!(browser.is_displayed(&other));
    browser.keys(&wanted, "nothing like this");
    assert_eq!(browser.text(&browser.one("#found")), "nothing");
    browser.keys(&wanted, ESCAPE);
    browser.click(&browser.one("#unfold"));
}

fn obeys_the_wish_for_darkness(browser: &Browser) {
    let body = browser.one("body");
    let colours = || {
        ["color", "background-color"].map(|name| {
            let colour = browser.style(&body, name);
            let numbers =
                colour.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok());
            numbers.take(3).sum::<u32>()
        })
    };
    let [ink, paper] = colours();
    assert!(ink < 200 && paper > 600, "{ink} {paper}");
    let dark = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
    browser.command("Emulation.setEmulatedMedia", json!({ "features": dark }));
    let [ink, paper] = colours();
    assert!(ink > 600 && paper < 200, "{ink} {paper}");
}

fn works_without_its_script(browser: &Browser, page: &Path) {
    browser.command("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(page);
    assert!(!browser.is_displayed(&browser.one("#search")));
    let fold = browser.one("#address1 details");
    assert!(is_open(browser, &fold));
    browser.click(&browser.one("#address1 summary"));
    assert!(!is_open(browser, &fold));
}
