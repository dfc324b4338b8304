//! An SMTP session without a network: what is typed, what rules say to it, and whether the mail would be relayed.

mod run;
mod verdict;

pub use run::{Asked, Run, Said, Watch};
pub use verdict::{HookAnswer, Verdict, refusal};
