//! The shapes in which a completion can be asked for and sent: all but that of chat completions are made from it, so that
//! every fault shows in each of them.

mod embeddings;
mod responses;

pub(super) use embeddings::EmbeddedTexts;
pub(super) use responses::ResponseEvents;

use super::completion::SimulatedCompletion;
use super::envelope::ErrorEnvelope;
use serde_json::{Value, json};

/// The path of a request decides its shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// `/chat/completions`.
    #[default]
    Chat,
    /// `/completions`, the older one: a prompt and a text.
    Text,
    /// `/responses`.
    Responses,
    /// `/embeddings`.
    Embeddings,
}

impl Shape {
    /// The request in the words of chat completions.
    pub(super) fn as_chat(self, body: Value) -> Result<Value, ErrorEnvelope> {
        match self {
            Self::Chat => Ok(body),
            Self::Text => text_request(body),
            Self::Responses => responses::as_chat(body),
            Self::Embeddings => embeddings::as_chat(body),
        }
    }

    /// The whole answer, from that of a chat completion.
    pub(super) fn body(self, completion: &SimulatedCompletion, chat: Value) -> Value {
        match self {
            Self::Chat => chat,
            Self::Text => as_text(chat, "message"),
            Self::Responses => responses::body(completion, &chat),
            Self::Embeddings => embeddings::body(completion, &chat),
        }
    }

    /// The chunk of a stream, from that of a chat completion. Streams of responses have [`ResponseEvents`].
    pub(super) fn chunk(self, chat: Value) -> Value {
        if self == Self::Text { as_text(chat, "delta") } else { chat }
    }
}

/// The error of a field that cannot be read.
fn refuse(message: impl Into<String>) -> ErrorEnvelope {
    ErrorEnvelope::typed(400, "invalid_request", message)
}

fn text_request(mut body: Value) -> Result<Value, ErrorEnvelope> {
    let prompt = match body["prompt"].take() {
        Value::String(prompt) => prompt,
        Value::Array(prompts) if prompts.len() == 1 => prompts[0].as_str().unwrap_or_default().to_owned(),
        _ => return Err(refuse("prompt: expected one text; the simulator completes one at a time")),
    };
    body["messages"] = json!([{ "role": "user", "content": prompt }]);
    Ok(body)
}

/// Choices with a `text` in place of a message.
fn as_text(mut chat: Value, part: &str) -> Value {
    for choice in chat["choices"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        let message = choice.shift_remove(part).unwrap_or_default();
        choice.insert("text".into(), message["content"].as_str().unwrap_or_default().into());
        if let Some(reasoning) = message["reasoning"].as_str() {
            choice.insert("reasoning".into(), reasoning.into());
        }
    }
    chat["object"] = "text_completion".into();
    chat
}
