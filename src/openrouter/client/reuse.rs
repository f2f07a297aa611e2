//! Knows of each request whether it opened a connection or took one that was kept. A server may close a kept
//! connection at the same moment as the next request is written to it. That says nothing about the server, so such a
//! request is sent once more, on a new connection; nobody else learns of it.

use super::transport;
use crate::failover::FailureKind;
use reqwest::{Client, Request, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;
use tracing::debug;

tokio::task_local! {
    /// Whether the request of this task has begun to open a connection.
    static CONNECTS: Arc<AtomicBool>;
}

/// Sends a request over `kept`. If the connection was a kept one and closes before the response, sends it again over
/// `fresh`, which keeps none.
pub(super) async fn send(kept: Client, fresh: Option<Client>, request: Request) -> reqwest::Result<Response> {
    let again = fresh.zip(request.try_clone());
    let connects = Arc::new(AtomicBool::new(false));
    let response = CONNECTS.scope(Arc::clone(&connects), kept.execute(request)).await;
    match (response, again) {
        (Err(error), Some((fresh, request)))
            if !connects.load(Ordering::Relaxed) && transport::kind(&error) == FailureKind::Reset =>
        {
            debug!(target: "http", url = %request.url(), "a kept connection was closed: sent again on a new one");
            fresh.execute(request).await
        }
        (response, _) => response,
    }
}

/// Notes for [`send`] that a connection is opened.
#[derive(Clone, Copy)]
pub(super) struct NoteConnects;

/// A connector with that note.
#[derive(Clone)]
pub(super) struct NotedConnector<S>(S);

impl<S> Layer<S> for NoteConnects {
    type Service = NotedConnector<S>;

    fn layer(&self, connector: S) -> Self::Service {
        NotedConnector(connector)
    }
}

impl<S: Service<R>, R> Service<R> for NotedConnector<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        // A connection that is opened for nobody in particular has no note.
        _ = CONNECTS.try_with(|connects| connects.store(true, Ordering::Relaxed));
        self.0.call(target)
    }
}
