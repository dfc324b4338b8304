//! `bangpath debug` in a real terminal, tmux of 80 columns and 24 rows: keys are sent, screens are read.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests may fail the test.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const CF: &str = include_str!("data/rules.cf");
/// How long a screen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_millis(30);
/// What stands on the terminal before the debugger.
const BEFORE: &str = "this stood here before";

/// Whether tmux is there. In CI it has to be.
fn is_installed() -> bool {
    let installed = Command::new("tmux").arg("-V").output().is_ok();
    let required = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(installed || !required, "tmux is not installed");
    if !installed {
        // past the capture of output by the test runner
        let _ = writeln!(std::io::stderr(), "SKIPPED the screen of debug: tmux is not installed");
    }
    installed
}

/// A terminal with the debugger in it, and a directory.
struct Terminal {
    socket: String,
    dir: PathBuf,
}

impl Terminal {
    /// Starts the debugger with an address; `environment` stands before it in a command of the shell.
    fn start(name: &str, environment: &str) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debug_screen").join(name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("test.cf"), CF).unwrap();
        let terminal = Self { socket: format!("bangpath-{name}-{}", std::process::id()), dir };
        let command = format!(
            "cd '{dir}'; echo {BEFORE}; env LC_ALL=C.UTF-8 {environment} \
             sh -c 'echo $$ >pid; exec {program} debug -C test.cf --fact \"host hub.example.net\" \
             --fact \"map access other.example elsewhere.example\" joe@other.example'; \
             echo status $?; stty -a; exec sleep 600",
            dir = terminal.dir.display(),
            program = env!("CARGO_BIN_EXE_bangpath"),
        );
        terminal.tmux(&["new-session", "-d", "-x", "80", "-y", "24", &command]);
        terminal.wait("the first screen", |screen| screen.contains("? shows the keys"));
        terminal
    }

    fn tmux(&self, words: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket, "-f", "/dev/null"]).args(words);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn screen(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// The screen with the escapes of colours and the like.
    fn painted(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p", "-e"]).stdout).unwrap()
    }

    /// Types text.
    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key that has a name.
    fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// The first screen that is as wanted.
    fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(start.elapsed() < PATIENCE, "{what} does not come:\n{screen}");
            std::thread::sleep(INTERVAL);
        }
    }

    fn shows(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// What remains when the debugger is over: the screen as it was, with a terminal in order.
    fn is_left(&self, status: &str) {
        let screen = self.wait("the end", |screen| screen.contains(&format!("status {status}")));
        assert!(screen.contains(BEFORE), "the screen from before is gone:\n{screen}");
        let screen = self.wait("the settings", |screen| screen.contains("echoke"));
        let has = |word: &str| screen.split([' ', '\n']).any(|found| found == word);
        assert!(has("icanon") && has("echo") && has("opost") && has("isig"), "{screen}");
        let cursor = self.tmux(&["display-message", "-p", "#{cursor_flag} #{alternate_on}"]);
        assert_eq!(String::from_utf8_lossy(&cursor.stdout).trim(), "1 0");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

#[test]
fn through_a_run() {
    if !is_installed() {
        return;
    }
    let terminal = Terminal::start("run", "TERM=screen");
    let screen = terminal.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines.len(), 24, "{screen}");
    assert!(lines[0].starts_with(" test.cf  joe@other.example  envelope recipient"), "{screen}");
    assert!(lines[1].contains("| Workspace") && lines[2].contains("| joe @ other . example"));
    assert!(screen.contains("ruleset 3 begins"));

    terminal.types("f");
    let screen = terminal.shows("line 8 matches");
    assert!(screen.contains("    8> R$- @ $+"), "{screen}");
    assert!(screen.contains("| 111   222222222222222"), "{screen}");
    assert!(screen.contains("| $2 other.example"), "{screen}");
    terminal.types("n");
    terminal.shows("line 8 has made this");
    terminal.types("N");
    terminal.shows("line 8 matches");
    terminal.types("s");
    terminal.shows("ruleset 96 begins");
    terminal.types("o");
    terminal.shows("line 8 has made this");
    terminal.types("S");
    terminal.shows("ruleset 96 returns");
    terminal.types("O");
    terminal.shows("line 8 matches");

    terminal.types(":break map access");
    assert!(terminal.shows(":break map access").lines().last().unwrap().starts_with(":break"));
    terminal.press("Enter");
    terminal.shows("breakpoint at map access: once in this run");
    terminal.types("c");
    let screen = terminal.shows("map access is asked");
    assert!(screen.contains("3:8 > 96:11"), "{screen}");
    terminal.types("s");
    terminal.wait("the answer", |screen| {
        let joined: String = screen.lines().filter_map(|line| line.split('|').nth(1)).collect();
        joined.replace(' ', "").contains("mapaccess(other.example)=elsewhere.example")
    });
    terminal.types("G");
    terminal.shows("the end");
    terminal.types("C");
    terminal.shows("map access is asked");
}

#[test]
fn a_rule_is_edited() {
    if !is_installed() {
        return;
    }
    let terminal = Terminal::start("edit", "TERM=screen");
    terminal.types(":15");
    terminal.press("Enter");
    terminal.types("e");
    terminal.shows("15: R$* < @ $+ >^I^I$#relay");
    terminal.press("C-u");
    terminal.types("R$* < @ $+ >");
    terminal.press("Tab");
    terminal.types("$#local $: $1");
    terminal.press("Enter");
    let screen = terminal.shows("The result is another");
    assert!(screen.contains("(edited)"), "{screen}");
    assert!(screen.contains("now R$* < @ $+ >^I $#local $: $1"), "{screen}");
    assert!(screen.contains("The mail for joe is piped to /bin/mail"), "{screen}");
    assert!(screen.contains("Where the runs part"), "{screen}");
    terminal.press("Escape");
    terminal.wait("the file", |screen| screen.contains("   15> R$* < @ $+ >"));
    terminal.types(":write saved.cf");
    terminal.press("Enter");
    terminal.shows("written to saved.cf");
    let saved = std::fs::read_to_string(terminal.dir.join("saved.cf")).unwrap();
    let wanted =
        CF.replace("R$* < @ $+ >\t\t$#relay $@ $M $: $1 < @ $2 >", "R$* < @ $+ >\t$#local $: $1");
    assert_eq!(saved, wanted);
    assert_eq!(std::fs::read_to_string(terminal.dir.join("test.cf")).unwrap(), CF);
    terminal.types("u");
    terminal.shows("(mailer relay)");
    terminal.press("Escape");
    terminal.wait("the file again", |screen| screen.contains("| Workspace"));
    terminal.types("?");
    terminal.shows("step over what the rule calls and asks");
}

#[test]
fn the_screen_takes_another_size() {
    if !is_installed() {
        return;
    }
    let terminal = Terminal::start("size", "TERM=screen");
    terminal.tmux(&["resize-window", "-x", "120", "-y", "40"]);
    let is_hint = |line: Option<&str>| line.is_some_and(|line| line.starts_with("s into  n over"));
    let screen = terminal.wait("a larger screen", |screen| is_hint(screen.lines().nth(38)));
    assert!(screen.lines().nth(1).unwrap().find('|') > Some(60), "{screen}");
    terminal.tmux(&["resize-window", "-x", "60", "-y", "12"]);
    terminal.wait("a smaller screen", |screen| is_hint(screen.lines().nth(10)));
    terminal.tmux(&["resize-window", "-x", "30", "-y", "5"]);
    terminal.shows("at least 40 columns");
    terminal.tmux(&["resize-window", "-x", "80", "-y", "24"]);
    terminal.wait("the first size", |screen| is_hint(screen.lines().nth(22)));
}

#[test]
fn colours_are_used_where_they_are_wanted() {
    if !is_installed() {
        return;
    }
    // a code of a colour other than the default
    let coloured = |painted: &str| {
        let codes = painted.split("\u{1b}[").skip(1).filter_map(|rest| rest.split('m').next());
        let mut codes = codes.flat_map(|codes| codes.split(';'));
        codes.any(|code| {
            code.parse().is_ok_and(|code: u8| matches!(code, 30..=38 | 40..=48 | 90..=107))
        })
    };
    for (name, environment, wanted) in [
        ("colours", "TERM=screen", true),
        ("no-colours", "TERM=screen NO_COLOR=1", false),
        ("vt100", "TERM=vt100", false),
    ] {
        let terminal = Terminal::start(name, environment);
        terminal.types("f");
        terminal.shows("| 111   222222222222222");
        let painted = terminal.painted();
        assert_eq!(coloured(&painted), wanted, "{name}:\n{painted}");
        // bars are in reverse, and what matters is bold, everywhere
        assert!(painted.contains("\u{1b}[7m"), "{name}:\n{painted}");
    }
}

#[test]
fn the_terminal_is_left_as_it_was() {
    if !is_installed() {
        return;
    }
    let terminal = Terminal::start("quit", "TERM=screen");
    terminal.types("fq");
    terminal.is_left("0");
    for signal in ["TERM", "HUP", "INT"] {
        let terminal = Terminal::start(&format!("signal-{signal}"), "TERM=screen");
        terminal.types("f");
        terminal.shows("line 8 matches");
        let pid = std::fs::read_to_string(terminal.dir.join("pid")).unwrap();
        let kill = Command::new("kill").args([&format!("-{signal}"), pid.trim()]).status();
        assert!(kill.unwrap().success());
        terminal.is_left("0");
    }
}

#[test]
fn without_a_terminal_there_are_scripts() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debug_screen").join("script");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("test.cf"), CF).unwrap();
    let run = |script: Option<&str>, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bangpath"));
        command
            .args(["debug", "-C", "test.cf", "--fact", "host hub.example.net"])
            .current_dir(&dir);
        if let Some(script) = script {
            std::fs::write(dir.join("script"), script).unwrap();
            command.args(["--script", "script"]);
        }
        command.args(more).args(["joe@here.example"]).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), text)
    };
    let (code, [out, err]) = run(None, &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_eq!(err, "bangpath: a terminal is needed; --script works without one\n");

    let (code, [out, err]) = run(Some("# a comment\n\nfires\nout\nend\nquit\nnever\n"), &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("> out\n[") && out.contains("  mailer local, user joe\n"), "{out}");

    let (code, [out, _]) = run(Some("fires\n"), &["--screen", "80x24"]);
    assert_eq!((code, out.lines().count()), (Some(0), 2 * 24 + 1));

    let (code, [out, _]) = run(Some("end\n"), &["--format", "json"]);
    let objects: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, objects.len()), (Some(0), 2), "{out}");
    assert_eq!((&objects[1]["type"], &objects[1]["command"]), (&"moment".into(), &"end".into()));
    assert_eq!(objects[1]["conclusion"][0], "mailer local, user joe");
    let (code, [_, err]) = run(None, &["--format", "json"]);
    assert_eq!((code, err.as_str()), (Some(2), "bangpath: --format json needs --script\n"));

    let (code, [_, err]) = run(Some("frob\n"), &[]);
    assert_eq!((code, err.as_str()), (Some(2), "bangpath: no command frob; ? shows them\n"));
    let (code, [_, err]) = run(Some("fires\n"), &["--mailer", "nobody"]);
    assert_eq!((code, err.as_str()), (Some(2), "bangpath: no mailer nobody\n"));
    assert_eq!(run(Some("fires\n"), &["--screen", "3x3"]).0, Some(2));
}
