//! Random worlds: chains, policies, runs, and the replies of every model.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::collections::BTreeMap;
use std::time::Duration;
use switchover::failover::policy_report::{PolicySimulation, ScriptedAct, ScriptedReply, TimedEvent};
use switchover::failover::{
    Answer, Cost, Failover, Failure, FailureKind, Hint, HintSource, InnerAttempt, Limits, Policy, Route, Started,
    TokenPhase,
};

pub(crate) const MODELS: [&str; 6] = ["x/a", "x/b", "x/c:free", "y/d:free", "y/e", "far"];

/// Everything that one random `policy_report` needs.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) chain: Vec<Route>,
    pub(crate) runs: Vec<(Duration, Option<Duration>)>,
    pub(crate) replies: BTreeMap<&'static str, Vec<ScriptedReply>>,
}

impl World {
    pub(crate) fn play(&self) -> (Vec<TimedEvent>, PolicySimulation) {
        let mut simulation = PolicySimulation::default();
        for (index, (begin, cancel)) in self.runs.iter().enumerate() {
            let policy = Policy { seed: self.policy.seed.wrapping_add(index as u64), ..self.policy.clone() };
            simulation.add_run(policy, self.chain.clone(), *begin, cancel.map(|after| *begin + after));
        }
        let mut turns: BTreeMap<String, usize> = BTreeMap::new();
        let timed = simulation.play(|_, run, started| self.reply(run, started, &mut turns));
        (timed, simulation)
    }

    /// The model's next reply. Its answer names the run and the attempt.
    fn reply(&self, run: usize, started: &Started, turns: &mut BTreeMap<String, usize>) -> ScriptedReply {
        let turn = turns.entry(started.model.clone()).or_default();
        let replies = &self.replies[started.model.as_str()];
        let mut reply = replies[*turn % replies.len()].clone();
        *turn += 1;
        for (_, act) in &mut reply {
            if let ScriptedAct::Done(answer) = act {
                answer.fields = std::sync::Arc::new(
                    [("answer".to_owned(), signed(run, started.attempt.number).into())].into_iter().collect(),
                );
            }
        }
        reply
    }
}

/// The answer that only this attempt gives.
pub(crate) fn signed(run: usize, attempt: u32) -> String {
    format!("run {run} attempt {attempt}")
}

pub(crate) fn ms(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn kind() -> impl Strategy<Value = FailureKind> {
    // Only those that the network side reports; the engine creates the others.
    let theirs = FailureKind::ALL.into_iter().filter(|kind| {
        !matches!(
            kind,
            FailureKind::TimeShare
                | FailureKind::Deadline
                | FailureKind::Cancelled
                | FailureKind::HedgeLost
                | FailureKind::WrongModel
        )
    });
    prop::sample::select(theirs.collect::<Vec<_>>())
}

fn hint() -> impl Strategy<Value = Option<Hint>> {
    let after = prop_oneof![4 => ms(0..6_000), 1 => ms(0..200_000), 1 => Just(Duration::MAX)];
    prop::option::of(after.prop_map(|after| Hint { after, source: HintSource::RetryAfterSeconds }))
}

fn cost() -> impl Strategy<Value = Cost> {
    prop_oneof![Just(Cost::NOTHING), Just(Cost::Known(0.25)), Just(Cost::Unknown)]
}

pub(crate) fn failure() -> impl Strategy<Value = Failure> {
    (kind(), hint(), prop::option::of(400_u16..530), prop::option::of(0_u32..5000), 0_usize..4).prop_map(
        |(kind, hint, status, affordable_tokens, inner)| {
            let inner = vec![InnerAttempt { provider: "p".to_owned(), model: None, status: None }; inner];
            Failure { hint, status, affordable_tokens, inner, ..Failure::new(kind, "as drawn") }
        },
    )
}

pub(crate) fn reply() -> impl Strategy<Value = ScriptedReply> {
    let token = prop_oneof![
        Just(ScriptedAct::Token(TokenPhase::Answer)),
        Just(ScriptedAct::Token(TokenPhase::Reasoning)),
        Just(ScriptedAct::Open)
    ];
    let done = cost().prop_map(|cost| {
        ScriptedAct::Done(Answer { fields: std::sync::Arc::default(), served: None, cost, warnings: Vec::new() })
    });
    let end = prop_oneof![
        3 => done.prop_map(Some),
        6 => (failure(), cost()).prop_map(|(failure, cost)| Some(ScriptedAct::Fail(failure, cost))),
        1 => Just(None),
    ];
    (prop::collection::vec((ms(0..9_000), token), 0..4), ms(0..12_000), end).prop_map(|(tokens, last, end)| {
        let mut at = Duration::ZERO;
        let mut reply: ScriptedReply = Vec::new();
        for (gap, act) in tokens {
            at += gap;
            reply.push((at, act));
        }
        reply.extend(end.map(|act| (at + last, act)));
        reply
    })
}

fn route() -> impl Strategy<Value = Route> {
    let optional = |values: Vec<u64>| prop::option::of(prop::sample::select(values));
    (
        prop::sample::select(&MODELS[..]),
        any::<bool>(),
        optional(vec![4000, 8000, 16000]),
        optional(vec![0, 1, 5]),
        optional(vec![500, 2000]),
        optional(vec![100, 2000]),
    )
        .prop_map(|(model, reasoning, context, price, max_output, max_tokens)| Route {
            reasoning,
            context,
            worst_case: price.map(|price| price as f64 / 100.0),
            max_output: max_output.map(|cap| cap as u32),
            max_tokens: max_tokens.map(|cap| cap as u32),
            ..Route::new(model, origin(model))
        })
}

pub(crate) fn origin(model: &str) -> &'static str {
    if model == "far" { "http://localhost:11434" } else { "https://openrouter.ai" }
}

fn policy() -> impl Strategy<Value = Policy> {
    let limits = (1_u32..5, 1_u32..10, ms(0..5_000), ms(0..100_000))
        .prop_map(|(per_model, per_run, patience, deadline)| Limits { per_model, per_run, patience, deadline });
    let mode = prop_oneof![16 => Just(Failover::Client), 4 => Just(Failover::Server), 5 => Just(Failover::Strict)];
    let flags = (prop::bool::weighted(0.4), any::<bool>());
    (limits, mode, flags, prop::option::weighted(0.2, Just(3.0)), any::<u64>()).prop_map(
        |(limits, failover, (hedge, next_on_policy), max_price_ratio, seed)| Policy {
            limits,
            failover,
            hedge,
            next_on_policy,
            max_price_ratio,
            seed,
            ..Policy::default()
        },
    )
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let replies = prop::collection::vec(prop::collection::vec(reply(), 1..4), MODELS.len());
    let runs = prop::collection::vec((ms(0..60_000), prop::option::weighted(0.25, ms(0..30_000))), 1..5);
    (policy(), prop::collection::vec(route(), 1..6), runs, replies).prop_map(|(policy, chain, runs, replies)| World {
        policy,
        chain,
        runs,
        replies: MODELS.into_iter().zip(replies).collect(),
    })
}

/// `cases` cases, multiplied by `PROPTEST_CASES` / 256. A seed that fails is stored and from then on tried first.
pub(crate) fn drawn(cases: u32) -> ProptestConfig {
    let seeds = FileFailurePersistence::Direct("tests/cases/failover/seeds.txt");
    let plain = ProptestConfig::default();
    let cases = cases * (plain.cases / 256).max(1);
    ProptestConfig { cases, failure_persistence: Some(Box::new(seeds)), ..plain }
}
