//! What comes back, in pieces. All text in it has passed the sanitiser.

use crate::failover::{Cost, InnerAttempt};
use serde::{Deserialize, Serialize};

/// One piece of a response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "delta", content = "value", rename_all = "snake_case")]
pub enum Delta {
    /// Response headers arrived.
    Opened(Head),
    /// A keep-alive comment: no progress.
    Comment,
    /// Reasoning text.
    Reasoning(String),
    /// Answer text.
    Text(String),
    /// Who answers, as soon as a chunk says so.
    Served {
        /// The model that the server names.
        model: String,
        /// The provider behind it.
        provider: Option<String>,
    },
    /// Tokens and cost.
    Usage(Usage),
    /// What the router did inside.
    Metadata(Metadata),
    /// Something odd that was passed over, one line.
    Warning(String),
}

/// A response's status line and the headers that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// `X-Generation-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
    /// All response headers, in order, cleaned.
    pub headers: Vec<super::Header>,
}

/// Tokens and money. `None` is unknown, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens in.
    pub prompt_tokens: Option<u64>,
    /// Tokens out, reasoning included.
    pub completion_tokens: Option<u64>,
    /// Of these, reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Of the prompt, read from a cache.
    pub cached_tokens: Option<u64>,
    /// USD credits.
    pub cost: Option<f64>,
    /// USD that a provider charges elsewhere (own key).
    pub upstream_cost: Option<f64>,
}

impl Usage {
    /// The cost as the engine adds it up.
    pub fn cost(&self) -> Cost {
        self.cost.map_or(Cost::Unknown, Cost::Known)
    }
}

/// The router's own story, from `openrouter_metadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// How it chose.
    pub strategy: Option<String>,
    /// One line for people.
    pub summary: Option<String>,
    /// 1-based number of the provider that answered; 0 if none was reached.
    pub attempt: Option<u32>,
    /// What it tried.
    pub attempts: Vec<InnerAttempt>,
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done.
    Stop,
    /// It ran into `max_tokens`.
    Length,
    /// It wants to call a tool.
    ToolCalls,
    /// Any other word, as it came.
    Other(String),
}

/// How a response ended, when it ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// Why it stopped.
    pub finish: Finish,
    /// The provider's own word for it.
    pub native_finish: Option<String>,
    /// The whole answer text.
    pub text: String,
    /// The whole reasoning text.
    pub reasoning: String,
    /// Who answered, where it was said.
    pub model: Option<String>,
    /// The provider behind it.
    pub provider: Option<String>,
    /// Generation id.
    pub id: Option<String>,
    /// Tokens and cost, where they were said.
    pub usage: Option<Usage>,
}
