//! The HTTP API: requests as values, bytes to deltas, errors to failure kinds. Knows `OpenRouter`'s API and
//! what compatible servers leave out; must not know about chains, screens or the simulator.

pub mod account;
mod api;
pub mod api_key;
mod assembly;
mod base;
pub mod catalogue;
mod chains;
mod chunk;
pub mod classify;
pub mod client;
pub mod compose;
mod delta;
mod encoding;
mod finish;
pub mod headers;
pub mod hint;
mod lenient;
mod message;
pub mod model;
pub mod providers;
mod reader;
mod reason;
mod request;
pub mod settings;
pub mod sse;
mod surrogates;
pub mod without;

pub use api::Api;
pub use base::{BadBaseUrl, BaseUrl, Dialect, OPENROUTER};
pub use chains::Chains;
pub use delta::{Completion, Delta, Finish, Head, Metadata, ToolCallPiece, Usage};
pub use message::{Message, Role};
pub use reader::{BodyReader, Expects, MAX_BODY};
pub use request::{Header, Request, RequestHeader};
