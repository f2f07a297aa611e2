//! The server, the headers that it gets, and what it reports about the key and a generation.

use crate::openrouter::BaseUrl;
use crate::openrouter::account::{Generation, KeyInfo};
use crate::openrouter::headers::Headers;

/// The server and the headers that it gets.
#[derive(Clone, Debug)]
pub struct Server {
    /// Whether it is the built-in simulator.
    pub simulated: bool,
    /// Its address. Some headers are sent only to some servers.
    pub base: BaseUrl,
    /// Attribution and extra headers of every attempt, with their origins.
    pub headers: Headers,
    /// Its last reply about the key; `None` before the first.
    pub key_info: Option<Result<KeyInfo, String>>,
    /// The id of the last generation that was queried, with the reply.
    pub generation: Option<(String, Result<Generation, String>)>,
}
