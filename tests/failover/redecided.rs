//! Runs that share breakers, each decided again from its own lines alone: they say what other runs left behind.

use crate::worlds::{drawn, failure, ms, origin};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::Prediction;
use switchover::failover::policy_report::{PolicySimulation, ScriptedAct, TimedEvent};
use switchover::failover::{
    Answer, Cost, Event, Failure, FailureKind, Hint, HintSource, Limits, Policy, Relation, Route, Started,
};
use switchover::history::{Difference, parse, redecide};
use switchover::report::{Observation, Report, ReportKind};
use switchover::spec::{ChatTask, RunSpec};

/// A session: its chain and policy, when its runs begin, and how every attempt ends, in order: after how long, and with
/// an answer (`None`) or a failure.
#[derive(Clone, Debug)]
struct Session {
    chain: Vec<Route>,
    policy: Policy,
    begins: Vec<Duration>,
    ends: Vec<(Duration, Option<Failure>)>,
}

/// At most this many attempts of one model in a run.
fn attempts(per_model: u32) -> Policy {
    Policy { limits: Limits { per_model, ..Limits::default() }, ..Policy::default() }
}

/// The fields of every answer.
fn fields() -> Arc<Map<String, Value>> {
    Arc::new([("content".to_owned(), "42".into())].into_iter().collect())
}

impl Session {
    /// The reports of every run, as they are read back from their lines.
    fn play(&self) -> Vec<Vec<Report>> {
        let mut simulation = PolicySimulation::default();
        for begin in &self.begins {
            simulation.add_run(self.policy.clone(), self.chain.clone(), *begin, None);
        }
        let mut ends = self.ends.iter();
        let events = simulation.play(|_, _, _: &Started| {
            let (after, failure) = ends.next().cloned().unwrap_or((Duration::from_millis(1), None));
            let answer = Answer { fields: fields(), served: None, cost: Cost::NOTHING, warnings: Vec::new() };
            let act = failure.map_or(ScriptedAct::Done(answer), |failure| ScriptedAct::Fail(failure, Cost::NOTHING));
            vec![(after, act)]
        });
        (0..self.begins.len()).map(|run| self.reports(run, &events)).collect()
    }

    fn reports(&self, run: usize, events: &[TimedEvent]) -> Vec<Report> {
        let mut spec = RunSpec::new(ChatTask::new(Map::new()), [""; 0]);
        (spec.chain, spec.policy) = (self.chain.clone(), self.policy.clone());
        let report = |at, what| Report { run: run as u64, at, what };
        let mut reports = vec![report(Duration::ZERO, ReportKind::Observation(Observation::Begun(spec.into())))];
        for timed in events.iter().filter(|timed| timed.run == run) {
            let at = timed.at.saturating_sub(self.begins[run]);
            if let Event::Answered(answered) = &timed.event {
                let prediction = Prediction { fields: fields(), repairs: Vec::new() };
                let parsed = Observation::Parsed { attempt: answered.attempt, prediction };
                reports.push(report(at, ReportKind::Observation(parsed)));
            }
            reports.push(report(at, ReportKind::Engine(timed.event.clone())));
        }
        let parsed = parse(lines(&reports).as_bytes());
        assert_eq!((parsed.unread, &parsed.runs[0]), (0, &reports), "every line is read back");
        reports
    }
}

fn relations(run: &[Report]) -> Vec<(&str, Relation)> {
    let started = run.iter().filter_map(|report| match &report.what {
        ReportKind::Engine(Event::Started(started)) => Some((started.model.as_str(), started.relation)),
        _ => None,
    });
    started.collect()
}

fn differences(run: &[Report]) -> Vec<Difference> {
    redecide(run).expect("it has a beginning").differences
}

fn lines(run: &[Report]) -> String {
    run.iter().map(Report::line).collect()
}

fn ends(with: &[&str]) -> Vec<(Duration, Option<Failure>)> {
    let failure = |word: &&str| match *word {
        "answer" => None,
        "404" => Some(Failure { status: Some(404), ..Failure::new(FailureKind::ModelGone, "gone") }),
        "503" => Some(Failure { status: Some(503), ..Failure::new(FailureKind::ServerError, "down") }),
        "400" => Some(Failure { status: Some(400), ..Failure::new(FailureKind::Malformed, "wrong") }),
        hint => {
            let after = Duration::from_secs(hint.parse().expect("seconds"));
            let hint = Some(Hint { after, source: HintSource::RetryAfterSeconds });
            Some(Failure { status: Some(429), hint, ..Failure::new(FailureKind::RateLimited, "slow down") })
        }
    };
    with.iter().map(|word| (Duration::from_millis(1), failure(word))).collect()
}

/// The last run of each session asks past open circuits; nothing in its log may say that they were open.
#[test]
fn a_run_that_was_forced_by_circuits_of_earlier_runs_is_decided_the_same_again() {
    use Relation::{Fallback, First, Forced};
    for (models, with, last) in [
        // A circuit that is open for the session stays so when the forced attempt fails.
        (&["x/a"][..], &["404", "404"][..], &[("x/a", Forced)][..]),
        (&["x/a", "x/b"], &["404", "404", "404", "404"], &[("x/a", Forced), ("x/b", Forced)]),
        (&["x/a", "x/b"], &["404", "90", "404", "404"], &[("x/b", Forced), ("x/a", Forced)]),
        (&["x/a", "x/b"], &["60", "90", "400"], &[("x/a", Forced)]),
        (&["x/a", "x/b"], &["90", "60", "503", "answer"], &[("x/b", Forced), ("x/a", Forced)]),
        // The first model is closed and fails; the others are open.
        (&["x/a", "x/b"], &["503", "404", "503", "404"], &[("x/a", First), ("x/b", Forced)]),
        (&["x/a", "x/b", "x/e"], &["503", "90", "60", "503", "400"], &[("x/a", First), ("x/e", Forced)]),
        // No circuit is open.
        (&["x/a", "x/b"], &["503", "answer", "503", "404"], &[("x/a", First), ("x/b", Fallback)]),
    ] {
        let chain = models.iter().map(|model| Route::new(*model, origin(model))).collect();
        let begins = vec![Duration::ZERO, Duration::from_secs(1)];
        let runs = Session { chain, policy: attempts(1), begins, ends: ends(with) }.play();
        assert_eq!(relations(&runs[1]), last, "{models:?}: {with:?}");
        for run in &runs {
            assert_eq!(differences(run), [], "{models:?}: {with:?}: {}", lines(run));
        }
    }
}

/// The rate of failures over the last minute opens a circuit: three of five calls failed, never two of them in a row.
#[test]
fn a_failure_rate_of_earlier_runs_is_known_from_the_lines_of_the_run_that_it_decided() {
    use Relation::{Fallback, First, Retry};
    let chain = ["x/a", "x/b"].map(|model| Route::new(model, origin(model))).to_vec();
    let with = ["503", "answer", "answer", "503", "answer", "503", "answer", "answer"];
    for (apart, decided, next) in [
        // The fifth call of x/a opens its circuit: it is not asked again, and the run after it skips it.
        (2, [("x/a", First), ("x/b", Fallback)], [("x/b", First)]),
        // The first failures are more than a minute ago: x/a is asked again.
        (30, [("x/a", First), ("x/a", Retry)], [("x/a", First)]),
    ] {
        let begins = (0..5).map(|run| Duration::from_secs(run * apart)).collect();
        let runs = Session { chain: chain.clone(), policy: attempts(2), begins, ends: ends(&with) }.play();
        assert_eq!(relations(&runs[3]), decided, "{apart} s apart: {}", lines(&runs[3]));
        assert_eq!(relations(&runs[4]), next, "{apart} s apart: {}", lines(&runs[4]));
        for run in &runs {
            assert_eq!(differences(run), [], "{apart} s apart: {}", lines(run));
        }
    }
}

/// Runs one after the other and at the same time, close together and far apart.
fn session() -> impl Strategy<Value = Session> {
    let models = prop::sample::subsequence(vec!["x/a", "x/b", "x/c:free", "y/d:free", "far"], 1..5).prop_shuffle();
    let gap = prop_oneof![ms(0..50), ms(50..10_000), ms(61_000..300_000)];
    // The engine's own timers make the others.
    let failure = failure().prop_filter("not from outside", |failure| {
        !matches!(failure.kind, FailureKind::FirstTokenTimeout | FailureKind::Idle)
    });
    let took = prop_oneof![4 => ms(1..20), 1 => ms(20..15_000)];
    let ends = prop::collection::vec((took, prop::option::weighted(0.6, failure)), 0..40);
    let policy = (1_u32..4, any::<bool>()).prop_map(|(per_model, hedge)| Policy { hedge, ..attempts(per_model) });
    (models, prop::collection::vec(gap, 1..16), ends, policy).prop_map(|(models, gaps, ends, policy)| {
        let begins = gaps.iter().scan(Duration::ZERO, |now, gap| {
            *now += *gap;
            Some(*now)
        });
        let begins = begins.collect();
        let chain = models.into_iter().map(|model| Route::new(model, origin(model))).collect();
        Session { chain, policy, begins, ends }
    })
}

proptest! {
    #![proptest_config(drawn(400))]

    #[test]
    fn every_run_of_a_session_is_decided_the_same_again(session in session()) {
        for run in session.play() {
            prop_assert_eq!(differences(&run), [], "{}", lines(&run));
        }
    }
}
