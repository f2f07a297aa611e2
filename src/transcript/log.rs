//! The failover log in words: one line for each step, the same on the screen and on stderr.

use super::{Attempt, AttemptPhase, Transcript};
use crate::dspy::{Ballot, Vote};
use crate::failover::breaker::TRIPS_AT;
use crate::failover::{
    AttemptId, BreakerChange, BreakerState, Cost, Failure, FailureKind, Finished, Outcome, Relation, Skip, Skipped,
    Waiting, parameter, seconds,
};
use crate::text::{clean_line, counted, value_text};
use std::fmt::Write as _;
use std::time::Duration;

/// One line of the log.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// When it happened; for an attempt, when it started.
    pub at: Duration,
    /// What happened.
    pub event: LogEvent,
}

/// What a line of the log reports.
#[derive(Clone, Debug)]
pub enum LogEvent {
    /// An attempt. Its line changes until the attempt ends.
    Attempt(AttemptId),
    /// A route that was skipped.
    Skipped(Skipped),
    /// A wait before the next attempt.
    Waiting(Waiting),
    /// A breaker that opened or closed.
    Breaker(BreakerChange),
    /// One of several chains ended.
    Chain {
        /// Its number, from 1.
        chain: usize,
        /// How many chains there are.
        of: usize,
        /// How it ended.
        end: Box<Finished>,
    },
    /// The chains' answers were counted.
    Voted(Vote),
    /// The run ended.
    Finished(Finished),
}

/// The meaning of a line for its colour. The glyph has the same meaning, so that no colour is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It has not ended.
    Live,
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// A warning.
    Warn,
    /// Of little interest.
    Quiet,
}

impl LogEntry {
    /// A symbol one cell wide for the line's kind and state.
    pub fn glyph(&self, run: &Transcript) -> &'static str {
        match (&self.event, self.tone(run)) {
            (LogEvent::Skipped(_), _) => "⊘",
            (LogEvent::Waiting(_), _) => "◷",
            (LogEvent::Breaker(_), _) => "◇",
            (LogEvent::Chain { .. }, Tone::Good) => "▪",
            (LogEvent::Chain { .. }, _) => "▫",
            (LogEvent::Voted(_), _) => "Σ",
            (LogEvent::Finished(_), Tone::Good) => "■",
            (LogEvent::Finished(_), _) => "□",
            (LogEvent::Attempt(_), Tone::Good) => "✓",
            (LogEvent::Attempt(_), Tone::Bad) => "✗",
            (LogEvent::Attempt(_), Tone::Quiet) => "–",
            (LogEvent::Attempt(_), _) => "●",
        }
    }

    /// The line's tone.
    pub fn tone(&self, run: &Transcript) -> Tone {
        match &self.event {
            LogEvent::Attempt(id) => match run.attempt(*id).map(Attempt::phase) {
                Some(AttemptPhase::Answered) => Tone::Good,
                Some(AttemptPhase::Failed) if run.attempt(*id).is_some_and(Attempt::was_aborted) => Tone::Quiet,
                Some(AttemptPhase::Failed) => Tone::Bad,
                _ => Tone::Live,
            },
            LogEvent::Skipped(_) | LogEvent::Waiting(_) => Tone::Warn,
            LogEvent::Breaker(change) => match change.to {
                BreakerState::Closed { .. } => Tone::Good,
                BreakerState::Open { .. } => Tone::Bad,
                BreakerState::HalfOpen | BreakerState::Probing => Tone::Warn,
            },
            LogEvent::Voted(_) => Tone::Good,
            LogEvent::Chain { end, .. } => outcome_tone(end.outcome),
            LogEvent::Finished(finished) => outcome_tone(finished.outcome),
        }
    }

    /// The line without its glyph.
    pub fn text(&self, run: &Transcript) -> String {
        match &self.event {
            LogEvent::Attempt(id) => run.attempt(*id).map_or_else(|| id.to_string(), |a| a.line(run)),
            LogEvent::Skipped(skipped) => {
                let wait = skipped.until.map(|until| format!(" for {}", seconds(until.saturating_sub(self.at))));
                format!("skipped {} · {}{}", skipped.model, skipped.why, wait.unwrap_or_default())
            }
            LogEvent::Waiting(w) => format!("waiting {} for {} · {}", seconds(w.delay), w.model, w.why),
            LogEvent::Breaker(change) => {
                let state = circuit(change.to, self.at);
                format!("{} · circuit {state} ({})", change.scope, change.why)
            }
            LogEvent::Chain { chain, of, end } => format!("chain {chain} of {of}: {}", finished_line(end, run)),
            LogEvent::Voted(vote) => {
                let ballot = |ballot: &Ballot| {
                    let value = value_text(&ballot.value);
                    format!("{} × {}", ballot.chains.len(), clean_line(&value, 40))
                };
                let tally: Vec<String> = vote.tally.iter().map(ballot).collect();
                format!("vote on {}: {}", vote.field, tally.join(" · "))
            }
            LogEvent::Finished(finished) => finished_line(finished, run),
        }
    }

    /// The line with its glyph, for places without style.
    pub fn plain(&self, run: &Transcript) -> String {
        format!("{} {}", self.glyph(run), self.text(run))
    }
}

impl Attempt {
    /// Whether the user cancelled it.
    pub fn was_cancelled(&self) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.failure.kind == FailureKind::Cancelled)
    }

    /// Whether it was aborted without a fault of its own, by the user or for a faster attempt.
    fn was_aborted(&self) -> bool {
        let kind = self.failed.as_ref().map(|failed| failed.failure.kind);
        matches!(kind, Some(FailureKind::Cancelled | FailureKind::HedgeLost))
    }

    /// When it failed. `None` for an attempt that was aborted without a fault of its own.
    pub(super) fn failed_at(&self) -> Option<Duration> {
        self.ended.filter(|_| self.failed.is_some() && !self.was_aborted())
    }

    /// Its line: id, relation, model, changes of the request, state, duration, and what is done next.
    fn line(&self, run: &Transcript) -> String {
        let mut line = self.id.to_string();
        if let Some(glyph) = relation_glyph(self.relation) {
            let _ = write!(line, " {glyph} {}", self.relation);
        }
        let _ = write!(line, " {}", self.model);
        if self.answering() != self.model {
            let _ = write!(line, " ⇄ {}", self.answering());
        }
        if let Some(limit) = self.changes.max_tokens {
            let _ = write!(line, " with max_tokens {limit}");
        }
        for name in &self.changes.without {
            let _ = write!(line, " {}", parameter::change(name));
        }
        let _ = write!(line, " · {}", self.state());
        if let (Some(fault), None) = (&self.injected, &self.failed) {
            let _ = write!(line, " (injected: {fault})");
        }
        if self.ended.is_some() {
            let _ = write!(line, " · {}", seconds(self.took(run.latest)));
        }
        if let Some(next) = self.next_step(run) {
            let _ = write!(line, " · {next}");
        }
        line
    }

    /// Its state in a few words; for a failed attempt, the reason.
    pub fn state(&self) -> String {
        match self.phase() {
            AttemptPhase::Planned => "starting".to_owned(),
            AttemptPhase::Asked => "request sent".to_owned(),
            AttemptPhase::Opened => match self.head.as_ref().map(|h| h.status) {
                Some(status) => format!("HTTP {status}, waiting for the first token"),
                None => "waiting for the first token".to_owned(),
            },
            AttemptPhase::Reasoning => "reasoning".to_owned(),
            AttemptPhase::Answering => "answering".to_owned(),
            AttemptPhase::Answered => {
                let mut text = String::from("answered");
                if let Some(first) = self.first_token_after() {
                    let _ = write!(text, " · first token {}", seconds(first));
                }
                if let Some(served) = self.served.as_ref().filter(|served| **served != self.answering()) {
                    let _ = write!(text, " · served by {served}");
                }
                for warning in self.answered.iter().flat_map(|answered| &answered.warnings) {
                    let _ = write!(text, " · {warning}");
                }
                text
            }
            AttemptPhase::Failed => {
                self.failed.as_ref().map_or_else(String::new, |f| reason(&f.failure, self.injected.as_deref()))
            }
        }
    }

    /// After a failure: what is done next and why, and the attempt that follows.
    pub fn next_step(&self, run: &Transcript) -> Option<String> {
        let failed = self.failed.as_ref().filter(|failed| !is_abort(failed.failure.kind))?;
        let why = if failed.why.is_empty() { failed.next_step.to_string() } else { failed.why.clone() };
        let follows = |a: &&Attempt| a.after == Some(self.id) && a.relation != Relation::Hedge;
        Some(match run.attempts.iter().find(follows) {
            Some(next) => format!("{why} → {}", next.id),
            None => why,
        })
    }
}

/// Whether the run itself ended an attempt, so that nothing was decided about it.
fn is_abort(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Cancelled | FailureKind::HedgeLost | FailureKind::Deadline)
}

/// Why an attempt failed, cut to a line's length. The whole reason is in the attempt's details. A fault of the
/// simulator is marked as injected.
fn reason(failure: &Failure, injected: Option<&str>) -> String {
    let summary = clean_line(&failure.summary(), 100);
    match (injected, failure.status) {
        (None, _) => summary,
        (Some(fault), Some(status)) if fault == status.to_string() => format!("HTTP {status} (injected)"),
        (Some(fault), _) => format!("{summary} (injected: {fault})"),
    }
}

/// A circuit's state, for a log line written at `at`.
fn circuit(state: BreakerState, at: Duration) -> String {
    match state {
        BreakerState::Closed { weight } if weight > 0.0 => format!("closed, {weight}/{TRIPS_AT}"),
        BreakerState::Closed { .. } => "closed".to_owned(),
        BreakerState::Open { until: Some(until) } => format!("open for {}", seconds(until.saturating_sub(at))),
        BreakerState::Open { until: None } => "open for this session".to_owned(),
        BreakerState::HalfOpen | BreakerState::Probing => "half-open".to_owned(),
    }
}

fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Succeeded => Tone::Good,
        Outcome::Cancelled => Tone::Quiet,
        _ => Tone::Bad,
    }
}

fn finished_line(finished: &Finished, run: &Transcript) -> String {
    let took = seconds(finished.took);
    let tries = counted(finished.attempts as usize, "attempt");
    let cost = match finished.cost {
        known @ Cost::Known(_) => usd(known),
        // A call's own end counts its own attempts, the run's end all of them.
        Cost::Unknown if run.finished.as_ref() == Some(finished) => run.spend().to_string(),
        Cost::Unknown => usd(Cost::Unknown),
    };
    let headline = finished.headline.as_deref().unwrap_or("no answer");
    match finished.outcome {
        Outcome::Succeeded => {
            let answered = finished.attempt.and_then(|id| run.attempt(id)).map(Attempt::answering);
            let model = answered.or(finished.model.as_deref()).unwrap_or("a model");
            format!("{model} answered · {took} after the question{} · {tries} · {cost}", since_failure(finished, run))
        }
        Outcome::Cancelled => format!("cancelled · {took} · {tries} · {cost}"),
        Outcome::Rejected => format!("rejected: {headline} · {took} · {cost}"),
        Outcome::Exhausted => match (run.exhaustion(), run.attempts.first()) {
            (Exhaustion::Strict, Some(only)) => {
                format!("{} failed; {} · {took} · {tries} · {cost}", only.model, Skip::Strict)
            }
            (why, _) => format!("{}: {headline} · {took} · {tries} · {cost}", why.words()),
        },
        Outcome::DeadlineExceeded => format!("{headline} · {took} · {tries} · {cost}"),
        Outcome::BudgetExceeded => format!("no attempts left: {headline} · {took} · {tries} · {cost}"),
        Outcome::LocalError => format!("error on this machine: {headline} · {took}"),
    }
}

/// Why a chain has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhaustion {
    /// Every model that could be asked failed.
    EveryModel,
    /// In strict mode no other model is asked.
    Strict,
    /// A part of the answer had been passed on to a client, so that no other model could follow.
    BrokeOff,
}

impl Exhaustion {
    /// The reason in a few words, before the headline.
    pub fn words(self) -> &'static str {
        match self {
            Self::EveryModel => "every model failed",
            Self::Strict => "strict mode tries no other model",
            Self::BrokeOff => "the answer broke off",
        }
    }
}

impl Transcript {
    /// Why the run has no answer, where its outcome is [`Outcome::Exhausted`].
    pub fn exhaustion(&self) -> Exhaustion {
        let passes_on = self.spec.as_ref().is_some_and(|spec| spec.policy.final_after_first_token);
        match self.attempts.last() {
            Some(last) if passes_on && last.failed.is_some() && last.first_token.is_some() => Exhaustion::BrokeOff,
            _ if self.skipped.iter().any(|skipped| skipped.why == Skip::Strict) => Exhaustion::Strict,
            _ => Exhaustion::EveryModel,
        }
    }
}

/// How long after the failure of another model the answer came, for a run that had one.
fn since_failure(finished: &Finished, run: &Transcript) -> String {
    let answered = finished.attempt.and_then(|id| run.attempt(id));
    let failed = answered.and_then(|to| run.failed_before(to));
    let gap = failed.and_then(|failed| answered?.ended?.checked_sub(failed.failed_at()?));
    match (failed, gap) {
        (Some(failed), Some(gap)) => format!(", {} after {} failed", seconds(gap), failed.model),
        _ => String::new(),
    }
}

/// The symbol of a relation; the first attempt has none.
fn relation_glyph(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::First => None,
        Relation::Retry => Some("↻"),
        Relation::Fallback => Some("↪"),
        Relation::Repair => Some("✎"),
        Relation::Probe => Some("?"),
        Relation::Forced => Some("!"),
        Relation::Hedge => Some("⇉"),
    }
}

/// A cost in USD for people: `$0.00042`, or `cost unknown`. An unknown cost is never shown as 0.
pub fn usd(cost: Cost) -> String {
    match cost {
        Cost::Unknown => "cost unknown".to_owned(),
        Cost::Known(usd) if usd.abs() < 5e-8 => "$0".to_owned(),
        Cost::Known(usd) if usd < 0.01 => {
            let digits = format!("{usd:.7}");
            format!("${}", digits.trim_end_matches('0'))
        }
        Cost::Known(usd) => format!("${usd:.4}"),
    }
}

impl Transcript {
    /// The text with the run's models by their names without the maker: `gpt-4o-mini` for `openai/gpt-4o-mini`.
    pub fn short_names(&self, text: String) -> String {
        let chain = self.spec.iter().flat_map(|spec| spec.chain.iter().map(|route| route.model.as_str()));
        let slugs = chain.chain(self.attempts.iter().map(|attempt| attempt.model.as_str()));
        slugs.filter(|slug| slug.contains('/')).fold(text, |text, slug| text.replace(slug, model_name(slug)))
    }
}

/// A model's name without its maker: `openai/gpt-4o-mini` is `gpt-4o-mini`.
pub fn model_name(slug: &str) -> &str {
    slug.rsplit_once('/').map_or(slug, |(_, name)| name)
}
