//! What is done after each kind of failure. The outcome table is one `match`; a decision
//! reads its row, and so does the documentation. A row's weight also acts on the breaker: one
//! that opens it for the session bars a retry, whatever the row's `on_retry` says. Pure: no breaker, no
//! clock, no run, only what [`AttemptFacts`] says of them.

mod table;
mod why;

pub use table::{OnGiveUp, OnRetry, RequestChange, Rule, Weight, rule, table};

use super::{Failover, FailureKind, Hint, Policy};
use std::time::Duration;

/// Longest backoff without a hint.
const MAX_BACKOFF: Duration = Duration::from_secs(8);
/// First backoff. It doubles with every retry.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// Shortest delay before a retry; only the first retry after a reset comes at once.
const MIN_DELAY: Duration = Duration::from_millis(50);

/// All that a decision depends on, besides the policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttemptFacts {
    /// How the attempt failed.
    pub kind: FailureKind,
    /// The wait that the server asks for.
    pub hint: Option<Hint>,
    /// Retries of the same request on this route so far.
    pub retries: u32,
    /// Attempts on this model so far, with this one.
    pub model_attempts: u32,
    /// Attempts of the run so far, with this one and the router's own.
    pub run_attempts: u32,
    /// Time already spent waiting for this route.
    pub waited: Duration,
    /// What is left of this route's share of the deadline.
    pub time_left: Duration,
    /// Whether the retry budget pays for a retry.
    pub may_retry: bool,
    /// Whether the attempt was a breaker's probe.
    pub probe: bool,
    /// Whether the failure opens the model's breaker.
    pub opens: bool,
    /// Whether the same route can get a changed request: a repair, without a parameter, with another limit.
    pub amendable: bool,
    /// Whether its text has been passed on to somebody who cannot take it back.
    pub passed_on: bool,
    /// Whether a route is left that needs no credit.
    pub free_left: bool,
    /// Jitter in `0..1`.
    pub draw: f64,
}

/// What is done after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FailureAction {
    /// The same request to the same route.
    Retry {
        /// How long to wait first.
        delay: Duration,
        /// Where the delay comes from.
        source: DelaySource,
    },
    /// A changed request to the same route, at once.
    Amend(RequestChange),
    /// The next route of the chain that [`OnGiveUp`] allows.
    Next,
    /// The run ends.
    Stop,
    /// Nothing: another attempt of the run continues.
    Continue,
}

/// Where a delay comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelaySource {
    /// There is no delay.
    AtOnce,
    /// Backoff with full jitter.
    Jitter,
    /// The server's hint.
    Hint,
}

/// Why the same route is not asked again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// Its row allows no second attempt.
    Rule,
    /// No retries are left.
    RetriesUsed,
    /// No attempts are left for this model.
    ModelAttempts,
    /// No attempts are left for this run.
    RunAttempts,
    /// The retry budget is at half or below.
    Budget,
    /// A probe gets one request.
    Probe,
    /// The breaker opens.
    Opens,
    /// The hint exceeds the patience.
    Patience(Duration),
    /// The server asks for a wait, and a changed request does not wait.
    AskedToWait(Duration),
    /// The wait would not end within the time that this route has.
    Deadline(Duration),
    /// There is no hint to wait for.
    NoHint,
    /// Nothing is left to change in the request.
    Amended,
    /// Its text has been passed on, and no other text can follow it.
    PassedOn,
}

/// A decision and its reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// The row that decided.
    pub rule: Rule,
    /// What is done.
    pub action: FailureAction,
    /// Why the same route is not asked again. `None` if it is.
    pub refusal: Option<Refusal>,
}

/// What to do about one failure.
pub fn decide(policy: &Policy, facts: &AttemptFacts) -> Decision {
    let rule = rule(facts.kind);
    if facts.passed_on {
        return Decision { rule, action: FailureAction::Stop, refusal: Some(Refusal::PassedOn) };
    }
    match retry_same(policy, facts, rule.on_retry) {
        Ok(action) => Decision { rule, action, refusal: None },
        Err(refusal) => Decision { rule, action: give_up(policy, facts, rule), refusal: Some(refusal) },
    }
}

/// What is done when the same route is not asked again.
fn give_up(policy: &Policy, facts: &AttemptFacts, rule: Rule) -> FailureAction {
    match rule.on_give_up {
        OnGiveUp::Stop => FailureAction::Stop,
        OnGiveUp::Free if !facts.free_left => FailureAction::Stop,
        OnGiveUp::Continue => FailureAction::Continue,
        OnGiveUp::NextIfPolicyAllows if !policy.next_on_policy => FailureAction::Stop,
        _ if policy.failover == Failover::Server && rule.server_sees => FailureAction::Stop,
        _ => FailureAction::Next,
    }
}

/// Whether the same route is asked again, and when.
fn retry_same(policy: &Policy, facts: &AttemptFacts, on_retry: OnRetry) -> Result<FailureAction, Refusal> {
    if on_retry == OnRetry::Never {
        return Err(Refusal::Rule);
    }
    if facts.model_attempts >= policy.limits.per_model {
        return Err(Refusal::ModelAttempts);
    }
    if facts.run_attempts >= policy.limits.per_run {
        return Err(Refusal::RunAttempts);
    }
    // No row allows a request before the server's hint has passed.
    let hint = facts.hint.map(|hint| hint.after.max(MIN_DELAY));
    let most = match (on_retry, hint) {
        (OnRetry::Never, _) => return Err(Refusal::Rule),
        (OnRetry::Amend(change), _) => return amend(facts, change),
        (OnRetry::Hint, None) => return Err(Refusal::NoHint),
        (OnRetry::Times(n) | OnRetry::AtOnceThen(n), _) | (OnRetry::HintOrTimes(n), None) => n,
        (OnRetry::Hint | OnRetry::HintOrTimes(_), Some(_)) | (OnRetry::Wait, _) => u32::MAX,
    };
    let (delay, source) = match (on_retry, hint) {
        (_, Some(hint)) => (hint, DelaySource::Hint),
        (OnRetry::AtOnceThen(_), None) if facts.retries == 0 => (Duration::ZERO, DelaySource::AtOnce),
        (_, None) => (backoff(facts), DelaySource::Jitter),
    };
    let patient = on_retry == OnRetry::Wait || facts.waited.saturating_add(delay) <= policy.limits.patience;
    if source == DelaySource::Hint && !patient {
        return Err(Refusal::Patience(delay));
    }
    retry(facts, most, delay, source)
}

/// A changed request, if one is left and the server does not ask for a wait.
fn amend(facts: &AttemptFacts, change: RequestChange) -> Result<FailureAction, Refusal> {
    match facts.hint.map(|hint| hint.after).filter(|hint| !hint.is_zero()) {
        Some(hint) => Err(Refusal::AskedToWait(hint)),
        None if facts.opens => Err(Refusal::Opens),
        None if facts.amendable => Ok(FailureAction::Amend(change)),
        None => Err(Refusal::Amended),
    }
}

/// A retry, unless the number of retries, the breaker, the budget or the time forbids it.
fn retry(facts: &AttemptFacts, most: u32, delay: Duration, source: DelaySource) -> Result<FailureAction, Refusal> {
    if facts.retries >= most {
        Err(Refusal::RetriesUsed)
    } else if facts.probe {
        Err(Refusal::Probe)
    } else if facts.opens {
        Err(Refusal::Opens)
    } else if !facts.may_retry {
        Err(Refusal::Budget)
    } else if delay >= facts.time_left {
        Err(Refusal::Deadline(delay))
    } else {
        Ok(FailureAction::Retry { delay, source })
    }
}

/// Full jitter: a random time up to `min(8 s, 0.5 s · 2ⁿ)`, where n is the number of retries so far.
fn backoff(facts: &AttemptFacts) -> Duration {
    let most = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(facts.retries)).min(MAX_BACKOFF);
    whole_micros(most.mul_f64(facts.draw.clamp(0.0, 1.0))).max(MIN_DELAY)
}

/// Cut to whole microseconds, the precision of the log, so that a log read from a file equals the original.
pub(crate) fn whole_micros(d: Duration) -> Duration {
    Duration::new(d.as_secs(), d.subsec_micros() * 1000)
}
