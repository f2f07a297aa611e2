//! Simulates runs on a virtual clock against scripted models, for tests and for reports about
//! policies. Pure: nothing sleeps, nothing connects.

use super::{AttemptId, Cost, Engine, Event, Failure, Health, Input, Policy, Route, Started, TokenPhase};
use std::time::Duration;

/// What a scripted model does in one attempt: each act with its time since the attempt's start.
pub type ScriptedReply = Vec<(Duration, ScriptedAct)>;

/// One thing that a scripted model does.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptedAct {
    /// The response headers arrive.
    Open,
    /// Content arrives.
    Token(TokenPhase),
    /// A valid answer is complete.
    Done(super::Answer),
    /// The attempt fails, at this cost.
    Fail(Failure, Cost),
}

/// An event of a run, with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedEvent {
    /// Time on the virtual clock.
    pub at: Duration,
    /// Index of the run, in the order of [`PolicySimulation::add_run`].
    pub run: usize,
    /// The event.
    pub event: Event,
}

/// Runs that share one clock and one [`Health`].
#[derive(Debug, Default)]
pub struct PolicySimulation {
    /// The state that the runs share.
    pub health: Health,
    runs: Vec<ScriptedRun>,
}

#[derive(Debug)]
struct ScriptedRun {
    engine: Engine,
    inputs: Vec<PendingInput>,
}

/// An input that a run's engine gets at a certain time.
#[derive(Debug)]
struct PendingInput {
    at: Duration,
    input: Input,
}

impl PolicySimulation {
    /// Adds a run that begins at `begin`, and is cancelled at `cancel` unless it ends before.
    pub fn add_run(&mut self, policy: Policy, chain: Vec<Route>, begin: Duration, cancel: Option<Duration>) {
        let mut inputs = vec![PendingInput { at: begin, input: Input::Begin }];
        inputs.extend(cancel.map(|at| PendingInput { at, input: Input::Cancel }));
        self.runs.push(ScriptedRun { engine: Engine::new(policy, chain), inputs });
    }

    /// Plays all runs to their ends and returns their events. `script` gives the reply to each attempt.
    pub fn play(&mut self, mut script: impl FnMut(Duration, usize, &Started) -> ScriptedReply) -> Vec<TimedEvent> {
        let mut events = Vec::new();
        while let Some((at, index)) = self.runs.iter().enumerate().filter_map(|(i, r)| Some((r.next_at()?, i))).min() {
            let run = &mut self.runs[index];
            let input = run.next_input(at);
            for event in run.engine.step(at, input, &mut self.health) {
                run.carry_out(at, index, &event, &mut script);
                events.push(TimedEvent { at, run: index, event });
            }
        }
        events
    }
}

impl ScriptedRun {
    /// When the engine must be called next; `None` after the run's end.
    fn next_at(&self) -> Option<Duration> {
        if self.engine.is_over() {
            return None;
        }
        self.inputs.iter().map(|input| input.at).chain(self.engine.wake_at()).min()
    }

    /// The engine's input then: the earliest one that is due, or a tick.
    fn next_input(&mut self, at: Duration) -> Input {
        let due = self.inputs.iter().position(|input| input.at <= at);
        due.map_or(Input::Tick, |index| self.inputs.remove(index).input)
    }

    /// Carries out an event: schedules the reply of an attempt that starts. The engine ignores what comes of an attempt
    /// after its end.
    fn carry_out(
        &mut self,
        now: Duration,
        index: usize,
        event: &Event,
        script: &mut impl FnMut(Duration, usize, &Started) -> ScriptedReply,
    ) {
        let Event::Started(started) = event else { return };
        for (after, act) in script(now, index, started) {
            self.inputs.push(PendingInput { at: now + after, input: act.input(started.attempt) });
        }
        self.inputs.sort_by_key(|input| input.at);
    }
}

impl ScriptedAct {
    fn input(self, attempt: AttemptId) -> Input {
        match self {
            Self::Open => Input::Opened { attempt },
            Self::Token(phase) => Input::Token { attempt, phase },
            Self::Done(answer) => Input::Done { attempt, answer },
            Self::Fail(failure, cost) => Input::Failed { attempt, failure, cost },
        }
    }
}
