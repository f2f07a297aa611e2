//! What all runs share: the service, the simulator, breakers, faults, models, the history, the clock.

mod lookups;

use super::injected::{Advance, InjectedFault, RunFaults};
use crate::failover::{BreakerState, Health, Route};
use crate::fault::Fault;
use crate::history::HistoryWriter;
use crate::lock::locked;
use crate::openrouter::catalogue::Catalogue;
use crate::openrouter::client::{Client, Endpoint};
use crate::openrouter::headers::Headers;
use crate::openrouter::model::ReasoningSupport;
use crate::openrouter::{BaseUrl, Message};
use crate::secret::Secret;
use crate::simulator::Simulator;
use crate::spec::{RunSpec, Task};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Who answers where no fault is set.
#[derive(Clone)]
pub enum Service {
    /// The built-in simulator.
    Simulator,
    /// A server and the key for it.
    Server(Box<Endpoint>),
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

/// When the service is asked for costs that answers did not bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CostLookup {
    /// Never: they stay unknown.
    #[default]
    Never,
    /// Before the run's final event, which waits for them.
    BeforeTheEnd,
    /// After the run's final event.
    AfterTheEnd,
}

/// What [`Services::new`] is built from.
pub struct ServiceOptions {
    /// HTTP connections.
    pub client: Client,
    /// Who answers where no fault is set.
    pub service: Service,
    /// Who answers where one is.
    pub simulator: Simulator,
    /// Attribution and extra headers.
    pub headers: Headers,
    /// The models to start with. A real service's list that was kept in `model_cache` is newer and goes before it.
    pub catalogue: Catalogue,
    /// The names of chains, which can be asked in place of a model.
    pub chains: Vec<String>,
    /// The directory where the service's list of models is kept.
    pub model_cache: Option<PathBuf>,
    /// Faults that are set from the start, by model.
    pub faults: Vec<(String, Fault)>,
    /// When runs look up costs that an answer did not bring.
    pub cost_lookup: CostLookup,
    /// Where runs are kept.
    pub history: HistoryWriter,
}

impl ServiceOptions {
    /// The built-in list of models, no headers; nothing is kept, and no costs are looked up.
    pub fn new(client: Client, service: Service, simulator: Simulator) -> Self {
        Self {
            client,
            service,
            simulator,
            headers: Headers::default(),
            catalogue: Catalogue::snapshot(),
            chains: Vec::new(),
            model_cache: None,
            faults: Vec::new(),
            cost_lookup: CostLookup::default(),
            history: HistoryWriter::none(),
        }
    }
}

/// What all runs share: connections, breakers, faults, models, the history and the clock.
pub struct Services {
    /// HTTP connections.
    pub(super) client: Client,
    pub(super) history: HistoryWriter,
    pub(super) cost_lookup: CostLookup,
    service: Service,
    simulator: Simulator,
    simulated: Endpoint,
    headers: Mutex<Arc<Headers>>,
    catalogue: Mutex<Arc<Catalogue>>,
    pub(super) chains: Vec<String>,
    model_cache: Option<PathBuf>,
    health: Mutex<Health>,
    faults: Mutex<BTreeMap<String, InjectedFault>>,
    began: Instant,
    last_run: Mutex<u64>,
}

/// The key that the simulator is shown: it wants one, like the real service, but takes any.
const SIMULATED_KEY: &str = "any-key-will-do";

impl Services {
    /// Services with closed breakers.
    pub fn new(options: ServiceOptions) -> Self {
        let ServiceOptions {
            client,
            service,
            simulator,
            headers,
            catalogue,
            chains,
            model_cache,
            faults,
            cost_lookup,
            history,
        } = options;
        let base = own(&simulator.base_url());
        let simulated = Endpoint { base, key: Some(Secret::new(SIMULATED_KEY)) };
        // The simulator's models are part of the program and are not kept.
        let (model_cache, kept) = match &service {
            Service::Server(endpoint) => {
                let kept = model_cache.as_ref().and_then(|cache| Catalogue::load(cache, endpoint.base.origin()));
                (model_cache, kept)
            }
            Service::Simulator => (None, None),
        };
        let services = Self {
            client,
            history,
            cost_lookup,
            service,
            simulator,
            simulated,
            headers: Mutex::new(Arc::new(headers)),
            catalogue: Mutex::new(Arc::new(kept.unwrap_or(catalogue))),
            chains,
            model_cache,
            health: Mutex::default(),
            faults: Mutex::default(),
            began: Instant::now(),
            last_run: Mutex::default(),
        };
        for (model, fault) in faults {
            services.inject(&model, Some(fault));
        }
        services
    }

    /// The time since these services were built: the engine's clock.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// A time of these services as one of the runtime's timers.
    pub(super) fn instant(&self, at: Duration) -> Instant {
        self.began + at
    }

    /// A number for a new run: wall time in ms, later than every run before. The history numbers the runs of all
    /// programs that share it; where it takes too long, this program's own next number serves.
    pub async fn new_run(&self) -> u64 {
        let now = wall().as_millis() as u64;
        let (number, numbered) = oneshot::channel();
        self.history.number_run(now, move |run| _ = number.send(run));
        // Without a history the sender is dropped, and this is over at once.
        let numbered = tokio::time::timeout(super::HISTORY_PATIENCE, numbered).await;
        let mut last = locked(&self.last_run);
        *last = numbered.ok().and_then(Result::ok).unwrap_or(now).max(*last + 1);
        *last
    }

    /// Waits until all runs so far are stored, but not longer than `most`: for a program that is about to end.
    pub fn settle(&self, most: Duration) {
        self.history.settle(most);
    }

    /// The breakers, held for as long as one step takes.
    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        locked(&self.health)
    }

    /// The circuit breakers that were used, by name, each with its state in a word.
    pub fn circuits(&self) -> Vec<(String, &'static str)> {
        let now = self.now();
        let word = |state| match state {
            BreakerState::Closed { .. } => "closed",
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen | BreakerState::Probing => "half_open",
        };
        self.health().breakers(now).map(|(scope, state)| (scope.name.to_string(), word(state))).collect()
    }

    /// Closes the breakers of this name. False if there is none.
    pub fn reset(&self, name: &str) -> bool {
        self.health().reset(name)
    }

    /// Sets a model's fault, or clears it with `None`. A schedule counts from now, and the route's breakers close.
    pub fn inject(&self, model: &str, fault: Option<Fault>) {
        self.health().reset_route(&Route::new(model, self.endpoint().base.origin()));
        let mut faults = locked(&self.faults);
        match fault {
            Some(fault) => {
                faults.insert(model.to_owned(), InjectedFault::new(fault, self.now()));
            }
            None => _ = faults.remove(model),
        }
    }

    /// Clears all faults. The breakers of their routes close.
    pub fn clear_faults(&self) {
        for model in self.faults().keys() {
            self.inject(model, None);
        }
    }

    /// The faults that are set, by model.
    pub fn faults(&self) -> BTreeMap<String, Fault> {
        locked(&self.faults).iter().map(|(model, injected)| (model.clone(), injected.fault().clone())).collect()
    }

    /// Attribution and extra headers.
    pub fn headers(&self) -> Arc<Headers> {
        Arc::clone(&locked(&self.headers))
    }

    /// Sets attribution and extra headers for the runs to come.
    pub fn set_headers(&self, headers: Headers) {
        *locked(&self.headers) = Arc::new(headers);
    }

    /// Whether the simulator stands in for the service.
    pub fn simulated(&self) -> bool {
        matches!(self.service, Service::Simulator)
    }

    /// The server of an attempt without a fault.
    pub fn endpoint(&self) -> Endpoint {
        match &self.service {
            Service::Simulator => self.simulated.clone(),
            Service::Server(endpoint) => (**endpoint).clone(),
        }
    }

    /// Where an attempt goes. A fault is an address: whether it fires is decided here, so that a request that it does not
    /// hit goes to the service itself. `models` is the request's whole list, first choice first, from this place of the
    /// chain on; each may have a fault, and the run's own go before the others.
    pub(super) fn address(
        &self,
        place: usize,
        models: &[&str],
        of_run: Option<&RunFaults>,
        advance: Advance,
    ) -> Address {
        let now = self.now();
        let faults = locked(&self.faults);
        let mut fired = Vec::new();
        for (place, model) in (place..).zip(models) {
            let injected = of_run.and_then(|own| own.get(place, model)).or_else(|| faults.get(*model));
            fired.extend(injected.filter(|it| it.fires(now, advance)).map(|it| (*model, it.fault().clone())));
        }
        drop(faults);
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

    /// Fills in what the run needs from here: who answers, and each model's abilities and price. `prompts` are the
    /// messages of the first calls, for the price.
    pub(super) fn complete(&self, spec: &mut RunSpec, prompts: &[Vec<Message>]) {
        let bytes = |messages: &Vec<Message>| messages.iter().map(|message| message.content.len()).sum();
        let prompt_bytes = match &spec.task {
            Task::Signature(_) => prompts.iter().map(bytes).max().unwrap_or_default(),
            Task::Chat(task) => task.bytes(),
        };
        spec.simulated = self.simulated();
        let max_tokens = spec.max_tokens();
        for route in &mut spec.chain {
            *route = self.route(&route.model, max_tokens, prompt_bytes);
        }
    }

    /// A model as a route, with what the catalogue knows of it. `prompt_bytes` is the prompt's length, for the price.
    pub fn route(&self, model: &str, max_tokens: Option<u32>, prompt_bytes: usize) -> Route {
        let mut route = Route::new(model, self.endpoint().base.origin());
        route.max_tokens = max_tokens;
        let catalogue = locked(&self.catalogue);
        if let Some(known) = catalogue.find(model) {
            route.reasoning = matches!(known.reasoning, ReasoningSupport::ByDefault | ReasoningSupport::Always);
            route.context = known.context;
            route.max_output = known.max_output;
            route.worst_case = known.price.worst_case(prompt_bytes, max_tokens.or(known.max_output));
            route.aliases = [Some(known.canonical.clone()), known.alias_of.clone()].into_iter().flatten().collect();
        }
        route
    }

    /// Whether a model accepts a request field; `None` if nothing is known of the model, or not what it accepts.
    pub(super) fn supports(&self, model: &str, parameter: &str) -> Option<bool> {
        let catalogue = locked(&self.catalogue);
        let known = catalogue.find(model).filter(|known| !known.parameters.is_empty())?;
        Some(known.supports(parameter))
    }

    /// The list of models in use.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&locked(&self.catalogue))
    }

    /// The age of the list of models; `None` for the built-in one.
    pub fn models_age(&self) -> Option<Duration> {
        locked(&self.catalogue).age(wall())
    }
}

/// Parses an address that the simulator made.
fn own(url: &str) -> BaseUrl {
    url.parse().unwrap_or_else(|e| unreachable!("the simulator's own address: {e}"))
}

/// Wall time since 1970.
#[expect(clippy::disallowed_methods, reason = "runs and kept lists are named by wall time")]
fn wall() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
