//! A recorded run decided again: what its log says the network did is put to today's engine,
//! at the recorded times, and what the engine orders is held against what was ordered then.
//!
//! The breakers that earlier runs had left behind are not in a run's log; they are set up from
//! what the run says of them: the first state that each is seen in, and the routes it skips.

use crate::failover::breaker::{Cooldown, Permit, TRIPS_AT};
use crate::failover::health::Charge;
use crate::failover::{
    Answer, AttemptId, BreakerState, Engine, Event, Failed, FailureKind, FaultDomain, Finished, Health, Input, Outcome,
    Policy, Relation, Route, Skip, Skipped, TokenPhase,
};
use crate::openrouter::Delta;
use crate::report::{Observation, Report, ReportKind, RunSpec};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The engine's clock when the run begins: earlier runs need a past to have happened in.
const EPOCH: Duration = Duration::from_secs(3600);
/// Reports are written a little after the engine decided; a timer that is due within this is the one that fired.
const SLACK: Duration = Duration::from_millis(50);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redecided {
    /// Decisions that came out as recorded, before any that did not.
    pub same: usize,
    /// The first that did not, in each chain of the module. What would have followed, no log can say.
    pub differences: Vec<Difference>,
}

/// A decision that is another one today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// As it was; `None`: nothing was decided then.
    pub recorded: Option<String>,
    /// As it would be.
    pub today: Option<String>,
}

/// One chain of attempts: its engine, and what was said then and now.
struct ChainReplay {
    engine: Engine,
    fields: BTreeMap<AttemptId, Arc<Map<String, Value>>>,
    recorded: Vec<String>,
    today: Vec<String>,
    /// Whether it is one of several: then only what names an attempt was recorded as its own.
    several: bool,
}

/// Decides a run again. `None` where its beginning is not in the log.
pub fn rederive(run: &[Report]) -> Option<Redecided> {
    let spec = run.iter().find_map(|report| match &report.what {
        ReportKind::Observation(Observation::Begun(spec)) => Some(spec.as_ref()),
        _ => None,
    })?;
    let mut health = remembered(run, &spec.chain);
    let count = spec.module.chains();
    let mut lanes: BTreeMap<usize, ChainReplay> = BTreeMap::new();
    let first = if count == 1 { 0..=0 } else { 1..=count };
    for chain in first {
        lanes.insert(chain, ChainReplay::begin(spec, chain, Duration::ZERO, &mut health));
    }
    for report in run {
        match &report.what {
            // The end of the call that compared the chains is the end of all.
            ReportKind::Engine(Event::Finished(end)) if count > 1 => {
                if let Some(lane) = lanes.get_mut(&(count + 1)) {
                    lane.finish(report.at, end, &mut health);
                }
            }
            ReportKind::Engine(event) => {
                let Some(chain) = chain_of(event, count) else { continue };
                lanes.entry(chain).or_insert_with(|| ChainReplay::begin(spec, chain, report.at, &mut health)).event(
                    report.at,
                    event,
                    &mut health,
                );
            }
            ReportKind::Observation(Observation::Stream { attempt, delta }) => {
                if let Some(lane) = lanes.get_mut(&attempt.chain()) {
                    lane.stream(report.at, *attempt, delta, &mut health);
                }
            }
            ReportKind::Observation(Observation::Parsed { attempt, prediction }) => {
                if let Some(lane) = lanes.get_mut(&attempt.chain()) {
                    lane.fields.insert(*attempt, prediction.fields.clone());
                }
            }
            ReportKind::Observation(Observation::Chain { chain, end, .. }) => {
                if let Some(lane) = lanes.get_mut(chain) {
                    lane.finish(report.at, end, &mut health);
                }
            }
            ReportKind::Observation(
                Observation::Begun(_) | Observation::Sent(_) | Observation::Billed { .. } | Observation::Voted(_),
            ) => {}
        }
    }
    let mut rederived = Redecided { same: 0, differences: Vec::new() };
    for lane in lanes.into_values() {
        let whole = run.iter().any(|report| matches!(report.what, ReportKind::Engine(Event::Finished(_))));
        // A run that was cut off is held only against what it got to say.
        let length = if whole { lane.recorded.len().max(lane.today.len()) } else { lane.recorded.len() };
        let pairs = (0..length).map(|i| (lane.recorded.get(i), lane.today.get(i)));
        let differs = pairs.clone().position(|(recorded, today)| recorded != today);
        rederived.same += differs.unwrap_or(length);
        rederived.differences.extend(
            differs.map(|i| Difference { recorded: lane.recorded.get(i).cloned(), today: lane.today.get(i).cloned() }),
        );
    }
    Some(rederived)
}

/// The chain that an event belongs to. Of several chains only what names an attempt can be told apart.
fn chain_of(event: &Event, count: usize) -> Option<usize> {
    match event {
        Event::Started(e) => Some(e.attempt.chain()),
        Event::Failed(e) => Some(e.attempt.chain()),
        Event::Answered(e) => Some(e.attempt.chain()),
        Event::Skipped(_) | Event::Finished(_) => (count == 1).then_some(0),
        Event::FirstToken(_) | Event::Discarded(_) | Event::Breaker(_) | Event::Waiting(_) => None,
    }
}

/// A decision in a line; none for what only follows from others.
fn told(event: &Event, several: bool) -> Option<String> {
    Some(match event {
        Event::Started(e) => format!("{} asks {} ({})", e.attempt, e.model, word(&e.relation)),
        Event::Failed(e) => format!("{} {}: rule {}, {}", e.attempt, e.model, e.rule, word(&e.next_step)),
        Event::Answered(e) => format!("{} {} answered", e.attempt, e.model),
        Event::Skipped(e) if !several => format!("skips {}: {}", e.model, word(&e.why)),
        Event::Finished(e) => format!("ends {}", word(&e.outcome)),
        _ => return None,
    })
}

/// A plain enum's own word.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

impl ChainReplay {
    fn begin(spec: &RunSpec, chain: usize, at: Duration, health: &mut Health) -> Self {
        let mut policy = Policy { seed: spec.policy.seed.wrapping_add(chain as u64), ..spec.policy.clone() };
        // The call that compares the chains has what they left of the run's time, and the run's own seed.
        if chain > spec.module.chains() {
            policy.seed = spec.policy.seed;
            policy.limits.deadline = policy.limits.deadline.saturating_sub(at).max(Duration::from_millis(1));
        }
        let engine = Engine::new(policy, spec.chain.clone()).of_chain(chain);
        let mut lane =
            Self { engine, fields: BTreeMap::new(), recorded: Vec::new(), today: Vec::new(), several: chain > 0 };
        lane.step(at, Input::Begin, health);
        lane
    }

    fn step(&mut self, at: Duration, input: Input, health: &mut Health) {
        let events = self.engine.step(EPOCH + at, input, health);
        self.today.extend(events.iter().filter_map(|event| told(event, self.several)));
    }

    /// The clock went on until here, and whatever was due a moment later fired.
    fn tick(&mut self, at: Duration, health: &mut Health) {
        let now = EPOCH + at;
        let due = self.engine.wake_at().filter(|due| *due <= now + SLACK).map_or(now, |due| due.max(now));
        self.step(due.saturating_sub(EPOCH), Input::Tick, health);
    }

    /// What the engine said then, and the input that made it say so.
    fn event(&mut self, at: Duration, event: &Event, health: &mut Health) {
        let ahead = self.today.len() > self.recorded.len();
        self.recorded.extend(told(event, false));
        match event {
            Event::Failed(failed) => self.failed(at, failed, health),
            Event::Answered(answered) if !ahead => {
                let fields = self.fields.get(&answered.attempt).cloned().unwrap_or_default();
                let (served, cost, warnings) = (answered.served.clone(), answered.cost, answered.warnings.clone());
                let answer = Answer { fields, served, cost, warnings };
                self.step(at, Input::Done { attempt: answered.attempt, answer }, health);
            }
            Event::Started(_) if !ahead => self.tick(at, health),
            Event::Finished(finished) => self.end(at, finished, health),
            _ => {}
        }
    }

    fn failed(&mut self, at: Duration, failed: &Failed, health: &mut Health) {
        match failed.failure.kind {
            // These the engine finds by itself.
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
        let input = match delta {
            Delta::Opened(_) => Input::Opened { attempt },
            Delta::Reasoning(_) => Input::Token { attempt, phase: TokenPhase::Reasoning },
            Delta::Text(_) => Input::Token { attempt, phase: TokenPhase::Answer },
            _ => return,
        };
        self.step(at, input, health);
    }

    /// One of several chains ended.
    fn finish(&mut self, at: Duration, end: &Finished, health: &mut Health) {
        self.recorded.extend(told(&Event::Finished(end.clone()), true));
        self.end(at, end, health);
    }

    fn end(&mut self, at: Duration, end: &Finished, health: &mut Health) {
        if !self.engine.is_over() {
            match end.outcome {
                Outcome::Cancelled => self.step(at, Input::Cancel, health),
                _ => self.tick(at, health),
            }
        }
    }
}

/// The breakers as earlier runs had left them, as far as this run shows it.
fn remembered(run: &[Report], chain: &[Route]) -> Health {
    let mut health = Health::default();
    let mut seen: Vec<(FaultDomain, String)> = Vec::new();
    let mut failed: Vec<&str> = Vec::new();
    let named = |domain: FaultDomain, name: &str| {
        chain.iter().find(|route| match domain {
            FaultDomain::Model => route.model == name,
            FaultDomain::Class => route.class() == Some(name),
            _ => route.origin == name,
        })
    };
    for report in run {
        match &report.what {
            ReportKind::Engine(Event::Failed(f)) => failed.push(&f.model),
            ReportKind::Engine(Event::Breaker(change)) => {
                let key = (change.scope.domain, change.scope.name.to_string());
                if let (false, Some(route)) = (seen.contains(&key), named(key.0, &key.1)) {
                    set(&mut health, route, key.0, change.from);
                }
                seen.push(key);
            }
            ReportKind::Engine(Event::Skipped(skipped)) => {
                let Some((domain, state)) = barred(skipped) else { continue };
                let Some(route) = chain.get(skipped.route) else { continue };
                let name = match domain {
                    FaultDomain::Model => route.model.clone(),
                    FaultDomain::Class => route.class().unwrap_or_default().to_owned(),
                    _ => route.origin.clone(),
                };
                // A route that failed in this very run may have closed its own door.
                if !seen.contains(&(domain, name.clone())) && !failed.contains(&route.model.as_str()) {
                    set(&mut health, route, domain, state);
                }
                seen.push((domain, name));
            }
            ReportKind::Engine(Event::Started(started)) if started.relation == Relation::Probe => {
                let key = (FaultDomain::Model, started.model.clone());
                // The probe's own change of state comes before it; without that, the model's breaker was half-open.
                if let (false, Some(route)) = (seen.contains(&key), chain.get(started.route)) {
                    set(&mut health, route, FaultDomain::Model, BreakerState::HalfOpen);
                }
                seen.push(key);
            }
            _ => {}
        }
    }
    health
}

/// The breaker that a skip speaks of.
fn barred(skipped: &Skipped) -> Option<(FaultDomain, BreakerState)> {
    let open = BreakerState::Open { until: skipped.until };
    match skipped.why {
        Skip::BreakerOpen => Some((FaultDomain::Model, open)),
        Skip::ClassOpen => Some((FaultDomain::Class, open)),
        Skip::AccountOpen => Some((FaultDomain::Account, open)),
        Skip::OriginOpen => Some((FaultDomain::Origin, open)),
        Skip::ProbeInFlight => Some((FaultDomain::Model, BreakerState::Probing)),
        _ => None,
    }
}

/// Puts a breaker into a state by failures before the run.
fn set(health: &mut Health, route: &Route, domain: FaultDomain, state: BreakerState) {
    let mut fail = |ago: u64, weight: f32, cooldown: Cooldown| {
        let at = EPOCH.saturating_sub(Duration::from_secs(ago));
        let charge = Charge { domain, weight, cooldown, permit: Permit::Free, draw: 0.0 };
        health.fail(at, route, charge, "before this run");
    };
    match state {
        BreakerState::Closed { weight } if weight > 0.0 => fail(1, weight, Cooldown::ByWeight),
        BreakerState::Closed { .. } => {}
        BreakerState::Open { until: None } => fail(1, TRIPS_AT, Cooldown::Session),
        BreakerState::Open { until: Some(until) } => {
            fail(60, TRIPS_AT, Cooldown::For(until.saturating_add(Duration::from_secs(60))));
        }
        BreakerState::HalfOpen => fail(1800, TRIPS_AT, Cooldown::ByWeight),
        BreakerState::Probing => {
            fail(1800, TRIPS_AT, Cooldown::ByWeight);
            health.probe(EPOCH, route, EPOCH + Duration::from_secs(90));
        }
    }
}
