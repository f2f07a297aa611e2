//! One run: what to start, what to let go of, and when it is over. Knows the chain, its
//! live attempts and their timers; must not know sockets or texts. Time is an argument.
//!
//! ```text
//! begin ─▶ choose ─┬─▶ wait ─▶ start ─▶ (headers) ─▶ (first token) ─▶ (done) ─▶ succeeded
//!            ▲     └─▶ exhausted, out of attempts      │ timers, failures
//!            └──────────── decide ◀────────────────────┘──▶ stopped
//! ```

mod choose;
mod outcome;
mod timers;

use super::breaker::Permit;
use super::{
    AttemptId, Changes, Cost, Event, Failover, Failure, FailureKind, Finished, Health, Outcome, Policy, Relation,
    Route, Skip,
};
use super::{BreakerChange, BreakerState, FirstToken, Started, Timeouts, health, rules};
use choose::Exclusions;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What the engine is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// Start the run.
    Begin,
    /// Response headers arrived.
    Opened {
        /// Whose.
        attempt: AttemptId,
    },
    /// Reasoning, answer or a tool call arrived. Comments and empty deltas are not tokens.
    Token {
        /// Whose.
        attempt: AttemptId,
        /// What kind of content.
        phase: TokenPhase,
    },
    /// An answer arrived whole, and it validates.
    Done {
        /// Whose.
        attempt: AttemptId,
        /// The answer.
        answer: Answer,
    },
    /// The attempt ended in any other way.
    Failed {
        /// Whose.
        attempt: AttemptId,
        /// How.
        failure: Failure,
        /// What it cost.
        cost: Cost,
    },
    /// Time has passed.
    Tick,
    /// The user wants it to end.
    Cancel,
}

/// What a token is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenPhase {
    /// Thinking: longer pauses are borne.
    Reasoning,
    /// The answer, or a tool call.
    Answer,
}

/// Who answered, its place in the chain, and the answer's fields.
type Winner = (AttemptId, usize, Arc<Map<String, Value>>);

/// A valid answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// All output fields by name.
    pub fields: Arc<Map<String, Value>>,
    /// The model that the server names, where it does.
    #[serde(default)]
    pub served: Option<String>,
    /// What it cost.
    pub cost: Cost,
    /// What to know about it.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A run in progress. Feed it with [`step`](Self::step); do what the events order; come
/// back at [`wake_at`](Self::wake_at). A run that is given up must be told so
/// ([`Input::Cancel`]), so that its probe permits go back at once; otherwise they lapse
/// with its deadline.
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
    inner: u32,
    cost: Cost,
    failures: Vec<EndedAttempt>,
    over: bool,
    events: Vec<Event>,
}

/// A live attempt.
#[derive(Clone, Debug)]
struct LiveAttempt {
    id: AttemptId,
    route: usize,
    permit: Permit,
    changes: Changes,
    timeouts: Timeouts,
    started: Duration,
    opened: bool,
    first: Option<Duration>,
    last: Duration,
    phase: TokenPhase,
    share_ends: Duration,
    hedges_at: Option<Duration>,
}

/// An attempt that is to be started.
#[derive(Clone, Debug)]
struct PlannedStart {
    at: Duration,
    route: usize,
    relation: Relation,
    permit: Permit,
    after: Option<AttemptId>,
    changes: Changes,
}

/// What the run remembers of a route.
#[derive(Clone, Debug, Default)]
struct RouteState {
    given_up: bool,
    retries: u32,
    waited: Duration,
    repaired: bool,
    plain: bool,
    recapped: bool,
    skips: Vec<Skip>,
}

/// A failed attempt, kept for the run's last word.
#[derive(Clone, Debug)]
struct EndedAttempt {
    id: AttemptId,
    route: usize,
    kind: FailureKind,
    network: bool,
    ours: bool,
    text: String,
}

impl Engine {
    /// A run over `chain`, not yet begun.
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
            inner: 0,
            cost: Cost::NOTHING,
            failures: Vec::new(),
            over: false,
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

    /// Takes in what happened by `now` and says what to do, in order. Timers that are
    /// due come first. A clock that steps back is held still. What concerns an attempt
    /// that has ended, or a run that is over, is ignored.
    pub fn step(&mut self, now: Duration, input: Input, health: &mut Health) -> Vec<Event> {
        if self.over || self.began.is_none() && !matches!(input, Input::Begin | Input::Cancel) {
            return Vec::new();
        }
        self.now = self.now.max(rules::whole_micros(now));
        if self.began.is_none() {
            self.began = Some(self.run_began.map_or(self.now, |began| began.min(self.now)));
            if input == Input::Begin && !self.left().is_zero() {
                self.go_on(None, health);
            }
        }
        self.expire(health);
        if !self.over {
            self.take(input, health);
        }
        std::mem::take(&mut self.events)
    }

    /// When the engine wants to be stepped again, if nothing happens before.
    pub fn wake_at(&self) -> Option<Duration> {
        if self.over {
            return None;
        }
        let began = self.began?;
        let live = self.live.iter().map(|live| live.due().0.min(live.hedges_at.unwrap_or(Duration::MAX)));
        live.chain(self.pending.as_ref().map(|start| start.at)).chain([self.deadline(began)]).min()
    }

    /// Whether the run has ended.
    pub fn is_over(&self) -> bool {
        self.over
    }

    fn take(&mut self, input: Input, health: &mut Health) {
        match input {
            Input::Begin | Input::Tick => {}
            Input::Opened { attempt } => {
                if let Some(live) = self.live(attempt) {
                    live.opened = true;
                }
            }
            Input::Token { attempt, phase } => self.token(attempt, phase, health),
            Input::Done { attempt, answer } => self.done(attempt, answer, health),
            Input::Failed { attempt, failure, cost } => self.failed(attempt, failure, cost, health),
            Input::Cancel => {
                self.abort(|_| true, FailureKind::Cancelled, "cancelled", health);
                self.finish(Outcome::Cancelled, None);
            }
        }
    }

    fn token(&mut self, attempt: AttemptId, phase: TokenPhase, health: &mut Health) {
        let now = self.now;
        let Some(live) = self.live(attempt) else { return };
        (live.opened, live.last, live.phase) = (true, now, phase);
        if live.first.is_some() {
            return;
        }
        let first_token = now.saturating_sub(live.started);
        live.first = Some(now);
        live.hedges_at = None;
        let index = live.route;
        let route = &self.chain[index];
        health.first_token(route, first_token);
        self.events.push(Event::FirstToken(FirstToken { attempt, model: route.model.clone(), first_token }));
        self.abort(|other| other != attempt, FailureKind::HedgeLost, "another attempt was first", health);
    }

    /// The start that is pending happens now.
    fn start(&mut self, start: PlannedStart, health: &mut Health) {
        let now = self.now;
        let route = &self.chain[start.route];
        let share = self.share(start.route);
        let timeouts = self.timeouts(route, start.permit, share);
        self.attempts += 1;
        let id = AttemptId { call: self.call, number: self.attempts };
        let hedge = self.policy.hedge && self.policy.failover != Failover::Strict && self.live.is_empty();
        self.live.push(LiveAttempt {
            id,
            route: start.route,
            permit: start.permit,
            changes: start.changes.clone(),
            timeouts,
            started: now,
            opened: false,
            first: None,
            last: now,
            phase: TokenPhase::Answer,
            share_ends: now.saturating_add(share),
            hedges_at: hedge.then(|| now + health.p95(route).unwrap_or(timers::SOFT_FIRST_TOKEN)),
        });
        if let Permit::Probe(lease) = start.permit {
            let transitions = health.probe(now, route, lease);
            self.breakers(transitions);
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
        self.over = true;
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
            failures: self.failures.iter().map(|ended| ended.line(&self.chain)).collect(),
        }));
    }

    /// What breakers did, on the run's own clock.
    fn breakers(&mut self, transitions: Vec<health::BreakerTransition>) {
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

    fn live(&mut self, id: AttemptId) -> Option<&mut LiveAttempt> {
        self.live.iter_mut().find(|live| live.id == id)
    }

    fn deadline(&self, began: Duration) -> Duration {
        began.saturating_add(self.policy.limits.deadline)
    }

    /// What is left of the run's time.
    fn left(&self) -> Duration {
        self.deadline(self.began.unwrap_or_default()).saturating_sub(self.now)
    }
}
