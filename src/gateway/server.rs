//! The server: connections, limits, and the end.

use super::body::Body;
use super::guard::MAX_HEAD;
use super::options::{GatewayOptions, RequestDefaults};
use super::refusal::Refusal;
use super::refused::{self, Sender};
use super::routes;
use crate::fault::Fault;
use crate::lock::locked;
use crate::worker::{RunFaults, Services};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The time in which a client must have sent the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// This many times the number of requests that are served at once may wait for their turn.
const QUEUE: usize = 8;
/// The number of different faults in paths whose schedules are remembered.
const MAX_FAULTS: usize = 256;
/// The time in which requests that are cancelled at the end can say so.
pub const PARTING: Duration = Duration::from_secs(1);
/// The error of such a request.
pub(super) const STOPS: &str = "the gateway stops, and the time for requests in progress is over";
/// The pause after a connection that could not be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all requests share.
pub struct Gateway {
    pub(super) services: Arc<Services>,
    pub(super) options: GatewayOptions,
    pub(super) address: SocketAddr,
    defaults: Mutex<Arc<RequestDefaults>>,
    faults: Mutex<BTreeMap<String, Arc<RunFaults>>>,
    spent: Mutex<f64>,
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Whether the time for requests in progress is over.
    is_over: watch::Sender<bool>,
}

impl Gateway {
    /// A gateway that listens on `address`.
    pub fn new(services: Arc<Services>, options: GatewayOptions, address: SocketAddr) -> Self {
        let slots = Arc::new(Semaphore::new(options.max_requests.max(1)));
        let defaults = Mutex::new(Arc::new(options.defaults.clone()));
        Self {
            services,
            options,
            address,
            defaults,
            faults: Mutex::default(),
            spent: Mutex::default(),
            slots,
            waiting: AtomicUsize::new(0),
            is_over: watch::channel(false).0,
        }
    }

    /// How it is set up.
    pub fn options(&self) -> &GatewayOptions {
        &self.options
    }

    /// The chain and the engine's settings for requests that begin now.
    pub fn defaults(&self) -> Arc<RequestDefaults> {
        Arc::clone(&locked(&self.defaults))
    }

    /// Sets them for the requests to come.
    pub fn set_defaults(&self, defaults: RequestDefaults) {
        *locked(&self.defaults) = Arc::new(defaults);
    }

    /// A place among the requests that are served, as soon as there is one.
    pub(super) async fn slot(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        let busy = || Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests are waiting").retry_after(1);
        if before >= self.options.max_requests.saturating_mul(QUEUE) {
            return Err(busy());
        }
        tokio::select! {
            biased;
            // Runs that are cancelled at the end free their places; no other run may start in them.
            () = self.over() => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, STOPS)),
            slot = Arc::clone(&self.slots).acquire_owned() => slot.map_err(|_| busy()),
        }
    }

    /// Waits until the gateway stops and the time for requests in progress is over.
    pub(super) async fn over(&self) {
        _ = self.is_over().wait_for(|is_over| *is_over).await;
    }

    /// Turns true when the gateway stops and the time for requests in progress is over.
    pub(super) fn is_over(&self) -> watch::Receiver<bool> {
        self.is_over.subscribe()
    }

    /// The fault of a path. The same word is the same fault, so that its schedule counts over all requests.
    pub(super) fn fault(&self, word: &str) -> Result<Arc<RunFaults>, Refusal> {
        let mut faults = locked(&self.faults);
        if let Some(known) = faults.get(word) {
            return Ok(Arc::clone(known));
        }
        let fault: Fault = word.parse().map_err(|error: crate::fault::FaultError| {
            let why = format!("no such path: it begins neither with /v1 nor with a fault ({error}); {}", routes::LIST);
            Refusal::new(StatusCode::NOT_FOUND, why)
        })?;
        if faults.len() >= MAX_FAULTS {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "too many different faults in this session"));
        }
        let injected = Arc::new(RunFaults::of_first(fault, self.services.now()));
        faults.insert(word.to_owned(), Arc::clone(&injected));
        Ok(injected)
    }

    /// The number of requests that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Adds to what the session has cost.
    pub(super) fn spend(&self, usd: f64) {
        *locked(&self.spent) += usd;
    }

    /// What the session has cost so far, in USD, as far as it is known.
    pub fn spent(&self) -> f64 {
        *locked(&self.spent)
    }

    /// Refuses a request if the session's budget is used up.
    pub(super) fn check_budget(&self) -> Result<(), Refusal> {
        match self.options.max_cost {
            Some(most) if self.spent() >= most => Err(Refusal::new(
                StatusCode::PAYMENT_REQUIRED,
                format!("the budget of this session, ${most}, is used up (gateway.max_cost)"),
            )),
            _ => Ok(()),
        }
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let sender = Sender::of(&request);
        Ok(routes::serve(&self, request).await.unwrap_or_else(|refusal| {
            let response = refusal.response(None);
            tokio::spawn(refused::announce(self, sender, refusal));
            response
        }))
    }
}

/// Serves until `stop` is over; then no connection is accepted any more, and requests in progress get `grace` to end.
/// Those that do not are cancelled.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener, stop: impl Future<Output = ()>, grace: Duration) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Chunks are small and wait for nothing.
        _ = stream.set_nodelay(true);
        let gateway = Arc::clone(&gateway);
        let service = service_fn(move |request| Arc::clone(&gateway).handle(request));
        // A client that closes its side has left: hyper drops its request, and that cancels the run.
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move { _ = connection.await });
    }
    drop(listener);
    let ended = async {
        graceful.shutdown().await;
        // A run's last reports come after its client has the answer, or has left.
        _ = gateway.slots.acquire_many(gateway.options.max_requests.max(1) as u32).await;
    };
    let mut ended = std::pin::pin!(ended);
    if tokio::time::timeout(grace, &mut ended).await.is_err() {
        // Runs in progress are cancelled: each client gets an error, and each final event is stored.
        gateway.is_over.send_replace(true);
        _ = tokio::time::timeout(PARTING, ended).await;
    }
}
