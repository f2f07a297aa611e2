//! The simulated models of `assets/simulator.toml`, and the JSON in which OpenRouter lists them.

use super::asset::DATA;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// A simulated model: what it costs, how fast it is and how it talks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SimulatedModel {
    pub id: String,
    pub name: String,
    pub description: String,
    /// The dated slug that its responses name, if that is not its id.
    pub served: Option<String>,
    /// Seconds since 1970.
    pub created: u64,
    /// The context window in tokens.
    pub context: u64,
    /// The most tokens of one answer.
    pub max_output: u32,
    /// The price of a million prompt tokens in USD.
    pub price_in: f64,
    /// The price of a million completion tokens in USD.
    pub price_out: f64,
    /// Milliseconds to the first token.
    pub first_token_ms: u64,
    /// Milliseconds between tokens.
    pub token_ms: u64,
    pub verbosity: Verbosity,
    /// Whether it reasons before it answers.
    #[serde(default)]
    pub reasoning: bool,
    /// Whether it understands `response_format`.
    #[serde(default)]
    pub structured: bool,
    /// The provider's own finish reason for `stop`, and the one for `length`.
    pub native_finish: (String, String),
    /// The last chunks of its streams.
    #[serde(default)]
    pub tail: StreamTail,
    /// Its providers; the first one serves every request.
    pub providers: Vec<String>,
}

/// How much a model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verbosity {
    /// The bare answer.
    Terse,
    /// A sentence.
    Plain,
    /// A sentence and its reason.
    Wordy,
}

/// The end of a stream. OpenRouter's providers differ in it, so clients must read all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StreamTail {
    /// The finish reason, then usage with `choices: []`.
    #[default]
    Separate,
    /// The finish reason, then usage with a choice whose finish reason is null.
    Null,
    /// The finish reason, then usage with the finish reason again.
    Repeated,
}

/// All models, in the order of the file.
pub(super) fn all() -> &'static [SimulatedModel] {
    &DATA.model
}

/// The models of `/embeddings`.
pub(super) fn embedding_models() -> &'static [SimulatedModel] {
    &DATA.embedding_model
}

/// The model with this id or dated slug. The variants `:nitro`, `:floor`, `:exacto` and `:online` are the model itself.
pub(super) fn find(id: &str) -> Option<&'static SimulatedModel> {
    let base = [":nitro", ":floor", ":exacto", ":online"].iter().find_map(|v| id.strip_suffix(v)).unwrap_or(id);
    all().iter().find(|model| model.id == base || model.served.as_deref() == Some(base))
}

/// All providers, as `/providers` lists them.
pub(super) fn providers() -> Vec<Value> {
    let mut names: Vec<&str> = all().iter().flat_map(|model| &model.providers).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let row = |name| {
        json!({
            "name": name, "slug": slug(name), "privacy_policy_url": null, "terms_of_service_url": null,
            "status_page_url": null, "headquarters": null, "datacenters": null,
        })
    };
    names.into_iter().map(row).collect()
}

fn slug(provider: &str) -> String {
    provider.to_ascii_lowercase().replace(' ', "-")
}

impl SimulatedModel {
    /// The id that its responses name.
    pub(super) fn served(&self) -> &str {
        self.served.as_deref().unwrap_or(&self.id)
    }

    /// The time to the first token at pace 1.
    pub(super) fn first_token(&self) -> Duration {
        Duration::from_millis(self.first_token_ms)
    }

    /// The time between two tokens at pace 1.
    pub(super) fn per_token(&self) -> Duration {
        Duration::from_millis(self.token_ms)
    }

    /// The cost of this many tokens in USD.
    pub(super) fn cost(&self, tokens_in: usize, tokens_out: usize) -> f64 {
        (tokens_in as f64 * self.price_in + tokens_out as f64 * self.price_out) / 1e6
    }

    fn parameters(&self) -> Vec<&'static str> {
        let mut all = vec![
            "max_tokens",
            "temperature",
            "top_p",
            "stop",
            "seed",
            "frequency_penalty",
            "presence_penalty",
            "tools",
            "tool_choice",
        ];
        if self.structured {
            all.extend(["response_format", "structured_outputs"]);
        }
        if self.reasoning {
            all.extend(["reasoning", "include_reasoning"]);
        }
        all
    }

    fn pricing(&self) -> Value {
        json!({
            "prompt": per_token(self.price_in), "completion": per_token(self.price_out),
            "request": "0", "image": "0",
        })
    }

    fn architecture(&self) -> Value {
        let output = if embedding_models().iter().any(|model| model.id == self.id) { "embeddings" } else { "text" };
        json!({
            "modality": format!("text->{output}"), "input_modalities": ["text"], "output_modalities": [output],
            "tokenizer": "Other", "instruct_type": null,
        })
    }

    /// The model's entry in `/models`.
    pub(super) fn listing(&self) -> Value {
        json!({
            "id": self.id, "canonical_slug": self.served(), "name": self.name, "created": self.created,
            "description": format!("Simulated. {}", self.description),
            "context_length": self.context,
            "architecture": self.architecture(), "supported_voices": null, "hugging_face_id": null, "knowledge_cutoff": null,
            "expiration_date": null, "links": { "details": format!("/api/v1/models/{}/endpoints", self.id) },
            "pricing": self.pricing(),
            "top_provider": {
                "context_length": self.context, "max_completion_tokens": self.max_output, "is_moderated": false,
            },
            "per_request_limits": null, "supported_parameters": self.parameters(), "default_parameters": {},
        })
    }

    /// What `/models/…/endpoints` answers about the model.
    pub(super) fn endpoints(&self) -> Value {
        // In the unit of the documentation's example: seconds, and tokens per second.
        let latency = self.first_token_ms as f64 / 1e3;
        let throughput = 1e3 / self.token_ms.max(1) as f64;
        let endpoints: Vec<Value> = self
            .providers
            .iter()
            .map(|provider| {
                json!({
                    "name": format!("{provider} | {}", self.id), "tag": slug(provider), "provider_name": provider,
                    "context_length": self.context, "max_completion_tokens": self.max_output,
                    "max_prompt_tokens": null, "quantization": "unknown", "pricing": self.pricing(),
                    "model_id": self.id, "model_name": self.name, "supports_implicit_caching": false, "supports_diarization": false, "native_tools": {}, "service_tier": null,
                    "supports_tool_choice": { "auto": true, "function": true, "none": true, "required": true },
                    "supported_parameters": self.parameters(), "status": 0, "uptime_last_30m": 100,
                    "uptime_last_5m": 100, "uptime_last_1d": 100,
                    "latency_last_30m": { "p50": latency, "p75": latency, "p90": latency, "p99": latency },
                    "throughput_last_30m": { "p50": throughput, "p75": throughput, "p90": throughput, "p99": throughput },
                })
            })
            .collect();
        json!({
            "id": self.id, "name": self.name, "created": self.created, "description": self.description,
            "architecture": self.architecture(),
            "endpoints": endpoints,
        })
    }
}

/// A price as OpenRouter writes it: USD for one token, as a decimal string.
fn per_token(per_million: f64) -> String {
    let text = format!("{:.12}", per_million / 1e6);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}
