//! A decision as one line for people.

use super::{Decision, DelaySource, FailureAction, OnGiveUp, Refusal, Rule};
use crate::failover::words::seconds;
use crate::failover::{Failover, Failure, FailureKind, FaultDomain, Hint, HintSource, Outcome, Policy, parameter};

impl Decision {
    /// What is done now and why, in one line: `retry in 0.41 s`, or
    /// `rate limited for 20 s; waiting would pass the 3 s limit, so the next model is tried`.
    /// `end` is how the run ends, if there is no next model.
    pub fn why(&self, policy: &Policy, failure: &Failure, end: Option<Outcome>) -> String {
        let by_server = policy.failover == Failover::Server && self.rule.server_sees && self.rule.server_moved_on();
        let action = match self.action {
            FailureAction::Retry { delay, .. } if delay.is_zero() => "retry at once on a new connection".to_owned(),
            FailureAction::Retry { delay, source } => {
                let header = failure.hint.filter(|_| source == DelaySource::Hint).map(hint_name);
                format!("retry in {}{}", seconds(delay), header.map(|name| format!(" ({name})")).unwrap_or_default())
            }
            FailureAction::Amend(change) => match &failure.parameter {
                Some(name) => format!("retry {}", parameter::change(name)),
                None => change.to_string(),
            },
            FailureAction::Next => match end {
                None => "next model".to_owned(),
                Some(Outcome::BudgetExceeded) => "no attempts are left for this run".to_owned(),
                Some(_) if policy.failover == Failover::Strict => "strict mode tries no other model".to_owned(),
                Some(_) => "no other model is left".to_owned(),
            },
            FailureAction::Stop if by_server => "stop: the server has tried the other models".to_owned(),
            FailureAction::Stop => stop(self.rule).to_owned(),
            FailureAction::Continue => "the other attempt continues".to_owned(),
        };
        let Some(because) = self.refusal.and_then(|refusal| because(refusal, policy, failure)) else { return action };
        match self.action {
            FailureAction::Next if end.is_none() => format!("{because}, so the next model is tried"),
            FailureAction::Stop if !by_server => format!("{because}, so the run stops"),
            _ => format!("{because}; {action}"),
        }
    }
}

/// Why the run stops at once.
fn stop(rule: Rule) -> &'static str {
    match rule.domain {
        _ if rule.on_give_up == OnGiveUp::NextIfPolicyAllows => "stop: next_on_policy is off",
        FaultDomain::Request => "stop: every model would get the same request",
        FaultDomain::Account => "stop: it concerns the whole account",
        FaultDomain::Origin => "stop: the connection cannot be trusted",
        FaultDomain::Local if matches!(rule.id, "deadline" | "cancelled") => "the run ends",
        FaultDomain::Local => "stop: the fault is on this machine",
        FaultDomain::Model | FaultDomain::Class | FaultDomain::None => "stop",
    }
}

/// Why the same model is not asked again, where that needs saying.
fn because(refusal: Refusal, policy: &Policy, failure: &Failure) -> Option<String> {
    let limits = &policy.limits;
    Some(match refusal {
        Refusal::Rule | Refusal::NoHint => return None,
        // The failure's own words say enough.
        Refusal::Amended if failure.kind == FailureKind::Unsupported && failure.parameter.is_none() => return None,
        Refusal::RetriesUsed => "no retries are left".to_owned(),
        Refusal::ModelAttempts => format!("all {} attempts for this model are used", limits.per_model),
        Refusal::RunAttempts => format!("all {} attempts of the run are used", limits.per_run),
        Refusal::Budget => "the retry budget is low".to_owned(),
        Refusal::Probe => "a probe gets one request".to_owned(),
        Refusal::Opens => "its circuit opens".to_owned(),
        Refusal::Patience(hint) => {
            let state = unavailable(failure.kind);
            // Earlier waits for this model count, too.
            let waiting = if hint <= limits.patience { "waiting again" } else { "waiting" };
            format!("{state} for {}; {waiting} would pass the {} limit", seconds(hint), seconds(limits.patience))
        }
        Refusal::AskedToWait(hint) => format!("{} for {}", unavailable(failure.kind), seconds(hint)),
        Refusal::Deadline(delay) => format!("a wait of {} would pass this model's time limit", seconds(delay)),
        Refusal::PassedOn => "its text has been passed on, and no other text can follow it".to_owned(),
        Refusal::Amended => "nothing is left to change in the request".to_owned(),
    })
}

/// What a model is while its server asks for a wait.
fn unavailable(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::RateLimited | FailureKind::ClassLimited | FailureKind::AccountLimited => "rate limited",
        _ => "unavailable",
    }
}

fn hint_name(hint: Hint) -> &'static str {
    match hint.source {
        HintSource::RetryAfterSeconds | HintSource::RetryAfterDate => "Retry-After",
        HintSource::RetryAfterMs => "retry-after-ms",
        HintSource::RateLimitReset => "X-RateLimit-Reset",
        HintSource::Metadata => "retry_after_seconds",
        HintSource::Availability => "availability.retry_after",
        HintSource::Message => "the server's message",
    }
}
