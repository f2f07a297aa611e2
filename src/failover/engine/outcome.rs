//! How attempts end: what that does to the breakers, and what is done next.

use super::{Answer, EndedAttempt, Engine, LiveAttempt, PlannedStart};
use crate::failover::breaker::{Cooldown, Permit};
use crate::failover::health::{BreakerTransition, Charge};
use crate::failover::rules::{
    self, AttemptFacts, Decision, DelaySource, FailureAction, OnGiveUp, OnRetry, RequestChange, Weight,
};
use crate::failover::{
    Answered, AttemptId, Changes, Cost, Discarded, Event, Failed, Failover, Failure, FailureKind, FaultDomain, Health,
    NextStep, Outcome, Relation, Waiting,
};
use std::time::Duration;

/// Providers refuse smaller caps than this.
const SMALLEST_CAP: u32 = 16;
/// A hint beyond this is absurd, and says no more than this.
const LONGEST_HINT: Duration = Duration::from_secs(365 * 24 * 3600);
/// By how much a cap on output is raised.
const RAISE: u32 = 4;

impl Engine {
    /// A valid answer: the run's end, unless another model gave it and that is forbidden.
    pub(super) fn done(&mut self, id: AttemptId, answer: Answer, health: &mut Health) {
        let Some(index) = self.live.iter().position(|live| live.id == id) else { return };
        let route = &self.chain[self.live[index].route];
        if answer.fields.is_empty() {
            return self.failed(id, Failure::new(FailureKind::Empty, "an answer without fields"), answer.cost, health);
        }
        if let Some(served) = answer.served.as_deref().filter(|served| self.forbids(self.live[index].route, served)) {
            let reason = format!("{served} answered for {}", route.model);
            return self.failed(id, Failure::new(FailureKind::WrongModel, reason), answer.cost, health);
        }
        let draw = self.rng.f64();
        let live = self.live.remove(index);
        let route = self.chain[live.route].clone();
        let transitions = health.succeed(self.now, &route, live.permit, draw);
        self.cost = self.cost.plus(answer.cost);
        self.events.push(Event::Answered(Answered {
            attempt: id,
            route: live.route,
            model: route.model,
            served: answer.served,
            took: self.now.saturating_sub(live.started),
            cost: answer.cost,
            warnings: answer.warnings,
        }));
        self.breakers(transitions);
        self.abort(|_| true, FailureKind::HedgeLost, "another attempt was first", health);
        self.finish(Outcome::Succeeded, Some((id, live.route, answer.fields)));
    }

    /// Whether `strict_model` refuses an answer from `served`.
    fn forbids(&self, route: usize, served: &str) -> bool {
        let allowed = match self.policy.failover {
            Failover::Server => &self.chain[route..],
            Failover::Client | Failover::Strict => &self.chain[route..=route],
        };
        self.policy.strict_model && !allowed.iter().any(|route| route.is_served_as(served))
    }

    /// An attempt failed: decide, tell the breakers, go on.
    pub(super) fn failed(&mut self, id: AttemptId, mut failure: Failure, cost: Cost, health: &mut Health) {
        if let Some(hint) = &mut failure.hint {
            hint.after = rules::whole_micros(hint.after.min(LONGEST_HINT));
        }
        let Some(index) = self.live.iter().position(|live| live.id == id) else { return };
        let draw = self.rng.f64();
        self.inner += (failure.inner.len() as u32).saturating_sub(1);
        let change = self.change(&self.live[index], &failure);
        let facts = self.facts(&self.live[index], &failure, change.is_some(), draw, health);
        let live = self.live.remove(index);
        let decided = rules::decide(&self.policy, &facts);
        let comes_back = matches!(decided.action, FailureAction::Retry { .. } | FailureAction::Amend(_));
        // beside another attempt there is no waiting for a hint
        if !comes_back || !self.live.is_empty() && failure.hint.is_some() {
            self.learn(&live, &decided);
        }
        let decision = match decided.action {
            FailureAction::Stop => decided,
            _ if self.live.is_empty() => decided,
            _ => Decision { action: FailureAction::Continue, ..decided },
        };
        pay(&decision, failure.kind, health);
        let transitions = self.settle(&live, &failure, &decision, draw, health);
        self.failures.push(EndedAttempt::of(&live, &failure));
        if decision.action == FailureAction::Continue {
            return self.record(&live, failure, &decision, NextStep::Continue, cost, transitions);
        }
        let before = self.events.len();
        let next = self.follow(&live, &decision, change, health);
        let skips = self.events.split_off(before);
        let next_step = match (decision.action, &next) {
            (_, Err(_)) => NextStep::Stop,
            (FailureAction::Next, _) => NextStep::Next,
            (_, Ok(start)) if start.relation == Relation::Repair => NextStep::Repair,
            _ => NextStep::RetrySame,
        };
        self.record(&live, failure, &decision, next_step, cost, transitions);
        self.events.extend(skips);
        match next {
            Ok(start) => self.wait_or_start(start, &decision, health),
            Err(outcome) => {
                self.abort(|_| true, FailureKind::HedgeLost, "the run was stopped", health);
                self.finish(outcome, None);
            }
        }
    }

    /// What follows a decision; an error is the run's end.
    fn follow(
        &mut self,
        live: &LiveAttempt,
        decision: &Decision,
        change: Option<Changes>,
        health: &Health,
    ) -> Result<PlannedStart, Outcome> {
        let track = &mut self.route_states[live.route];
        let (at, relation, changes) = match decision.action {
            FailureAction::Retry { after, pace } => {
                track.retries += 1;
                track.waited += after;
                let changes = Changes { fresh_connection: pace == DelaySource::AtOnce, ..live.changes.clone() };
                let relation = if live.permit == Permit::Forced { Relation::Forced } else { Relation::Retry };
                (self.now + after, relation, changes)
            }
            FailureAction::Amend(_) => {
                let changes = change.unwrap_or_default();
                let repairs = changes.repair_of == Some(live.id);
                track.repaired |= repairs;
                track.plain |= changes.plain_format;
                track.recapped |= changes.max_tokens != live.changes.max_tokens;
                (self.now, if repairs { Relation::Repair } else { Relation::Retry }, changes)
            }
            FailureAction::Next | FailureAction::Continue => return self.choose(Some(live.id), health),
            FailureAction::Stop if decision.rule.domain == FaultDomain::Local => return Err(Outcome::LocalError),
            FailureAction::Stop if self.policy.failover == Failover::Server && decision.rule.then != OnGiveUp::Stop => {
                return Err(Outcome::Exhausted);
            }
            FailureAction::Stop => return Err(Outcome::Rejected),
        };
        Ok(PlannedStart { at, route: live.route, relation, permit: live.permit, after: Some(live.id), changes })
    }

    fn wait_or_start(&mut self, start: PlannedStart, decision: &Decision, health: &mut Health) {
        if start.at <= self.now {
            return self.start_if_still_admitted(start, health);
        }
        let hinted = matches!(decision.action, FailureAction::Retry { pace: DelaySource::Hint, .. });
        self.events.push(Event::Waiting(Waiting {
            model: self.chain[start.route].model.clone(),
            until: start.at.saturating_sub(self.began.unwrap_or_default()),
            delay: start.at.saturating_sub(self.now),
            why: if hinted { "the upstream's hint" } else { "jitter" }.to_owned(),
        }));
        self.pending = Some(start);
    }

    /// Lets go of the live attempts that `which` names, for a reason that is not theirs.
    pub(super) fn abort(
        &mut self,
        which: impl Fn(AttemptId) -> bool,
        kind: FailureKind,
        reason: &str,
        health: &mut Health,
    ) {
        while let Some(index) = self.live.iter().position(|live| which(live.id)) {
            let live = self.live.remove(index);
            let failure = Failure::new(kind, reason);
            let rule = rules::rule(kind);
            let action = if rule.then == OnGiveUp::Continue { FailureAction::Continue } else { FailureAction::Stop };
            let decision = Decision { rule, action, refusal: None };
            let transitions = self.settle(&live, &failure, &decision, 0.0, health);
            self.failures.push(EndedAttempt::of(&live, &failure));
            let next_step = if action == FailureAction::Continue { NextStep::Continue } else { NextStep::Stop };
            self.record(&live, failure, &decision, next_step, Cost::Unknown, transitions);
        }
    }

    /// Writes down how an attempt ended.
    fn record(
        &mut self,
        live: &LiveAttempt,
        failure: Failure,
        decision: &Decision,
        next_step: NextStep,
        cost: Cost,
        transitions: Vec<BreakerTransition>,
    ) {
        let mut why = decision.why(&self.policy, &failure);
        if decision.action == FailureAction::Next && next_step == NextStep::Stop {
            why.push_str(", but none is left");
        }
        if !failure.fallback_models.is_empty() {
            why = format!("{why}; upstream suggests {}", failure.fallback_models.join(", "));
        }
        self.cost = self.cost.plus(cost);
        let model = self.chain[live.route].model.clone();
        self.events.push(Event::Failed(Failed {
            attempt: live.id,
            route: live.route,
            model: model.clone(),
            failure,
            rule: decision.rule.id.to_owned(),
            why,
            next_step,
            domain: decision.rule.domain,
            took: self.now.saturating_sub(live.started),
            cost,
        }));
        self.breakers(transitions);
        if live.first.is_some() {
            self.events.push(Event::Discarded(Discarded { attempt: live.id, model }));
        }
    }

    fn facts(
        &self,
        live: &LiveAttempt,
        failure: &Failure,
        amendable: bool,
        draw: f64,
        health: &Health,
    ) -> AttemptFacts {
        let (route, track) = (&self.chain[live.route], &self.route_states[live.route]);
        let rule = rules::rule(failure.kind);
        let weight = match rule.weight {
            Weight::Of(weight) => weight,
            Weight::Differential => 1.0,
            Weight::Zero | Weight::Hint | Weight::Opens(_) | Weight::Session => 0.0,
        };
        AttemptFacts {
            kind: failure.kind,
            hint: failure.hint,
            retries: track.retries,
            tries: self.tries(live.route),
            attempts: self.attempts + self.inner,
            waited: track.waited,
            left: self.share(live.route),
            budget: health.may_retry(),
            probe: matches!(live.permit, Permit::Probe(_)),
            opens: live.permit == Permit::Free && health.would_open(self.now, rule.domain, weight, route),
            amendable,
            draw,
        }
    }

    /// The changed request with which the same route may pass, if there is one.
    fn change(&self, live: &LiveAttempt, failure: &Failure) -> Option<Changes> {
        let (route, track) = (&self.chain[live.route], &self.route_states[live.route]);
        let cap = live.changes.max_tokens.or(route.max_tokens);
        let recapped = |to: Option<u32>| {
            let to = to.filter(|_| !track.recapped);
            to.map(|to| Changes { max_tokens: Some(to), ..live.changes.clone() })
        };
        let OnRetry::Amend(change) = rules::rule(failure.kind).same else { return None };
        match change {
            RequestChange::Repair if track.repaired => None,
            RequestChange::Repair => Some(Changes { repair_of: Some(live.id), ..live.changes.clone() }),
            RequestChange::Plain if track.plain => None,
            RequestChange::Plain => Some(Changes { plain_format: true, ..live.changes.clone() }),
            RequestChange::FewerTokens => {
                let affordable = failure.affordable_tokens.filter(|&tokens| tokens >= SMALLEST_CAP);
                recapped(affordable.filter(|&tokens| cap.is_none_or(|cap| tokens < cap)))
            }
            RequestChange::MoreTokens => {
                let raised = cap.map_or(u32::MAX, |cap| cap.saturating_mul(RAISE));
                let raised = raised.min(route.max_output.unwrap_or(raised));
                recapped(Some(raised).filter(|&raised| raised != u32::MAX && cap.is_none_or(|cap| raised > cap)))
            }
        }
    }

    /// Gives the route up, and notes what its failure says about those to come.
    fn learn(&mut self, live: &LiveAttempt, decision: &Decision) {
        self.give_up(live.route);
        let route = &self.chain[live.route];
        match decision.rule.then {
            OnGiveUp::OtherOrigin => self.exclusions.origins.push(route.origin.clone()),
            OnGiveUp::OtherClass => {
                self.exclusions.classes.extend(route.class().map(|class| (class, route.origin.clone())));
            }
            OnGiveUp::LargerContext => self.exclusions.context = self.exclusions.context.max(route.context),
            OnGiveUp::LargerOutput => {
                let cap = live.changes.max_tokens.or(route.max_tokens);
                self.exclusions.output = self.exclusions.output.max(cap.or(route.max_output));
                self.exclusions.max_tokens = self.exclusions.max_tokens.max(cap.map(|cap| cap.saturating_mul(RAISE)));
            }
            // of an unknown price only what is free is surely less
            OnGiveUp::Cheaper => {
                let price = route.worst_case.unwrap_or(f64::MIN_POSITIVE);
                self.exclusions.price = Some(self.exclusions.price.map_or(price, |known| known.min(price)));
            }
            OnGiveUp::Stop | OnGiveUp::Next | OnGiveUp::NextIfPolicyAllows | OnGiveUp::Continue => {}
        }
    }

    /// Tells the breakers. A probe that goes on with a changed request keeps its permit, and is judged by the last one.
    fn settle(
        &self,
        live: &LiveAttempt,
        failure: &Failure,
        decision: &Decision,
        draw: f64,
        health: &mut Health,
    ) -> Vec<BreakerTransition> {
        let (route, rule) = (&self.chain[live.route], decision.rule);
        let returns = matches!(decision.action, FailureAction::Retry { .. } | FailureAction::Amend(_));
        let mut transitions = Vec::new();
        // an answer of any kind shows that the origin lives; but a fault of the request moves no breaker
        let tells = matches!(rule.domain, FaultDomain::Model | FaultDomain::Class | FaultDomain::Account);
        if tells && (live.opened || failure.status.is_some()) {
            transitions.extend(health.reached(self.now, route, live.permit));
        }
        if returns && live.permit != Permit::Free {
            return transitions;
        }
        let hint = failure.hint.map(|hint| hint.after).filter(|after| !after.is_zero());
        let cooldown = hint.filter(|_| !returns).map_or(Cooldown::ByWeight, Cooldown::For);
        let charged = match rule.weight {
            Weight::Zero => None,
            Weight::Hint if returns => None,
            Weight::Hint => Some((1.0, cooldown)),
            Weight::Of(weight) => Some((weight, cooldown)),
            Weight::Differential => Some((1.0, Cooldown::ByWeight)),
            Weight::Opens(least) => Some((1.0, Cooldown::For(hint.unwrap_or_default().max(least)))),
            Weight::Session => Some((1.0, Cooldown::Session)),
        };
        if let Some((weight, cooldown)) = charged {
            let charge = Charge { domain: rule.domain, weight, cooldown, permit: live.permit, draw };
            transitions.extend(health.fail(self.now, route, charge, rule.seen));
        }
        if let Permit::Probe(lease) = live.permit {
            transitions.extend(health.release(self.now, route, lease));
        }
        transitions
    }

    /// Why there is no answer: the first root cause.
    pub(super) fn headline(&self, outcome: Outcome) -> String {
        let causes: Vec<&EndedAttempt> = self.failures.iter().filter(|ended| !ended.ours).collect();
        let first = causes.first().map(|ended| ended.line(&self.chain));
        let network = causes.iter().all(|ended| ended.network);
        match (outcome, first) {
            (Outcome::Cancelled, _) => "cancelled".to_owned(),
            (Outcome::LocalError, None) => "the fallback chain is empty: name a model".to_owned(),
            (Outcome::DeadlineExceeded, None) => {
                format!("no answer within the deadline of {}", rules::seconds(self.policy.limits.deadline))
            }
            (Outcome::DeadlineExceeded, Some(first)) => {
                format!("no answer within {}; first {first}", rules::seconds(self.policy.limits.deadline))
            }
            (_, None) => "no route could be tried".to_owned(),
            (_, Some(first)) if causes[0].kind == FailureKind::Dns => format!("you look offline: {first}"),
            (_, Some(first)) if network && causes[0].kind != FailureKind::Tls => format!("network: {first}"),
            (_, Some(first)) => first,
        }
    }
}

/// Retries and timeouts are paid from the retry budget.
fn pay(decision: &Decision, kind: FailureKind, health: &mut Health) {
    use FailureKind::{ConnectTimeout, FirstTokenTimeout, GatewayTimeout, Idle, RequestTimeout};
    if matches!(kind, ConnectTimeout | FirstTokenTimeout | Idle | RequestTimeout | GatewayTimeout) {
        health.spend(2.0);
    }
    if matches!(decision.action, FailureAction::Retry { .. }) {
        health.spend(1.0);
    }
}

impl EndedAttempt {
    fn of(live: &LiveAttempt, failure: &Failure) -> Self {
        let rule = rules::rule(failure.kind);
        let portal = failure.kind == FailureKind::NotAnAnswer
            && failure.status == Some(200)
            && failure.body.as_deref().is_some_and(|body| body.trim_start().starts_with('<'));
        let mut text = match failure.status {
            Some(status) => format!("{status} {}", failure.reason),
            None => failure.reason.clone(),
        };
        if portal {
            text.push_str(" (a captive portal may be in the way)");
        }
        let network = rule.domain == FaultDomain::Origin;
        let ours = matches!(failure.kind, FailureKind::HedgeLost | FailureKind::Cancelled | FailureKind::Deadline);
        Self { id: live.id, route: live.route, kind: failure.kind, network, ours, text }
    }

    pub(super) fn line(&self, chain: &[crate::failover::Route]) -> String {
        format!("{} {}: {}", self.id, chain[self.route].model, self.text)
    }
}
