//! What runs share: the health board, its reset, and the retry budget.

use crate::golden;
use std::fmt::Write as _;
use std::time::Duration;
use switchover::failover::breaker::{Admission, Cooldown, Permit};
use switchover::failover::health::{Charge, Health};
use switchover::failover::{FailureKind, FaultDomain, Route, Skip};

const S: fn(u64) -> Duration = Duration::from_secs;

fn charge(domain: FaultDomain, kind: FailureKind, cooldown: Cooldown) -> Charge {
    Charge { domain, kind, weight: 1.0, cooldown, permit: Permit::Free, draw: 0.0 }
}

fn troubled() -> (Health, [Route; 3]) {
    let routes = ["x/a", "x/b:free", "y/c"].map(|model| Route::new(model, "https://openrouter.ai"));
    let mut health = Health::default();
    health.fail(S(1), &routes[0], charge(FaultDomain::Model, FailureKind::RateLimited, Cooldown::For(S(40))), "429");
    health.fail(S(2), &routes[1], charge(FaultDomain::Class, FailureKind::ClassLimited, Cooldown::For(S(3600))), "429");
    health.fail(S(3), &routes[1], charge(FaultDomain::Model, FailureKind::ModelGone, Cooldown::Session), "404");
    health.fail(S(4), &routes[0], charge(FaultDomain::Origin, FailureKind::Reset, Cooldown::ByWeight), "reset");
    for n in 1..=25 {
        health.first_token(&routes[0], Duration::from_millis(n * 100));
    }
    health.first_token(&routes[2], Duration::from_millis(700));
    (health, routes)
}

#[test]
fn the_board_shows_every_breaker_and_every_timed_model() {
    let (health, _) = troubled();
    let mut text = String::new();
    for now in [5, 41, 4000] {
        let _ = writeln!(text, "at {now} s");
        for standing in health.board(S(now)) {
            let _ = writeln!(text, "  {}", serde_json::to_string(&standing).expect("a line of the board"));
        }
    }
    golden("board.txt", &text);
}

#[test]
fn a_reset_forgets_one_name_and_nothing_else() {
    let (mut health, [a, b, _]) = troubled();
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
    assert!(health.board(S(5)).iter().all(|standing| standing.last_fault.is_none()));
}

#[test]
fn a_reset_clears_the_suspicion_too() {
    let [a, b] = ["a", "b"].map(|model| Route::new(model, "o"));
    let mut health = Health::default();
    health.fail(S(1), &a, charge(FaultDomain::Origin, FailureKind::Refused, Cooldown::ByWeight), "refused");
    health.reset("a");
    let moved = health.succeed(S(2), &b, Permit::Free, 0.0);
    assert!(moved.iter().all(|moved| moved.domain == FaultDomain::Origin), "{moved:?}");
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
    assert!(!health.may_retry(), "half is not enough");
    health.spend(100.0);
    assert_eq!(tokens(&health), "0.0");
    health.succeed(S(0), &route, Permit::Free, 0.0);
    assert_eq!(tokens(&health), "0.2");
}

#[test]
fn network_faults_move_to_the_model_within_thirty_seconds() {
    let [a, b] = ["a", "b"].map(|model| Route::new(model, "o"));
    let moved_after = |seconds: u64| {
        let mut health = Health::default();
        health.fail(S(1), &a, charge(FaultDomain::Origin, FailureKind::Refused, Cooldown::ByWeight), "refused");
        let moved = health.succeed(S(1 + seconds), &b, Permit::Free, 0.0);
        moved.iter().any(|moved| (moved.domain, moved.name.as_str()) == (FaultDomain::Model, "a"))
    };
    assert!(moved_after(30));
    assert!(!moved_after(31));
}
