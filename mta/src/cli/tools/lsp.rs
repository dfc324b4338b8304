//! `bangpath lsp`: the language server, on standard input and output.

use std::io::Read as _;

use workbench::lsp::{Decoder, Server, encode};

use super::exit;
use super::output::cannot;
use crate::sys::terminal;

/// Its words.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Lsp {
    /// Editors give it; standard input and output are all there is
    #[arg(long)]
    stdio: bool,
}

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// Runs it.
pub(in crate::cli) fn run(_: &Lsp) -> u8 {
    let mut input = match terminal::input() {
        Ok(input) => input,
        Err(error) => return cannot(&error),
    };
    let (mut decoder, mut server) = (Decoder::default(), Server::default());
    let mut piece = vec![0; PIECE];
    loop {
        loop {
            let message = match decoder.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(error) => return cannot(&error),
            };
            let step = server.message(&message);
            for message in &step.send {
                terminal::print(&encode(message));
            }
            if let Some(status) = step.exit {
                return status;
            }
        }
        match input.read(&mut piece) {
            // The editor is gone.
            Ok(0) => return exit::DIFFERENT,
            Ok(count) => decoder.feed(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return cannot(&error),
        }
    }
}
