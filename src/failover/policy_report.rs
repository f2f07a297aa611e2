//! Runs on a virtual clock against scripted models: for tests, for reports on policies,
//! and for showing what a policy would do. Pure: nothing sleeps, nothing connects.

use super::{AttemptId, Cost, Engine, Event, Failure, Health, Input, Policy, Route, Started, TokenPhase};
use std::time::Duration;

/// What a scripted model does with one attempt: each act after so much time from the attempt's start.
pub type ScriptedReply = Vec<(Duration, ScriptedAct)>;

/// One thing that a scripted model does.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptedAct {
    /// Headers arrive.
    Open,
    /// Content arrives.
    Token(TokenPhase),
    /// A valid answer is complete.
    Done(super::Answer),
    /// It ends otherwise.
    Fail(Failure, Cost),
}

/// Something that was said, when, and by which run.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedEvent {
    /// On the virtual clock.
    pub at: Duration,
    /// Index of the run, in the order of [`PolicySimulation::run`].
    pub run: usize,
    /// What.
    pub event: Event,
}

/// Runs that share one clock and one [`Health`].
#[derive(Debug, Default)]
pub struct PolicySimulation {
    /// What the runs share.
    pub health: Health,
    runs: Vec<ScriptedRun>,
}

#[derive(Debug)]
struct ScriptedRun {
    engine: Engine,
    to_come: Vec<PendingInput>,
}

/// Something that will be told to a run's engine.
#[derive(Debug)]
struct PendingInput {
    at: Duration,
    attempt: Option<AttemptId>,
    input: Input,
}

impl PolicySimulation {
    /// Adds a run that begins at `begin`, and is cancelled at `cancel` if it still goes on. Gives its index.
    pub fn run(&mut self, policy: Policy, chain: Vec<Route>, begin: Duration, cancel: Option<Duration>) -> usize {
        let mut to_come = vec![PendingInput { at: begin, attempt: None, input: Input::Begin }];
        to_come.extend(cancel.map(|at| PendingInput { at, attempt: None, input: Input::Cancel }));
        self.runs.push(ScriptedRun { engine: Engine::new(policy, chain), to_come });
        self.runs.len() - 1
    }

    /// Plays all runs to their ends. `script` says what each attempt meets.
    pub fn play(&mut self, mut script: impl FnMut(Duration, usize, &Started) -> ScriptedReply) -> Vec<TimedEvent> {
        let mut said = Vec::new();
        while let Some((at, index)) = self.runs.iter().enumerate().filter_map(|(i, r)| Some((r.wakes()?, i))).min() {
            let run = &mut self.runs[index];
            let input = run.cue(at);
            for event in run.engine.step(at, input, &mut self.health) {
                run.obey(at, index, &event, &mut script);
                said.push(TimedEvent { at, run: index, event });
            }
        }
        said
    }
}

impl ScriptedRun {
    /// When something happens to this run next.
    fn wakes(&self) -> Option<Duration> {
        if self.engine.is_over() {
            return None;
        }
        self.to_come.iter().map(|cue| cue.at).chain(self.engine.wake_at()).min()
    }

    /// What it is told then: the earliest cue, or that time has passed.
    fn cue(&mut self, at: Duration) -> Input {
        let due = self.to_come.iter().position(|cue| cue.at <= at);
        due.map_or(Input::Tick, |index| self.to_come.remove(index).input)
    }

    /// Does what an event orders: starts what it starts, drops what it ends.
    fn obey(
        &mut self,
        now: Duration,
        index: usize,
        event: &Event,
        script: &mut impl FnMut(Duration, usize, &Started) -> ScriptedReply,
    ) {
        match event {
            Event::Started(started) => {
                let attempt = started.attempt;
                for (after, act) in script(now, index, started) {
                    let cue = PendingInput { at: now + after, attempt: Some(attempt), input: act.input(attempt) };
                    self.to_come.push(cue);
                }
                self.to_come.sort_by_key(|cue| cue.at);
            }
            Event::Failed(failed) => self.to_come.retain(|cue| cue.attempt != Some(failed.attempt)),
            _ => {}
        }
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
