//! The gateway beside the playground: its requests are folded here, on the threads that serve them, and the screen gets
//! what has changed.

use super::gateway::{GatewayFlags, ListeningGateway};
use crate::config::Config;
use crate::gateway::{Gateway, GatewayEvent, PARTING, RequestDefaults};
use crate::lock::locked;
use crate::transcript::{Traffic, TrafficWatch};
use crate::tui::{Msg, Receipt};
use crate::worker::Services;
use anyhow::Result;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, watch};

/// The least time between two updates of the screen: at most 30 a second.
const PACE: Duration = Duration::from_millis(33);
/// How long requests in progress may take to end when the person quits. Then they are cancelled.
const GRACE: Duration = Duration::from_secs(1);

/// How to start a gateway beside the screen, and what its requests do.
#[derive(Clone)]
pub(super) struct GatewayBeside {
    flags: GatewayFlags,
    config: Arc<Config>,
    services: Arc<Services>,
    inbox: UnboundedSender<Msg>,
    feed: Arc<TrafficFeed>,
    gateway: Arc<OnceLock<Arc<Gateway>>>,
    stop: Arc<watch::Sender<bool>>,
}

impl GatewayBeside {
    pub(super) fn new(
        flags: GatewayFlags,
        config: &Config,
        services: &Arc<Services>,
        inbox: &UnboundedSender<Msg>,
    ) -> Self {
        Self {
            flags,
            config: Arc::new(config.clone()),
            services: Arc::clone(services),
            inbox: inbox.clone(),
            feed: Arc::default(),
            gateway: Arc::default(),
            stop: Arc::new(watch::channel(false).0),
        }
    }

    /// Listens. Nothing is served yet.
    ///
    /// # Errors
    /// A setting is wrong, or the address is taken.
    pub(super) async fn listen(&self) -> Result<ListeningGateway> {
        let (feed, services) = (Arc::clone(&self.feed), Arc::clone(&self.services));
        let listener = Arc::new(move |event| feed.apply(services.now(), event));
        let mut listening = self.flags.listen(&self.config, Arc::clone(&self.services), listener).await?;
        listening.grace = GRACE;
        Ok(listening)
    }

    /// Serves until the end, and keeps the screen up to date.
    pub(super) async fn serve(self, listening: ListeningGateway) {
        // A gateway starts once.
        _ = self.gateway.set(Arc::clone(&listening.gateway));
        // `stop` waits until this is dropped, at the end of what is in progress.
        let _serving = self.stop.subscribe();
        let mut stopped = self.stop.subscribe();
        let stop = async move { _ = stopped.wait_for(|stop| *stop).await };
        tokio::select! {
            () = listening.serve(stop) => {}
            () = self.publish() => {}
        }
    }

    /// Listens and serves, and says on the screen whether that worked.
    pub(super) async fn start(self) {
        match self.listen().await {
            Ok(listening) => {
                _ = self.inbox.send(Msg::Gateway(Ok(listening.address.to_string())));
                self.serve(listening).await;
            }
            Err(error) => _ = self.inbox.send(Msg::Gateway(Err(format!("{error:#}")))),
        }
    }

    /// Chooses the request that the screen shows in full. False if only the history may have it.
    pub(super) fn watch(&self, watch: TrafficWatch) -> bool {
        let known = self.feed.traffic().watch(self.services.now(), watch);
        self.feed.changed.notify_one();
        known
    }

    /// The chain and the policy of requests that begin from now on.
    pub(super) fn serve_with(&self, defaults: RequestDefaults) {
        if let Some(gateway) = self.gateway.get() {
            gateway.set_defaults(defaults);
        }
    }

    /// Accepts nothing more, and gives requests in progress a moment to end.
    pub(super) async fn stop(&self) {
        self.stop.send_replace(true);
        _ = tokio::time::timeout(GRACE + PARTING, self.stop.closed()).await;
    }

    /// Sends what has changed: at once, but never more often than the pace, and not before the screen has taken what
    /// came before. Without requests nothing wakes up here.
    async fn publish(&self) {
        loop {
            let due = self.feed.traffic().due();
            let due = async {
                match due {
                    Some(due) => tokio::time::sleep(due.saturating_sub(self.services.now())).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = self.feed.changed.notified() => {}
                () = due => {}
            }
            let update = self.feed.traffic().update(self.services.now());
            let Some(update) = update else { continue };
            let (receipt, taken) = Receipt::new();
            if self.inbox.send(Msg::Traffic(Box::new(update), receipt)).is_err() {
                // The screen has gone.
                pending::<()>().await;
            }
            _ = taken.await;
            tokio::time::sleep(PACE).await;
        }
    }
}

/// The rows of the traffic, and the notification that they have changed.
#[derive(Default)]
struct TrafficFeed {
    traffic: Mutex<Traffic>,
    changed: Notify,
}

impl TrafficFeed {
    fn apply(&self, now: Duration, event: GatewayEvent) {
        let mut traffic = self.traffic();
        match event {
            GatewayEvent::Begun { run, request } => {
                traffic.begin(now, run, &request.client, &request.asked, &request.first_choice);
            }
            GatewayEvent::Report(report) => traffic.apply(now, &report),
            GatewayEvent::Served(served) => traffic.end(served.trail.run()),
        }
        let changed = traffic.has_news();
        drop(traffic);
        if changed {
            self.changed.notify_one();
        }
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        locked(&self.traffic)
    }
}
