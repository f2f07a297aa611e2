//! A completion and the shapes that it is sent in.

use super::catalogue::{SimulatedModel, StreamTail};
use super::chat::CompletionRequest;
use super::http::ReceivedRequest;
use super::reply::ComposedReply;
use serde_json::{Value, json};

/// What a model says, in tokens, and all that goes with it.
#[derive(Clone, Debug)]
pub(super) struct SimulatedCompletion {
    pub id: String,
    pub created: u64,
    pub model: &'static SimulatedModel,
    pub provider: &'static str,
    pub reasoning: Vec<String>,
    pub content: Vec<String>,
    pub refusal: Option<String>,
    pub finish: &'static str,
    pub native_finish: String,
    pub prompt_tokens: usize,
    pub metadata: Option<Value>,
    /// For draws.
    pub hash: u64,
}

/// One piece of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum TokenPiece<'a> {
    Reasoning(&'a str),
    Content(&'a str),
}

impl SimulatedCompletion {
    pub(super) fn new(
        model: &'static SimulatedModel,
        ask: &CompletionRequest,
        reply: &ComposedReply,
        seed: u64,
        metadata: Option<Value>,
    ) -> Self {
        let hash = fastrand::Rng::with_seed(ask.hash ^ seed.rotate_left(32)).u64(..);
        let created = 1_767_225_600 + hash % 31_536_000;
        let mut draw = fastrand::Rng::with_seed(hash);
        let tail: String = (0..20).map(|_| draw.alphanumeric()).collect();
        let mut completion = Self {
            id: format!("gen-{created}-{tail}"),
            created,
            model,
            provider: model.providers[0].as_str(),
            reasoning: tokens(&reply.reasoning),
            content: tokens(before_stop(&reply.content, &ask.stop)),
            refusal: None,
            finish: "stop",
            native_finish: model.native_finish.0.clone(),
            prompt_tokens: ask.prompt_tokens(),
            metadata,
            hash,
        };
        completion.cap(ask.max_tokens.unwrap_or(usize::MAX).min(model.max_output as usize));
        if !ask.shows_reasoning {
            completion.reasoning.clear();
        }
        completion
    }

    /// Cuts it to so many tokens; reasoning counts.
    pub(super) fn cap(&mut self, most: usize) {
        if self.reasoning.len() + self.content.len() > most {
            self.reasoning.truncate(most);
            self.content.truncate(most - self.reasoning.len());
            self.finish = "length";
            self.native_finish.clone_from(&self.model.native_finish.1);
        }
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = TokenPiece<'_>> {
        let reasoning = self.reasoning.iter().map(|text| TokenPiece::Reasoning(text));
        reasoning.chain(self.content.iter().map(|text| TokenPiece::Content(text)))
    }

    /// Tokens out.
    pub(super) fn len(&self) -> usize {
        self.reasoning.len() + self.content.len()
    }

    /// USD.
    pub(super) fn cost(&self) -> f64 {
        self.model.cost(self.prompt_tokens, self.len())
    }

    fn usage(&self) -> Value {
        let cost = self.cost();
        json!({
            "prompt_tokens": self.prompt_tokens, "completion_tokens": self.len(),
            "total_tokens": self.prompt_tokens + self.len(), "cost": cost, "is_byok": false,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "cost_details": {
                "upstream_inference_cost": null,
                "upstream_inference_prompt_cost": self.model.cost(self.prompt_tokens, 0),
                "upstream_inference_completions_cost": self.model.cost(0, self.len()),
            },
            "completion_tokens_details": { "reasoning_tokens": self.reasoning.len(), "audio_tokens": 0 },
        })
    }

    /// The body of an answer without a stream.
    pub(super) fn body(&self) -> Value {
        let reasoning = self.reasoning.concat();
        let mut message = json!({ "role": "assistant", "content": self.content.concat(), "refusal": self.refusal });
        if self.refusal.is_some() {
            message["content"] = Value::Null;
        }
        if !reasoning.is_empty() {
            message["reasoning_details"] = details(&reasoning);
            message["reasoning"] = reasoning.into();
        }
        let mut body = json!({
            "id": self.id, "provider": self.provider, "model": self.model.served(), "object": "chat.completion",
            "created": self.created,
            "choices": [{
                "logprobs": null, "finish_reason": self.finish, "native_finish_reason": self.native_finish,
                "index": 0, "message": message,
            }],
            "system_fingerprint": "simulated", "usage": self.usage(),
        });
        if let Some(metadata) = &self.metadata {
            body["openrouter_metadata"] = metadata.clone();
        }
        body
    }

    /// A chunk with these choices.
    pub(super) fn chunk(&self, choices: &Value) -> Value {
        json!({
            "id": self.id, "provider": self.provider, "model": self.model.served(),
            "object": "chat.completion.chunk", "created": self.created, "system_fingerprint": "simulated",
            "choices": choices,
        })
    }

    /// A chunk with one piece of text.
    pub(super) fn delta(&self, piece: TokenPiece<'_>) -> Value {
        let delta = match piece {
            TokenPiece::Content(text) => json!({ "role": "assistant", "content": text }),
            TokenPiece::Reasoning(text) => json!({
                "role": "assistant", "content": "", "reasoning": text, "reasoning_details": details(text),
            }),
        };
        self.chunk(&choice(&delta, None, None))
    }

    /// The chunk with the finish reason.
    pub(super) fn finish_chunk(&self) -> Value {
        let mut delta = json!({ "role": "assistant", "content": "" });
        if let Some(refusal) = &self.refusal {
            delta["refusal"] = refusal.as_str().into();
        }
        self.chunk(&choice(&delta, Some(self.finish), Some(&self.native_finish)))
    }

    /// The last chunk: usage, and the router's metadata if it was asked for.
    pub(super) fn usage_chunk(&self) -> Value {
        let delta = json!({ "role": "assistant", "content": "" });
        let choices = match self.model.tail {
            StreamTail::Separate => json!([]),
            StreamTail::Null => choice(&delta, None, None),
            StreamTail::Repeated => choice(&delta, Some(self.finish), Some(&self.native_finish)),
        };
        let mut chunk = self.chunk(&choices);
        chunk["usage"] = self.usage();
        if let Some(metadata) = &self.metadata {
            chunk["openrouter_metadata"] = metadata.clone();
        }
        chunk
    }

    /// What `/generation` tells of it.
    pub(super) fn ledger_entry(&self, request: &ReceivedRequest, streamed: bool) -> Value {
        let latency = self.model.first_token_ms;
        let took = self.model.token_ms * self.len() as u64;
        json!({
            "id": self.id, "upstream_id": null, "model": self.model.served(), "provider_name": self.provider,
            "provider_responses": [{
                "provider_name": self.provider, "model_permaslug": self.model.served(), "status": 200,
                "latency": latency, "is_byok": false,
            }],
            "created_at": self.created, "router": null, "latency": latency, "generation_time": took,
            "total_cost": self.cost(), "usage": self.cost(), "is_byok": false, "streamed": streamed, "cancelled": false,
            "tokens_prompt": self.prompt_tokens, "tokens_completion": self.len(),
            "native_tokens_prompt": self.prompt_tokens, "native_tokens_completion": self.len(),
            "native_tokens_reasoning": self.reasoning.len(),
            "finish_reason": self.finish, "native_finish_reason": self.native_finish,
            "http_referer": request.header("http-referer"),
            "user_agent": request.header("user-agent"), "origin": request.header("origin").unwrap_or_default(),
            "app_id": null, "api_type": "completions",
        })
    }
}

/// A list with one choice.
pub(super) fn choice(delta: &Value, finish: Option<&str>, native: Option<&str>) -> Value {
    json!([{ "index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": native, "logprobs": null }])
}

fn details(text: &str) -> Value {
    json!([{ "type": "reasoning.text", "text": text, "format": "unknown", "index": 0 }])
}

fn before_stop<'a>(text: &'a str, stops: &[String]) -> &'a str {
    let end = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop.as_str())).min();
    &text[..end.unwrap_or(text.len())]
}

/// The longest token, in characters after its leading space.
const TOKEN: usize = 8;

/// Text in pieces of the size of tokens: a word, or a part of a long one, with the white
/// space before it. Joined, they are the text.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let (mut token, mut length) = (String::new(), 0);
    for c in text.chars() {
        if length > 0 && (c.is_whitespace() || length == TOKEN) {
            tokens.push(std::mem::take(&mut token));
            length = 0;
        }
        token.push(c);
        length += usize::from(!c.is_whitespace());
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

/// How many tokens a text has.
pub(super) fn count_tokens(text: &str) -> usize {
    tokens(text).len()
}
