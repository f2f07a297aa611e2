//! The gateway over real sockets: what clients get when models break, and who may use it.

#[path = "gateway/contracts.rs"]
mod contracts;
#[path = "gateway/faults.rs"]
mod faults;
#[path = "shared/page.rs"]
mod page;
#[path = "gateway/passed_on.rs"]
mod passed_on;
#[path = "gateway/passing.rs"]
mod passing;
#[path = "gateway/safety.rs"]
mod safety;
#[expect(dead_code, reason = "the HTTP client's tests use more of it")]
#[path = "wire/server.rs"]
mod server;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchover::contract::ContractMode;
use switchover::failover::Policy;
use switchover::gateway::{Gateway, GatewayEvent, GatewayOptions, Hold, KeySource, RequestDefaults, Served, serve};
use switchover::openrouter::client::Client;
use switchover::simulator::{Simulator, SimulatorOptions};
use switchover::worker::{Service, ServiceOptions, Services};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const CHAIN: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/claude-3-haiku"];

/// A gateway in this process.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// The requests that have ended.
    pub(crate) served: Arc<Mutex<Vec<Served>>>,
    pub(crate) gateway: Arc<Gateway>,
    stop: Option<oneshot::Sender<()>>,
    end: JoinHandle<()>,
}

/// The usual options: the chain, models that answer at once, nothing limited.
pub(crate) fn options() -> GatewayOptions {
    GatewayOptions {
        defaults: RequestDefaults {
            chain: CHAIN.map(str::to_owned).to_vec(),
            policy: Policy { seed: 1, ..Policy::default() },
        },
        chains: BTreeMap::new(),
        hold: Hold::FirstToken,
        contract: ContractMode::FromRequest,
        key: KeySource::Configured,
        token: None,
        hosts: Vec::new(),
        max_requests: 64,
        max_cost: None,
        listener: Arc::new(|_| {}),
    }
}

/// Starts a gateway before the simulator.
pub(crate) async fn simulated(pace: f64, options: GatewayOptions) -> Running {
    start(Service::Simulator, pace, options).await
}

/// Starts a gateway before a service.
pub(crate) async fn start(service: Service, pace: f64, options: GatewayOptions) -> Running {
    start_with_grace(service, pace, options, Duration::from_secs(30)).await
}

/// Starts a gateway that gives requests in progress this time when it is stopped.
pub(crate) async fn start_with_grace(service: Service, pace: f64, options: GatewayOptions, grace: Duration) -> Running {
    let simulator = Simulator::start(SimulatorOptions { pace, ..SimulatorOptions::default() }).await.unwrap();
    let client = Client::new(Duration::from_secs(20));
    let services = Arc::new(Services::new(ServiceOptions::new(client, service, simulator)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(Mutex::new(Vec::new()));
    let ended = Arc::clone(&served);
    let listen = Arc::new(move |event| {
        if let GatewayEvent::Served(one) = event {
            ended.lock().unwrap().push(*one);
        }
    });
    let gateway = Arc::new(Gateway::new(services, GatewayOptions { listener: listen, ..options }, address));
    let (stop, stopped) = oneshot::channel::<()>();
    let end = tokio::spawn(serve(Arc::clone(&gateway), listener, async { _ = stopped.await }, grace));
    Running { address, served, gateway, stop: Some(stop), end }
}

impl Running {
    /// Stops accepting, and waits for the end of what is in progress.
    pub(crate) async fn stopped(mut self) {
        _ = self.stop.take().unwrap().send(());
        self.end.await.unwrap();
    }

    /// Sends a request with this method and path; a fault may stand before the path.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.request(method.parse().unwrap(), format!("http://{}{path}", self.address))
    }

    /// Sends a chat request with more fields in its body and more headers.
    pub(crate) async fn chat(&self, fault: &str, more: &Value, headers: &[(&str, &str)]) -> Reply {
        let mut body = json!({"messages": [{"role": "user", "content": "What is the capital of France?"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let prefix = if fault.is_empty() { String::new() } else { format!("/{}", fault.replace('%', "%25")) };
        let mut request = self.request("POST", &format!("{prefix}/v1/chat/completions"));
        request = request.header("content-type", "application/json").body(body.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Reply::of(request.send().await.unwrap()).await
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e} in {}", self.text))
    }

    /// The data of the events of a stream.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix("data: ")).collect()
    }

    /// The message of an error in `OpenAI`'s shape: of the whole reply, or of a stream's last event.
    pub(crate) fn error(&self) -> Option<String> {
        let last = self.events().last().map_or(self.text.as_str(), |last| *last);
        let value: Value = serde_json::from_str(last).ok()?;
        Some(value["error"]["message"].as_str()?.to_owned())
    }

    /// The text of a whole answer, or of a stream that was completed.
    pub(crate) fn answer(&self) -> Option<String> {
        let events = self.events();
        if events.is_empty() {
            return Some(self.json()["choices"][0]["message"]["content"].as_str()?.to_owned());
        }
        let complete = events.last() == Some(&"[DONE]");
        let chunk = |event: &&str| serde_json::from_str::<Value>(event).ok();
        let text = |chunk: Value| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned);
        complete.then(|| events.iter().filter_map(chunk).filter_map(text).collect())
    }
}
