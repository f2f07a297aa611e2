//! A model as the picker shows it.

use crate::failover::base_id;
use crate::openrouter::model::{self, Price, ReasoningSupport};

/// A model to choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelOption {
    /// Its slug.
    pub slug: String,
    /// In one line: USD per million tokens in and out, context, whether it reasons, what it takes.
    pub about: String,
    /// What it costs.
    pub price: Price,
    /// Most tokens in an answer, where that is known.
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

/// The models to choose from.
#[derive(Clone, Debug, Default)]
pub struct ModelList {
    /// All of them.
    pub all: Vec<ModelOption>,
    /// Where the list is from, and how old it is.
    pub source: String,
}

impl ModelList {
    /// The model with this slug; a variant without an entry of its own is its model.
    pub fn find(&self, slug: &str) -> Option<&ModelOption> {
        let by = |slug: &str| self.all.iter().find(|model| model.slug == slug);
        by(slug).or_else(|| by(base_id(slug)))
    }
}
