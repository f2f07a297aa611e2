//! Drives a program: makes the calls that it asks for, side by side, until it has its answer. All calls go through
//! the same engine rules, and their attempts stand in the same log.

use super::backlog::Backlog;
use super::context::{CallContext, Emit, Output};
use super::masked::masked;
use super::options::RunOptions;
use super::services::Services;
use crate::dspy::program::{Call, Step};
use crate::failover::{Cost, Finished};
use crate::openrouter::Message;
use crate::openrouter::headers::Headers;
use crate::report::Observation;
use crate::secret::Secrets;
use crate::spec::{RunSpec, Task};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Runs to the end, and returns the run's one final event instead of emitting it: it may have to wait for costs.
/// `began` is the services' time at which the run began.
pub(super) async fn drive(
    mut spec: RunSpec,
    options: &RunOptions,
    began: Duration,
    services: &Services,
    (emit, backlog): (&Emit<'_>, &Backlog),
    cancel: watch::Receiver<bool>,
) -> Finished {
    let mut step = spec.task.next(&[]);
    let mut prompts = prompts(&spec.task, &step);
    services.complete(&mut spec, &prompts);
    if spec.settings.stream == Some(false) {
        // An answer in one piece brings its first token with its last: it may take as long as one that reasons.
        let first_token = &mut spec.policy.timeouts.first_token;
        *first_token = spec.policy.first_token_reasoning.max(*first_token);
    }
    let spec = Arc::new(spec);
    let headers = options.headers(services);
    let secrets = options.secrets(&headers, services);
    emit(Output::observation(began, Observation::Begun(masked(&spec, &secrets))));
    let (headers, secrets) = (&*headers, &secrets);
    let caller = Caller { spec: &spec, options, began, services, headers, secrets, emit, backlog, cancel };
    let mut ended: Vec<Finished> = Vec::new();
    loop {
        match step {
            Step::Calls(calls) => {
                let of = ended.len() + calls.len();
                let made = calls.iter().zip(prompts).map(|(call, messages)| caller.make(call, messages, of));
                ended.extend(join_all(made).await);
            }
            Step::Answer { call, vote } => {
                if let Some(vote) = vote {
                    emit(Output::observation(services.now(), Observation::Voted(vote)));
                }
                return fold(ended, call, caller.elapsed());
            }
        }
        step = spec.task.next(&ended);
        prompts = self::prompts(&spec.task, &step);
    }
}

/// The messages of each call that a step asks for.
fn prompts(task: &Task, step: &Step) -> Vec<Vec<Message>> {
    match step {
        Step::Calls(calls) => calls.iter().map(|call| task.messages_of(call)).collect(),
        Step::Answer { .. } => Vec::new(),
    }
}

/// What all calls of a run share.
struct Caller<'a> {
    spec: &'a RunSpec,
    options: &'a RunOptions,
    began: Duration,
    services: &'a Services,
    headers: &'a Headers,
    secrets: &'a Secrets,
    emit: &'a Emit<'a>,
    backlog: &'a Backlog,
    cancel: watch::Receiver<bool>,
}

impl Caller<'_> {
    /// Makes one call to its end. `of` is the number of calls known so far. If the call has a number, its end is
    /// reported.
    async fn make(&self, call: &Call, messages: Vec<Message>, of: usize) -> Finished {
        let Self { spec, options, services, headers, secrets, .. } = *self;
        let context = CallContext { spec, call, options, services, headers, secrets };
        let end = context.make(messages, self.began, (self.emit, self.backlog), self.cancel.clone()).await;
        if call.number > 0 {
            let chain = call.number as usize;
            let ended = Observation::Chain { chain, of, end: end.clone() };
            (self.emit)(Output::observation(services.now(), ended));
        }
        end
    }

    fn elapsed(&self) -> Duration {
        self.services.now().saturating_sub(self.began)
    }
}

/// The end of one call as the end of the run, with the attempts, costs and failures of all calls.
fn fold(mut ended: Vec<Finished>, chosen: usize, took: Duration) -> Finished {
    if ended.len() == 1 {
        return ended.swap_remove(chosen);
    }
    Finished {
        attempts: ended.iter().map(|end| end.attempts).sum(),
        cost: ended.iter().fold(Cost::NOTHING, |sum, end| sum.plus(end.cost)),
        failures: ended.iter().flat_map(|end| end.failures.clone()).collect(),
        took,
        ..ended.swap_remove(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dspy::Values;
    use crate::failover::Outcome;
    use crate::openrouter::client::Client;
    use crate::simulator::{Simulator, SimulatorOptions};
    use crate::spec::SignatureTask;
    use crate::worker::{Service, ServiceOptions};

    #[tokio::test]
    async fn a_call_has_only_what_is_left_of_its_runs_time() {
        let simulator = Simulator::start(SimulatorOptions::default()).await.expect("a port");
        let client = Client::new(Duration::from_secs(5));
        let services = Services::new(ServiceOptions::new(client, Service::Simulator, simulator));
        let task = SignatureTask::new("question -> answer".parse().expect("a signature"), Values::new());
        let spec = RunSpec::new(task, ["openai/gpt-4o-mini"]);
        // The run began with the services, and its deadline passes before its first call.
        tokio::time::pause();
        tokio::time::advance(spec.policy.limits.deadline).await;
        tokio::time::resume();
        let ((_keep, cancel), backlog) = (watch::channel(false), Backlog::new(1));
        let end = drive(spec, &RunOptions::default(), Duration::ZERO, &services, (&|_| {}, &backlog), cancel).await;
        assert_eq!((end.outcome, end.attempts), (Outcome::DeadlineExceeded, 0));
    }
}
