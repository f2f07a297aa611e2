//! Models as the catalogue lists them: ids, prices, abilities, other names. Must not know where the list comes from.

use super::lenient::{count, number, text};
use crate::text::clean_line;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use serde_json::Value;

/// The name of a model that stands for the configured chain.
pub const CONFIGURED_CHAIN: &str = "switchover";

/// One model of the catalogue. `None` means that the catalogue does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelInfo {
    /// The id in requests: `author/slug`, with a variant such as `:free` if the catalogue lists that by itself.
    pub id: String,
    /// The id that answers may hold instead, for example with a date.
    pub canonical: String,
    /// The display name.
    pub name: String,
    /// The description in one line.
    pub description: String,
    /// The context length in tokens.
    pub context: Option<u64>,
    /// The largest number of output tokens.
    pub max_output: Option<u32>,
    /// The price of its tokens.
    pub price: Price,
    /// The request fields that it supports.
    pub parameters: Vec<String>,
    /// Whether and when it reasons.
    pub reasoning: ReasoningSupport,
    /// For an alias such as `~author/family-latest`: the model that it means today.
    pub alias_of: Option<String>,
    /// The last date on which it can be used, in the catalogue's words.
    pub expires: Option<String>,
}

/// USD per token and per request. `None` means unknown or varying (`"-1"` in the catalogue), never free.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// USD per token of the prompt.
    pub prompt: Option<f64>,
    /// USD per token of the answer.
    pub completion: Option<f64>,
    /// USD per request, in addition.
    pub request: Option<f64>,
}

/// Whether a model reasons before it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasoningSupport {
    /// It does not reason, as far as the catalogue says.
    #[default]
    No,
    /// It reasons if the request asks for it.
    OnRequest,
    /// It reasons unless the request forbids it.
    ByDefault,
    /// It always reasons.
    Always,
}

impl Price {
    /// USD per million tokens of prompt and answer; none unless both are known.
    pub fn per_million(&self) -> Option<(f64, f64)> {
        Some((self.prompt? * 1e6, self.completion? * 1e6))
    }

    /// True when the model is known to cost nothing.
    pub fn is_free(&self) -> bool {
        self.prompt == Some(0.0) && self.completion == Some(0.0) && self.request.unwrap_or(0.0) == 0.0
    }

    /// The most that the same tokens can cost here, as a multiple of their cost at `first`: infinite if `first` is free
    /// and this is not, none if it is unknown.
    pub fn ratio_to(&self, first: &Self) -> Option<f64> {
        if self.is_free() {
            return Some(0.0);
        }
        if first.is_free() {
            return Some(f64::INFINITY);
        }
        let request = |price: &Self| price.request.unwrap_or(0.0);
        let parts =
            [(self.prompt?, first.prompt?), (self.completion?, first.completion?), (request(self), request(first))];
        let ratio = |(here, there): (f64, f64)| if here == 0.0 { 0.0 } else { here / there };
        Some(parts.into_iter().map(ratio).fold(0.0, f64::max))
    }

    /// The most that one request can cost, in USD; none if it is unknown. A token is at least one byte, so a prompt
    /// has at most `prompt_bytes` tokens; the answer has at most `max_output`.
    pub fn worst_case(&self, prompt_bytes: usize, max_output: Option<u32>) -> Option<f64> {
        if self.is_free() {
            return Some(0.0);
        }
        let tokens = f64::from(max_output?);
        Some(self.prompt? * prompt_bytes as f64 + self.completion? * tokens + self.request.unwrap_or(0.0))
    }
}

impl ModelInfo {
    /// Reads an entry of `/models`; none if it has no id.
    pub fn parse(entry: &Value) -> Option<Self> {
        let line = |value: &Value| text(value).map(|line| clean_line(line, 200));
        let id = line(&entry["id"])?;
        let price = |name: &str| number(&entry["pricing"][name]).filter(|usd| *usd >= 0.0);
        let top = &entry["top_provider"];
        let parameters: Vec<String> =
            entry["supported_parameters"].as_array().into_iter().flatten().filter_map(line).collect();
        let reasons = &entry["reasoning"];
        let is = |flag: &str| reasons[flag].as_bool() == Some(true);
        let reasoning = match () {
            () if is("mandatory") => ReasoningSupport::Always,
            () if is("default_enabled") => ReasoningSupport::ByDefault,
            () if reasons.is_object() || parameters.iter().any(|p| p == "reasoning") => ReasoningSupport::OnRequest,
            () => ReasoningSupport::No,
        };
        Some(Self {
            canonical: line(&entry["canonical_slug"]).unwrap_or_else(|| id.clone()),
            name: line(&entry["name"]).unwrap_or_else(|| id.clone()),
            description: line(&entry["description"]).unwrap_or_default(),
            context: count(&entry["context_length"]).or_else(|| count(&top["context_length"])),
            max_output: count(&top["max_completion_tokens"]).and_then(|n| u32::try_from(n).ok()),
            price: Price { prompt: price("prompt"), completion: price("completion"), request: price("request") },
            parameters,
            reasoning,
            alias_of: line(&entry["alias_target"]["slug"]),
            expires: line(&entry["expiration_date"]),
            id,
        })
    }

    /// Reads the body of `/models`, from `OpenRouter` or a compatible server. Entries without an id are left out.
    pub fn parse_all(answer: &Value) -> Vec<Self> {
        let list = answer["data"].as_array().or_else(|| answer["models"].as_array()).or_else(|| answer.as_array());
        list.into_iter().flatten().filter_map(Self::parse).collect()
    }

    /// Whether it supports a request field.
    pub fn supports(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|known| known == parameter)
    }
}

/// A search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelMatch {
    /// The model's index in the list.
    pub index: usize,
    /// The characters of the id that match, by their index; none if the name matched.
    pub at: Vec<u32>,
}

/// The models that match a fuzzy query, the best first. An empty query matches all, in the list's order. The words
/// of a query may stand in any order, and match the id or the name.
pub fn search(models: &[ModelInfo], query: &str) -> Vec<ModelMatch> {
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    for (index, model) in models.iter().enumerate() {
        let mut at = Vec::new();
        let id = pattern.indices(Utf32Str::new(&model.id, &mut buffer), &mut matcher, &mut at);
        let name = pattern.score(Utf32Str::new(&model.name, &mut buffer), &mut matcher);
        if let Some(score) = id.max(name) {
            at.sort_unstable();
            at.dedup();
            found.push((score, ModelMatch { index, at: if id.is_some() { at } else { Vec::new() } }));
        }
    }
    // The sort is stable: equal scores stay in the list's order.
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, found)| found).collect()
}

/// A model's id without `LiteLLM`'s prefix: `openrouter/author/slug` becomes `author/slug`. `OpenRouter`'s own
/// routers, such as `openrouter/auto`, keep their name.
pub fn without_prefix(model: &str) -> &str {
    model.strip_prefix("openrouter/").filter(|rest| rest.contains('/')).unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn snapshot() -> Vec<ModelInfo> {
        ModelInfo::parse_all(&serde_json::from_str(include_str!("../../assets/models.json")).unwrap())
    }

    #[test]
    fn the_prefix_of_litellm_is_removed() {
        assert_eq!(without_prefix("openrouter/openai/gpt-4o-mini"), "openai/gpt-4o-mini");
        assert_eq!(without_prefix("openrouter/auto"), "openrouter/auto");
        assert_eq!(without_prefix("llama3.2"), "llama3.2");
    }

    #[test]
    fn entries_of_any_server_are_read() {
        let models = snapshot();
        let find = |id: &str| models.iter().find(|model| model.id == id).unwrap();
        let mini = find("openai/gpt-4o-mini");
        assert_eq!((mini.context, mini.max_output), (Some(128_000), Some(16_384)));
        let (prompt, completion) = mini.price.per_million().unwrap();
        assert!((prompt - 0.15).abs() < 1e-9 && (completion - 0.6).abs() < 1e-9);
        assert!(mini.supports("response_format") && !mini.price.is_free());
        assert_eq!(find("deepseek/deepseek-r1").reasoning, ReasoningSupport::Always);
        assert!(find("openai/gpt-oss-20b:free").price.is_free());
        let auto = find("openrouter/auto");
        assert_eq!((auto.price.prompt, auto.price.worst_case(10, Some(10)), auto.price.is_free()), (None, None, false));

        let plain = json!({"object": "list", "data": [{"id": "llama3", "object": "model", "owned_by": "library"}, {"id": 5}, "x"]});
        let models = ModelInfo::parse_all(&plain);
        assert_eq!(models.len(), 1);
        assert_eq!((models[0].price, models[0].context), (Price::default(), None));
        assert_eq!(ModelInfo::parse_all(&json!("down")), []);
    }

    #[test]
    fn the_worst_case_is_never_below_the_bill() {
        let price = Price { prompt: Some(1e-6), completion: Some(2e-6), request: Some(0.01) };
        assert!((price.worst_case(1000, Some(500)).unwrap() - 0.012).abs() < 1e-12);
        assert_eq!(price.worst_case(1000, None), None, "an unknown cap is an unknown cost");
        assert_eq!(Price { prompt: None, ..price }.worst_case(1000, Some(1)), None);
    }

    #[test]
    fn prices_are_compared_for_the_same_tokens() {
        let price = |prompt, completion| Price { prompt: Some(prompt), completion: Some(completion), request: None };
        let (cheap, free) = (price(1e-6, 2e-6), price(0.0, 0.0));
        assert_eq!(cheap.ratio_to(&cheap), Some(1.0));
        assert_eq!(price(2e-6, 8e-6).ratio_to(&cheap), Some(4.0), "the higher ratio of prompt and answer");
        assert_eq!(price(2e-6, 0.0).ratio_to(&cheap), Some(2.0));
        assert_eq!((free.ratio_to(&cheap), free.ratio_to(&Price::default())), (Some(0.0), Some(0.0)));
        assert_eq!(cheap.ratio_to(&free), Some(f64::INFINITY));
        assert_eq!(Price { request: Some(0.01), ..cheap }.ratio_to(&cheap), Some(f64::INFINITY));
        assert_eq!((cheap.ratio_to(&Price::default()), Price::default().ratio_to(&cheap)), (None, None));
    }

    #[test]
    fn the_picker_forgives() {
        let models = snapshot();
        let first = |query: &str| search(&models, query).first().map(|m| models[m.index].id.as_str());
        assert_eq!(first("gpt mini"), Some("openai/gpt-4o-mini"));
        assert_eq!(first("claude sonet"), Some("anthropic/claude-sonnet-4"));
        assert_eq!(first("gemni flash"), Some("google/gemini-2.5-flash"));
        assert_eq!(first("haiku claude"), Some("anthropic/claude-3-haiku"));
        assert_eq!(search(&models, "").len(), models.len());
        assert_eq!(search(&models, "zzzz"), []);
        let hit = &search(&models, "r1")[0];
        assert_eq!(models[hit.index].id, "deepseek/deepseek-r1");
        assert_eq!(hit.at, [18, 19]);
    }
}
