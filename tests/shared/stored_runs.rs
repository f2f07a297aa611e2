//! The invariants that every stored run keeps, checked on its reports. The tests and the soak benchmark share it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use switchover::failover::{AttemptId, BreakerState, Cost, Event, FaultDomain, Finished, Outcome, Relation, Started};
use switchover::openrouter::Request;
use switchover::report::{Observation, Report, ReportKind};
use switchover::spec::RunSpec;

/// What the last event may be later than the deadline, and reports than what they report.
const SLACK: Duration = Duration::from_millis(100);

/// Checks a run of one call. `secret` may be nowhere in it. Returns how it ended.
///
/// # Errors
/// The number of the broken invariant, and what breaks it.
pub(crate) fn check(run: &[Report], secret: &str) -> Result<Outcome, String> {
    let Some(ReportKind::Observation(Observation::Begun(spec))) = run.first().map(|report| &report.what) else {
        return Err("1: it has no beginning".into());
    };
    let events: Vec<(Duration, &Event)> = run
        .iter()
        .filter_map(|report| match &report.what {
            ReportKind::Engine(event) => Some((report.at, event)),
            ReportKind::Observation(_) => None,
        })
        .collect();
    let end = one_end_each(&events)?;
    within_limits(&events, spec, end)?;
    answer_is_whole(&events, spec, end)?;
    requests_are_alike(run)?;
    breakers_are_respected(&events)?;
    routes_are_explained(&events, spec, end)?;
    let key = secret.as_bytes();
    for report in run {
        let line = report.line();
        let shows = |part: &[u8]| memchr::memmem::find(line.as_bytes(), part).is_some();
        ensure(!key.windows(8).any(shows), "8: a line shows a part of the key")?;
    }
    let again = switchover::history::redecide(run).ok_or("13: it cannot be decided again")?;
    ensure(again.differences.is_empty(), format!("13: {:?}", again.differences))?;
    Ok(end.outcome)
}

fn ensure(holds: bool, broken: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(broken.into()) }
}

fn started<'a>(events: &'a [(Duration, &Event)]) -> impl Iterator<Item = (Duration, &'a Started)> {
    events.iter().filter_map(|(at, event)| match event {
        Event::Started(started) => Some((*at, started)),
        _ => None,
    })
}

/// 1: every attempt ends once, the run once, and nothing follows; 9: so nothing follows a cancellation. 16: time does not
/// run backwards.
fn one_end_each<'a>(events: &[(Duration, &'a Event)]) -> Result<&'a Finished, String> {
    let (mut live, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for (_, event) in events {
        let end = match event {
            Event::Started(started) => {
                ensure(live.insert(started.attempt), format!("1: {} starts twice", started.attempt))?;
                continue;
            }
            Event::Failed(failed) => failed.attempt,
            Event::Answered(answered) => answered.attempt,
            _ => continue,
        };
        ensure(live.remove(&end) && ended.insert(end), format!("1: {end} ends twice, or before it began"))?;
    }
    ensure(live.is_empty(), format!("1: {live:?} never end"))?;
    let ends = events.iter().filter(|(_, event)| matches!(event, Event::Finished(_))).count();
    ensure(ends == 1, format!("1: {ends} final events"))?;
    let in_order = events.windows(2).all(|pair| pair[0].0 <= pair[1].0 || matches!(pair[1].1, Event::Finished(_)));
    ensure(in_order, "16: time runs backwards")?;
    match events.last() {
        Some((_, Event::Finished(end))) => Ok(end),
        other => Err(format!("1: the last event is {other:?}")),
    }
}

/// 2: attempts of a model and of the run. 4: the deadline, and the server's hints.
fn within_limits(events: &[(Duration, &Event)], spec: &RunSpec, end: &Finished) -> Result<(), String> {
    let limits = &spec.policy.limits;
    let mut by_model: BTreeMap<&str, u32> = BTreeMap::new();
    let mut not_before: BTreeMap<&str, Duration> = BTreeMap::new();
    for (at, event) in events {
        match event {
            Event::Started(started) => {
                *by_model.entry(&started.model).or_default() += 1;
                let until = not_before.get(started.model.as_str()).copied().unwrap_or_default();
                ensure(*at >= until, format!("4: {} starts before its hint has passed", started.attempt))?;
            }
            Event::Failed(failed) => {
                let hint = failed.failure.hint.map_or(Duration::ZERO, |hint| hint.after);
                not_before.insert(&failed.model, at.saturating_add(hint));
            }
            _ => {}
        }
    }
    let all: u32 = by_model.values().sum();
    ensure(by_model.values().all(|tries| *tries <= limits.per_model), format!("2: {by_model:?}"))?;
    ensure(all <= limits.per_run && all == end.attempts, format!("2: {all} attempts, {} said", end.attempts))?;
    ensure(end.took <= limits.deadline + SLACK, format!("4: it took {:?}", end.took))
}

/// 5: an answer has all its fields, from one attempt. 6: its model is the winner's, its cost that of all attempts.
fn answer_is_whole(events: &[(Duration, &Event)], spec: &RunSpec, end: &Finished) -> Result<(), String> {
    let answers: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| if let Event::Answered(answered) = event { Some(answered) } else { None })
        .collect();
    ensure(answers.len() == usize::from(end.outcome == Outcome::Succeeded), format!("5: {} answers", answers.len()))?;
    if let Some(answer) = answers.first() {
        ensure(!end.fields.is_empty(), "5: an answer without fields")?;
        let outputs = spec.task.signature().map(|task| task.expanded().outputs).unwrap_or_default();
        let missing = outputs.into_iter().find(|output| !end.fields.contains_key(&output.name));
        ensure(missing.is_none(), format!("5: no {missing:?}"))?;
        ensure((end.attempt, end.model.as_ref()) == (Some(answer.attempt), Some(&answer.model)), "6: another winner")?;
    } else {
        ensure(end.fields.is_empty() && end.headline.is_some(), "5: fields without an answer, or no reason")?;
    }
    let costs = events.iter().filter_map(|(_, event)| match event {
        Event::Failed(failed) => Some(failed.cost),
        Event::Answered(answered) => Some(answered.cost),
        _ => None,
    });
    let sum = costs.fold(Cost::NOTHING, Cost::plus);
    let same = match (sum, end.cost) {
        (Cost::Known(a), Cost::Known(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    };
    ensure(same, format!("6: {sum:?} is not {:?}", end.cost))?;
    let failures = events.iter().filter(|(_, event)| matches!(event, Event::Failed(_))).count();
    ensure(end.failures.len() == failures, "12: the final event does not list every failed attempt")
}

/// 7: all requests have the same headers, and the same body but for what an attempt changes.
fn requests_are_alike(run: &[Report]) -> Result<(), String> {
    let mut changed: BTreeMap<AttemptId, bool> = BTreeMap::new();
    let mut first: Option<&Request> = None;
    for report in run {
        match &report.what {
            ReportKind::Engine(Event::Started(s)) => _ = changed.insert(s.attempt, !s.changes.is_none()),
            ReportKind::Observation(Observation::Sent(sent)) => {
                let Some(first) = first else {
                    first = Some(&sent.request);
                    continue;
                };
                let (first_headers, headers) = (headers(first), headers(&sent.request));
                let other = format!("7: {} has other headers: {headers:?}, not {first_headers:?}", sent.attempt);
                ensure(first_headers == headers, other)?;
                let body = |request: &Request| {
                    let mut body = request.body.clone();
                    body.as_object_mut().map(|body| body.shift_remove("model"));
                    body
                };
                let same = changed.get(&sent.attempt) == Some(&true) || body(first) == body(&sent.request);
                ensure(same, format!("7: {} has another body", sent.attempt))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The headers but those that follow from the body and the address.
fn headers(request: &Request) -> Vec<(&str, &str)> {
    let all = request.headers.iter().map(|header| (header.name(), header.value()));
    all.filter(|(name, _)| !["content-length", "host"].iter().any(|own| name.eq_ignore_ascii_case(own))).collect()
}

/// 3: after a breaker has opened, its model is asked as a probe or because all are open. 10: a fault of the request
/// changes no breaker.
fn breakers_are_respected(events: &[(Duration, &Event)]) -> Result<(), String> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for pair in events.windows(2) {
        if let [(_, Event::Failed(failed)), (_, Event::Breaker(change))] = pair
            && matches!(failed.domain, FaultDomain::Request | FaultDomain::Local | FaultDomain::None)
        {
            let released = (change.from, change.to) == (BreakerState::Probing, BreakerState::HalfOpen);
            ensure(released || change.to == BreakerState::Probing, format!("10: {failed:?} changes {change:?}"))?;
        }
    }
    for (_, event) in events {
        match event {
            // Other runs have changed breakers meanwhile; that a circuit is open is not known from this run alone.
            Event::Health(_) => open.clear(),
            Event::Breaker(change) if change.scope.domain == FaultDomain::Model => {
                match change.to {
                    BreakerState::Open { .. } => open.insert(&change.scope.name),
                    _ => open.remove(&*change.scope.name),
                };
            }
            Event::Started(started) => {
                let may = matches!(started.relation, Relation::Probe | Relation::Forced);
                ensure(may || !open.contains(started.model.as_str()), format!("3: {started:?} past an open breaker"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// 11 and 15: the first attempt goes to the first route that is not skipped, and every route before the one that
/// answered was skipped or failed. 12: without an answer, that is true of every route.
fn routes_are_explained(events: &[(Duration, &Event)], spec: &RunSpec, end: &Finished) -> Result<(), String> {
    let explained = |route: &usize| {
        events.iter().any(|(_, event)| match event {
            Event::Skipped(skipped) => skipped.route == *route,
            Event::Failed(failed) => failed.route == *route,
            _ => false,
        })
    };
    let served = events.iter().find_map(|(_, event)| match event {
        Event::Answered(answered) => Some(answered.route),
        _ => None,
    });
    // Text that a client has seen cannot be replaced: its attempt is the run's last.
    let passed_on =
        spec.policy.final_after_first_token && events.iter().any(|(_, event)| matches!(event, Event::Discarded(_)));
    let routes = match (served, end.outcome) {
        (Some(served), _) => served,
        (None, _) if passed_on => 0,
        (None, Outcome::Exhausted) => spec.chain.len(),
        (None, _) => 0,
    };
    let silent = (0..routes).find(|route| !explained(route));
    ensure(silent.is_none(), format!("11: nothing says why route {silent:?} did not answer"))?;
    let skipped_before = |first: usize| (0..first).all(|route| explained(&route));
    let first = started(events).next().filter(|(_, first)| first.relation == Relation::First);
    ensure(first.is_none_or(|(_, first)| skipped_before(first.route)), "15: the first model was not asked first")
}
