//! A run as it stands: the fold of its reports that the screen, headless output, history
//! and replay all read. Knows reports; must not know where they come from, nor how it is
//! drawn. Total: reports may come in any order, twice, or not at all.

mod attempt;
mod health;
mod story;

pub use attempt::{Attempt, AttemptPhase};
pub use health::{HealthBoard, HealthRow};
pub use story::{LogEntry, LogEvent, Tone, counted, model_name, seconds, usd};

use crate::dspy::{Adapter, Signature};
use crate::failover::{AttemptId, BreakerChange, BreakerState, Cost, Event, Finished, Outcome, Skipped, Waiting};
use crate::report::{Observation, Report, ReportKind};
use crate::spec::{RunSpec, SignatureTask, Task};
use std::sync::Arc;
use std::time::Duration;

/// A run as far as its reports go. Every duration in it counts from the run's beginning.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// Whose reports these are, once one has come. Reports of other runs are passed over.
    pub run: Option<u64>,
    /// What was asked, once the run's beginning has come.
    pub spec: Option<Arc<RunSpec>>,
    /// How the answer is written, and the fields that the module asks for.
    asked: Option<(Adapter, Signature)>,
    /// In the order of their first mention.
    pub attempts: Vec<Attempt>,
    /// The attempt whose text is on the screen.
    pub leading: Option<AttemptId>,
    /// The wait that is on now.
    pub waiting: Option<Waiting>,
    /// Routes that were passed over.
    pub skipped: Vec<Skipped>,
    /// Breakers that moved, in order.
    pub breakers: Vec<BreakerChange>,
    /// The run's end.
    pub finished: Option<Finished>,
    /// The latest time that any report gave.
    pub latest: Duration,
    /// What happened, in order: the failover log.
    pub story: Vec<LogEntry>,
}

/// One model took over from another that had died.
#[derive(Clone, Copy, Debug)]
pub struct Switch<'a> {
    /// Who died, last before.
    pub from: &'a Attempt,
    /// Who took over.
    pub to: &'a Attempt,
    /// From the death to the first token of the one that took over; `None` while it is awaited.
    pub gap: Option<Duration>,
}

impl Transcript {
    /// Takes one report in.
    pub fn apply(&mut self, report: &Report) {
        if *self.run.get_or_insert(report.run) != report.run {
            return;
        }
        self.latest = self.latest.max(report.at);
        match &report.what {
            ReportKind::Engine(event) => self.event(report.at, event),
            ReportKind::Observation(seen) => self.seen(report.at, seen),
        }
    }

    /// The fold of many reports.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Self {
        let mut transcript = Self::default();
        reports.into_iter().for_each(|report| transcript.apply(report));
        transcript
    }

    fn event(&mut self, at: Duration, event: &Event) {
        match event {
            Event::Started(started) => {
                self.waiting = None;
                let attempt = self.attempt_mut(started.attempt);
                let told = attempt.started.is_some();
                attempt.start(at, started);
                if !told {
                    self.tell(at, LogEvent::Attempt(started.attempt));
                }
            }
            Event::Skipped(skipped) => {
                self.skipped.push(skipped.clone());
                self.tell(at, LogEvent::Skipped(skipped.clone()));
            }
            Event::FirstToken(leading) => {
                self.leading = Some(leading.attempt);
                let attempt = self.attempt_mut(leading.attempt);
                attempt.name(&leading.model);
                attempt.first_token.get_or_insert(at);
            }
            Event::Failed(failed) => self.attempt_mut(failed.attempt).fail(at, failed),
            Event::Breaker(change) => {
                self.breakers.push(change.clone());
                if !quiet(change) {
                    self.tell(at, LogEvent::Breaker(change.clone()));
                }
            }
            Event::Waiting(waiting) => {
                self.waiting = Some(waiting.clone());
                self.tell(at, LogEvent::Waiting(waiting.clone()));
            }
            Event::Discarded(superseded) => {
                let attempt = self.attempt_mut(superseded.attempt);
                attempt.name(&superseded.model);
                attempt.superseded = true;
                if self.leading == Some(superseded.attempt) {
                    self.leading = None;
                }
            }
            Event::Answered(answered) => {
                let attempt = self.attempt_mut(answered.attempt);
                attempt.name(&answered.model);
                attempt.end(at);
                attempt.answered = Some(answered.clone());
                attempt.settle();
                self.leading = Some(answered.attempt);
            }
            Event::Finished(finished) => {
                self.waiting = None;
                if self.finished.is_none() {
                    self.finished = Some(finished.clone());
                    self.tell(at, LogEvent::Finished(finished.clone()));
                }
            }
        }
    }

    fn seen(&mut self, at: Duration, seen: &Observation) {
        match seen {
            Observation::Begun(begun) => {
                let Task::Signature(task) = &begun.task;
                let asked = task.expanded();
                for attempt in &mut self.attempts {
                    attempt.read_as(task.adapter, &asked);
                }
                self.asked = Some((task.adapter, asked));
                self.spec = Some(Arc::clone(begun));
            }
            Observation::Sent(sent) => {
                let attempt = self.attempt_mut(sent.attempt);
                attempt.name(&sent.model);
                attempt.sent.get_or_insert(at);
                attempt.request = Some(Arc::clone(&sent.request));
                attempt.injected.clone_from(&sent.injected);
                attempt.simulated = sent.simulated;
            }
            Observation::Stream { attempt, delta } => self.attempt_mut(*attempt).take(at, delta),
            Observation::Chain { chain, of, end } => {
                self.tell(at, LogEvent::Chain { chain: *chain, of: *of, end: Box::new(end.clone()) });
            }
            Observation::Billed { attempt, generation } => self.attempt_mut(*attempt).billed = Some(generation.clone()),
            Observation::Voted(vote) => self.tell(at, LogEvent::Voted(vote.clone())),
            Observation::Parsed { attempt, prediction } => {
                self.attempt_mut(*attempt).prediction = Some(prediction.clone());
            }
        }
    }

    fn tell(&mut self, at: Duration, step: LogEvent) {
        self.story.push(LogEntry { at, step });
    }

    fn attempt_mut(&mut self, id: AttemptId) -> &mut Attempt {
        let index = self.attempts.iter().rposition(|a| a.id == id).unwrap_or_else(|| {
            let mut attempt = Attempt::new(id);
            if let Some((adapter, asked)) = &self.asked {
                attempt.read_as(*adapter, asked);
            }
            self.attempts.push(attempt);
            self.attempts.len() - 1
        });
        &mut self.attempts[index]
    }

    /// The signature that was asked, with its inputs; `None` before the run's beginning has come.
    pub fn task(&self) -> Option<&SignatureTask> {
        self.spec.as_ref().map(|spec| {
            let Task::Signature(task) = &spec.task;
            task
        })
    }

    /// The attempt of that number.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().rfind(|a| a.id == id)
    }

    /// Whether the run has begun and has not ended.
    pub fn live(&self) -> bool {
        self.run.is_some() && self.finished.is_none()
    }

    /// The attempt whose answer the run ended with.
    pub fn winner(&self) -> Option<&Attempt> {
        self.finished.as_ref().and_then(|f| f.attempt).and_then(|id| self.attempt(id))
    }

    /// The attempt to show: the winner; else the one that leads; else the last that is alive; else the last one.
    pub fn shown(&self) -> Option<&Attempt> {
        self.winner()
            .or_else(|| self.leading.and_then(|id| self.attempt(id)))
            .or_else(|| self.attempts.iter().rfind(|a| a.ended.is_none()))
            .or_else(|| self.attempts.last())
    }

    /// Attempts that had shown text which no longer counts, oldest first.
    pub fn struck(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|a| a.superseded && a.has_content())
    }

    /// Whether an output field is the module's own thinking rather than asked for by the signature.
    pub fn is_thought(&self, field: &str) -> bool {
        match self.task() {
            Some(task) => task.signature.output(field).is_none(),
            None => field == "reasoning",
        }
    }

    /// Whether a field of the answer that was asked for has begun to come.
    pub fn answer_begun(&self, attempt: &Attempt) -> bool {
        match attempt.sections() {
            [] => attempt.prediction.is_some() || (self.spec.is_none() && !attempt.text.is_empty()),
            sections => sections.iter().any(|section| !self.is_thought(&section.name)),
        }
    }

    /// The last change of model, if the attempt shown is not the chain's first choice any more.
    pub fn switch(&self) -> Option<Switch<'_>> {
        let to = self.shown()?;
        let from = self
            .attempts
            .iter()
            .rfind(|a| a.id < to.id && a.id.call == to.id.call && a.model != to.model && a.failed.is_some())?;
        let gap = to.first_token.zip(from.ended).map(|(first, died)| first.saturating_sub(died));
        Some(Switch { from, to, gap })
    }

    /// What the run has cost: the engine's own sum at the end, else the sum of what has ended, or of what the service
    /// said later. Unknown is contagious.
    pub fn cost(&self) -> Cost {
        match self.finished.as_ref().map(|finished| finished.cost) {
            Some(known @ Cost::Known(_)) => known,
            _ => self.attempts.iter().filter_map(Attempt::cost).fold(Cost::NOTHING, Cost::plus),
        }
    }

    /// Tokens in and out over all attempts that said so; `None` if none did.
    pub fn tokens(&self) -> (Option<u64>, Option<u64>) {
        let sum = |of: fn(&crate::openrouter::Usage) -> Option<u64>| {
            self.attempts.iter().filter_map(|a| a.usage.as_ref().and_then(of)).reduce(u64::saturating_add)
        };
        (sum(|u| u.prompt_tokens), sum(|u| u.completion_tokens))
    }

    /// How the run ended.
    pub fn outcome(&self) -> Option<Outcome> {
        self.finished.as_ref().map(|f| f.outcome)
    }

    /// The last known state of a model's breaker, if it moved in this run.
    pub fn breaker(&self, name: &str) -> Option<BreakerState> {
        self.breakers.iter().rfind(|change| *change.scope.name == *name).map(|change| change.to)
    }

    /// The whole log as plain lines, the newest last.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.story.iter().map(|line| line.plain(self))
    }
}

/// Weights that only add up are detail, not story.
fn quiet(change: &BreakerChange) -> bool {
    matches!((change.from, change.to), (BreakerState::Closed { .. }, BreakerState::Closed { .. }))
}
