//! The fold of reports: right in order, and total out of order.

use crate::stage::recorded;
use proptest::prelude::*;
use switchover::failover::{AttemptId, Cost, Outcome};
use switchover::transcript::{AttemptPhase, Transcript};

#[test]
fn a_run_is_told_line_by_line() {
    let run = Transcript::of(&recorded("overloaded"));
    let told: Vec<_> = run.lines().collect();
    assert_eq!(
        told,
        [
            "✗ #1 openai/gpt-4o-mini · 503 overloaded · 0.04 s · injected: 503 · no hint: one retry with backoff → #2",
            "◷ waiting 0.41 s for openai/gpt-4o-mini · jitter",
            "✗ #2 ↻ retry openai/gpt-4o-mini · 503 overloaded · 0.04 s · injected: 503 · retried already: next model → #3",
            "◇ breaker of openai/gpt-4o-mini open until +5.49 s · 3 failures in a row",
            "✓ #3 ↪ fallback anthropic/claude-3-haiku · answered · first token 0.21 s · 0.28 s",
            "■ anthropic/claude-3-haiku answered · 0.77 s · 3 attempts · $0.00003",
        ]
    );
}

#[test]
fn the_switch_names_who_died_who_took_over_and_how_long_it_took() {
    let run = Transcript::of(&recorded("takeover"));
    let switch = run.switch().expect("a switch");
    assert_eq!((switch.from.id, switch.to.id), (AttemptId::new(1), AttemptId::new(2)));
    assert_eq!(switch.gap.map(|gap| gap.as_millis()), Some(310));
    assert_eq!(run.struck().map(|attempt| attempt.id).collect::<Vec<_>>(), [AttemptId::new(1)]);
    assert_eq!(run.cost(), Cost::Unknown, "what nobody said is never shown as 0");
}

#[test]
fn fields_are_there_while_they_stream_and_nobody_leads_after_a_death() {
    let reports = recorded("takeover");
    let until = |ms: u128| Transcript::of(reports.iter().filter(|report| report.at.as_millis() <= ms));
    let run = until(600);
    let names: Vec<_> = run.shown().expect("one").sections().iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["reasoning", "answer"]);
    assert!(run.answer_begun(run.shown().expect("one")));
    let run = until(760);
    assert_eq!(run.leading, None);
    assert_eq!(run.attempts[0].phase(), AttemptPhase::Failed);
}

#[test]
fn a_wait_ends_with_the_next_attempt() {
    let reports = recorded("overloaded");
    let until = |ms: u128| Transcript::of(reports.iter().filter(|report| report.at.as_millis() <= ms));
    assert!(until(100).waiting.is_some() && until(460).waiting.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_is_taken_and_the_end_is_the_same(
        name in prop::sample::select(vec!["takeover", "overloaded", "exhausted", "typed"]),
        seeds in prop::collection::vec(any::<u64>(), 120),
        twice in any::<bool>(),
    ) {
        let mut reports: Vec<_> = recorded(name).into_iter().zip(seeds).collect();
        reports.sort_by_key(|(_, seed)| *seed);
        let mut run = Transcript::default();
        for (report, _) in &reports {
            run.apply(report);
            if twice {
                run.apply(report);
            }
            // Whatever has come so far can be told and shown.
            let told = run.lines().count();
            prop_assert!(told <= 2 * reports.len());
            let _ = (run.shown().map(|a| a.took(run.latest)), run.switch().map(|s| s.gap), run.cost());
        }
        let ordered = Transcript::of(&recorded(name));
        prop_assert_eq!(run.outcome(), ordered.outcome());
        prop_assert_eq!(run.winner().map(|a| a.id), ordered.winner().map(|a| a.id));
        prop_assert_eq!(run.attempts.len(), ordered.attempts.len());
        prop_assert!(run.outcome() != Some(Outcome::Succeeded) || run.winner().is_some_and(|a| a.prediction.is_some()));
    }
}
