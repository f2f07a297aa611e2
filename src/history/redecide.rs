//! Makes the decisions of a recorded run again: feeds what the network did, at the recorded times, to the program and
//! the failover engine of today, and compares their decisions with the recorded ones.
//!
//! What other runs left behind is in the log ([`SharedHealth`](crate::failover::SharedHealth)). Logs of earlier builds
//! do not contain it; for those, [`breakers`] derives the state of the circuit breakers from the reports.

mod breakers;

use self::breakers::EPOCH;
use crate::dspy::program::Step;
use crate::failover::{Answer, AttemptId, Engine, Event, Failed, FailureKind, Finished, Health, Input, Outcome};
use crate::openrouter::Delta;
use crate::report::{Observation, Report, ReportKind};
use crate::spec::RunSpec;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A report comes a little later than the decision. A timer that is due within this time counts as fired.
const SLACK: Duration = Duration::from_millis(50);

/// The recorded decisions of a run compared with today's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redecided {
    /// Number of equal decisions before the first difference of each call.
    pub same: usize,
    /// The first different decision of each call. Later ones cannot be compared, because the log has no data for them.
    pub differences: Vec<Difference>,
}

/// A decision that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The recorded decision; `None` if there was none.
    pub recorded: Option<String>,
    /// Today's decision; `None` if there is none.
    pub today: Option<String>,
}

/// Makes the decisions of a run again. `None` if the log has no `begun` line.
pub fn redecide(run: &[Report]) -> Option<Redecided> {
    let spec = run.iter().find_map(|report| match &report.what {
        ReportKind::Observation(Observation::Begun(spec)) => Some(spec.as_ref()),
        _ => None,
    })?;
    let began = run.iter().find_map(|report| match &report.what {
        ReportKind::Engine(Event::Health(shared)) => Some(shared.began),
        _ => None,
    });
    let health = if began.is_some() { Health::default() } else { breakers::before(run, &spec.chain) };
    let (waiting, calls, began) = (Vec::new(), Vec::new(), began.unwrap_or(EPOCH));
    let mut replay = ProgramReplay { spec, waiting, calls, began, health };
    replay.next_calls(Duration::ZERO);
    for report in run {
        replay.apply(report);
    }
    let complete = run.iter().any(|report| matches!(report.what, ReportKind::Engine(Event::Finished(_))));
    Some(replay.compare(complete))
}

/// A program that is driven by a log.
struct ProgramReplay<'a> {
    spec: &'a RunSpec,
    /// Calls to start: when, and their numbers.
    waiting: Vec<(Duration, u32)>,
    /// In the order in which the program requested them.
    calls: Vec<CallReplay>,
    /// On the engine's clock.
    began: Duration,
    health: Health,
}

/// One call: its engine, and its decisions as recorded and as of today.
struct CallReplay {
    /// As in [`Call::number`](crate::dspy::program::Call::number): 0 if it is the only call.
    number: u32,
    /// When the run began, on the engine's clock.
    began: Duration,
    engine: Engine,
    fields: BTreeMap<AttemptId, Arc<Map<String, Value>>>,
    recorded: Vec<String>,
    today: Vec<String>,
    /// Its recorded final event.
    end: Option<Finished>,
}

impl ProgramReplay<'_> {
    /// If all earlier calls have ended, the calls that the program requests next.
    fn next_calls(&mut self, at: Duration) {
        let ended: Option<Vec<&Finished>> = self.calls.iter().map(|call| call.end.as_ref()).collect();
        let Some(ended) = ended else { return };
        if let Step::Calls(calls) = self.spec.task.next(ended) {
            self.waiting = calls.into_iter().map(|call| (at, call.number)).collect();
        }
    }

    /// Starts the calls that wait for what was known when they began: it is reported right before their first decisions.
    fn begin(&mut self) {
        for (at, number) in std::mem::take(&mut self.waiting) {
            self.calls.push(CallReplay::begin(self.spec, number, self.began, at, &mut self.health));
        }
    }

    fn apply(&mut self, report: &Report) {
        let at = report.at;
        match &report.what {
            ReportKind::Engine(Event::Health(_)) => {}
            ReportKind::Engine(_) | ReportKind::Observation(Observation::Chain { .. }) => self.begin(),
            ReportKind::Observation(_) => {}
        }
        match &report.what {
            ReportKind::Engine(Event::Health(shared)) => {
                self.calls.iter_mut().for_each(|call| call.skip_timers(at, &self.health));
                self.health = shared.health.clone();
            }
            ReportKind::Engine(Event::Finished(end)) => {
                // Calls without a final event end with the run.
                for call in self.calls.iter_mut().filter(|call| call.end.is_none()) {
                    call.finish(at, end, &mut self.health);
                }
            }
            ReportKind::Engine(event) => {
                let several = self.calls.len() > 1;
                if let Some(call) = call_of(event, several).and_then(|number| self.call(number)) {
                    self.calls[call].event(at, event, &mut self.health);
                }
            }
            ReportKind::Observation(Observation::Stream { attempt, delta }) => {
                if let Some(call) = self.call(attempt.call) {
                    self.calls[call].stream(at, *attempt, delta, &mut self.health);
                }
            }
            ReportKind::Observation(Observation::Parsed { attempt, prediction }) => {
                if let Some(call) = self.call(attempt.call) {
                    self.calls[call].fields.insert(*attempt, prediction.fields.clone());
                }
            }
            ReportKind::Observation(Observation::Chain { chain, end, .. }) => {
                if let Some(call) = self.call(*chain as u32) {
                    self.calls[call].finish(at, end, &mut self.health);
                    self.next_calls(at);
                }
            }
            ReportKind::Observation(
                Observation::Begun(_) | Observation::Sent(_) | Observation::Billed { .. } | Observation::Voted(_),
            ) => {}
        }
    }

    fn call(&self, number: u32) -> Option<usize> {
        self.calls.iter().position(|call| call.number == number)
    }

    /// Compares the decisions of each call. If the run is not `complete`, only the recorded ones are compared.
    fn compare(self, complete: bool) -> Redecided {
        let mut redecided = Redecided { same: 0, differences: Vec::new() };
        for call in self.calls {
            let (recorded, today) = (call.recorded, call.today);
            let length = if complete { recorded.len().max(today.len()) } else { recorded.len() };
            let differs = (0..length).find(|&i| recorded.get(i) != today.get(i));
            redecided.same += differs.unwrap_or(length);
            let difference = |i| Difference { recorded: recorded.get(i).cloned(), today: today.get(i).cloned() };
            redecided.differences.extend(differs.map(difference));
        }
        redecided
    }
}

/// The call that an event belongs to. With several calls, only events with an attempt have a known call.
fn call_of(event: &Event, several: bool) -> Option<u32> {
    match event {
        Event::Started(e) => Some(e.attempt.call),
        Event::Failed(e) => Some(e.attempt.call),
        Event::Answered(e) => Some(e.attempt.call),
        Event::Skipped(_) | Event::Finished(_) => (!several).then_some(0),
        Event::Health(_) | Event::FirstToken(_) | Event::Discarded(_) | Event::Breaker(_) | Event::Waiting(_) => None,
    }
}

/// A decision as text; `None` for an event that follows from another one. `call` is
/// [`CallReplay::number`]: of several calls, skipped routes are left out, because their lines do not name the call.
fn decision(event: &Event, call: u32) -> Option<String> {
    Some(match event {
        Event::Started(e) => format!("{} tries {} ({})", e.attempt, e.model, word(&e.relation)),
        Event::Failed(e) => format!("{} {}: rule {}, {}", e.attempt, e.model, e.rule, word(&e.next_step)),
        Event::Answered(e) => format!("{} {} answered", e.attempt, e.model),
        Event::Skipped(e) if call == 0 => format!("skips {}: {}", e.model, word(&e.why)),
        Event::Finished(e) => format!("ends with {}", word(&e.outcome)),
        _ => return None,
    })
}

/// The JSON name of an enum value without fields.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

impl CallReplay {
    /// `began` is when the run began, on the engine's clock.
    fn begin(spec: &RunSpec, number: u32, began: Duration, at: Duration, health: &mut Health) -> Self {
        let engine = spec.engine(number, began);
        let (recorded, today) = (Vec::new(), Vec::new());
        let mut call = Self { number, began, engine, fields: BTreeMap::new(), recorded, today, end: None };
        call.step(at, Input::Begin, health);
        call
    }

    fn step(&mut self, at: Duration, input: Input, health: &mut Health) {
        self.skip_timers(at, health);
        let events = self.engine.step(self.began + at, input, health);
        self.today.extend(events.iter().filter_map(|event| decision(event, self.number)));
    }

    /// Lets timers fire that were due before this time, as long as they decide nothing that would be in the log.
    fn skip_timers(&mut self, at: Duration, health: &Health) {
        while let Some(due) = self.engine.wake_at().filter(|due| *due < self.began + at) {
            let mut engine = self.engine.clone();
            let events = engine.step(due, Input::Tick, &mut health.clone());
            if events.iter().any(|event| !matches!(event, Event::Health(_))) {
                break;
            }
            self.engine = engine;
        }
    }

    /// Advances the clock to this time, or to a timer that is due within [`SLACK`] after it.
    fn tick(&mut self, at: Duration, health: &mut Health) {
        let now = self.began + at;
        let due = self.engine.wake_at().filter(|due| *due <= now + SLACK).map_or(now, |due| due.max(now));
        self.step(due.saturating_sub(self.began), Input::Tick, health);
    }

    /// Records an event's decision, and feeds the engine the input that caused it.
    fn event(&mut self, at: Duration, event: &Event, health: &mut Health) {
        let ahead = self.today.len() > self.recorded.len();
        self.recorded.extend(decision(event, self.number));
        match event {
            Event::Failed(failed) => self.failed(at, failed, health),
            Event::Answered(answered) if !ahead => {
                let fields = self.fields.get(&answered.attempt).cloned().unwrap_or_default();
                let (served, cost, warnings) = (answered.served.clone(), answered.cost, answered.warnings.clone());
                let answer = Answer { fields, served, cost, warnings };
                self.step(at, Input::Done { attempt: answered.attempt, answer }, health);
            }
            Event::Started(_) | Event::Skipped(_) if !ahead => self.tick(at, health),
            _ => {}
        }
    }

    fn failed(&mut self, at: Duration, failed: &Failed, health: &mut Health) {
        match failed.failure.kind {
            // The engine's own timers cause these.
            FailureKind::FirstTokenTimeout | FailureKind::Idle | FailureKind::TimeShare | FailureKind::Deadline => {
                if self.today.len() < self.recorded.len() {
                    self.tick(at, health);
                }
            }
            FailureKind::HedgeLost => {}
            FailureKind::Cancelled => self.step(at, Input::Cancel, health),
            _ => {
                let (failure, cost) = (failed.failure.clone(), failed.cost);
                self.step(at, Input::Failed { attempt: failed.attempt, failure, cost }, health);
            }
        }
    }

    fn stream(&mut self, at: Duration, attempt: AttemptId, delta: &Delta, health: &mut Health) {
        if let Some(input) = delta.input(attempt) {
            self.step(at, input, health);
        }
    }

    /// Records the call's final event, and lets the engine end as well.
    fn finish(&mut self, at: Duration, end: &Finished, health: &mut Health) {
        self.recorded.extend(decision(&Event::Finished(end.clone()), self.number));
        if !self.engine.is_over() {
            match end.outcome {
                Outcome::Cancelled => self.step(at, Input::Cancel, health),
                _ => self.tick(at, health),
            }
        }
        self.end = Some(end.clone());
    }
}
