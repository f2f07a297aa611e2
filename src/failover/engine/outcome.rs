//! How attempts end: what that does to the breakers, and what is done next.

use super::{Answer, Ended, Engine, Lane, Start};
use crate::failover::breaker::{Hold, Pass};
use crate::failover::health::{Charge, Moved};
use crate::failover::rules::{self, Action, Amendment, Moment, Pace, Same, Then, Verdict, Weight};
use crate::failover::{
    Answered, AttemptId, Blame, Changes, Decision, Event, Failed, Failure, Health, Kind, Outcome, Relation, Spent,
    Superseded, Waiting,
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
        let Some(index) = self.lanes.iter().position(|lane| lane.id == id) else { return };
        let route = &self.chain[self.lanes[index].route];
        if answer.fields.is_empty() {
            return self.failed(id, Failure::new(Kind::Empty, "an answer without fields"), answer.cost, health);
        }
        if let Some(served) = answer.served.as_deref().filter(|served| self.forbids(self.lanes[index].route, served)) {
            let reason = format!("{served} answered for {}", route.model);
            return self.failed(id, Failure::new(Kind::WrongModel, reason), answer.cost, health);
        }
        let draw = self.rng.f64();
        let lane = self.lanes.remove(index);
        let route = self.chain[lane.route].clone();
        let moved = health.succeed(self.now, &route, lane.pass, draw);
        self.spent = self.spent.plus(answer.cost);
        self.events.push(Event::Answered(Answered {
            attempt: id,
            route: lane.route,
            model: route.model,
            served: answer.served,
            took: self.now.saturating_sub(lane.started),
            cost: answer.cost,
            warnings: answer.warnings,
        }));
        self.breakers(moved);
        self.abort(|_| true, Kind::HedgeLost, "another attempt was first", health);
        self.finish(Outcome::Succeeded, Some((id, lane.route, answer.fields)));
    }

    /// Whether `strict_model` refuses an answer from `served`.
    fn forbids(&self, route: usize, served: &str) -> bool {
        let allowed = if self.policy.server_side { &self.chain[route..] } else { &self.chain[route..=route] };
        self.policy.strict_model && !allowed.iter().any(|route| route.is_served_as(served))
    }

    /// An attempt failed: decide, tell the breakers, go on.
    pub(super) fn failed(&mut self, id: AttemptId, mut failure: Failure, spent: Spent, health: &mut Health) {
        if let Some(hint) = &mut failure.hint {
            hint.after = rules::whole_micros(hint.after.min(LONGEST_HINT));
        }
        let Some(index) = self.lanes.iter().position(|lane| lane.id == id) else { return };
        let draw = self.rng.f64();
        self.inner += (failure.inner.len() as u32).saturating_sub(1);
        let amendment = self.amendment(&self.lanes[index], &failure);
        let moment = self.moment(&self.lanes[index], &failure, amendment.is_some(), draw, health);
        let lane = self.lanes.remove(index);
        let decided = rules::decide(&self.policy, &moment);
        let comes_back = matches!(decided.action, Action::Retry { .. } | Action::Amend(_));
        // beside another attempt there is no waiting for a hint
        if !comes_back || !self.lanes.is_empty() && failure.hint.is_some() {
            self.learn(&lane, &decided);
        }
        let verdict = match decided.action {
            Action::Stop => decided,
            _ if self.lanes.is_empty() => decided,
            _ => Verdict { action: Action::Continue, ..decided },
        };
        pay(&verdict, failure.kind, health);
        let moved = self.settle(&lane, &failure, &verdict, draw, health);
        self.failures.push(Ended::of(&lane, &failure));
        if verdict.action == Action::Continue {
            return self.record(&lane, failure, &verdict, Decision::Continue, spent, moved);
        }
        let before = self.events.len();
        let next = self.follow(&lane, &verdict, amendment, health);
        let skips = self.events.split_off(before);
        let decision = match (verdict.action, &next) {
            (_, Err(_)) => Decision::Stop,
            (Action::Next, _) => Decision::Next,
            (_, Ok(start)) if start.relation == Relation::Repair => Decision::Repair,
            _ => Decision::RetrySame,
        };
        self.record(&lane, failure, &verdict, decision, spent, moved);
        self.events.extend(skips);
        match next {
            Ok(start) => self.wait_or_start(start, &verdict, health),
            Err(outcome) => {
                self.abort(|_| true, Kind::HedgeLost, "the run was stopped", health);
                self.finish(outcome, None);
            }
        }
    }

    /// What follows a decision; an error is the run's end.
    fn follow(
        &mut self,
        lane: &Lane,
        verdict: &Verdict,
        amendment: Option<Changes>,
        health: &Health,
    ) -> Result<Start, Outcome> {
        let track = &mut self.tracks[lane.route];
        let (at, relation, changes) = match verdict.action {
            Action::Retry { after, pace } => {
                track.retries += 1;
                track.waited += after;
                let changes = Changes { fresh_connection: pace == Pace::AtOnce, ..lane.changes.clone() };
                let relation = if lane.pass == Pass::Forced { Relation::Forced } else { Relation::Retry };
                (self.now + after, relation, changes)
            }
            Action::Amend(_) => {
                let changes = amendment.unwrap_or_default();
                let repairs = changes.repair_of == Some(lane.id);
                track.repaired |= repairs;
                track.plain |= changes.plain_format;
                track.recapped |= changes.max_tokens != lane.changes.max_tokens;
                (self.now, if repairs { Relation::Repair } else { Relation::Retry }, changes)
            }
            Action::Next | Action::Continue => return self.choose(Some(lane.id), health),
            Action::Stop if verdict.row.blame == Blame::Local => return Err(Outcome::LocalError),
            Action::Stop if self.policy.server_side && verdict.row.then != Then::Stop => {
                return Err(Outcome::Exhausted);
            }
            Action::Stop => return Err(Outcome::Rejected),
        };
        Ok(Start { at, route: lane.route, relation, pass: lane.pass, after: Some(lane.id), changes })
    }

    fn wait_or_start(&mut self, start: Start, verdict: &Verdict, health: &mut Health) {
        if start.at <= self.now {
            return self.start_if_still_admitted(start, health);
        }
        let hinted = matches!(verdict.action, Action::Retry { pace: Pace::Hint, .. });
        self.events.push(Event::Waiting(Waiting {
            model: self.chain[start.route].model.clone(),
            until: start.at.saturating_sub(self.began.unwrap_or_default()),
            delay: start.at.saturating_sub(self.now),
            why: if hinted { "the upstream's hint" } else { "jitter" }.to_owned(),
        }));
        self.pending = Some(start);
    }

    /// Lets go of the live attempts that `which` names, for a reason that is not theirs.
    pub(super) fn abort(&mut self, which: impl Fn(AttemptId) -> bool, kind: Kind, reason: &str, health: &mut Health) {
        while let Some(index) = self.lanes.iter().position(|lane| which(lane.id)) {
            let lane = self.lanes.remove(index);
            let failure = Failure::new(kind, reason);
            let row = rules::row(kind);
            let action = if row.then == Then::Continue { Action::Continue } else { Action::Stop };
            let verdict = Verdict { row, action, refusal: None };
            let moved = self.settle(&lane, &failure, &verdict, 0.0, health);
            self.failures.push(Ended::of(&lane, &failure));
            let decision = if action == Action::Continue { Decision::Continue } else { Decision::Stop };
            self.record(&lane, failure, &verdict, decision, Spent::Unknown, moved);
        }
    }

    /// Writes down how an attempt ended.
    fn record(
        &mut self,
        lane: &Lane,
        failure: Failure,
        verdict: &Verdict,
        decision: Decision,
        cost: Spent,
        moved: Vec<Moved>,
    ) {
        let mut why = verdict.why(&self.policy, &failure);
        if verdict.action == Action::Next && decision == Decision::Stop {
            why.push_str(", but none is left");
        }
        if !failure.fallback_models.is_empty() {
            why = format!("{why}; upstream suggests {}", failure.fallback_models.join(", "));
        }
        self.spent = self.spent.plus(cost);
        let model = self.chain[lane.route].model.clone();
        self.events.push(Event::Failed(Failed {
            attempt: lane.id,
            route: lane.route,
            model: model.clone(),
            failure,
            rule: verdict.row.id.to_owned(),
            why,
            decision,
            blame: verdict.row.blame,
            took: self.now.saturating_sub(lane.started),
            cost,
        }));
        self.breakers(moved);
        if lane.first.is_some() {
            self.events.push(Event::Superseded(Superseded { attempt: lane.id, model }));
        }
    }

    fn moment(&self, lane: &Lane, failure: &Failure, amendable: bool, draw: f64, health: &Health) -> Moment {
        let (route, track) = (&self.chain[lane.route], &self.tracks[lane.route]);
        let row = rules::row(failure.kind);
        let weight = match row.weight {
            Weight::Of(weight) => weight,
            Weight::Differential => 1.0,
            Weight::Zero | Weight::Hint | Weight::Opens(_) | Weight::Session => 0.0,
        };
        Moment {
            kind: failure.kind,
            hint: failure.hint,
            retries: track.retries,
            tries: self.tries(lane.route),
            attempts: self.attempts + self.inner,
            waited: track.waited,
            left: self.share(lane.route),
            budget: health.may_retry(),
            probe: matches!(lane.pass, Pass::Probe(_)),
            opens: lane.pass == Pass::Free && health.would_open(self.now, row.blame, weight, route),
            amendable,
            draw,
        }
    }

    /// The changed request with which the same route may pass, if there is one.
    fn amendment(&self, lane: &Lane, failure: &Failure) -> Option<Changes> {
        let (route, track) = (&self.chain[lane.route], &self.tracks[lane.route]);
        let cap = lane.changes.max_tokens.or(route.max_tokens);
        let recapped = |to: Option<u32>| {
            let to = to.filter(|_| !track.recapped);
            to.map(|to| Changes { max_tokens: Some(to), ..lane.changes.clone() })
        };
        let Same::Amend(amendment) = rules::row(failure.kind).same else { return None };
        match amendment {
            Amendment::Repair if track.repaired => None,
            Amendment::Repair => Some(Changes { repair_of: Some(lane.id), ..lane.changes.clone() }),
            Amendment::Plain if track.plain => None,
            Amendment::Plain => Some(Changes { plain_format: true, ..lane.changes.clone() }),
            Amendment::FewerTokens => {
                let affordable = failure.affordable_tokens.filter(|&tokens| tokens >= SMALLEST_CAP);
                recapped(affordable.filter(|&tokens| cap.is_none_or(|cap| tokens < cap)))
            }
            Amendment::MoreTokens => {
                let raised = cap.map_or(u32::MAX, |cap| cap.saturating_mul(RAISE));
                let raised = raised.min(route.max_output.unwrap_or(raised));
                recapped(Some(raised).filter(|&raised| raised != u32::MAX && cap.is_none_or(|cap| raised > cap)))
            }
        }
    }

    /// Gives the route up, and notes what its failure says about those to come.
    fn learn(&mut self, lane: &Lane, verdict: &Verdict) {
        self.give_up(lane.route);
        let route = &self.chain[lane.route];
        match verdict.row.then {
            Then::OtherOrigin => self.bars.origins.push(route.origin.clone()),
            Then::OtherClass => self.bars.classes.extend(route.class().map(|class| (class, route.origin.clone()))),
            Then::LargerContext => self.bars.context = self.bars.context.max(route.context),
            Then::LargerOutput => {
                let cap = lane.changes.max_tokens.or(route.max_tokens);
                self.bars.output = self.bars.output.max(cap.or(route.max_output));
                self.bars.max_tokens = self.bars.max_tokens.max(cap.map(|cap| cap.saturating_mul(RAISE)));
            }
            // of an unknown price only what is free is surely less
            Then::Cheaper => {
                let price = route.worst_case.unwrap_or(f64::MIN_POSITIVE);
                self.bars.price = Some(self.bars.price.map_or(price, |known| known.min(price)));
            }
            Then::Stop | Then::Next | Then::NextIfPolicyAllows | Then::Continue => {}
        }
    }

    /// Tells the breakers. A probe that goes on with a changed request keeps its permit, and is judged by the last one.
    fn settle(&self, lane: &Lane, failure: &Failure, verdict: &Verdict, draw: f64, health: &mut Health) -> Vec<Moved> {
        let (route, row) = (&self.chain[lane.route], verdict.row);
        let returns = matches!(verdict.action, Action::Retry { .. } | Action::Amend(_));
        let mut moved = Vec::new();
        // an answer of any kind shows that the origin lives; but a fault of the request moves no breaker
        let tells = matches!(row.blame, Blame::Model | Blame::Class | Blame::Account);
        if tells && (lane.opened || failure.status.is_some()) {
            moved.extend(health.reached(self.now, route, lane.pass));
        }
        if returns && lane.pass != Pass::Free {
            return moved;
        }
        let hint = failure.hint.map(|hint| hint.after).filter(|after| !after.is_zero());
        let hold = hint.filter(|_| !returns).map_or(Hold::ByWeight, Hold::For);
        let charged = match row.weight {
            Weight::Zero => None,
            Weight::Hint if returns => None,
            Weight::Hint => Some((1.0, hold)),
            Weight::Of(weight) => Some((weight, hold)),
            Weight::Differential => Some((1.0, Hold::ByWeight)),
            Weight::Opens(least) => Some((1.0, Hold::For(hint.unwrap_or_default().max(least)))),
            Weight::Session => Some((1.0, Hold::Session)),
        };
        if let Some((weight, hold)) = charged {
            let charge = Charge { blame: row.blame, kind: failure.kind, weight, hold, pass: lane.pass, draw };
            moved.extend(health.fail(self.now, route, charge, row.seen));
        }
        if let Pass::Probe(lease) = lane.pass {
            moved.extend(health.release(self.now, route, lease));
        }
        moved
    }

    /// Why there is no answer: the first root cause.
    pub(super) fn headline(&self, outcome: Outcome) -> String {
        let causes: Vec<&Ended> = self.failures.iter().filter(|ended| !ended.ours).collect();
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
            (_, Some(first)) if causes[0].kind == Kind::Dns => format!("you look offline: {first}"),
            (_, Some(first)) if network && causes[0].kind != Kind::Tls => format!("network: {first}"),
            (_, Some(first)) => first,
        }
    }
}

/// Retries and timeouts are paid from the retry budget.
fn pay(verdict: &Verdict, kind: Kind, health: &mut Health) {
    use Kind::{ConnectTimeout, FirstTokenTimeout, GatewayTimeout, Idle, RequestTimeout};
    if matches!(kind, ConnectTimeout | FirstTokenTimeout | Idle | RequestTimeout | GatewayTimeout) {
        health.spend(2.0);
    }
    if matches!(verdict.action, Action::Retry { .. }) {
        health.spend(1.0);
    }
}

impl Ended {
    fn of(lane: &Lane, failure: &Failure) -> Self {
        let row = rules::row(failure.kind);
        let portal = failure.kind == Kind::NotAnAnswer
            && failure.status == Some(200)
            && failure.body.as_deref().is_some_and(|body| body.trim_start().starts_with('<'));
        let mut text = match failure.status {
            Some(status) => format!("{status} {}", failure.reason),
            None => failure.reason.clone(),
        };
        if portal {
            text.push_str(" (a captive portal may be in the way)");
        }
        let network = row.blame == Blame::Origin;
        let ours = matches!(failure.kind, Kind::HedgeLost | Kind::Cancelled | Kind::Deadline);
        Self { id: lane.id, route: lane.route, kind: failure.kind, network, ours, text }
    }

    pub(super) fn line(&self, chain: &[crate::failover::Route]) -> String {
        format!("{} {}: {}", self.id, chain[self.route].model, self.text)
    }
}
