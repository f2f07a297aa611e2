//! The request fields that a user can choose. Knows the fields of `/chat/completions` and their limits; must not
//! know where they were chosen.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most entries in `models`. `OpenRouter` refuses a request with more (observed, not documented).
pub const MAX_MODELS: usize = 3;

/// Settings of a request. A field that is not set is not sent, and the provider's default applies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestSettings {
    /// Randomness, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The share of probability that tokens are drawn from: over 0, at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most tokens in the answer, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// With the same seed and request, some providers give the same answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Texts that end the answer, at most four.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// How much to reason before the answer.
    #[serde(skip_serializing_if = "Reasoning::is_default")]
    pub reasoning: Reasoning,
    /// False asks for the whole answer in one piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Which providers may answer.
    #[serde(skip_serializing_if = "Provider::is_default")]
    pub provider: Provider,
    /// `OpenRouter`'s own list of fallback models, at most three. Not together with a chain of this program.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// `OpenRouter` plugins, each written as `{id = "…", …}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Value>,
    /// Price and speed class: `flex`, `priority`, `fast`, `ultrafast`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// How long prompts are cached, for example `{ttl = "30m"}`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub prompt_cache_options: Map<String, Value>,
    /// Tools of which the model sees only the names until it asks for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deferred_tools: Vec<Value>,
    /// Groups requests in `OpenRouter`'s logs and keeps them on one provider; up to 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Any other fields, merged last: objects into objects, `null` removes.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra_body: Map<String, Value>,
}

/// How much a model reasons: an effort or a token budget, not both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reasoning {
    /// The effort, as one of the service's levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// The most tokens of reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// True makes the model reason without sending the reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<bool>,
    /// True turns reasoning on with the model's defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// The effort of reasoning: about 95, 95, 80, 50, 20, 10 % of `max_tokens`, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the service's own words")]
pub enum Effort {
    Max,
    Xhigh,
    High,
    Medium,
    Low,
    Minimal,
    None,
}

/// Preferences among providers. Sent to `OpenRouter` only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provider {
    /// The providers to try first, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// The only providers to use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The providers never to use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// False allows only the providers in `order`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_fallbacks: Option<bool>,
    /// True allows only providers that support every field of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_parameters: Option<bool>,
    /// Whether providers that keep prompts may answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_collection: Option<DataCollection>,
    /// True allows only providers that keep no data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zdr: Option<bool>,
    /// The only weight precisions to use, for example `fp8`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantizations: Vec<String>,
    /// The property to prefer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
    /// The highest prices: `prompt` and `completion` in USD per million tokens, `request` and `image` in USD.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub max_price: Map<String, Value>,
    /// The throughput to prefer, in tokens per second: a number, or one for each of `p50`, `p75`, `p90`, `p99`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_min_throughput: Option<Value>,
    /// The latency to prefer, in seconds: a number, or one for each percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_max_latency: Option<Value>,
    /// True allows only models whose answers may train others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforce_distillable_text: Option<bool>,
    /// Fields for one provider each, by its slug.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
}

/// Whether providers that keep prompts may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the service's own words")]
pub enum DataCollection {
    Allow,
    Deny,
}

/// The property by which the service orders providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the service's own words")]
pub enum Sort {
    Price,
    Throughput,
    Latency,
    Exacto,
}

/// A setting that the service would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {problem}")]
pub struct BadSetting {
    /// The setting's name in the configuration file.
    pub setting: &'static str,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl Reasoning {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Provider {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl RequestSettings {
    /// Checks the limits that the service enforces, so that a wrong value costs no request.
    ///
    /// # Errors
    /// The first setting that is out of bounds.
    pub fn check(&self) -> Result<(), BadSetting> {
        let bad = |setting, problem: String| Err(BadSetting { setting, problem });
        if let Some(t) = self.temperature.filter(|t| !(0.0..=2.0).contains(t)) {
            return bad("temperature", format!("is {t}; it must be between 0 and 2"));
        }
        if let Some(p) = self.top_p.filter(|p| !(*p > 0.0 && *p <= 1.0)) {
            return bad("top_p", format!("is {p}; it must be over 0 and at most 1"));
        }
        if self.max_tokens == Some(0) {
            return bad("max_tokens", "is 0; leave it out for the model's own cap".into());
        }
        if self.stop.len() > 4 {
            return bad("stop", format!("holds {} texts; the service takes four", self.stop.len()));
        }
        if self.stop.iter().any(String::is_empty) {
            return bad("stop", "holds an empty text, which would end every answer at once".into());
        }
        if self.reasoning.effort.is_some() && self.reasoning.max_tokens.is_some() {
            return bad("reasoning", "has both effort and max_tokens; the service takes one of them".into());
        }
        if let (Some(budget), Some(cap)) = (self.reasoning.max_tokens, self.max_tokens)
            && budget >= cap
        {
            return bad(
                "reasoning.max_tokens",
                format!("is {budget}, which leaves no tokens of max_tokens {cap} for the answer"),
            );
        }
        if self.models.len() > MAX_MODELS {
            let n = self.models.len();
            return bad(
                "models",
                format!(
                    "holds {n} models; the service takes {MAX_MODELS} besides the first and refuses the request otherwise"
                ),
            );
        }
        if self.plugins.iter().any(|plugin| !plugin["id"].is_string()) {
            return bad("plugins", "holds one without an id; write it like {id = \"response-healing\"}".into());
        }
        if self.session_id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > 256) {
            return bad("session_id", "must have 1 to 256 characters".into());
        }
        for (name, price) in &self.provider.max_price {
            if super::lenient::number(price).is_none_or(|usd| usd < 0.0) {
                return bad("provider.max_price", format!("holds {name} = {price}; it must be a number of USD"));
            }
        }
        for name in ["model", "messages"] {
            if self.extra_body.contains_key(name) {
                return bad("extra_body", format!("holds {name:?}, which the chain and the signature set"));
            }
        }
        if self.extra_body.get("models").and_then(Value::as_array).is_some_and(|list| list.len() > MAX_MODELS) {
            return bad(
                "extra_body",
                format!("holds more than {MAX_MODELS} models; the service would refuse the request"),
            );
        }
        Ok(())
    }
}
