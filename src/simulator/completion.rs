//! A completion in tokens, and its JSON shapes: the whole body, the chunks of a stream, the record of `/generation`.

use super::catalogue::{SimulatedModel, StreamTail};
use super::chat::CompletionRequest;
use super::date::iso_time;
use super::http::ReceivedRequest;
use super::reply::ComposedReply;
use super::shape::{EmbeddedTexts, Shape};
use serde_json::{Value, json};

/// What a model says, in tokens, with everything that is sent beside it.
#[derive(Clone, Debug)]
pub(super) struct SimulatedCompletion {
    /// The generation's id; every completion has its own.
    pub id: String,
    /// Seconds since 1970; made up, so that equal requests get equal bodies.
    pub created: u64,
    pub model: &'static SimulatedModel,
    pub provider: &'static str,
    pub reasoning: Vec<String>,
    /// The answer, or the arguments of `tool`.
    pub content: Vec<String>,
    /// The name of the tool that is called.
    pub tool: Option<String>,
    pub refusal: Option<String>,
    pub finish: &'static str,
    pub native_finish: String,
    pub prompt_tokens: usize,
    /// The router's metadata, if the request wants it.
    pub metadata: Option<Value>,
    /// The seed of random draws; equal for equal requests.
    pub hash: u64,
    /// How it is sent.
    pub shape: Shape,
    /// What is embedded, where that is asked for.
    pub embeds: EmbeddedTexts,
}

/// One token of a stream, by where it belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum TokenPiece<'a> {
    Reasoning(&'a str),
    Content(&'a str),
    /// Of a tool's arguments. The first one also brings the tool's name.
    Arguments {
        text: &'a str,
        first: bool,
    },
}

impl SimulatedCompletion {
    /// `seed` is the simulator's; `number` counts its completions and goes into the id alone.
    pub(super) fn new(
        model: &'static SimulatedModel,
        request: &CompletionRequest,
        reply: ComposedReply,
        (seed, number): (u64, u64),
        metadata: Option<Value>,
    ) -> Self {
        let hash = fastrand::Rng::with_seed(request.hash ^ seed.rotate_left(32)).u64(..);
        let created = 1_767_225_600 + hash % 31_536_000;
        let mut draw = fastrand::Rng::with_seed(hash ^ number.rotate_left(48));
        let tail: String = (0..20).map(|_| draw.alphanumeric()).collect();
        let (finish, native_finish) = match reply.tool {
            Some(_) => ("tool_calls", "tool_calls".to_owned()),
            None => ("stop", model.native_finish.0.clone()),
        };
        let stops: &[String] = if reply.tool.is_some() { &[] } else { &request.stop };
        let mut completion = Self {
            id: format!("gen-{created}-{tail}"),
            created,
            model,
            provider: model.providers[0].as_str(),
            reasoning: tokens(&reply.reasoning),
            content: tokens(before_stop(&reply.content, stops)),
            tool: reply.tool,
            refusal: None,
            finish,
            native_finish,
            prompt_tokens: request.prompt_tokens(),
            metadata,
            hash,
            shape: request.shape,
            embeds: request.embeds.clone(),
        };
        completion.truncate(request.max_tokens.unwrap_or(usize::MAX).min(model.max_output as usize));
        if !request.shows_reasoning {
            completion.reasoning.clear();
        }
        completion
    }

    /// Keeps at most this many tokens, reasoning included. A cut completion finishes with `length`.
    pub(super) fn truncate(&mut self, most: usize) {
        if self.reasoning.len() + self.content.len() > most {
            self.reasoning.truncate(most);
            self.content.truncate(most - self.reasoning.len());
            self.finish = "length";
            self.native_finish.clone_from(&self.model.native_finish.1);
        }
    }

    /// Says nothing: no answer and no tool.
    pub(super) fn clear_content(&mut self) {
        self.content.clear();
        if self.tool.take().is_some() {
            (self.finish, self.native_finish) = ("stop", self.model.native_finish.0.clone());
        }
    }

    /// All tokens in the order in which they are streamed.
    pub(super) fn pieces(&self) -> impl Iterator<Item = TokenPiece<'_>> {
        let reasoning = self.reasoning.iter().map(|text| TokenPiece::Reasoning(text));
        let content = self.content.iter().enumerate().map(|(i, text)| match self.tool {
            Some(_) => TokenPiece::Arguments { text, first: i == 0 },
            None => TokenPiece::Content(text),
        });
        reasoning.chain(content)
    }

    /// The number of tokens, reasoning included.
    pub(super) fn len(&self) -> usize {
        self.reasoning.len() + self.content.len()
    }

    /// The cost in USD.
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

    /// The message with its first `count` tokens.
    pub(super) fn message(&self, count: usize) -> Value {
        let reasoning: String = self.reasoning.iter().take(count).map(String::as_str).collect();
        let count = count.saturating_sub(self.reasoning.len());
        let content: String = self.content.iter().take(count).map(String::as_str).collect();
        let mut message = json!({ "role": "assistant", "content": content, "refusal": self.refusal });
        if self.refusal.is_some() || self.tool.is_some() {
            message["content"] = Value::Null;
        }
        if let Some(name) = &self.tool {
            message["tool_calls"] = json!([self.tool_call(Some(name), &content)]);
        }
        if !reasoning.is_empty() {
            message["reasoning_details"] = details(&reasoning);
            message["reasoning"] = reasoning.into();
        }
        message
    }

    fn tool_call(&self, name: Option<&str>, arguments: &str) -> Value {
        let Some(name) = name else {
            return json!({ "index": 0, "type": "function", "function": { "arguments": arguments } });
        };
        let id = format!("call_{}", self.id.rsplit('-').next().unwrap_or_default());
        json!({ "index": 0, "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
    }

    /// The body of an answer that is not streamed.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "id": self.id, "provider": self.provider, "model": self.model.served(), "object": "chat.completion",
            "created": self.created,
            "choices": [{
                "logprobs": null, "finish_reason": self.finish, "native_finish_reason": self.native_finish,
                "index": 0, "message": self.message(usize::MAX),
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

    /// The chunk that carries one token.
    pub(super) fn delta(&self, piece: TokenPiece<'_>) -> Value {
        let delta = match piece {
            TokenPiece::Content(text) => json!({ "role": "assistant", "content": text }),
            TokenPiece::Reasoning(text) => json!({
                "role": "assistant", "content": "", "reasoning": text, "reasoning_details": details(text),
            }),
            TokenPiece::Arguments { text, first } => {
                let name = self.tool.as_deref().filter(|_| first);
                json!({ "role": "assistant", "content": null, "tool_calls": [self.tool_call(name, text)] })
            }
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

    /// The last chunk: usage, and the router's metadata if the request wants it.
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

    /// What `/generation` answers about this completion.
    pub(super) fn generation(&self, request: &ReceivedRequest, streamed: bool) -> Value {
        let latency = self.model.first_token_ms;
        let took = self.model.token_ms * self.len() as u64;
        let mut record = json!({
            "id": self.id, "upstream_id": null, "model": self.model.served(), "provider_name": self.provider,
            "provider_responses": [{
                "provider_name": self.provider, "model_permaslug": self.model.served(), "status": 200,
                "latency": latency, "is_byok": false,
            }],
            "created_at": iso_time(self.created), "router": null, "latency": latency, "generation_time": took,
            "total_cost": self.cost(), "usage": self.cost(), "is_byok": false, "streamed": streamed, "cancelled": false,
            "tokens_prompt": self.prompt_tokens, "tokens_completion": self.len(),
            "native_tokens_prompt": self.prompt_tokens, "native_tokens_completion": self.len(),
            "native_tokens_reasoning": self.reasoning.len(),
            "finish_reason": self.finish, "native_finish_reason": self.native_finish,
            "http_referer": request.header("http-referer"),
            "user_agent": request.header("user-agent"), "origin": request.header("origin").unwrap_or_default(),
            "workspace_id": "simulated", "data_region": "global", "app_id": null, "api_type": if self.shape == Shape::Embeddings { "embeddings" } else { "completions" },
        });
        for name in NOTHING_TO_SAY {
            record[name] = Value::Null;
        }
        record
    }
}

/// The fields of a generation that `OpenRouter`'s own SDKs require, and of which a simulation has nothing to say.
const NOTHING_TO_SAY: [&str; 19] = [
    "cache_discount",
    "external_user",
    "moderation_latency",
    "native_tokens_cached",
    "native_tokens_completion_images",
    "num_fetches",
    "num_input_audio_prompt",
    "num_media_completion",
    "num_media_prompt",
    "num_search_results",
    "preset_id",
    "provider_options",
    "request_id",
    "response_cache_source_id",
    "service_tier",
    "session_id",
    "upstream_inference_cost",
    "user_id",
    "web_search_engine",
];

/// The `choices` of a chunk, with one choice in them.
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
