//! Follows a request's run to its end, whether or not the client stays: what it says goes to the client and to the
//! gateway's listener, and a client that leaves cancels it.

use super::options::GatewayEvent;
use super::server::Gateway;
use super::trail::Trail;
use crate::failover::Cost;
use crate::text::clean_line;
use crate::worker::{Run, RunMessage};
use hyper::header::HeaderValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Sender;

/// A client that takes nothing for this time, although something waits for it, counts as one that has left.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// Follows the run. `slot` is given back with its final event; costs that are looked up later may follow that.
pub(super) async fn attend(
    mut run: Run,
    request: ClientRequest,
    messages: Sender<RunMessage>,
    gateway: Arc<Gateway>,
    slot: OwnedSemaphorePermit,
) {
    let mut client = Some(messages);
    let listener = Arc::clone(&gateway.options.listener);
    let (mut trail, mut slot, mut has_begun, mut is_over) = (Trail::default(), Some(slot), false, false);
    let mut over = std::pin::pin!(gateway.over());
    loop {
        let message = tokio::select! {
            biased;
            () = left(client.as_ref()) => {
                client = None;
                run.canceller().cancel();
                continue;
            }
            () = &mut over, if !is_over => {
                is_over = true;
                run.canceller().cancel();
                continue;
            }
            message = run.next_message() => message,
        };
        let Some(message) = message else { break };
        if let RunMessage::Report(report) = &message {
            if !std::mem::replace(&mut has_begun, true) {
                listener(GatewayEvent::Begun { run: report.run, request: request.clone() });
            }
            trail.apply(report);
            listener(GatewayEvent::Report(Arc::clone(report)));
            if trail.finished().is_some()
                && let Some(slot) = slot.take()
            {
                if let Cost::Known(usd) = trail.cost() {
                    gateway.spend(usd);
                }
                // Whoever waits for a slot sees what this has cost.
                drop(slot);
            }
        }
        if let Some(messages) = &client
            && messages.send_timeout(message, PATIENCE).await.is_err()
        {
            client = None;
            run.canceller().cancel();
        }
    }
    drop(slot);
    let took = trail.finished().map_or(Duration::ZERO, |finished| finished.took);
    listener(GatewayEvent::Served(Box::new(Served { request, trail, took })));
}

/// Waits until the client has left; for ever if it is known to have.
async fn left(client: Option<&Sender<RunMessage>>) {
    match client {
        Some(client) => client.closed().await,
        None => std::future::pending().await,
    }
}
