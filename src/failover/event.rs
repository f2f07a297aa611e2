//! The engine's events. The worker carries them out; the failover log, the history and
//! `--json` consist of them. A time is counted from the run's beginning, unless its doc says otherwise.

use super::{AttemptId, Changes, Cost, Failure, FaultDomain, Health, Scope, Timeouts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// What other runs left behind. The events that follow were decided with it.
    Health(SharedHealth),
    /// Start this attempt.
    Started(Started),
    /// A route was skipped.
    Skipped(Skipped),
    /// The first content of an attempt arrived.
    #[serde(rename = "leading")]
    FirstToken(FirstToken),
    /// An attempt ended without a valid answer. Abort it if it still runs.
    Failed(Failed),
    /// The state of a breaker changed.
    Breaker(BreakerChange),
    /// Nothing starts before this time.
    Waiting(Waiting),
    /// The text of a failed attempt is discarded.
    #[serde(rename = "superseded")]
    Discarded(Discarded),
    /// An attempt ended with a valid answer.
    Answered(Answered),
    /// The run ended. This is its last event.
    Finished(Finished),
}

/// The part of the shared [`Health`] that decides for this run. It is an event where another run, or the user, has changed
/// it since the run's last step; without one, nothing was known when the run began, and nobody else changed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedHealth {
    /// When the run began, in ms on the clock of the times in `health`.
    #[serde(rename = "began_ms", with = "super::as_ms")]
    pub began: Duration,
    /// Breakers, times to first token (where the run may hedge), network failures, and the retry budget.
    #[serde(flatten)]
    pub health: Health,
}

/// An attempt to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// Its id.
    pub attempt: AttemptId,
    /// Index of its route in the chain.
    pub route: usize,
    /// The requested model.
    pub model: String,
    /// Why it is started.
    pub relation: Relation,
    /// The attempt that it follows, or runs beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AttemptId>,
    /// Differences from the run's first request.
    #[serde(default, skip_serializing_if = "Changes::is_none")]
    pub changes: Changes,
    /// Its timeouts, cut to the time that is left of the deadline.
    pub timeouts: Timeouts,
}

/// Why an attempt is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It is the first of its run.
    First,
    /// The same model again.
    Retry,
    /// The next model.
    Fallback,
    /// The same model, with its invalid answer and the error in the prompt.
    Repair,
    /// The one request that a half-open breaker admits.
    Probe,
    /// All circuits are open, and this one would close first.
    Forced,
    /// It runs beside a slow attempt; the first content wins.
    Hedge,
}

/// A route that is skipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// Index in the chain.
    pub route: usize,
    /// Its model.
    pub model: String,
    /// The reason.
    pub why: Skip,
    /// When it may be tried again, in ms of the run. Absent if waiting does not help.
    #[serde(rename = "until_ms", default, with = "super::as_ms::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// Why a route is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// The circuit of its model is open.
    BreakerOpen,
    /// The circuit of its class (`:free`) is open.
    ClassOpen,
    /// The circuit of its account is open.
    AccountOpen,
    /// The circuit of its origin is open.
    OriginOpen,
    /// Its origin failed in this run in a way that affects every model there.
    SameOrigin,
    /// Another run is probing it.
    ProbeInFlight,
    /// Its context is not larger than the exceeded one.
    ContextTooSmall,
    /// Its price exceeds the limit, or is unknown.
    #[serde(rename = "too_dear")]
    TooExpensive,
    /// It costs, and its account has no credit.
    NoCredit,
    /// Its output limit is not larger than the one that was too low.
    OutputTooSmall,
    /// No attempts are left for its model.
    AttemptsUsed,
    /// The mode is strict.
    Strict,
}

/// The first content of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstToken {
    /// Its id.
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
    /// Its id.
    pub attempt: AttemptId,
    /// Index of its route in the chain.
    pub route: usize,
    /// Its model.
    pub model: String,
    /// What went wrong.
    pub failure: Failure,
    /// The id of its row in the outcome table.
    pub rule: String,
    /// What is done now and why, one line for people.
    pub why: String,
    /// What is done now.
    #[serde(rename = "decision")]
    pub next_step: NextStep,
    /// What the failure is about.
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
    /// The same model, with its invalid answer and the error in the prompt.
    Repair,
    /// The run ends.
    Stop,
    /// Another attempt of the run continues.
    Continue,
}

/// The state of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BreakerState {
    /// Calls are admitted.
    Closed {
        /// Sum of the weights of the failures since the last success. At 3 the breaker opens.
        weight: f32,
    },
    /// No call is admitted.
    Open {
        /// When it becomes half-open, in ms of the run. `null`: in this session only if the user resets it.
        #[serde(rename = "until_ms", with = "super::as_ms::option")]
        until: Option<Duration>,
    },
    /// One probe is admitted.
    HalfOpen,
    /// The probe was sent; no other call is admitted.
    Probing,
}

/// The state of a breaker changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakerChange {
    /// What it guards.
    #[serde(flatten)]
    pub scope: Scope,
    /// The state before.
    pub from: BreakerState,
    /// The state after.
    pub to: BreakerState,
    /// The cause, for people.
    pub why: String,
}

/// A wait before the next attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// The model of the next attempt.
    pub model: String,
    /// When it starts, in ms of the run.
    #[serde(rename = "until_ms", with = "super::as_ms")]
    pub until: Duration,
    /// Length of the wait, in ms.
    #[serde(rename = "delay_ms", with = "super::as_ms")]
    pub delay: Duration,
    /// Where the delay comes from: the server's hint, or the engine's backoff.
    pub why: String,
}

/// The text of an attempt, reasoning or answer, is discarded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discarded {
    /// The attempt that sent it.
    pub attempt: AttemptId,
    /// Its model.
    pub model: String,
}

/// An attempt ended with a valid answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Its id.
    pub attempt: AttemptId,
    /// Index of its route in the chain.
    pub route: usize,
    /// The requested model.
    pub model: String,
    /// The model that answered, if the server names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<String>,
    /// From the attempt's start to its end, in ms.
    #[serde(rename = "took_ms", with = "super::as_ms")]
    pub took: Duration,
    /// What it cost.
    pub cost: Cost,
    /// Remarks, such as: cut short but complete, answered by an alias.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The final event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// How the run ended.
    pub outcome: Outcome,
    /// The attempt that answered, if any.
    #[serde(default)]
    pub attempt: Option<AttemptId>,
    /// Its requested model.
    #[serde(default)]
    pub model: Option<String>,
    /// Number of attempts.
    pub attempts: u32,
    /// The answer's fields by name; empty without an answer.
    #[serde(default)]
    pub fields: Arc<Map<String, Value>>,
    /// From the run's beginning to its end, in ms.
    #[serde(rename = "took_ms", with = "super::as_ms")]
    pub took: Duration,
    /// The cost of all attempts.
    pub cost: Cost,
    /// Why there is no answer: the first cause, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// One line for each failed attempt, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A valid answer.
    Succeeded,
    /// The request, the key or the credit is at fault. Another model would not help.
    Rejected,
    /// Every route failed or was skipped.
    Exhausted,
    /// The deadline passed.
    DeadlineExceeded,
    /// No attempts are left.
    BudgetExceeded,
    /// The user cancelled.
    Cancelled,
    /// The fault is on this machine.
    LocalError,
}
