//! A world that asks one server, and runs in it as the headless face has them.

use std::sync::Arc;
use std::time::{Duration, Instant};
use switchover::dspy::{Adapter, Module, Values};
use switchover::failover::{Outcome, Policy, Route};
use switchover::openrouter::catalogue::Catalogue;
use switchover::openrouter::client::{Client, Endpoint};
use switchover::openrouter::headers::Headers;
use switchover::openrouter::{Delta, settings::RequestSettings};
use switchover::report::{Observation, ReportKind, RunSpec};
use switchover::secret::Secret;
use switchover::simulator::{Simulator, SimulatorOptions};
use switchover::transcript::Transcript;
use switchover::worker::{self, Service, Services};
use tokio::sync::mpsc::unbounded_channel;

pub(crate) const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef";

/// Breakers closed, connections kept.
pub(crate) async fn services(url: &str, client: &Client) -> Arc<Services> {
    let base = url.parse().expect("a base URL");
    let endpoint = Endpoint { base, key: Some(Secret::new(KEY)) };
    let simulator = Simulator::start(SimulatorOptions::default()).await.expect("a port");
    let service = Service::Server(Box::new(endpoint));
    Arc::new(Services::new(client.clone(), service, simulator, Headers::default(), Catalogue::snapshot()))
}

/// `question -> answer` by a chain of thought.
pub(crate) fn spec(models: &[&str], stream: bool) -> RunSpec {
    RunSpec {
        signature: "question -> answer".parse().expect("a signature"),
        module: Module::ChainOfThought,
        adapter: Adapter::Chat,
        inputs: Values::from_iter([("question".to_owned(), "Which river is the longest?".into())]),
        demos: Vec::new(),
        turns: Vec::new(),
        chain: models.iter().map(|model| Route::new(*model, "")).collect(),
        policy: Policy::default(),
        settings: RequestSettings { stream: Some(stream), ..RequestSettings::default() },
        simulated: false,
    }
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
    let (tell, mut reports) = unbounded_channel();
    let _running = worker::spawn(spec, services, move |report| _ = tell.send(report));
    let mut told = Told { first: None, transcript: Transcript::default() };
    while let Some(report) = reports.recv().await {
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
