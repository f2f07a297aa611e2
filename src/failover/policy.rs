//! The engine's settings: the routes of the chain, limits, timeouts and switches.

use super::Failover;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A model of the fallback chain, with the server that offers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The model as it is requested, for example `openai/gpt-4o-mini`.
    pub model: String,
    /// Scheme, host and port of its server: the fault domain of network failures.
    pub origin: String,
    /// Whether the model reasons before it answers; such models get longer timeouts.
    #[serde(default)]
    pub reasoning: bool,
    /// Context length in tokens, if the catalogue knows it.
    #[serde(default)]
    pub context: Option<u64>,
    /// Output limit in tokens, if the catalogue knows it.
    #[serde(default)]
    pub max_output: Option<u32>,
    /// The most that one call can cost, in USD, if the prices are known.
    #[serde(default)]
    pub worst_case: Option<f64>,
    /// `max_tokens` of its first request, if the request has one.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// Other names of the same model: its canonical slug, or the target of an alias.
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

    /// The class of models that share a rate limit with it, from the slug's variant: `:free`.
    pub fn class(&self) -> Option<&'static str> {
        self.model.ends_with(":free").then_some(":free")
    }

    /// Whether it needs no credit: a `:free` model, or one with known prices of zero.
    pub fn is_free(&self) -> bool {
        self.class() == Some(":free") || self.worst_case.is_some_and(|worst| worst <= 0.0)
    }

    /// Whether `served` names this route's model, also by an alias. Routers (`openrouter/auto`), presets and `~…latest`
    /// may be served by any model.
    pub fn is_served_as(&self, served: &str) -> bool {
        let any = self.model.starts_with("openrouter/") || self.model.starts_with('~') || self.model.contains('@');
        any || is_same_model(&self.model, served) || self.aliases.iter().any(|alias| is_same_model(alias, served))
    }
}

/// The id without its variant: `a/b` for `a/b:free`.
pub fn base_id(id: &str) -> &str {
    let slug = id.rfind('/').unwrap_or(0);
    id[slug..].find(':').map_or(id, |at| &id[..slug + at])
}

/// Whether two ids name one model: equal but for the variant, a date, a missing author, or the order of the words.
pub fn is_same_model(one: &str, other: &str) -> bool {
    let (one, other) = (base_id(one), base_id(other));
    is_dated(one, other) || is_dated(other, one) || is_reordered(one, other)
}

/// Whether `dated` is `name`, perhaps without its author, and perhaps with a date or build number at its end.
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

/// Whether both ids have the same author, words and numbers, the numbers in the same order, dates left out:
/// `anthropic/claude-sonnet-5` and `anthropic/claude-5-sonnet-20260801`.
fn is_reordered(a: &str, b: &str) -> bool {
    let parts = |id: &str| {
        let lower = id.to_ascii_lowercase();
        let (author, slug) = lower.rsplit_once('/').unwrap_or(("", &lower));
        let is_number = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit());
        let is_date = |part: &&str| part.len() == 8 && part.bytes().all(|b| b.is_ascii_digit());
        let all = slug.split('-').filter(|part| !is_date(part)).map(str::to_owned);
        let (numbers, mut words): (Vec<_>, Vec<_>) = all.partition(|part| is_number(&part.as_str()));
        words.sort_unstable();
        (author.to_owned(), numbers, words)
    };
    parts(a) == parts(b)
}

/// Timeouts of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// From the attempt's start to an open connection, in ms.
    #[serde(rename = "connect_ms", with = "super::as_ms")]
    pub connect: Duration,
    /// From the attempt's start to the first delta with content, reasoning or a tool call, in ms.
    #[serde(rename = "first_token_ms", with = "super::as_ms")]
    pub first_token: Duration,
    /// Between two deltas, in ms.
    #[serde(rename = "idle_ms", with = "super::as_ms")]
    pub idle: Duration,
    /// Between two deltas while the model reasons, in ms.
    #[serde(rename = "idle_reasoning_ms", with = "super::as_ms")]
    pub idle_reasoning: Duration,
}

/// Limits of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Attempts on one model.
    pub per_model: u32,
    /// Attempts in one run, with repairs, probes and hedges.
    pub per_run: u32,
    /// How long a run waits for one model at most, over all its retries, in ms.
    #[serde(rename = "patience_ms", with = "super::as_ms")]
    pub patience: Duration,
    /// From the beginning of the run to its end, in ms.
    #[serde(rename = "deadline_ms", with = "super::as_ms")]
    pub deadline: Duration,
}

/// The settings of the failover engine.
///
/// The defaults come from a simulation with [`policy_report`](super::policy_report): ten
/// thousand runs through a brownout, a flapping primary, a total outage and a storm of 429s.
/// The results are in `tests/cases/failover/policy-report.txt`. With three routes every run
/// is answered, except in the total outage, so the choice is between seconds and calls.
/// Breakers save a quarter to three quarters of the failed calls. A patience of 3 s adds 2 s
/// to the P99 of a storm, and 20 s would add 20; it is there for chains of one route, which
/// can only wait. A first-token timeout of 5 s would take 5 s off the P99 of a brownout, but
/// it would give up slow models that work; hedging saves more, for one extra call in ten runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Attempts, patience and deadline.
    pub limits: Limits,
    /// Timeouts of ordinary models.
    pub timeouts: Timeouts,
    /// First-token timeout of reasoning models, in ms.
    #[serde(rename = "first_token_reasoning_ms", with = "super::as_ms")]
    pub first_token_reasoning: Duration,
    /// Who tries the next model. Written as `failover`, and as the booleans `strict` and `server_side`.
    #[serde(flatten, with = "super::mode::fields")]
    pub failover: Failover,
    /// Start the next route beside a slow one. The first content wins.
    pub hedge: bool,
    /// Try the next model if a policy or moderation refuses the request.
    pub next_on_policy: bool,
    /// Try the next model if another model answers than the requested one.
    pub strict_model: bool,
    /// Whoever gets the text gets it as it comes: after its first token an attempt is the run's last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub final_after_first_token: bool,
    /// Skip a fallback if its worst case costs more than this many times the primary's, or is unknown.
    pub max_price_ratio: Option<f64>,
    /// Seed of the jitter. The same seed and the same outcomes give the same log.
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
            final_after_first_token: false,
            max_price_ratio: None,
            seed: 0,
        }
    }
}

/// Whether `fallback` certainly costs at most `ratio` times the worst case of `primary`. False if a price is
/// unknown; true if the fallback is free.
pub fn within_price(primary: &Route, fallback: &Route, ratio: f64) -> bool {
    match (primary.worst_case, fallback.worst_case) {
        _ if fallback.is_free() => true,
        (Some(a), Some(b)) => b <= a * ratio,
        _ => false,
    }
}
