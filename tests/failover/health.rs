//! What runs share: breakers and their reset, times to first token, the retry budget; and the health board.

use crate::golden;
use std::fmt::Write as _;
use std::time::Duration;
use switchover::failover::breaker::{Admission, Cooldown, Permit};
use switchover::failover::health::{Charge, Health};
use switchover::failover::policy_report::{PolicySimulation, ScriptedAct};
use switchover::failover::{
    Answer, BreakerState, Cost, Failure, FailureKind, FaultDomain, FirstTokenTimes, Hint, HintSource, Policy, Route,
    Skip, TokenPhase,
};
use switchover::report::{Report, ReportKind};
use switchover::transcript::HealthBoard;

const S: fn(u64) -> Duration = Duration::from_secs;

fn charge(domain: FaultDomain, cooldown: Cooldown) -> Charge {
    Charge { domain, weight: 1.0, cooldown, permit: Permit::Free, draw: 0.0 }
}

fn failing() -> (Health, [Route; 3]) {
    let routes = ["x/a", "x/b:free", "y/c"].map(|model| Route::new(model, "https://openrouter.ai"));
    let mut health = Health::default();
    health.fail(S(1), &routes[0], charge(FaultDomain::Model, Cooldown::For(S(40))), "429");
    health.fail(S(2), &routes[1], charge(FaultDomain::Class, Cooldown::For(S(3600))), "429");
    health.fail(S(3), &routes[1], charge(FaultDomain::Model, Cooldown::Session), "404");
    health.fail(S(4), &routes[0], charge(FaultDomain::Origin, Cooldown::ByWeight), "reset");
    for n in 1..=25 {
        health.first_token(&routes[0], Duration::from_millis(n * 100));
    }
    health.first_token(&routes[2], Duration::from_millis(700));
    (health, routes)
}

#[test]
fn every_charged_breaker_is_listed() {
    let (health, _) = failing();
    let mut text = String::new();
    for now in [5, 41, 4000] {
        let _ = writeln!(text, "at {now} s");
        for breaker in health.breakers(S(now)) {
            let _ = writeln!(text, "  {}", serde_json::to_string(&breaker).expect("plain data"));
        }
    }
    golden("breakers.txt", &text);
}

#[test]
fn any_number_of_models_leaves_a_bounded_number_of_breakers_and_the_newest_stay() {
    let mut health = Health::default();
    let routes: Vec<Route> = (0..3000).map(|n| Route::new(format!("x/{n}"), "https://openrouter.ai")).collect();
    for route in &routes {
        health.fail(S(1), route, charge(FaultDomain::Model, Cooldown::Session), "404");
        health.first_token(route, S(1));
    }
    assert_eq!(health.breakers(S(2)).count(), 1024);
    let admitted = |n: usize| health.admission(S(2), &routes[n]).0 == Admission::Free;
    assert!(admitted(0) && admitted(1975) && !admitted(1976) && !admitted(2999), "the oldest are forgotten");
}

#[test]
fn the_board_counts_calls_and_shows_breakers_on_the_caller_s_clock() {
    let route = Route::new("maker/a", "https://openrouter.ai");
    let other = Route::new("maker/b", "https://openrouter.ai");
    let mut simulation = PolicySimulation::default();
    for begin in [100, 110] {
        simulation.add_run(Policy::default(), vec![route.clone(), other.clone()], S(begin), None);
    }
    let limited = |after| Failure {
        hint: Some(Hint { after, source: HintSource::RetryAfterSeconds }),
        ..Failure::new(FailureKind::RateLimited, "too many requests")
    };
    let fields = std::sync::Arc::new([("answer".to_owned(), "42".into())].into_iter().collect());
    let answer = Answer { fields, served: None, cost: Cost::NOTHING, warnings: Vec::new() };
    let events = simulation.play(|_, _, started| match started.route {
        0 => vec![(S(1), ScriptedAct::Fail(limited(S(30)), Cost::NOTHING))],
        _ => vec![(S(2), ScriptedAct::Token(TokenPhase::Answer)), (S(3), ScriptedAct::Done(answer.clone()))],
    });
    let mut board = HealthBoard::default();
    for event in events {
        let at = event.at.saturating_sub(S([100, 110][event.run]));
        // The caller's clock is ten seconds behind the engine's.
        board.apply(
            event.at.saturating_sub(S(10)),
            &Report { run: event.run as u64, at, what: ReportKind::Engine(event.event) },
        );
    }
    let counts: Vec<_> = board.rows.iter().map(|row| (row.label(), row.asked, row.answered, row.failed)).collect();
    assert_eq!(counts, [("a".to_owned(), 1, 0, 1), ("b".to_owned(), 2, 2, 0)]);
    let [a, b] = &board.rows[..] else { panic!("two models") };
    assert_eq!(a.last_failure.as_deref(), Some("too many requests"));
    assert_eq!(b.first_tokens.percentile(50), Some(S(2)));
    // It opened at 101 s, for 30 s; on the caller's clock that ends at 121 s.
    assert_eq!(board.breaker("maker/a"), Some(BreakerState::Open { until: Some(S(121)) }));
    assert!(board.counts_down(S(120)) && !board.counts_down(S(121)));
    assert_eq!(a.breaker_text(S(111)).0, "open, 10 s left");
    assert_eq!(a.breaker_text(S(121)).0, "half-open: one probe");
    board.reset("maker/a");
    assert_eq!(board.breaker("maker/a"), Some(BreakerState::Closed { weight: 0.0 }));
    assert_eq!(board.breaker("maker/b"), None);
}

#[test]
fn a_percentile_is_the_nearest_rank_of_the_last_twenty() {
    let mut times = FirstTokenTimes::default();
    assert!(times.is_empty() && times.percentile(50).is_none());
    for n in [4, 1, 3, 2] {
        times.record(S(n));
    }
    assert_eq!([25, 50, 51, 75, 95, 100].map(|p| times.percentile(p)), [1, 2, 3, 3, 4, 4].map(|n| Some(S(n))));
    for n in 1..=25 {
        times.record(Duration::from_millis(n * 100));
    }
    assert_eq!(times.len(), FirstTokenTimes::KEPT);
    assert_eq!([50, 95].map(|p| times.percentile(p)), [1500, 2400].map(|n| Some(Duration::from_millis(n))));
}

#[test]
fn a_reset_forgets_one_name_and_nothing_else() {
    let (mut health, [a, b, _]) = failing();
    assert_eq!(health.admission(S(5), &a), (Admission::Open(Some(S(41))), Some(Skip::BreakerOpen)));
    assert!(health.reset("x/a"));
    assert_eq!(health.admission(S(5), &a), (Admission::Free, None));
    assert_eq!(health.admission(S(5), &b), (Admission::Open(None), Some(Skip::BreakerOpen)));
    assert!(health.reset("x/b:free"));
    assert_eq!(health.admission(S(5), &b), (Admission::Open(Some(S(3602))), Some(Skip::ClassOpen)));
    assert!(health.reset(":free"));
    assert_eq!(health.admission(S(5), &b), (Admission::Free, None));
    assert!(!health.reset("nobody"));
    assert!(health.reset("https://openrouter.ai"));
    assert_eq!(health.breakers(S(5)).count(), 0);
}

#[test]
fn a_reset_clears_the_suspicion_of_a_network_failure_too() {
    let [a, b] = ["a", "b"].map(|model| Route::new(model, "o"));
    let mut health = Health::default();
    health.fail(S(1), &a, charge(FaultDomain::Origin, Cooldown::ByWeight), "refused");
    health.reset("a");
    let moved = health.succeed(S(2), &b, Permit::Free, 0.0);
    assert!(moved.iter().all(|moved| moved.scope.domain == FaultDomain::Origin), "{moved:?}");
}

#[test]
fn a_fault_that_is_set_or_cleared_clears_the_suspicion_of_its_route_and_no_other() {
    let [a, b, c] = ["a", "b", "c"].map(|model| Route::new(model, "o"));
    let charged_after = |reset: &Route| {
        let mut health = Health::default();
        health.fail(S(1), &a, charge(FaultDomain::Origin, Cooldown::ByWeight), "refused");
        health.reset_route(reset);
        let moved = health.succeed(S(2), &c, Permit::Free, 0.0);
        moved.iter().any(|moved| (moved.scope.domain, &*moved.scope.name) == (FaultDomain::Model, "a"))
    };
    assert!(!charged_after(&a));
    assert!(charged_after(&b));
}

#[test]
fn a_response_closes_the_circuit_of_its_server_and_no_other() {
    let route = Route::new("a", "o");
    let mut health = Health::default();
    for domain in [FaultDomain::Origin, FaultDomain::Model] {
        health.fail(S(1), &route, charge(domain, Cooldown::For(S(10))), "refused");
    }
    health.probe(S(12), &route, S(60));
    let moved = health.reached(S(13), &route, Permit::Probe(S(60)));
    let closed: Vec<_> = moved.iter().map(|moved| (moved.scope.domain, moved.why.as_str())).collect();
    assert_eq!(closed, [(FaultDomain::Origin, "it responds")]);
    assert!(matches!(health.admission(S(13), &route).0, Admission::Probed(_)), "the model's");
}

#[test]
fn a_run_is_decided_by_the_suspicions_of_its_own_models_only() {
    let [a, far] = [("a", "o"), ("b", "elsewhere")].map(|(model, origin)| Route::new(model, origin));
    let mut health = Health::default();
    health.fail(S(1), &a, charge(FaultDomain::Origin, Cooldown::ByWeight), "refused");
    assert_eq!(health.part(S(2), std::slice::from_ref(&far), false), Health::default());
    assert_ne!(health.part(S(2), std::slice::from_ref(&a), false), Health::default());
}

#[test]
fn later_times_are_added_to_earlier_ones() {
    let times = |seconds: std::ops::Range<u64>| {
        let mut times = FirstTokenTimes::default();
        seconds.for_each(|second| times.record(S(second)));
        times
    };
    let mut all = times(0..15);
    assert!(!all.is_empty() && FirstTokenTimes::default().is_empty());
    all.extend(&times(15..30));
    assert_eq!(all, times(10..30), "the last twenty are kept");
}

#[test]
fn the_p95_is_known_from_five_samples_on() {
    let route = Route::new("a", "o");
    let mut health = Health::default();
    for n in 1..=4 {
        health.first_token(&route, S(n));
        assert_eq!(health.p95(&route), None);
    }
    health.first_token(&route, S(9));
    assert_eq!(health.p95(&route), Some(S(9)));
    assert_eq!(health.p95(&Route::new("a", "elsewhere")), None);
}

#[test]
fn the_retry_budget_stays_between_nothing_and_ten() {
    let route = Route::new("a", "o");
    let mut health = Health::default();
    let tokens = |health: &Health| format!("{:.1}", health.budget());
    health.succeed(S(0), &route, Permit::Free, 0.0);
    assert_eq!(tokens(&health), "10.0");
    health.spend(4.9);
    assert!(health.may_retry());
    health.spend(0.1);
    assert!(!health.may_retry(), "the budget must be over half full");
    health.spend(100.0);
    assert_eq!(tokens(&health), "0.0");
    health.succeed(S(0), &route, Permit::Free, 0.0);
    assert_eq!(tokens(&health), "0.2");
}

#[test]
fn a_network_failure_is_charged_to_the_model_within_thirty_seconds() {
    let [a, b] = ["a", "b"].map(|model| Route::new(model, "o"));
    let moved_after = |seconds: u64| {
        let mut health = Health::default();
        health.fail(S(1), &a, charge(FaultDomain::Origin, Cooldown::ByWeight), "refused");
        let moved = health.succeed(S(1 + seconds), &b, Permit::Free, 0.0);
        moved.iter().any(|moved| (moved.scope.domain, &*moved.scope.name) == (FaultDomain::Model, "a"))
    };
    assert!(moved_after(30));
    assert!(!moved_after(31));
}

#[test]
fn a_fault_that_is_set_or_cleared_closes_all_breakers_of_its_route_and_no_others() {
    let (mut health, [a, b, _]) = failing();
    let far = Route::new("x/a", "http://localhost:11434");
    health.reset_route(&b);
    assert_eq!(health.admission(S(5), &b), (Admission::Free, None), "its model's, its class's and its origin's");
    assert_eq!(health.admission(S(5), &a), (Admission::Open(Some(S(41))), Some(Skip::BreakerOpen)));
    health.fail(S(6), &far, charge(FaultDomain::Origin, Cooldown::For(S(40))), "refused");
    health.reset_route(&a);
    assert_eq!(health.admission(S(7), &a), (Admission::Free, None));
    assert!(matches!(health.admission(S(7), &far).0, Admission::Open(_)), "another origin's");
}
