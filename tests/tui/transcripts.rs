//! Transcripts: correct for ordered reports, and without a panic for reports in any order.

use crate::stage::recorded;
use proptest::prelude::*;
use std::time::Duration;
use switchover::failover::{AttemptId, Cost, Event, FailureKind, Outcome, Skip};
use switchover::report::ReportKind;
use switchover::transcript::{AttemptPhase, SwitchCause, Transcript};

#[test]
fn the_log_of_a_run_has_a_line_for_each_entry() {
    let run = Transcript::of(&recorded("overloaded"));
    let lines: Vec<_> = run.lines().collect();
    assert_eq!(
        lines,
        [
            "✗ #1 openai/gpt-4o-mini · HTTP 503 (injected) · 0.04 s · retry in 0.41 s → #2",
            "◷ waiting 0.41 s for openai/gpt-4o-mini · backoff",
            "✗ #2 ↻ retry openai/gpt-4o-mini · HTTP 503 (injected) · 0.04 s · no retries are left, so the next model is tried → \
             #3",
            "◇ openai/gpt-4o-mini · circuit open for 5 s (repeated 5xx)",
            "✓ #3 ↪ fallback anthropic/claude-3-haiku · answered · first token 0.21 s · 0.28 s",
            "■ anthropic/claude-3-haiku answered · 0.77 s after the question, 0.28 s after openai/gpt-4o-mini failed · \
             3 attempts · $0.00003",
        ]
    );
}

#[test]
fn a_switch_names_the_failed_attempt_the_next_one_and_the_time_between() {
    let run = Transcript::of(&recorded("takeover"));
    let switch = run.switch().expect("a switch");
    let SwitchCause::Failed { attempt, gap } = switch.cause else { panic!("{:?}", switch.cause) };
    assert_eq!((attempt.id, switch.attempt.id), (AttemptId::new(1), AttemptId::new(2)));
    assert_eq!((switch.waited, gap.map(|gap| gap.as_millis())), (switch.attempt.first_token, Some(310)));
    assert_eq!(run.discarded().map(|attempt| attempt.id).collect::<Vec<_>>(), [AttemptId::new(1)]);
    assert_eq!(run.spend().total(), Cost::Unknown, "an unreported cost is never shown as 0");
}

#[test]
fn a_model_that_lost_a_hedge_race_did_not_fail() {
    let mut reports = recorded("takeover");
    for report in &mut reports {
        if let ReportKind::Engine(Event::Failed(failed)) = &mut report.what {
            failed.failure.kind = FailureKind::HedgeLost;
        }
    }
    let run = Transcript::of(&reports);
    let SwitchCause::Failed { gap, .. } = run.switch().expect("a switch").cause else { panic!("another cause") };
    assert_eq!(gap, None);
    let end = run.lines().last().expect("a line");
    assert!(end.contains(" answered · ") && !end.contains("failed"), "{end}");
}

#[test]
fn fields_are_known_while_they_stream_and_a_failure_leaves_no_leader() {
    let reports = recorded("takeover");
    let until = |ms: u128| Transcript::of(reports.iter().filter(|report| report.at.as_millis() <= ms));
    let run = until(600);
    let names: Vec<_> = run.shown().expect("one").sections().iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["reasoning", "answer"]);
    assert!(run.answer_begun(run.shown().expect("one")));
    let run = until(760);
    assert_eq!(run.leader, None);
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
    fn the_order_of_reports_does_not_change_the_result(
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
            // Every incomplete transcript can be shown.
            let lines = run.lines().count();
            prop_assert!(lines <= 2 * reports.len());
            let _ = (run.shown().map(|a| a.took(run.latest)), run.switch().map(|s| s.waited), run.spend().total());
        }
        let ordered = Transcript::of(&recorded(name));
        prop_assert_eq!(run.outcome(), ordered.outcome());
        prop_assert_eq!(run.winner().map(|a| a.id), ordered.winner().map(|a| a.id));
        prop_assert_eq!(run.attempts.len(), ordered.attempts.len());
        prop_assert!(run.outcome() != Some(Outcome::Succeeded) || run.winner().is_some_and(|a| a.prediction.is_some()));
    }
}

#[test]
fn a_switch_inside_the_service_names_the_served_model() {
    let run = Transcript::of(&recorded("served"));
    let switch = run.switch().expect("a switch");
    assert_eq!((switch.from, switch.to), ("openai/gpt-4o-mini", "anthropic/claude-3-haiku"));
    assert!(matches!(switch.cause, SwitchCause::Service) && switch.waited.is_some());
    let last = run.lines().last().expect("a line");
    assert!(last.starts_with("■ anthropic/claude-3-haiku answered"), "{last}");
}

#[test]
fn a_first_model_that_is_skipped_is_named_with_the_reason() {
    let run = Transcript::of(&recorded("skipped"));
    let switch = run.switch().expect("a switch");
    assert_eq!((switch.from, switch.to), ("openai/gpt-4o-mini", "anthropic/claude-3-haiku"));
    assert!(matches!(switch.cause, SwitchCause::Skipped(skipped) if skipped.why == Skip::BreakerOpen));
    // A later model that was skipped changed nothing for the one that answers, nor does strict mode.
    let exhausted = Transcript::of(&recorded("exhausted"));
    assert!(exhausted.switch().is_none() && !exhausted.skipped.is_empty());
}

#[test]
fn what_the_user_cancelled_stays_readable() {
    let run = Transcript::of(&recorded("cancelled"));
    let attempt = run.shown().expect("an attempt");
    assert!(attempt.was_cancelled() && attempt.has_content() && !attempt.is_struck());
    assert_eq!(run.discarded().count(), 0);
}

#[test]
fn a_wait_and_a_silence_count_down() {
    let until =
        |name: &str, ms: u128| Transcript::of(recorded(name).iter().filter(|report| report.at.as_millis() <= ms));
    let waiting = until("overloaded", 100);
    assert_eq!(waiting.awaited(waiting.latest).as_deref(), Some("gpt-4o-mini is asked again in 0.41 s"));
    let streaming = until("takeover", 300);
    assert_eq!(streaming.awaited(streaming.latest), None, "a short silence is not worth a line");
    let silent = streaming.awaited(streaming.latest + Duration::from_secs(3)).expect("a silence");
    assert!(silent.starts_with("silent for 3"), "{silent}");
    let ended = Transcript::of(&recorded("takeover"));
    assert_eq!(ended.awaited(Duration::from_secs(60)), None);
}
