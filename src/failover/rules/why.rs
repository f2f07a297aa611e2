//! A decision's reason as one line for people.

use super::{Decision, DelaySource, FailureAction, OnRetry, Refusal, Rule};
use crate::failover::{Failover, Failure, Hint, HintSource, Policy};
use std::time::Duration;

impl Decision {
    /// One line: what was seen, what is done, and why that. For example
    /// `503, no hint: one retry after 0.41 s (jitter)`.
    pub fn why(&self, policy: &Policy, failure: &Failure) -> String {
        let seen = seen(self.rule, failure);
        let act = match self.action {
            FailureAction::Retry { after, pace: DelaySource::AtOnce } if after.is_zero() => {
                "retry at once, fresh connection".to_owned()
            }
            FailureAction::Retry { after, pace: DelaySource::Hint } => {
                format!("retry after {} (the hint)", seconds(after))
            }
            FailureAction::Retry { after, .. } => format!("retry after {} (jitter)", seconds(after)),
            FailureAction::Amend(change) => change.to_string(),
            FailureAction::Next => "next model".to_owned(),
            FailureAction::Stop => "stop".to_owned(),
            FailureAction::Continue => "the run goes on".to_owned(),
        };
        let because = self.refusal.map(|refusal| because(refusal, policy)).unwrap_or_default();
        let server = self.action == FailureAction::Stop && policy.failover == Failover::Server && self.rule.server_sees;
        let server = if server { ", the server has tried the others" } else { "" };
        format!("{seen}: {act}{because}{server}")
    }
}

fn seen(rule: Rule, failure: &Failure) -> String {
    let hint = match failure.hint {
        Some(hint) => format!(", {}", hint_text(hint)),
        None if matches!(rule.same, OnRetry::Hint | OnRetry::HintOrTimes(_) | OnRetry::Wait) => ", no hint".to_owned(),
        None => String::new(),
    };
    match failure.status {
        Some(status) if status >= 400 => format!("{status}{hint}"),
        _ => format!("{}{hint}", rule.seen),
    }
}

fn hint_text(hint: Hint) -> String {
    let source = match hint.source {
        HintSource::RetryAfterSeconds | HintSource::RetryAfterDate => "retry-after",
        HintSource::RetryAfterMs => "retry-after-ms",
        HintSource::RateLimitReset => "rate limit resets in",
        HintSource::Metadata => "retry_after_seconds",
        HintSource::Availability => "availability.retry_after",
    };
    format!("{source} {}", seconds(hint.after))
}

fn because(refusal: Refusal, policy: &Policy) -> String {
    let limits = &policy.limits;
    match refusal {
        Refusal::Rule | Refusal::NoHint => String::new(),
        Refusal::RetriesUsed => ", its retries are used up".to_owned(),
        Refusal::ModelAttempts => format!(", {} attempts on this model are used up", limits.per_model),
        Refusal::RunAttempts => format!(", {} attempts of this run are used up", limits.per_run),
        Refusal::Budget => ", the retry budget is low".to_owned(),
        Refusal::Probe => ", a probe gets one call".to_owned(),
        Refusal::Opens => ", its breaker opens".to_owned(),
        Refusal::Patience(_) => format!(", longer than the patience of {}", seconds(limits.patience)),
        Refusal::Deadline(after) => format!(", {} is more than this route has left", seconds(after)),
        Refusal::Amended => ", nothing is left to change".to_owned(),
    }
}

/// Seconds with two decimals, rounded; whole seconds without.
pub(crate) fn seconds(d: Duration) -> String {
    if d.subsec_nanos() == 0 { format!("{} s", d.as_secs()) } else { format!("{:.2} s", d.as_secs_f64()) }
}
