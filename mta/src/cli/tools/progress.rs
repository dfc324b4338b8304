//! A bar for long work, on standard error and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far long work is.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Times a second that the bar is drawn.
    const RATE: u8 = 5;

    /// A bar for `total` steps, `what` in the plural; without a total only counts.
    pub(super) fn new(total: Option<u64>, what: &str) -> Self {
        let bar =
            ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(Self::RATE));
        let template = match total {
            Some(_) => format!(
                "{{bar:30}} {{percent:>3}} %  {{human_pos}} {what}  {{per_sec}}  {{eta}} left"
            ),
            None => format!("{{spinner}} {{human_pos}} {what}  {{per_sec}}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// A bar for the bytes of a file; without a size only counts.
    pub(super) fn of_bytes(size: Option<u64>) -> Self {
        Self::new(size, "bytes")
    }

    /// So many steps more are done.
    pub(super) fn add(&self, steps: u64) {
        self.0.inc(steps);
    }
}

impl Drop for Progress {
    /// What is printed next stands where the bar was.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
