//! An SMTP session without a network: what is typed, what rules say to it, and whether the mail would be relayed.

mod conclusion;
mod exchange;
pub mod json;
mod run;
pub mod text;
mod typed;
mod verdict;

pub use conclusion::{Conclusion, conclude};
pub use exchange::Exchange;
pub use run::{Asked, Run, Said, Watch};
pub use typed::{
    Client, SOME_ADDRESS, Settings, TLS_NAMES, Trust, Typed, TypedError, auth, client, tls, typed,
};
pub use verdict::{HookAnswer, Verdict, refusal};
