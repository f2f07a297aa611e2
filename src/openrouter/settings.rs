//! What a person can choose about a request. Knows the fields of `/chat/completions` and
//! their limits; must not know where they were chosen.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `OpenRouter` refuses a whole request with more entries in `models` (seen in the wild, undocumented).
pub const MAX_MODELS: usize = 3;

/// Settings of a request. What is not set is not sent, and the provider decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestSettings {
    /// Randomness, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Share of probability that tokens are drawn from, over 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Most tokens in the answer, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The same seed and request may give the same answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Texts that end the answer, at most four.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// How much to think first.
    #[serde(skip_serializing_if = "Reasoning::is_default")]
    pub reasoning: Reasoning,
    /// False: ask for the whole answer in one piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Which providers may serve it.
    #[serde(skip_serializing_if = "Provider::is_default")]
    pub provider: Provider,
    /// `OpenRouter`'s own fallbacks behind the model, at most three. Not together with a chain of ours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Plugins, each `{id = "…", …}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Value>,
    /// Groups requests in the logs and keeps them on one provider, up to 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Fields that are not known here, merged last: objects into objects, `null` removes.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra_body: Map<String, Value>,
}

/// Effort or a budget, not both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reasoning {
    /// How hard to think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Most tokens of reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Think, but do not send the thoughts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<bool>,
    /// Think, with the model's own defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// How hard to think: a share of `max_tokens` of about 95, 95, 80, 50, 20, 10 % or nothing.
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

/// Provider preferences, `OpenRouter` only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provider {
    /// Try these first, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// None but these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Not these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// False: no provider but those in `order`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_fallbacks: Option<bool>,
    /// Only providers that know every parameter that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_parameters: Option<bool>,
    /// Whether a provider may keep the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_collection: Option<DataCollection>,
    /// Only providers that keep nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zdr: Option<bool>,
    /// Only these precisions, for example `fp8`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantizations: Vec<String>,
    /// What to prefer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
    /// Never dearer, in USD per million tokens: `prompt`, `completion`, and in USD `request`, `image`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub max_price: Map<String, Value>,
}

/// Whether a provider may keep the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the service's own words")]
pub enum DataCollection {
    Allow,
    Deny,
}

/// What to prefer among providers.
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
    /// Its name, as in the configuration file.
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
    /// Checks what would cost a round trip to be refused.
    ///
    /// # Errors
    /// The first setting that is out of bounds.
    pub fn check(&self) -> Result<(), BadSetting> {
        let bad = |setting, problem: String| Err(BadSetting { setting, problem });
        if let Some(t) = self.temperature.filter(|t| !(0.0..=2.0).contains(t)) {
            return bad("temperature", format!("is {t}; it must lie between 0 and 2"));
        }
        if let Some(p) = self.top_p.filter(|p| !(*p > 0.0 && *p <= 1.0)) {
            return bad("top_p", format!("is {p}; it must be over 0 and at most 1"));
        }
        if self.max_tokens == Some(0) {
            return bad("max_tokens", "is 0; leave it out for the model's own cap".into());
        }
        if self.stop.len() > 4 {
            return bad("stop", format!("holds {} texts; four are the most", self.stop.len()));
        }
        if self.stop.iter().any(String::is_empty) {
            return bad("stop", "holds an empty text, which would end every answer at once".into());
        }
        if self.reasoning.effort.is_some() && self.reasoning.max_tokens.is_some() {
            return bad("reasoning", "has both effort and max_tokens; the service takes only one of them".into());
        }
        if let (Some(budget), Some(cap)) = (self.reasoning.max_tokens, self.max_tokens)
            && budget >= cap
        {
            return bad(
                "reasoning.max_tokens",
                format!("is {budget}, which leaves nothing of max_tokens {cap} to answer with"),
            );
        }
        if self.models.len() > MAX_MODELS {
            let n = self.models.len();
            return bad(
                "models",
                format!(
                    "holds {n} models; {MAX_MODELS} besides the first are the most, or the whole request is refused"
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
                return bad("extra_body", format!("holds {name:?}, which the chain and the signature decide"));
            }
        }
        if self.extra_body.get("models").and_then(Value::as_array).is_some_and(|list| list.len() > MAX_MODELS) {
            return bad(
                "extra_body",
                format!("holds more than {MAX_MODELS} models; the whole request would be refused"),
            );
        }
        Ok(())
    }
}
