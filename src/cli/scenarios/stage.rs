//! Runs scenarios, and collects the requests: from a simulator that records what it receives, or, with the real
//! service, from what this program sent.

use super::super::setup;
use crate::config::Config;
use crate::failover::{Failover, Outcome};
use crate::fault::Fault;
use crate::openrouter::client::{Client, Endpoint};
use crate::openrouter::headers::Headers;
use crate::openrouter::{BaseUrl, OPENROUTER};
use crate::secret::Secret;
use crate::simulator::{Simulator, SimulatorOptions};
use crate::spec::RunSpec;
use crate::transcript::{Transcript, usd};
use crate::worker::{self, Service, ServiceOptions, Services};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::sync::Arc;

/// `max_tokens` on the real service, unless the user sets another value.
const MAX_TOKENS: u32 = 500;

/// Whether the first model of the chain works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstModel {
    /// It answers 503.
    Broken,
    Healthy,
}

/// The common settings of all scenarios.
pub(super) struct ScenarioStage {
    /// The task, the chain and the policy.
    pub(super) spec: RunSpec,
    /// Whether the real service is used.
    pub(super) live: bool,
    headers: Headers,
    key: Option<Secret>,
    base: String,
    client: Client,
}

/// A recorded completion request.
pub(super) struct CapturedRequest {
    headers: Vec<(String, String)>,
    /// Its JSON body.
    pub(super) body: Value,
}

impl CapturedRequest {
    /// All values of a header; names are compared without case.
    pub(super) fn header(&self, name: &str) -> Vec<String> {
        let matching = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        matching.map(|(_, value)| value.clone()).collect()
    }
}

/// A run that has ended, and its requests.
pub(super) struct ScenarioRun {
    /// The run's transcript.
    pub(super) run: Transcript,
    /// The completion requests, in order.
    pub(super) wire: Vec<CapturedRequest>,
}

impl ScenarioRun {
    /// The requested models, in order.
    pub(super) fn models(&self) -> Vec<&str> {
        self.wire.iter().filter_map(|request| request.body["model"].as_str()).collect()
    }

    /// The model that gave the final answer.
    pub(super) fn winner(&self) -> String {
        self.run.winner().map_or_else(|| "no model".to_owned(), |attempt| attempt.model.clone())
    }

    /// The model that answered, according to the server.
    pub(super) fn served(&self) -> String {
        self.run.winner().and_then(|attempt| attempt.served.clone()).unwrap_or_default()
    }

    /// How the run ended.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.run.outcome()
    }

    /// The names of the answer's fields.
    pub(super) fn fields(&self) -> Vec<String> {
        self.run.finished.as_ref().map(|end| end.fields.keys().cloned().collect()).unwrap_or_default()
    }
}

impl ScenarioStage {
    pub(super) fn new(config: &Config, mut spec: RunSpec, live: bool) -> Result<Self> {
        let key = config.secret().map(|(key, _)| key.clone());
        if live {
            anyhow::ensure!(key.is_some(), "--live needs a key in ${}", crate::config::KEY_VARIABLE);
            spec.settings.max_tokens.get_or_insert(MAX_TOKENS);
        }
        let base = config.read::<String>("base_url")?.unwrap_or_else(|| OPENROUTER.to_owned());
        let client = Client::new(config.policy(0)?.timeouts.connect);
        Ok(Self { spec, live, headers: setup::headers(config)?, key, base, client })
    }

    /// The headers that the user chose.
    pub(super) fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The maximum cost of this many calls on the real service, as text; `None` with the simulator.
    pub(super) async fn max_cost(&self, calls: u32) -> Result<Option<String>> {
        if !self.live {
            return Ok(None);
        }
        let (services, _) = self.services(FirstModel::Healthy, &self.headers).await?;
        // Loads the current prices; without them the cached or built-in list is used.
        _ = services.ask_catalogue().await;
        let worst =
            self.spec.chain.iter().map(|route| services.route(&route.model, self.spec.max_tokens(), 4096).worst_case);
        let most: Option<f64> = worst.collect::<Option<Vec<f64>>>().map(|all| all.into_iter().fold(0.0, f64::max));
        // Each call may be repaired once.
        let total = most.map(|cost| usd(crate::failover::Cost::Known(cost * f64::from(calls) * 2.0)));
        Ok(Some(match total {
            Some(total) => format!("at most {total} for {calls} answers"),
            None => format!("{calls} answers of a model with unknown price"),
        }))
    }

    /// Services for one run, and the simulator that receives its requests.
    async fn services(&self, first_model: FirstModel, headers: &Headers) -> Result<(Arc<Services>, Simulator)> {
        let start = || Simulator::start(SimulatorOptions { pace: 0.0, ..SimulatorOptions::default() });
        let context = "the simulator cannot listen on 127.0.0.1";
        let (server, stand_in) = (start().await.context(context)?, start().await.context(context)?);
        let first = &self.spec.chain[0].model;
        let fault: Fault = "503".parse()?;
        let endpoint = if self.live {
            Endpoint { base: self.base.parse()?, key: self.key.clone() }
        } else {
            let url = match first_model {
                FirstModel::Broken => server.base_url_with_each(Some((first.as_str(), &fault))),
                FirstModel::Healthy => server.base_url(),
            };
            Endpoint { base: url.parse::<BaseUrl>()?, key: Some(Secret::new("any-key-will-do")) }
        };
        let service = Service::Server(Box::new(endpoint));
        let faults =
            if self.live && first_model == FirstModel::Broken { vec![(first.clone(), fault)] } else { Vec::new() };
        let options = ServiceOptions::new(self.client.clone(), service, stand_in);
        let services = Services::new(ServiceOptions { headers: headers.clone(), faults, ..options });
        Ok((Arc::new(services), server))
    }

    /// Plays one run.
    pub(super) async fn play(&self, spec: &RunSpec, first_model: FirstModel, headers: &Headers) -> Result<ScenarioRun> {
        // The fault would be injected before the real server, so its fallback could not see it.
        let unseen = self.live && spec.policy.failover == Failover::Server;
        let first_model = if unseen { FirstModel::Healthy } else { first_model };
        let (services, server) = self.services(first_model, headers).await?;
        let run = worker::run(spec.clone(), &services).finish().await;
        let wire = if self.live { sent(&run) } else { received(&server) };
        Ok(ScenarioRun { run, wire })
    }
}

/// The completion requests that the simulator received.
fn received(server: &Simulator) -> Vec<CapturedRequest> {
    let completions = server.received().into_iter().filter(|request| request.path.ends_with("/chat/completions"));
    completions.map(|request| CapturedRequest { body: request.json(), headers: request.headers }).collect()
}

/// The requests that this program sent.
fn sent(run: &Transcript) -> Vec<CapturedRequest> {
    let requests = run.attempts.iter().filter_map(|attempt| attempt.request.as_deref());
    let pair = |header: &crate::openrouter::RequestHeader| (header.name().to_owned(), header.value().to_owned());
    requests.map(|r| CapturedRequest { headers: r.headers.iter().map(pair).collect(), body: r.body.clone() }).collect()
}
