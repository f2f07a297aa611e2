//! The state of a run: a fold of its reports, which the screen, headless output, history and
//! replay all read. Knows reports; must not know where they come from, or who shows it. It
//! accepts reports in any order, twice, or not at all.

mod attempt;
mod health;
mod log;
mod row;
mod spend;
mod switch;
mod traffic;
mod wire;

pub use crate::failover::seconds;
pub use attempt::{Attempt, AttemptPhase};
pub use health::{HealthBoard, HealthRow};
pub use log::{Exhaustion, LogEntry, LogEvent, Tone, model_name, usd};
pub use row::{RunRow, without_marker};
pub use spend::Spend;
pub use switch::{Switch, SwitchCause};
pub use traffic::{MAX_ROWS, Traffic, TrafficRow, TrafficStatus, TrafficUpdate, TrafficWatch, WatchedPart};

use crate::dspy::{Adapter, Demo, Field, FieldType, Signature, Turn, Values};
use crate::failover::{AttemptId, BreakerChange, BreakerState, Cost, Event, Finished, Outcome, Skipped, Waiting};
use crate::report::{Observation, Report, ReportKind};
use crate::spec::{RunSpec, SignatureTask, Task};
use std::sync::Arc;
use std::time::Duration;

/// A run, as far as its reports have arrived. Every time in it counts from the run's beginning.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The run's id, from the first report. Reports of other runs are ignored.
    pub run: Option<u64>,
    /// What the run was asked. `None` until its `begun` report arrives.
    pub spec: Option<Arc<RunSpec>>,
    /// How to read an answer: the adapter, and the signature as the module expands it.
    asked: Option<(Adapter, Signature)>,
    /// The attempts, in the order in which they were first reported.
    pub attempts: Vec<Attempt>,
    /// The latest attempt with a first token, unless its text is discarded.
    pub leader: Option<AttemptId>,
    /// The current wait.
    pub waiting: Option<Waiting>,
    /// The skipped routes, in order.
    pub skipped: Vec<Skipped>,
    /// All changes of breakers, in order.
    pub breakers: Vec<BreakerChange>,
    /// The final event.
    pub finished: Option<Finished>,
    /// The time of the latest report.
    pub latest: Duration,
    /// The failover log, in order.
    pub log: Vec<LogEntry>,
}

impl Transcript {
    /// Applies one report.
    pub fn apply(&mut self, report: &Report) {
        if *self.run.get_or_insert(report.run) != report.run {
            return;
        }
        self.latest = self.latest.max(report.at);
        match &report.what {
            ReportKind::Engine(event) => self.apply_event(report.at, event),
            ReportKind::Observation(observation) => self.apply_observation(report.at, observation),
        }
    }

    /// The fold of many reports.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Self {
        let mut transcript = Self::default();
        reports.into_iter().for_each(|report| transcript.apply(report));
        transcript
    }

    fn apply_event(&mut self, at: Duration, event: &Event) {
        match event {
            Event::Health(_) => {}
            Event::Started(started) => {
                self.waiting = None;
                let attempt = self.attempt_mut(started.attempt);
                let known = attempt.started.is_some();
                attempt.start(at, started);
                if !known {
                    self.push_log(at, LogEvent::Attempt(started.attempt));
                }
            }
            Event::Skipped(skipped) => {
                self.skipped.push(skipped.clone());
                self.push_log(at, LogEvent::Skipped(skipped.clone()));
            }
            Event::FirstToken(first) => {
                self.leader = Some(first.attempt);
                let attempt = self.attempt_mut(first.attempt);
                attempt.name(&first.model);
                attempt.first_token.get_or_insert(at);
            }
            Event::Failed(failed) => self.attempt_mut(failed.attempt).fail(at, failed),
            Event::Breaker(change) => {
                self.breakers.push(change.clone());
                if !only_adds_weight(change) {
                    self.push_log(at, LogEvent::Breaker(change.clone()));
                }
            }
            Event::Waiting(waiting) => {
                self.waiting = Some(waiting.clone());
                self.push_log(at, LogEvent::Waiting(waiting.clone()));
            }
            Event::Discarded(discarded) => {
                let attempt = self.attempt_mut(discarded.attempt);
                attempt.name(&discarded.model);
                attempt.discarded = true;
                if self.leader == Some(discarded.attempt) {
                    self.leader = None;
                }
            }
            Event::Answered(answered) => {
                let attempt = self.attempt_mut(answered.attempt);
                attempt.name(&answered.model);
                attempt.answer(at, answered);
                self.leader = Some(answered.attempt);
            }
            Event::Finished(finished) => {
                self.waiting = None;
                if self.finished.is_none() {
                    self.finished = Some(finished.clone());
                    self.push_log(at, LogEvent::Finished(finished.clone()));
                }
            }
        }
    }

    fn apply_observation(&mut self, at: Duration, observation: &Observation) {
        match observation {
            Observation::Begun(begun) => {
                if let Task::Signature(task) = &begun.task {
                    let asked = task.expanded();
                    for attempt in &mut self.attempts {
                        attempt.read_as(task.adapter, &asked);
                    }
                    self.asked = Some((task.adapter, asked));
                }
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
            Observation::Stream { attempt, delta } => self.attempt_mut(*attempt).apply(at, delta),
            Observation::Chain { chain, of, end } => {
                self.push_log(at, LogEvent::Chain { chain: *chain, of: *of, end: Box::new(end.clone()) });
            }
            Observation::Billed { attempt, generation } => self.attempt_mut(*attempt).billed = Some(generation.clone()),
            Observation::Voted(vote) => self.push_log(at, LogEvent::Voted(vote.clone())),
            Observation::Parsed { attempt, prediction } => {
                self.attempt_mut(*attempt).prediction = Some(prediction.clone());
            }
        }
    }

    fn push_log(&mut self, at: Duration, event: LogEvent) {
        self.log.push(LogEntry { at, event });
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

    /// The signature that was asked, with its inputs. `None` for a chat, and until the run's `begun` report arrives.
    pub fn task(&self) -> Option<&SignatureTask> {
        self.spec.as_ref().and_then(|spec| spec.task.signature())
    }

    /// Whether the simulator answers, and the answer has no text that can say so.
    pub fn is_simulated_without_text(&self) -> bool {
        let is_simulated = self.spec.as_ref().is_some_and(|spec| spec.simulated);
        let is_text = |output: &Field| output.field_type == FieldType::Str;
        is_simulated && self.task().is_some_and(|task| !task.signature.outputs.iter().any(is_text))
    }

    /// What was asked, by name: a signature's inputs, or the last message of a chat. `None` until the run's `begun`
    /// report arrives.
    pub fn asked(&self) -> Option<Values> {
        self.spec.as_ref().map(|spec| spec.task.asked())
    }

    /// Whether answers have fields that an adapter reads; false for a chat, and as long as nothing is known.
    pub fn has_fields(&self) -> bool {
        self.task().is_some()
    }

    /// The attempt with this id.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().rfind(|a| a.id == id)
    }

    /// Whether the run has begun and has not ended.
    pub fn live(&self) -> bool {
        self.run.is_some() && self.finished.is_none()
    }

    /// The attempt that gave the run's answer.
    pub fn winner(&self) -> Option<&Attempt> {
        self.finished.as_ref().and_then(|f| f.attempt).and_then(|id| self.attempt(id))
    }

    /// The attempt to show: the winner; or the leader; or the last one that runs; or the last one.
    pub fn shown(&self) -> Option<&Attempt> {
        self.winner()
            .or_else(|| self.leader.and_then(|id| self.attempt(id)))
            .or_else(|| self.attempts.iter().rfind(|a| a.ended.is_none()))
            .or_else(|| self.attempts.last())
    }

    /// The attempts with text that is struck out, oldest first.
    pub fn discarded(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|a| a.is_struck() && a.has_content())
    }

    /// The inputs and outputs of the run, for a demo; `None` without a complete, valid answer.
    pub fn demo(&self) -> Option<Demo> {
        let mut demo = self.task()?.inputs.clone();
        demo.extend(self.winner()?.prediction.as_ref()?.fields.as_ref().clone());
        Some(demo)
    }

    /// The conversation with this run as its last turn; `None` without a complete, valid answer.
    pub fn conversation(&self) -> Option<Vec<Turn>> {
        let task = self.task()?;
        let mut turn = task.question();
        turn.extend(self.winner()?.prediction.as_ref()?.fields.as_ref().clone());
        let mut turns = task.conversation();
        turns.push(turn);
        Some(turns)
    }

    /// Whether an output field is the module's own, such as `reasoning`, and not one of the signature's.
    pub fn is_thought(&self, field: &str) -> bool {
        match self.task() {
            Some(task) => task.signature.output(field).is_none(),
            None => field == "reasoning",
        }
    }

    /// Whether text of one of the signature's own output fields has arrived.
    pub fn answer_begun(&self, attempt: &Attempt) -> bool {
        match attempt.sections() {
            [] => attempt.prediction.is_some() || (!self.has_fields() && !attempt.text.is_empty()),
            sections => sections.iter().any(|section| !self.is_thought(&section.name)),
        }
    }

    /// What a person waits for at `now`, and for how long at most: the next attempt, or the next token of the attempt
    /// that is shown. `None` if nothing is awaited, or the silence is shorter than a second.
    pub fn awaited(&self, now: Duration) -> Option<String> {
        if let Some(waiting) = &self.waiting {
            let left = seconds(waiting.until.saturating_sub(now));
            let again = if self.attempts.iter().any(|attempt| attempt.model == waiting.model) { " again" } else { "" };
            return Some(format!("{} is asked{again} in {left}", model_name(&waiting.model)));
        }
        let attempt = self.shown().filter(|attempt| self.finished.is_none() && attempt.ended.is_none())?;
        let timeouts = attempt.timeouts?;
        let (since, limit) = match (attempt.last_token.or(attempt.first_token), attempt.phase()) {
            (None, _) => (attempt.began()?, timeouts.first_token),
            (Some(last), AttemptPhase::Reasoning) => (last, timeouts.idle_reasoning),
            (Some(last), _) => (last, timeouts.idle),
        };
        let silent = now.saturating_sub(since);
        let left = limit.saturating_sub(silent);
        let notable = silent >= Duration::from_secs(1);
        notable.then(|| format!("silent for {}, fails in {}", seconds(silent), seconds(left)))
    }

    /// What the run has cost: the sum in its final event if that is known, or else the sum over all ended attempts,
    /// with costs that the service reported later.
    pub fn spend(&self) -> Spend {
        match self.finished.as_ref().map(|finished| finished.cost) {
            Some(known @ Cost::Known(_)) => known.into(),
            Some(unknown) if self.attempts.is_empty() => unknown.into(),
            _ => self.attempts.iter().filter_map(Attempt::cost).collect(),
        }
    }

    /// Prompt and completion tokens, over all attempts that reported them; `None` if none did.
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

    /// The last state of the breaker of this name, if it changed in this run.
    pub fn breaker(&self, name: &str) -> Option<BreakerState> {
        self.breakers.iter().rfind(|change| *change.scope.name == *name).map(|change| change.to)
    }

    /// The failover log as plain lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.log.iter().map(|line| line.plain(self))
    }
}

/// Whether a breaker stays closed and only its weight changes. The log leaves that out.
fn only_adds_weight(change: &BreakerChange) -> bool {
    matches!((change.from, change.to), (BreakerState::Closed { .. }, BreakerState::Closed { .. }))
}
