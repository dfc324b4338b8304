//! Dialogues as observed with sendmail 8.17.1.9, and properties of the machine.

mod body;
mod data;
mod dialogues;
mod limits;
mod parameters;
mod properties;
mod queries;
mod world;

use super::{Action, Lost, Note, Session};
use world::World;

/// Plays a script and compares what really happened with it.
///
/// `C: text` sends a line with CRLF, `R: text` sends bytes with `\r`, `\n`, `\0`, `\xHH` resolved;
/// the lines below must be what follows: `S: ` a reply line, `P: ` a pause, `B: ` a piece of the
/// message, `A: ` an abandoned transaction, `N: ` a note, `Q: ` end of the session.
fn check(world: World, script: &str) {
    let script: Vec<&str> =
        script.lines().map(str::trim_start).filter(|it| !it.is_empty()).collect();
    let mut player = Player::new(world);
    for line in &script {
        if let Some(text) = line.strip_prefix("C:") {
            player.log.push((*line).to_owned());
            player.send(&[text.strip_prefix(' ').unwrap_or(text).as_bytes(), b"\r\n"].concat());
        } else if let Some(text) = line.strip_prefix("R: ") {
            player.log.push((*line).to_owned());
            player.send(&unescaped(text));
        } else if *line == "EOF" {
            player.log.push((*line).to_owned());
            player.session.lost(Lost::Closed);
            player.run();
        } else if *line == "TIMEOUT" {
            player.log.push((*line).to_owned());
            player.session.lost(Lost::TimedOut);
            player.run();
        }
    }
    assert_eq!(player.log.join("\n"), script.join("\n"));
}

/// A session with the world that answers it, and the log of what came out.
struct Player {
    session: Session,
    world: World,
    log: Vec<String>,
}

impl Player {
    /// A session that has greeted; the greeting is in the log only if the world wants it.
    fn new(world: World) -> Self {
        let mut player = Self::silent(world);
        player.run();
        if !player.world.greet {
            player.log.clear();
        }
        player
    }

    /// A session that has not been polled yet.
    fn silent(world: World) -> Self {
        let session = Session::new(world.settings.clone().into(), world::peer());
        Self { session, world, log: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.session.feed(bytes);
        self.run();
    }

    /// Does what the session wants until it wants to read.
    fn run(&mut self) {
        loop {
            match self.session.poll() {
                Action::Reply(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    self.log.extend(text.lines().map(|line| format!("S: {line}")));
                }
                Action::Read(_) => return,
                Action::Peek | Action::AwaitSilence(_) => {}
                Action::Pause(pause) => self.log.push(format!("P: {}", pause.as_secs())),
                Action::Ask(question) => {
                    let answer = self.world.answer(&question);
                    assert_eq!(self.session.answer(answer), Ok(()), "{question:?}");
                }
                Action::Body(bytes) => self.log.push(format!("B: {}", bytes.escape_ascii())),
                Action::Abandon(why) => self.log.push(format!("A: {why:?}")),
                Action::StartTls => self.session.tls_started(self.world.admission.features.clone()),
                // The script has the command already.
                Action::Note(Note::Command { .. }) => {}
                Action::Note(note) if self.world.notes => self.log.push(format!("N: {note:?}")),
                Action::Note(_) => {}
                Action::Close => {
                    if self.log.last().is_none_or(|line| line != "Q:") {
                        self.log.push("Q:".to_owned());
                    }
                    return;
                }
            }
        }
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'\\' => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b'0') => 0,
                Some(b'x') => {
                    let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                    let digits = String::from_utf8_lossy(&digits).into_owned();
                    u8::from_str_radix(&digits, 16).unwrap_or(0)
                }
                other => other.unwrap_or(b'\\'),
            },
            other => other,
        });
    }
    out
}
