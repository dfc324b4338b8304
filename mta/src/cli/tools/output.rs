//! What commands print, and in which form.

use std::fmt::Display;

use workbench::json::{self, Value};

use super::exit::CANNOT;
use crate::sys::terminal;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    #[default]
    Text,
    /// For machines: one JSON object a line (docs/json.md)
    Json,
}

/// The option of it.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Output {
    /// How results are printed
    #[arg(long, value_enum, default_value = "text", value_name = "text|json")]
    pub(super) format: Format,
}

impl Output {
    /// Prints an object.
    pub(super) fn object(value: &Value) {
        terminal::print(&json::line(value));
    }
}

/// Whether standard output understands colours and wants them (`NO_COLOR` is empty).
pub(super) fn colour() -> bool {
    terminal::shows_colours()
}

/// Says why a command cannot do its work; its exit status.
pub(super) fn cannot(error: &dyn Display) -> u8 {
    terminal::complain(format!("bangpath: {error}\n").as_bytes());
    CANNOT
}
