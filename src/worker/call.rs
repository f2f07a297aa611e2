//! One call: attempts over the fallback chain until one answer validates or the engine gives up. The loop waits for
//! the network, the engine's timer or the user, steps the engine with it, and carries out the events.

use super::alarm::Alarm;
use super::attempt::{self, Progress};
use super::backlog::Backlog;
use super::context::{CallContext, Emit, Output};
use super::injected::Advance;
use super::options::Relay;
use super::question::{InvalidAnswer, Reading};
use crate::dspy::{ParseFailure, Signature};
use crate::failover::{Answer, AttemptId, Cost, Engine, Event, Failure, FailureKind, Finished, Input, Started};
use crate::openrouter::{Completion, Delta, Message, Request, Usage, without};
use crate::report::Observation;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;

/// What the loop remembers of an attempt.
#[derive(Default)]
struct AttemptRecord {
    model: String,
    /// Whether the simulator was asked.
    simulated: bool,
    /// The request as it was sent.
    request: Option<Arc<Request>>,
    /// What it asks.
    asked: Option<Signature>,
    usage: Option<Usage>,
    /// The server has begun to answer with a success status: from then on it may bill.
    opened: bool,
    invalid: Option<(String, ParseFailure)>,
}

/// Why a wait ended.
enum WakeReason {
    Cancelled,
    Timer,
    Progress(AttemptId, Progress),
}

struct CallLoop<'a> {
    context: CallContext<'a>,
    /// The messages of the first request.
    messages: Vec<Message>,
    emit: &'a Emit<'a>,
    /// What the run's reader has not taken yet.
    backlog: &'a Backlog,
    engine: Engine,
    alarm: Alarm,
    live: LiveStreams,
    attempts: BTreeMap<AttemptId, AttemptRecord>,
}

/// The responses of the attempts in progress.
#[derive(Default)]
struct LiveStreams(Vec<(AttemptId, BoxStream<'static, Progress>)>);

impl LiveStreams {
    fn has(&self, attempt: AttemptId) -> bool {
        self.0.iter().any(|(id, _)| *id == attempt)
    }

    /// Closes the socket of an attempt.
    fn close(&mut self, attempt: AttemptId) {
        self.0.retain(|(id, _)| *id != attempt);
    }

    /// What one of them does next; waits for ever if there is none.
    async fn next(&mut self) -> (AttemptId, Progress) {
        poll_fn(|context| {
            let mut at = 0;
            while let Some((id, stream)) = self.0.get_mut(at) {
                match stream.poll_next_unpin(context) {
                    Poll::Ready(Some(progress)) => {
                        let next = (*id, progress);
                        // The others are first the next time, so that one that never pauses does not hold them up.
                        self.0.rotate_left(at + 1);
                        return Poll::Ready(next);
                    }
                    Poll::Ready(None) => drop(self.0.remove(at)),
                    Poll::Pending => at += 1,
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl CallContext<'_> {
    /// Makes the call: attempts over the chain, until one answer validates or the engine gives up. Returns the final
    /// event instead of emitting it. `messages` are those of its first request; `run_began` is the services' time at
    /// which the run began; `cancel` turns true, or closes, when the user cancels.
    pub(super) async fn make(
        self,
        messages: Vec<Message>,
        run_began: Duration,
        (emit, backlog): (&Emit<'_>, &Backlog),
        mut cancel: watch::Receiver<bool>,
    ) -> Finished {
        let engine = self.spec.engine(self.call.number, run_began);
        let (live, attempts) = (LiveStreams::default(), BTreeMap::new());
        let alarm = Alarm::default();
        let mut call = CallLoop { context: self, messages, emit, backlog, engine, alarm, live, attempts };
        let mut cancelled = pin!(async move { _ = cancel.wait_for(|cancelled| *cancelled).await });
        let mut finished = call.step(call.context.services.now(), Input::Begin);
        loop {
            finished = match finished {
                Some(finished) => return finished,
                None => match call.next(cancelled.as_mut()).await {
                    WakeReason::Cancelled => call.step(call.context.services.now(), Input::Cancel),
                    WakeReason::Timer => call.step(call.context.services.now(), Input::Tick),
                    WakeReason::Progress(attempt, progress) => call.on_progress(attempt, progress),
                },
            }
        }
    }
}

impl CallLoop<'_> {
    /// Steps the engine, reports its events and carries them out. Returns the call's final event, once it has come;
    /// that one is not reported here.
    fn step(&mut self, now: Duration, input: Input) -> Option<Finished> {
        let events = self.engine.step(now, input, &mut self.context.options.health(self.context.services));
        let mut end = None;
        for event in events {
            match event {
                Event::Finished(finished) => end = Some(finished),
                Event::Started(started) => {
                    (self.emit)(Output::event(now, Event::Started(started.clone())));
                    self.start(now, &started);
                }
                Event::Failed(failed) => {
                    self.live.close(failed.attempt);
                    (self.emit)(Output::event(now, Event::Failed(failed)));
                }
                event => (self.emit)(Output::event(now, event)),
            }
        }
        end
    }

    /// Opens an attempt. A request that cannot be sent ends it at once, in the same way as one that failed.
    fn start(&mut self, now: Duration, started: &Started) {
        let id = started.attempt;
        let invalid = started.changes.repair_of.and_then(|of| self.attempts.get(&of)?.invalid.as_ref());
        let asked = self.context.asked(&started.model, &started.changes);
        let repair = invalid.map(|(text, failure)| self.context.repair_turn(&asked, text, failure)).unwrap_or_default();
        let mut messages = self.context.messages(&asked, &self.messages);
        if !repair.is_empty() {
            messages.to_mut().extend(repair);
        }
        let (mut request, mut simulated) = (None, false);
        let exchange = attempt::open(&self.context, started, &messages, Advance::Schedule).map(|(sent, exchange)| {
            (request, simulated) = (Some(Arc::clone(&sent.request)), sent.simulated);
            (self.emit)(Output::observation(now, Observation::Sent(sent)));
            exchange
        });
        self.live.0.push((id, attempt::listen(exchange).boxed()));
        let asked = Some(asked.into_owned());
        let model = started.model.clone();
        self.attempts.insert(id, AttemptRecord { model, simulated, request, asked, ..AttemptRecord::default() });
    }

    /// Waits for whatever comes first: the user, the engine's timer, or the network.
    async fn next(&mut self, mut cancelled: Pin<&mut impl Future<Output = ()>>) -> WakeReason {
        let (services, backlog) = (self.context.services, self.backlog);
        if backlog.is_full() {
            // The models wait for the reader, and so do their timers.
            tokio::select! {
                biased;
                () = &mut cancelled => return WakeReason::Cancelled,
                () = self.alarm.wait(services, self.engine.ends_at()) => return WakeReason::Timer,
                () = patience(self.context.options.patience) => return WakeReason::Cancelled,
                () = backlog.has_room() => self.engine.resume(services.now()),
            }
        }
        let wake = self.engine.wake_at();
        tokio::select! {
            // Esc wins over a flood of tokens, and so does a timer.
            biased;
            () = cancelled => WakeReason::Cancelled,
            () = self.alarm.wait(services, wake) => WakeReason::Timer,
            (attempt, progress) = self.live.next() => WakeReason::Progress(attempt, progress),
        }
    }

    /// Steps the engine with what an attempt did at one time. Returns the call's final event, once it has come.
    fn on_progress(&mut self, attempt: AttemptId, progress: Progress) -> Option<Finished> {
        for delta in progress.deltas {
            if let Delta::Chunk(chunk) = delta {
                (self.emit)(Output::Chunk(attempt, chunk));
                continue;
            }
            let now = self.context.services.now();
            self.on_delta(attempt, &delta);
            let input = delta.input(attempt);
            (self.emit)(Output::observation(now, Observation::Stream { attempt, delta }));
            if let Some(finished) = input.and_then(|input| self.step(now, input)) {
                return Some(finished);
            }
            // The engine may abandon an attempt in the middle of its deltas.
            if !self.live.has(attempt) {
                return None;
            }
        }
        let end = *progress.end?;
        let now = self.context.services.now();
        let input = match end {
            Ok(completion) => self.validate(now, attempt, completion),
            Err(mut failure) => {
                // Only what was sent can be left out.
                failure.parameter = failure.parameter.filter(|name| self.was_sent(attempt, name));
                failure.advice = self.advice(attempt, &failure);
                Input::Failed { attempt, failure, cost: self.cost(attempt) }
            }
        };
        self.step(now, input)
    }

    /// What the user can do about an attempt's failure.
    fn advice(&self, attempt: AttemptId, failure: &Failure) -> Option<String> {
        let record = self.attempts.get(&attempt)?;
        // A client's own key is not the user's.
        if failure.kind == FailureKind::Unauthorized && self.context.options.key.is_some() {
            return None;
        }
        self.context.services.advice(failure, &record.model, record.simulated)
    }

    /// Whether the attempt's request has this part, as [`without::take_out`] names it.
    fn was_sent(&self, attempt: AttemptId, name: &str) -> bool {
        let request = self.attempts.get(&attempt).and_then(|record| record.request.as_ref());
        request.is_some_and(|request| without::take_out(&mut request.body.clone(), name))
    }

    /// Remembers what a delta says about what the attempt costs.
    fn on_delta(&mut self, attempt: AttemptId, delta: &Delta) {
        let progress = self.attempts.entry(attempt).or_default();
        match delta {
            Delta::Opened(head) => progress.opened = head.status < 400,
            Delta::Usage(usage) => progress.usage = Some(*usage),
            _ => {}
        }
    }

    /// Reads a whole answer. One that does not validate is a failure like any other.
    fn validate(&mut self, now: Duration, attempt: AttemptId, completion: Completion) -> Input {
        let served = completion.model.clone();
        let record = self.attempts.get(&attempt);
        let asked = record.and_then(|record| record.asked.as_ref()).unwrap_or(&self.context.call.signature);
        match self.context.read(asked, completion) {
            Ok(Reading { prediction, remark, canonical, response }) => {
                let fields = prediction.fields.clone();
                let mut response = response.filter(|_| self.context.options.relay != Relay::Nothing);
                if let (Some(canonical), Some(response)) = (canonical, &mut response) {
                    response["choices"][0]["message"]["content"] = canonical.into();
                }
                if let Some(response) = response {
                    (self.emit)(Output::Response(attempt, response));
                }
                (self.emit)(Output::observation(now, Observation::Parsed { attempt, prediction }));
                let warnings = remark.into_iter().collect();
                let answer = Answer { fields, served, cost: self.cost(attempt), warnings };
                Input::Done { attempt, answer }
            }
            Err(invalid) => {
                let InvalidAnswer { failure, text, problems } = *invalid;
                self.attempts.entry(attempt).or_default().invalid = Some((text, problems));
                Input::Failed { attempt, failure, cost: self.cost(attempt) }
            }
        }
    }

    /// What the server said it cost; nothing, if it never began to answer; else unknown.
    fn cost(&self, attempt: AttemptId) -> Cost {
        match self.attempts.get(&attempt) {
            Some(AttemptRecord { usage: Some(usage), .. }) => usage.cost(),
            Some(AttemptRecord { opened: true, .. }) => Cost::Unknown,
            _ => Cost::NOTHING,
        }
    }
}

/// Waits for as long as a reader that is behind gets; for ever if there is no limit.
async fn patience(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}
