//! The parts of the API that a request can go to, and what responses of the others mean in the words of chat
//! completions: so one reader judges all of them. Knows the shapes of `/responses` and `/embeddings`; must not know
//! about bytes.
//!
//! Source of the shapes: `OpenAI`'s API reference and the types of its Python library 2.x, which `OpenRouter` follows.

use crate::text::counted;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where a request goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// `/chat/completions`.
    #[default]
    ChatCompletions,
    /// `/responses`.
    Responses,
    /// `/embeddings`.
    Embeddings,
}

impl Api {
    /// The path below the base URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Responses => "/responses",
            Self::Embeddings => "/embeddings",
        }
    }

    /// Whether it is `/chat/completions`. Requests to the others are passed on as they came.
    pub fn is_chat(self) -> bool {
        self == Self::ChatCompletions
    }

    /// Whether this is the last event of a stream: what comes before it can be sent before the answer is accepted.
    pub fn is_last(self, event: &Value) -> bool {
        let kind = event["type"].as_str().unwrap_or_default();
        self == Self::Responses && ["response.completed", "response.incomplete"].contains(&kind)
    }
}

/// Reads the responses of one request as chat completions.
#[derive(Debug, Default)]
pub(super) struct Translation {
    api: Api,
    /// Some of the answer has come in pieces.
    streamed: bool,
    /// The whole response as it was sent.
    whole: Option<Value>,
}

impl Translation {
    /// The translation of responses of this part of the API.
    pub(super) fn of(api: Api) -> Self {
        Self { api, ..Self::default() }
    }

    /// Whether responses need none.
    pub(super) fn is_chat(&self) -> bool {
        self.api.is_chat()
    }

    /// The whole response, once it has come.
    pub(super) fn into_whole(self) -> Option<Value> {
        self.whole
    }

    /// An event or a whole response as a chunk of a chat completion. Errors, and what is unknown, stay as they are.
    pub(super) fn translate(&mut self, value: Value) -> Value {
        match self.api {
            Api::ChatCompletions => value,
            Api::Embeddings => self.embeddings(value),
            Api::Responses => self.responses(value),
        }
    }

    fn embeddings(&mut self, value: Value) -> Value {
        let Some(vectors) = value["data"].as_array().filter(|vectors| !vectors.is_empty()) else { return value };
        let text = counted(vectors.len(), "embedding");
        let chunk = json!({
            "id": value["id"], "model": value["model"], "provider": value["provider"], "usage": value["usage"],
            "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        });
        self.whole = Some(value);
        chunk
    }

    fn responses(&mut self, value: Value) -> Value {
        let piece = |delta: Value| json!({"choices": [{"delta": delta}]});
        let kind = value["type"].as_str().unwrap_or_default();
        match kind {
            "response.output_text.delta" | "response.refusal.delta" => {
                let name = if kind == "response.refusal.delta" { "refusal" } else { "content" };
                self.streamed |= name == "content";
                piece(json!({name: value["delta"]}))
            }
            "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
                self.streamed = true;
                piece(json!({"reasoning": value["delta"]}))
            }
            "response.output_item.added" if value["item"]["type"] == "function_call" => {
                self.streamed = true;
                piece(json!({"tool_calls": [{"index": value["output_index"],
                    "function": {"name": value["item"]["name"], "arguments": value["item"]["arguments"]}}]}))
            }
            "response.function_call_arguments.delta" => {
                self.streamed = true;
                piece(
                    json!({"tool_calls": [{"index": value["output_index"], "function": {"arguments": value["delta"]}}]}),
                )
            }
            // Pieces of other items, such as images and code, are progress, though there is nothing to read.
            _ if ["delta", "partial_image"].iter().any(|last| kind.rsplit('.').next() == Some(last)) => {
                self.streamed = true;
                piece(json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": ""}]}))
            }
            "response.completed" | "response.incomplete" => {
                let mut value = value;
                self.completed(value["response"].take())
            }
            "response.created" | "response.in_progress" => {
                json!({"id": value["response"]["id"], "model": value["response"]["model"]})
            }
            _ if value["object"] == "response" && value["error"].is_null() => self.completed(value),
            _ => value,
        }
    }

    /// The end of an answer. What has come in pieces is not said again.
    fn completed(&mut self, response: Value) -> Value {
        let finish = match (response["status"].as_str(), response["incomplete_details"]["reason"].as_str()) {
            (Some("incomplete"), Some("max_output_tokens")) => "length",
            (Some("incomplete"), Some(reason)) => reason,
            (Some("failed" | "cancelled"), _) => "error",
            _ => "stop",
        };
        let mut choice = json!({"finish_reason": finish});
        if !self.streamed {
            choice["message"] = match response["status"].as_str() {
                // A response in the background has no output yet, and is asked for later.
                Some(state @ ("queued" | "in_progress")) => json!({"items": [state]}),
                _ => message(&response["output"]),
            };
        }
        let chunk = json!({
            "id": response["id"], "model": response["model"], "provider": response["provider"],
            "usage": response["usage"], "choices": [choice],
        });
        self.whole = Some(response);
        chunk
    }
}

/// The items of a response's `output` as the message of a chat completion. Items that a chat has not, such as images and
/// searches, count as content that cannot be read.
fn message(output: &Value) -> Value {
    let (mut text, mut reasoning, mut refusal) = (String::new(), String::new(), String::new());
    let (mut calls, mut others) = (Vec::new(), Vec::new());
    for item in output.as_array().into_iter().flatten() {
        let texts = |part: &str| item[part].as_array().into_iter().flatten();
        match item["type"].as_str() {
            Some("message") => {
                for part in texts("content") {
                    text.push_str(part["text"].as_str().unwrap_or_default());
                    refusal.push_str(part["refusal"].as_str().unwrap_or_default());
                }
            }
            Some("reasoning") => {
                for part in texts("content").chain(texts("summary")) {
                    reasoning.push_str(part["text"].as_str().unwrap_or_default());
                }
            }
            Some("function_call") => {
                calls.push(json!({"function": {"name": item["name"], "arguments": item["arguments"]}}));
            }
            _ => others.push(item["type"].clone()),
        }
    }
    let mut message = json!({"role": "assistant", "content": text, "reasoning": reasoning});
    for (name, list) in [("tool_calls", calls), ("items", others)] {
        if !list.is_empty() {
            message[name] = list.into();
        }
    }
    if !refusal.is_empty() {
        message["refusal"] = refusal.into();
    }
    message
}
