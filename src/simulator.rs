//! A stand-in for `OpenRouter` on loopback: a real HTTP/1.1 server with its paths and shapes,
//! several simulated models, and faults in the path. It knows the wire from the outside
//! only: it must not use the client's modules, so that the two cannot share a bug.
//!
//! ```text
//!   socket ─▶ http::read ─▶ routes ─▶ chat ─▶ reply (what is said) ─▶ completion (its shape)
//!   socket ◀─ script::play ◀───────────────── misbehave (how it goes wrong) ◀─┘
//! ```
//!
//! Addresses: `http://127.0.0.1:PORT/api/v1` is healthy; `http://127.0.0.1:PORT/<fault>/api/v1`
//! has the fault on every completion; `…/openai~gpt-4o-mini=503;anthropic~claude-3-haiku=stall:8/api/v1`
//! has each model's own. Schedules count per segment and model, their time from the first request.
//! The same request body and seed give the same body bytes.

mod asset;
mod catalogue;
mod chat;
mod completion;
mod date;
mod envelope;
mod http;
mod ledger;
mod misbehave;
mod reply;
mod routes;
mod script;
mod segment;

pub use http::ReceivedRequest;

use crate::fault::{Fault, FaultKind, Schedule};
use script::{ResponseScript, ScriptEnd};
use segment::ScheduleCounters;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// How many requests [`Simulator::received`] remembers.
const REMEMBERED: usize = 4096;

/// No pause is longer, whatever a fault or the pace says.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What can be chosen about a simulator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimulatorOptions {
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    /// Multiplies every pause: 1 is each model's own pace, 0 is as fast as it goes, with no timer at all.
    pub pace: f64,
    /// Goes into every id and draw.
    pub seed: u64,
    /// How many times `/generation` answers 404 before it knows a generation.
    pub generation_lag: u32,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self { port: 0, pace: 1.0, seed: 0, generation_lag: 0 }
    }
}

/// A running simulator. Dropping it stops it and closes every connection.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    /// Bound and never listening: whoever connects to it is refused, and nobody else can take it.
    nowhere: (TcpSocket, SocketAddr),
    world: Arc<SimulatorState>,
    accepting: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
struct SimulatorState {
    options: SimulatorOptions,
    started: tokio::time::Instant,
    received: Mutex<VecDeque<ReceivedRequest>>,
    ledger: Mutex<ledger::GenerationLedger>,
    counters: Mutex<ScheduleCounters>,
}

impl SimulatorState {
    /// A pause at this simulator's pace, an hour at most.
    fn pace(&self, time: Duration) -> Duration {
        let paced = Duration::try_from_secs_f64(time.as_secs_f64() * self.options.pace.max(0.0));
        paced.map_or(LONGEST_PAUSE, |time| time.min(LONGEST_PAUSE))
    }
}

/// A value behind a lock is whole after every statement that changes it, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Simulator {
    /// Starts it on loopback, within a tokio runtime.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn start(options: SimulatorOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let dead = TcpSocket::new_v4()?;
        dead.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let dead_address = dead.local_addr()?;
        let world = Arc::new(SimulatorState {
            options,
            started: tokio::time::Instant::now(),
            received: Mutex::default(),
            ledger: Mutex::default(),
            counters: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&world)));
        Ok(Self { address, nowhere: (dead, dead_address), world, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The healthy base URL, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// The base URL under which every completion has this fault. For `refused` without a
    /// schedule it is an address at which nothing listens; with one, and in a path that
    /// was written by hand, the connection is reset instead, since it exists already.
    pub fn base_url_with(&self, fault: &Fault) -> String {
        let dead = fault.kind == FaultKind::Refused && fault.schedule == Schedule::Always;
        let address = if dead { self.nowhere.1 } else { self.address };
        format!("http://{address}/{fault}/api/v1")
    }

    /// The base URL under which each of these models has its own fault: for requests that
    /// carry a list of models.
    pub fn base_url_with_each<'a>(&self, faults: impl IntoIterator<Item = (&'a str, &'a Fault)>) -> String {
        format!("http://{}/{}/api/v1", self.address, segment::write(faults))
    }

    /// What it was sent so far, oldest first; the last 4096 requests.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        lock(&self.world.received).iter().cloned().collect()
    }

    /// Serves until it is stopped; for a process that does nothing else.
    pub async fn serve(mut self) {
        // It ends only by being aborted, and that needs this very handle.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, world: Arc<SimulatorState>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&world)));
                }
                // Out of file descriptors, most likely: let some connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection, request after request.
async fn connection(mut stream: TcpStream, world: Arc<SimulatorState>) {
    // A token must leave when it is written; without this it may wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    loop {
        let request = match http::read(&mut stream, &mut buffer).await {
            Ok(request) => request,
            Err(http::RequestReadError::Gone) => return,
            Err(http::RequestReadError::Bad(status, message)) => {
                let mut answer = envelope::ErrorEnvelope::new(status, message).script(&[("Connection", "close")]);
                answer.0.push(script::SocketStep::Close);
                script::play(&mut stream, answer).await;
                return;
            }
        };
        let closes = request.closes();
        remember(&world, request.clone());
        let answer = routes::answer(&world, &request);
        let end = script::play(&mut stream, answer.script).await;
        if let (ScriptEnd::Left, Some(generation)) = (end, answer.generation) {
            lock(&world.ledger).cancelled(&generation);
        }
        if closes || end != ScriptEnd::Open {
            return;
        }
    }
}

fn remember(world: &SimulatorState, request: ReceivedRequest) {
    let mut received = lock(&world.received);
    if received.len() == REMEMBERED {
        received.pop_front();
    }
    received.push_back(request);
}

/// What a request is answered with.
#[derive(Debug)]
struct ScriptedResponse {
    script: ResponseScript,
    /// The generation that ends as cancelled if the client leaves early.
    generation: Option<String>,
}

impl From<ResponseScript> for ScriptedResponse {
    fn from(script: ResponseScript) -> Self {
        Self { script, generation: None }
    }
}
