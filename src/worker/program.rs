//! A module carried out: one chain, or several side by side that are folded into one answer.
//! All of them go through the same engine, and their attempts stand in the same log.

use super::Services;
use super::run::{Emit, Predict};
use crate::dspy::{Prediction, Signature, Values, vote};
use crate::failover::{Cost, Finished, Outcome, Policy};
use crate::openrouter::Message;
use crate::report::{Observation, ReportKind, RunSpec};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// One run's worth of asking.
pub(super) struct Program<'a> {
    /// What was asked; its routes are completed as the run begins.
    pub(super) spec: RunSpec,
    /// Where it runs.
    pub(super) services: &'a Services,
    /// Where its reports go.
    pub(super) tell: &'a Emit<'a>,
    /// Turns true, or closes, when the user cancels.
    pub(super) cancel: watch::Receiver<bool>,
}

impl Program<'_> {
    /// Runs to the end, and gives back the one terminal of it all.
    pub(super) async fn run(self) -> Finished {
        let Self { mut spec, services, tell, cancel } = self;
        let signature = spec.module.expand(&spec.signature);
        let messages = messages(&spec, &signature, &spec.inputs);
        let bytes = messages.iter().map(|message| message.content.len()).sum();
        services.complete(&mut spec, bytes);
        if spec.settings.stream == Some(false) {
            // An answer in one piece brings its first token with its last: it may take as long as one that reasons.
            let first_token = &mut spec.policy.timeouts.first_token;
            *first_token = spec.policy.first_token_reasoning.max(*first_token);
        }
        let spec = Arc::new(spec);
        tell(ReportKind::Observation(Observation::Begun(Arc::clone(&spec))));
        let spec = &*spec;
        let predict = |signature, messages, chain, policy| {
            Predict { spec, signature, messages, chain, policy, services, tell, cancel: cancel.clone() }.run()
        };
        let count = spec.module.chains();
        if count == 1 {
            return predict(&signature, messages, 0, spec.policy.clone()).await;
        }
        let began = services.now();
        let chain = async |chain: usize| {
            // Another seed, or all chains would wait the same jitter and knock again together.
            let policy = Policy { seed: spec.policy.seed.wrapping_add(chain as u64), ..spec.policy.clone() };
            let end = predict(&signature, messages.clone(), chain, policy).await;
            tell(ReportKind::Observation(Observation::Chain { chain, of: count, end: end.clone() }));
            end
        };
        let ends: Vec<Finished> = join_all((1..=count).map(chain)).await;
        let took = |finished: Finished| Finished { took: services.now().saturating_sub(began), ..finished };
        if ends.iter().any(|end| end.outcome == Outcome::Cancelled) {
            return took(fold(&ends, first_with(&ends, |outcome| outcome == Outcome::Cancelled)));
        }
        let answers: Vec<Option<Prediction>> = ends.iter().map(prediction).collect();
        let present: Vec<Prediction> = answers.iter().flatten().cloned().collect();
        if present.is_empty() {
            return took(fold(&ends, 0));
        }
        if let Some((wider, more)) = spec.module.comparison(&spec.signature, &present) {
            let mut inputs = spec.inputs.clone();
            inputs.extend(more);
            // What is left of the run's time; the chains have used the rest.
            let left = spec.policy.limits.deadline.saturating_sub(services.now().saturating_sub(began));
            let mut policy = spec.policy.clone();
            policy.limits.deadline = left.max(Duration::from_millis(1));
            let last = predict(&wider, self::messages(spec, &wider, &inputs), count + 1, policy).await;
            let all: Vec<Finished> = ends.into_iter().chain([last]).collect();
            return took(fold(&all, all.len() - 1));
        }
        let winner = match vote(&spec.signature, &answers) {
            Some(vote) => {
                let winner = vote.winner();
                tell(ReportKind::Observation(Observation::Voted(vote)));
                winner
            }
            // Answers, but nothing that could be counted: the first one stands.
            None => first_with(&ends, |outcome| outcome == Outcome::Succeeded),
        };
        took(fold(&ends, winner))
    }
}

fn messages(spec: &RunSpec, signature: &Signature, inputs: &Values) -> Vec<Message> {
    spec.adapter.messages(signature, inputs, &spec.demos, &spec.turns)
}

fn prediction(end: &Finished) -> Option<Prediction> {
    let fields = || Prediction { fields: end.fields.clone(), repairs: Vec::new() };
    (end.outcome == Outcome::Succeeded).then(fields)
}

fn first_with(ends: &[Finished], is: impl Fn(Outcome) -> bool) -> usize {
    ends.iter().position(|end| is(end.outcome)).unwrap_or(0)
}

/// The end of one chain as the end of all: its answer, everybody's attempts, costs and failures.
fn fold(ends: &[Finished], chosen: usize) -> Finished {
    Finished {
        attempts: ends.iter().map(|end| end.attempts).sum(),
        cost: ends.iter().fold(Cost::NOTHING, |sum, end| sum.plus(end.cost)),
        failures: ends.iter().flat_map(|end| end.failures.clone()).collect(),
        ..ends[chosen].clone()
    }
}
