//! A module carried out: one chain, or several side by side that are folded into one answer.
//! All of them go through the same engine, and their attempts stand in the same log.

use super::World;
use super::run::{Predict, Tell};
use crate::dspy::{Message, Prediction, Signature, Values, vote};
use crate::failover::{Finished, Outcome, Policy, Spent};
use crate::report::{Job, Seen, What};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// One run's worth of asking.
pub(super) struct Program<'a> {
    /// What was asked; its routes are completed as the run begins.
    pub(super) job: Job,
    /// Where it runs.
    pub(super) world: &'a World,
    /// Where its reports go.
    pub(super) tell: &'a Tell<'a>,
    /// Turns true, or closes, when the user cancels.
    pub(super) cancel: watch::Receiver<bool>,
}

impl Program<'_> {
    /// Runs to the end, and gives back the one terminal of it all.
    pub(super) async fn run(self) -> Finished {
        let Self { mut job, world, tell, cancel } = self;
        let signature = job.module.expand(&job.signature);
        let messages = messages(&job, &signature, &job.inputs);
        let bytes = messages.iter().map(|message| message.content.len()).sum();
        world.complete(&mut job, bytes);
        if job.settings.stream == Some(false) {
            // An answer in one piece brings its first token with its last: it may take as long as one that reasons.
            let first_token = &mut job.policy.timeouts.first_token;
            *first_token = job.policy.first_token_reasoning.max(*first_token);
        }
        let job = Arc::new(job);
        tell(What::Seen(Seen::Begun(Arc::clone(&job))));
        let job = &*job;
        let predict = |signature, messages, chain, policy| {
            Predict { job, signature, messages, chain, policy, world, tell, cancel: cancel.clone() }.run()
        };
        let count = job.module.chains();
        if count == 1 {
            return predict(&signature, messages, 0, job.policy.clone()).await;
        }
        let began = world.now();
        let chain = async |chain: usize| {
            // Another seed, or all chains would wait the same jitter and knock again together.
            let policy = Policy { seed: job.policy.seed.wrapping_add(chain as u64), ..job.policy.clone() };
            let end = predict(&signature, messages.clone(), chain, policy).await;
            tell(What::Seen(Seen::Chain { chain, of: count, end: end.clone() }));
            end
        };
        let ends: Vec<Finished> = join_all((1..=count).map(chain)).await;
        let took = |finished: Finished| Finished { took: world.now().saturating_sub(began), ..finished };
        if ends.iter().any(|end| end.outcome == Outcome::Cancelled) {
            return took(fold(&ends, first_with(&ends, |outcome| outcome == Outcome::Cancelled)));
        }
        let answers: Vec<Option<Prediction>> = ends.iter().map(prediction).collect();
        let present: Vec<Prediction> = answers.iter().flatten().cloned().collect();
        if present.is_empty() {
            return took(fold(&ends, 0));
        }
        if let Some((wider, more)) = job.module.comparison(&job.signature, &present) {
            let mut inputs = job.inputs.clone();
            inputs.extend(more);
            // What is left of the run's time; the chains have used the rest.
            let left = job.policy.limits.deadline.saturating_sub(world.now().saturating_sub(began));
            let mut policy = job.policy.clone();
            policy.limits.deadline = left.max(Duration::from_millis(1));
            let last = predict(&wider, self::messages(job, &wider, &inputs), count + 1, policy).await;
            let all: Vec<Finished> = ends.into_iter().chain([last]).collect();
            return took(fold(&all, all.len() - 1));
        }
        let winner = match vote(&job.signature, &answers) {
            Some(vote) => {
                let winner = vote.winner();
                tell(What::Seen(Seen::Voted(vote)));
                winner
            }
            // Answers, but nothing that could be counted: the first one stands.
            None => first_with(&ends, |outcome| outcome == Outcome::Succeeded),
        };
        took(fold(&ends, winner))
    }
}

fn messages(job: &Job, signature: &Signature, inputs: &Values) -> Vec<Message> {
    job.adapter.messages(signature, inputs, &job.demos, &job.turns)
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
        cost: ends.iter().fold(Spent::NOTHING, |sum, end| sum.plus(end.cost)),
        failures: ends.iter().flat_map(|end| end.failures.clone()).collect(),
        ..ends[chosen].clone()
    }
}
