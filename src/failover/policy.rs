//! What the user may set: the chain's routes and the engine's limits.

use super::Failover;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One place in the fallback chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The model as it is asked for, for example `openai/gpt-4o-mini`.
    pub model: String,
    /// Scheme, host and port that it is reached at: the fault domain of network failures.
    pub origin: String,
    /// Whether the model reasons before it answers; such models get longer timeouts.
    #[serde(default)]
    pub reasoning: bool,
    /// Context length in tokens, where the catalogue knows it.
    #[serde(default)]
    pub context: Option<u64>,
    /// Largest number of output tokens, where the catalogue knows it.
    #[serde(default)]
    pub max_output: Option<u32>,
    /// Worst-case cost of one call in USD, where prices are known.
    #[serde(default)]
    pub worst_case: Option<f64>,
    /// The cap on output tokens that its first request carries, if it carries one.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// Other names that the same model answers under: its canonical slug, an alias's target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

impl Route {
    /// A route of which only model and origin are known.
    pub fn new(model: impl Into<String>, origin: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            origin: origin.into(),
            reasoning: false,
            context: None,
            max_output: None,
            worst_case: None,
            max_tokens: None,
            aliases: Vec::new(),
        }
    }

    /// The class of models that it shares a quota with, by its slug's variant.
    pub fn class(&self) -> Option<&'static str> {
        self.model.ends_with(":free").then_some(":free")
    }

    /// Whether `served` names this route's model: as asked, under another variant, an alias, a dated name or one
    /// without its author. Routers (`openrouter/auto`), presets and `~…latest` stand for whatever they chose.
    pub fn is_served_as(&self, served: &str) -> bool {
        let chooses = self.model.starts_with("openrouter/") || self.model.starts_with('~') || self.model.contains('@');
        let served = base_id(served);
        let same = |name: &str| is_dated(base_id(name), served) || is_dated(served, base_id(name));
        chooses || same(&self.model) || self.aliases.iter().any(|alias| same(alias))
    }
}

/// The id without its variant: `a/b:free` is a way to be served by `a/b`.
pub fn base_id(id: &str) -> &str {
    let slug = id.rfind('/').map_or(0, |at| at + 1);
    id[slug..].find(':').map_or(id, |at| &id[..slug + at])
}

/// Whether `dated` is `name`, with or without its author, and maybe with a date or build number behind it.
fn is_dated(name: &str, dated: &str) -> bool {
    let slug = |id: &str| id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase();
    let (author, other) = (name.rsplit_once('/').map(|p| p.0), dated.rsplit_once('/').map(|p| p.0));
    if author.zip(other).is_some_and(|(a, b)| !a.eq_ignore_ascii_case(b)) {
        return false;
    }
    let (name, dated) = (slug(name), slug(dated));
    dated.strip_prefix(&name).is_some_and(|tail| {
        let digits = tail.bytes().filter(u8::is_ascii_digit).count();
        let date = tail.starts_with('-') && tail.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        tail.is_empty() || tail == "-latest" || (date && digits >= 3)
    })
}

/// Timeouts of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// From start to an open connection, in ms.
    #[serde(rename = "connect_ms", with = "super::as_ms")]
    pub connect: Duration,
    /// From start to the first content, reasoning or tool delta, in ms.
    #[serde(rename = "first_token_ms", with = "super::as_ms")]
    pub first_token: Duration,
    /// Between two deltas, in ms.
    #[serde(rename = "idle_ms", with = "super::as_ms")]
    pub idle: Duration,
    /// Between two deltas while the model reasons, in ms.
    #[serde(rename = "idle_reasoning_ms", with = "super::as_ms")]
    pub idle_reasoning: Duration,
}

/// Counts and budgets of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Attempts on one model.
    pub per_model: u32,
    /// Attempts in one run, repairs, probes and hedges included.
    pub per_run: u32,
    /// The longest wait on one model, in ms.
    #[serde(rename = "patience_ms", with = "super::as_ms")]
    pub patience: Duration,
    /// From begin to the end of the run, in ms.
    #[serde(rename = "deadline_ms", with = "super::as_ms")]
    pub deadline: Duration,
}

/// Everything about failover that can be chosen.
///
/// The defaults were weighed with [`policy_report`](super::policy_report): ten thousand runs through a brownout, a
/// flapping primary, a total outage and a storm of 429s, kept beside the tests as
/// `policy-report.txt`. With three routes all of those but the total outage are answered
/// in full, so the choice is between seconds and calls: breakers save a quarter to three
/// quarters of the calls made for nothing; a patience of 3 s costs 2 s of P99 in a storm
/// and is kept for chains of one route, where waiting is all there is, 20 s would cost 20;
/// a first-token limit of 5 s would take 5 s off the P99 of a brownout, but give up models
/// that are merely slow to start: hedging takes off more, at an extra call in ten runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Counts and budgets.
    pub limits: Limits,
    /// Timeouts of ordinary models.
    pub timeouts: Timeouts,
    /// First-token timeout of reasoning models, in ms.
    #[serde(rename = "first_token_reasoning_ms", with = "super::as_ms")]
    pub first_token_reasoning: Duration,
    /// Who tries the next model. Written as `failover`, and as the booleans `strict` and `server_side`.
    #[serde(flatten, with = "super::mode::fields")]
    pub failover: Failover,
    /// Start the next route beside a slow one; the first valid content wins.
    pub hedge: bool,
    /// Try the next model when a policy or moderation refuses.
    pub next_on_policy: bool,
    /// Move on when another model than the one asked for answered.
    pub strict_model: bool,
    /// Skip a fallback whose worst case is over this many times the primary's, or unknown.
    pub max_price_ratio: Option<f64>,
    /// Seed of the jitter: the same seed and the same outcomes give the same log.
    pub seed: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { connect: s(5), first_token: s(10), idle: s(10), idle_reasoning: s(30) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { per_model: 3, per_run: 8, patience: s(3), deadline: s(90) }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            first_token_reasoning: Duration::from_secs(60),
            failover: Failover::Client,
            hedge: false,
            next_on_policy: false,
            strict_model: false,
            max_price_ratio: None,
            seed: 0,
        }
    }
}

/// A fallback is flagged when its worst case is over this many times the primary's.
pub const PRICE_RATIO_FLAG: f64 = 3.0;

/// Whether `fallback` can be shown to cost at most `ratio` times what `primary` may cost.
/// A price that nobody knows cannot.
pub fn within_price(primary: &Route, fallback: &Route, ratio: f64) -> bool {
    match (primary.worst_case, fallback.worst_case) {
        (_, Some(b)) if b <= 0.0 => true,
        (Some(a), Some(b)) => b <= a * ratio,
        _ => false,
    }
}

/// The fallbacks (by index) that a person should look at before sending: dearer than
/// [`PRICE_RATIO_FLAG`] times the primary, or of unknown price.
pub fn dear_fallbacks(chain: &[Route]) -> Vec<usize> {
    let Some(primary) = chain.first() else { return Vec::new() };
    (1..chain.len()).filter(|&i| !within_price(primary, &chain[i], PRICE_RATIO_FLAG)).collect()
}
