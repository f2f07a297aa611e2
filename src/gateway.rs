//! The gateway: a local server that speaks `OpenAI`'s and `OpenRouter`'s HTTP API, so that programs that know nothing of
//! this one get its failover. Each chat request is a run like any other. Knows HTTP and runs; must not know any screen.
//!
//! ```text
//! client ─▶ server ─▶ guard (may it?) ─▶ chat (chain, key, headers) ─────────▶ run ─▶ whole │ stream ─▶ client
//!                                                                            └─▶ Trail ─▶ a line of the log
//! ```

mod attribution;
mod body;
mod chain;
mod chat;
mod frame;
mod guard;
mod models;
mod options;
mod refusal;
mod refused;
mod routes;
mod served;
mod server;
mod stream;
mod trail;
mod whole;

pub use options::{GatewayEvent, GatewayOptions, Hold, KeySource, RequestDefaults, UnknownHold};
pub use served::{ClientRequest, Served};
pub use server::{Gateway, PARTING, serve};
