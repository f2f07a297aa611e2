//! The outcome table: what is done with every way in which an attempt can end. The
//! table is one match; deciding reads its rows and nothing else, and so does the
//! documentation. Pure: no breaker, no clock, no run, only what [`Moment`] says of them.

mod table;
mod why;

pub use table::{Amendment, Row, Same, Then, Weight, row, table};
pub(crate) use why::seconds;

use super::{Hint, Kind, Policy};
use std::time::Duration;

/// Longest backoff without a hint.
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);
/// First backoff; it doubles with every retry.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// No retry comes sooner, but for the first after a reset.
const FLOOR: Duration = Duration::from_millis(50);

/// All that a decision depends on besides the policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// How the attempt ended.
    pub kind: Kind,
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
pub enum Action {
    /// The same request to the same route.
    Retry {
        /// How long from now.
        after: Duration,
        /// Where that time comes from.
        pace: Pace,
    },
    /// A changed request to the same route, at once.
    Amend(Amendment),
    /// The chain's next route, where [`Then`] allows it.
    Next,
    /// The run ends.
    Stop,
    /// Nothing: another attempt has taken over.
    Continue,
}

/// Where a delay comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
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
    Row,
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
pub struct Verdict {
    /// The row that decided.
    pub row: Row,
    /// What is done.
    pub action: Action,
    /// Why not the same route again; `None` if that is what is done.
    pub refusal: Option<Refusal>,
}

/// What to do about one outcome.
pub fn decide(policy: &Policy, moment: &Moment) -> Verdict {
    let row = row(moment.kind);
    match same(policy, moment, row.same) {
        Ok(action) => Verdict { row, action, refusal: None },
        Err(refusal) => Verdict { row, action: then(policy, row), refusal: Some(refusal) },
    }
}

/// What is done when the same route is not asked again.
fn then(policy: &Policy, row: Row) -> Action {
    match row.then {
        Then::Stop => Action::Stop,
        Then::Continue => Action::Continue,
        Then::NextIfPolicyAllows if !policy.next_on_policy => Action::Stop,
        _ if policy.server_side && row.server_sees => Action::Stop,
        _ => Action::Next,
    }
}

/// Whether the same route is asked again, and when.
fn same(policy: &Policy, moment: &Moment, same: Same) -> Result<Action, Refusal> {
    if same == Same::Never {
        return Err(Refusal::Row);
    }
    if moment.tries >= policy.limits.per_model {
        return Err(Refusal::ModelAttempts);
    }
    if moment.attempts >= policy.limits.per_run {
        return Err(Refusal::RunAttempts);
    }
    // whatever the row, no call comes before a hint has passed
    let hint = moment.hint.map(|hint| hint.after.max(FLOOR));
    let times = match (same, hint) {
        (Same::Never, _) => return Err(Refusal::Row),
        (Same::Amend(change), _) => return amend(moment, change),
        (Same::Hint, None) => return Err(Refusal::NoHint),
        (Same::Times(n) | Same::AtOnceThen(n), _) | (Same::HintOrTimes(n), None) => n,
        (Same::Hint | Same::HintOrTimes(_), Some(_)) | (Same::Wait, _) => u32::MAX,
    };
    let (after, pace) = match (same, hint) {
        (_, Some(hint)) => (hint, Pace::Hint),
        (Same::AtOnceThen(_), None) if moment.retries == 0 => (Duration::ZERO, Pace::AtOnce),
        (_, None) => (backoff(moment), Pace::Jitter),
    };
    if pace == Pace::Hint && same != Same::Wait && moment.waited.saturating_add(after) > policy.limits.patience {
        return Err(Refusal::Patience(after));
    }
    retry(moment, times, after, pace)
}

/// A changed request, if there is one left, and nobody asked us to stay away.
fn amend(moment: &Moment, change: Amendment) -> Result<Action, Refusal> {
    match moment.hint.map(|hint| hint.after).filter(|hint| !hint.is_zero()) {
        Some(hint) => Err(Refusal::Patience(hint)),
        None if moment.opens => Err(Refusal::Opens),
        None if moment.amendable => Ok(Action::Amend(change)),
        None => Err(Refusal::Amended),
    }
}

/// A retry, if neither its count, the breaker, the budget nor the time forbids it.
fn retry(moment: &Moment, times: u32, after: Duration, pace: Pace) -> Result<Action, Refusal> {
    if moment.retries >= times {
        Err(Refusal::RetriesUsed)
    } else if moment.probe {
        Err(Refusal::Probe)
    } else if moment.opens {
        Err(Refusal::Opens)
    } else if !moment.budget {
        Err(Refusal::Budget)
    } else if after >= moment.left {
        Err(Refusal::Deadline(after))
    } else {
        Ok(Action::Retry { after, pace })
    }
}

/// Full jitter: anything between the floor and `min(8 s, 0.5 s · 2ⁿ)`, n being the retries so far.
fn backoff(moment: &Moment) -> Duration {
    let most = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(moment.retries)).min(LONGEST_BACKOFF);
    whole_micros(most.mul_f64(moment.draw.clamp(0.0, 1.0))).max(FLOOR)
}

/// Cut to the grain of the log, so that a log read back is the same log.
pub(crate) fn whole_micros(d: Duration) -> Duration {
    Duration::new(d.as_secs(), d.subsec_micros() * 1000)
}
