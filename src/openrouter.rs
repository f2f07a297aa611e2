//! The wire: requests as values, bytes to deltas, failures to their kind. Knows
//! `OpenRouter`'s HTTP API and what compatible servers leave out; must not know about
//! chains, screens or the simulator.

mod chunk;
pub mod classify;
mod delta;
pub mod hint;
mod lenient;
mod reader;
mod reason;
mod request;
pub mod sse;

pub use delta::{Completion, Delta, Finish, Head, Metadata, Usage};
pub use reader::{MAX_BODY, Reader};
pub use request::{Header, Request};
