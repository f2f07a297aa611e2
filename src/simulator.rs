//! A stand-in for `OpenRouter` on loopback: a real HTTP/1.1 server with its paths and response shapes, several
//! simulated models, and faults in the path. It must not use the client's modules: a bug that client and server
//! shared would be seen by no test.
//!
//! ```text
//!   socket ─▶ http::read ─▶ routes ─▶ chat ─▶ reply (what is said) ─▶ completion (its JSON)
//!   socket ◀─ script::play ◀───────────────── misbehave (what goes wrong) ◀─┘
//! ```
//!
//! Addresses: `http://127.0.0.1:PORT/api/v1` is healthy; `http://127.0.0.1:PORT/<fault>/api/v1` has the fault on
//! every completion; `…/openai~gpt-4o-mini=503;anthropic~claude-3-haiku=stall:8/api/v1` gives each model its own.
//! A schedule counts the requests of one path segment and one model, and its time begins with the first of them.
//! The same requests in the same order, with the same seed, get the same bytes; a repeated request gets the same
//! text under a new generation id.

mod asset;
mod catalogue;
mod chat;
mod completion;
mod date;
mod envelope;
mod http;
mod ledger;
mod misbehave;
mod received;
mod reply;
mod routes;
mod script;
mod segment;
mod shape;

pub use http::ReceivedRequest;
pub use routes::ServedRequest;

use crate::fault::{Fault, FaultKind, Schedule};
use crate::lock::locked;
use envelope::ErrorEnvelope;
use http::RequestReadError;
use ledger::GenerationLedger;
use received::ReceivedRequests;
use script::{ResponseScript, ScriptEnd, SocketStep};
use segment::{FaultSegment, ScheduleCounters};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{JoinHandle, JoinSet};

/// No pause is longer, whatever a fault or the pace says.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The settings of a simulator.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatorOptions {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// A factor for every pause: 1 is each model's own pace, 0 answers at once and sets no timer.
    pub pace: f64,
    /// The seed of generation ids and random draws.
    pub seed: u64,
    /// How many times `/generation` answers 404 before it finds a new generation.
    pub generation_lag: u32,
    /// Faults of models at the address without a fault in its path.
    pub faults: Vec<(String, Fault)>,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self { port: 0, pace: 1.0, seed: 0, generation_lag: 0, faults: Vec::new() }
    }
}

/// A running simulator. Dropping it stops it and closes every connection.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    /// Bound but not listening: connections to it are refused, and no other process can take its port.
    refusing: (TcpSocket, SocketAddr),
    state: Arc<SimulatorState>,
    accept_loop: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
struct SimulatorState {
    options: SimulatorOptions,
    /// The faults of the options, for paths that name none.
    faults: Option<FaultSegment>,
    started: tokio::time::Instant,
    received: Mutex<ReceivedRequests>,
    ledger: Mutex<GenerationLedger>,
    counters: Mutex<ScheduleCounters>,
    /// How many completions were begun, for their ids.
    completions: AtomicU64,
    log: OnceLock<UnboundedSender<ServedRequest>>,
}

impl SimulatorState {
    /// A pause at this simulator's pace, at most an hour.
    fn pace(&self, time: Duration) -> Duration {
        let paced = Duration::try_from_secs_f64(time.as_secs_f64() * self.options.pace.max(0.0));
        paced.map_or(LONGEST_PAUSE, |time| time.min(LONGEST_PAUSE))
    }
}

impl Simulator {
    /// Starts a simulator on loopback, within a tokio runtime.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(options: SimulatorOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let refusing = TcpSocket::new_v4()?;
        refusing.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let refusing_address = refusing.local_addr()?;
        let state = Arc::new(SimulatorState {
            faults: FaultSegment::of_models(&options.faults),
            options,
            started: tokio::time::Instant::now(),
            received: Mutex::default(),
            ledger: Mutex::default(),
            counters: Mutex::default(),
            completions: AtomicU64::new(0),
            log: OnceLock::new(),
        });
        let accept_loop = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, refusing: (refusing, refusing_address), state, accept_loop })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for clients, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// The base URL under which every completion has this fault. For `refused` without a schedule it is an address
    /// at which nothing listens. With a schedule, and when the path is written by the client, the connection exists
    /// already, so it is reset instead.
    pub fn base_url_with(&self, fault: &Fault) -> String {
        let refused = fault.kind == FaultKind::Refused && fault.schedule == Schedule::Always;
        let address = if refused { self.refusing.1 } else { self.address };
        format!("http://{address}/{fault}/api/v1")
    }

    /// The base URL under which each of these models has its own fault: for requests with a list of models.
    pub fn base_url_with_each<'a>(&self, faults: impl IntoIterator<Item = (&'a str, &'a Fault)>) -> String {
        format!("http://{}/{}/api/v1", self.address, segment::write(faults))
    }

    /// The last 4096 requests that it received, oldest first; fewer if their bodies are over 32 MiB.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        locked(&self.state.received).all()
    }

    /// Every request from now on, once its response has ended. Only the first call gets them.
    pub fn served(&self) -> UnboundedReceiver<ServedRequest> {
        let (log, served) = mpsc::unbounded_channel();
        _ = self.state.log.set(log);
        served
    }

    /// Serves until the future is dropped, for a process that does nothing else.
    pub async fn serve(mut self) {
        // The loop ends only when it is aborted, and that needs this handle.
        _ = (&mut self.accept_loop).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accept_loop.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<SimulatorState>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, Arc::clone(&state)));
                }
                // Probably out of file descriptors: wait for connections to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the requests of one connection, one after the other.
async fn serve_connection(mut stream: TcpStream, state: Arc<SimulatorState>) {
    // A token must leave when it is written; without this it may wait for an acknowledgement.
    _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    loop {
        let request = match http::read(&mut stream, &mut buffer).await {
            Ok(request) => request,
            Err(RequestReadError::Disconnected) => return,
            Err(RequestReadError::Malformed(status, message)) => {
                let mut script = ErrorEnvelope::new(status, message).script(&[("Connection", "close")]);
                script.0.push(SocketStep::Close);
                script::play(&mut stream, script).await;
                return;
            }
        };
        let closes = request.closes();
        locked(&state.received).add(request.clone());
        let response = routes::answer(&state, &request);
        let status = response.script.status();
        let end = script::play(&mut stream, response.script).await;
        if let (ScriptEnd::ClientLeft, Some(generation)) = (end, response.generation) {
            locked(&state.ledger).cancelled(&generation);
        }
        if let Some(log) = state.log.get() {
            let ReceivedRequest { method, path, .. } = request;
            let client_left = end == ScriptEnd::ClientLeft;
            _ = log.send(ServedRequest {
                method,
                path,
                model: response.model,
                status,
                fault: response.fault,
                client_left,
            });
        }
        if closes || end != ScriptEnd::Open {
            return;
        }
    }
}

/// The response to a request.
#[derive(Debug, Default)]
struct ScriptedResponse {
    script: ResponseScript,
    /// The generation that counts as cancelled if the client leaves before the end.
    generation: Option<String>,
    /// The model that was asked for, or that answers.
    model: Option<String>,
    /// The injected fault, as its path writes it.
    fault: Option<String>,
}

impl From<ResponseScript> for ScriptedResponse {
    fn from(script: ResponseScript) -> Self {
        Self { script, ..Self::default() }
    }
}
