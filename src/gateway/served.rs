//! Follows a request's run to its end, whether or not the client stays: what it says goes to the gateway's listener, and its
//! place among the requests that are served is given back.

use super::options::GatewayEvent;
use super::server::Gateway;
use super::trail::Trail;
use crate::lock::locked;
use crate::report::Report;
use crate::text::clean_line;
use crate::worker::{Run, RunMessage, Tap};
use hyper::header::HeaderValue;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// The client's name, from its `User-Agent`; empty if it sent none.
    pub client: String,
    /// The model or chain that it asked for, as it wrote it; empty if that is not known.
    pub asked: String,
    /// The first model of the chain that this means; empty if the request was refused.
    pub first_choice: String,
}

impl ClientRequest {
    /// Who asks, and for what. `agent` is the `User-Agent`.
    pub(super) fn new(agent: Option<&HeaderValue>, asked: &str, first_choice: &str) -> Self {
        let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Self {
            client: clean_line(agent.split(' ').next().unwrap_or_default(), 60),
            asked: clean_line(asked, 100),
            first_choice: clean_line(first_choice, 100),
        }
    }
}

/// A request that was served.
#[derive(Clone, Debug)]
pub struct Served {
    /// Who asked, and for what.
    pub request: ClientRequest,
    /// Who was asked, and what came of it.
    pub trail: Trail,
    /// From the request to the end of its run.
    pub took: Duration,
}

/// A request's run, for its response. Dropping it cancels the run.
pub(super) struct ClientRun {
    run: Run,
    /// Whether the time for requests in progress is over.
    over: watch::Receiver<bool>,
    is_over: bool,
}

impl ClientRun {
    pub(super) fn new(run: Run, gateway: &Gateway) -> Self {
        Self { run, over: gateway.is_over(), is_over: false }
    }

    /// The run's next message. When the time for requests in progress is over, the run is cancelled, and says so.
    pub(super) async fn next_message(&mut self) -> Option<RunMessage> {
        loop {
            tokio::select! {
                biased;
                message = self.run.next_message() => return message,
                _ = self.over.wait_for(|is_over| *is_over), if !self.is_over => {
                    self.is_over = true;
                    self.run.canceller().cancel();
                }
            }
        }
    }
}

/// What follows the run of a request. `slot` is given back with its final event; costs that are looked up later may follow
/// that.
pub(super) fn observe(request: ClientRequest, gateway: Arc<Gateway>, slot: OwnedSemaphorePermit) -> Tap {
    let progress = Mutex::new(RunProgress { trail: Trail::default(), slot: Some(slot), has_begun: false });
    let observer = RunObserver { request, gateway, progress };
    Arc::new(move |message| {
        if let RunMessage::Report(report) = message {
            observer.apply(report);
        }
    })
}

/// Follows one run. It is dropped after the run's last report.
struct RunObserver {
    request: ClientRequest,
    gateway: Arc<Gateway>,
    progress: Mutex<RunProgress>,
}

/// How far the run is.
struct RunProgress {
    trail: Trail,
    slot: Option<OwnedSemaphorePermit>,
    has_begun: bool,
}

impl RunObserver {
    fn apply(&self, report: &Arc<Report>) {
        let listener = &self.gateway.options.listener;
        let mut progress = locked(&self.progress);
        if !std::mem::replace(&mut progress.has_begun, true) {
            listener(GatewayEvent::Begun { run: report.run, request: self.request.clone() });
        }
        progress.trail.apply(report);
        listener(GatewayEvent::Report(Arc::clone(report)));
        if progress.trail.finished().is_some()
            && let Some(slot) = progress.slot.take()
        {
            self.gateway.spend(progress.trail.known_cost());
            // Whoever waits for a slot sees what this has cost.
            drop(slot);
        }
    }
}

impl Drop for RunObserver {
    fn drop(&mut self) {
        let trail = std::mem::take(&mut locked(&self.progress).trail);
        let Some(took) = trail.finished().map(|finished| finished.took) else { return };
        let request = self.request.clone();
        (self.gateway.options.listener)(GatewayEvent::Served(Box::new(Served { request, trail, took })));
    }
}
