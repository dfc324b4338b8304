//! A browser without a window, driven through WebDriver (W3C) by clicks and keys: Chromium and its driver, from
//! Debian's packages `chromium` and `chromium-driver`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// What WebDriver calls an element's name in answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Nothing in these tests takes longer; a hanging browser fails the test.
const PATIENCE: Duration = Duration::from_secs(120);

/// Keys that are no characters, as WebDriver writes them.
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const LEFT: &str = "\u{e012}";
pub(crate) const RIGHT: &str = "\u{e014}";
pub(crate) const DOWN: &str = "\u{e015}";

/// A session with a browser; both end with it.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// An element of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element(String);

impl Browser {
    /// Whether the two programs are there. In CI they have to be.
    pub(crate) fn is_installed() -> bool {
        let there = |name: &str| {
            Command::new(name)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        let installed = there("chromedriver") && there("chromium");
        let required = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        assert!(installed || !required, "chromium and chromium-driver are not installed");
        installed
    }

    pub(crate) fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let said = BufReader::new(driver.stdout.take().expect("a pipe"));
        let port = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let mut browser =
            Self { driver, port: port.expect("the driver names its port"), session: String::new() };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=1100,900",
        ];
        let options = json!({ "args": arguments });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let answer =
            browser.call("POST", "/session", json!({ "capabilities": { "alwaysMatch": wanted } }));
        browser.session = answer["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// Opens a file.
    pub(crate) fn open(&self, path: &Path) {
        self.ask("POST", "/url", json!({ "url": format!("file://{}", path.display()) }));
    }

    /// All elements that a selector of CSS finds.
    pub(crate) fn all(&self, selector: &str) -> Vec<Element> {
        let using = json!({ "using": "css selector", "value": selector });
        let found = self.ask("POST", "/elements", using);
        let found = found.as_array().expect("a list").iter();
        found.map(|one| Element(one[ELEMENT].as_str().expect("an element").to_owned())).collect()
    }

    /// The first one.
    pub(crate) fn one(&self, selector: &str) -> Element {
        self.all(selector).into_iter().next().unwrap_or_else(|| panic!("no {selector}"))
    }

    pub(crate) fn click(&self, element: &Element) {
        self.ask("POST", &format!("/element/{}/click", element.0), json!({}));
    }

    /// Types on an element.
    pub(crate) fn keys(&self, element: &Element, keys: &str) {
        self.ask("POST", &format!("/element/{}/value", element.0), json!({ "text": keys }));
    }

    /// The text that can be seen.
    pub(crate) fn text(&self, element: &Element) -> String {
        let text = self.ask("GET", &format!("/element/{}/text", element.0), Value::Null);
        text.as_str().expect("a text").to_owned()
    }

    pub(crate) fn is_displayed(&self, element: &Element) -> bool {
        self.ask("GET", &format!("/element/{}/displayed", element.0), Value::Null) == json!(true)
    }

    /// A property of an element.
    pub(crate) fn property(&self, element: &Element, name: &str) -> Value {
        self.ask("GET", &format!("/element/{}/property/{name}", element.0), Value::Null)
    }

    /// The computed value of a property of CSS.
    pub(crate) fn style(&self, element: &Element, name: &str) -> String {
        let value = self.ask("GET", &format!("/element/{}/css/{name}", element.0), Value::Null);
        value.as_str().expect("a text").to_owned()
    }

    /// The element that has the keyboard.
    pub(crate) fn focused(&self) -> Element {
        let answer = self.ask("GET", "/element/active", Value::Null);
        Element(answer[ELEMENT].as_str().expect("an element").to_owned())
    }

    /// What a script returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// A command of the browser's own protocol.
    pub(crate) fn command(&self, name: &str, parameters: Value) -> Value {
        self.ask("POST", "/goog/cdp/execute", json!({ "cmd": name, "params": parameters }))
    }

    /// Writes a picture of the window.
    pub(crate) fn picture(&self, path: &Path) {
        let data = self.ask("GET", "/screenshot", Value::Null);
        std::fs::write(path, base64(data.as_str().expect("a picture"))).expect("room for it");
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        self.call(method, &format!("/session/{}{path}", self.session), body)
    }

    fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("the driver reads");
        let answer = read_answer(&mut BufReader::new(stream));
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{method} {path}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.ask("DELETE", "", Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The body of an HTTP answer with a length.
fn read_answer(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("the driver answers in time");
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("all of the answer");
    body
}

/// Octets of a text in base 64.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |digit: u8| DIGITS.iter().position(|one| *one == digit);
    let digits: Vec<usize> = text.bytes().filter_map(value).collect();
    let octets = digits.chunks(4).flat_map(|four| {
        let number = four.iter().fold(0, |sum, digit| sum << 6 | digit) << (6 * (4 - four.len()));
        [number >> 16, number >> 8, number]
            .map(|octet| octet as u8)
            .into_iter()
            .take(four.len() - 1)
    });
    octets.collect()
}
