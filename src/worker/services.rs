//! What all runs share: the service, the simulator, breakers, faults, the clock.

use super::costs::CostLookup;
use crate::failover::{Failure, FailureKind, Health, Route};
use crate::fault::{self, Fault};
use crate::openrouter::account::{Generation, KeyInfo, generation_path};
use crate::openrouter::catalogue::Catalogue;
use crate::openrouter::client::{Client, Endpoint};
use crate::openrouter::headers::Headers;
use crate::openrouter::model::ReasoningSupport;
use crate::openrouter::settings::RequestSettings;
use crate::openrouter::{BaseUrl, Dialect};
use crate::report::RunSpec;
use crate::secret::Secret;
use crate::simulator::Simulator;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

/// Who answers.
#[derive(Clone)]
pub enum Service {
    /// The built-in simulator.
    Simulator,
    /// A server and the key for it.
    Server(Box<Endpoint>),
}

/// A fault that was injected, and since when.
struct InjectedFault {
    fault: Fault,
    since: Duration,
    state: fault::ScheduleState,
}

/// Where an attempt goes.
pub(super) struct Address {
    /// The server, with the key for it.
    pub(super) endpoint: Endpoint,
    /// The fault that fires, as its word.
    pub(super) injected: Option<String>,
    /// Whether the simulator answers.
    pub(super) simulated: bool,
}

/// The world that runs live in.
pub struct Services {
    /// HTTP connections.
    pub(super) client: Client,
    service: Service,
    simulator: Simulator,
    simulated: Endpoint,
    headers: Mutex<Headers>,
    catalogue: Mutex<Catalogue>,
    health: Mutex<Health>,
    faults: Mutex<BTreeMap<String, InjectedFault>>,
    cache: Mutex<Option<PathBuf>>,
    ask_costs: Mutex<CostLookup>,
    began: Instant,
    numbers: Mutex<Box<RunIdSource>>,
}

/// The key that the simulator is shown: it wants one, like the real service, but takes any.
const SIMULATED_KEY: &str = "any-key-will-do";

impl Services {
    /// A world with closed breakers and no faults.
    pub fn new(client: Client, service: Service, simulator: Simulator, headers: Headers, catalogue: Catalogue) -> Self {
        let base = own(&simulator.base_url());
        let simulated = Endpoint { base, key: Some(Secret::new(SIMULATED_KEY)) };
        Self {
            client,
            service,
            simulator,
            simulated,
            headers: Mutex::new(headers),
            catalogue: Mutex::new(catalogue),
            health: Mutex::default(),
            faults: Mutex::default(),
            cache: Mutex::default(),
            ask_costs: Mutex::default(),
            began: Instant::now(),
            numbers: Mutex::new(Box::new(own_numbers())),
        }
    }

    /// The time since this world began: the engine's clock.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) async fn sleep_until(&self, wake: Option<Duration>) {
        match wake {
            Some(wake) => tokio::time::sleep_until(self.began + wake).await,
            None => std::future::pending().await,
        }
    }

    /// A number for a new run: wall time in ms, later than every run before.
    pub(super) fn new_run(&self) -> u64 {
        (locked(&self.numbers))(wall().as_millis() as u64)
    }

    /// Has somebody else number the runs: what is given is the wall time in ms.
    pub fn number_runs(&self, numbers: impl FnMut(u64) -> u64 + Send + 'static) {
        *locked(&self.numbers) = Box::new(numbers);
    }

    /// The breakers, held for as long as one step takes.
    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        locked(&self.health)
    }

    /// Closes a breaker by hand. False if there is none of that name.
    pub fn reset(&self, name: &str) -> bool {
        self.health().reset(name)
    }

    /// Breaks a model, or mends it. A schedule counts from now.
    pub fn inject(&self, model: &str, fault: Option<Fault>) {
        let mut faults = locked(&self.faults);
        match fault {
            Some(fault) => {
                let injected = InjectedFault { fault, since: self.now(), state: fault::ScheduleState::default() };
                faults.insert(model.to_owned(), injected);
            }
            None => _ = faults.remove(model),
        }
    }

    /// Mends every model.
    pub fn heal(&self) {
        locked(&self.faults).clear();
    }

    /// The faults that are set, by model.
    pub fn faults(&self) -> BTreeMap<String, Fault> {
        locked(&self.faults).iter().map(|(model, injected)| (model.clone(), injected.fault.clone())).collect()
    }

    /// Attribution and extra headers.
    pub fn headers(&self) -> Headers {
        locked(&self.headers).clone()
    }

    /// Sets attribution and extra headers for the runs to come.
    pub fn set_headers(&self, headers: Headers) {
        *locked(&self.headers) = headers;
    }

    /// Whether the simulator stands in for the service.
    pub fn simulated(&self) -> bool {
        matches!(self.service, Service::Simulator)
    }

    /// Who answers when nothing is broken.
    pub fn endpoint(&self) -> Endpoint {
        match &self.service {
            Service::Simulator => self.simulated.clone(),
            Service::Server(endpoint) => (**endpoint).clone(),
        }
    }

    /// Where an attempt on this model would go now; looking uses nothing up of a fault's schedule.
    pub(super) fn address(&self, models: &[&str]) -> Address {
        self.address_of(models, |it, now| it.fault.schedule.fires(&mut it.state.clone(), now))
    }

    /// Where the attempt that starts now goes: its faults' schedules have been asked once more.
    pub(super) fn next_address(&self, models: &[&str]) -> Address {
        self.address_of(models, |it, now| it.fault.schedule.fires(&mut it.state, now))
    }

    /// A fault is an address: whether it fires is decided here, so that a request which it spares reaches the
    /// service itself.
    ///
    /// A request with a list of models has them all here, the first choice first, and each has its own fault.
    fn address_of(&self, models: &[&str], hit: impl Fn(&mut InjectedFault, Duration) -> bool) -> Address {
        let now = self.now();
        let mut faults = locked(&self.faults);
        let mut fired = Vec::new();
        for model in models {
            let Some(injected) = faults.get_mut(*model) else { continue };
            if hit(injected, now.saturating_sub(injected.since)) {
                fired.push((*model, injected.fault.clone()));
            }
        }
        let played: Vec<(&str, Fault)> = fired.iter().map(|(model, fault)| (*model, fault.kind.into())).collect();
        let url = match (played.as_slice(), models) {
            ([], _) => return Address { endpoint: self.endpoint(), injected: None, simulated: self.simulated() },
            ([(_, fault)], [_]) => self.simulator.base_url_with(fault),
            (several, _) => self.simulator.base_url_with_each(several.iter().map(|(model, fault)| (*model, fault))),
        };
        let words: Vec<String> = match models {
            [_] => fired.iter().map(|(_, fault)| fault.to_string()).collect(),
            _ => fired.iter().map(|(model, fault)| format!("{model}={fault}")).collect(),
        };
        let endpoint = Endpoint { base: own(&url), ..self.simulated.clone() };
        Address { endpoint, injected: Some(words.join("; ")), simulated: true }
    }

    /// Fills in what this world knows of a job: who answers, and of each model its abilities and its price.
    pub(super) fn complete(&self, spec: &mut RunSpec, prompt_bytes: usize) {
        spec.simulated = self.simulated();
        for route in &mut spec.chain {
            *route = self.route(&route.model, &spec.settings, prompt_bytes);
        }
    }

    /// A model as a place in a chain, with what the catalogue knows of it.
    pub fn route(&self, model: &str, settings: &RequestSettings, prompt_bytes: usize) -> Route {
        let mut route = Route::new(model, self.endpoint().base.origin());
        route.max_tokens = settings.max_tokens;
        let catalogue = locked(&self.catalogue);
        if let Some(known) = catalogue.find(model) {
            route.reasoning = matches!(known.reasoning, ReasoningSupport::ByDefault | ReasoningSupport::Always);
            route.context = known.context;
            route.max_output = known.max_output;
            route.worst_case = known.price.worst_case(prompt_bytes, settings.max_tokens.or(known.max_output));
            route.aliases = [Some(known.canonical.clone()), known.alias_of.clone()].into_iter().flatten().collect();
        }
        route
    }

    /// Whether a model is known to take a request field; unknown models are not.
    pub(super) fn supports(&self, model: &str, parameter: &str) -> bool {
        locked(&self.catalogue).find(model).is_some_and(|known| known.supports(parameter))
    }

    /// The models that can be asked.
    pub fn catalogue(&self) -> Catalogue {
        locked(&self.catalogue).clone()
    }

    /// Asks the service for its list of models, and goes by it from now on.
    ///
    /// # Errors
    /// Whatever kept the list from coming.
    pub async fn ask_catalogue(&self) -> Result<Catalogue, Failure> {
        let answer = self.client.get(&self.endpoint(), &self.headers(), "/models").await;
        let answer =
            answer.inspect_err(|failure| warn!(target: "catalogue", reason = failure.reason, "not fetched"))?;
        let none = || Failure::new(FailureKind::NotAnAnswer, "the server lists no models");
        let catalogue = Catalogue::from_answer(&answer, wall()).ok_or_else(none)?;
        info!(target: "catalogue", models = catalogue.models.len(), "fetched");
        *locked(&self.catalogue) = catalogue.clone();
        if let Some(cache) = self.cache() {
            // A list that cannot be kept is asked for again next time.
            if let Err(error) = Catalogue::save(&cache, self.endpoint().base.origin(), &answer, wall()) {
                warn!(target: "catalogue", %error, "not kept");
            }
        }
        Ok(catalogue)
    }

    /// Goes by the list of models that was kept in this directory for this server, if there is one, and keeps
    /// the next one there. The simulator's models are part of the program and are not kept.
    pub fn keep_models_in(&self, directory: &Path) {
        if self.simulated() {
            return;
        }
        if let Some(kept) = Catalogue::load(directory, self.endpoint().base.origin()) {
            *locked(&self.catalogue) = kept;
        }
        *locked(&self.cache) = Some(directory.to_owned());
    }

    fn cache(&self) -> Option<PathBuf> {
        locked(&self.cache).clone()
    }

    /// How old the list of models is; `None` for the one that is part of the program.
    pub fn models_age(&self) -> Option<Duration> {
        locked(&self.catalogue).age(wall())
    }

    /// Opens a connection that the next request will find ready. Where that fails, the request will say why.
    pub async fn warm(&self) {
        _ = self.client.warm(&self.endpoint(), &self.headers()).await;
    }

    /// What the service says about the key: limits and what is left.
    ///
    /// # Errors
    /// Whatever kept the answer from coming.
    pub async fn key_info(&self) -> Result<KeyInfo, Failure> {
        let endpoint = self.endpoint();
        if endpoint.base.dialect() != Dialect::OpenRouter && !endpoint.base.is_loopback() {
            return Err(Failure::new(
                FailureKind::Local,
                "only OpenRouter says what a key may spend; this is another server",
            ));
        }
        let headers = self.headers();
        let answer = self.client.get(&endpoint, &headers, "/key").await?;
        Ok(KeyInfo::parse(&answer, &endpoint.secrets(&headers)))
    }

    /// What one past generation came to, and what the service saw of its headers.
    ///
    /// # Errors
    /// Whatever kept the answer from coming; it is not known at once.
    pub async fn generation(&self, id: &str) -> Result<Generation, Failure> {
        let endpoint = self.endpoint();
        let headers = self.headers();
        let answer = self.client.get(&endpoint, &headers, &generation_path(id)).await?;
        Ok(Generation::parse(&answer, &endpoint.secrets(&headers)))
    }

    /// Says when runs ask what their unbilled attempts cost.
    pub fn ask_costs(&self, when: CostLookup) {
        *locked(&self.ask_costs) = when;
    }

    pub(super) fn costs_asked(&self) -> CostLookup {
        *locked(&self.ask_costs)
    }
}

/// What numbers runs, by the wall time in ms.
type RunIdSource = dyn FnMut(u64) -> u64 + Send;

/// Numbers that are this world's own.
fn own_numbers() -> impl FnMut(u64) -> u64 {
    let mut last = 0;
    move |wall| {
        last = wall.max(last + 1);
        last
    }
}

/// An address that the simulator gave itself.
fn own(url: &str) -> BaseUrl {
    url.parse().unwrap_or_else(|e| unreachable!("the simulator's own address: {e}"))
}

/// Wall time since 1970.
#[expect(clippy::disallowed_methods, reason = "runs and kept lists are named by wall time")]
fn wall() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// A lock is held for one short step at a time; a step that panicked has left nothing half done that matters.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
