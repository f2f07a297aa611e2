//! The end of an attempt: what it changes in the breakers, and what is done next.

use super::headline::EndedAttempt;
use super::{Answer, Engine, LiveAttempt, PlannedStart, TOKENS_FACTOR};
use crate::failover::breaker::{Cooldown, Permit};
use crate::failover::health::{BreakerTransition, Charge};
use crate::failover::rules::{self, AttemptFacts, Decision, DelaySource, FailureAction, OnGiveUp, Refusal, Weight};
use crate::failover::{
    Answered, AttemptId, Changes, Cost, Discarded, Event, Failed, Failover, Failure, FailureKind, FaultDomain, Health,
    NextStep, Outcome, Relation, Waiting,
};
use std::time::Duration;

/// A longer hint is cut to this.
const MAX_HINT: Duration = Duration::from_secs(365 * 24 * 3600);

impl Engine {
    /// A valid answer arrived. It ends the run, unless `strict_model` forbids the model that gave it.
    pub(super) fn on_done(&mut self, id: AttemptId, answer: Answer, health: &mut Health) {
        let Some(index) = self.live.iter().position(|live| live.id == id) else { return };
        let route = &self.chain[self.live[index].route];
        if answer.fields.is_empty() {
            return self.on_failed(
                id,
                Failure::new(FailureKind::Empty, "the answer has no fields"),
                answer.cost,
                health,
            );
        }
        if let Some(served) = answer.served.as_deref().filter(|served| self.forbids(self.live[index].route, served)) {
            let reason = format!("{served} answered instead of {}", route.model);
            return self.on_failed(id, Failure::new(FailureKind::WrongModel, reason), answer.cost, health);
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
        self.emit_transitions(transitions);
        self.abort(|_| true, FailureKind::HedgeLost, "lost the hedge race", health);
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

    /// An attempt failed: decide, update the breakers, and act.
    pub(super) fn on_failed(&mut self, id: AttemptId, mut failure: Failure, cost: Cost, health: &mut Health) {
        if let Some(hint) = &mut failure.hint {
            hint.after = rules::whole_micros(hint.after.min(MAX_HINT));
        }
        let Some(index) = self.live.iter().position(|live| live.id == id) else { return };
        let draw = self.rng.f64();
        self.inner_attempts += (failure.inner.len() as u32).saturating_sub(1);
        let change = self.change(&self.live[index], &failure);
        let facts = self.facts(&self.live[index], &failure, change.is_some(), draw, health);
        let live = self.live.remove(index);
        let decided = rules::decide(&self.policy, &facts);
        let same_route = matches!(decided.action, FailureAction::Retry { .. } | FailureAction::Amend(_));
        // While another attempt runs, nothing waits for a hint.
        if !same_route || !self.live.is_empty() && failure.hint.is_some() {
            self.give_up_after(&live, &failure, &decided);
        }
        let decision = match decided.action {
            FailureAction::Stop => decided,
            _ if self.live.is_empty() => decided,
            _ => Decision { action: FailureAction::Continue, ..decided },
        };
        spend_retry_budget(&decision, failure.kind, health);
        let transitions = self.update_breakers(&live, &failure, &decision, draw, health);
        self.failures.push(EndedAttempt::of(&live, &failure));
        if decision.action == FailureAction::Continue {
            return self.emit_failed(&live, failure, &decision, (NextStep::Continue, None), cost, transitions);
        }
        let before = self.events.len();
        let next = self.plan(&live, &decision, change, health);
        let skips = self.events.split_off(before);
        let next_step = match (decision.action, &next) {
            (_, Err(_)) => NextStep::Stop,
            (FailureAction::Next, _) => NextStep::Next,
            (_, Ok(start)) if start.relation == Relation::Repair => NextStep::Repair,
            _ => NextStep::RetrySame,
        };
        self.emit_failed(&live, failure, &decision, (next_step, next.as_ref().err().copied()), cost, transitions);
        self.events.extend(skips);
        match next {
            Ok(start) => self.wait_or_start(start, &decision, health),
            Err(outcome) => {
                self.abort(|_| true, FailureKind::HedgeLost, "the run stopped", health);
                self.finish(outcome, None);
            }
        }
    }

    /// The attempt that a decision asks for. An error is the run's end.
    fn plan(
        &mut self,
        live: &LiveAttempt,
        decision: &Decision,
        change: Option<Changes>,
        health: &Health,
    ) -> Result<PlannedStart, Outcome> {
        let state = &mut self.route_states[live.route];
        let (at, relation, changes) = match decision.action {
            FailureAction::Retry { delay, source } => {
                state.retries += 1;
                state.waited += delay;
                let changes = Changes { fresh_connection: source == DelaySource::AtOnce, ..live.changes.clone() };
                let relation = if live.permit == Permit::Forced { Relation::Forced } else { Relation::Retry };
                (self.now + delay, relation, changes)
            }
            FailureAction::Amend(_) => {
                let changes = change.unwrap_or_default();
                let repairs = changes.repair_of == Some(live.id);
                state.repaired |= repairs;
                state.max_tokens_changed |= changes.max_tokens != live.changes.max_tokens;
                (self.now, if repairs { Relation::Repair } else { Relation::Retry }, changes)
            }
            FailureAction::Next | FailureAction::Continue => return self.choose(Some(live.id), health),
            FailureAction::Stop if decision.refusal == Some(Refusal::PassedOn) => return Err(Outcome::Exhausted),
            FailureAction::Stop if decision.rule.domain == FaultDomain::Local => return Err(Outcome::LocalError),
            FailureAction::Stop if self.policy.failover == Failover::Server && decision.rule.server_moved_on() => {
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
        let hinted = matches!(decision.action, FailureAction::Retry { source: DelaySource::Hint, .. });
        self.events.push(Event::Waiting(Waiting {
            model: self.chain[start.route].model.clone(),
            until: start.at.saturating_sub(self.began.unwrap_or_default()),
            delay: start.at.saturating_sub(self.now),
            why: if hinted { "the server asks for it" } else { "backoff" }.to_owned(),
        }));
        self.pending = Some(start);
    }

    /// Aborts the live attempts that `which` selects. They are not at fault.
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
            let action =
                if rule.on_give_up == OnGiveUp::Continue { FailureAction::Continue } else { FailureAction::Stop };
            let decision = Decision { rule, action, refusal: None };
            let transitions = self.update_breakers(&live, &failure, &decision, 0.0, health);
            self.failures.push(EndedAttempt::of(&live, &failure));
            let next_step = if action == FailureAction::Continue { NextStep::Continue } else { NextStep::Stop };
            self.emit_failed(&live, failure, &decision, (next_step, None), Cost::Unknown, transitions);
        }
    }

    /// Emits the end of an attempt, and what it did to the breakers. The next step comes with the run's outcome, if the
    /// run ends.
    fn emit_failed(
        &mut self,
        live: &LiveAttempt,
        failure: Failure,
        decision: &Decision,
        (next_step, end): (NextStep, Option<Outcome>),
        cost: Cost,
        transitions: Vec<BreakerTransition>,
    ) {
        let mut why = decision.why(&self.policy, &failure, end);
        if !failure.fallback_models.is_empty() {
            why = format!("{why}; the server suggests {}", failure.fallback_models.join(", "));
        }
        // While the same model is asked again, nothing has to be done.
        if let (Some(advice), NextStep::Next | NextStep::Stop) = (&failure.advice, next_step) {
            why = format!("{why}; {advice}");
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
        self.emit_transitions(transitions);
        if live.first_token_at.is_some() {
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
        let (route, state) = (&self.chain[live.route], &self.route_states[live.route]);
        let rule = rules::rule(failure.kind);
        let weight = match rule.weight {
            Weight::Of(weight) => weight,
            Weight::Differential => 1.0,
            Weight::Zero | Weight::Hint | Weight::Opens(_) | Weight::Session => 0.0,
        };
        AttemptFacts {
            kind: failure.kind,
            hint: failure.hint,
            retries: state.retries,
            model_attempts: self.model_attempts(live.route),
            run_attempts: self.attempts + self.inner_attempts,
            waited: state.waited,
            time_left: self.time_share(live.route),
            may_retry: health.may_retry(),
            probe: matches!(live.permit, Permit::Probe(_)),
            opens: live.permit == Permit::Free && health.would_open(self.now, rule.domain, weight, route),
            amendable,
            free_left: self.is_free_left(live.route),
            passed_on: self.policy.final_after_first_token && live.first_token_at.is_some(),
            draw,
        }
    }

    /// Whether a route other than this one may be chosen that needs no credit.
    fn is_free_left(&self, failed: usize) -> bool {
        let free = |route: usize| self.chain[route].is_free() && !self.are_same(route, failed);
        (0..self.chain.len()).any(|route| free(route) && self.is_available(route))
    }

    /// Gives the route up, and excludes those routes after it that would fail in the same way.
    fn give_up_after(&mut self, live: &LiveAttempt, failure: &Failure, decision: &Decision) {
        self.give_up(live.route);
        let route = &self.chain[live.route];
        match decision.rule.on_give_up {
            OnGiveUp::OtherOrigin => self.exclusions.origins.push(route.origin.clone()),
            OnGiveUp::OtherClass => {
                self.exclusions.classes.extend(route.class().map(|class| (class, route.origin.clone())));
            }
            OnGiveUp::LargerContext => self.exclusions.context = self.exclusions.context.max(route.context),
            OnGiveUp::LargerOutput => {
                let cap = live.changes.max_tokens.or(route.max_tokens);
                self.exclusions.output = self.exclusions.output.max(cap.or(route.max_output));
                // A limit that the model refused was too high; only an answer that was cut off needs more.
                if failure.parameter.is_none() {
                    let raised = cap.map(|cap| cap.saturating_mul(TOKENS_FACTOR));
                    self.exclusions.max_tokens = self.exclusions.max_tokens.max(raised);
                }
            }
            // Only a free model is surely cheaper than one of unknown price.
            OnGiveUp::Cheaper => {
                let price = route.worst_case.unwrap_or(f64::MIN_POSITIVE);
                self.exclusions.price = Some(self.exclusions.price.map_or(price, |known| known.min(price)));
            }
            OnGiveUp::Free => self.exclusions.without_credit.push(route.origin.clone()),
            OnGiveUp::Stop | OnGiveUp::Next | OnGiveUp::NextIfPolicyAllows | OnGiveUp::Continue => {}
        }
    }

    /// Updates the breakers. A probe that continues with a changed request keeps its permit until its last request ends.
    fn update_breakers(
        &self,
        live: &LiveAttempt,
        failure: &Failure,
        decision: &Decision,
        draw: f64,
        health: &mut Health,
    ) -> Vec<BreakerTransition> {
        let (route, rule) = (&self.chain[live.route], decision.rule);
        let same_route = matches!(decision.action, FailureAction::Retry { .. } | FailureAction::Amend(_));
        let mut transitions = Vec::new();
        // Any response shows that the origin works. A fault of the request changes no breaker.
        let reached = matches!(rule.domain, FaultDomain::Model | FaultDomain::Class | FaultDomain::Account);
        if reached && (live.opened || failure.status.is_some()) {
            transitions.extend(health.reached(self.now, route, live.permit));
        }
        if same_route && live.permit != Permit::Free {
            return transitions;
        }
        let hint = failure.hint.map(|hint| hint.after).filter(|after| !after.is_zero());
        let cooldown = hint.filter(|_| !same_route).map_or(Cooldown::ByWeight, Cooldown::For);
        let charged = match rule.weight {
            Weight::Zero => None,
            Weight::Hint if same_route => None,
            Weight::Hint => Some((1.0, cooldown)),
            Weight::Of(weight) => Some((weight, cooldown)),
            Weight::Differential => Some((1.0, Cooldown::ByWeight)),
            Weight::Opens(least) => Some((1.0, Cooldown::For(hint.unwrap_or_default().max(least)))),
            Weight::Session => Some((1.0, Cooldown::Session)),
        };
        if let Some((weight, cooldown)) = charged {
            let charge = Charge { domain: rule.domain, weight, cooldown, permit: live.permit, draw };
            transitions.extend(health.fail(self.now, route, charge, rule.cause));
        }
        if let Permit::Probe(lease) = live.permit {
            transitions.extend(health.release(self.now, route, lease));
        }
        transitions
    }
}

/// Takes retries and timeouts from the retry budget.
fn spend_retry_budget(decision: &Decision, kind: FailureKind, health: &mut Health) {
    use FailureKind::{ConnectTimeout, FirstTokenTimeout, GatewayTimeout, Idle, RequestTimeout};
    if matches!(kind, ConnectTimeout | FirstTokenTimeout | Idle | RequestTimeout | GatewayTimeout) {
        health.spend(2.0);
    }
    if matches!(decision.action, FailureAction::Retry { .. }) {
        health.spend(1.0);
    }
}
