//! The failover log in words: one line a step, the same on the screen and on stderr.

use super::{Attempt, AttemptPhase, Transcript};
use crate::dspy::{Ballot, Vote};
use crate::failover::{
    AttemptId, BreakerChange, BreakerState, Cost, Failure, FailureKind, FaultDomain, Finished, NextStep, Outcome,
    Relation, Skipped, Waiting,
};
use crate::text::clean_line;
use std::fmt::Write as _;
use std::time::Duration;

/// One line of the log.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// When it was first told.
    pub at: Duration,
    /// What it is about.
    pub step: LogEvent,
}

/// What a line is about.
#[derive(Clone, Debug)]
pub enum LogEvent {
    /// An attempt; its line changes as the attempt goes on.
    Attempt(AttemptId),
    /// A route that was passed over.
    Skipped(Skipped),
    /// A wait.
    Waiting(Waiting),
    /// A breaker that moved.
    Breaker(BreakerChange),
    /// One of several chains ended.
    Chain {
        /// Which, from 1.
        chain: usize,
        /// Of how many.
        of: usize,
        /// How.
        end: Box<Finished>,
    },
    /// The chains' answers were counted.
    Voted(Vote),
    /// The end.
    Finished(Finished),
}

/// How a line is meant; never shown by colour alone, since the glyph says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Going on.
    Live,
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// Worth a look.
    Warn,
    /// Aside.
    Quiet,
}

impl LogEntry {
    /// A glyph of one cell: how it stands.
    pub fn glyph(&self, run: &Transcript) -> &'static str {
        match (&self.step, self.tone(run)) {
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

    /// How it is meant.
    pub fn tone(&self, run: &Transcript) -> Tone {
        match &self.step {
            LogEvent::Attempt(id) => match run.attempt(*id).map(Attempt::phase) {
                Some(AttemptPhase::Answered) => Tone::Good,
                Some(AttemptPhase::Failed) if run.attempt(*id).is_some_and(Attempt::let_go) => Tone::Quiet,
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
        match &self.step {
            LogEvent::Attempt(id) => run.attempt(*id).map_or_else(|| id.to_string(), |a| a.line(run)),
            LogEvent::Skipped(skipped) => {
                let until = skipped.until.map(|t| format!(" · due at {}", seconds(t))).unwrap_or_default();
                format!("skipped {} · {}{until}", skipped.model, skipped.why)
            }
            LogEvent::Waiting(w) => format!("waiting {} for {} · {}", seconds(w.delay), w.model, w.why),
            LogEvent::Breaker(change) => {
                let what = match change.scope.domain {
                    FaultDomain::Origin => "origin ",
                    FaultDomain::Class => "class ",
                    FaultDomain::Account => "account ",
                    _ => "",
                };
                format!("breaker of {what}{} {} · {}", change.scope.name, change.to, change.why)
            }
            LogEvent::Chain { chain, of, end } => format!("chain {chain} of {of}: {}", finished_line(end)),
            LogEvent::Voted(vote) => {
                let ballot = |ballot: &Ballot| {
                    let value = ballot.value.as_str().map_or_else(|| ballot.value.to_string(), str::to_owned);
                    format!("{} × {}", ballot.chains.len(), clean_line(&value, 40))
                };
                let tally: Vec<String> = vote.tally.iter().map(ballot).collect();
                format!("vote on {}: {}", vote.field, tally.join(" · "))
            }
            LogEvent::Finished(finished) => finished_line(finished),
        }
    }

    /// The line with its glyph, for places without style.
    pub fn plain(&self, run: &Transcript) -> String {
        format!("{} {}", self.glyph(run), self.text(run))
    }
}

impl Attempt {
    /// Ended by us rather than by a fault: cancelled, or another lane was first.
    fn let_go(&self) -> bool {
        self.failed.as_ref().is_some_and(|f| matches!(f.failure.kind, FailureKind::Cancelled | FailureKind::HedgeLost))
    }

    /// Number, relation, model, what happened, time, and what follows.
    fn line(&self, run: &Transcript) -> String {
        let mut line = self.id.to_string();
        if let Some(word) = relation_word(self.relation) {
            let _ = write!(line, " {word}");
        }
        let _ = write!(line, " {}", self.model);
        let _ = write!(line, " · {}", self.happened());
        if self.ended.is_some() {
            let _ = write!(line, " · {}", seconds(self.took(run.latest)));
        }
        if let Some(fault) = &self.injected {
            let _ = write!(line, " · injected: {fault}");
        }
        if let Some(next) = self.follows(run) {
            let _ = write!(line, " · {next}");
        }
        line
    }

    /// What has become of it so far, in a few words.
    pub fn happened(&self) -> String {
        match self.phase() {
            AttemptPhase::Planned => "starting".to_owned(),
            AttemptPhase::Asked => "asked".to_owned(),
            AttemptPhase::Opened => match self.head.as_ref().map(|h| h.status) {
                Some(status) => format!("{status}, waiting for the first token"),
                None => "waiting for the first token".to_owned(),
            },
            AttemptPhase::Reasoning => "reasoning".to_owned(),
            AttemptPhase::Answering => "answering".to_owned(),
            AttemptPhase::Answered => {
                let mut text = String::from("answered");
                if let Some(first) = self.first_token_after() {
                    let _ = write!(text, " · first token {}", seconds(first));
                }
                if let Some(served) = self.served.as_ref().filter(|served| **served != self.model) {
                    let _ = write!(text, " · served by {served}");
                }
                text
            }
            AttemptPhase::Failed => self.failed.as_ref().map_or_else(String::new, |failed| brief(&failed.failure)),
        }
    }

    /// Why the next, and which.
    pub fn follows(&self, run: &Transcript) -> Option<String> {
        let failed = self.failed.as_ref()?;
        if self.let_go() {
            return None;
        }
        let next = run.attempts.iter().find(|a| a.after == Some(self.id));
        let why = if failed.why.is_empty() { decision_word(failed.next_step) } else { &failed.why };
        Some(match next {
            Some(next) => format!("{why} → {}", next.id),
            None => why.to_owned(),
        })
    }
}

/// What an attempt died of, in a few words: the upstream's where it gave any, cut to a line's length.
/// The whole reason stands in the attempt's details.
fn brief(failure: &Failure) -> String {
    let own = match failure.kind {
        FailureKind::Dns => "the name does not resolve",
        FailureKind::Refused => "connection refused",
        FailureKind::ConnectTimeout => "no connection in time",
        FailureKind::Reset => "connection reset",
        FailureKind::FirstTokenTimeout => "no first token in time",
        FailureKind::Idle => "fell silent",
        FailureKind::Truncated => "cut off in mid-stream",
        FailureKind::Empty => "an empty answer",
        FailureKind::Length => "cut short by max_tokens",
        FailureKind::Invalid => return format!("not a valid answer: {}", clean_line(&failure.reason, 60)),
        _ => "",
    };
    let reason = if own.is_empty() { clean_line(&failure.reason, 100) } else { own.to_owned() };
    match failure.status.filter(|status| *status >= 400 && !reason.contains(&status.to_string())) {
        Some(status) => format!("{status} {reason}"),
        None => reason,
    }
}

fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Succeeded => Tone::Good,
        Outcome::Cancelled => Tone::Quiet,
        _ => Tone::Bad,
    }
}

fn finished_line(finished: &Finished) -> String {
    let took = seconds(finished.took);
    let tries = counted(finished.attempts as usize, "attempt");
    let cost = usd(finished.cost);
    let headline = finished.headline.as_deref().unwrap_or("no answer");
    match finished.outcome {
        Outcome::Succeeded => {
            format!("{} answered · {took} · {tries} · {cost}", finished.model.as_deref().unwrap_or("a model"))
        }
        Outcome::Cancelled => format!("cancelled · {took} · {tries} · {cost}"),
        Outcome::Rejected => format!("rejected: {headline} · {took} · {cost}"),
        Outcome::Exhausted => format!("every model failed: {headline} · {took} · {tries} · {cost}"),
        Outcome::DeadlineExceeded => format!("out of time: {headline} · {took} · {tries} · {cost}"),
        Outcome::BudgetExceeded => format!("out of attempts: {headline} · {took} · {tries} · {cost}"),
        Outcome::LocalError => format!("stopped on this machine: {headline} · {took}"),
    }
}

/// The word for how an attempt came about; none for the first.
fn relation_word(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::First => None,
        Relation::Retry => Some("↻ retry"),
        Relation::Fallback => Some("↪ fallback"),
        Relation::Repair => Some("✎ repair"),
        Relation::Probe => Some("? probe"),
        Relation::Forced => Some("! forced"),
        Relation::Hedge => Some("⇉ hedge"),
    }
}

fn decision_word(decision: NextStep) -> &'static str {
    match decision {
        NextStep::RetrySame => "same model again",
        NextStep::Next => "next model",
        NextStep::Repair => "asking for a repair",
        NextStep::Stop => "stopping",
        NextStep::Continue => "another attempt goes on",
    }
}

/// How many there are of a thing, by its name for one: `1 attempt`, `3 attempts`.
pub fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// A duration in seconds for people, with about three figures: `0.41 s`, `12.3 s`, `140 s`.
pub fn seconds(d: Duration) -> String {
    let s = d.as_secs_f64();
    match s {
        _ if s < 9.995 => format!("{s:.2} s"),
        _ if s < 99.95 => format!("{s:.1} s"),
        _ => format!("{s:.0} s"),
    }
}

/// A cost in USD for people: `$0.00042`, or `cost unknown`. Unknown is never shown as 0.
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

/// A model's name without its maker: `openai/gpt-4o-mini` is `gpt-4o-mini`.
pub fn model_name(slug: &str) -> &str {
    slug.rsplit_once('/').map_or(slug, |(_, name)| name)
}
