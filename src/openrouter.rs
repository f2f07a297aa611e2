//! The wire: requests as values, bytes to deltas, failures to their kind. Knows
//! `OpenRouter`'s HTTP API and what compatible servers leave out; must not know about
//! chains, screens or the simulator.

mod delta;
mod request;
pub mod sse;

pub use delta::{Completion, Delta, Finish, Head, Metadata, Usage};
pub use request::{Header, Request};
