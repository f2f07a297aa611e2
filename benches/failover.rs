//! The cost of the engine's decisions: well under a microsecond each, and a breaker's check under 100 ns.

use divan::{Bencher, black_box};
use std::time::Duration;
use switchover::failover::breaker::{Breaker, Cooldown, Permit};
use switchover::failover::health::Charge;
use switchover::failover::rules::{AttemptFacts, decide};
use switchover::failover::{Answer, AttemptId};
use switchover::failover::{Cost, Engine, Failure, FailureKind, FaultDomain, Health, Input, Policy, Route, TokenPhase};

fn main() {
    divan::main();
}

const AT: Duration = Duration::from_secs(10);

/// Each row of the outcome table once, so that branch prediction does not help.
#[divan::bench]
fn decide_all_rows(bencher: Bencher) {
    let policy = Policy::default();
    let cases = FailureKind::ALL.map(|kind| AttemptFacts {
        kind,
        hint: None,
        retries: 0,
        model_attempts: 1,
        run_attempts: 1,
        waited: Duration::ZERO,
        time_left: Duration::from_secs(60),
        may_retry: true,
        probe: false,
        opens: false,
        amendable: true,
        free_left: false,
        passed_on: false,
        draw: 0.5,
    });
    bencher.counter(divan::counter::ItemsCount::new(cases.len())).bench(|| {
        for facts in &cases {
            black_box(decide(black_box(&policy), black_box(facts)));
        }
    });
}

#[divan::bench]
fn breaker_check(bencher: Bencher) {
    let mut breaker = Breaker::default();
    breaker.fail(AT, 1.0, Cooldown::For(AT), Permit::Free, 0.5);
    bencher.bench(|| black_box(&breaker).admission(black_box(AT)));
}

/// The admission check of one route (model, class, account and origin) among thirty models that have failed.
#[divan::bench]
fn route_check(bencher: Bencher) {
    let (health, routes) = failing_models();
    bencher.bench(|| black_box(&health).admission(black_box(AT), black_box(&routes[29])));
}

#[divan::bench]
fn step_with_a_token(bencher: Bencher) {
    let (mut health, routes) = failing_models();
    let mut engine = Engine::new(Policy::default(), routes);
    engine.step(AT, Input::Begin, &mut health);
    let token = || Input::Token { attempt: AttemptId::new(1), phase: TokenPhase::Answer };
    engine.step(AT, token(), &mut health);
    bencher.with_inputs(token).bench_local_values(|input| engine.step(AT, input, &mut health));
}

/// A whole run of four steps: the first model fails and the second answers.
#[divan::bench]
fn a_run_with_one_fallback(bencher: Bencher) {
    let answer = || {
        let fields = std::sync::Arc::new([("answer".to_owned(), "42".into())].into_iter().collect());
        Answer { fields, served: None, cost: Cost::NOTHING, warnings: Vec::new() }
    };
    let failure = || Failure::new(FailureKind::GatewayTimeout, "slow");
    bencher
        .with_inputs(|| {
            let chain = vec![Route::new("a", "o"), Route::new("b", "o")];
            (Engine::new(Policy::default(), chain), Health::default())
        })
        .bench_values(|(mut engine, mut health)| {
            let attempt = AttemptId::new;
            engine.step(AT, Input::Begin, &mut health);
            let failed = Input::Failed { attempt: attempt(1), failure: failure(), cost: Cost::NOTHING };
            engine.step(AT, failed, &mut health);
            engine.step(AT, Input::Token { attempt: attempt(2), phase: TokenPhase::Answer }, &mut health);
            engine.step(AT, Input::Done { attempt: attempt(2), answer: answer() }, &mut health)
        });
}

fn failing_models() -> (Health, Vec<Route>) {
    let mut health = Health::default();
    let routes: Vec<Route> = (0..30).map(|n| Route::new(format!("maker/model-{n}"), "https://openrouter.ai")).collect();
    for route in &routes {
        let charge = Charge {
            domain: FaultDomain::Model,
            weight: 1.0,
            cooldown: Cooldown::ByWeight,
            permit: Permit::Free,
            draw: 0.5,
        };
        health.fail(AT, route, charge, "a 503");
    }
    (health, routes)
}
