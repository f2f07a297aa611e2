//! A response as it comes in, piece by piece. All text in it is cleaned and scrubbed of secrets.

use crate::failover::{AttemptId, Cost, InnerAttempt, Input, TokenPhase};
use serde::{Deserialize, Serialize};

/// One piece of a response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "delta", content = "value", rename_all = "snake_case")]
pub enum Delta {
    /// The response headers arrived.
    Opened(Head),
    /// A keep-alive comment, which is not progress.
    Comment,
    /// The next piece of the reasoning.
    Reasoning(String),
    /// The next piece of the answer.
    Text(String),
    /// The next piece of a tool call.
    ToolCall(ToolCallPiece),
    /// The model and provider that answer, as soon as a chunk names them.
    Served {
        /// The model's id in the server's words.
        model: String,
        /// The provider, if the server names one.
        provider: Option<String>,
    },
    /// Tokens and cost so far.
    Usage(Usage),
    /// The attempts that the router made itself.
    Metadata(Metadata),
    /// Something odd that was ignored, in one line.
    Warning(String),
    /// The chunk as the server sent it, as JSON, before the deltas of what is in it. Only for a
    /// [relay](super::Expects::Relay): it is neither reported nor kept.
    Chunk(String),
}

impl Delta {
    /// The text that arrived: a piece of the answer, the reasoning, a tool's arguments, or a remark.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Warning(text) | Self::Chunk(text) => text,
            Self::ToolCall(call) => &call.arguments,
            Self::Opened(_) | Self::Comment | Self::Served { .. } | Self::Usage(_) | Self::Metadata(_) => "",
        }
    }

    /// What the piece means to the failover engine; `None` if it decides nothing with it.
    pub fn input(&self, attempt: AttemptId) -> Option<Input> {
        match self {
            Self::Opened(_) => Some(Input::Opened { attempt }),
            Self::Reasoning(_) => Some(Input::Token { attempt, phase: TokenPhase::Reasoning }),
            Self::Text(_) | Self::ToolCall(_) => Some(Input::Token { attempt, phase: TokenPhase::Answer }),
            Self::Comment
            | Self::Served { .. }
            | Self::Usage(_)
            | Self::Metadata(_)
            | Self::Warning(_)
            | Self::Chunk(_) => None,
        }
    }

    /// Appends the text of the piece behind this one, if both are of the same kind. Returns whether it did.
    pub fn append(&mut self, next: &Self) -> bool {
        match (self, next) {
            (Self::Text(text), Self::Text(more)) | (Self::Reasoning(text), Self::Reasoning(more)) => {
                text.push_str(more);
                true
            }
            (Self::ToolCall(call), Self::ToolCall(more)) if call.index == more.index && more.name.is_empty() => {
                call.arguments.push_str(&more.arguments);
                true
            }
            _ => false,
        }
    }
}

/// A response's status and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// The value of `X-Generation-Id`, which finds the answer's bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
    /// All response headers, in order, cleaned.
    pub headers: Vec<super::Header>,
}

/// A piece of a tool call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCallPiece {
    /// Which call of the answer, from 0.
    pub index: u32,
    /// The tool's name; empty in later pieces.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The next piece of the arguments, which together are JSON as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arguments: String,
}

/// Tokens and cost of one answer. `None` means unknown, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    pub completion_tokens: Option<u64>,
    /// The part of the answer's tokens that is reasoning.
    pub reasoning_tokens: Option<u64>,
    /// The part of the prompt's tokens that came from a cache.
    pub cached_tokens: Option<u64>,
    /// USD that `OpenRouter` charges.
    pub cost: Option<f64>,
    /// USD that the provider charges to the user's own key there, besides `cost`. None without an own key.
    pub upstream_cost: Option<f64>,
}

impl Usage {
    /// The cost as the engine adds it up: what both charge together.
    pub fn cost(&self) -> Cost {
        match (self.cost, self.upstream_cost) {
            (None, None) => Cost::Unknown,
            (own, upstream) => Cost::Known(own.unwrap_or_default() + upstream.unwrap_or_default()),
        }
    }
}

/// What the router did inside one request, from `openrouter_metadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// How it chose a provider.
    pub strategy: Option<String>,
    /// Its own summary, in one line.
    pub summary: Option<String>,
    /// The number of the attempt that answered, from 1; 0 if no provider was reached.
    pub attempt: Option<u32>,
    /// The providers that it tried.
    pub attempts: Vec<InnerAttempt>,
}

/// Why a model stopped, from `finish_reason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The answer is complete.
    Stop,
    /// The answer reached `max_tokens`.
    Length,
    /// The model asks for a tool call.
    ToolCalls,
    /// Any other reason, in the server's word.
    Other(String),
    /// The server ended the answer properly, but gave no reason.
    Unstated,
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// Why the model stopped.
    pub finish: Finish,
    /// The same in the provider's own word.
    pub native_finish: Option<String>,
    /// The whole answer text.
    pub text: String,
    /// The whole reasoning text.
    pub reasoning: String,
    /// The model that answered, if the server named it.
    pub model: Option<String>,
    /// The provider, if the server named one.
    pub provider: Option<String>,
    /// The generation's id, which finds the answer's bill.
    pub id: Option<String>,
    /// Tokens and cost, if the server reported them.
    pub usage: Option<Usage>,
    /// The response as the server gives it without streaming. Only where a message was
    /// [expected](super::Expects::Message).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Box<serde_json::Value>>,
    /// The response as it was sent, where its [`Api`](super::Api) is not chat completions; `response` is then its
    /// meaning as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Box<serde_json::Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_of_the_same_kind_is_joined() {
        let call = |index, name: &str, arguments: &str| {
            Delta::ToolCall(ToolCallPiece { index, name: name.into(), arguments: arguments.into() })
        };
        let text = |text: &str| Delta::Text(text.into());
        let thought = |text: &str| Delta::Reasoning(text.into());
        let mut deltas = vec![
            Delta::Comment,
            Delta::Comment,
            thought("a"),
            thought(""),
            thought("b"),
            text("c"),
            text("d"),
            thought("e"),
            call(0, "f", ""),
            call(0, "", "{"),
            call(0, "", "}"),
            call(1, "", "{}"),
            call(1, "g", ""),
        ];
        deltas.dedup_by(|next, delta| delta.append(next));
        let joined = [
            Delta::Comment,
            Delta::Comment,
            thought("ab"),
            text("cd"),
            thought("e"),
            call(0, "f", "{}"),
            call(1, "", "{}"),
            call(1, "g", ""),
        ];
        assert_eq!(deltas, joined);
    }
}
