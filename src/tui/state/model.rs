//! The models of the catalogue, as lists show them.

use crate::failover::base_id;
use crate::openrouter::model::{self, Price, ReasoningSupport};

/// A model of the catalogue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelOption {
    /// The slug, such as `openai/gpt-4o-mini`.
    pub slug: String,
    /// One line: USD per million input and output tokens, context length, reasoning, supported parameters.
    pub about: String,
    /// The price in USD per token.
    pub price: Price,
    /// Most tokens of an answer; `None` if unknown.
    pub max_output: Option<u32>,
}

impl From<&model::ModelInfo> for ModelOption {
    fn from(model: &model::ModelInfo) -> Self {
        let million = |usd: Option<f64>| usd.map_or_else(|| "?".to_owned(), |usd| format!("${:.2}", usd * 1e6));
        let price = match model.price {
            price if price.is_free() => "free".to_owned(),
            price => format!("{}→{}/M", million(price.prompt), million(price.completion)),
        };
        let reasons = match model.reasoning {
            ReasoningSupport::No => "",
            ReasoningSupport::OnRequest => "can reason",
            ReasoningSupport::ByDefault | ReasoningSupport::Always => "reasons",
        };
        let known = [("structured_outputs", "schemas"), ("response_format", "JSON"), ("tools", "tools")];
        let mut about = vec![price];
        about.extend(model.context.map(|n| format!("{}k", n / 1000)));
        about.extend(Some(reasons.to_owned()).filter(|reasons| !reasons.is_empty()));
        about.extend(known.into_iter().filter(|(field, _)| model.supports(field)).map(|(_, word)| word.to_owned()));
        let about = about.join(" ");
        Self { slug: model.id.clone(), about, price: model.price, max_output: model.max_output }
    }
}

/// The models of the catalogue.
#[derive(Clone, Debug, Default)]
pub struct ModelList {
    /// All models.
    pub all: Vec<ModelOption>,
    /// The source and age of the list, for example "as listed 3 hours ago".
    pub source: String,
}

impl ModelList {
    /// The model with this slug. A variant such as `:free` without an entry of its own has that of its model.
    pub fn find(&self, slug: &str) -> Option<&ModelOption> {
        let by = |slug: &str| self.all.iter().find(|model| model.slug == slug);
        by(slug).or_else(|| by(base_id(slug)))
    }
}
