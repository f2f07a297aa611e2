//! Runs against one server, started as the headless commands start them.

use std::sync::Arc;
use std::time::{Duration, Instant};
use switchover::dspy::{Module, Values};
use switchover::failover::Outcome;
use switchover::openrouter::client::{Client, Endpoint};
use switchover::openrouter::{Delta, settings::RequestSettings};
use switchover::report::{Observation, ReportKind};
use switchover::secret::Secret;
use switchover::simulator::{Simulator, SimulatorOptions};
use switchover::spec::{RunSpec, SignatureTask};
use switchover::transcript::Transcript;
use switchover::worker::{self, Service, ServiceOptions, Services};

pub(crate) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef";

/// Services for one server: all breakers closed, connections reused.
pub(crate) async fn services(url: &str, client: &Client) -> Arc<Services> {
    let base = url.parse().expect("a base URL");
    let endpoint = Endpoint { base, key: Some(Secret::new(KEY)) };
    let simulator = Simulator::start(SimulatorOptions::default()).await.expect("a port");
    let service = Service::Server(Box::new(endpoint));
    Arc::new(Services::new(ServiceOptions::new(client.clone(), service, simulator)))
}

/// One question to `question -> answer` with chain of thought.
pub(crate) fn spec(models: &[&str], stream: bool) -> RunSpec {
    let inputs = Values::from_iter([("question".to_owned(), "Which river is the longest?".into())]);
    let task = SignatureTask::new("question -> answer".parse().expect("a signature"), inputs);
    let task = SignatureTask { module: Module::ChainOfThought, ..task };
    let settings = RequestSettings { stream: Some(stream), ..RequestSettings::default() };
    RunSpec { settings, ..RunSpec::new(task, models.iter().copied()) }
}

/// The result of a run.
pub(crate) struct RunResult {
    /// The time of the first text of the answer.
    pub(crate) first: Option<Instant>,
    /// The whole run, with its answer.
    pub(crate) transcript: Transcript,
}

/// Runs to the validated answer and applies every report, as a screen does.
pub(crate) async fn run(services: &Arc<Services>, spec: RunSpec, now: fn() -> Instant) -> RunResult {
    let mut handle = worker::run(spec, services);
    let mut result = RunResult { first: None, transcript: Transcript::default() };
    while let Some(report) = handle.next().await {
        if let (None, ReportKind::Observation(Observation::Stream { delta: Delta::Text(_), .. })) =
            (result.first, &report.what)
        {
            result.first = Some(now());
        }
        result.transcript.apply(&report);
    }
    assert_eq!(result.transcript.outcome(), Some(Outcome::Succeeded), "{:?}", result.transcript.finished);
    result
}

/// A client with a long limit for connecting.
pub(crate) fn client() -> Client {
    Client::new(Duration::from_secs(10))
}
