//! The server that is asked, and what it says about the key and a generation.

use crate::openrouter::BaseUrl;
use crate::openrouter::account::{Generation, KeyInfo};
use crate::openrouter::headers::Headers;

/// The server and the headers that it gets.
#[derive(Clone, Debug)]
pub struct Server {
    /// Whether it is the built-in simulator.
    pub simulated: bool,
    /// Its address: some headers are for some servers only.
    pub base: BaseUrl,
    /// Attribution and extra headers of every attempt, with who chose them.
    pub headers: Headers,
    /// What it said about the key when it was last asked; `None` before.
    pub key_info: Option<Result<KeyInfo, String>>,
    /// What it said about the generation of this id when it was last asked for one.
    pub generation: Option<(String, Result<Generation, String>)>,
}
