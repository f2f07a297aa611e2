//! A world that asks one server, and runs in it as the headless face has them.

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

/// Breakers closed, connections kept.
pub(crate) async fn services(url: &str, client: &Client) -> Arc<Services> {
    let base = url.parse().expect("a base URL");
    let endpoint = Endpoint { base, key: Some(Secret::new(KEY)) };
    let simulator = Simulator::start(SimulatorOptions::default()).await.expect("a port");
    let service = Service::Server(Box::new(endpoint));
    Arc::new(Services::new(ServiceOptions::new(client.clone(), service, simulator)))
}

/// `question -> answer` by a chain of thought.
pub(crate) fn spec(models: &[&str], stream: bool) -> RunSpec {
    let inputs = Values::from_iter([("question".to_owned(), "Which river is the longest?".into())]);
    let task = SignatureTask::new("question -> answer".parse().expect("a signature"), inputs);
    let task = SignatureTask { module: Module::ChainOfThought, ..task };
    let settings = RequestSettings { stream: Some(stream), ..RequestSettings::default() };
    RunSpec { settings, ..RunSpec::new(task, models.iter().copied()) }
}

/// What a run came to.
pub(crate) struct Told {
    /// When the first text of the answer was there.
    pub(crate) first: Option<Instant>,
    /// Its fold, answer and all.
    pub(crate) transcript: Transcript,
}

/// One run to its validated answer, its fields followed live.
pub(crate) async fn ask(services: &Arc<Services>, spec: RunSpec, now: fn() -> Instant) -> Told {
    let mut run = worker::run(spec, services);
    let mut told = Told { first: None, transcript: Transcript::default() };
    while let Some(report) = run.next().await {
        if let (None, ReportKind::Observation(Observation::Stream { delta: Delta::Text(_), .. })) =
            (told.first, &report.what)
        {
            told.first = Some(now());
        }
        told.transcript.apply(&report);
    }
    assert_eq!(told.transcript.outcome(), Some(Outcome::Succeeded), "{:?}", told.transcript.finished);
    told
}

/// A client that waits long enough for connections.
pub(crate) fn client() -> Client {
    Client::new(Duration::from_secs(10))
}
