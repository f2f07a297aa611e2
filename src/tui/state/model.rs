//! The models of the catalogue, as lists show them.

use crate::failover::{base_id, seconds};
use crate::openrouter::model::{self, Price, ReasoningSupport};
use crate::openrouter::providers::ProviderStatus;
use std::collections::BTreeMap;

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
    /// How the providers of a model do, for the models that were asked about in this session.
    pub providers: BTreeMap<String, Providers>,
}

/// What is known of a model's providers.
#[derive(Clone, Debug, PartialEq)]
pub enum Providers {
    /// The service was asked and has not replied.
    Awaited,
    /// Its reply.
    Known(Vec<ProviderStatus>),
    /// Why it is not known.
    Unknown(String),
}

/// Uptimes below this are a reason to ask another model, in percent.
const GOOD_UPTIME: f64 = 95.0;

impl Providers {
    /// The best uptime and the shortest time to the first token, and whether the model can be asked without a doubt.
    pub fn summary(&self) -> Option<(String, bool)> {
        let Self::Known(providers) = self else { return None };
        let healthy: Vec<&ProviderStatus> = providers.iter().filter(|provider| !provider.is_degraded).collect();
        let Some(best) = healthy.first() else {
            return Some(("all providers are down".to_owned(), false)).filter(|_| !providers.is_empty());
        };
        let latency = healthy.iter().filter_map(|provider| provider.latency).min();
        let parts = [best.uptime.map(|uptime| format!("up {}", percent(uptime))), latency.map(seconds)];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        (!text.is_empty()).then(|| (text, best.uptime.is_none_or(|uptime| uptime >= GOOD_UPTIME)))
    }

    /// Each provider in a few words, in one line.
    pub fn line(&self) -> String {
        match self {
            Self::Awaited => "asking how its providers do …".to_owned(),
            Self::Unknown(why) => format!("how its providers do is unknown: {why}"),
            Self::Known(providers) if providers.is_empty() => "it has no provider.".to_owned(),
            Self::Known(providers) => {
                let words = |provider: &ProviderStatus| {
                    let degraded = provider.is_degraded.then(|| "down".to_owned());
                    let throughput = provider.throughput.map(|tokens| format!("{tokens:.0} tokens/s"));
                    let known = [degraded, provider.uptime.map(percent), provider.latency.map(seconds), throughput];
                    std::iter::once(provider.name.clone())
                        .chain(known.into_iter().flatten())
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                providers.iter().map(words).collect::<Vec<_>>().join(" · ")
            }
        }
    }
}

fn percent(percent: f64) -> String {
    let decimals = usize::from(percent < 100.0);
    format!("{percent:.decimals$} %")
}

impl ModelList {
    /// The model with this slug. A variant such as `:free` without an entry of its own has that of its model.
    pub fn find(&self, slug: &str) -> Option<&ModelOption> {
        let by = |slug: &str| self.all.iter().find(|model| model.slug == slug);
        by(slug).or_else(|| by(base_id(slug)))
    }
}
