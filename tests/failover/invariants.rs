//! Invariants, with the numbers of the specification, in random worlds.

use crate::worlds::{MODELS, World, drawn, ms, origin, signed, world};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use switchover::failover::policy_report::{PolicySimulation, ScriptedAct, TimedEvent};
use switchover::failover::{
    Answer, AttemptId, BreakerState, Cost, Event, Failure, FailureKind, FaultDomain, Finished, Health, Limits,
    NextStep, Outcome, Policy, Relation, Route, Started, TokenPhase,
};

/// The events of one run, with the time since its beginning.
fn of_run(timed: &[TimedEvent], run: usize, begin: Duration) -> Vec<(Duration, &Event)> {
    timed.iter().filter(|s| s.run == run).map(|s| (s.at.saturating_sub(begin), &s.event)).collect()
}

fn started<'a>(events: &'a [(Duration, &Event)]) -> impl Iterator<Item = (Duration, &'a Started)> {
    events.iter().filter_map(|(at, event)| match event {
        Event::Started(started) => Some((*at, started)),
        _ => None,
    })
}

fn finished<'a>(events: &[(Duration, &'a Event)]) -> &'a Finished {
    match events.last() {
        Some((_, Event::Finished(finished))) => finished,
        other => panic!("the last event is {other:?}"),
    }
}

/// 1: every attempt ends once, every run once, nothing after that. 2: one hedge in flight.
fn one_end_each(events: &[(Duration, &Event)]) {
    let (mut live, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for (_, event) in events {
        let end = match event {
            Event::Started(started) => {
                assert!(live.insert(started.attempt) && !ended.contains(&started.attempt), "started twice");
                assert!(live.len() <= 2, "more than one hedge");
                assert!(live.len() == 1 || started.relation == Relation::Hedge, "two attempts without a hedge");
                continue;
            }
            Event::Failed(failed) => failed.attempt,
            Event::Answered(answered) => answered.attempt,
            _ => continue,
        };
        assert!(live.remove(&end) && ended.insert(end), "{end} ended twice, or before it began");
    }
    assert!(live.is_empty(), "{live:?} never ended");
    let terminals = events.iter().filter(|(_, event)| matches!(event, Event::Finished(_))).count();
    assert_eq!(terminals, 1);
    finished(events);
}

/// 2: attempts a model and a run, what the router tried inside included.
fn within_limits(events: &[(Duration, &Event)], limits: &Limits) {
    let mut by_model: BTreeMap<&str, u32> = BTreeMap::new();
    let mut cost = 0;
    for (_, event) in events {
        match event {
            Event::Started(started) => {
                assert!(cost < limits.per_run, "an attempt over the run's limit");
                cost += 1;
                *by_model.entry(&started.model).or_default() += 1;
            }
            Event::Failed(failed) => cost += (failed.failure.inner.len() as u32).saturating_sub(1),
            _ => {}
        }
    }
    assert!(by_model.values().all(|tries| *tries <= limits.per_model), "{by_model:?}");
    assert_eq!(finished(events).attempts, by_model.values().sum::<u32>());
}

/// Each failure names its row and fault domain. Its next step is what happens: nothing starts after a stop, and what
/// starts next follows the failed attempt. Text is discarded if the attempt had sent any.
fn failures_are_explained(events: &[(Duration, &Event)]) {
    let mut first_tokens = BTreeSet::new();
    for (index, (_, event)) in events.iter().enumerate() {
        let failed = match event {
            Event::FirstToken(first) => {
                first_tokens.insert(first.attempt);
                continue;
            }
            Event::Failed(failed) => failed,
            _ => continue,
        };
        let rule = switchover::failover::rules::rule(failed.failure.kind);
        assert_eq!((failed.rule.as_str(), failed.domain), (rule.id, rule.domain));
        let later = &events[index + 1..];
        let next = started(later).next().map(|(_, started)| started);
        let then = later.iter().find_map(|(_, event)| match event {
            Event::Started(_) | Event::Waiting(_) | Event::Finished(_) => Some(event),
            _ => None,
        });
        // Another run may have opened the circuit while this attempt was on; then a probe or another model is next.
        let fits = |relation| match failed.next_step {
            NextStep::RetrySame => relation != Relation::Repair,
            NextStep::Repair => relation != Relation::Retry,
            _ => !matches!(relation, Relation::Retry | Relation::Repair),
        };
        match failed.next_step {
            NextStep::Stop => assert_eq!(next, None, "{failed:?}"),
            NextStep::RetrySame | NextStep::Next | NextStep::Repair => {
                assert!(next.is_none_or(|next| next.after == Some(failed.attempt)), "{failed:?} {next:?}");
                match then {
                    Some(Event::Started(next)) => assert!(fits(next.relation), "{failed:?} {next:?}"),
                    // Until its end a circuit may open, or the run end.
                    Some(Event::Waiting(_)) => {}
                    other => panic!("{failed:?} {other:?}"),
                }
            }
            NextStep::Continue => {}
        }
        let discarded = later.iter().filter(|(_, e)| matches!(e, Event::Discarded(d) if d.attempt == failed.attempt));
        assert_eq!(discarded.count(), usize::from(first_tokens.contains(&failed.attempt)), "{failed:?}");
    }
}

/// 4: nothing later than the deadline, no wait past it, no call before a hint has passed.
fn in_time(events: &[(Duration, &Event)], deadline: Duration) {
    let mut not_before: BTreeMap<&str, Duration> = BTreeMap::new();
    for (at, event) in events {
        assert!(*at <= deadline, "{event:?} after the deadline");
        match event {
            Event::Waiting(wait) => assert!(wait.until < deadline && wait.until == *at + wait.delay),
            Event::Failed(failed) => {
                let hint = failed.failure.hint.map_or(Duration::ZERO, |hint| hint.after);
                let until = not_before.entry(&failed.model).or_default();
                *until = (*until).max(*at + hint);
            }
            Event::Started(started) => {
                let until = not_before.get(started.model.as_str()).copied().unwrap_or_default();
                assert!(*at >= until, "{} was told to wait until {until:?}", started.model);
            }
            _ => {}
        }
    }
    assert!(finished(events).took <= deadline);
}

/// 5 and 6: an answer comes whole from one attempt; the model is that of the winner; an unknown cost makes the sum unknown.
fn answers_are_whole(events: &[(Duration, &Event)], run: usize) {
    let end = finished(events);
    let answers: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Answered(answered) => Some(answered),
            _ => None,
        })
        .collect();
    assert_eq!(answers.len(), usize::from(end.outcome == Outcome::Succeeded));
    if let Some(answer) = answers.first() {
        assert_eq!(end.fields["answer"], signed(run, answer.attempt.number));
        assert_eq!((end.attempt, end.model.as_ref()), (Some(answer.attempt), Some(&answer.model)));
    } else {
        assert!(end.fields.is_empty() && end.model.is_none() && end.headline.is_some());
    }
    let costs = events.iter().filter_map(|(_, event)| match event {
        Event::Failed(failed) => Some(failed.cost),
        Event::Answered(answered) => Some(answered.cost),
        _ => None,
    });
    assert_eq!(end.cost, costs.fold(Cost::NOTHING, Cost::plus));
    let failures = events.iter().filter(|(_, event)| matches!(event, Event::Failed(_))).count();
    assert_eq!(end.failures.len(), failures, "12: the final event lists every failed attempt");
}

/// 7: a request differs from the first only in limit, format, connection and repair, and only for a reason.
fn changes_have_reasons(events: &[(Duration, &Event)]) {
    let mut failed: BTreeMap<AttemptId, FailureKind> = BTreeMap::new();
    for (_, event) in events {
        match event {
            Event::Failed(f) => _ = failed.insert(f.attempt, f.failure.kind),
            Event::Started(started) => {
                let changes = &started.changes;
                let any = |kinds: &[FailureKind]| failed.values().any(|kind| kinds.contains(kind));
                assert!(started.attempt.number > 1 || changes.is_none());
                let refused = [FailureKind::FormatUnsupported, FailureKind::Unsupported, FailureKind::Length];
                assert!(changes.without.is_empty() || any(&refused));
                assert!(!changes.fresh_connection || any(&[FailureKind::Reset]));
                assert!(changes.max_tokens.is_none() || any(&[FailureKind::Length, FailureKind::Unaffordable]));
                assert!(changes.repair_of.is_none_or(|of| failed[&of] == FailureKind::Invalid));
                assert!(started.relation != Relation::Repair || changes.repair_of == started.after);
            }
            _ => {}
        }
    }
}

/// 9: after cancel nothing starts, and the run is over at once.
fn cancel_is_at_once(events: &[(Duration, &Event)], cancel: Option<Duration>) {
    let Some(cancel) = cancel else { return };
    let end = finished(events);
    assert!(end.took <= cancel, "ran on after cancel");
    assert!(end.outcome != Outcome::Cancelled || end.took == cancel);
}

/// 10: a fault of the request changes no breaker; a probe returns its permit.
fn request_faults_change_no_breaker(events: &[(Duration, &Event)]) {
    for pair in events.windows(2) {
        if let [(_, Event::Failed(failed)), (_, Event::Breaker(change))] = pair
            && matches!(failed.domain, FaultDomain::Request | FaultDomain::Local | FaultDomain::None)
        {
            let released = (change.from, change.to) == (BreakerState::Probing, BreakerState::HalfOpen);
            let next_probe = change.to == BreakerState::Probing;
            assert!(released || next_probe, "{failed:?} changed {change:?}");
        }
    }
}

/// 11: every route before the one that served was tried or skipped, in this run.
fn no_route_is_silently_skipped(events: &[(Duration, &Event)], chain: &[Route]) {
    let Some(winner) = events.iter().find_map(|(_, event)| match event {
        Event::Answered(answered) => Some(answered.route),
        _ => None,
    }) else {
        return;
    };
    for route in &chain[..winner] {
        let reported = events.iter().any(|(_, event)| match event {
            Event::Skipped(skipped) => skipped.model == route.model,
            Event::Failed(failed) => failed.model == route.model,
            Event::Answered(answered) => answered.model == route.model,
            _ => false,
        });
        assert!(reported, "{} was skipped without an event", route.model);
    }
}

/// The breakers of a route, by domain and name.
fn breakers_of(route: &Route) -> [(String, String); 4] {
    let class = route.class().unwrap_or_default();
    [("model", &*route.model), ("class", class), ("account", &route.origin), ("origin", &route.origin)]
        .map(|(domain, name)| (domain.to_owned(), name.to_owned()))
}

/// 3: no call passes an open breaker, unless it is forced or has the permit.
fn breakers_are_respected(timed: &[TimedEvent], world: &World) {
    let mut states: BTreeMap<(String, String), BreakerState> = BTreeMap::new();
    let mut holders: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut forced: BTreeSet<(usize, AttemptId)> = BTreeSet::new();
    for (index, TimedEvent { run, event, at }) in timed.iter().enumerate() {
        match event {
            Event::Breaker(change) => {
                let key = (change.scope.domain.to_string(), change.scope.name.to_string());
                if change.to == BreakerState::Probing {
                    assert_eq!(change.from, BreakerState::HalfOpen, "{at:?}: a probe without a permit");
                    holders.insert(key.clone(), *run);
                }
                states.insert(key, change.to);
            }
            Event::Started(started) => {
                let follows = started.after.is_some_and(|after| forced.contains(&(*run, after)));
                let amends = matches!(started.relation, Relation::Retry | Relation::Repair);
                if started.relation == Relation::Forced || follows && amends {
                    forced.insert((*run, started.attempt));
                    continue;
                }
                let keys = breakers_of(&world.chain[started.route]);
                for key in keys {
                    match states.get(&key) {
                        None | Some(BreakerState::Closed { .. }) => {}
                        Some(BreakerState::Probing) => assert_eq!(holders[&key], *run, "another run's permit"),
                        Some(state) => panic!("{at:?}: {started:?} past {key:?} {state:?}"),
                    }
                }
                let later = timed[index + 1..].iter().filter(|later| later.run == *run);
                let is_open = |key: (String, String)| {
                    states.get(&key).is_some_and(|state| !matches!(state, BreakerState::Closed { .. }))
                };
                let barred = |model: &String| {
                    world.chain.iter().filter(|route| route.model == *model).flat_map(breakers_of).any(is_open)
                };
                let another = later
                    .filter_map(|later| match &later.event {
                        Event::Started(next) if next.relation != Relation::Forced => Some(&next.model),
                        _ => None,
                    })
                    .any(|model| *model != started.model && !barred(model));
                let brief = started.timeouts.first_token <= Duration::from_secs(5);
                assert!(
                    started.relation != Relation::Probe || brief || !another,
                    "a probe may take five seconds, unless no other route is left"
                );
            }
            _ => {}
        }
    }
}

/// 3: permits are never lost.
fn every_permit_is_returned(simulation: &PolicySimulation, timed: &[TimedEvent]) {
    let end = timed.last().map_or(Duration::ZERO, |last| last.at);
    for (scope, state) in simulation.health.breakers(end) {
        assert_ne!(state, BreakerState::Probing, "the permit of {scope:?} was not returned");
    }
}

proptest! {
    #![proptest_config(drawn(800))]

    #[test]
    fn the_invariants_hold_in_random_worlds(world in world()) {
        let (timed, simulation) = world.play();
        for (run, (begin, cancel)) in world.runs.iter().enumerate() {
            let events = of_run(&timed, run, *begin);
            one_end_each(&events);
            within_limits(&events, &world.policy.limits);
            in_time(&events, world.policy.limits.deadline);
            answers_are_whole(&events, run);
            changes_have_reasons(&events);
            failures_are_explained(&events);
            cancel_is_at_once(&events, *cancel);
            request_faults_change_no_breaker(&events);
            no_route_is_silently_skipped(&events, &world.chain);
        }
        breakers_are_respected(&timed, &world);
        every_permit_is_returned(&simulation, &timed);
        // 13: the same seed, script and configuration give the same bytes
        let lines = |timed: &[TimedEvent]| timed.iter().map(|s| serde_json::to_string(&s.event).unwrap()).collect::<Vec<_>>();
        let (again, health) = world.play();
        prop_assert_eq!(lines(&timed), lines(&again));
        prop_assert_eq!(&simulation.health, &health.health);
        let kept: Health = serde_json::from_str(&serde_json::to_string(&simulation.health).unwrap()).unwrap();
        prop_assert_eq!(kept, health.health);
    }

    // 12: if some route would succeed within the limits, the run does
    #[test]
    fn a_route_that_would_succeed_is_found(
        fates in prop::collection::vec(fate(), MODELS.len()),
        begins in prop::collection::vec(ms(0..120_000), 1..8),
        seed in any::<u64>(),
    ) {
        let chain: Vec<Route> = MODELS.iter().map(|model| Route::new(*model, origin(model))).collect();
        let limits = Limits { per_run: 30, deadline: Duration::from_secs(1000), ..Limits::default() };
        let mut simulation = PolicySimulation::default();
        for (index, begin) in begins.iter().enumerate() {
            let policy = Policy { limits, seed: seed.wrapping_add(index as u64), ..Policy::default() };
            simulation.add_run(policy, chain.clone(), *begin, None);
        }
        let timed = simulation.play(|_, _, started| vec![(Duration::from_millis(100), fates[started.route].clone())]);
        let good = fates.iter().any(|fate| matches!(fate, ScriptedAct::Done(_)));
        for (run, begin) in begins.iter().enumerate() {
            let events = of_run(&timed, run, *begin);
            let end = finished(&events);
            prop_assert_eq!(end.outcome, if good { Outcome::Succeeded } else { Outcome::Exhausted });
            let tried: BTreeSet<_> = started(&events).map(|(_, started)| started.route).collect();
            prop_assert!(good || tried.len() == chain.len(), "not all were tried: {tried:?}");
        }
    }

    // 15: a primary that is healthy from T on serves the first run after T + 30 s
    #[test]
    fn the_primary_comes_back(
        kind in prop::sample::select(vec![
            FailureKind::ServerError, FailureKind::GatewayTimeout, FailureKind::Truncated, FailureKind::Refused, FailureKind::Reset, FailureKind::Empty,
            FailureKind::RateLimited, FailureKind::ClassLimited, FailureKind::MidStream, FailureKind::Invalid, FailureKind::AccountLimited,
        ]),
        others_fail in any::<bool>(),
        begins in prop::collection::vec(ms(0..200_000), 0..30),
        healthy_from in ms(0..200_000),
        seed in any::<u64>(),
    ) {
        let mut simulation = PolicySimulation::default();
        let chain: Vec<Route> = MODELS[2..].iter().map(|model| Route::new(*model, origin(model))).collect();
        let last = healthy_from + Duration::from_secs(30);
        let before = begins.into_iter().filter(|begin| *begin + Duration::from_secs(5) < last);
        for (index, begin) in before.chain([last]).enumerate() {
            let policy = Policy { seed: seed.wrapping_add(index as u64), ..Policy::default() };
            simulation.add_run(policy, chain.clone(), begin, None);
        }
        let timed = simulation.play(|now, _, started| {
            let fails = now < healthy_from && (started.route == 0 || others_fail);
            vec![(Duration::from_millis(10), if fails { failing(kind) } else { answer() })]
        });
        let (first, served) = timed
            .iter()
            .filter(|timed| timed.at >= last)
            .find_map(|timed| match &timed.event {
                Event::Started(started) => Some((started.route, started.relation)),
                _ => None,
            })
            .expect("the last run starts something");
        prop_assert_eq!(first, 0, "{:?}", served);
        prop_assert_ne!(served, Relation::Forced);
    }
}

fn failing(kind: FailureKind) -> ScriptedAct {
    ScriptedAct::Fail(Failure::new(kind, "as drawn"), Cost::NOTHING)
}

fn answer() -> ScriptedAct {
    let fields = std::sync::Arc::new([("answer".to_owned(), "42".into())].into_iter().collect());
    ScriptedAct::Done(Answer { fields, served: None, cost: Cost::NOTHING, warnings: Vec::new() })
}

/// What a model always does: answer, or fail in a way that does not affect the others.
fn fate() -> impl Strategy<Value = ScriptedAct> {
    let kinds = vec![
        FailureKind::Refused,
        FailureKind::Reset,
        FailureKind::ConnectTimeout,
        FailureKind::FormatUnsupported,
        FailureKind::ContextLength,
        FailureKind::Forbidden,
        FailureKind::ModelGone,
        FailureKind::RequestTimeout,
        FailureKind::Conflict,
        FailureKind::RateLimited,
        FailureKind::ServerError,
        FailureKind::GatewayTimeout,
        FailureKind::NotAnAnswer,
        FailureKind::MidStream,
        FailureKind::Truncated,
        FailureKind::BadEvents,
        FailureKind::TooLarge,
        FailureKind::Empty,
        FailureKind::Length,
        FailureKind::CutOff,
        FailureKind::Invalid,
    ];
    prop_oneof![1 => Just(answer()), 3 => prop::sample::select(kinds).prop_map(failing)]
}

#[test]
fn reasoning_and_answer_tokens_are_both_progress() {
    let mut simulation = PolicySimulation::default();
    simulation.add_run(Policy::default(), vec![Route::new("a", "o")], Duration::ZERO, None);
    let at = Duration::from_secs;
    let timed = simulation.play(|_, _, _| vec![(at(9), ScriptedAct::Token(TokenPhase::Reasoning)), (at(38), answer())]);
    assert!(matches!(&timed.last().unwrap().event, Event::Finished(f) if f.outcome == Outcome::Succeeded));
}
