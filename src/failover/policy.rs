//! What the user may set: the chain's routes and the engine's limits.

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
        }
    }
}

/// Timeouts of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Everything about failover that can be chosen. The defaults are the specification's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Counts and budgets.
    pub limits: Limits,
    /// Timeouts of ordinary models.
    pub timeouts: Timeouts,
    /// First-token timeout of reasoning models, in ms.
    #[serde(rename = "first_token_reasoning_ms", with = "super::as_ms")]
    pub first_token_reasoning: Duration,
    /// No fallback at all: the first route answers or the run fails, visibly.
    pub strict: bool,
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

impl Default for Policy {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            limits: Limits { per_model: 3, per_run: 8, patience: s(3), deadline: s(90) },
            timeouts: Timeouts { connect: s(5), first_token: s(10), idle: s(10), idle_reasoning: s(30) },
            first_token_reasoning: s(60),
            strict: false,
            hedge: false,
            next_on_policy: false,
            strict_model: false,
            max_price_ratio: None,
            seed: 0,
        }
    }
}
