//! One run: which attempt to start, which to abort, and when the run is over. Knows the chain,
//! the live attempts and their timers; must not know sockets or texts. Time is an argument.
//!
//! ```text
//! begin ─▶ choose ─┬─▶ wait ─▶ start ─▶ (headers) ─▶ (first token) ─▶ (done) ─▶ succeeded
//!            ▲     └─▶ exhausted, no attempts left     │ timers, failures
//!            └──────────── decide ◀────────────────────┘──▶ stopped
//! ```

mod change;
mod choose;
mod headline;
mod outcome;
mod timers;

use super::breaker::Permit;
use super::{
    AttemptId, Changes, Cost, Event, Failover, Failure, FailureKind, Finished, Health, Outcome, Policy, Relation,
    Route, Skip,
};
use super::{BreakerChange, BreakerState, FirstToken, SharedHealth, Started, Timeouts, health, rules};
pub(crate) use change::TOKENS_FACTOR;
use choose::Exclusions;
use headline::EndedAttempt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What happens to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// The run begins.
    Begin,
    /// Response headers arrived.
    Opened {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Reasoning, answer text or a tool call arrived. Comments and empty deltas are not tokens.
    Token {
        /// The attempt.
        attempt: AttemptId,
        /// Reasoning or answer.
        phase: TokenPhase,
    },
    /// The whole answer arrived and is valid.
    Done {
        /// The attempt.
        attempt: AttemptId,
        /// The answer.
        answer: Answer,
    },
    /// The attempt ended without a valid answer.
    Failed {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        failure: Failure,
        /// What it cost.
        cost: Cost,
    },
    /// Time has passed; timers may be due.
    Tick,
    /// The user cancels the run.
    Cancel,
}

/// What a token is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenPhase {
    /// Reasoning: its pauses may be longer.
    Reasoning,
    /// The answer, or a tool call.
    Answer,
}

/// The attempt that answered, its route's index, and the answer's fields.
type Winner = (AttemptId, usize, Arc<Map<String, Value>>);

/// A valid answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// All output fields by name.
    pub fields: Arc<Map<String, Value>>,
    /// The model that answered, if the server names it.
    #[serde(default)]
    pub served: Option<String>,
    /// What it cost.
    pub cost: Cost,
    /// Remarks for people.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A run in progress. Call [`step`](Self::step) for everything that happens, and at
/// [`wake_at`](Self::wake_at); carry out the events that it returns. To give a run up, pass
/// [`Input::Cancel`]: then its probe permits are free at once, otherwise at its deadline.
#[derive(Clone, Debug)]
pub struct Engine {
    policy: Policy,
    chain: Vec<Route>,
    route_states: Vec<RouteState>,
    exclusions: Exclusions,
    rng: fastrand::Rng,
    began: Option<Duration>,
    now: Duration,
    live: Vec<LiveAttempt>,
    pending: Option<PlannedStart>,
    call: u32,
    run_began: Option<Duration>,
    attempts: u32,
    inner_attempts: u32,
    cost: Cost,
    failures: Vec<EndedAttempt>,
    finished: bool,
    /// The part of the shared health that decides for this run, as its last step left it.
    left: Health,
    events: Vec<Event>,
}

/// An attempt that has not ended.
#[derive(Clone, Debug)]
struct LiveAttempt {
    id: AttemptId,
    route: usize,
    permit: Permit,
    changes: Changes,
    timeouts: Timeouts,
    /// What limits the time to its first token: a setting's name.
    first_token_limit: &'static str,
    started: Duration,
    opened: bool,
    first_token_at: Option<Duration>,
    /// Since its start or its last token, without times of suspension.
    silent_since: Duration,
    phase: TokenPhase,
    share_ends: Duration,
    hedges_at: Option<Duration>,
}

/// An attempt to start now or later.
#[derive(Clone, Debug)]
struct PlannedStart {
    at: Duration,
    route: usize,
    relation: Relation,
    permit: Permit,
    after: Option<AttemptId>,
    changes: Changes,
}

/// What the run knows about a route.
#[derive(Clone, Debug, Default)]
struct RouteState {
    given_up: bool,
    retries: u32,
    waited: Duration,
    repaired: bool,
    max_tokens_changed: bool,
    skips: Vec<Skip>,
}

impl Engine {
    /// A run over `chain` that has not begun.
    pub fn new(policy: Policy, chain: Vec<Route>) -> Self {
        Self {
            route_states: vec![RouteState::default(); chain.len()],
            exclusions: Exclusions::default(),
            rng: fastrand::Rng::with_seed(policy.seed),
            began: None,
            now: Duration::ZERO,
            live: Vec::new(),
            pending: None,
            call: 0,
            run_began: None,
            attempts: 0,
            inner_attempts: 0,
            cost: Cost::NOTHING,
            failures: Vec::new(),
            finished: false,
            left: Health::default(),
            events: Vec::new(),
            policy,
            chain,
        }
    }

    /// The same chain asked by one of several calls of a run that began at `run_began`: its attempts carry the call's
    /// number, its times count from the run's beginning, and it has what is left of the run's deadline.
    #[must_use]
    pub fn for_call(self, number: u32, run_began: Duration) -> Self {
        Self { call: number, run_began: Some(run_began), ..self }
    }

    /// Applies what happened at `now` and returns what to do, in order. Timers that are due
    /// come first. `now` is clamped to be monotonic. Input about an attempt that has ended,
    /// or after the run's end, is ignored.
    pub fn step(&mut self, now: Duration, input: Input, health: &mut Health) -> Vec<Event> {
        if self.finished || self.began.is_none() && !matches!(input, Input::Begin | Input::Cancel) {
            return Vec::new();
        }
        let due = self.timer_due();
        self.now = self.now.max(rules::whole_micros(now));
        self.discount_suspension(due);
        let found = self.part(health);
        let hedges = self.live.iter().any(|live| live.hedges_at.is_some_and(|at| at <= self.now));
        let begins = self.began.is_none();
        let began = *self.began.get_or_insert(self.run_began.map_or(self.now, |began| began.min(self.now)));
        if begins && input == Input::Begin && !self.time_left().is_zero() {
            self.start_next(None, health);
        }
        self.run_timers(health);
        if !self.finished {
            self.apply(input, health);
        }
        let mut events = std::mem::take(&mut self.events);
        // That no model can be asked beside a slow one is a decision without an event.
        if hedges || !events.is_empty() {
            if found != self.part(&self.left) {
                events.insert(0, Event::Health(SharedHealth { began, health: found }));
            }
            self.left = self.part(health);
        }
        events
    }

    /// The part of the shared health that decides for this run.
    fn part(&self, health: &Health) -> Health {
        health.part(self.now, &self.chain, self.policy.hedge)
    }

    /// When to call [`step`](Self::step) again if nothing happens before. `None`: the run has not begun, or is over.
    pub fn wake_at(&self) -> Option<Duration> {
        if self.finished {
            return None;
        }
        let began = self.began?;
        let hedges = self.live.iter().filter_map(|live| live.hedges_at);
        hedges.chain(self.timer_due()).chain([self.deadline(began)]).min()
    }

    /// When the run's deadline passes. `None`: the run has not begun, or is over.
    pub fn ends_at(&self) -> Option<Duration> {
        self.began.filter(|_| !self.finished).map(|began| self.deadline(began))
    }

    /// Says that what arrived could not be read until `now`: the time limits of attempts start again. The run's deadline is
    /// not moved.
    pub fn resume(&mut self, now: Duration) {
        if self.timer_due().is_some_and(|due| due <= now) {
            self.now = self.now.max(rules::whole_micros(now));
            self.restart_limits();
        }
    }

    /// When the next attempt times out or starts.
    fn timer_due(&self) -> Option<Duration> {
        let live = self.live.iter().map(|live| live.next_timeout().0);
        live.chain(self.pending.as_ref().map(|start| start.at)).min()
    }

    /// Whether the run has ended.
    pub fn is_over(&self) -> bool {
        self.finished
    }

    fn apply(&mut self, input: Input, health: &mut Health) {
        match input {
            Input::Begin | Input::Tick => {}
            Input::Opened { attempt } => {
                if let Some(live) = self.live_mut(attempt) {
                    live.opened = true;
                }
            }
            Input::Token { attempt, phase } => self.on_token(attempt, phase, health),
            Input::Done { attempt, answer } => self.on_done(attempt, answer, health),
            Input::Failed { attempt, failure, cost } => self.on_failed(attempt, failure, cost, health),
            Input::Cancel => {
                self.abort(|_| true, FailureKind::Cancelled, "cancelled", health);
                self.finish(Outcome::Cancelled, None);
            }
        }
    }

    fn on_token(&mut self, attempt: AttemptId, phase: TokenPhase, health: &mut Health) {
        let now = self.now;
        let Some(live) = self.live_mut(attempt) else { return };
        (live.opened, live.silent_since, live.phase) = (true, now, phase);
        if live.first_token_at.is_some() {
            return;
        }
        let first_token = now.saturating_sub(live.started);
        live.first_token_at = Some(now);
        live.hedges_at = None;
        let index = live.route;
        let route = &self.chain[index];
        health.first_token(route, first_token);
        self.events.push(Event::FirstToken(FirstToken { attempt, model: route.model.clone(), first_token }));
        self.abort(|other| other != attempt, FailureKind::HedgeLost, "lost the hedge race", health);
    }

    /// Starts an attempt now.
    fn start(&mut self, start: PlannedStart, health: &mut Health) {
        let now = self.now;
        let route = &self.chain[start.route];
        let share = self.time_share(start.route);
        let (timeouts, first_token_limit) = self.timeouts(&start, share, health);
        self.attempts += 1;
        let id = AttemptId { call: self.call, number: self.attempts };
        let hedge = self.policy.hedge && self.policy.failover != Failover::Strict && self.live.is_empty();
        self.live.push(LiveAttempt {
            id,
            route: start.route,
            permit: start.permit,
            changes: start.changes.clone(),
            timeouts,
            first_token_limit,
            started: now,
            opened: false,
            first_token_at: None,
            silent_since: now,
            phase: TokenPhase::Answer,
            share_ends: now.saturating_add(share),
            hedges_at: hedge.then(|| now + health.p95(route).unwrap_or(timers::SOFT_FIRST_TOKEN)),
        });
        if let Permit::Probe(lease) = start.permit {
            let transitions = health.probe(now, route, lease);
            self.emit_transitions(transitions);
        }
        self.events.push(Event::Started(Started {
            attempt: id,
            route: start.route,
            model: self.chain[start.route].model.clone(),
            relation: start.relation,
            after: start.after,
            changes: start.changes,
            timeouts,
        }));
    }

    fn finish(&mut self, outcome: Outcome, winner: Option<Winner>) {
        self.finished = true;
        self.pending = None;
        let succeeded = winner.is_some();
        let (attempt, model, fields) = match winner {
            Some((id, route, fields)) => (Some(id), Some(self.chain[route].model.clone()), fields),
            None => (None, None, Arc::default()),
        };
        self.events.push(Event::Finished(Finished {
            outcome,
            attempt,
            model,
            attempts: self.attempts,
            fields,
            took: self.now.saturating_sub(self.began.unwrap_or(self.now)),
            cost: self.cost,
            headline: (!succeeded).then(|| self.headline(outcome)),
            failures: self.failure_lines(),
        }));
    }

    /// Emits breaker transitions, their times converted to the run's clock.
    fn emit_transitions(&mut self, transitions: Vec<health::BreakerTransition>) {
        let began = self.began.unwrap_or_default();
        let on_run = |state| match state {
            BreakerState::Open { until } => BreakerState::Open { until: until.map(|t| t.saturating_sub(began)) },
            other => other,
        };
        self.events.extend(transitions.into_iter().map(|m| {
            let (from, to) = (on_run(m.from), on_run(m.to));
            Event::Breaker(BreakerChange { scope: m.scope, from, to, why: m.why })
        }));
    }

    fn live_mut(&mut self, id: AttemptId) -> Option<&mut LiveAttempt> {
        self.live.iter_mut().find(|live| live.id == id)
    }

    fn deadline(&self, began: Duration) -> Duration {
        began.saturating_add(self.policy.limits.deadline)
    }

    /// The time until the deadline.
    fn time_left(&self) -> Duration {
        self.deadline(self.began.unwrap_or_default()).saturating_sub(self.now)
    }
}
