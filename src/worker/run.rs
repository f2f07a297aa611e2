//! One chain of attempts, from send to its one terminal: hears the network, asks the
//! engine, does what it says.

use super::Services;
use super::attempt::{self, Progress};
use crate::dspy::{ParseFailure, Signature};
use crate::failover::{
    Answer, AttemptId, Cost, Engine, Event, Failure, FailureKind, Finished, Input, Policy, Started, TokenPhase,
};
use crate::openrouter::{Completion, Delta, Finish, Message, Usage};
use crate::report::{Observation, ReportKind, RunSpec};
use crate::text::clean_line;
use futures_util::StreamExt as _;
use futures_util::stream::{AbortHandle, Abortable, BoxStream, SelectAll};
use std::borrow::Cow;
use std::collections::HashMap;
use tokio::sync::watch;

/// Where a run's reports go: it is told what happened, and adds run and time.
pub(super) type Emit<'a> = dyn Fn(ReportKind) + Send + Sync + 'a;

/// What did not fit is shown in a line of at most so many characters.
const REASON: usize = 1000;

/// One signature put to the chain, as `dspy.Predict` puts it to a model.
pub(super) struct Predict<'a> {
    /// What was asked, with its settings.
    pub(super) spec: &'a RunSpec,
    /// The signature as the module expanded it.
    pub(super) signature: &'a Signature,
    /// The messages of the first request.
    pub(super) messages: Vec<Message>,
    /// Which chain of the module this is, as its attempts are numbered.
    pub(super) chain: usize,
    /// The engine's settings.
    pub(super) policy: Policy,
    /// The service, the simulator and all that runs share.
    pub(super) services: &'a Services,
    /// Where reports go.
    pub(super) tell: &'a Emit<'a>,
    /// Turns true, or closes, when the user cancels.
    pub(super) cancel: watch::Receiver<bool>,
}

/// What the worker remembers of an attempt.
#[derive(Default)]
struct AttemptRecord {
    abort: Option<AbortHandle>,
    usage: Option<Usage>,
    /// Whether the server began to answer: from then on it may bill.
    opened: bool,
    invalid: Option<(String, ParseFailure)>,
}

/// What ended a wait.
enum WakeReason {
    Cancelled,
    Timer,
    Heard(AttemptId, Progress),
}

struct CallLoop<'a> {
    predict: Predict<'a>,
    engine: Engine,
    live: SelectAll<BoxStream<'static, (AttemptId, Progress)>>,
    progress: HashMap<AttemptId, AttemptRecord>,
}

impl Predict<'_> {
    /// Runs to the end, and gives the terminal back instead of telling it: it may not be the run's last word.
    pub(super) async fn run(self) -> Finished {
        let engine = Engine::new(self.policy.clone(), self.spec.chain.clone()).of_chain(self.chain);
        let mut cancel = self.cancel.clone();
        let mut run = CallLoop { predict: self, engine, live: SelectAll::new(), progress: HashMap::new() };
        let mut finished = run.step(Input::Begin);
        loop {
            finished = match finished {
                Some(finished) => return finished,
                None => match run.next(&mut cancel).await {
                    WakeReason::Cancelled => run.step(Input::Cancel),
                    WakeReason::Timer => run.step(Input::Tick),
                    WakeReason::Heard(attempt, heard) => run.hear(attempt, heard),
                },
            }
        }
    }
}

impl CallLoop<'_> {
    /// Asks the engine, tells what it says, does what it orders. Some at the terminal.
    fn step(&mut self, input: Input) -> Option<Finished> {
        let now = self.predict.services.now();
        let events = self.engine.step(now, input, &mut self.predict.services.health());
        let mut end = None;
        for event in events {
            if let Event::Finished(finished) = event {
                end = Some(finished);
                continue;
            }
            (self.predict.tell)(ReportKind::Engine(event.clone()));
            match event {
                Event::Started(started) => self.start(&started),
                Event::Failed(failed) => {
                    if let Some(abort) = self.progress.get_mut(&failed.attempt).and_then(|p| p.abort.take()) {
                        abort.abort();
                    }
                }
                _ => {}
            }
        }
        end
    }

    fn start(&mut self, started: &Started) {
        let id = started.attempt;
        let repaired = started.changes.repair_of.and_then(|of| self.progress.get(&of)?.invalid.as_ref());
        let repair = repaired
            .map(|(text, unparsed)| self.predict.spec.adapter.repair_turn(self.predict.signature, text, unparsed))
            .unwrap_or_default();
        let mut messages = Cow::Borrowed(&self.predict.messages);
        if !repair.is_empty() {
            messages.to_mut().extend(repair);
        }
        let exchange =
            attempt::open(&self.predict, started, &messages, Services::next_address).map(|(sent, exchange)| {
                (self.predict.tell)(ReportKind::Observation(Observation::Sent(sent)));
                exchange
            });
        let (abort, registration) = AbortHandle::new_pair();
        let heard = Abortable::new(attempt::listen(exchange), registration);
        self.live.push(heard.map(move |heard| (id, heard)).boxed());
        self.progress.insert(id, AttemptRecord { abort: Some(abort), ..AttemptRecord::default() });
    }

    /// Waits for whatever comes first: the user, the engine's timer, or the network.
    async fn next(&mut self, cancel: &mut watch::Receiver<bool>) -> WakeReason {
        let wake = self.engine.wake_at();
        tokio::select! {
            // Esc wins over a flood of tokens, and so does a timer.
            biased;
            _ = cancel.wait_for(|cancelled| *cancelled) => WakeReason::Cancelled,
            () = self.predict.services.sleep_until(wake) => WakeReason::Timer,
            Some((attempt, heard)) = self.live.next() => WakeReason::Heard(attempt, heard),
        }
    }

    /// Takes in what came at one time. Some at the terminal.
    fn hear(&mut self, attempt: AttemptId, heard: Progress) -> Option<Finished> {
        for delta in heard.deltas {
            let input = self.note(attempt, &delta);
            (self.predict.tell)(ReportKind::Observation(Observation::Stream { attempt, delta }));
            if let Some(finished) = input.and_then(|input| self.step(input)) {
                return Some(finished);
            }
            // The engine may give an attempt up in the middle of what came.
            if self.progress.get(&attempt).is_none_or(|progress| progress.abort.is_none()) {
                return None;
            }
        }
        let input = match *heard.end? {
            Ok(completion) => self.validate(attempt, completion),
            Err(failure) => Input::Failed { attempt, failure, cost: self.cost(attempt) },
        };
        self.step(input)
    }

    /// What the engine needs to hear of a piece.
    fn note(&mut self, attempt: AttemptId, delta: &Delta) -> Option<Input> {
        let progress = self.progress.entry(attempt).or_default();
        match delta {
            Delta::Opened(head) => {
                progress.opened = head.status < 400;
                Some(Input::Opened { attempt })
            }
            Delta::Reasoning(_) => Some(Input::Token { attempt, phase: TokenPhase::Reasoning }),
            Delta::Text(_) => Some(Input::Token { attempt, phase: TokenPhase::Answer }),
            Delta::Usage(usage) => {
                progress.usage = Some(*usage);
                None
            }
            _ => None,
        }
    }

    /// An answer that does not validate is a failure like any other.
    fn validate(&mut self, attempt: AttemptId, completion: Completion) -> Input {
        // Structured calls may come back with the whole answer in `reasoning` and no content.
        let text = if completion.text.trim().is_empty() { completion.reasoning } else { completion.text };
        let short = completion.finish == Finish::Length;
        match self.predict.spec.adapter.parse(self.predict.signature, &text) {
            Ok(prediction) => {
                let fields = prediction.fields.clone();
                (self.predict.tell)(ReportKind::Observation(Observation::Parsed { attempt, prediction }));
                let warnings = short.then(|| "cut short by max_tokens, but every field is complete".to_owned());
                let answer = Answer {
                    fields,
                    served: completion.model,
                    cost: self.cost(attempt),
                    warnings: warnings.into_iter().collect(),
                };
                Input::Done { attempt, answer }
            }
            Err(unparsed) => {
                let kind = if short { FailureKind::Length } else { FailureKind::Invalid };
                let failure = Failure::new(kind, clean_line(&unparsed.to_string(), REASON));
                self.progress.entry(attempt).or_default().invalid = Some((text, unparsed));
                Input::Failed { attempt, failure, cost: self.cost(attempt) }
            }
        }
    }

    /// What the server said it cost; nothing, if it never began to answer; else unknown.
    fn cost(&self, attempt: AttemptId) -> Cost {
        match self.progress.get(&attempt) {
            Some(AttemptRecord { usage: Some(usage), .. }) => usage.cost(),
            Some(AttemptRecord { opened: true, .. }) => Cost::Unknown,
            _ => Cost::NOTHING,
        }
    }
}
