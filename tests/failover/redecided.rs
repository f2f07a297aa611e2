//! Runs that share breakers, each decided again from its own log: the log says enough of what earlier runs did.

use crate::worlds::{drawn, failure, ms, origin};
use proptest::prelude::*;
use std::time::Duration;
use switchover::failover::policy_report::{PolicySimulation, ScriptedAct, TimedEvent};
use switchover::failover::{
    Answer, Cost, Event, Failure, FailureKind, Hint, HintSource, Limits, Policy, Relation, Route, Started,
};
use switchover::history::{Difference, redecide};
use switchover::report::{Observation, Report, ReportKind};
use switchover::spec::{ChatTask, RunSpec};

/// A session: its chain, when its runs begin, and how every attempt ends, in order; `None` is an answer.
#[derive(Clone, Debug)]
struct Session {
    chain: Vec<Route>,
    begins: Vec<Duration>,
    ends: Vec<Option<Failure>>,
}

impl Session {
    fn policy() -> Policy {
        Policy { limits: Limits { per_model: 1, ..Limits::default() }, ..Policy::default() }
    }

    /// The reports of every run.
    fn play(&self) -> Vec<Vec<Report>> {
        let mut simulation = PolicySimulation::default();
        for begin in &self.begins {
            simulation.add_run(Self::policy(), self.chain.clone(), *begin, None);
        }
        let mut ends = self.ends.iter();
        let events = simulation.play(|_, _, _: &Started| {
            let act = match ends.next() {
                Some(Some(failure)) => ScriptedAct::Fail(failure.clone(), Cost::NOTHING),
                _ => ScriptedAct::Done(Answer {
                    fields: std::sync::Arc::default(),
                    served: None,
                    cost: Cost::NOTHING,
                    warnings: Vec::new(),
                }),
            };
            vec![(Duration::from_millis(1), act)]
        });
        (0..self.begins.len()).map(|run| self.reports(run, &events)).collect()
    }

    fn reports(&self, run: usize, events: &[TimedEvent]) -> Vec<Report> {
        let mut spec = RunSpec::new(ChatTask::new(serde_json::Map::new()), [""; 0]);
        (spec.chain, spec.policy) = (self.chain.clone(), Self::policy());
        let begun = ReportKind::Observation(Observation::Begun(spec.into()));
        let mut reports = vec![Report { run: run as u64, at: Duration::ZERO, what: begun }];
        reports.extend(events.iter().filter(|timed| timed.run == run).map(|timed| Report {
            run: run as u64,
            at: timed.at.saturating_sub(self.begins[run]),
            what: ReportKind::Engine(timed.event.clone()),
        }));
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

fn ends(with: &[&str]) -> Vec<Option<Failure>> {
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
    with.iter().map(failure).collect()
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
        let runs = Session { chain, begins, ends: ends(with) }.play();
        assert_eq!(relations(&runs[1]), last, "{models:?}: {with:?}");
        for run in &runs {
            assert_eq!(differences(run), [], "{models:?}: {with:?}: {}", lines(run));
        }
    }
}

/// Runs one after the other: what others do at the same time is not in a run's log. Nor are their rates of failure; so
/// there are few calls, or a minute between the runs.
fn session() -> impl Strategy<Value = Session> {
    let models = || prop::sample::subsequence(vec!["x/a", "x/b", "x/c:free", "y/d:free", "far"], 1..4).prop_shuffle();
    let few = (models(), prop::collection::vec(ms(1000..40_000), 2)).prop_map(|(mut models, gaps)| {
        models.truncate(2);
        (models, gaps)
    });
    let far_apart = (models(), prop::collection::vec(ms(61_000..300_000), 1..5));
    // The engine's own timers make the others.
    let failure = failure().prop_filter("not from outside", |failure| {
        !matches!(failure.kind, FailureKind::FirstTokenTimeout | FailureKind::Idle)
    });
    let ends = prop::collection::vec(prop::option::weighted(0.8, failure), 0..16);
    (prop_oneof![few, far_apart], ends).prop_map(|((models, gaps), ends)| {
        let begins = gaps.iter().scan(Duration::ZERO, |now, gap| {
            *now += *gap;
            Some(*now)
        });
        let begins = begins.collect();
        let chain = models.into_iter().map(|model| Route::new(model, origin(model))).collect();
        Session { chain, begins, ends }
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
