//! A process that was suspended: the time in which it could not read counts against no attempt.

use std::time::Duration;
use switchover::failover::{AttemptId, Engine, Event, Health, Input, Policy, Route, TokenPhase};

/// Milliseconds.
fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The kinds of failures that the engine sees, when it is stepped at these times and in between at each timer that is
/// due before the process is suspended at `stop`.
fn failures(chain: &[&str], tokens: &[u64], stop: u64, steps: &[u64]) -> Vec<String> {
    let mut health = Health::default();
    let routes = chain.iter().map(|model| Route::new(*model, "https://openrouter.ai")).collect();
    let mut engine = Engine::new(Policy::default(), routes);
    let mut events = engine.step(Duration::ZERO, Input::Begin, &mut health);
    let attempt = AttemptId::new(1);
    for at in tokens {
        events.extend(engine.step(ms(*at), Input::Token { attempt, phase: TokenPhase::Answer }, &mut health));
    }
    while let Some(due) = engine.wake_at().filter(|due| *due <= ms(stop)) {
        events.extend(engine.step(due, Input::Tick, &mut health));
    }
    for at in steps {
        events.extend(engine.step(ms(*at), Input::Tick, &mut health));
    }
    let failed = events.iter().filter_map(|event| match event {
        Event::Failed(failed) => Some(format!("{} {}", failed.attempt, failed.rule)),
        _ => None,
    });
    failed.collect()
}

#[test]
fn a_stream_is_not_silent_while_nobody_could_read_it() {
    // A token at 1 s, suspended from 2 s to 14 s: the idle limit of 10 s starts again.
    assert_eq!(failures(&["a", "b"], &[1000], 2000, &[14_000, 14_001, 23_999]), [""; 0]);
    // Silent afterwards as well.
    assert_eq!(failures(&["a", "b"], &[1000], 2000, &[14_000, 24_001]), ["#1 idle"]);
    // The same for the first token.
    assert_eq!(failures(&["a", "b"], &[], 2000, &[40_000]), [""; 0]);
    // And for a share of the deadline that passes meanwhile.
    assert_eq!(failures(&["a", "b"], &[], 2000, &[88_000]), [""; 0]);
}

#[test]
fn a_timer_that_is_only_a_little_late_counts() {
    assert_eq!(failures(&["a", "b"], &[1000], 2000, &[11_100]), ["#1 idle"]);
    assert_eq!(failures(&["a", "b"], &[], 2000, &[10_005]), ["#1 first-token"]);
}

#[test]
fn the_deadline_of_the_run_holds_all_the_same() {
    assert_eq!(failures(&["a"], &[1000], 2000, &[90_000]), ["#1 deadline"]);
}
