//! The outcome table: what is done with every way in which an attempt can end. The
//! table is one match; deciding reads its rows and nothing else, and so does the
//! documentation. Pure: no breaker, no clock, no run, only what [`AttemptFacts`] says of them.

mod table;
mod why;

pub use table::{OnGiveUp, OnRetry, RequestChange, Rule, Weight, rule, table};
pub(crate) use why::seconds;

use super::{Failover, FailureKind, Hint, Policy};
use std::time::Duration;

/// Longest backoff without a hint.
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);
/// First backoff; it doubles with every retry.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// No retry comes sooner, but for the first after a reset.
const FLOOR: Duration = Duration::from_millis(50);

/// All that a decision depends on besides the policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttemptFacts {
    /// How the attempt ended.
    pub kind: FailureKind,
    /// When the upstream says to come back.
    pub hint: Option<Hint>,
    /// Retries of the same request on this route so far.
    pub retries: u32,
    /// Attempts on this model so far, this one included.
    pub tries: u32,
    /// Attempts of the run so far, this one and what the router tried inside included.
    pub attempts: u32,
    /// Time already spent waiting for this route.
    pub waited: Duration,
    /// What is left of this route's share of the deadline.
    pub left: Duration,
    /// The retry budget has tokens over one half.
    pub budget: bool,
    /// The attempt was a breaker's one probe.
    pub probe: bool,
    /// The failure's weight opens the model's breaker.
    pub opens: bool,
    /// A different request is left to be sent to the same route: repaired, plain, or with another cap.
    pub amendable: bool,
    /// Jitter in `0..1`.
    pub draw: f64,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FailureAction {
    /// The same request to the same route.
    Retry {
        /// How long from now.
        after: Duration,
        /// Where that time comes from.
        pace: DelaySource,
    },
    /// A changed request to the same route, at once.
    Amend(RequestChange),
    /// The chain's next route, where [`OnGiveUp`] allows it.
    Next,
    /// The run ends.
    Stop,
    /// Nothing: another attempt has taken over.
    Continue,
}

/// Where a delay comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelaySource {
    /// No delay.
    AtOnce,
    /// Full jitter over a growing backoff.
    Jitter,
    /// The upstream said so.
    Hint,
}

/// Why the same route is not asked again, although its row would allow it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// The row has no second try.
    Rule,
    /// Its retries are used up.
    RetriesUsed,
    /// The model's attempts are used up.
    ModelAttempts,
    /// The run's attempts are used up.
    RunAttempts,
    /// The retry budget is at half or below.
    Budget,
    /// A probe gets one call.
    Probe,
    /// The breaker opens.
    Opens,
    /// The hint is longer than the patience.
    Patience(Duration),
    /// The wait would not end within the time that this route has.
    Deadline(Duration),
    /// There is no hint to wait for.
    NoHint,
    /// Nothing about the request can be changed (any more).
    Amended,
}

/// A decision and its reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// The row that decided.
    pub rule: Rule,
    /// What is done.
    pub action: FailureAction,
    /// Why not the same route again; `None` if that is what is done.
    pub refusal: Option<Refusal>,
}

/// What to do about one outcome.
pub fn decide(policy: &Policy, facts: &AttemptFacts) -> Decision {
    let rule = rule(facts.kind);
    match same(policy, facts, rule.same) {
        Ok(action) => Decision { rule, action, refusal: None },
        Err(refusal) => Decision { rule, action: then(policy, rule), refusal: Some(refusal) },
    }
}

/// What is done when the same route is not asked again.
fn then(policy: &Policy, rule: Rule) -> FailureAction {
    match rule.then {
        OnGiveUp::Stop => FailureAction::Stop,
        OnGiveUp::Continue => FailureAction::Continue,
        OnGiveUp::NextIfPolicyAllows if !policy.next_on_policy => FailureAction::Stop,
        _ if policy.failover == Failover::Server && rule.server_sees => FailureAction::Stop,
        _ => FailureAction::Next,
    }
}

/// Whether the same route is asked again, and when.
fn same(policy: &Policy, facts: &AttemptFacts, same: OnRetry) -> Result<FailureAction, Refusal> {
    if same == OnRetry::Never {
        return Err(Refusal::Rule);
    }
    if facts.tries >= policy.limits.per_model {
        return Err(Refusal::ModelAttempts);
    }
    if facts.attempts >= policy.limits.per_run {
        return Err(Refusal::RunAttempts);
    }
    // whatever the row, no call comes before a hint has passed
    let hint = facts.hint.map(|hint| hint.after.max(FLOOR));
    let times = match (same, hint) {
        (OnRetry::Never, _) => return Err(Refusal::Rule),
        (OnRetry::Amend(change), _) => return amend(facts, change),
        (OnRetry::Hint, None) => return Err(Refusal::NoHint),
        (OnRetry::Times(n) | OnRetry::AtOnceThen(n), _) | (OnRetry::HintOrTimes(n), None) => n,
        (OnRetry::Hint | OnRetry::HintOrTimes(_), Some(_)) | (OnRetry::Wait, _) => u32::MAX,
    };
    let (after, pace) = match (same, hint) {
        (_, Some(hint)) => (hint, DelaySource::Hint),
        (OnRetry::AtOnceThen(_), None) if facts.retries == 0 => (Duration::ZERO, DelaySource::AtOnce),
        (_, None) => (backoff(facts), DelaySource::Jitter),
    };
    if pace == DelaySource::Hint && same != OnRetry::Wait && facts.waited.saturating_add(after) > policy.limits.patience
    {
        return Err(Refusal::Patience(after));
    }
    retry(facts, times, after, pace)
}

/// A changed request, if there is one left, and nobody asked us to stay away.
fn amend(facts: &AttemptFacts, change: RequestChange) -> Result<FailureAction, Refusal> {
    match facts.hint.map(|hint| hint.after).filter(|hint| !hint.is_zero()) {
        Some(hint) => Err(Refusal::Patience(hint)),
        None if facts.opens => Err(Refusal::Opens),
        None if facts.amendable => Ok(FailureAction::Amend(change)),
        None => Err(Refusal::Amended),
    }
}

/// A retry, if neither its count, the breaker, the budget nor the time forbids it.
fn retry(facts: &AttemptFacts, times: u32, after: Duration, pace: DelaySource) -> Result<FailureAction, Refusal> {
    if facts.retries >= times {
        Err(Refusal::RetriesUsed)
    } else if facts.probe {
        Err(Refusal::Probe)
    } else if facts.opens {
        Err(Refusal::Opens)
    } else if !facts.budget {
        Err(Refusal::Budget)
    } else if after >= facts.left {
        Err(Refusal::Deadline(after))
    } else {
        Ok(FailureAction::Retry { after, pace })
    }
}

/// Full jitter: anything between the floor and `min(8 s, 0.5 s · 2ⁿ)`, n being the retries so far.
fn backoff(facts: &AttemptFacts) -> Duration {
    let most = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(facts.retries)).min(LONGEST_BACKOFF);
    whole_micros(most.mul_f64(facts.draw.clamp(0.0, 1.0))).max(FLOOR)
}

/// Cut to the grain of the log, so that a log read back is the same log.
pub(crate) fn whole_micros(d: Duration) -> Duration {
    Duration::new(d.as_secs(), d.subsec_micros() * 1000)
}
