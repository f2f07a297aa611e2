//! The breaker's state space, walked exhaustively: every sequence of six events from a
//! small alphabet, against what the specification says of each step.

use std::time::Duration;
use switchover::failover::BreakerState;
use switchover::failover::breaker::{Admission, Breaker, Cooldown, Permit};

const S: fn(u64) -> Duration = Duration::from_secs;
/// The permit of the probe that is looked at, and another's.
const MINE: Duration = Duration::from_secs(1000);
const ANOTHERS: Duration = Duration::from_secs(1001);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// A call that is let through succeeds.
    Succeed,
    /// A call fails with a whole weight.
    Fail,
    /// A call fails with half a weight.
    Half,
    /// A call fails and is told to stay away for 40 s.
    Hint,
    /// The model is gone.
    Gone,
    /// A forced call fails.
    Forced,
    /// A probe begins, and is still on its way.
    Take,
    /// A probe fails whose permit was lost.
    Lost,
    /// The probe ends without a verdict.
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

/// Does one step the way the engine would: a probe is taken before it is judged; one on its way is judged.
fn act(breaker: &mut Breaker, now: &mut Duration, step: Step) {
    let fail = |breaker: &mut Breaker, weight, cooldown, permit| breaker.fail(*now, weight, cooldown, permit, 0.5);
    let permit = match breaker.admission(*now) {
        Admission::Probe | Admission::Probed(_) => Permit::Probe(MINE),
        Admission::Free | Admission::Open(_) => Permit::Free,
    };
    let judged = matches!(step, Step::Succeed | Step::Fail | Step::Half | Step::Hint | Step::Gone | Step::Take);
    if judged && breaker.admission(*now) == Admission::Probe {
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
            // five outcomes or more may open it by their rate
            open_for(2, 5) || stays && !by_weight
        }
        (_, Step::Gone) => after == Open { until: None },
        (Closed { .. } | HalfOpen | Probing, Step::Hint) => open_for(40, 40),
        (HalfOpen | Probing, Step::Fail | Step::Half) | (HalfOpen, Step::Forced) => open_for(3, 30),
        (HalfOpen, Step::Take) => after == Probing,
        (Probing, Step::Release) | (HalfOpen, Step::Lost) => after == HalfOpen,
        // a forced call that fails keeps an opening open, and never ends it sooner
        (Open { until: Some(until) }, Step::Forced) => {
            matches!(after, Open { until: Some(later) } if later >= until && later >= now + S(3))
        }
        // a straggler moves an open breaker by a longer hint only
        (Open { until: Some(until) }, Step::Hint) => after == Open { until: Some(until.max(now + S(40))) },
        (Open { until: Some(until) }, Step::Wait) => after == before || after == HalfOpen && until <= now,
        // the probe's verdict alone counts while it is on its way
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
fn every_sequence_of_six_events_follows_the_picture() {
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

/// The cooldowns of a breaker whose every probe fails.
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
fn one_success_begins_the_cooldowns_anew() {
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
fn a_permit_is_single_and_lapses_with_its_lease() {
    let mut breaker = Breaker::default();
    breaker.fail(S(0), 1.0, Cooldown::For(S(10)), Permit::Free, 0.0);
    breaker.probe(S(100));
    assert_eq!(breaker.admission(S(50)), Admission::Probed(S(100)));
    assert_eq!(breaker.state(S(50)), BreakerState::Probing);
    assert_eq!(breaker.admission(S(100)), Admission::Probe);
    breaker.release(S(60), S(101));
    assert_eq!(breaker.admission(S(60)), Admission::Probed(S(100)), "another's");
    breaker.release(S(60), S(100));
    assert_eq!(breaker.admission(S(60)), Admission::Probe);
}

#[test]
fn a_straggler_neither_closes_nor_lengthens() {
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
fn the_rate_counts_five_outcomes_of_the_last_minute() {
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
fn what_weighs_nothing_opens_nothing() {
    let mut breaker = Breaker::default();
    for fail in [true, true, false, true] {
        if fail {
            breaker.fail(S(0), 1.0, Cooldown::ByWeight, Permit::Free, 0.0);
        } else {
            breaker.succeed(S(0), Permit::Free);
        }
    }
    assert!(breaker.would_open(S(1), 0.25), "the fifth of a minute, and most of them failed");
    assert!(!breaker.would_open(S(1), 0.0));
}

#[test]
fn a_hint_outlasts_the_cooldown_and_is_cut_to_a_day() {
    let until = |hint| {
        let mut breaker = Breaker::default();
        breaker.fail(S(0), 1.0, Cooldown::For(hint), Permit::Free, 1.0);
        breaker.admission(S(0))
    };
    assert_eq!(until(S(1)), Admission::Open(Some(S(5))));
    assert_eq!(until(S(31)), Admission::Open(Some(S(31))));
    assert_eq!(until(Duration::MAX), Admission::Open(Some(S(86400))));
}
