//! Why a run has no answer, in one line: what its ended attempts say.

use super::timers::DEADLINE;
use super::{AttemptId, Engine, LiveAttempt};
use crate::failover::{Failure, FailureKind, FaultDomain, Outcome, Route, rules, seconds};

/// A failed attempt, kept for the final event.
#[derive(Clone, Debug)]
pub(super) struct EndedAttempt {
    id: AttemptId,
    pub(super) route: usize,
    kind: FailureKind,
    network: bool,
    /// Ended by the user or the engine, not by a fault.
    aborted: bool,
    summary: String,
    /// What the user can do about it.
    advice: Option<String>,
}

impl Engine {
    /// One line for each failed attempt. Advice stands at the last one of its model.
    pub(super) fn failure_lines(&self) -> Vec<String> {
        let line = |(at, ended): (usize, &EndedAttempt)| {
            let line = ended.line(&self.chain);
            let is_same = |later: &EndedAttempt| later.route == ended.route && later.advice == ended.advice;
            match &ended.advice {
                Some(advice) if !self.failures[at + 1..].iter().any(is_same) => format!("{line} ({advice})"),
                _ => line,
            }
        };
        self.failures.iter().enumerate().map(line).collect()
    }

    /// Why there is no answer: the first cause.
    pub(super) fn headline(&self, outcome: Outcome) -> String {
        let causes: Vec<&EndedAttempt> = self.failures.iter().filter(|ended| !ended.aborted).collect();
        let first = causes.first().map(|ended| ended.line(&self.chain));
        let network = causes.iter().all(|ended| ended.network);
        let advice = causes.first().and_then(|ended| ended.advice.as_ref());
        match (outcome, first) {
            (Outcome::Cancelled, _) => "cancelled".to_owned(),
            (Outcome::LocalError, None) => "the fallback chain is empty: name a model".to_owned(),
            (Outcome::DeadlineExceeded, first) => {
                let limit = seconds(self.policy.limits.deadline);
                format!(
                    "no answer within {limit} ({DEADLINE}){}",
                    first.map(|first| format!("; {first}")).unwrap_or_default()
                )
            }
            (_, None) => "no model could be tried".to_owned(),
            (_, Some(first)) => match advice {
                Some(advice) => format!("{first} ({advice})"),
                None if causes[0].kind == FailureKind::Dns => format!("{first} (this machine seems to be offline)"),
                None if network && causes[0].kind != FailureKind::Tls => format!("{first} (network problem)"),
                None => first,
            },
        }
    }
}

impl EndedAttempt {
    pub(super) fn of(live: &LiveAttempt, failure: &Failure) -> Self {
        let rule = rules::rule(failure.kind);
        let portal = failure.kind == FailureKind::NotAnAnswer
            && failure.status == Some(200)
            && failure.body.as_deref().is_some_and(|body| body.trim_start().starts_with('<'));
        let mut summary = failure.summary();
        if portal {
            summary.push_str(" (a captive portal may be in the way)");
        }
        let network = rule.domain == FaultDomain::Origin;
        let aborted = matches!(failure.kind, FailureKind::HedgeLost | FailureKind::Cancelled | FailureKind::Deadline);
        let advice = failure.advice.clone();
        Self { id: live.id, route: live.route, kind: failure.kind, network, aborted, summary, advice }
    }

    pub(super) fn line(&self, chain: &[Route]) -> String {
        format!("{} {}: {}", self.id, chain[self.route].model, self.summary)
    }
}
