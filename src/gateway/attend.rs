//! Follows a request's run to its end, whether or not the client stays: what it says goes to the client and to the
//! gateway's listener, and a client that leaves cancels it.

use super::options::GatewayEvent;
use super::server::Gateway;
use super::trail::Trail;
use crate::failover::Cost;
use crate::worker::{Run, RunMessage};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;

/// A request that was served.
#[derive(Clone, Debug)]
pub struct Served {
    /// The client's name, from its `User-Agent`; empty if it sent none.
    pub client: String,
    /// The model that it asked for.
    pub asked: String,
    /// Who was asked, and what came of it.
    pub trail: Trail,
    /// From the request to the end of its run.
    pub took: Duration,
}

/// Follows the run. `slot` is given back at its end.
pub(super) async fn attend(
    mut run: Run,
    mut served: Served,
    messages: UnboundedSender<RunMessage>,
    gateway: Arc<Gateway>,
    slot: OwnedSemaphorePermit,
) {
    let cancel = run.canceller();
    loop {
        let message = tokio::select! {
            biased;
            () = messages.closed(), if !cancel.is_cancelled() => {
                cancel.cancel();
                continue;
            }
            message = run.next_message() => message,
        };
        let Some(message) = message else { break };
        if let RunMessage::Report(report) = &message {
            served.trail.apply(report);
            (gateway.options.listener)(GatewayEvent::Report(Arc::clone(report)));
        }
        // A client that has left gets nothing.
        _ = messages.send(message);
    }
    drop(slot);
    served.took = served.trail.finished().map_or(Duration::ZERO, |finished| finished.took);
    if let Cost::Known(usd) = served.trail.cost() {
        gateway.spend(usd);
    }
    (gateway.options.listener)(GatewayEvent::Served(Box::new(served)));
}
