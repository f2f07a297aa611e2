//! What the engine says: at once the orders to the network side, the lines of the
//! failover log, of the history file and of `--json`. Every duration is counted from
//! the run's beginning unless its name says otherwise.

use super::{AttemptId, Failure, FaultDomain, Scope, Timeouts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Order: start this attempt.
    Started(Started),
    /// A route was passed over.
    Skipped(Skipped),
    /// The first content of an attempt: it is on the screen now.
    #[serde(rename = "leading")]
    FirstToken(FirstToken),
    /// Order: let go of this attempt if it is still alive. It has ended, and this is why.
    Failed(Failed),
    /// A breaker changed its state.
    Breaker(BreakerChange),
    /// Nothing will start before this time.
    Waiting(Waiting),
    /// What an attempt had shown no longer counts.
    #[serde(rename = "superseded")]
    Discarded(Discarded),
    /// An attempt ended with a valid answer.
    Answered(Answered),
    /// The run's one end.
    Finished(Finished),
}

/// An attempt begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// Which.
    pub attempt: AttemptId,
    /// Index in the chain.
    pub route: usize,
    /// The model asked for.
    pub model: String,
    /// How it came about.
    pub relation: Relation,
    /// The attempt that it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AttemptId>,
    /// How its request differs from the first one's.
    #[serde(default, skip_serializing_if = "Changes::is_none")]
    pub changes: Changes,
    /// Its timeouts, clipped to what is left of the deadline.
    pub timeouts: Timeouts,
}

/// Why an attempt exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The first of its run.
    First,
    /// The same model again.
    Retry,
    /// The next model.
    Fallback,
    /// The same model, shown its invalid answer.
    Repair,
    /// The one request that a half-open breaker lets through.
    Probe,
    /// All breakers are open, and this one was due soonest.
    Forced,
    /// Beside a slow one.
    Hedge,
}

/// Differences from the run's first request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Another cap on output tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Leave `response_format` out and rely on the prompt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain_format: bool,
    /// Use a connection that nothing else has used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh_connection: bool,
    /// Show the model this attempt's invalid answer and what is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair_of: Option<AttemptId>,
}

impl Changes {
    /// True when the request is the first one's.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A route that was not tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// Index in the chain.
    pub route: usize,
    /// Its model.
    pub model: String,
    /// Why.
    pub why: Skip,
    /// When it may be tried again, in ms of the run; `null` if not by waiting.
    #[serde(rename = "until_ms", default, with = "super::as_ms::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// Why a route is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Its model's breaker is open.
    BreakerOpen,
    /// Its class's breaker is open (`:free`).
    ClassOpen,
    /// Its account's breaker is open.
    AccountOpen,
    /// Its origin's breaker is open.
    OriginOpen,
    /// Its origin failed in this run in a way that another model there cannot mend.
    SameOrigin,
    /// Another run is probing it.
    ProbeInFlight,
    /// Its context is not larger than the one that was exceeded.
    ContextTooSmall,
    /// Its price is over the guard, or unknown.
    TooDear,
    /// Its cap on output is not larger.
    OutputTooSmall,
    /// Its model has had all the attempts that one model gets.
    AttemptsUsed,
    /// `strict` is on.
    Strict,
}

/// First content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstToken {
    /// Which.
    pub attempt: AttemptId,
    /// Its model.
    pub model: String,
    /// Time to first token, from the attempt's own start, in ms.
    #[serde(rename = "first_token_ms", with = "super::as_ms")]
    pub first_token: Duration,
}

/// An attempt ended without a valid answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// Which.
    pub attempt: AttemptId,
    /// Index in the chain.
    pub route: usize,
    /// Its model.
    pub model: String,
    /// What happened.
    pub failure: Failure,
    /// The row of the outcome table that decided.
    pub rule: String,
    /// The decision's reason, one line for people.
    pub why: String,
    /// What is done now.
    #[serde(rename = "decision")]
    pub next_step: NextStep,
    /// Whose fault it is taken to be.
    #[serde(rename = "blame")]
    pub domain: FaultDomain,
    /// From the attempt's start to its end, in ms.
    #[serde(rename = "took_ms", with = "super::as_ms")]
    pub took: Duration,
    /// What it cost.
    pub cost: Cost,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// The same model again.
    RetrySame,
    /// The next model.
    Next,
    /// The same model, shown its mistake.
    Repair,
    /// The run ends.
    Stop,
    /// Another attempt of the run goes on.
    Continue,
}

/// A breaker's state, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BreakerState {
    /// Calls pass; `weight` of 3 failures so far.
    Closed {
        /// Weights of failures in a row, added.
        weight: f32,
    },
    /// No calls until then.
    Open {
        /// When it becomes half-open, in ms of the run; `null`: not in this session, unless the user resets it.
        #[serde(rename = "until_ms", with = "super::as_ms::option")]
        until: Option<Duration>,
    },
    /// One probe may pass.
    HalfOpen,
    /// The probe is on its way.
    Probing,
}

/// A breaker moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakerChange {
    /// What it guards.
    #[serde(flatten)]
    pub scope: Scope,
    /// Before.
    pub from: BreakerState,
    /// After.
    pub to: BreakerState,
    /// One line for people.
    pub why: String,
}

/// A wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// The model that will be tried then.
    pub model: String,
    /// Until when, in ms of the run.
    #[serde(rename = "until_ms", with = "super::as_ms")]
    pub until: Duration,
    /// How long, in ms.
    #[serde(rename = "delay_ms", with = "super::as_ms")]
    pub delay: Duration,
    /// Where the delay comes from: a hint, or jitter.
    pub why: String,
}

/// Text that was shown is taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discarded {
    /// Whose text.
    pub attempt: AttemptId,
    /// Its model.
    pub model: String,
}

/// What an attempt cost, in USD credits. Unknown is never zero: it is written as the word `"unknown"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Value", try_from = "Value")]
pub enum Cost {
    /// USD, reported by the server or known to be unbilled.
    Known(f64),
    /// Nobody said.
    Unknown,
}

impl From<Cost> for Value {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost::Known(usd) => usd.into(),
            Cost::Unknown => "unknown".into(),
        }
    }
}

impl TryFrom<Value> for Cost {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(word) if word == "unknown" => Ok(Self::Unknown),
            other => other.as_f64().map(Self::Known).ok_or_else(|| format!("{other} is no cost")),
        }
    }
}

impl Cost {
    /// Nothing was billed.
    pub const NOTHING: Self = Self::Known(0.0);

    /// The sum; unknown is contagious.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => Self::Known(a + b),
            _ => Self::Unknown,
        }
    }
}

/// A valid answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Which.
    pub attempt: AttemptId,
    /// Index in the chain.
    pub route: usize,
    /// The model asked for.
    pub model: String,
    /// The model that the server says it served, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<String>,
    /// From the attempt's start to its end, in ms.
    #[serde(rename = "took_ms", with = "super::as_ms")]
    pub took: Duration,
    /// What it cost.
    pub cost: Cost,
    /// What to know about it: cut short but complete, model alias, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The terminal of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Which of the terminals.
    pub outcome: Outcome,
    /// The winner, if there is one.
    #[serde(default)]
    pub attempt: Option<AttemptId>,
    /// The winner's model as it was asked for; `null` if there is none.
    #[serde(default)]
    pub model: Option<String>,
    /// How many attempts were started.
    pub attempts: u32,
    /// The answer's fields by name; empty if there is none.
    #[serde(default)]
    pub fields: Arc<Map<String, Value>>,
    /// From begin to end, in ms.
    #[serde(rename = "took_ms", with = "super::as_ms")]
    pub took: Duration,
    /// Over all attempts.
    pub cost: Cost,
    /// Why there is no answer: the first root cause, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// Every failed attempt in a line, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

/// The terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A valid answer.
    Succeeded,
    /// The request's own fault, the key's, or the credit's: no other model would help.
    Rejected,
    /// Every route was tried or skipped.
    Exhausted,
    /// Out of time.
    DeadlineExceeded,
    /// Out of attempts.
    BudgetExceeded,
    /// By the user.
    Cancelled,
    /// Something on this machine.
    LocalError,
}
