//! The state space of the breaker: every sequence of six steps out of ten, each step checked
//! against the specification.

use std::time::Duration;
use switchover::failover::BreakerState;
use switchover::failover::breaker::{Admission, Breaker, Cooldown, Permit};

const S: fn(u64) -> Duration = Duration::from_secs;
/// The lease of the probe under test, and the lease of another probe.
const MINE: Duration = Duration::from_secs(1000);
const ANOTHERS: Duration = Duration::from_secs(1001);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// An admitted call succeeds.
    Succeed,
    /// A call fails with weight 1.
    Fail,
    /// A call fails with weight 0.5.
    Half,
    /// A call fails with a hint of 40 s.
    Hint,
    /// The model is gone.
    Gone,
    /// A forced call fails.
    Forced,
    /// A probe starts and has not ended.
    Take,
    /// A probe fails that has lost its permit.
    Lost,
    /// The probe ends without a result.
    Release,
    /// Six seconds pass.
    Wait,
}

const STEPS: [Step; 10] = [
    Step::Succeed,
    Step::Fail,
    Step::Half,
    Step::Hint,
    Step::Gone,
    Step::Forced,
    Step::Take,
    Step::Lost,
    Step::Release,
    Step::Wait,
];

/// Does one step as the engine does it: a probe takes the permit before its result is recorded.
fn act(breaker: &mut Breaker, now: &mut Duration, step: Step) {
    let fail = |breaker: &mut Breaker, weight, cooldown, permit| breaker.fail(*now, weight, cooldown, permit, 0.5);
    let permit = match breaker.admission(*now) {
        Admission::Probe | Admission::Probed(_) => Permit::Probe(MINE),
        Admission::Free | Admission::Open(_) => Permit::Free,
    };
    let takes_permit = matches!(step, Step::Succeed | Step::Fail | Step::Half | Step::Hint | Step::Gone | Step::Take);
    if takes_permit && breaker.admission(*now) == Admission::Probe {
        breaker.probe(MINE);
    }
    match step {
        Step::Succeed => breaker.succeed(*now, permit),
        Step::Fail => fail(breaker, 1.0, Cooldown::ByWeight, permit),
        Step::Half => fail(breaker, 0.5, Cooldown::ByWeight, permit),
        Step::Hint => fail(breaker, 1.0, Cooldown::For(S(40)), permit),
        Step::Gone => fail(breaker, 1.0, Cooldown::Session, permit),
        Step::Forced => fail(breaker, 1.0, Cooldown::ByWeight, Permit::Forced),
        Step::Take => {}
        Step::Lost => fail(breaker, 1.0, Cooldown::ByWeight, Permit::Probe(ANOTHERS)),
        Step::Release => breaker.release(*now, MINE),
        Step::Wait => *now += S(6),
    }
}

fn check(before: BreakerState, admission: Admission, step: Step, after: BreakerState, now: Duration, path: &[Step]) {
    use BreakerState::{Closed, HalfOpen, Open, Probing};
    let open_for = |least: u64, most: u64| match after {
        Open { until: Some(until) } => (S(least)..=S(most)).contains(&until.saturating_sub(now)),
        _ => false,
    };
    let right = match (before, step) {
        (Closed { .. } | HalfOpen | Probing, Step::Succeed) => after == Closed { weight: 0.0 },
        (Closed { weight }, Step::Fail | Step::Half | Step::Forced | Step::Lost) => {
            let added = if step == Step::Half { 0.5 } else { 1.0 };
            let by_weight = weight + added >= 3.0;
            let stays = after == Closed { weight: weight + added };
            // The failure rate of five calls or more may open it, too.
            open_for(2, 5) || stays && !by_weight
        }
        (_, Step::Gone) => after == Open { until: None },
        (Closed { .. } | HalfOpen | Probing, Step::Hint) => open_for(40, 40),
        (HalfOpen | Probing, Step::Fail | Step::Half) | (HalfOpen, Step::Forced) => open_for(3, 30),
        (HalfOpen, Step::Take) => after == Probing,
        (Probing, Step::Release) | (HalfOpen, Step::Lost) => after == HalfOpen,
        // A forced call that fails never shortens the cooldown.
        (Open { until: Some(until) }, Step::Forced) => {
            matches!(after, Open { until: Some(later) } if later >= until && later >= now + S(3))
        }
        // A call that was admitted earlier extends the cooldown only by a longer hint.
        (Open { until: Some(until) }, Step::Hint) => after == Open { until: Some(until.max(now + S(40))) },
        (Open { until: Some(until) }, Step::Wait) => after == before || after == HalfOpen && until <= now,
        // While a probe runs, only its own result counts.
        (_, Step::Release | Step::Wait | Step::Take) | (Open { .. } | Probing, _) => after == before,
    };
    assert!(right, "{path:?}: {before:?} ({admission:?}) ─{step:?}─▶ {after:?} at {now:?}");
}

fn walk(breaker: &Breaker, now: Duration, path: &mut Vec<Step>, depth: usize, count: &mut usize) {
    if depth == 0 {
        return;
    }
    for step in STEPS {
        let (mut next, mut then) = (breaker.clone(), now);
        let (before, admission) = (next.state(then), next.admission(then));
        act(&mut next, &mut then, step);
        path.push(step);
        check(before, admission, step, next.state(then), then, path);
        *count += 1;
        walk(&next, then, path, depth - 1, count);
        path.pop();
    }
}

#[test]
fn every_sequence_of_six_steps_follows_the_specification() {
    let mut count = 0;
    walk(&Breaker::default(), S(100), &mut Vec::new(), 6, &mut count);
    assert_eq!(count, (1..=6).map(|n| STEPS.len().pow(n)).sum::<usize>());
}

fn open(breaker: &mut Breaker, now: Duration, draw: f64) -> Duration {
    breaker.probe(MINE);
    breaker.fail(now, 1.0, Cooldown::ByWeight, Permit::Probe(MINE), draw);
    match breaker.state(now) {
        BreakerState::Open { until: Some(until) } => until.saturating_sub(now),
        other => panic!("not open: {other:?}"),
    }
}

/// The cooldowns of a breaker if every probe fails.
fn cooldowns(draw: f64) -> Vec<Duration> {
    let (mut breaker, mut now) = (Breaker::default(), S(0));
    breaker.fail(now, 2.0, Cooldown::ByWeight, Permit::Free, draw);
    (0..5)
        .map(|_| {
            let cooldown = open(&mut breaker, now, draw);
            now += cooldown;
            assert_eq!(breaker.admission(now.saturating_sub(Duration::from_micros(1))), Admission::Open(Some(now)));
            assert_eq!(breaker.admission(now), Admission::Probe);
            cooldown
        })
        .collect()
}

#[test]
fn cooldowns_double_with_equal_jitter_up_to_thirty_seconds() {
    assert_eq!(cooldowns(1.0), [S(5), S(10), S(20), S(30), S(30)]);
    let half = |ms| Duration::from_millis(ms);
    assert_eq!(cooldowns(0.0), [half(2500), half(5000), half(10000), half(15000), half(15000)]);
}

#[test]
fn one_success_resets_the_cooldown() {
    let (mut breaker, now) = (Breaker::default(), S(0));
    breaker.fail(now, 2.0, Cooldown::ByWeight, Permit::Free, 1.0);
    assert_eq!(open(&mut breaker, now, 1.0), S(5));
    assert_eq!(open(&mut breaker, now, 1.0), S(10));
    breaker.succeed(now, Permit::Probe(MINE));
    assert_eq!(breaker.state(now), BreakerState::Closed { weight: 0.0 });
    breaker.fail(now, 2.0, Cooldown::ByWeight, Permit::Free, 1.0);
    assert_eq!(open(&mut breaker, now, 1.0), S(5));
}

#[test]
fn there_is_one_permit_and_it_expires_with_its_lease() {
    let mut breaker = Breaker::default();
    breaker.fail(S(0), 1.0, Cooldown::For(S(10)), Permit::Free, 0.0);
    breaker.probe(S(100));
    assert_eq!(breaker.admission(S(50)), Admission::Probed(S(100)));
    assert_eq!(breaker.state(S(50)), BreakerState::Probing);
    assert_eq!(breaker.admission(S(100)), Admission::Probe);
    breaker.release(S(60), S(101));
    assert_eq!(breaker.admission(S(60)), Admission::Probed(S(100)), "the lease of another probe");
    breaker.release(S(60), S(100));
    assert_eq!(breaker.admission(S(60)), Admission::Probe);
}

#[test]
fn a_call_from_before_the_opening_neither_closes_nor_extends_it() {
    let mut breaker = Breaker::default();
    breaker.fail(S(0), 1.0, Cooldown::For(S(20)), Permit::Free, 0.0);
    let open = breaker.clone();
    breaker.succeed(S(1), Permit::Free);
    breaker.fail(S(1), 1.0, Cooldown::ByWeight, Permit::Free, 0.0);
    breaker.fail(S(1), 1.0, Cooldown::For(S(19)), Permit::Free, 0.0);
    assert_eq!(breaker, open);
    breaker.probe(S(90));
    let probing = breaker.clone();
    breaker.succeed(S(1), Permit::Free);
    breaker.fail(S(1), 1.0, Cooldown::For(S(1000)), Permit::Free, 0.0);
    assert_eq!(breaker, probing);
}

#[test]
fn the_failure_rate_needs_five_calls_of_the_last_minute() {
    let outcomes = |gap: u64, fails: [bool; 5]| {
        let mut breaker = Breaker::default();
        for (n, fail) in fails.into_iter().enumerate() {
            let now = S(gap * n as u64);
            if fail {
                breaker.fail(now, 1.0, Cooldown::ByWeight, Permit::Free, 0.0);
            } else {
                breaker.succeed(now, Permit::Free);
            }
        }
        breaker.admission(S(gap * 4))
    };
    let opened = |gap, fails| matches!(outcomes(gap, fails), Admission::Open(_));
    assert!(opened(14, [true, false, true, false, true]), "3 of 5 within 56 s");
    assert!(!opened(15, [true, false, true, false, true]), "the first is a minute old");
    assert!(!opened(1, [false, true, false, false, true]), "2 of 5");
    assert!(!opened(1, [false, false, false, true, true]), "2 of 5, in a row");
}

#[test]
fn a_failure_without_weight_opens_nothing() {
    let mut breaker = Breaker::default();
    for fail in [true, true, false, true] {
        if fail {
            breaker.fail(S(0), 1.0, Cooldown::ByWeight, Permit::Free, 0.0);
        } else {
            breaker.succeed(S(0), Permit::Free);
        }
    }
    assert!(breaker.would_open(S(1), 0.25), "the fifth call of a minute, and most of them failed");
    assert!(!breaker.would_open(S(1), 0.0));
}

#[test]
fn a_hint_extends_the_cooldown_up_to_a_day() {
    let until = |hint| {
        let mut breaker = Breaker::default();
        breaker.fail(S(0), 1.0, Cooldown::For(hint), Permit::Free, 1.0);
        breaker.admission(S(0))
    };
    assert_eq!(until(S(1)), Admission::Open(Some(S(5))));
    assert_eq!(until(S(31)), Admission::Open(Some(S(31))));
    assert_eq!(until(Duration::MAX), Admission::Open(Some(S(86400))));
}
